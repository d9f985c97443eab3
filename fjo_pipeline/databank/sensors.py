"""The databank's inbox: Files 2 and 3. The sensor only registers and starts."""

from collections.abc import Iterator

import dagster as dg

from fjo_pipeline.core.orchestration import register_partition
from fjo_pipeline.databank.flow import Databank, due

INBOX = "Looks for refreshes whose Files 2 and 3 are both there."


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
