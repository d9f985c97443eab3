"""Extracts in Dagster: for the projects that ask for them, with counts that may be shown; refused ones are skipped."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from fjo_pipeline.databank.extract_assets import (
    KEY,
    PROJECTS,
    extract_asset,
    extract_metadata,
    extract_requests,
    extracts_schedule,
    extracts_sensor,
)
from fjo_pipeline.databank.projects.extract import make_extract
from fjo_pipeline.databank.projects.lifecycle import destroy_project, last_step
from fjo_pipeline.databank.projects.records import Extract
from tests.tiny_home import TinyHome


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance that no test shares."""
    folder = tmp_path / "dagster"
    folder.mkdir()
    with dg.DagsterInstance.local_temp(str(folder)) as instance:
        yield instance


def ask(home: TinyHome, number: str, *, ended: bool = False) -> None:
    """Have a project ask for an extract with each release, its approval ended or not."""
    path = home.settings.projects / f"{number}.yaml"
    text = path.read_text() + "refresh: each_release\n"
    path.write_text(text.replace("valid_until: 2099", "valid_until: 2025") if ended else text)


def wanted(home: TinyHome, instance: dg.DagsterInstance) -> list[str | None]:
    return [each.partition_key for each in requests(home, instance) if isinstance(each, dg.RunRequest)]


def requests(home: TinyHome, instance: dg.DagsterInstance) -> list[dg.RunRequest | dg.SkipReason]:
    return list(extract_requests(home.databank, instance))


def materialised(home: TinyHome, instance: dg.DagsterInstance, number: str) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [extract_asset()], partition_key=number, instance=instance, resources={"databank": home.databank}
    )


def test_only_projects_that_ask_are_refreshed_and_only_when_there_is_something_new(
    home: TinyHome, instance: dg.DagsterInstance
) -> None:
    (skipped,) = requests(home, instance)
    assert isinstance(skipped, dg.SkipReason)
    assert skipped.skip_message == "no project that asks for it is due for an extract"
    assert sorted(instance.get_dynamic_partitions(PROJECTS)) == ["7001", "7002"]
    ask(home, "7002")
    assert wanted(home, instance) == ["7002"]
    result = materialised(home, instance, "7002")
    (event,) = result.asset_materializations_for_node("databank__projects__extract")
    assert event.partition == "7002"
    assert event.metadata["extract"].value == 1
    assert len(str(event.metadata["digest"].value)) == 64
    assert event.metadata["dagster/row_count"].value == 28
    assert wanted(home, instance) == []


def test_sensor_and_nightly_schedule_ask_for_the_same(home: TinyHome, instance: dg.DagsterInstance) -> None:
    ask(home, "7001")
    resources = {"databank": home.databank}
    sensor, schedule = extracts_sensor(extract_asset()), extracts_schedule(extract_asset())
    by_sensor: Any = sensor(dg.build_sensor_context(instance=instance, resources=resources))
    by_schedule: Any = schedule(dg.build_schedule_context(instance=instance, resources=resources))
    assert [each.partition_key for each in by_sensor] == [each.partition_key for each in by_schedule] == ["7001"]


def test_one_that_is_refused_is_skipped_with_the_reason_and_fails_nothing(
    home: TinyHome, instance: dg.DagsterInstance
) -> None:
    ask(home, "7001", ended=True)
    (skipped,) = requests(home, instance)
    assert isinstance(skipped, dg.SkipReason)
    assert "project 7001 gets nothing new: project 7001: the approval P-7001" in str(skipped.skip_message)
    last = last_step(home.databank, "7001")
    assert last is not None
    assert last.step == "expired"
    result = materialised(home, instance, "7001")
    assert result.success
    assert result.asset_materializations_for_node("databank__projects__extract") == []
    (observed,) = instance.fetch_observations(KEY, limit=5).records
    assert observed.asset_observation is not None
    assert "not today" in str(observed.asset_observation.metadata["skipped"].value)


def test_a_destroyed_project_is_not_made_and_others_are(home: TinyHome, instance: dg.DagsterInstance) -> None:
    for number in ("7001", "7002"):
        ask(home, number)
    destroy_project(home.databank, "7001", None, "over")
    assert wanted(home, instance) == ["7002"]
    assert materialised(home, instance, "7001").success


def test_counts_under_the_threshold_are_not_told_and_do_not_follow_from_others(home: TinyHome) -> None:
    tables = {
        "S.A": {"rows": 100, "digest": "1"},
        "S.B": {"rows": 3, "digest": "1"},
        "S.C": {"rows": 50, "digest": "1"},
    }
    told = extract_metadata(Extract("7001", 1, True, {}, tables))
    assert told["dagster/row_count"] == 153
    hidden = "not shown, or under 10"
    assert told["rows_by_table"] == {"S.A": 100, "S.B": hidden, "S.C": hidden}
    assert "dagster/row_count" not in extract_metadata(Extract("7001", 1, True, {}, {"S.B": tables["S.B"]}))
    made = make_extract(home.databank, "7001", date.today())
    assert set(extract_metadata(made)["rows_by_table"].values()) <= {hidden, 0}
