"""The databank's inbox: Files 2 and 3. The sensor only registers and starts."""

from collections.abc import Iterator

import dagster as dg

from fjo_pipeline.core.orchestration import NIGHTLY, register_partition
from fjo_pipeline.databank.flow import Databank, due


def requests(databank: Databank, instance: dg.DagsterInstance) -> Iterator[dg.RunRequest]:
    """A run for each refresh whose two files are there and whose tables are not, its partition registered."""
    for each in due(databank):
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
        target=target,
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=10,
        description="Looks for refreshes whose Files 2 and 3 are both there.",
    )
    def inbox(context: dg.SensorEvaluationContext, databank: dg.ResourceParam[Databank]) -> Iterator[dg.RunRequest]:
        yield from requests(databank, context.instance)

    return [inbox]


def databank_schedules(target: dg.AssetSelection, views: dg.AssetSelection) -> list[dg.ScheduleDefinition]:
    """The nightly refresh: what the sensor would start, and the views and release built anew."""

    @dg.schedule(
        name="databank_nightly", target=target, cron_schedule=NIGHTLY, default_status=dg.DefaultScheduleStatus.RUNNING
    )
    def nightly(context: dg.ScheduleEvaluationContext, databank: dg.ResourceParam[Databank]) -> Iterator[dg.RunRequest]:
        yield from requests(databank, context.instance)

    rebuild = dg.ScheduleDefinition(
        name="databank_nightly_views",
        target=views,
        cron_schedule="0 4 * * *",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    return [nightly, rebuild]
