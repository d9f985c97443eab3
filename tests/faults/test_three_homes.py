"""Three organisations: three homes and three Dagster instances that share nothing but the folder of transfers."""

import json
import os
import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest

from fjo_pipeline.core.settings import ZONES
from tests.faults.dagster_processes import (
    DATASET,
    REFRESHES,
    Home,
    Imagined,
    dagster_running,
    load_references,
    wait_until,
)

pytestmark = pytest.mark.slow

Homes = dict[str, Home]
PATIENCE = 900.0


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory, world: Imagined) -> Homes:
    """A home a zone, made with its own command; each keeper pins the two cards that the others sent."""
    base = tmp_path_factory.mktemp("organisations")
    made: Homes = {zone: Home(base / f"home_of_{zone}", base / "transfers") for zone in ZONES}
    for zone, home in made.items():
        home.fjo("init", "--zone", zone)
        shutil.copy(home.path / zone / "card.json", base / f"{zone}.json")
    for zone, home in made.items():
        for other in set(made) - {zone}:
            home.fjo("keys", "trust", base / f"{other}.json", "--zone", zone)
    load_references(made["ttp"], world)
    return made


@pytest.fixture(scope="module")
def provided_in_turn(homes: Homes, world: Imagined) -> Homes:
    """The homes after one deposit went through, each zone refreshing in its turn."""
    homes["provider"].land(world.deposit(REFRESHES[0]))
    for zone in (*ZONES, "provider"):
        homes[zone].fjo("refresh", "--zone", zone)
    return homes


def test_zones_that_refresh_in_turn_end_with_the_projects_extract(provided_in_turn: Homes) -> None:
    provided = provided_in_turn["databank"].provided()
    assert provided["refreshes"] == {DATASET: [REFRESHES[0]]}
    assert provided["tables"][f"SAIL1661V.CAFE_ECMS_PEOPLE_{REFRESHES[0]}"]["rows"] > 100


def test_the_receipt_reaches_the_provider(provided_in_turn: Homes) -> None:
    done = provided_in_turn["provider"].fjo("refresh", "--zone", "provider")
    assert "nothing is due" in done.stdout


def test_no_home_holds_another_zones_keys_or_stores(provided_in_turn: Homes) -> None:
    for zone, home in provided_in_turn.items():
        assert {each.name for each in home.path.iterdir()} == {zone, "dagster"}
        assert [path.parent.name for path in home.path.rglob("keyring.json")] == [zone]
        has_register, has_lake = (bool(list(home.path.rglob(each))) for each in ("ttp.duckdb", "lake"))
        assert (has_register, has_lake) == (zone == "ttp", zone == "databank")


def test_every_zones_keyring_has_its_own_secrets(provided_in_turn: Homes) -> None:
    shown = {zone: json.loads(home.fjo("keys", "show", "--json").stdout) for zone, home in provided_in_turn.items()}
    assert {zone: list(keys) for zone, keys in shown.items()} == {zone: [zone] for zone in ZONES}
    fingerprints = [
        fingerprint
        for zone, keys in shown.items()
        for versions in keys[zone].values()
        for fingerprint in versions.values()
    ]
    assert len(fingerprints) == len(set(fingerprints)) > 6


def test_what_lies_between_the_zones_shows_nobody(provided_in_turn: Homes, world: Imagined) -> None:
    lines = (world.deposit(REFRESHES[0]) / "PEOPLE.csv").read_text().splitlines()[1:]
    surnames = {line.split(",")[2].strip('"').encode() for line in lines}
    shared = provided_in_turn["ttp"].transfers
    assert shared is not None
    files = [path for path in shared.rglob("*") if path.is_file()]
    assert len(files) > 5
    sealed = b"".join(path.read_bytes() for path in files)
    assert not [surname for surname in surnames if len(surname) > 5 and surname in sealed]


def test_three_instances_carry_a_deposit_through_by_themselves(provided_in_turn: Homes, world: Imagined) -> None:
    databank = provided_in_turn["databank"]
    with ExitStack() as running:
        instances = {
            zone: running.enter_context(dagster_running(home, (zone,))) for zone, home in provided_in_turn.items()
        }
        provided_in_turn["provider"].land(world.deposit(REFRESHES[1]))
        wait_until(
            lambda: databank.provided()["refreshes"] == {DATASET: list(REFRESHES[:2])},
            PATIENCE,
            "the project has both refreshes",
        )
        for zone, dagster in instances.items():
            wait_until(dagster.is_idle, PATIENCE, f"no run of {zone} is under way")
            assert [run["assets"] for run in dagster.runs() if run["status"] != "SUCCESS"] == []


def test_a_home_that_is_not_there_is_not_made_by_looking(tmp_path: Path) -> None:
    home = Home(tmp_path / "nowhere", settings={"PATH": os.environ["PATH"]})
    refused = home.fjo("refresh", succeeds=False)
    assert "make one with `fjo init`" in refused.stderr
    assert not home.path.exists()
