"""The audit log: only added to, each entry covering the one before: nothing is altered, gone or moved unseen."""

import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from fjo_pipeline.core.audit import AuditLog, account_name
from fjo_pipeline.core.errors import KeyMissing
from fjo_pipeline.core.keyring import Keyring

NOON = datetime(2026, 11, 22, 13, 0, tzinfo=timezone(timedelta(hours=1)))


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    """A log with four entries."""
    keyring = Keyring.create("databank", tmp_path / "keyring.json")
    log = AuditLog(tmp_path / "ledger.sqlite", lambda: keyring, clock=lambda: NOON)
    for number in ("7001", "7002"):
        log.add("project", number, "requested", "to be tested")
        log.add("project", number, "approved", "it is good", by="A Panel", detail={"reference": "P"})
    return log


def meddle(tmp_path: Path, *statements: str) -> None:
    """What somebody could do who can write to the file, and has taken its guards off."""
    with sqlite3.connect(tmp_path / "ledger.sqlite") as file:
        guards = file.execute("select name, sql from sqlite_master where type = 'trigger'").fetchall()
        for name, _ in guards:
            file.execute(f"drop trigger {name}")
        for statement in statements:
            file.execute(statement)
        for _, guard in guards:
            file.execute(guard)
    file.close()


def test_an_entry_says_who_when_what_and_why(log: AuditLog) -> None:
    first, second = log.entries("project", "7001")
    assert (first.who, first.account, first.step, first.why) == (
        account_name(), account_name(), "requested", "to be tested",
    )  # fmt: skip
    assert (second.who, second.account, second.detail) == ("A Panel", account_name(), {"reference": "P"})
    assert second.at == NOON.astimezone(UTC).isoformat() == "2026-11-22T12:00:00+00:00"
    assert [each.number for each in log.entries()] == [1, 2, 3, 4]
    assert log.verify() == []


@pytest.mark.parametrize("statement", ["update audit set why = 'other'", "delete from audit where number = 4"])
def test_entries_are_neither_altered_nor_removed(log: AuditLog, tmp_path: Path, statement: str) -> None:
    file = sqlite3.connect(tmp_path / "ledger.sqlite")
    with pytest.raises(sqlite3.IntegrityError, match="only added to"):
        file.execute(statement)
    file.close()
    assert log.verify() == []


SWAP = (
    "update audit set number = 99 where number = 2",
    "update audit set number = 2 where number = 3",
    "update audit set number = 3 where number = 99",
)
MEDDLED: dict[str, tuple[tuple[str, ...], list[str]]] = {
    "a reason": (("update audit set why = 'other' where number = 2",), ["entry 2 was altered"]),
    "who it was": (("update audit set who = 'nobody' where number = 1",), ["entry 1 was altered"]),
    "a detail": (("update audit set detail = '{}' where number = 4",), ["entry 4 was altered"]),
    "one taken from the middle": (("delete from audit where number = 2",), ["entry 2 is missing"]),
    "the first two": (("delete from audit where number <= 2",), ["entries 1 to 2 are missing"]),
    "a detail that is none": (("update audit set detail = '7' where number = 4",), ["entry 4 was altered"]),
    "a key's version": (
        ("update audit set key_version = 7 where number = 4",),
        ["entry 4 names a key that is not held: it was altered, or the keyring is an older one"],
    ),
    "the last": (("delete from audit where number = 4",), ["entry 4 is missing"]),
    "all": (("delete from audit",), ["entries 1 to 4 are missing"]),
    "two in each other's place": (SWAP, ["entry 2 was altered", "entry 3 was altered", "entry 4 was altered"]),
    "one put in": (
        ("insert into audit select 5, at, who, account, kind, name, step, why, detail, key_version, digest from audit "
         "where number = 4",),
        ["entry 5 was altered"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MEDDLED)
def test_what_was_meddled_with_is_named(name: str, log: AuditLog, tmp_path: Path) -> None:
    statements, expected = MEDDLED[name]
    meddle(tmp_path, *statements)
    assert [
        each.removesuffix(", put in by hand, or stands in another one's place") for each in log.verify()
    ] == expected


def test_a_log_without_its_guards_is_told(log: AuditLog, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "ledger.sqlite") as file:
        file.execute("drop trigger audit_is_not_altered")
    file.close()
    assert log.verify() == ["the guards against altering and removing entries were taken off the log"]


def test_a_chain_made_without_the_keyring_is_not_taken_for_the_zones_own(log: AuditLog, tmp_path: Path) -> None:
    others = Keyring.create("databank", tmp_path / "other.json")
    forged = AuditLog(tmp_path / "ledger.sqlite", lambda: others)
    meddle(tmp_path, "delete from audit")
    forged.add("project", "7001", "approved", "it is good")
    assert any("altered" in each or "missing" in each for each in log.verify())


def test_a_log_put_back_is_noticed_by_whoever_noted_its_head(log: AuditLog, tmp_path: Path) -> None:
    meddle(tmp_path)
    old = (tmp_path / "ledger.sqlite").read_bytes()
    log.add("project", "7002", "destroyed", "its time is over")
    head = str(log.head())
    assert head.startswith("5:")
    assert log.verify(head) == []
    (tmp_path / "ledger.sqlite").write_bytes(old)
    assert log.verify() == []
    assert log.verify(head) == [
        f"the entry {head} that was noted is not there: the log was cut, or an old one put back"
    ]


def no_keyring() -> Keyring:
    raise KeyMissing("the keyring is not there")


def test_a_step_that_cannot_be_entered_is_not_taken(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "ledger.sqlite", no_keyring)
    with pytest.raises(KeyMissing):
        log.add("project", "7001", "approved", "it is good")
    assert log.entries() == []
    assert (log.head().number, log.verify()) == (0, [])


def test_nothing_was_done_where_there_is_no_log(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "none.sqlite", no_keyring)
    assert (log.entries(), log.head().number, log.verify()) == ([], 0, [])
    assert log.verify("3:abc") == ["there is no audit log"]
