"""The databank's inbox: Files 2 and 3, registers, and linkage reports. The sensor only registers and starts."""

from collections.abc import Iterator

import dagster as dg

from fjo_pipeline.core.orchestration import register_partition
from fjo_pipeline.databank.flow import Databank, due
from fjo_pipeline.databank.quality.receiving import reports_due

INBOX = "Looks for refreshes whose Files 2 and 3 are both there, for registers and for linkage reports."


def requests(databank: Databank, instance: dg.DagsterInstance, only: str | None = None) -> Iterator[dg.RunRequest]:
    """A run for each refresh whose tables are due and each linkage report that has arrived, of all datasets or one."""
    for each in due(databank):
        if only not in (None, each.dataset):
            continue
        register_partition(instance, each.dataset, each.refresh)
        yield dg.RunRequest(
            run_key=f"received-{each.dataset}-{each.refresh}-{each.token}",
            asset_selection=[dg.AssetKey(["databank", each.dataset, "received"])],
            partition_key=each.refresh,
        )
    for report in reports_due(databank):
        if only not in (None, report.dataset):
            continue
        register_partition(instance, report.dataset, report.refresh)
        yield dg.RunRequest(
            run_key=f"linkage_report-{report.dataset}-{report.refresh}-{report.token}",
            asset_selection=[dg.AssetKey(["databank", report.dataset, "linkage_quality"])],
            partition_key=report.refresh,
        )
