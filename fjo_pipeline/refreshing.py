"""The headless refresh: what is due is decided from stores and ledgers, and only then is Dagster imported.

It runs the same assets and checks as the Dagster UI, zone by zone, in this process.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import date
from time import perf_counter

from fjo_pipeline.core.inboxes import refuse_strangers
from fjo_pipeline.core.retention import Destroyed
from fjo_pipeline.core.settings import Settings, Zone
from fjo_pipeline.core.stores import file_lock
from fjo_pipeline.databank import flow as databank_flow
from fjo_pipeline.databank.differences.keeping import differences_due
from fjo_pipeline.databank.projects.due import projects_asking
from fjo_pipeline.databank.projects.lifecycle import note_expired
from fjo_pipeline.databank.quality.page import pages_are_due
from fjo_pipeline.databank.quality.receiving import reports_due
from fjo_pipeline.databank.removals.taking import removals_due
from fjo_pipeline.home import refresh_lock, zones_here
from fjo_pipeline.provider import flow as provider_flow
from fjo_pipeline.provider import retention as provider_retention
from fjo_pipeline.tasks import STAGES, Task
from fjo_pipeline.ttp import flow as ttp_flow
from fjo_pipeline.ttp import retention as ttp_retention
from fjo_pipeline.ttp.register.sending import register_due
from fjo_pipeline.ttp.removals import removals_due as removals_to_send

Say = Callable[[str], None]


@dataclass
class Report:
    """What a refresh did: tasks done, failures in words, what was destroyed as its days were over, seconds by stage."""

    done: list[Task] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    destroyed: list[str] = field(default_factory=list)
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
    """Run everything that is due, in the order of the flow; a refresh that fails holds up no other.

    Another one in the same zones is waited for, and what it has done is not due any more; StoreBusy where it takes
    longer than the settings' patience.
    """
    here = [zone for zone in zones_here(settings) if wanted.zone in (None, zone)]
    with ExitStack() as held:
        for zone in here:
            held.enter_context(_alone_in(settings, zone, say))
        return _refresh(settings, here, wanted, say)


def _alone_in(settings: Settings, zone: Zone, say: Say) -> AbstractContextManager[None]:
    busy = f"another `fjo refresh` is at work in zone {zone}"
    return file_lock(
        refresh_lock(settings, zone),
        wait_seconds=settings.lock_wait_seconds,
        busy=f"{busy}, for longer than FJO_LOCK_WAIT_SECONDS; try again when it ends",
        waits=lambda: say(f"{busy}: waiting for it"),
    )


def _refresh(settings: Settings, here: Sequence[Zone], wanted: Wanted, say: Say) -> Report:
    report = Report()
    report.failures += [each for zone in here for each in refuse_strangers(settings, zone)]
    for stage, (zone, _) in STAGES.items():
        if zone in here:
            due = _due(settings, stage, wanted)
            # Linking is asked what is due task by task: to link the second register makes others due.
            for task in due if stage == "link" else list(due):
                _run(settings, task, report, say)
    if "databank" in here:
        if databank_flow.release_due(databank_flow.Databank(settings)):
            _run(settings, Task("release", "databank", "views"), report, say)
        if pages_are_due(databank_flow.Databank(settings)):
            _run(settings, Task("pages", "databank", "quality"), report, say)
        for number in _projects_due(settings, say):
            _run(settings, Task("extract", "projects", number), report, say)
    report.destroyed = [str(each) for each in _destroy_expired(settings, here)]
    return report


def _destroy_expired(settings: Settings, here: Sequence[Zone]) -> Iterator[Destroyed]:
    if "provider" in here:
        yield from provider_retention.destroy_expired(provider_flow.Provider(settings), date.today())
    if "ttp" in here:
        yield from ttp_retention.destroy_expired(ttp_flow.Ttp(settings), date.today())


def everything_due(settings: Settings) -> list[Task]:
    """What a refresh would begin with now; what follows from it is not foreseen."""
    here = zones_here(settings)
    tasks = [task for stage, (zone, _) in STAGES.items() if zone in here for task in _due(settings, stage, Wanted())]
    if "databank" in here and databank_flow.release_due(databank_flow.Databank(settings)):
        tasks.append(Task("release", "databank", "views"))
    elif "databank" in here and pages_are_due(databank_flow.Databank(settings)):
        tasks.append(Task("pages", "databank", "quality"))
    elif "databank" in here:
        asked = projects_asking(databank_flow.Databank(settings), date.today())
        tasks += [Task("extract", "projects", each.number) for each in asked if not each.refused]
    return tasks


def _due(settings: Settings, stage: str, wanted: Wanted) -> Iterator[Task]:
    pairs: Iterator[tuple[str, str]]
    if stage == "split":
        pairs = ((each.dataset, each.refresh) for each in provider_flow.due(provider_flow.Provider(settings)))
    elif stage == "link":
        pairs = ((each.dataset, each.refresh) for each in ttp_flow.due(ttp_flow.Ttp(settings)))
    elif stage == "optouts":
        pairs = ((each.dataset, each.refresh) for each in removals_to_send(ttp_flow.Ttp(settings)))
    elif stage == "removals":
        pairs = (each[:2] for each in removals_due(databank_flow.Databank(settings)))
    elif stage == "register":
        pairs = ((each.dataset, each.refresh) for each in register_due(ttp_flow.Ttp(settings)))
    elif stage == "curate":
        pairs = ((each.dataset, each.refresh) for each in databank_flow.due(databank_flow.Databank(settings)))
    elif stage == "differences":
        pairs = ((each.dataset, each.refresh) for each in differences_due(databank_flow.Databank(settings)))
    elif stage == "quality":
        pairs = ((each.dataset, each.refresh) for each in reports_due(databank_flow.Databank(settings)))
    else:
        receipts = provider_flow.receipts_due(provider_flow.Provider(settings))
        pairs = ((dataset, refresh) for dataset, refresh, _ in receipts)
    yield from (Task(stage, dataset, refresh) for dataset, refresh in pairs if wanted.takes(dataset, refresh))


def _projects_due(settings: Settings, say: Say) -> Iterator[str]:
    databank = databank_flow.Databank(settings)
    for number in note_expired(databank, date.today()):
        say(f"project {number} has expired")
    for asked in projects_asking(databank, date.today()):
        if asked.refused:
            say(f"project {asked.number} gets nothing new: {asked.refused}")
        else:
            yield asked.number


def _run(settings: Settings, task: Task, report: Report, say: Say) -> None:
    # Imported here: Dagster takes seconds to load, and where nothing is due it is not needed.
    from fjo_pipeline.materialising import materialise

    say(f"{task} …")
    started = perf_counter()
    failure = materialise(settings, task)
    report.seconds[task.stage] = report.seconds.get(task.stage, 0.0) + perf_counter() - started
    if failure:
        report.failures.append(f"{task}: {failure}")
    else:
        report.done.append(task)
