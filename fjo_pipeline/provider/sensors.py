"""The provider's inbox: landing for deposits, and receipts from the TTP. Sensors only register and start."""

from collections.abc import Iterator

import dagster as dg

from fjo_pipeline.core.orchestration import NIGHTLY, register_partition
from fjo_pipeline.provider.flow import Provider, due, receipts_due


def requests(provider: Provider, instance: dg.DagsterInstance) -> Iterator[dg.RunRequest]:
    """A run for each deposit that is due and each receipt that has arrived, its partition registered."""
    for lies in due(provider):
        register_partition(instance, lies.dataset, lies.refresh)
        # The folder's age is in the key: a deposit that was refused may come again with the same content.
        yield dg.RunRequest(
            run_key=f"deposit-{lies.dataset}-{lies.refresh}-{lies.digest}-{int(lies.last_change)}",
            asset_selection=[dg.AssetKey(["provider", lies.dataset, "deposit"])],
            partition_key=lies.refresh,
        )
    for dataset, refresh, digest in receipts_due(provider):
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
        target=target,
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=10,
        description="Looks into landing and the provider's inbox, and starts what is due.",
    )
    def landing(context: dg.SensorEvaluationContext, provider: dg.ResourceParam[Provider]) -> Iterator[dg.RunRequest]:
        yield from requests(provider, context.instance)

    return [landing]


def provider_schedules(target: dg.AssetSelection) -> list[dg.ScheduleDefinition]:
    """The nightly refresh: what the sensor would start, should it have been off."""

    @dg.schedule(
        name="provider_nightly",
        target=target,
        cron_schedule=NIGHTLY,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def nightly(context: dg.ScheduleEvaluationContext, provider: dg.ResourceParam[Provider]) -> Iterator[dg.RunRequest]:
        yield from requests(provider, context.instance)

    return [nightly]
