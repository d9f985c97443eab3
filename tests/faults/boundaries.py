"""A refresh that kills itself, -9, at the n-th thing that it does to a disk: every boundary there is, exactly.

What counts is each statement of DuckDB that may write, each commit of SQLite, and each file that is made, renamed or
removed. Processes are forked from a server that has imported everything and opened nothing.
"""

import multiprocessing
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from fjo_pipeline.core.errors import FjoError
from fjo_pipeline.core.sessions import Parameters, Session
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.databank.differences.keeping import renew_differences
from fjo_pipeline.databank.flow import curate, curate_received_register, receive, receive_register, release
from fjo_pipeline.databank.projects.extract import make_extract
from fjo_pipeline.databank.quality.page import make_quality_pages
from fjo_pipeline.databank.quality.receiving import take_linkage_report
from fjo_pipeline.provider.flow import check_split, send_files, split_deposit, take_deposit, take_receipt
from fjo_pipeline.refreshing import Wanted, refresh
from fjo_pipeline.tasks import Task
from fjo_pipeline.ttp.flow import check_file_3, link, make_file_3, receive_file_1, send_file_3
from fjo_pipeline.ttp.register.sending import check_made_history, make_history, send_history
from fjo_pipeline.ttp.report.making import make_linkage_report
from tests.faults.contents import Contents, contents
from tests.tiny_home import TinyHome

READS = ("select", "from", "with", "describe", "set ", "load", "pragma", "use ")
ON_DISK = frozenset({"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree"})
PATIENCE = 300.0


@dataclass
class Boundaries:
    """Counts what a process does to the disk, and kills it before the n-th such thing."""

    home: Path
    last: int | None = None
    count: int = 0
    done: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """From now on; there is no way back in this process."""
        statement = Session._execute

        def counted(session: Session, sql: str, parameters: Parameters, step: str) -> Any:
            if not sql.lstrip().lower().startswith(READS):
                self._reached(f"DuckDB: {step}")
            return statement(session, sql, parameters, step)

        Session._execute = counted  # type: ignore[method-assign]
        sys.addaudithook(self._heard)

    def _heard(self, event: str, given: tuple[Any, ...]) -> None:
        if event == "sqlite3.connect/handle" and isinstance(given[0], sqlite3.Connection):
            given[0].set_trace_callback(self._traced)
        elif event in ON_DISK and self._is_ours(given[0]):
            self._reached(f"{event} {Path(given[0]).name}")
        elif event == "open" and self._is_ours(given[0]) and given[2] & (os.O_WRONLY | os.O_CREAT):
            self._reached(f"write {Path(given[0]).name}")

    def _traced(self, sql: str) -> None:
        if sql.lstrip().lower().startswith("commit"):
            self._reached("SQLite: commit")

    def _is_ours(self, path: object) -> bool:
        return isinstance(path, str | os.PathLike) and os.fspath(path).startswith(str(self.home))

    def _reached(self, what: str) -> None:
        self.count += 1
        self.done.append(what)
        if self.count == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


def run_task(settings: Settings, task: Task) -> str | None:
    """What the assets of a task do, without Dagster; why it failed, or None."""
    home, dataset, when = TinyHome(settings), task.dataset, task.refresh
    try:
        _STEPS[task.stage](home, dataset, when)
    except FjoError as error:
        return str(error)
    return None


def _split(home: TinyHome, dataset: str, when: str) -> None:
    take_deposit(home.provider, dataset, when)
    split_deposit(home.provider, dataset, when)
    check_split(home.provider, dataset, when)
    send_files(home.provider, dataset, when)


def _link(home: TinyHome, dataset: str, when: str) -> None:
    receive_file_1(home.ttp, dataset, when)
    link(home.ttp, dataset, when)
    make_linkage_report(home.ttp, dataset, when)
    make_file_3(home.ttp, dataset, when)
    check_file_3(home.ttp, dataset, when)
    send_file_3(home.ttp, dataset, when)


def _register(home: TinyHome, dataset: str, when: str) -> None:
    make_history(home.ttp, when)
    check_made_history(home.ttp, when)
    send_history(home.ttp, when)


def _curate(home: TinyHome, dataset: str, when: str) -> None:
    if home.databank.contract(dataset).register_:
        receive_register(home.databank, dataset, when)
        curate_received_register(home.databank, dataset, when)
    else:
        receive(home.databank, dataset, when)
        curate(home.databank, dataset, when)
        renew_differences(home.databank, dataset)


_STEPS: dict[str, Callable[[TinyHome, str, str], object]] = {
    "split": _split,
    "link": _link,
    "register": _register,
    "curate": _curate,
    "differences": lambda home, dataset, when: renew_differences(home.databank, dataset),
    "quality": lambda home, dataset, when: take_linkage_report(home.databank, dataset, when),
    "receipt": lambda home, dataset, when: take_receipt(home.provider, dataset, when),
    "release": lambda home, dataset, when: release(home.databank),
    "pages": lambda home, dataset, when: make_quality_pages(home.databank),
    "extract": lambda home, dataset, when: make_extract(home.databank, when, date.today()),
}
BACKFILL = ("split", "link", "curate", "differences", "quality", "receipt")


def refresh_whole(settings: Settings) -> list[str]:
    """`fjo refresh` as it is, but for Dagster and dbt; returns its failures in words."""
    from fjo_pipeline import materialising

    materialising.materialise = run_task
    return refresh(settings, Wanted(), lambda said: None).failures


def backfill(settings: Settings, dataset: str, refreshes: tuple[str, ...]) -> list[str]:
    """Every stage of every refresh again, whether due or not, and then what is due."""
    tasks = [Task(stage, dataset, when) for when in refreshes for stage in BACKFILL]
    failed = [why for task in tasks if (why := run_task(settings, task))]
    return failed + refresh_whole(settings)


@dataclass(frozen=True)
class Outcome:
    """How a forked process ended: its exit code (-9 where it was killed), and what it gave back."""

    code: int
    gave: Any


def forked(work: Callable[..., Any], *given: Any) -> Outcome:
    """Run a function of a module in a process of its own, forked from where everything is imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    receiving, sending = context.Pipe(duplex=False)
    process: ForkServerProcess = context.Process(target=_child, args=(sending, work, given))
    process.start()
    sending.close()
    try:
        gave = receiving.recv() if receiving.poll(PATIENCE) else None
    except EOFError:
        gave = None
    process.join(PATIENCE)
    if process.exitcode is None:
        process.kill()
        process.join()
    return Outcome(process.exitcode if process.exitcode is not None else 1, gave)


def _child(sending: Any, work: Callable[..., Any], given: tuple[Any, ...]) -> None:
    os.umask(0o077)
    sending.send(work(*given))


def watched(settings: Settings, last: int | None, work: Callable[..., list[str]], *given: Any) -> list[str]:
    """Do the work until its n-th boundary, or to its end; returns every boundary it came to, for who counts them."""
    boundaries = Boundaries(settings.home, last)
    boundaries.watch()
    failed = work(settings, *given)
    assert failed == [], failed
    return boundaries.done


def what_it_holds(settings: Settings) -> Contents:
    """The contents, for a process of its own: the one that forks must open nothing."""
    return contents(settings)
