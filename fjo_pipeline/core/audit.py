"""A zone's audit log: who did what, when and why; entries are added, never altered, and each covers the one before.

It holds names of people who act, never a value of a row. Each entry's digest is keyed, so that whoever can write to the
file but does not hold the zone's keyring cannot make a chain of their own. What changes the ledger is entered by the
ledger itself, in the same transaction; steps that it does not know are entered by `add`.
"""

import hashlib
import hmac
import json
import os
import pwd
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.keyring import Keyring
from fjo_pipeline.core.sqlite_files import one_transaction_on

SCHEMA = """
create table if not exists audit (
    number integer primary key autoincrement, at text not null, who text not null, account text not null,
    kind text not null, name text not null, step text not null, why text not null, detail text not null,
    key_version integer not null, digest text not null
);
create trigger if not exists audit_is_not_altered before update on audit
begin select raise(abort, 'the audit log is only added to'); end;
create trigger if not exists audit_is_not_removed before delete on audit
begin select raise(abort, 'the audit log is only added to'); end;
"""
# AUTOINCREMENT keeps the greatest number that there ever was, so that entries missing at the end are noticed.
COLUMNS = "number, at, who, account, kind, name, step, why, detail, key_version"
BEGINNING = "0" * 64


@dataclass(frozen=True)
class AuditEntry:
    """One step: at what time (UTC) who took it, under which account of the machine, with which thing, and why."""

    number: int
    at: str
    who: str
    account: str
    kind: str
    name: str
    step: str
    why: str
    detail: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.kind} {self.name} {self.step}: {self.why}"


@dataclass(frozen=True)
class Head:
    """The last entry's number and digest: who notes it elsewhere will notice a log that was cut or put back."""

    number: int
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest[:16]}"


def _now() -> datetime:
    return datetime.now(UTC)


class AuditLog:
    """The audit log of one zone; every call is one transaction."""

    def __init__(self, path: Path, keyring: Callable[[], Keyring], clock: Callable[[], datetime] = _now) -> None:
        self._path, self._keyring, self._clock = path, keyring, clock

    def add(
        self, kind: str, name: str, step: str, why: str, *, by: str | None = None, detail: dict[str, Any] | None = None
    ) -> None:
        """Add a step taken by somebody, or by the account under which this runs; KeyMissing without the keyring."""
        with one_transaction_on(self._path, SCHEMA) as log:
            self.add_within(log, kind, name, step, why, by=by, detail=detail)

    def add_within(
        self,
        log: sqlite3.Connection,
        kind: str,
        name: str,
        step: str,
        why: str,
        *,
        by: str | None = None,
        detail: dict[str, Any] | None = None,
    ) -> None:
        """The same within a transaction on the log's own file, so that entry and what it tells of stand or fall."""
        keyring, account = self._keyring(), account_name()
        last = log.execute("select number, digest from audit order by number desc limit 1").fetchone()
        number, before = (last[0] + 1, last[1]) if last else (1, BEGINNING)
        at = self._clock().astimezone(UTC).isoformat(timespec="seconds")
        text = json.dumps(detail or {}, sort_keys=True)
        row = (number, at, by or account, account, kind, name, step, why, text, keyring.version("signing"))
        marks = ", ".join("?" * (len(row) + 1))
        log.execute(f"insert into audit ({COLUMNS}, digest) values ({marks})", (*row, _digest(keyring, before, row)))

    def entries(self, kind: str | None = None, name: str | None = None) -> list[AuditEntry]:
        """The entries of a kind and a name, in the order in which they were added."""
        wanted = {key: value for key, value in {"kind": kind, "name": name}.items() if value is not None}
        condition = " and ".join(f"{column} = ?" for column in wanted) or "true"
        if not self._path.exists():
            return []
        with one_transaction_on(self._path, SCHEMA) as log:
            found = log.execute(
                f"select {COLUMNS} from audit where {condition} order by number", tuple(wanted.values())
            ).fetchall()
        return [AuditEntry(*row[:8], detail=_detail(row)) for row in found]  # type: ignore[misc]

    def head(self) -> Head:
        """The last entry's number and digest; number 0 where there is none."""
        if not self._path.exists():
            return Head(0, BEGINNING)
        with one_transaction_on(self._path, SCHEMA) as log:
            last = log.execute("select number, digest from audit order by number desc limit 1").fetchone()
        return Head(*last) if last else Head(0, BEGINNING)

    def verify(self, *known_heads: str | None) -> list[str]:
        """Every entry that is altered, missing or in another's place, in words; empty where the log is whole.

        `known_heads` are what `Head` showed at earlier times, noted elsewhere: their entries must still be there.
        """
        wanted = [each for each in known_heads if each]
        none = ["there is no audit log"] if wanted else []
        if not self._path.exists():
            return none
        with _read_only(self._path) as log:
            there = log.execute("select type, count(*) from sqlite_master where tbl_name = 'audit' group by type")
            parts = dict(there.fetchall())
            if "table" not in parts:
                return none
            rows = log.execute(f"select {COLUMNS}, digest from audit order by number").fetchall()
            (most,) = log.execute("select coalesce(max(seq), 0) from sqlite_sequence where name = 'audit'").fetchone()
        guarded = parts.get("trigger") == 2
        problems = [] if guarded else ["the guards against altering and removing entries were taken off the log"]
        problems += _problems(rows, int(most), self._keyring()) if rows or most else []
        there_now = {str(Head(row[0], row[-1])) for row in rows}
        return problems + [
            f"the entry {each} that was noted is not there: the log was cut, or an old one put back"
            for each in wanted
            if each not in there_now
        ]


def account_name() -> str:
    """The account of the machine under which this process runs, by its number: variables can be set by anybody."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def _problems(rows: list[tuple[Any, ...]], most: int, keyring: Keyring) -> Iterator[str]:
    expected, before = 1, BEGINNING
    for *row, digest in rows:
        number = row[0]
        if number > expected:
            yield _missing(expected, number - 1)
        elif not keyring.holds("signing", row[-1]):
            yield f"entry {number} names a key that is not held: it was altered, or the keyring is an older one"
        elif not hmac.compare_digest(str(digest), _digest(keyring, before, tuple(row))):
            yield f"entry {number} was altered, put in by hand, or stands in another one's place"
        expected, before = number + 1, digest
    if most >= expected:
        yield _missing(expected, most)


def _detail(row: tuple[Any, ...]) -> dict[str, Any]:
    try:
        return dict(json.loads(row[8]))
    except (ValueError, TypeError):
        pass
    raise Refused(f"entry {row[0]} of the audit log cannot be read: it was altered; see `fjo audit verify`")


def _missing(first: int, last: int) -> str:
    return f"entry {first} is missing" if first == last else f"entries {first} to {last} are missing"


def _digest(keyring: Keyring, before: str, row: tuple[Any, ...]) -> str:
    key = keyring.subkey("signing", "audit", int(row[-1]))
    return hmac.new(key, f"{before}{json.dumps(row)}".encode(), hashlib.sha256).hexdigest()


def _read_only(path: Path) -> closing[sqlite3.Connection]:
    """The log as it lies: to open it for writing would put its guards back."""
    return closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=60))
