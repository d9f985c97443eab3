"""Dagster runs whose process was killed: Dagster takes them for under way for ever, and queues all others behind them.

A run is only judged where its process would be seen: by the code location that started it, or by this machine's `fjo`.
"""

import socket

import dagster as dg
from dagster import DagsterEventType, DagsterRunStatus, RunsFilter
from dagster._core.events import EngineEventData

from fjo_pipeline.core.living import is_alive
from fjo_pipeline.core.settings import Zone

MACHINE = "fjo/machine"
"""The tag of runs that `fjo` makes in its own process: the machine, or container, on which that is."""
UNDER_WAY = [DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]


def this_machine() -> dict[str, str]:
    """The tags of a run in this process."""
    return {MACHINE: socket.gethostname()}


def dead_runs(instance: dg.DagsterInstance, location: Zone | None = None) -> list[dg.DagsterRun]:
    """The runs of this machine's `fjo`, and of a code location where one is named, whose process is gone."""
    return [
        run
        for run in instance.get_runs(RunsFilter(statuses=UNDER_WAY))
        if _is_seen_here(run, location) and _process_is_gone(instance, run.run_id)
    ]


def end_dead_runs(instance: dg.DagsterInstance, location: Zone | None = None) -> int:
    """Mark such runs as failed and give back the places that they hold in pools; returns how many there were."""
    found = dead_runs(instance, location)
    for run in found:
        instance.report_run_failed(run, "the process of this run was killed; what is due is found from the stores")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return len(found)


def _is_seen_here(run: dg.DagsterRun, location: Zone | None) -> bool:
    if run.remote_job_origin is not None:
        return location is not None and run.remote_job_origin.location_name == location
    return run.tags.get(MACHINE) == socket.gethostname()


def _process_is_gone(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether the process that a run last said it runs in has ended; never where it has not said so yet."""
    for entry in reversed(instance.all_logs(run_id, of_type=DagsterEventType.ENGINE_EVENT)):
        said = entry.dagster_event.event_specific_data if entry.dagster_event else None
        if isinstance(said, EngineEventData) and (process := said.metadata.get("pid")):
            return not is_alive(int(str(process.value)), entry.timestamp)
    return False
