"""The audit logs of all zones: every entry altered, taken out, moved, put in by hand; the log cut and put back."""

import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.torture import Attack
from fjo_pipeline.core.ledger import Ledger, ledger_path, open_ledger
from fjo_pipeline.core.settings import ZONES, Settings
from tests.deposit_builder import write_contracts
from tests.keyrings import home_settings, make_keyrings

PROMISE = "nobody changes what was entered of anything unseen"
SHOWN_BY = "tests/unit/test_audit.py, tests/unit/test_ledger.py"
COLUMNS = ("at", "who", "account", "kind", "name", "step", "why", "detail", "key_version", "digest")
REFRESHES = 12
Change = tuple[str, ...]
"""SQL statements, in which `{number}` is the entry's number and `{next}` the one after it."""
ATTACKS: dict[str, tuple[Change, ...]] = {
    "one column of one entry altered": tuple(
        (f"update audit set {column} = '7' || {column} where number = {{number}}",) for column in COLUMNS
    ),
    "one entry taken out": (("delete from audit where number = {number}",),),
    "all entries from one on cut off": (("delete from audit where number >= {number}",),),
    "two entries in each other's place": (
        (
            "update audit set number = 9999 where number = {number}",
            "update audit set number = {number} where number = {next}",
            "update audit set number = {next} where number = 9999",
        ),
    ),
    "an entry copied to the end by hand": (
        (
            "insert into audit select (select max(number) from audit) + 1, at, who, account, kind, name, step, why, "
            "detail, key_version, digest from audit where number = {number}",
        ),
    ),
    "one entry of the ledger altered or taken out": (
        ("update entry set sequence = sequence + 1 where rowid = {number}",),
        ("delete from entry where rowid = {number}",),
    ),
}


def attacks() -> list[Attack]:
    """Every single change to every entry of each zone's log and ledger, each on a log that was whole before."""
    with tempfile.TemporaryDirectory() as scratch:
        settings = home_settings(Path(scratch) / "home", write_contracts(Path(scratch) / "contracts"))
        make_keyrings(settings)
        for zone in ZONES:
            _fill(open_ledger(settings, zone))
        found = [Attack(PROMISE, name, *_tried(settings, changes), SHOWN_BY) for name, changes in ATTACKS.items()]
        return [*found, Attack(PROMISE, "a whole log put back to an earlier one", *_put_back(settings), SHOWN_BY)]


def _fill(ledger: Ledger) -> None:
    for number in range(REFRESHES):
        ledger.record("deposit", "tiny", f"202401{number + 10}", "accepted", f"digest {number}", sequence=number)
        ledger.log.add("key", "tiny", "shown", "it was asked for")


def _tried(settings: Settings, changes: Sequence[Change]) -> tuple[int, int]:
    """How many changes were tried over all zones and entries, and after how many the log was found not to be whole."""
    tried = held = 0
    for zone in ZONES:
        ledger, path = open_ledger(settings, zone), ledger_path(settings, zone)
        whole = path.read_bytes()
        assert ledger.verify() == []
        of_ledger = "entry set" in changes[0][0] or "from entry" in changes[0][0]
        for change in changes:
            for number in range(1, len(ledger.entries() if of_ledger else ledger.log.entries()) + 1):
                _meddle(path, change, number)
                tried, held = tried + 1, held + bool(ledger.verify())
                path.write_bytes(whole)
    return tried, held


def _meddle(path: Path, change: Change, number: int) -> None:
    """What somebody does who may write to the file: takes the guards off, changes it, and puts them back."""
    with sqlite3.connect(path) as file:
        guards = file.execute("select name, sql from sqlite_master where type = 'trigger'").fetchall()
        for name, _ in guards:
            file.execute(f"drop trigger {name}")
        entries = file.execute("select count(*) from audit").fetchone()[0]
        for statement in change:
            # The last is swapped with the first.
            file.execute(statement.format(number=number, next=number % entries + 1))
        for _, guard in guards:
            file.execute(guard)
    file.close()


def _put_back(settings: Settings) -> tuple[int, int]:
    """The whole file of each earlier moment put back, which only who noted a later head can find."""
    tried = held = 0
    for zone in ZONES:
        ledger, path = open_ledger(settings, zone), ledger_path(settings, zone)
        moments = []
        for number in range(REFRESHES):
            moments.append(path.read_bytes())
            ledger.record("deposit", "tiny", f"202402{number + 10}", "accepted", "later")
        head = str(ledger.log.head())
        for moment in moments:
            path.write_bytes(moment)
            tried, held = tried + 1, held + bool(ledger.verify(head))
    return tried, held
