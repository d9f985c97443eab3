"""The databank's steps: what is due, what is released, and which snapshots stay readable."""

from datetime import date
from pathlib import Path

import pytest

from fjo_pipeline.core.errors import Refused, StatementFailed
from fjo_pipeline.core.transfers import latest
from fjo_pipeline.databank.flow import (
    assert_released,
    due,
    pinned_snapshots,
    query,
    receive,
    release,
    release_due,
    released,
)
from fjo_pipeline.databank.projects.extract import make_extract
from fjo_pipeline.databank.reference import add_reference
from fjo_pipeline.databank.retention import expire_snapshots
from fjo_pipeline.databank.store import current_snapshot
from tests.tiny_home import LATER, REFRESH, TinyHome

DEPRIVATION = "nation,lsoa2011_cd,deprivation_score,deprivation_decile\nWales,W01000001,12.5,3\n"


def add_deprivation(home: TinyHome, folder: Path) -> int:
    path = folder / "deprivation.csv"
    path.write_text(DEPRIVATION)
    return add_reference(home.databank.store, "deprivation_by_lsoa2011", path).rows


def snapshots(home: TinyHome) -> set[int]:
    with home.databank.store.reading() as session:
        return {row[0] for row in session.rows("SELECT snapshot_id FROM lake.snapshots()", step="list")}


def test_a_refresh_is_due_once_both_files_are_there(empty_home: TinyHome) -> None:
    empty_home.land()
    empty_home.at_provider()
    assert list(due(empty_home.databank)) == []
    with pytest.raises(Refused, match=f"no file_3 of tiny/{REFRESH} has arrived"):
        empty_home.at_databank()
    empty_home.at_ttp()
    (found,) = due(empty_home.databank)
    assert (found.dataset, found.refresh) == ("tiny", REFRESH)
    assert not release_due(empty_home.databank)
    assert empty_home.at_databank().changed
    assert list(due(empty_home.databank)) == []
    assert release_due(empty_home.databank)


def test_an_altered_file_is_due_so_that_the_step_says_what_is_wrong(home: TinyHome) -> None:
    folder = latest(home.settings.inbox("databank"), "file_2", "tiny", REFRESH)
    envelope = (folder / "envelope.age").read_bytes()
    (folder / "envelope.age").write_bytes(envelope[:-1] + bytes([envelope[-1] ^ 1]))
    (found,) = due(home.databank)
    assert found.token.startswith("refused-")
    with pytest.raises(Refused, match="not sealed to zone databank, or was altered"):
        receive(home.databank, "tiny", REFRESH)


def test_an_old_transfer_put_back_is_refused(home: TinyHome) -> None:
    current = latest(home.settings.inbox("databank"), "file_3", "tiny", REFRESH)
    home.databank.ledger.record("file_3", "tiny", REFRESH, "received", "newer", sequence=int(current.name) + 5)
    with pytest.raises(Refused, match="an old transfer was put back"):
        receive(home.databank, "tiny", REFRESH)


def test_before_the_first_release_users_read_nothing(empty_home: TinyHome) -> None:
    assert released(empty_home.databank) is None
    with pytest.raises(Refused, match="nothing has been released yet"):
        assert_released(empty_home.databank)
    with pytest.raises(Refused, match="nothing has been released yet"):
        query(empty_home.databank, "SELECT 1")


def test_users_read_what_was_released_and_not_what_came_after(home: TinyHome, tmp_path: Path) -> None:
    assert not release_due(home.databank)
    assert add_deprivation(home, tmp_path) == 1
    assert release_due(home.databank)
    count = "SELECT count(*) AS n FROM SAILREFRV.DEPRIVATION_BY_LSOA2011"
    assert query(home.databank, count).to_pylist() == [{"n": 0}]
    result = release(home.databank)
    assert result == released(home.databank)
    assert result.synthetic
    assert not release_due(home.databank)
    assert query(home.databank, count).to_pylist() == [{"n": 1}]


def test_pinned_released_and_latest_snapshots_stay_and_the_others_go(home: TinyHome, tmp_path: Path) -> None:
    pinned = make_extract(home.databank, "7001", date.today()).snapshot
    assert pinned_snapshots(home.databank) == {pinned}
    add_deprivation(home, tmp_path)
    with home.databank.store.reading() as session:
        middle = current_snapshot(session)
    with home.databank.store.writing() as session:
        session.run("DELETE FROM lake.SAILREFRV.DEPRIVATION_BY_LSOA2011", step="empty")
    result = release(home.databank)
    assert snapshots(home) == {pinned, result.snapshot}
    for kept in (pinned, result.snapshot):
        with home.databank.store.reading(kept) as session:
            assert session.value(f"SELECT count(*) FROM lake.SAILTINYV.TINY_VISITS_{LATER}", step="count") == 4
    with pytest.raises(StatementFailed), home.databank.store.reading(middle) as session:
        session.rows("FROM lake.SAILREFRV.DEPRIVATION_BY_LSOA2011", step="read what has expired")


def test_leftovers_of_a_killed_step_are_deleted_and_nothing_else(home: TinyHome) -> None:
    folder = home.databank.store.data_path
    leftover = next(folder.rglob("*.parquet")).with_name("ducklake-leftover.parquet")
    leftover.write_bytes(b"left behind")
    files = set(folder.rglob("*.parquet")) - {leftover}
    with home.databank.store.writing() as session:
        assert expire_snapshots(session, snapshots(home)) == 0
    assert set(folder.rglob("*.parquet")) == files
