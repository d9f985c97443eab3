"""Readers and writers at once: nobody who reads is stopped or sees half of a refresh, and two writers do not mix."""

import threading
from datetime import date
from pathlib import Path

import duckdb
import pytest

from fjo_pipeline.core.errors import StatementFailed, StoreBusy
from fjo_pipeline.core.sessions import extension_path, literal
from fjo_pipeline.core.stores import file_lock
from fjo_pipeline.databank.flow import Databank, assert_released, query, release
from fjo_pipeline.databank.projects.analyst import analyst_session
from fjo_pipeline.databank.projects.analyst import query as query_project
from fjo_pipeline.databank.projects.extract import extract_key, extract_path, make_extract
from fjo_pipeline.home import refresh_lock
from fjo_pipeline.refreshing import Wanted, refresh
from tests.deposit_builder import TINY
from tests.faults.boundaries import forked
from tests.faults.crashing import prepared, reworded
from tests.faults.plain_refresh import refreshed, run_task
from tests.faults.reading import STANDING, WAYS, eight_readers
from tests.tiny_home import TinyHome, copied

LATEST = "20250111"
TODAY = date(2026, 11, 22)


@pytest.fixture
def home(carried: TinyHome, tmp_path: Path) -> TinyHome:
    """Two refreshes curated and released; the test's own, and not the home of this folder's other tests."""
    return copied(carried, tmp_path / "base")


def test_a_reader_of_a_release_reads_on_while_the_next_one_expires_it(home: TinyHome) -> None:
    store, before = home.databank.store, assert_released(home.databank).snapshot
    with store.for_users(before) as session:
        people = session.rows(STANDING, step="read")
        home.carry({**TINY, "PLACES.csv": "ID,NAME\n1,Elsewhere\n2,Nowhere\n"}, LATEST)
        assert release(home.databank).snapshot > before
        assert session.rows(STANDING, step="read what another release has replaced") == people
        assert query(home.databank, STANDING).num_rows == len(people) + 1
    # Once it has ended, the next release lets go of what it read.
    home.carry(refresh="20250711")
    release(home.databank)
    with pytest.raises(StatementFailed), store.for_users(before):
        pass


def test_a_reader_who_comes_between_a_release_and_its_expiry_reads_the_new_one(home: TinyHome) -> None:
    chosen = iter((1, 2, 2, 2))
    with home.databank.store.kept_for_a_reader(lambda: next(chosen)) as snapshot:
        assert snapshot == 2
        assert home.databank.store.being_read() == {2}
    assert home.databank.store.being_read() == set()
    with home.databank.store.reading():
        assert home.databank.store.being_read() is None


def test_an_extract_that_a_researcher_has_open_is_replaced_beneath_without_a_word(home: TinyHome) -> None:
    databank = home.databank
    make_extract(databank, "7001", TODAY)
    attach = f"ATTACH {literal(extract_path(databank, '7001'))} AS mine (ENCRYPTION_KEY {{}}, READ_ONLY)"
    key = literal(extract_key(databank.keyring, "7001"))
    everything = "SELECT count(*), sum(ALF_PE) FROM mine.SAIL7001V.TINY_ALF_20240111"
    with duckdb.connect(":memory:", config={"autoinstall_known_extensions": False}) as researcher:
        researcher.execute(f"LOAD {literal(extension_path('httpfs'))}")
        researcher.execute(attach.format(key))
        before = researcher.execute(everything).fetchall()
        home.carry(refresh=LATEST)
        release(databank)
        assert make_extract(databank, "7001", TODAY).serial == 2
        assert researcher.execute(everything).fetchall() == before
        tables = "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'TINY_ALF%'"
        assert researcher.execute(tables).fetchall() == [(2,)]
        researcher.execute("DETACH mine")
        researcher.execute(attach.format(key))
        assert researcher.execute(tables).fetchall() == [(3,)]


def test_a_second_session_of_one_project_waits_for_the_first_or_says_so(home: TinyHome) -> None:
    make_extract(home.databank, "7001", TODAY)
    with analyst_session(home.databank, "7001"), pytest.raises(StoreBusy, match="schema of project 7001 is in use"):
        query_project(home.databank, "7001", "SELECT 1")
    assert query_project(home.databank, "7001", "SELECT 1").num_rows == 1


def test_a_second_refresh_waits_for_the_first_and_says_so(empty_home: TinyHome) -> None:
    settings = empty_home.settings
    said: list[str] = []
    with (
        file_lock(refresh_lock(settings, "ttp"), wait_seconds=0, busy="held by the first"),
        pytest.raises(StoreBusy, match="another `fjo refresh` is at work in zone ttp, for longer than"),
    ):
        refresh(settings, Wanted(zone="ttp"), said.append)
    assert said == ["another `fjo refresh` is at work in zone ttp: waiting for it"]


def test_two_refreshes_at_once_end_as_one(empty_home: TinyHome, monkeypatch: pytest.MonkeyPatch) -> None:
    from fjo_pipeline import materialising

    monkeypatch.setattr(materialising, "materialise", run_task)
    empty_home.land()
    settings, done = empty_home.settings.model_copy(update={"lock_wait_seconds": 300}), []
    both = [
        threading.Thread(target=lambda: done.append(refresh(settings, Wanted(zone="provider"), lambda said: None)))
        for _ in range(2)
    ]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert [each.failures for each in done] == [[], []]
    assert sorted(len(each.done) for each in done) == [0, 1]


@pytest.mark.slow
def test_eight_readers_meet_no_error_while_a_refresh_writes_all_tables_anew(tmp_path: Path) -> None:
    begin = forked(prepared, tmp_path / "base").gave.model_copy(update={"lock_wait_seconds": 300})
    assert forked(refreshed, begin).gave == []
    before = repr(query(Databank(begin), STANDING).to_pylist())
    readers = eight_readers(begin, "7001", tmp_path / "stop")
    assert forked(refreshed, reworded(begin, tmp_path / "reworded")).gave == []
    readings = readers()
    after = repr(query(Databank(begin), STANDING).to_pylist())
    assert [each.errors for each in readings] == [[]] * 8
    assert all(each.read > 1 for each in readings)
    answers = {way: set().union(*(each.answers for each in readings if each.way == way)) for way in WAYS}
    # Each answer was that of one release or of the next, never of a mixture, though the refreshes came one by one.
    assert answers.pop("fjo sql") == {before, after}
    # What is provided is the same, and a session goes on with what it began with.
    assert [len(each) for each in answers.values()] == [1, 1, 1]
    assert before != after
