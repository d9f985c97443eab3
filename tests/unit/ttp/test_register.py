"""A register delivery: people, names and addresses, merged records folded in; refused whole where it is bad."""

from pathlib import Path
from typing import Any

import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.ttp.flow import load_register
from fjo_pipeline.ttp.register.loading import register_version
from tests.deposit_builder import TINY, write_deposit
from tests.tiny_home import PERSONS, TinyHome, write_register


def rows(home: TinyHome, sql: str) -> list[tuple[Any, ...]]:
    with home.ttp.store.reading() as session:
        return session.rows(sql, step="look")


def test_a_merged_record_lends_its_names_to_the_one_it_lives_on_in(carried: TinyHome) -> None:
    names = rows(carried, "SELECT surname FROM ttp.register.name WHERE register_id = '101' ORDER BY 1")
    assert names == [("Formerly",), ("Quillfeather",)]
    assert rows(carried, "SELECT count(*) FROM ttp.register.person WHERE register_id = '104'") == [(0,)]


def test_a_record_closed_by_adoption_stays_a_person_of_its_own(carried: TinyHome) -> None:
    assert rows(carried, "SELECT surname FROM ttp.register.name WHERE register_id = '105'") == [("Elsewhere",)]


def test_chains_of_merges_lead_to_their_end(empty_home: TinyHome, tmp_path: Path) -> None:
    persons = [{**row, "MERGED_INTO": 104} if row["PERS_ID"] == 105 else row for row in PERSONS]
    load_register(empty_home.ttp, write_register(tmp_path / "register", persons, "20240201"))
    names = rows(empty_home, "SELECT surname FROM ttp.register.name WHERE register_id = '101' ORDER BY 1")
    assert names == [("Elsewhere",), ("Formerly",), ("Quillfeather",)]


def test_the_same_delivery_again_changes_nothing(empty_home: TinyHome, tmp_path: Path) -> None:
    folder = write_register(tmp_path / "again")
    before = empty_home.ttp.store.path.stat().st_mtime_ns
    version, people = load_register(empty_home.ttp, folder)
    assert people == 4
    assert version.startswith("20240101-")
    assert rows(empty_home, "SELECT version FROM ttp.register.version") == [(version,)]
    load_register(empty_home.ttp, folder)
    assert rows(empty_home, "SELECT count(*) FROM ttp.register.version") == [(1,)]
    assert empty_home.ttp.store.path.stat().st_mtime_ns >= before


def test_a_later_delivery_takes_the_place_of_the_one_before(empty_home: TinyHome, tmp_path: Path) -> None:
    version, people = load_register(empty_home.ttp, write_register(tmp_path / "later", PERSONS[:2], "20240201"))
    assert (people, version[:8]) == (2, "20240201")
    with empty_home.ttp.store.reading() as session:
        assert register_version(session) == (version, True)
    assert rows(empty_home, "SELECT count(*) FROM ttp.register.address") == [(2,)]


def test_records_merged_in_a_circle_are_refused_and_the_old_register_stays(
    empty_home: TinyHome, tmp_path: Path
) -> None:
    before = rows(empty_home, "SELECT version FROM ttp.register.version")
    circle = [
        {**row, "MERGED_INTO": {101: 104}.get(int(str(row["PERS_ID"])), row.get("MERGED_INTO", ""))} for row in PERSONS
    ]
    with pytest.raises(Refused, match=r"MERGED_INTO.*in a circle"):
        load_register(empty_home.ttp, write_register(tmp_path / "circle", circle, "20240201"))
    assert rows(empty_home, "SELECT version FROM ttp.register.version") == before


def test_a_delivery_that_breaks_its_contract_is_refused_with_its_line(empty_home: TinyHome, tmp_path: Path) -> None:
    bad = [{**row, "SEX": "7"} if row["PERS_ID"] == 102 else row for row in PERSONS]
    with pytest.raises(Refused, match=r"the register was refused:\n.*PERSONS.csv, line 3, column SEX"):
        load_register(empty_home.ttp, write_register(tmp_path / "bad", bad, "20240201"))


def test_another_datasets_delivery_is_no_register(empty_home: TinyHome, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="a delivery of tiny, not of population_register"):
        load_register(empty_home.ttp, write_deposit(tmp_path / "tiny", TINY))


def test_a_truncated_delivery_is_refused(empty_home: TinyHome, tmp_path: Path) -> None:
    folder = write_register(tmp_path / "short", refresh="20240201")
    (folder / "NAMES.csv").write_bytes((folder / "NAMES.csv").read_bytes()[:-9])
    with pytest.raises(Refused, match=r"NAMES.csv has \d+ of \d+ bytes: it is truncated"):
        load_register(empty_home.ttp, folder)
