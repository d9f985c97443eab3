"""Making a home: safe to repeat, nothing made up for what was lost, and three homes that trust by card."""

import json
import shutil
import stat
from pathlib import Path

import pytest

from fjo_pipeline.core.errors import FjoError, KeyMissing, Refused
from fjo_pipeline.core.keyring import keyring_path, open_keyring
from fjo_pipeline.core.ledger import open_ledger
from fjo_pipeline.core.settings import ZONES, Settings, Zone
from fjo_pipeline.databank.dbt import ensure_manifest, manifest_is_current, manifest_path
from fjo_pipeline.home import dagster_home, init_home, trust_card, zones_here


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with all three zones, made once, for dbt parses the models in it."""
    settings = Settings(home=tmp_path_factory.mktemp("made") / "home")
    init_home(settings)
    return settings


@pytest.fixture
def home(made: Settings, tmp_path: Path) -> Settings:
    """A copy of it, to change."""
    shutil.copytree(made.home, tmp_path / "home")
    return made.model_copy(update={"home": tmp_path / "home"})


def contents(settings: Settings) -> dict[str, bytes]:
    names = ("keyring.json", "card.json", "models.sha256", "dagster.yaml")
    return {str(path): path.read_bytes() for path in sorted(settings.home.rglob("*")) if path.name in names}


def test_a_home_is_its_users_alone(made: Settings) -> None:
    assert stat.S_IMODE(made.home.stat().st_mode) == 0o700
    for zone in ZONES:
        assert stat.S_IMODE(made.zone(zone).stat().st_mode) == 0o700
        assert stat.S_IMODE(keyring_path(made, zone).stat().st_mode) == 0o600
    assert "enabled: false" in (dagster_home(made) / "dagster.yaml").read_text()
    assert manifest_path(made).is_file()


def test_made_again_it_is_the_same(home: Settings) -> None:
    before = contents(home)
    assert len(before) == 8
    fingerprints = init_home(home)
    assert contents(home) == before
    assert fingerprints == {zone: open_keyring(home, zone).card.fingerprint for zone in ZONES}


def test_projects_get_their_keys_once(home: Settings) -> None:
    keyring = open_keyring(home, "databank")
    before = keyring.fingerprint("project/1661/ids")
    init_home(home)
    assert open_keyring(home, "databank").fingerprint("project/1661/ids") == before


@pytest.mark.parametrize("zone", ZONES)
def test_a_lost_keyring_is_not_made_up(zone: Zone, home: Settings) -> None:
    keyring_path(home, zone).unlink()
    with pytest.raises(KeyMissing, match=f"the keyring of zone {zone} is gone but its store is there; restore"):
        init_home(home)
    assert not keyring_path(home, zone).exists()


def test_lost_project_keys_are_not_made_up(home: Settings) -> None:
    path = keyring_path(home, "databank")
    document = json.loads(path.read_text())
    del document["keys"]["project/1661/ids"]
    path.write_text(json.dumps(document))
    with pytest.raises(KeyMissing, match="project 1661 had keys that the keyring no longer holds"):
        init_home(home)


def without_key(settings: Settings, name: str) -> None:
    path = keyring_path(settings, "ttp")
    document = json.loads(path.read_text())
    del document["keys"][name]
    path.write_text(json.dumps(document))


@pytest.mark.parametrize("name", ["ralf", "alf2"])
def test_a_home_of_an_earlier_version_gets_the_later_keys_once(name: str, home: Settings) -> None:
    without_key(home, name)
    open_ledger(home, "ttp").forget("keys", "ttp", name, "accepted")
    with pytest.raises(KeyMissing, match=f"holds no key '{name}'.*run `fjo init`"):
        open_keyring(home, "ttp").fingerprint(name)
    before = open_keyring(home, "ttp").fingerprint("alf")
    init_home(home, ("ttp",))
    made = open_keyring(home, "ttp").fingerprint(name)
    init_home(home, ("ttp",))
    assert open_keyring(home, "ttp").fingerprint(name) == made
    assert open_keyring(home, "ttp").fingerprint("alf") == before


@pytest.mark.parametrize("name", ["ralf", "alf2"])
def test_a_later_key_that_was_lost_is_not_made_up(name: str, home: Settings) -> None:
    without_key(home, name)
    with pytest.raises(KeyMissing, match=f"zone ttp had a key '{name}' that its keyring no longer holds; restore"):
        init_home(home, ("ttp",))


def test_an_earlier_key_that_was_lost_is_not_made_up(home: Settings) -> None:
    without_key(home, "alf")
    init_home(home, ("ttp",))
    assert not open_keyring(home, "ttp").has("alf")


def test_models_that_changed_are_parsed_anew(home: Settings) -> None:
    (manifest_path(home).parent / "models.sha256").write_text("older")
    assert not manifest_is_current(home)
    manifest_path(home).unlink()
    assert not manifest_is_current(home)


def test_models_that_do_not_parse_are_told(home: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from fjo_pipeline.databank import dbt
    from fjo_pipeline.databank.store import DatabankStore

    broken = tmp_path / "models"
    broken.mkdir()
    monkeypatch.setattr(dbt, "MODELS", broken)
    (manifest_path(home).parent / "models.sha256").write_text("older")
    with pytest.raises(Refused, match="dbt cannot parse the models"):
        ensure_manifest(DatabankStore(home), home)
    assert (manifest_path(home).parent / "models.sha256").read_text() == "older"


def test_zones_in_homes_of_their_own_trust_by_card(tmp_path: Path) -> None:
    zones: tuple[Zone, ...] = ("provider", "ttp")
    homes = {zone: Settings(home=tmp_path / zone, transfers=tmp_path / "transfers") for zone in zones}
    fingerprints = {zone: init_home(settings, (zone,))[zone] for zone, settings in homes.items()}
    assert zones_here(homes["ttp"]) == ("ttp",)
    assert not (homes["ttp"].home / "provider").exists()
    with pytest.raises(KeyMissing, match="fjo keys trust --zone ttp CARD"):
        open_keyring(homes["ttp"], "ttp").peer("provider")
    card = homes["provider"].zone("provider") / "card.json"
    assert trust_card(homes["ttp"], "ttp", card) == fingerprints["provider"]
    assert trust_card(homes["ttp"], "ttp", card) == fingerprints["provider"]
    assert open_keyring(homes["ttp"], "ttp").peer("provider").fingerprint == fingerprints["provider"]


def test_another_card_of_a_pinned_zone_is_refused(home: Settings, tmp_path: Path) -> None:
    other = Settings(home=tmp_path / "other")
    init_home(other, ("provider",))
    with pytest.raises(Refused, match="has pinned other public keys of provider"):
        trust_card(home, "ttp", other.zone("provider") / "card.json")


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"zone": "provider"}', '{"zone": "x", "age_recipient": "", "verify_key": ""}']
)
def test_what_is_no_card_is_refused(content: str, home: Settings, tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text(content)
    with pytest.raises(Refused, match="is no zone's card"):
        trust_card(home, "ttp", tmp_path / "card.json")
    with pytest.raises(Refused, match="is no zone's card"):
        trust_card(home, "ttp", tmp_path / "nowhere.json")


def test_where_there_is_no_home_the_command_that_makes_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(FjoError, match="make one with `fjo init`, or set FJO_HOME"):
        zones_here(Settings(home=tmp_path / "none"))


def test_a_passphrase_protects_all_keyrings(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a long one\n")
    settings = Settings(home=tmp_path / "home", passphrase_file=secret)
    init_home(settings, ("ttp",))
    with pytest.raises(KeyMissing, match="is under a passphrase"):
        open_keyring(Settings(home=tmp_path / "home"), "ttp")
    assert open_keyring(settings, "ttp").has("alf")
