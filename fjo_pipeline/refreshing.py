"""The headless refresh: what is due is decided from stores and ledgers, and only then is Dagster imported.

It runs the same assets and checks as the Dagster UI, zone by zone, in this process.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import date
from io import StringIO
from time import perf_counter
from typing import TYPE_CHECKING

from fjo_pipeline.core.errors import FjoError
from fjo_pipeline.core.settings import Settings, Zone
from fjo_pipeline.databank import flow as databank_flow
from fjo_pipeline.databank.dbt import ensure_manifest
from fjo_pipeline.databank.projects.extract import extract_is_due
from fjo_pipeline.databank.projects.grants import load_project, project_numbers
from fjo_pipeline.home import dagster_home, zones_here
from fjo_pipeline.provider import flow as provider_flow
from fjo_pipeline.ttp import flow as ttp_flow

if TYPE_CHECKING:
    import dagster as dg

Say = Callable[[str], None]
STAGES: dict[str, tuple[Zone, tuple[str, ...]]] = {
    "split": ("provider", ("deposit", "file_1", "file_2", "transfers")),
    "link": ("ttp", ("file_1", "linkage", "file_3", "transfers")),
    "curate": ("databank", ("received", "curated")),
    "receipt": ("provider", ("receipt",)),
}


@dataclass(frozen=True)
class Task:
    """One run: a stage over one refresh, or over the whole store."""

    stage: str
    dataset: str
    refresh: str


@dataclass
class Report:
    """What a refresh did: tasks done, failures in words, seconds by stage."""

    done: list[Task] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """What a refresh is narrowed to; None means everything."""

    dataset: str | None = None
    deposit: str | None = None
    zone: Zone | None = None

    def takes(self, dataset: str, refresh: str) -> bool:
        """Whether a refresh of a dataset is wanted."""
        return self.dataset in (None, dataset) and self.deposit in (None, refresh)


def refresh(settings: Settings, wanted: Wanted, say: Say) -> Report:
    """Run everything that is due, in the order of the flow; a refresh that fails holds up no other."""
    report = Report()
    here = [zone for zone in zones_here(settings) if wanted.zone in (None, zone)]
    for stage, (zone, _) in STAGES.items():
        if zone in here:
            for task in list(_due(settings, stage, wanted)):
                _run(settings, task, report, say)
    if "databank" in here:
        if databank_flow.release_is_due(databank_flow.Databank(settings)):
            _run(settings, Task("release", "databank", "views"), report, say)
        for number in _projects_due(settings, say):
            _run(settings, Task("extract", "projects", number), report, say)
    return report


def everything_due(settings: Settings) -> list[Task]:
    """What a refresh would begin with now; what follows from it is not foreseen."""
    here = zones_here(settings)
    tasks = [task for stage, (zone, _) in STAGES.items() if zone in here for task in _due(settings, stage, Wanted())]
    if "databank" in here and databank_flow.release_is_due(databank_flow.Databank(settings)):
        tasks.append(Task("release", "databank", "views"))
    return tasks


def _due(settings: Settings, stage: str, wanted: Wanted) -> Iterator[Task]:
    pairs: Iterator[tuple[str, str]]
    if stage == "split":
        pairs = ((each.dataset, each.refresh) for each in provider_flow.due(provider_flow.Provider(settings)))
    elif stage == "link":
        pairs = ((each.dataset, each.refresh) for each in ttp_flow.due(ttp_flow.Ttp(settings)))
    elif stage == "curate":
        pairs = ((each.dataset, each.refresh) for each in databank_flow.due(databank_flow.Databank(settings)))
    else:
        receipts = provider_flow.receipts_due(provider_flow.Provider(settings))
        pairs = ((dataset, refresh) for dataset, refresh, _ in receipts)
    yield from (Task(stage, dataset, refresh) for dataset, refresh in pairs if wanted.takes(dataset, refresh))


def _projects_due(settings: Settings, say: Say) -> Iterator[str]:
    databank = databank_flow.Databank(settings)
    if databank_flow.released(databank) is None:
        return
    for number in project_numbers(settings.projects):
        try:
            load_project(number, settings.projects).assert_approved(date.today())
        except FjoError as error:
            say(f"project {number} gets nothing new: {error}")
            continue
        if extract_is_due(databank, number):
            yield number


def _run(settings: Settings, task: Task, report: Report, say: Say) -> None:
    say(f"{task.stage} {task.dataset}/{task.refresh} …")
    started = perf_counter()
    failure = _materialise(settings, task)
    report.seconds[task.stage] = report.seconds.get(task.stage, 0.0) + perf_counter() - started
    if failure:
        report.failures.append(f"{task.stage} {task.dataset}/{task.refresh}: {failure}")
    else:
        report.done.append(task)


def _materialise(settings: Settings, task: Task) -> str | None:
    """Run a task's assets with their checks, in this process; returns why it failed, or None."""
    os.environ["DAGSTER_HOME"] = str(dagster_home(settings))
    import dagster as dg

    from fjo_pipeline.core.orchestration import register_partition

    if task.stage == "release":
        ensure_manifest(databank_flow.Databank(settings).store, settings)
    definitions = _definitions(settings, "databank" if task.stage in ("release", "extract") else STAGES[task.stage][0])
    with dg.DagsterInstance.from_config(str(dagster_home(settings))) as instance:
        if task.stage in STAGES:
            register_partition(instance, task.dataset, task.refresh)
        # dbt's own progress goes to its log; what a person needs to know comes back as the failure's words.
        with redirect_stdout(StringIO()):
            result = dg.materialize(
                [*(definitions.assets or [])],  # type: ignore[list-item]  # Dagster's own union is wider
                selection=_selection(task),
                partition_key=None if task.stage == "release" else task.refresh,
                instance=instance,
                resources=dict(definitions.resources or {}),
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                raise_on_error=False,
            )
    return None if result.success else _why(result)


def _selection(task: Task) -> "dg.AssetSelection":
    import dagster as dg

    if task.stage == "release":
        return dg.AssetSelection.assets(["databank", "store", "release"]).upstream() - dg.AssetSelection.groups(
            "databank"
        ) | dg.AssetSelection.assets(["databank", "store", "release"])
    if task.stage == "extract":
        return dg.AssetSelection.assets(["databank", "projects", "extract"])
    zone, names = STAGES[task.stage]
    return dg.AssetSelection.assets(*[[zone, task.dataset, name] for name in names])


def _definitions(settings: Settings, zone: Zone) -> "dg.Definitions":
    if zone == "provider":
        from fjo_pipeline.provider.definitions import build_defs as build_provider

        return build_provider(settings)
    if zone == "ttp":
        from fjo_pipeline.ttp.definitions import build_defs as build_ttp

        return build_ttp(settings)
    from fjo_pipeline.databank.definitions import build_defs as build_databank

    return build_databank(settings)


def _why(result: "dg.ExecuteInProcessResult") -> str:
    """The first failure of a run, in the words that its step chose; never an exception's text of another's making."""
    for event in result.all_events:
        if event.is_step_failure:
            failure = event.step_failure_data
            if failure.user_failure_data and failure.user_failure_data.description:
                return failure.user_failure_data.description
            kind = failure.error.cls_name if failure.error else "an error"
            return f"the step {event.step_key} failed with {kind}; its run is in the Dagster UI"
    return "the run failed before its first step; see it in the Dagster UI"
