"""The projects' extracts in the databank's graph: a partition a project, made anew for those that ask for it."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.orchestration import NIGHTLY_EXTRACTS, ONE_RUN_A_PARTITION, failures_in_words
from fjo_pipeline.core.small_cells import SMALLEST_COUNT, hidden
from fjo_pipeline.databank.assets import POOL
from fjo_pipeline.databank.flow import Databank
from fjo_pipeline.databank.projects.due import projects_asking
from fjo_pipeline.databank.projects.extract import make_extract
from fjo_pipeline.databank.projects.grants import project_numbers
from fjo_pipeline.databank.projects.lifecycle import note_expired
from fjo_pipeline.databank.projects.records import Extract

PROJECTS = "projects"
"""The name of the partitions: numbers of projects, never of a person."""
KEY = dg.AssetKey(["databank", "projects", "extract"])
SENSOR = (
    "Has an extract made for each project that asks for one with each release, once its grants or the data are new."
)


def extract_asset() -> dg.AssetsDefinition:
    """The projects' extracts; one that is refused is skipped with the reason, and fails nothing."""

    @dg.asset(
        key=KEY,
        deps=[["databank", "store", "release"]],
        partitions_def=dg.DynamicPartitionsDefinition(name=PROJECTS),
        backfill_policy=ONE_RUN_A_PARTITION,
        output_required=False,
        group_name="databank",
        kinds={"duckdb"},
        pool=POOL,
        description="A project's tables under its own ids, in one encrypted file; skipped where it is not approved.",
    )
    def extract(
        context: dg.AssetExecutionContext, databank: dg.ResourceParam[Databank]
    ) -> Iterator[dg.MaterializeResult[None]]:
        with failures_in_words():
            try:
                made = make_extract(databank, context.partition_key, date.today())
            except Refused as refusal:
                context.log.warning(f"skipped: {refusal}")
                said = dg.AssetObservation(KEY, partition=context.partition_key, metadata={"skipped": str(refusal)})
                context.log_event(said)
                return
        yield dg.MaterializeResult(metadata=extract_metadata(made))

    return extract


def extract_metadata(made: Extract) -> dict[str, Any]:
    """What Dagster is told of an extract: its number, pins, digest and counts, of which small ones are not shown."""
    names = sorted(made.tables)
    rows = [int(made.tables[name]["rows"]) for name in names]
    # The sum is shown too, so that a small count must not follow from it and the others.
    kept_back = hidden([(count,) for count in rows], [range(len(rows))])
    shown = {
        name: f"not shown, or under {SMALLEST_COUNT}" if at in kept_back else rows[at] for at, name in enumerate(names)
    }
    return {
        "extract": made.serial,
        "tables": len(names),
        "rows_by_table": shown,
        "snapshot": made.snapshot,
        "refreshes": made.refreshes,
        "digest": made.content,
    } | ({} if made.rows < SMALLEST_COUNT else {"dagster/row_count": made.rows})


def extract_requests(databank: Databank, instance: dg.DagsterInstance) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """A run for each project that asks for an extract and is due; else why those that ask get nothing new."""
    today = date.today()
    note_expired(databank, today)
    instance.add_dynamic_partitions(PROJECTS, project_numbers(databank.settings.projects))
    asked = list(projects_asking(databank, today))
    wanted = [each for each in asked if not each.refused]
    for each in wanted:
        yield dg.RunRequest(
            run_key=f"extract-{each.number}-{each.token}", asset_selection=[KEY], partition_key=each.number
        )
    if not wanted:
        refused = [f"project {each.number} gets nothing new: {each.refused}" for each in asked]
        yield dg.SkipReason("; ".join(refused) or "no project that asks for it is due for an extract")


def extracts_sensor(extract: dg.AssetsDefinition) -> dg.SensorDefinition:
    """The sensor that has extracts made, running from the start."""

    @dg.sensor(
        name="databank_extracts",
        asset_selection=dg.AssetSelection.assets(extract),
        default_status=dg.DefaultSensorStatus.RUNNING,
        # Every look reads all project files, and the keyring for each project that asks.
        minimum_interval_seconds=30,
        description=SENSOR,
    )
    def extracts_due(
        context: dg.SensorEvaluationContext, databank: dg.ResourceParam[Databank]
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        yield from extract_requests(databank, context.instance)

    return extracts_due


def extracts_schedule(extract: dg.AssetsDefinition) -> dg.ScheduleDefinition:
    """Nightly, after the views: what the sensor would start, should it have been off."""

    @dg.schedule(
        name="databank_nightly_extracts",
        target=dg.AssetSelection.assets(extract),
        cron_schedule=NIGHTLY_EXTRACTS,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def nightly(
        context: dg.ScheduleEvaluationContext, databank: dg.ResourceParam[Databank]
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        yield from extract_requests(databank, context.instance)

    return nightly
