"""Where keyrings and passphrases come from: the home, a folder elsewhere, systemd's credentials, and one place only."""

import os
from pathlib import Path

import pytest

from fjo_pipeline.core.errors import KeyMissing, Refused
from fjo_pipeline.core.keyring import Keyring, keyring_path, open_keyring, passphrase
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.doctor import examine
from fjo_pipeline.home import make_zones

WORDS = "three made-up words"


def test_keyrings_lie_outside_the_home_where_the_settings_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FJO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FJO_KEYRINGS", str(tmp_path / "keys"))
    settings = Settings()
    made = make_zones(settings)
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == ["databank.json", "provider.json", "ttp.json"]
    assert not list((tmp_path / "home").rglob("keyring*"))
    assert (tmp_path / "keys" / "ttp.json").stat().st_mode & 0o777 == 0o600
    again = make_zones(settings)
    assert again["ttp"].key("alf") == made["ttp"].key("alf")
    assert not [each for each in examine(settings) if "keyring" in each]


def test_a_service_gets_keyring_and_passphrase_from_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = tmp_path / "credentials"
    made = Keyring.create("ttp", credentials / "fjo-keyring-ttp", WORDS.encode())
    (credentials / "fjo-passphrase").write_text(WORDS + "\n")
    monkeypatch.setenv("FJO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    settings = Settings()
    assert open_keyring(settings, "ttp").key("alf") == made.key("alf")
    # Another zone has no credential: its keyring is where it was.
    assert keyring_path(settings, "provider") == tmp_path / "home" / "provider" / "keyring.json"


def test_a_credential_is_not_written_to(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    Keyring.create("ttp", credentials / "fjo-keyring-ttp")
    settings = Settings(home=tmp_path / "home", credentials_directory=credentials)
    before = (credentials / "fjo-keyring-ttp").read_bytes()
    with pytest.raises(Refused, match="the keyring of zone ttp cannot be changed where it lies"):
        open_keyring(settings, "ttp").add("more")
    assert (credentials / "fjo-keyring-ttp").read_bytes() == before


def test_two_keyrings_of_a_zone_are_refused_for_either_may_be_the_wrong_one(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", keyrings=tmp_path / "keys")
    Keyring.create("ttp", tmp_path / "keys" / "ttp.json")
    Keyring.create("ttp", tmp_path / "home" / "ttp" / "keyring.json")
    with pytest.raises(Refused, match=r"more than one keyring: .*ttp\.json and .*keyring\.json; keep the one"):
        open_keyring(settings, "ttp")


def test_the_settings_file_comes_before_the_credential(tmp_path: Path) -> None:
    (tmp_path / "fjo-passphrase").write_text("credential")
    (tmp_path / "words").write_text(" settings \n")
    named = Settings(passphrase_file=tmp_path / "words", credentials_directory=tmp_path)
    assert passphrase(named) == b"settings"
    assert passphrase(Settings(credentials_directory=tmp_path)) == b"credential"
    assert passphrase(Settings(credentials_directory=tmp_path / "none")) is None


def test_a_passphrase_file_that_gives_none_is_an_error_and_never_no_passphrase(tmp_path: Path) -> None:
    words = tmp_path / "words"
    settings = Settings(passphrase_file=words)
    with pytest.raises(KeyMissing, match="names a file that is not there"):
        passphrase(settings)
    for nothing in (b"", b" \n"):
        words.write_bytes(nothing)
        with pytest.raises(KeyMissing, match="names a file that is empty"):
            passphrase(settings)
    (tmp_path / "fjo-passphrase").write_bytes(b"\n")
    with pytest.raises(KeyMissing, match="the credential fjo-passphrase names a file that is empty"):
        passphrase(Settings(credentials_directory=tmp_path))


def test_no_variables_value_opens_a_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path / "home")
    Keyring.create("ttp", keyring_path(settings, "ttp"), WORDS.encode())
    for name in ("FJO_PASSPHRASE", "FJO_KEY", "FJO_KEYRING_PASSPHRASE"):
        monkeypatch.setenv(name, WORDS)
    with pytest.raises(KeyMissing, match="FJO_PASSPHRASE_FILE"):
        open_keyring(Settings(home=tmp_path / "home"), "ttp")


def test_doctor_says_that_a_passphrase_is_not_in_use_or_can_be_read(tmp_path: Path) -> None:
    make_zones(Settings(home=tmp_path / "home"))
    words = tmp_path / "words"
    words.write_text(WORDS)
    words.chmod(0o644)
    problems = "\n".join(examine(Settings(home=tmp_path / "home", passphrase_file=words)))
    assert f"{words} can be read by others" in problems
    assert "not under it: `fjo keys rotate --zone ttp --key kek` puts it there" in problems


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_passphrase_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    words = tmp_path / "words"
    words.write_text(WORDS)
    words.chmod(0)
    with pytest.raises(KeyMissing, match="this account cannot read"):
        passphrase(Settings(passphrase_file=words))
