"""The TTP's inbox: File 1 transfers, a register that was loaded, a list of opt-outs to send.

The sensor only registers and starts.
"""

from collections.abc import Iterator

import dagster as dg

from fjo_pipeline.core.orchestration import register_partition
from fjo_pipeline.ttp.flow import Ttp, due
from fjo_pipeline.ttp.register.sending import register_due
from fjo_pipeline.ttp.removals import removals_due

INBOX = "Looks for File 1 transfers whose File 3 is missing or was made from something else, and for a new register."


def requests(ttp: Ttp, instance: dg.DagsterInstance, only: str | None = None) -> Iterator[dg.RunRequest]:
    """A run for each File 1 and register that is due, of all datasets or only one, its partition registered."""
    for first, found in (("file_1", due(ttp)), ("history", register_due(ttp)), ("removals", removals_due(ttp))):
        for each in found:
            if only not in (None, each.dataset):
                continue
            register_partition(instance, each.dataset, each.refresh)
            yield dg.RunRequest(
                run_key=f"{first}-{each.dataset}-{each.refresh}-{each.token}",
                asset_selection=[dg.AssetKey(["ttp", each.dataset, first])],
                partition_key=each.refresh,
            )
