"""The TTP's inbox: File 1 transfers. The sensor only registers and starts."""

from collections.abc import Iterator

import dagster as dg

from fjo_pipeline.core.orchestration import register_partition
from fjo_pipeline.ttp.flow import Ttp, due

INBOX = "Looks for File 1 transfers whose File 3 is missing or was made from something else."


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
