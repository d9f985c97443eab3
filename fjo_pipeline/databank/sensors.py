"""The databank's inbox: Files 2 and 3. The sensor only registers and starts."""

from collections.abc import Iterator, Mapping

import dagster as dg

from fjo_pipeline.core.orchestration import NIGHTLY, register_partition
from fjo_pipeline.databank.flow import Databank, due


def requests(databank: Databank, instance: dg.DagsterInstance, only: str | None = None) -> Iterator[dg.RunRequest]:
    """A run for each refresh whose two files are there and whose tables are not, of all datasets or only one."""
    for each in due(databank):
        if only not in (None, each.dataset):
            continue
        register_partition(instance, each.dataset, each.refresh)
        yield dg.RunRequest(
            run_key=f"received-{each.dataset}-{each.refresh}-{each.token}",
            asset_selection=[dg.AssetKey(["databank", each.dataset, "received"])],
            partition_key=each.refresh,
        )


def databank_sensors(target: dg.AssetSelection) -> list[dg.SensorDefinition]:
    """The inbox sensor."""

    @dg.sensor(
        name="databank_inbox",
        asset_selection=target,
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=10,
        description="Looks for refreshes whose Files 2 and 3 are both there.",
    )
    def inbox(context: dg.SensorEvaluationContext, databank: dg.ResourceParam[Databank]) -> Iterator[dg.RunRequest]:
        yield from requests(databank, context.instance)

    return [inbox]


def databank_schedules(
    targets: Mapping[str, dg.AssetSelection], views: dg.AssetSelection
) -> list[dg.ScheduleDefinition]:
    """The nightly refresh of each dataset: what the sensor would start; and the views and release built anew."""
    rebuild = dg.ScheduleDefinition(
        name="databank_nightly_views",
        target=views,
        cron_schedule="0 4 * * *",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    return [*(_nightly(dataset, target) for dataset, target in sorted(targets.items())), rebuild]


def _nightly(dataset: str, target: dg.AssetSelection) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"databank_nightly_{dataset}",
        target=target,
        cron_schedule=NIGHTLY,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def nightly(context: dg.ScheduleEvaluationContext, databank: dg.ResourceParam[Databank]) -> Iterator[dg.RunRequest]:
        yield from requests(databank, context.instance, dataset)

    return nightly
