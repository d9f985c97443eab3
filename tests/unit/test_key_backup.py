"""Keyrings in sealed files apart from the data, and whole homes taken to another place and gone on with."""

import shutil
import subprocess
from datetime import date
from pathlib import Path

import pyrage
import pytest

from fjo_pipeline.core.errors import KeyMissing, Refused
from fjo_pipeline.core.key_backup import back_up, identity_in, recipient_of, restore
from fjo_pipeline.core.keyring import keyring_path, open_keyring
from fjo_pipeline.core.settings import ZONES, Settings
from fjo_pipeline.databank.flow import release
from fjo_pipeline.databank.projects.extract import make_extract
from fjo_pipeline.databank.projects.verifying import verify_extract
from fjo_pipeline.key_rotation import rotate
from tests.command import Fjo
from tests.tiny_home import LATER, REFRESH, TinyHome

TODAY, NEXT = date(2026, 11, 23), "20250111"


def test_a_keyring_comes_back_from_its_backup_by_recipient_or_by_words(home: TinyHome, tmp_path: Path) -> None:
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "identity").write_text(f"# made up\n{identity}\n")
    for name, lock, opener in (
        ("by-recipient.age", recipient_of(str(identity.to_public())), identity_in(tmp_path / "identity")),
        ("by-words.age", b"made-up words", b"made-up words"),
    ):
        path = keyring_path(home.settings, "databank")
        before = path.read_bytes()
        back_up(home.settings, "databank", tmp_path / name, lock)
        sealed = (tmp_path / name).read_bytes()
        assert sealed.startswith(b"age-encryption.org/v1")
        assert b"wrapped" not in sealed
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
        with pytest.raises(Refused, match="put it away before another one is restored"):
            restore(home.settings, "databank", tmp_path / name, opener)
        path.unlink()
        with pytest.raises(KeyMissing, match="does not open with that"):
            restore(home.settings, "databank", tmp_path / name, b"other words")
        assert not path.exists()
        with pytest.raises(KeyMissing, match="belongs to another zone"):
            restore(home.settings.model_copy(update={"home": tmp_path / "new"}), "ttp", tmp_path / name, opener)
        assert restore(home.settings, "databank", tmp_path / name, opener).has("alf_e")
        assert path.read_bytes() == before
        assert path.stat().st_mode & 0o777 == 0o600


def test_keys_are_not_put_among_the_data_nor_over_another_backup(home: TinyHome, tmp_path: Path) -> None:
    settings = home.settings
    for place in (settings.home / "b.age", settings.zone("ttp") / "deep" / "b.age", settings.transfer_folder / "b.age"):
        with pytest.raises(Refused, match="apart from the data that they open"):
            back_up(settings, "ttp", place, b"words")
    (tmp_path / "b.age").write_text("")
    with pytest.raises(Refused, match=r"b\.age is there already"):
        back_up(settings, "ttp", tmp_path / "b.age", b"words")
    with pytest.raises(Refused, match="age1"):
        recipient_of("AGE-SECRET-KEY-1")
    with pytest.raises(Refused, match="no age identity in"):
        identity_in(tmp_path / "b.age")


def test_a_backup_from_before_a_rotation_is_not_restored(home: TinyHome, tmp_path: Path) -> None:
    back_up(home.settings, "databank", tmp_path / "old.age", b"words")
    rotate(home.settings, "databank", "alf_e", lambda _: None)
    back_up(home.settings, "databank", tmp_path / "new.age", b"words")
    path = keyring_path(home.settings, "databank")
    path.unlink()
    with pytest.raises(KeyMissing, match=r"had a key 'alf_e' of version 2 .*restore a later backup"):
        restore(home.settings, "databank", tmp_path / "old.age", b"words")
    assert not path.exists()
    assert restore(home.settings, "databank", tmp_path / "new.age", b"words").version("alf_e") == 2


def test_a_home_is_restored_elsewhere_from_two_backups_and_goes_on(home: TinyHome, tmp_path: Path) -> None:
    settings, backups, elsewhere = home.settings, tmp_path / "backups", tmp_path / "elsewhere"
    first = make_extract(home.databank, "7001", TODAY)
    rotate(settings, "databank", None, lambda _: None)
    rotate(settings, "ttp", "store", lambda _: None)
    release(home.databank)
    backups.mkdir()
    identity = pyrage.x25519.Identity.generate()
    for zone in ZONES:
        back_up(settings, zone, backups / f"{zone}.age", identity.to_public())
    # As docs/operations.md says: each zone's folder under its lock, without its keyring; then the transfers.
    for zone in ZONES:
        command: list[str | Path] = [
            "flock",
            settings.zone(zone) / "store.lock",
            "tar",
            "--exclude=keyring.json",
            "-C",
            settings.home,
        ]
        subprocess.run([*command, "-cf", backups / f"{zone}.tar", zone], check=True)
    subprocess.run(["tar", "-C", settings.home, "-cf", backups / "transfers.tar", "transfers"], check=True)
    shutil.rmtree(settings.home)
    elsewhere.mkdir()
    for archive in sorted(backups.glob("*.tar")):
        assert b"wrapped" not in archive.read_bytes()
        subprocess.run(["tar", "-C", elsewhere, "-xpf", archive], check=True)
    there = TinyHome(settings.model_copy(update={"home": elsewhere}))
    with pytest.raises(KeyMissing, match="keyring of zone databank is not there; restore it"):
        there.at_databank()
    for zone in ZONES:
        restore(there.settings, zone, backups / f"{zone}.age", identity)
    assert [there.at_databank(refresh).changed for refresh in (REFRESH, LATER)] == [False, False]
    assert verify_extract(there.databank, "7001", 1).sound
    assert there.carry(refresh=NEXT).changed
    release(there.databank)
    again = make_extract(there.databank, "7001", TODAY)
    assert {name: again.tables[name] for name in first.tables} == first.tables
    assert there.databank.audit.verify() == []


def test_the_commands_say_what_they_did_and_no_secret(home: TinyHome, fjo: Fjo, tmp_path: Path) -> None:
    settings = home.settings
    (tmp_path / "words").write_text("made-up words\n")
    secrets = {name: open_keyring(settings, "ttp").key(name) for name in ("alf", "store", "signing", "age")}
    said = [
        fjo(settings, "keys", "rotate", "--zone", "ttp"),
        fjo(settings, "keys", "rotate", "--zone", "ttp", "--key", "store", "--json"),
        fjo(settings, "keys", "backup", str(tmp_path / "k.age"), "--zone", "ttp", "--passphrase-file",
            str(tmp_path / "words")),
        fjo(settings, "keys", "show"),
    ]  # fmt: skip
    assert [each.code for each in said] == [0, 0, 0, 0]
    assert "ttp       store                    version 2" in said[0].out
    assert "taken by the zones of this home: provider, databank" in said[0].out
    assert "back the keyring up, earlier backups lack these keys" in said[0].out
    assert '"versions": {' in said[1].out
    assert "after 2 rotations" in said[2].out
    keyring_path(settings, "ttp").unlink()
    back = fjo(
        settings,
        "keys",
        "restore",
        str(tmp_path / "k.age"),
        "--zone",
        "ttp",
        "--passphrase-file",
        str(tmp_path / "words"),
    )
    assert (back.code, "the keyring of zone ttp is back" in back.out) == (0, True)
    refused = fjo(settings, "keys", "rotate", "--zone", "ttp", "--key", "alf")
    assert (refused.code, "the key 'alf' does not rotate in place" in refused.err) == (1, True)
    assert fjo(settings, "keys", "rotate", "--zone", "nowhere").code == 2
    assert fjo(settings, "keys", "backup", str(tmp_path / "n.age"), "--zone", "ttp").code == 2
    everything = "".join(each.out + each.err for each in (*said, back, refused))
    secrets |= {f"{name} now": open_keyring(settings, "ttp").key(name) for name in secrets}
    for secret in secrets.values():
        assert secret.hex() not in everything
        assert secret.decode("latin-1") not in everything


def test_settings_of_a_home_are_not_a_backups_place(settings: Settings) -> None:
    assert not settings.home.exists()
    with pytest.raises(KeyMissing, match="keyring of zone ttp is not there"):
        back_up(settings, "ttp", settings.home.parent / "k.age", b"words")
