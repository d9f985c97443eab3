"""A zone's ledger: which deposits and transfers it has taken, refused and sent, in SQLite.

It holds digests, dates and counts, never a value of a row; what is due is decided from it without Dagster.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fjo_pipeline.core.settings import Settings, Zone

State = Literal["accepted", "sent", "received", "consumed", "quarantined", "built", "released", "provided", "destroyed"]

SCHEMA = """
create table if not exists entry (
    kind text not null, dataset text not null, refresh text not null,
    state text not null, digest text not null, sequence integer not null default 0, detail text not null default '{}',
    primary key (kind, dataset, refresh, state)
);
"""


@dataclass(frozen=True)
class Entry:
    """The last that happened to one thing: a deposit, a transfer, a release."""

    kind: str
    dataset: str
    refresh: str
    state: State
    digest: str
    sequence: int
    detail: dict[str, Any]


class Ledger:
    """The ledger of one zone; every call is one transaction."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def record(
        self,
        kind: str,
        dataset: str,
        refresh: str,
        state: State,
        digest: str,
        *,
        sequence: int = 0,
        detail: dict[str, Any] | None = None,
    ) -> None:
        """Set the last entry of a thing in a state; recording the same again changes nothing."""
        with self._connect() as connection:
            connection.execute(
                "insert or replace into entry values (?, ?, ?, ?, ?, ?, ?)",
                (kind, dataset, refresh, state, digest, sequence, json.dumps(detail or {}, sort_keys=True)),
            )

    def forget(self, kind: str, dataset: str, refresh: str, state: State) -> None:
        """Remove an entry, for example a refusal after a mended deposit of the same date was taken."""
        with self._connect() as connection:
            connection.execute(
                "delete from entry where kind = ? and dataset = ? and refresh = ? and state = ?",
                (kind, dataset, refresh, state),
            )

    def last(self, kind: str, dataset: str, refresh: str, state: State) -> Entry | None:
        """The last entry of a thing in a state, or None."""
        found = self.entries(kind=kind, dataset=dataset, refresh=refresh, state=state)
        return found[0] if found else None

    def entries(self, **wanted: str) -> list[Entry]:
        """The entries whose columns have the wanted values, in a fixed order."""
        if not self._path.exists():
            return []
        assert set(wanted) <= {"kind", "dataset", "refresh", "state"}
        condition = " and ".join(f"{column} = ?" for column in wanted) or "true"
        with self._connect() as connection:
            rows = connection.execute(
                f"select kind, dataset, refresh, state, digest, sequence, detail from entry where {condition} "
                "order by kind, dataset, refresh, state",
                tuple(wanted.values()),
            ).fetchall()
        return [Entry(*row[:6], detail=json.loads(row[6])) for row in rows]  # type: ignore[misc]

    def next_sequence(self, kind: str, dataset: str) -> int:
        """The number of the next transfer of a kind and dataset: one above every one sent before."""
        sent = [entry.sequence for entry in self.entries(kind=kind, dataset=dataset, state="sent")]
        return max(sent, default=0) + 1

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        with one_transaction_on(self._path, SCHEMA) as connection:
            yield connection


@contextmanager
def one_transaction_on(path: Path, schema: str) -> Iterator[sqlite3.Connection]:
    """A SQLite file with this schema, for one transaction that alone writes to it and is whole or not at all."""
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
    try:
        connection.executescript(schema)
        connection.execute("begin immediate")
        try:
            yield connection
        except BaseException:
            connection.execute("rollback")
            raise
        connection.execute("commit")
    finally:
        connection.close()


def ledger_path(settings: Settings, zone: Zone) -> Path:
    """The file of a zone's ledger, which holds its pins and audit log too."""
    return settings.zone(zone) / "ledger.sqlite"


def open_ledger(settings: Settings, zone: Zone) -> Ledger:
    """The ledger of a zone of this home."""
    return Ledger(ledger_path(settings, zone))
