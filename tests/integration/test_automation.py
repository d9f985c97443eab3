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
REGISTER = "population_register"
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


def views_of(definitions: dg.Definitions) -> set[dg.AssetKey]:
    return {
        node.key
        for node in definitions.resolve_asset_graph().asset_nodes
        if node.is_executable and node.key.path[1] in VIEWS
    }


def report(instance: dg.DagsterInstance, *assets: tuple[dg.AssetKey, str | None]) -> None:
    for key, partition in assets:
        instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=partition))


def test_a_registers_history_is_sent_and_once_curated_every_view_is_built_for_its_release(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    register_partition(instance, REGISTER, "20240101")
    for zone, made in ((ttp, "history"), (databank, "curated")):
        definitions = zone.build_defs(settings)
        before = dg.evaluate_automation_conditions(definitions, instance)
        assert requested(before) == set()
        key = dg.AssetKey([zone.__name__.split(".")[1], REGISTER, made])
        instance.report_runless_asset_event(dg.AssetMaterialization(key, partition="20240101"))
        after = requested(dg.evaluate_automation_conditions(definitions, instance, cursor=before.cursor))
        if zone is ttp:
            assert after == {dg.AssetKey(["ttp", REGISTER, "transfers"])}
        else:
            assert {key.path[1] for key in after} == VIEWS


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
    views = views_of(definitions)
    assert len(views) > 30
    assert requested(after) == views | {dg.AssetKey(["databank", DATASET, "refresh_differences"])}
    again = dg.evaluate_automation_conditions(definitions, instance, cursor=after.cursor)
    assert requested(again) == set()


def test_a_refresh_curated_between_two_looks_is_not_lost_when_the_views_were_built_between_them_too(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    register_partition(instance, DATASET, "20230711")
    definitions = databank.build_defs(settings)
    views, curated = views_of(definitions), dg.AssetKey(["databank", DATASET, "curated"])
    before = dg.evaluate_automation_conditions(definitions, instance)
    report(instance, (curated, REFRESH))
    first = dg.evaluate_automation_conditions(definitions, instance, cursor=before.cursor)
    report(instance, *((view, None) for view in views), (curated, "20230711"))
    second = dg.evaluate_automation_conditions(definitions, instance, cursor=first.cursor)
    assert views <= requested(first)
    assert views <= requested(second)


def test_a_release_made_between_two_looks_is_not_lost_when_an_extract_was_made_between_them_too(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    definitions = databank.build_defs(settings)
    release, extract = (dg.AssetKey(["databank", *path]) for path in (("store", "release"), ("projects", "extract")))
    before = dg.evaluate_automation_conditions(definitions, instance)
    report(instance, (release, None))
    first = dg.evaluate_automation_conditions(definitions, instance, cursor=before.cursor)
    report(instance, (release, None), (extract, "1661"))
    second = dg.evaluate_automation_conditions(definitions, instance, cursor=first.cursor)
    third = dg.evaluate_automation_conditions(definitions, instance, cursor=second.cursor)
    assert [extract in requested(each) for each in (first, second, third)] == [True, True, False]
