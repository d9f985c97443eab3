"""What Dagster's daemon would start by itself, asked of its own evaluation without a daemon."""

from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import pytest

from fjo_pipeline.core.orchestration import register_partition
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.databank import definitions as databank
from fjo_pipeline.databank.dbt import ensure_manifest
from fjo_pipeline.databank.store import DatabankStore
from fjo_pipeline.ttp import definitions as ttp

DATASET, REFRESH = "cafcass_england_ecms", "20240111"
REGISTER = "population_register"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home that holds nothing but dbt's manifest."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    ensure_manifest(DatabankStore(settings), settings)
    return settings


@pytest.fixture
def instance(tmp_path: Path) -> dg.DagsterInstance:
    """An instance that no test shares, with one refresh registered."""
    instance = dg.DagsterInstance.local_temp(str(tmp_path))
    register_partition(instance, DATASET, REFRESH)
    return instance


def look(
    definitions: dg.Definitions, instance: dg.DagsterInstance, cursor: Any = None
) -> dg.EvaluateAutomationConditionsResult:
    """One look of the sensor; the partitions are read once, as the daemon reads them, and not for each condition."""
    with patch.object(instance, "get_dynamic_partitions", cache(instance.get_dynamic_partitions)):
        return dg.evaluate_automation_conditions(definitions, instance, cursor=cursor)


def requested(result: dg.EvaluateAutomationConditionsResult) -> set[dg.AssetKey]:
    return {each.key for each in result.results if isinstance(each.key, dg.AssetKey) and not each.true_subset.is_empty}


def test_a_refresh_that_another_zone_registered_starts_nothing_before_its_input_is_there(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    definitions = ttp.build_defs(settings)
    first = look(definitions, instance)
    register_partition(instance, DATASET, "20240711")
    second = look(definitions, instance, cursor=first.cursor)
    assert requested(first) == requested(second) == set()


def test_a_file_1_that_was_received_is_linked_and_sent_in_one_run(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    definitions = ttp.build_defs(settings)
    before = look(definitions, instance)
    received = dg.AssetKey(["ttp", DATASET, "file_1"])
    instance.report_runless_asset_event(dg.AssetMaterialization(received, partition=REFRESH))
    after = look(definitions, instance, cursor=before.cursor)
    made = ("linkage", "linkage_report", "file_3", "transfers")
    assert requested(after) == {dg.AssetKey(["ttp", DATASET, each]) for each in made}


def report(instance: dg.DagsterInstance, *assets: tuple[dg.AssetKey, str | None]) -> None:
    for key, partition in assets:
        instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=partition))


def test_a_registers_history_is_sent_once_it_is_made(settings: Settings, instance: dg.DagsterInstance) -> None:
    register_partition(instance, REGISTER, "20240101")
    definitions = ttp.build_defs(settings)
    before = look(definitions, instance)
    report(instance, (dg.AssetKey(["ttp", REGISTER, "history"]), "20240101"))
    after = look(definitions, instance, cursor=before.cursor)
    assert requested(before) == set()
    assert requested(after) == {dg.AssetKey(["ttp", REGISTER, "transfers"])}


def test_a_refresh_received_between_two_looks_is_not_lost_when_one_was_curated_between_them_too(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    definitions = databank.build_defs(settings)
    received, curated = (dg.AssetKey(["databank", DATASET, each]) for each in ("received", "curated"))
    before = look(definitions, instance)
    report(instance, (received, REFRESH))
    first = look(definitions, instance, cursor=before.cursor)
    report(instance, (received, REFRESH), (curated, REFRESH))
    second = look(definitions, instance, cursor=first.cursor)
    third = look(definitions, instance, cursor=second.cursor)
    assert [curated in requested(each) for each in (first, second, third)] == [True, True, False]
    assert dg.AssetKey(["databank", DATASET, "refresh_differences"]) in requested(first)
