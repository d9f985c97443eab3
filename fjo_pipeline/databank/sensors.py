"""What starts the databank's work: transfers in its inbox, and a state of which users do not read the views.

Sensors only register and start.
"""

from collections.abc import Iterator, Sequence

import dagster as dg

from fjo_pipeline.core.orchestration import register_partition
from fjo_pipeline.databank.flow import Databank, due, release_due
from fjo_pipeline.databank.quality.receiving import reports_due
from fjo_pipeline.databank.removals.taking import removals_due

INBOX = "Looks for refreshes whose Files 2 and 3 are both there, for registers, linkage reports and lists of removals."


def requests(databank: Databank, instance: dg.DagsterInstance, only: str | None = None) -> Iterator[dg.RunRequest]:
    """A run for each refresh whose tables are due and each linkage report that has arrived, of all datasets or one."""
    # Before anything else is curated: what is curated meanwhile is looked through again.
    for register, refresh, token in removals_due(databank):
        if only not in (None, register):
            continue
        register_partition(instance, register, refresh)
        yield dg.RunRequest(
            run_key=f"removals-{register}-{refresh}-{token}",
            asset_selection=[dg.AssetKey(["databank", register, "removals"])],
            partition_key=refresh,
        )
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


VIEWS = "Builds and tests the views, and releases them, once users would read others than what stands."
UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


def views_request(
    databank: Databank, instance: dg.DagsterInstance, views: Sequence[dg.AssetKey]
) -> dg.RunRequest | dg.SkipReason:
    """One run of all views and the release, once nothing of the databank's is under way that would make others due.

    From what stands, not from what happened, so that nothing that happens between two looks is lost (decision 15).
    """
    # Those that the daemon watches over: what a killed `fjo refresh` left in progress would stand there for ever.
    watched = [run for run in instance.get_runs(filters=dg.RunsFilter(statuses=UNDER_WAY)) if run.remote_job_origin]
    if any(key.path[0] == "databank" for run in watched for key in run.asset_selection or ()):
        return dg.SkipReason("something of the databank's is under way")
    if digest := release_due(databank):
        return dg.RunRequest(run_key=f"views-{digest}", asset_selection=views)
    return dg.SkipReason("users read what stands")


def views_sensor(views: Sequence[dg.AssetKey]) -> dg.SensorDefinition:
    """The sensor that has all views built and released, running from the start."""

    @dg.sensor(
        name="databank_views",
        asset_selection=dg.AssetSelection.assets(*views),
        required_resource_keys={"databank"},
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=10,
        description=VIEWS,
    )
    def views_due(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        return views_request(context.resources.databank, context.instance, views)

    return views_due
