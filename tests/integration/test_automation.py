"""What Dagster's daemon would start by itself, asked of its own evaluation without a daemon."""

from pathlib import Path

import dagster as dg
import pytest

from fjo_pipeline.core.orchestration import register_partition
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.databank import definitions as databank
from fjo_pipeline.databank.dbt import ensure_manifest
from fjo_pipeline.databank.store import DatabankStore
from fjo_pipeline.ttp import definitions as ttp

DATASET, REFRESH = "cafcass_england_ecms", "20240111"
VIEWS = {"staging", "intermediate", "marts", "publications", "SAILREFRV"}


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


def requested(result: dg.EvaluateAutomationConditionsResult) -> set[dg.AssetKey]:
    return {each.key for each in result.results if isinstance(each.key, dg.AssetKey) and not each.true_subset.is_empty}


def test_a_refresh_that_another_zone_registered_starts_nothing_before_its_input_is_there(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    definitions = ttp.build_defs(settings)
    first = dg.evaluate_automation_conditions(definitions, instance)
    register_partition(instance, DATASET, "20240711")
    second = dg.evaluate_automation_conditions(definitions, instance, cursor=first.cursor)
    assert requested(first) == requested(second) == set()


def test_a_file_1_that_was_received_is_linked_and_sent_in_one_run(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    definitions = ttp.build_defs(settings)
    before = dg.evaluate_automation_conditions(definitions, instance)
    received = dg.AssetKey(["ttp", DATASET, "file_1"])
    instance.report_runless_asset_event(dg.AssetMaterialization(received, partition=REFRESH))
    after = dg.evaluate_automation_conditions(definitions, instance, cursor=before.cursor)
    made = ("linkage", "linkage_report", "file_3", "transfers")
    assert requested(after) == {dg.AssetKey(["ttp", DATASET, each]) for each in made}


def test_one_curated_refresh_is_compared_and_has_every_view_built_though_other_datasets_and_refreshes_are_missing(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    register_partition(instance, DATASET, "20230711")
    definitions = databank.build_defs(settings)
    before = dg.evaluate_automation_conditions(definitions, instance)
    assert requested(before) == set()
    curated = dg.AssetKey(["databank", DATASET, "curated"])
    instance.report_runless_asset_event(dg.AssetMaterialization(curated, partition=REFRESH))
    after = dg.evaluate_automation_conditions(definitions, instance, cursor=before.cursor)
    views = {
        node.key
        for node in definitions.resolve_asset_graph().asset_nodes
        if node.is_executable and node.key.path[1] in VIEWS
    }
    assert len(views) > 30
    assert requested(after) == views | {dg.AssetKey(["databank", DATASET, "refresh_differences"])}
