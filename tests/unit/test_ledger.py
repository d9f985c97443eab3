"""The ledger: the last state of each thing, kept over processes, and sequence numbers that only go up."""

import sqlite3
from pathlib import Path

import pytest

from fjo_pipeline.core.errors import KeyMissing
from fjo_pipeline.core.keyring import Keyring
from fjo_pipeline.core.ledger import SCHEMA, Ledger, open_ledger
from fjo_pipeline.core.settings import Settings
from tests.keyrings import Keyrings


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring.create("provider", tmp_path / "keyring.json")


@pytest.fixture
def ledger(tmp_path: Path, keyring: Keyring) -> Ledger:
    return Ledger(tmp_path / "ledger.sqlite", lambda: keyring)


def test_nothing_is_known_of_a_home_without_a_ledger(ledger: Ledger, tmp_path: Path) -> None:
    assert ledger.last("file_1", "tiny", "20240111", "sent") is None
    assert ledger.next_sequence("file_1", "tiny") == 1
    assert not (tmp_path / "ledger.sqlite").exists()


def test_the_last_entry_of_a_state_counts(ledger: Ledger, tmp_path: Path, keyring: Keyring) -> None:
    ledger.record("file_1", "tiny", "20240111", "sent", "aa", sequence=1, detail={"rows": 3})
    ledger.record("file_1", "tiny", "20240111", "received", "bb", sequence=1)
    ledger.record("file_1", "tiny", "20240111", "sent", "cc", sequence=2, detail={"rows": 4})
    again = Ledger(tmp_path / "ledger.sqlite", lambda: keyring)
    last = again.last("file_1", "tiny", "20240111", "sent")
    assert last is not None
    assert (last.digest, last.sequence, last.detail) == ("cc", 2, {"rows": 4})
    assert len(again.entries()) == 2


def test_entries_come_in_a_fixed_order_and_by_what_is_wanted(ledger: Ledger) -> None:
    for refresh in ("20240301", "20230101", "20240111"):
        ledger.record("deposit", "tiny", refresh, "accepted", refresh)
    ledger.record("deposit", "other", "20240111", "accepted", "x")
    assert [entry.refresh for entry in ledger.entries(dataset="tiny")] == ["20230101", "20240111", "20240301"]
    assert [entry.dataset for entry in ledger.entries(refresh="20240111")] == ["other", "tiny"]
    with pytest.raises(AssertionError):
        ledger.entries(digest="x")


def test_what_is_forgotten_is_gone_and_nothing_else(ledger: Ledger) -> None:
    ledger.record("deposit", "tiny", "20240111", "quarantined", "aa")
    ledger.record("deposit", "tiny", "20240111", "accepted", "bb")
    ledger.forget("deposit", "tiny", "20240111", "quarantined")
    ledger.forget("deposit", "tiny", "20240111", "quarantined")
    assert [entry.state for entry in ledger.entries()] == ["accepted"]


def test_sequences_go_up_over_the_refreshes_of_a_kind_and_dataset(ledger: Ledger) -> None:
    ledger.record("file_1", "tiny", "20240111", "sent", "aa", sequence=4)
    ledger.record("file_1", "tiny", "20230101", "sent", "bb", sequence=2)
    ledger.record("file_1", "other", "20240111", "sent", "cc", sequence=9)
    ledger.record("file_1", "tiny", "20240111", "received", "dd", sequence=12)
    assert ledger.next_sequence("file_1", "tiny") == 5
    assert ledger.next_sequence("file_2", "tiny") == 1


def test_each_zone_has_a_ledger_of_its_own(settings: Settings, keyrings: Keyrings) -> None:
    open_ledger(settings, "provider").record("deposit", "tiny", "20240111", "accepted", "aa")
    assert open_ledger(settings, "ttp").entries() == []
    assert len(open_ledger(settings, "provider").entries()) == 1


def test_each_change_is_an_entry_of_the_log_and_what_changes_nothing_is_none(ledger: Ledger) -> None:
    ledger.record("file_1", "tiny", "20240111", "sent", "aa", sequence=1, detail={"rows": {"people": 3}})
    ledger.record("file_1", "tiny", "20240111", "sent", "aa", sequence=1, detail={"rows": {"people": 3}})
    ledger.record("file_1", "tiny", "20240111", "sent", "bb", sequence=2, why="asked for", by="A Keeper")
    ledger.forget("file_1", "tiny", "20240111", "sent")
    ledger.forget("file_1", "tiny", "20240111", "sent")
    ledger.record("export", "csv", "7001", "provided", "5", each_time=True)
    ledger.record("export", "csv", "7001", "provided", "5", each_time=True)
    said = [(each.kind, each.name, each.step) for each in ledger.log.entries()]
    file_1, export = ("file_1", "tiny/20240111"), ("export", "csv/7001", "provided")
    assert said == [
        ("ledger", "provider", "begun"), (*file_1, "sent"), (*file_1, "sent"), (*file_1, "forgotten"), export, export
    ]  # fmt: skip
    assert (ledger.log.entries()[2].who, ledger.log.entries()[2].why) == ("A Keeper", "asked for")
    assert ledger.verify() == []


def test_what_cannot_be_entered_into_the_log_does_not_happen(tmp_path: Path, keyring: Keyring) -> None:
    Ledger(tmp_path / "ledger.sqlite", lambda: keyring).record("deposit", "tiny", "20240111", "accepted", "aa")
    locked = Ledger(tmp_path / "ledger.sqlite", no_keyring)
    with pytest.raises(KeyMissing):
        locked.record("deposit", "tiny", "20240111", "accepted", "bb")
    with pytest.raises(KeyMissing):
        locked.forget("deposit", "tiny", "20240111", "accepted")
    assert [entry.digest for entry in locked.entries()] == ["aa"]


def no_keyring() -> Keyring:
    raise KeyMissing("the keyring is not there")


@pytest.mark.parametrize(
    "statement",
    [
        "update entry set sequence = 1 where state = 'received'",
        "update entry set digest = 'other' where state = 'accepted'",
        "delete from entry where state = 'received'",
        "insert into entry values ('file_1', 'tiny', '20250101', 'received', 'aa', 9, '{}')",
    ],
)
def test_a_ledger_that_was_changed_by_hand_is_told(statement: str, ledger: Ledger, tmp_path: Path) -> None:
    ledger.record("deposit", "tiny", "20240111", "accepted", "aa")
    ledger.record("file_1", "tiny", "20240111", "received", "bb", sequence=7)
    with sqlite3.connect(tmp_path / "ledger.sqlite") as file:
        file.execute(statement)
    file.close()
    (problem,) = ledger.verify()
    assert "was altered, removed or put in by hand: the log says otherwise" in problem


def test_what_an_earlier_version_noted_is_entered_once(ledger: Ledger, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "ledger.sqlite") as file:
        file.executescript(SCHEMA)
        file.execute("insert into entry values ('file_1', 'tiny', '20230101', 'received', 'aa', 4, '{}')")
    file.close()
    assert ledger.verify() == []
    ledger.record("deposit", "tiny", "20240111", "accepted", "bb")
    assert ledger.verify() == []
    assert [each.step for each in ledger.log.entries()] == ["begun", "received", "accepted"]
    with sqlite3.connect(tmp_path / "ledger.sqlite") as file:
        file.execute("insert into entry values ('file_1', 'tiny', '20230102', 'received', 'aa', 4, '{}')")
    file.close()
    ledger.record("deposit", "tiny", "20240112", "accepted", "bb")
    assert len(ledger.verify()) == 1
