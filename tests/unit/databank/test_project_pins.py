"""Extracts and their pins: the same content again after all that can come, and what two extracts differ in."""

import json
from pathlib import Path

import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.sessions import literal, open_session
from fjo_pipeline.databank.flow import pinned_snapshots, release
from fjo_pipeline.databank.projects import records
from fjo_pipeline.databank.projects.analyst import query
from fjo_pipeline.databank.projects.comparing import TableChange, compare
from fjo_pipeline.databank.projects.extract import (
    Extract,
    extract_key,
    extract_path,
    make_extract,
    make_project_keys,
)
from fjo_pipeline.databank.projects.records import read_record
from fjo_pipeline.databank.projects.verifying import verify_extract
from fjo_pipeline.databank.retention import expire_snapshots
from fjo_pipeline.databank.store import current_snapshot
from fjo_pipeline.key_rotation import rotate
from tests.deposit_builder import CLIENTS, TINY, VISITS, with_lines
from tests.tiny_home import LATER, PROJECT, REFRESH, TODAY, TinyHome

BEFORE_ALL, NEXT = "20230111", "20250111"
VISITS_TABLE = f"SAIL7001V.TINY_VISITS_{REFRESH}"
NEXT_DEPOSIT = TINY | {
    "CLIENTS.csv": with_lines(CLIENTS, "C0005,Lately,Al,1991-04-04,,M"),
    # The first visit's score is another one, the second visit is gone, and there is a new one.
    "VISITS.csv": with_lines(VISITS.replace("home,3,1.5", "home,4,1.5").replace(VISITS.splitlines()[2] + "\n", ""),
                             "v-9,C0005,,home,1,,,,2024-12-02,2,,"),
}  # fmt: skip


def alter(home: TinyHome, *statements: str) -> int:
    """Something written to the store; returns the snapshot in which it stands."""
    with home.databank.store.writing() as session:
        for statement in statements:
            session.run(statement, step="alter")
        return current_snapshot(session)


def rotate_key_at_rest(home: TinyHome) -> None:
    """A new version of the key of the `_E` layer, and every table under it: the ids at rest are others."""
    assert rotate(home.settings, "databank", "alf_e", lambda _: None).tables > 0
    release(home.databank)


def content(extract: Extract) -> dict[str, str]:
    return {name: table["digest"] for name, table in extract.tables.items() if "TINY" in name}


def test_an_extract_says_all_that_it_was_made_from(provided: TinyHome) -> None:
    extract = read_record(provided.databank, "7001")
    assert (extract.serial, extract.made_on, extract.policy) == (1, "2026-11-22", "sail-2025 1")
    assert extract.refreshes == {"tiny": [REFRESH, LATER]}
    assert set(extract.code) == {"fjo-pipeline", "duckdb"}
    assert extract.contracts["tiny"].startswith("1 (")
    assert extract.keys == {
        "project/7001/ids": 1, "project/7001/extract": 1, f"alf_e tiny/{REFRESH}": 1, f"alf_e tiny/{LATER}": 1,
    }  # fmt: skip
    assert len(extract.project_file) == 64
    assert all(len(table["digest"]) > 10 for table in extract.tables.values() if table["rows"])


def test_the_same_again_is_the_same_extract_under_the_same_pin(provided: TinyHome) -> None:
    databank = provided.databank
    first = read_record(databank, "7001")
    alter(provided, "UPDATE lake.databank.partitions SET rows = rows")
    assert release(databank).snapshot > first.snapshot
    assert make_extract(databank, "7001", TODAY) == first
    assert databank.pins.by_project() == {"7001": {first.snapshot}}


def test_later_deposits_backfills_key_rotation_and_new_code_change_no_pinned_extract(
    provided: TinyHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    databank = provided.databank
    first = read_record(databank, "7001")
    provided.carry(NEXT_DEPOSIT, NEXT)
    provided.carry(refresh=BEFORE_ALL)
    release(databank)
    rotate_key_at_rest(provided)
    monkeypatch.setattr(records, "version", lambda name: "99.0")
    grants = provided.settings.projects / "7001.yaml"
    grants.write_text(grants.read_text().replace("tables: all", "tables: [visits]"))
    found = verify_extract(databank, "7001", 1)
    assert found.sound
    assert set(found.tables.values()) == {"equal"}
    assert set(found.tables) == set(first.tables)
    assert found.file == "as provided"
    assert list(found.since) == [f"fjo-pipeline: {first.code['fjo-pipeline']} then, 99.0 now"]
    assert found.said == "extract 1 of project 7001, provided on 2026-11-22: made again it is equal"
    assert first.snapshot in pinned_snapshots(databank)
    assert not [path for path in extract_path(databank, "7001").parent.iterdir() if ".tmp" in path.name]


def test_ids_of_a_project_stay_the_same_over_refreshes_and_rotation(provided: TinyHome) -> None:
    databank = provided.databank
    rotate_key_at_rest(provided)
    second = make_extract(databank, "7001", TODAY)
    assert (second.serial, second.keys[f"alf_e tiny/{REFRESH}"]) == (2, 2)
    assert content(second) == content(read_record(databank, "7001", 1))
    same = query(
        databank,
        "7001",
        f"SELECT count(*) AS people FROM SAIL7001V.TINY_ALF_{REFRESH} AS a JOIN SAIL7001V.TINY_ALF_{LATER} AS b "
        "USING (PERSON_ID_PE) WHERE a.ALF_PE IS NOT DISTINCT FROM b.ALF_PE",
    )
    assert same.to_pylist() == [{"people": 4}]


def test_what_is_no_longer_the_same_is_named(provided: TinyHome) -> None:
    databank = provided.databank
    path = extract_path(databank, "7001").parent / "records" / "1.json"
    record = json.loads(path.read_text())
    record["tables"][VISITS_TABLE]["digest"] = "1"
    record["tables"]["SAIL7001V.GONE"] = {"rows": 1, "digest": "1"}
    path.write_text(json.dumps(record))
    found = verify_extract(databank, "7001")
    assert not found.sound
    assert {name: verdict for name, verdict in found.tables.items() if verdict != "equal"} == {
        VISITS_TABLE: "differs", "SAIL7001V.GONE": "is not made any more",
    }  # fmt: skip
    assert f"not the same: SAIL7001V.GONE, {VISITS_TABLE}" in found.said


def test_a_file_that_was_altered_after_it_was_provided_is_told(provided: TinyHome, tmp_path: Path) -> None:
    databank = provided.databank
    key = extract_key(databank.keyring, "7001")
    with open_session(tmp_path / "spill") as session:
        path = literal(extract_path(databank, "7001"))
        session.run(f"ATTACH {path} AS extract (ENCRYPTION_KEY {literal(key)})", step="open")
        session.run(f"UPDATE extract.{VISITS_TABLE} SET SCORE = 7", step="alter")
    found = verify_extract(databank, "7001")
    assert (found.file, found.sound) == ("altered", False)
    assert set(found.tables.values()) == {"equal"}


ERASURES = "CREATE TABLE lake.databank.erasures (dataset VARCHAR, refresh VARCHAR, erased_on DATE)"
ERASED = f"INSERT INTO lake.databank.erasures VALUES ('tiny', '{REFRESH}', DATE '2026-11-30')"
LAKE_VISITS = f"lake.SAILTINYV.TINY_VISITS_{REFRESH}"
ONE_VISIT = f"DELETE FROM {LAKE_VISITS} WHERE KIND = 'office'"
MEDDLING = f"UPDATE {LAKE_VISITS} SET SCORE = 9"


@pytest.mark.parametrize(
    ("statements", "verdict"),
    [
        ((ERASURES, ERASED, ONE_VISIT), "equal but for erasures"),
        ((ERASURES, ONE_VISIT), "differs"),
        ((ONE_VISIT,), "differs"),
        ((ERASURES, ERASED, ONE_VISIT, MEDDLING), "differs"),
        ((ERASURES, ERASED, MEDDLING), "differs"),
        ((ERASURES, ERASED.replace("2026", "2025"), ONE_VISIT), "differs"),
    ],
)
def test_rows_that_were_erased_are_told_without_their_number_and_nothing_else_passes_for_it(
    provided: TinyHome, statements: tuple[str, ...], verdict: str
) -> None:
    databank = provided.databank
    before = read_record(databank, "7001").snapshot
    # History is written anew in a snapshot of its own, to which the pins move.
    assert databank.pins.move(before, alter(provided, *statements)) == 1
    found = verify_extract(databank, "7001")
    assert {name: each for name, each in found.tables.items() if each != "equal"} == {VISITS_TABLE: verdict}
    assert found.sound == (verdict == "equal but for erasures")
    if found.sound:
        assert (
            found.said == "extract 1 of project 7001, provided on 2026-11-22: made again it is equal but for erasures"
        )
        assert not {"rows", "count"} & set(json.dumps(found.as_json()))


def test_an_extract_whose_snapshot_is_gone_is_refused_with_what_is_wrong(provided: TinyHome) -> None:
    databank = provided.databank
    alter(provided, "UPDATE lake.databank.partitions SET rows = rows")
    with databank.store.writing() as session:
        expire_snapshots(session, [])
    with pytest.raises(Refused, match="extract 1 of project 7001 is pinned to no snapshot that is here"):
        verify_extract(databank, "7001")
    with pytest.raises(Refused, match="project 7001 has no extract 7; there are: 1"):
        verify_extract(databank, "7001", 7)
    with pytest.raises(Refused, match="project 7002 has no extract on record"):
        verify_extract(databank, "7002")


def changes(found: tuple[TableChange, ...]) -> dict[str, tuple[int, int, int]]:
    return {each.after: (each.added, each.gone, each.changed) for each in found if each.differs}


def test_two_extracts_are_compared_by_table_and_small_counts_are_not_shown(provided: TinyHome) -> None:
    databank = provided.databank
    alter(provided, ONE_VISIT, f"UPDATE {LAKE_VISITS} SET SCORE = 9 WHERE SCORE = 0")
    provided.carry(NEXT_DEPOSIT, NEXT)
    release(databank)
    assert make_extract(databank, "7001", TODAY).serial == 2
    found = compare(databank, "7001", "1", "2")
    (visits,) = [each for each in found.changes if each.differs]
    assert visits.after == VISITS_TABLE
    assert (visits.added, visits.gone, visits.changed) == (0, 1, 1)
    assert visits.shown(found.threshold) == {"added": 0, "gone": "<10", "changed": "<10"}
    assert visits.shown(1) == {"added": 0, "gone": 1, "changed": 1}
    assert found.only_before == ()
    assert f"SAIL7001V.TINY_VISITS_{NEXT}" in found.only_after
    assert {name.rsplit("_", 1)[1] for name in found.only_after} == {NEXT}


def test_two_refreshes_of_an_extract_are_compared_by_what_they_say(provided: TinyHome) -> None:
    databank = provided.databank
    provided.carry(NEXT_DEPOSIT, NEXT)
    release(databank)
    make_extract(databank, "7001", TODAY)
    assert changes(compare(databank, "7001", REFRESH, LATER).changes) == {}
    found = compare(databank, "7001", LATER, NEXT)
    assert changes(found.changes) == {
        f"SAIL7001V.TINY_ALF_{NEXT}": (1, 0, 0),
        f"SAIL7001V.TINY_CLIENTS_{NEXT}": (1, 0, 0),
        f"SAIL7001V.TINY_VISITS_{NEXT}": (1, 1, 1),
    }


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("1", "2", "project 7001 has no extract 2; there are: 1"),
        (REFRESH, "20200101", f"holds no refresh 20200101; it holds: {REFRESH}, {LATER}"),
        ("1", "latest", "compare two extracts by their numbers"),
        ("1", "1", "these are one and the same"),
    ],
)
def test_an_extract_or_a_refresh_that_is_not_there_is_refused(
    provided: TinyHome, before: str, after: str, expected: str
) -> None:
    with pytest.raises(Refused, match=expected):
        compare(provided.databank, "7001", before, after)


def test_an_extract_of_a_home_of_an_earlier_version_stays_pinned(home: TinyHome) -> None:
    home.databank.ledger.record("extract", "project", "7001", "provided", "x", sequence=3)
    assert pinned_snapshots(home.databank) == {3}
    extract = make_extract(home.databank, "7001", TODAY)
    assert pinned_snapshots(home.databank) == {extract.snapshot}


@pytest.mark.parametrize("projects", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_fifty_projects_in_one_night_add_no_file_to_the_store(home: TinyHome, projects: int) -> None:
    databank, numbers = home.databank, [str(7101 + each) for each in range(projects)]
    for number in numbers:
        (home.settings.projects / f"{number}.yaml").write_text(PROJECT.format(number=number))
        make_project_keys(databank, number)
    before = stored(home)
    for number in numbers:
        assert make_extract(databank, number, TODAY).rows == 28
    assert stored(home) == before
    released = release(databank).snapshot
    assert stored(home) == before
    assert databank.pins.by_project() == {number: {released} for number in numbers}


def stored(home: TinyHome) -> dict[str, int]:
    """Every file of the store's data, and its size; and how many snapshots hold them."""
    files = {str(path): path.stat().st_size for path in home.databank.store.data_path.rglob("*") if path.is_file()}
    assert files
    with home.databank.store.reading() as session:
        return files | {"snapshots": session.value("SELECT count(*) FROM lake.snapshots()", step="count")}
