"""One task of a refresh as a Dagster run in this process. Importing it imports Dagster, which takes seconds."""

import os
from contextlib import redirect_stdout
from functools import lru_cache
from io import StringIO

import dagster as dg

from fjo_pipeline.core.dead_runs import end_dead_runs, this_machine
from fjo_pipeline.core.orchestration import register_partition
from fjo_pipeline.core.settings import Settings, Zone
from fjo_pipeline.databank.dbt import ensure_manifest
from fjo_pipeline.databank.definitions import build_defs as build_databank
from fjo_pipeline.databank.extract_assets import PROJECTS
from fjo_pipeline.databank.store import DatabankStore
from fjo_pipeline.home import dagster_home
from fjo_pipeline.provider.definitions import build_defs as build_provider
from fjo_pipeline.tasks import STAGES, Task, zone_of
from fjo_pipeline.ttp.definitions import build_defs as build_ttp

RELEASE = ["databank", "store", "release"]
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def materialise(settings: Settings, task: Task) -> str | None:
    """Run a task's assets with their checks and record the run; returns why it failed, in words, or None."""
    os.environ["DAGSTER_HOME"] = str(dagster_home(settings))
    definitions = _definitions(settings, zone_of(task))
    with dg.DagsterInstance.from_config(str(dagster_home(settings))) as instance:
        end_dead_runs(instance)
        if task.stage in STAGES:
            register_partition(instance, task.dataset, task.refresh)
        if task.stage == "extract":
            instance.add_dynamic_partitions(PROJECTS, [task.refresh])
        # dbt's own progress goes to its log; what a person needs to know comes back as the failure's words.
        with redirect_stdout(StringIO()):
            result = dg.materialize(
                [*(definitions.assets or [])],  # type: ignore[list-item]  # Dagster's own union is wider
                selection=_selection(task, definitions),
                partition_key=None if task.stage in ("release", "pages") else task.refresh,
                instance=instance,
                resources=dict(definitions.resources or {}),
                run_config=QUIET,
                tags=this_machine(),
                raise_on_error=False,
            )
    return None if result.success else _why(result)


@lru_cache(maxsize=len(STAGES))
def _definitions(settings: Settings, zone: Zone) -> dg.Definitions:
    if zone == "databank":
        ensure_manifest(DatabankStore(settings), settings)
        return build_databank(settings)
    return build_provider(settings) if zone == "provider" else build_ttp(settings)


def _selection(task: Task, definitions: dg.Definitions) -> dg.AssetSelection:
    if task.stage == "release":
        # The views, which are grouped by layer, and the release; the refreshes beneath them stand already.
        release = dg.AssetSelection.assets(RELEASE)
        return release | (release.upstream() - dg.AssetSelection.groups("databank"))
    if task.stage == "pages":
        return dg.AssetSelection.assets(["databank", "store", "quality_pages"])
    if task.stage == "extract":
        return dg.AssetSelection.assets(["databank", "projects", "extract"])
    zone, names = STAGES[task.stage]
    # A register is curated as a dataset is, and has no differences to an earlier deposit.
    here = definitions.resolve_asset_graph().executable_asset_keys
    keys = (dg.AssetKey([zone, task.dataset, name]) for name in names)
    return dg.AssetSelection.assets(*(key for key in keys if key in here))


def _why(result: dg.ExecuteInProcessResult) -> str:
    """The first failure of a run, in the words that its step chose; never an exception's text of another's making."""
    failed = [each for each in result.get_asset_check_evaluations() if not each.passed and each.blocking]
    if failed:
        return "; ".join(
            f"the check {each.check_name} failed ({_counts(each)}): nothing went further" for each in failed
        )
    for event in result.all_events:
        if event.is_step_failure:
            failure = event.step_failure_data
            if failure.user_failure_data and failure.user_failure_data.description:
                return failure.user_failure_data.description
            kind = failure.error.cls_name if failure.error else "an error"
            return f"the step {event.step_key} failed with {kind}; its run is in the Dagster UI"
    return "the run failed before its first step; see it in the Dagster UI"


def _counts(check: dg.AssetCheckEvaluation) -> str:
    shown = (
        f"{name} {value.value:,}" for name, value in check.metadata.items() if isinstance(value.value, int | float)
    )
    return ", ".join(shown)
