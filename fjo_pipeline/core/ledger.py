"""A zone's ledger: which deposits and transfers it has taken, refused and sent, in SQLite.

It holds digests, dates and counts, never a value of a row; what is due is decided from it without Dagster. It is the
present state alone: each change of it is an entry of the zone's audit log, in the same file and transaction.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fjo_pipeline.core.audit import SCHEMA as AUDIT_SCHEMA
from fjo_pipeline.core.audit import AuditLog
from fjo_pipeline.core.keyring import Keyring, open_keyring
from fjo_pipeline.core.settings import Settings, Zone
from fjo_pipeline.core.sqlite_files import one_transaction_on

State = Literal[
    "landed", "accepted", "quarantined", "split", "sealed", "sent", "received", "refused", "consumed", "built",
    "released", "provided", "destroyed",
]  # fmt: skip
Thing = tuple[str, str, str, str]
"""Kind, dataset, refresh and state: what an entry is about."""

SCHEMA = """
create table if not exists entry (
    kind text not null, dataset text not null, refresh text not null,
    state text not null, digest text not null, sequence integer not null default 0, detail text not null default '{}',
    primary key (kind, dataset, refresh, state)
);
"""
COLUMNS = ("kind", "dataset", "refresh", "state")
BEGUN, FORGOTTEN = "begun", "forgotten"
PIPELINE = "a step of the pipeline"


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

    @property
    def thing(self) -> Thing:
        """What the entry is about."""
        return (self.kind, self.dataset, self.refresh, self.state)


class Ledger:
    """The ledger of one zone; every call is one transaction, and each change an entry of its `log`."""

    def __init__(self, path: Path, keyring: Callable[[], Keyring]) -> None:
        self._path, self._keyring = path, keyring
        self.log = AuditLog(path, keyring)

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
        why: str = PIPELINE,
        by: str | None = None,
        each_time: bool = False,
    ) -> None:
        """Set the last entry of a thing in a state; recording the same again changes nothing, the log neither.

        With `each_time` the log says every time that it was done. KeyMissing without the keyring: what cannot be
        entered into the log does not happen.
        """
        # As it will be read again: tuples are lists there.
        known = json.loads(json.dumps(detail or {}))
        entry = Entry(kind, dataset, refresh, state, digest, sequence, known)
        with self._changing() as connection:
            if each_time or entry not in _entries(connection, dict(zip(COLUMNS, entry.thing, strict=True))):
                connection.execute(
                    "insert or replace into entry values (?, ?, ?, ?, ?, ?, ?)",
                    (*entry.thing, digest, sequence, json.dumps(entry.detail, sort_keys=True)),
                )
                self._enter(connection, entry, why, by)

    def forget(self, kind: str, dataset: str, refresh: str, state: State) -> None:
        """Remove an entry, for example a refusal after a mended deposit of the same date was taken."""
        thing = (kind, dataset, refresh, state)
        with self._changing() as connection:
            gone = connection.execute(
                "delete from entry where kind = ? and dataset = ? and refresh = ? and state = ?", thing
            )
            if gone.rowcount:
                about = {"dataset": dataset, "refresh": refresh, FORGOTTEN: state}
                name = f"{dataset}/{refresh}"
                self.log.add_within(connection, kind, name, FORGOTTEN, "it stands no longer", detail=about)

    def last(self, kind: str, dataset: str, refresh: str, state: State) -> Entry | None:
        """The last entry of a thing in a state, or None."""
        found = self.entries(kind=kind, dataset=dataset, refresh=refresh, state=state)
        return found[0] if found else None

    def entries(self, **wanted: str) -> list[Entry]:
        """The entries whose columns have the wanted values, in a fixed order."""
        if not self._path.exists():
            return []
        assert set(wanted) <= set(COLUMNS)
        with one_transaction_on(self._path, SCHEMA) as connection:
            return _entries(connection, wanted)

    def next_sequence(self, kind: str, dataset: str) -> int:
        """The number of the next transfer of a kind and dataset: one above every one sent before."""
        sent = [entry.sequence for entry in self.entries(kind=kind, dataset=dataset, state="sent")]
        return max(sent, default=0) + 1

    def verify(self, *known_heads: str | None) -> list[str]:
        """What is wrong with the zone's log, and where the ledger is not what the log says that it became, in words."""
        problems = self.log.verify(*known_heads)
        if problems:
            # A log that is not whole says nothing of the ledger that could be relied on.
            return problems
        begun, said = self._as_the_log_says()
        if not begun:
            return []
        standing = {entry.thing: entry for entry in self.entries()}
        return [
            f"the ledger's entry '{kind} {dataset}/{refresh} {state}' was altered, removed or put in by hand: "
            "the log says otherwise"
            for kind, dataset, refresh, state in sorted(said.keys() | standing.keys())
            if said.get((kind, dataset, refresh, state)) != standing.get((kind, dataset, refresh, state))
        ]

    def _as_the_log_says(self) -> tuple[bool, dict[Thing, Entry]]:
        """Whether the log has the ledger's changes, and the ledger that they make."""
        begun, said = False, dict[Thing, Entry]()
        for each in self.log.entries():
            begun = begun or each.step == BEGUN
            if each.detail.keys() == {"dataset", "refresh", "digest", "sequence", "detail"}:
                entry = Entry(kind=each.kind, state=each.step, **each.detail)  # type: ignore[arg-type]
                said[entry.thing] = entry
            elif each.step == FORGOTTEN:
                gone = each.detail
                said.pop((each.kind, gone["dataset"], gone["refresh"], gone[FORGOTTEN]), None)
        return begun, said

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with one_transaction_on(self._path, SCHEMA + AUDIT_SCHEMA) as connection:
            if not connection.execute("select 1 from audit where kind = 'ledger' and step = ?", (BEGUN,)).fetchone():
                self._begin(connection)
            yield connection

    def _begin(self, connection: sqlite3.Connection) -> None:
        """Enter once that the log follows the ledger from here, and what an earlier version left in it."""
        why = "from here on each change of the ledger is entered"
        self.log.add_within(connection, "ledger", self._keyring().zone, BEGUN, why)
        for entry in _entries(connection, {}):
            self._enter(connection, entry, "noted by an earlier version, which had no log of it", None)

    def _enter(self, connection: sqlite3.Connection, entry: Entry, why: str, by: str | None) -> None:
        detail = {
            "dataset": entry.dataset, "refresh": entry.refresh, "digest": entry.digest, "sequence": entry.sequence,
            "detail": entry.detail,
        }  # fmt: skip
        name = f"{entry.dataset}/{entry.refresh}"
        self.log.add_within(connection, entry.kind, name, entry.state, why, by=by, detail=detail)


def _entries(connection: sqlite3.Connection, wanted: dict[str, str]) -> list[Entry]:
    condition = " and ".join(f"{column} = ?" for column in wanted) or "true"
    rows = connection.execute(
        f"select kind, dataset, refresh, state, digest, sequence, detail from entry where {condition} "
        "order by kind, dataset, refresh, state",
        tuple(wanted.values()),
    ).fetchall()
    return [Entry(*row[:6], detail=json.loads(row[6])) for row in rows]  # type: ignore[misc]


def ledger_path(settings: Settings, zone: Zone) -> Path:
    """The file of a zone's ledger, which holds its pins and audit log too."""
    return settings.zone(zone) / "ledger.sqlite"


def open_ledger(settings: Settings, zone: Zone) -> Ledger:
    """The ledger of a zone of this home; its keyring is opened where something is entered."""
    return Ledger(ledger_path(settings, zone), lambda: open_keyring(settings, zone))
