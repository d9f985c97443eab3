"""The provider's inbox: landing for deposits, and receipts from the TTP. Sensors only register and start."""

from collections.abc import Iterator, Mapping

import dagster as dg

from fjo_pipeline.core.orchestration import NIGHTLY, register_partition
from fjo_pipeline.provider.flow import Provider, due, receipts_due


def requests(provider: Provider, instance: dg.DagsterInstance, only: str | None = None) -> Iterator[dg.RunRequest]:
    """A run for each deposit that is due and each receipt that has arrived, of all datasets or only one."""
    for lies in due(provider):
        if only not in (None, lies.dataset):
            continue
        register_partition(instance, lies.dataset, lies.refresh)
        # The folder's age is in the key: a deposit that was refused may come again with the same content.
        yield dg.RunRequest(
            run_key=f"deposit-{lies.dataset}-{lies.refresh}-{lies.digest}-{int(lies.last_change)}",
            asset_selection=[dg.AssetKey(["provider", lies.dataset, "deposit"])],
            partition_key=lies.refresh,
        )
    for dataset, refresh, digest in receipts_due(provider):
        if only not in (None, dataset):
            continue
        register_partition(instance, dataset, refresh)
        yield dg.RunRequest(
            run_key=f"receipt-{dataset}-{refresh}-{digest}",
            asset_selection=[dg.AssetKey(["provider", dataset, "receipt"])],
            partition_key=refresh,
        )


def provider_sensors(target: dg.AssetSelection) -> list[dg.SensorDefinition]:
    """The landing sensor."""

    @dg.sensor(
        name="provider_landing",
        asset_selection=target,
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=10,
        description="Looks into landing and the provider's inbox, and starts what is due.",
    )
    def landing(context: dg.SensorEvaluationContext, provider: dg.ResourceParam[Provider]) -> Iterator[dg.RunRequest]:
        yield from requests(provider, context.instance)

    return [landing]


def provider_schedules(targets: Mapping[str, dg.AssetSelection]) -> list[dg.ScheduleDefinition]:
    """The nightly refresh of each dataset: what the sensor would start, should it have been off.

    One schedule a dataset, because the assets that a schedule targets must have one partitions definition.
    """
    return [_nightly(dataset, target) for dataset, target in sorted(targets.items())]


def _nightly(dataset: str, target: dg.AssetSelection) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"provider_nightly_{dataset}",
        target=target,
        cron_schedule=NIGHTLY,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def nightly(context: dg.ScheduleEvaluationContext, provider: dg.ResourceParam[Provider]) -> Iterator[dg.RunRequest]:
        yield from requests(provider, context.instance, dataset)

    return nightly
