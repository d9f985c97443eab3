"""The TTP's inbox: File 1 transfers. The sensor only registers and starts."""

from collections.abc import Iterator, Mapping

import dagster as dg

from fjo_pipeline.core.orchestration import NIGHTLY, register_partition
from fjo_pipeline.ttp.flow import Ttp, due


def requests(ttp: Ttp, instance: dg.DagsterInstance, only: str | None = None) -> Iterator[dg.RunRequest]:
    """A run for each File 1 that is due, of all datasets or only one, its partition registered."""
    for each in due(ttp):
        if only not in (None, each.dataset):
            continue
        register_partition(instance, each.dataset, each.refresh)
        yield dg.RunRequest(
            run_key=f"file_1-{each.dataset}-{each.refresh}-{each.token}",
            asset_selection=[dg.AssetKey(["ttp", each.dataset, "file_1"])],
            partition_key=each.refresh,
        )


def ttp_sensors(target: dg.AssetSelection) -> list[dg.SensorDefinition]:
    """The inbox sensor."""

    @dg.sensor(
        name="ttp_inbox",
        asset_selection=target,
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=10,
        description="Looks for File 1 transfers whose File 3 is missing or was made from something else.",
    )
    def inbox(context: dg.SensorEvaluationContext, ttp: dg.ResourceParam[Ttp]) -> Iterator[dg.RunRequest]:
        yield from requests(ttp, context.instance)

    return [inbox]


def ttp_schedules(targets: Mapping[str, dg.AssetSelection]) -> list[dg.ScheduleDefinition]:
    """The nightly refresh of each dataset: what the sensor would start, should it have been off."""
    return [_nightly(dataset, target) for dataset, target in sorted(targets.items())]


def _nightly(dataset: str, target: dg.AssetSelection) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"ttp_nightly_{dataset}",
        target=target,
        cron_schedule=NIGHTLY,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def nightly(context: dg.ScheduleEvaluationContext, ttp: dg.ResourceParam[Ttp]) -> Iterator[dg.RunRequest]:
        yield from requests(ttp, context.instance, dataset)

    return nightly
