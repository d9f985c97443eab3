"""With the daemon running, a deposit dropped into landing flows to the project by itself; a bad one holds up nothing.

Backfills of the same deposits, in any order and twice, then end in the same tables. One running instance serves both.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fjo_pipeline.core.settings import ZONES
from tests.faults.dagster_processes import (
    DATASET,
    REFRESHES,
    Dagster,
    Home,
    Imagined,
    dagster_running,
    wait_until,
    with_a_wrong_date,
)

pytestmark = pytest.mark.slow

GOOD, BAD = REFRESHES[0], REFRESHES[1]
PATIENCE = 900.0
"""Seconds for what takes two minutes on two idle cores."""

LAUNCH_BACKFILL = """
mutation($what: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $what) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}
"""


@pytest.fixture(scope="module")
def home(prepared: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A copy of the prepared home, for this module."""
    return prepared.copy(tmp_path_factory.mktemp("daemon") / "home")


@pytest.fixture(scope="module")
def dagster(home: Home) -> Iterator[Dagster]:
    """The three code locations with webserver and daemon."""
    with dagster_running(home) as running:
        yield running


@pytest.fixture(scope="module")
def first(dagster: Dagster, home: Home, world: Imagined, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the project was provided with after a good deposit and a bad one were dropped into landing."""
    home.land(with_a_wrong_date(world.deposit(BAD), tmp_path_factory.mktemp("bad") / "deposit"))
    home.land(world.deposit(GOOD))
    wait_until(home.extract.exists, PATIENCE, "project 1661 has an extract")
    wait_until(dagster.is_idle, PATIENCE, "no run is under way")
    return home.provided()


def test_every_sensor_runs_from_the_start(dagster: Dagster) -> None:
    sensors = dagster.sensors()
    assert {f"{zone}_automation" for zone in ZONES} <= set(sensors)
    assert set(sensors.values()) == {"RUNNING"}


def test_a_deposit_in_landing_becomes_the_projects_tables_by_itself(first: dict[str, Any]) -> None:
    assert first["refreshes"] == {DATASET: [GOOD]}
    rows = {name: table["rows"] for name, table in first["tables"].items()}
    assert rows[f"SAIL1661V.CAFE_ECMS_PEOPLE_{GOOD}"] > 100
    assert rows[f"SAIL1661V.CAFE_ECMS_ALF_{GOOD}"] > 100


def test_the_views_were_built_and_released(dagster: Dagster, home: Home, first: dict[str, Any]) -> None:
    answer = home.fjo("sql", 'select count(*) as cases from marts."case"', "--json").stdout
    assert json.loads(answer)[0]["cases"] > 10


def test_a_bad_deposit_lies_in_quarantine_with_its_report(home: Home, first: dict[str, Any]) -> None:
    (refused,) = (home.path / "provider" / "quarantine" / DATASET).iterdir()
    report = (refused / "report.txt").read_text()
    assert "CASES.csv, line 2, column DATERECEIVED: the value is no calendar date" in report
    assert (refused / "PEOPLE.csv").is_file()
    assert not (home.path / "provider" / "landing" / DATASET / BAD).exists()


def test_only_the_bad_deposits_run_failed_and_nothing_waits_for_it(dagster: Dagster, first: dict[str, Any]) -> None:
    failed = [run for run in dagster.runs() if run["status"] != "SUCCESS"]
    assert [(run["tags"]["dagster/partition"], run["assets"]) for run in failed] == [
        (BAD, [f"provider/{DATASET}/deposit"])
    ]
    assert dagster.partitions(["provider", DATASET, "deposit"]) == [GOOD]


def test_the_receipt_came_back_to_the_provider(dagster: Dagster, first: dict[str, Any]) -> None:
    assert [f"provider/{DATASET}/receipt"] in [run["assets"] for run in dagster.runs()]


def test_nothing_that_runs_told_names_a_person(
    home: Home, world: Imagined, first: dict[str, Any], tmp_path: Path
) -> None:
    lines = (world.deposit(BAD) / "PEOPLE.csv").read_text().splitlines()
    names = {line.split(",")[1].strip('"') for line in lines[1:]}
    long_names = {name.encode() for name in names if len(name) > 7}
    told = b"".join(path.read_bytes() for path in (home.path / "dagster").rglob("*") if path.is_file())
    assert len(long_names) > 5
    assert not [name for name in long_names if name in told]


def test_backfills_in_any_order_and_twice_end_in_the_same_tables(
    dagster: Dagster, home: Home, world: Imagined, first: dict[str, Any], undisturbed: dict[str, Any]
) -> None:
    for refresh in reversed(REFRESHES[1:]):
        home.land(world.deposit(refresh))
    wait_until(lambda: _provided(home) == set(REFRESHES), PATIENCE, "all three refreshes are provided")
    wait_until(dagster.is_idle, PATIENCE, "no run is under way")
    assert home.provided() == undisturbed
    for order in (tuple(reversed(REFRESHES)), (REFRESHES[1], REFRESHES[0], REFRESHES[2])):
        _backfill(dagster, order)
    wait_until(dagster.is_idle, PATIENCE, "no run is under way")
    assert home.provided() == undisturbed


def _provided(home: Home) -> set[str]:
    return set(home.provided()["refreshes"][DATASET])


def _backfill(dagster: Dagster, refreshes: tuple[str, ...]) -> None:
    """Backfill a dataset from deposit to curated tables over all three code locations, as the UI's button does."""
    assets = [
        *(["provider", DATASET, each] for each in ("deposit", "file_1", "file_2", "transfers")),
        *(["ttp", DATASET, each] for each in ("file_1", "linkage", "linkage_report", "file_3", "transfers")),
        *(["databank", DATASET, each] for each in ("received", "curated", "linkage_quality")),
    ]
    launched = dagster.graphql(
        LAUNCH_BACKFILL,
        what={"assetSelection": [{"path": path} for path in assets], "partitionNames": list(refreshes)},
    )["launchPartitionBackfill"]
    assert launched["__typename"] == "LaunchBackfillSuccess", launched
    query = "query($id: String!) {partitionBackfillOrError(backfillId: $id) {... on PartitionBackfill {status}}}"

    def status() -> str:
        return str(dagster.graphql(query, id=launched["backfillId"])["partitionBackfillOrError"]["status"])

    wait_until(lambda: status() not in ("REQUESTED", "COMPLETING", "FAILING"), PATIENCE, "the backfill ends")
    assert status() == "COMPLETED_SUCCESS"
