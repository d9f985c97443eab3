"""Every key of every zone, lost: the error names what can no longer be done and what still can, and both are so."""

import json
from pathlib import Path

import pytest

from fjo_pipeline.core.errors import KeyMissing
from fjo_pipeline.core.key_purposes import loss_of
from fjo_pipeline.core.keyring import CARD_KEYS, ZONE_KEYS, keyring_path, open_keyring
from fjo_pipeline.core.settings import REPOSITORY, ZONES, Zone
from fjo_pipeline.doctor import examine
from tests.lost_keys import LOST, lose, prepared, said_and_so
from tests.tiny_home import TinyHome, copied


def test_every_key_of_every_zone_is_looked_at() -> None:
    keys = {(zone, name) for zone in ZONES for name in (*ZONE_KEYS[zone], *CARD_KEYS)}
    assert {(zone, name) for zone, name in LOST if "/" not in name} == keys
    assert loss_of("provider", "alf_e") == loss_of("ttp", "project/7001/ids") == ""


@pytest.fixture(scope="module")
def whole(carried: TinyHome, tmp_path_factory: pytest.TempPathFactory) -> TinyHome:
    """A home in which every zone has something to do; not to be changed."""
    return prepared(copied(carried, tmp_path_factory.mktemp("lost") / "base"))


@pytest.fixture
def lacking(whole: TinyHome, tmp_path: Path) -> TinyHome:
    """The same, the test's own."""
    return copied(whole, tmp_path / "base")


@pytest.mark.parametrize(("zone", "name"), LOST)
def test_a_lost_key_says_what_is_lost_and_what_is_left_and_it_is_so(zone: Zone, name: str, lacking: TinyHome) -> None:
    lose(lacking, zone, name)
    said = loss_of(zone, name)
    assert said.startswith("without it ")
    assert "; " in said
    assert said_and_so(lacking, zone, name) == []
    assert not open_keyring(lacking.settings, zone).has(name)
    if "/" not in name:
        assert any(f"zone {zone} holds no key '{name}'" in each and said in each for each in examine(lacking.settings))


@pytest.mark.parametrize("name", ["split", "age"])
def test_a_key_that_is_damaged_says_the_same(name: str, lacking: TinyHome) -> None:
    path = keyring_path(lacking.settings, "provider")
    document = json.loads(path.read_text())
    document["keys"][name]["versions"]["1"]["wrapped"] = document["keys"]["signing"]["versions"]["1"]["wrapped"]
    path.write_text(json.dumps(document))
    expected = f"the key '{name}' cannot be unwrapped: {loss_of('provider', name)}; restore the keyring from its backup"
    with pytest.raises(KeyMissing, match=expected):
        open_keyring(lacking.settings, "provider").key(name)
    assert any(expected in each for each in examine(lacking.settings))


def test_the_documentation_says_the_same_of_each_key() -> None:
    rows = (REPOSITORY / "docs" / "operations.md").read_text()
    for zone, name in LOST:
        lost, left = loss_of(zone, name).removeprefix("without it ").replace("7001", "NNNN").split("; ")
        assert f"| {zone} | `{name.replace('7001', 'NNNN')}` | {lost} | {left} |" in rows
