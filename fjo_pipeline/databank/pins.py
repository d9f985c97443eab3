"""Pins: which snapshot of the store each extract of each project was made from, and can be made from again.

They are rows and nothing else: a pin keeps the files that its snapshot holds from being expired, and copies none.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fjo_pipeline.core.sqlite_files import one_transaction_on

SCHEMA = """
create table if not exists pin (
    project text not null, serial integer not null, snapshot integer not null, primary key (project, serial)
);
"""
BEING_MADE = 0
"""The serial of the extract of a project that is being made: it holds its snapshot as the others do."""


@dataclass(frozen=True)
class Pins:
    """The pins of a databank, in the file of its ledger."""

    path: Path

    def keep(self, project: str, serial: int, snapshot: int) -> None:
        """Pin a project's extract to a snapshot."""
        with one_transaction_on(self.path, SCHEMA) as pins:
            pins.execute("insert or replace into pin values (?, ?, ?)", (project, serial, snapshot))

    @contextmanager
    def holding(self, project: str, snapshot: int) -> Iterator[None]:
        """Hold a snapshot while an extract is being made of it; what a killed step left is replaced by the next."""
        self.keep(project, BEING_MADE, snapshot)
        try:
            yield
        finally:
            with one_transaction_on(self.path, SCHEMA) as pins:
                pins.execute("delete from pin where project = ? and serial = ?", (project, BEING_MADE))

    def snapshot(self, project: str, serial: int) -> int | None:
        """The snapshot to which an extract is pinned; None where it is not."""
        with one_transaction_on(self.path, SCHEMA) as pins:
            found = pins.execute("select snapshot from pin where project = ? and serial = ?", (project, serial))
            row = found.fetchone()
        return int(row[0]) if row else None

    def move(self, old: int, new: int) -> int:
        """Pin to another snapshot what is pinned to one: for who writes history anew. Returns how many pins moved."""
        with one_transaction_on(self.path, SCHEMA) as pins:
            return pins.execute("update pin set snapshot = ? where snapshot = ?", (new, old)).rowcount

    def drop(self, project: str) -> None:
        """Let go of everything that a project's extracts held."""
        with one_transaction_on(self.path, SCHEMA) as pins:
            pins.execute("delete from pin where project = ?", (project,))

    def by_project(self) -> dict[str, set[int]]:
        """The pinned snapshots of each project."""
        with one_transaction_on(self.path, SCHEMA) as pins:
            rows = pins.execute("select project, snapshot from pin").fetchall()
        found: dict[str, set[int]] = {}
        for project, snapshot in rows:
            found.setdefault(project, set()).add(int(snapshot))
        return found
