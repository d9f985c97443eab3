"""The provider's inbox: landing for deposits, and receipts from the TTP. Sensors only register and start."""

from collections.abc import Iterator

import dagster as dg

from fjo_pipeline.core.orchestration import register_partition
from fjo_pipeline.provider.flow import Provider, due, receipts_due

INBOX = "Looks into landing and the provider's inbox, and starts what is due."


def requests(provider: Provider, instance: dg.DagsterInstance, only: str | None = None) -> Iterator[dg.RunRequest]:
    """A run for each deposit that is due and each receipt that has arrived, of all datasets or only one."""
    started: set[tuple[str, str]] = set()
    for lies in due(provider):
        if only not in (None, lies.dataset) or started & lies.stands_on:
            # An increment is started once its base, and what came before it on the same base, has been sent.
            continue
        started |= {(lies.dataset, lies.refresh), *lies.stands_on}
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
