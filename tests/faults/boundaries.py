"""A process that kills itself, -9, at the n-th thing that it does to a home's disk: every boundary there is, exactly.

What counts is each statement of DuckDB that writes to a store or a file, each commit of SQLite, and each file or folder
that is made, renamed or removed. Processes are forked from a server that has imported everything and opened nothing.
"""

import multiprocessing
import os
import re
import signal
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fjo_pipeline.core.sessions import Parameters, Session
from fjo_pipeline.core.settings import Settings

WRITES = re.compile(
    r"(begin|commit|rollback|attach|detach|checkpoint|copy|call)\b"
    r"|(create|insert|update|delete|drop|alter)\b.*\b(ttp|lake|extract)\.",
    re.IGNORECASE | re.DOTALL,
)
ON_DISK = frozenset({"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree"})
PATIENCE = 900.0
NEVER = 0


@dataclass
class Boundaries:
    """Counts what a process does to a home, and kills it before the n-th such thing."""

    home: Path
    last: int
    done: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """From now on; there is no way back in this process."""
        statement, connect = Session._execute, sqlite3.connect

        def counted(session: Session, sql: str, parameters: Parameters, step: str) -> Any:
            if WRITES.match(sql.lstrip()):
                self._reached(f"DuckDB: {step}")
            return statement(session, sql, parameters, step)

        def traced(*given: Any, **options: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*given, **options)
            connection.set_trace_callback(self._told)
            return connection

        Session._execute = counted  # type: ignore[method-assign,assignment]
        sqlite3.connect = traced  # type: ignore[assignment]
        sys.addaudithook(self._heard)

    def _heard(self, event: str, given: tuple[Any, ...]) -> None:
        is_write = event == "open" and bool(given[2] & (os.O_WRONLY | os.O_CREAT))
        if not (event in ON_DISK or is_write) or not isinstance(given[0], str | os.PathLike):
            return
        path = Path(given[0])
        # To make a folder that is there, or a lock, changes nothing.
        if path.is_relative_to(self.home) and path.suffix != ".lock" and not (event == "os.mkdir" and path.exists()):
            self._reached(f"{event} {path.name}")

    def _told(self, sql: str) -> None:
        if sql.lstrip().lower().startswith("commit"):
            self._reached("SQLite: commit")

    def _reached(self, what: str) -> None:
        self.done.append(what)
        if len(self.done) == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Outcome:
    """How a forked process ended: its exit code (-9 where it was killed), and what it gave back."""

    code: int
    gave: Any


Work = Callable[[Settings], list[str]]
"""What is done to a home; returns what failed, in words."""


def watched(settings: Settings, work: Work, last: int = NEVER) -> list[str]:
    """Do the work until its n-th boundary, or to its end; returns every boundary it came to, for who counts them."""
    boundaries = Boundaries(settings.home, last)
    boundaries.watch()
    failed = work(settings)
    assert failed == [], failed
    return boundaries.done


def forked(work: Callable[..., Any], *given: Any) -> Outcome:
    """Run a function of a module in a process of its own, forked from where everything is imported."""
    return beside(work, *given)()


def beside(work: Callable[..., Any], *given: Any) -> Callable[[], Outcome]:
    """The same at once, beside whatever else there is to do; what it returns waits for the end."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.crashing"])
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(sending, work, given))
    process.start()
    sending.close()

    def ended() -> Outcome:
        try:
            gave = receiving.recv() if receiving.poll(PATIENCE) else None
        except EOFError:
            gave = None
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
            process.join()
        return Outcome(process.exitcode if process.exitcode is not None else 1, gave)

    return ended


def _child(sending: Any, work: Callable[..., Any], given: tuple[Any, ...]) -> None:
    os.umask(0o077)
    sending.send(work(*given))
