"""The register's people and addresses in the databank, and the RALFs that join them with a dataset's people."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.keyring import open_keyring
from fjo_pipeline.core.sessions import open_session
from fjo_pipeline.core.transfers import latest, open_transfer
from fjo_pipeline.databank.flow import curate_received_register, due, partitions, release
from fjo_pipeline.databank.projects.analyst import query
from fjo_pipeline.databank.projects.extract import make_extract
from fjo_pipeline.databank.register import REGISTER_CHECKS
from fjo_pipeline.ttp.flow import load_postcode_directory, load_register, make_file_3
from fjo_pipeline.ttp.register.sending import REGISTER, make_history, register_due, send_history
from tests.deposit_builder import TINY, TINY_CONTRACT, Row
from tests.tiny_home import (
    ADDRESSES,
    NAMES,
    PERSONS,
    POSTCODES,
    PROJECT,
    REFRESH,
    REGISTER_REFRESH,
    TinyHome,
    copied,
    loaded_home,
    write_postcodes,
    write_register,
)

PERS = f"lake.SAILWDSDV.WDSD_AR_PERS_{REGISTER_REFRESH}"
PERS_ADD = f"lake.SAILWDSDV.WDSD_AR_PERS_ADD_{REGISTER_REFRESH}"
ADDRESSED_CONTRACT = TINY_CONTRACT.replace(
    "        - {name: POSTCODE,",
    "        - {name: STREET, type: string, role: identifier, file_1: ADDRESS_1}\n        - {name: POSTCODE,",
)
ADDRESSED = TINY | {
    "CLIENTS.csv": """ID,SURNAME,FORENAME,BORN,STREET,POSTCODE,GENDER
C0001,Quillfeather,Ada Mary,2015-03-02,1 Made-Up Row,sa2 8pp,F
C0002,Quillfeather,Bo,2012-07-19,"1 MADE UP ROW, Swansea",SA28PP,M
C0003,"Thimble, Jr",Cy,1985-01-31,,,
"""
}
GRANTED = f"""    special_access: {{reference: S-1, tables: [ralf]}}
  {REGISTER}:
    approval: {{by: Owner, reference: R-1, valid_from: 2024-01-01, valid_until: 2099-12-31}}
    special_access: {{reference: S-2, tables: [addresses]}}
"""


def rows(home: TinyHome, sql: str) -> list[tuple[Any, ...]]:
    with home.databank.store.reading() as session:
        return session.rows(sql, step="look")


def load(home: TinyHome, monkeypatch: pytest.MonkeyPatch, persons: list[Row], addresses: list[Row]) -> None:
    """Another register in place of the home's, of the same date."""
    monkeypatch.setattr("tests.tiny_home.ADDRESSES", addresses)
    load_register(home.ttp, write_register(home.settings.home.parent / "another", persons))


def stay(person: int, street: str, since: str, until: str = "", postcode: str = "SA2 8PP") -> Row:
    return {"PERS_ID": person, "ADDRESS_1": street, "POSTCODE": postcode, "FROM_DT": since, "TO_DT": until}


@pytest.fixture(scope="module")
def addressed_once(tmp_path_factory: pytest.TempPathFactory) -> TinyHome:
    """A home whose tiny dataset has addresses, carried through with the register; not to be changed."""
    home = copied(loaded_home(tmp_path_factory.getbasetemp()), tmp_path_factory.mktemp("addressed") / "base")
    (home.settings.contracts / "tiny.yaml").write_text(ADDRESSED_CONTRACT)
    home.carry(ADDRESSED)
    home.at_register()
    release(home.databank)
    return home


@pytest.fixture
def addressed(addressed_once: TinyHome, tmp_path: Path) -> TinyHome:
    """The same, the test's own."""
    return copied(addressed_once, tmp_path / "base")


def test_the_tables_have_sails_columns_and_the_registers_dates(
    empty_home: TinyHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    persons = [{**PERSONS[0], "DATE_OF_DEATH": "2023-05-06"}, *PERSONS[1:3]]
    moved = [
        stay(101, "1 Made Up Row", "2015-03-02", "2018-01-01"),
        stay(101, "9 Far Row", "2018-01-01", "", "CF10 1AA"),
    ]
    load(empty_home, monkeypatch, persons, moved)
    curated = empty_home.at_register()
    assert curated.sound
    assert {each.name for each in curated.findings} == set(REGISTER_CHECKS)
    columns = [
        [name for (name,) in rows(empty_home, f"SELECT column_name FROM (DESCRIBE {table})")]
        for table in (PERS, PERS_ADD)
    ]
    assert columns == [
        ["ALF_E", "PERS_ID_E", "WOB", "DOD", "GNDR_CD"],
        ["PERS_ID_E", "RALF_E", "FROM_DT", "TO_DT", "LSOA2011_CD"],
    ]
    people = rows(empty_home, f"SELECT WOB, DOD, GNDR_CD FROM {PERS} ORDER BY WOB")
    assert people == [
        (date(1979, 11, 5), None, "2"),
        (date(2012, 7, 16), None, "1"),
        (date(2015, 3, 2), date(2023, 5, 6), "2"),
    ]
    stays = rows(empty_home, f"SELECT FROM_DT, TO_DT, LSOA2011_CD FROM {PERS_ADD} ORDER BY FROM_DT")
    assert stays == [
        (date(2015, 3, 2), date(2018, 1, 1), "W01000001"),
        (date(2018, 1, 1), None, "W01000002"),
    ]
    assert rows(empty_home, f"SELECT count(DISTINCT RALF_E), count(*) FROM {PERS_ADD}") == [(2, 2)]


def test_a_stay_from_birth_on_tells_the_week_of_birth_and_not_the_day(
    empty_home: TinyHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    born = str(PERSONS[1]["DATE_OF_BIRTH"])
    stays = [
        stay(102, "1 Made Up Row", born, born),
        stay(102, "9 Far Row", born),
        stay(102, "1 Made Up Row", "2012-07-20"),
    ]
    load(empty_home, monkeypatch, PERSONS[1:2], stays)
    empty_home.at_register()
    monday, next_day = date(2012, 7, 16), date(2012, 7, 20)
    found = rows(empty_home, f"SELECT FROM_DT, TO_DT FROM {PERS_ADD} ORDER BY ALL")
    assert found == [(monday, monday), (monday, None), (next_day, None)]


def test_whoever_is_sensitive_or_closed_by_adoption_is_a_person_without_addresses(
    empty_home: TinyHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    persons = [PERSONS[0], {**PERSONS[1], "RECORD_STATUS": "sensitive"}, PERSONS[4]]
    load(empty_home, monkeypatch, persons, [stay(each, "1 Made Up Row", "2016-01-01") for each in (101, 102, 105)])
    empty_home.at_register()
    assert rows(empty_home, f"SELECT count(*), count(DISTINCT ALF_E) FROM {PERS}") == [(3, 3)]
    assert rows(empty_home, f"SELECT WOB FROM {PERS_ADD} JOIN {PERS} USING (PERS_ID_E)") == [(date(2015, 3, 2),)]


def test_the_alf_is_file_3s_and_the_residence_the_deposits(addressed: TinyHome) -> None:
    found = rows(
        addressed,
        f"""SELECT alf.GNDR_CD, person.WOB = alf.WOB, home.RALF_E = ralf.RALF_E, home.RALF_E
        FROM lake.SAILTINYV.TINY_ALF_{REFRESH} AS alf JOIN {PERS} AS person USING (ALF_E)
        JOIN {PERS_ADD} AS home USING (PERS_ID_E)
        JOIN lake.SAILTINYV.TINY_RALF_{REFRESH} AS ralf USING (PERSON_ID_E) ORDER BY 1""",
    )
    assert [row[:3] for row in found] == [("1", True, True), ("2", True, True)]
    assert len({row[3] for row in found}) == 1


def test_the_ralf_table_has_everybody_and_who_has_no_address_has_none(addressed: TinyHome) -> None:
    table = f"lake.SAILTINYV.TINY_RALF_{REFRESH}"
    assert [name for (name,) in rows(addressed, f"SELECT column_name FROM (DESCRIBE {table})")] == [
        "PERSON_ID_E",
        "RALF_E",
        "AVAIL_FROM_DT",
    ]
    assert rows(addressed, f"SELECT count(*), count(RALF_E) FROM {table}") == [(4, 2)]


def test_a_confidential_address_gives_no_ralf(addressed: TinyHome) -> None:
    with addressed.ttp.store.writing() as session:
        session.run(
            f"UPDATE ttp.file_1.tiny_{REFRESH} SET ADDRESS_CONFIDENTIAL = 'true' WHERE FORENAME = 'Bo'", step="hide"
        )
    draft, _ = make_file_3(addressed.ttp, "tiny", REFRESH)
    with addressed.ttp.store.reading() as session:
        relation = draft.relation(session, "file_3")
        found = session.rows(f"SELECT GNDR_CD FROM {relation} WHERE RALF IS NOT NULL", step="look")
    assert found == [("2",)]


def test_projects_get_it_by_grant_and_cannot_be_joined(addressed: TinyHome) -> None:
    for number in ("7001", "7002"):
        (addressed.settings.projects / f"{number}.yaml").write_text(PROJECT.format(number=number) + GRANTED)
        make_extract(addressed.databank, number, date.today())
    seen = [
        query(
            addressed.databank,
            number,
            f"""SELECT p.ALF_PE, p.PERS_ID_PE, a.RALF_PE FROM SAIL{number}V.WDSD_AR_PERS_{REGISTER_REFRESH} p
            JOIN SAIL{number}V.WDSD_AR_PERS_ADD_{REGISTER_REFRESH} a USING (PERS_ID_PE)
            JOIN SAIL{number}V.TINY_ALF_{REFRESH} USING (ALF_PE)
            JOIN SAIL{number}V.TINY_RALF_{REFRESH} r USING (PERSON_ID_PE) WHERE r.RALF_PE = a.RALF_PE""",
        ).to_pydict()
        for number in ("7001", "7002")
    ]
    for column in ("ALF_PE", "PERS_ID_PE", "RALF_PE"):
        assert len(seen[0][column]) == 2
        assert not set(seen[0][column]) & set(seen[1][column])


def test_addresses_and_ralfs_need_special_access(addressed: TinyHome) -> None:
    granted = PROJECT.format(number="7001") + GRANTED
    without_ralf = granted.replace("    special_access: {reference: S-1, tables: [ralf]}\n", "")
    for text in (
        without_ralf.replace("    tables: all", "    tables: [ralf]"),
        granted.replace("special_access: {reference: S-2, tables: [addresses]}", "tables: [addresses]"),
    ):
        (addressed.settings.projects / "7001.yaml").write_text(text)
        with pytest.raises(Refused, match="needs a special-access grant of its own"):
            make_extract(addressed.databank, "7001", date.today())


def test_the_transfer_has_no_identifier_and_no_id_of_the_register(addressed: TinyHome) -> None:
    keyring = open_keyring(addressed.settings, "databank")
    transfer = open_transfer(
        latest(addressed.settings.inbox("databank"), "register", REGISTER, REGISTER_REFRESH), keyring, "register"
    )
    with open_session(addressed.settings.temporary("databank")) as session:
        told = "\n".join(
            str(row)
            for table in transfer.files
            for row in session.rows(f"FROM {transfer.relation(session, table)}", step="look")
        )
        ids = {
            value
            for (value,) in session.rows(
                f"SELECT unnest([ALF, PERS_ID]) FROM {transfer.relation(session, 'persons')}", step="look"
            )
        }
    assert len(ids) == 8
    assert not ids & {int(str(row["PERS_ID"])) for row in PERSONS}
    identifiers = {str(row[name]) for row in NAMES for name in ("FORENAME", "SURNAME")}
    identifiers |= {str(row[name]) for row in ADDRESSES for name in ("ADDRESS_1", "POSTCODE")}
    assert [value for value in identifiers if value in told] == []


def test_nothing_is_due_twice_and_all_again_changes_nothing(addressed: TinyHome) -> None:
    assert list(register_due(addressed.ttp)) == []
    assert list(due(addressed.databank)) == []
    assert send_history(addressed.ttp, REGISTER_REFRESH) == 0
    assert not addressed.at_register().changed
    load_postcode_directory(
        addressed.ttp, write_postcodes(addressed.settings.home.parent / "other.csv", POSTCODES + "CF10 1AB,W01000003\n")
    )
    assert [each.refresh for each in register_due(addressed.ttp)] == [REGISTER_REFRESH]
    assert addressed.at_register().changed
    assert list(register_due(addressed.ttp)) == []
    assert {each.dataset for each in due(addressed.databank)} <= {"tiny"}


def test_a_later_register_stands_beside_the_earlier_one(addressed: TinyHome) -> None:
    load_register(addressed.ttp, write_register(addressed.settings.home.parent / "later", PERSONS, "20240201"))
    assert [each.refresh for each in register_due(addressed.ttp)] == ["20240201"]
    addressed.at_register("20240201")
    with addressed.databank.store.reading() as session:
        standing = [each.refresh for each in partitions(session) if each.dataset == REGISTER]
    assert standing == [REGISTER_REFRESH, "20240201"]
    alfs = [{alf for (alf,) in rows(addressed, f"SELECT ALF_E FROM {PERS[:-8]}{each}")} for each in standing]
    assert alfs[0] == alfs[1]
    with pytest.raises(Refused, match="the register that is loaded is that of 20240201, not of 20240101"):
        make_history(addressed.ttp, REGISTER_REFRESH)


@pytest.mark.parametrize("earlier", ["DELETE FROM ttp.register.record", "DROP TABLE ttp.register.stay"])
def test_a_register_of_an_earlier_version_is_loaded_again_first(empty_home: TinyHome, earlier: str) -> None:
    with empty_home.ttp.store.writing() as session:
        session.run(earlier, step="as an earlier version left it")
    with pytest.raises(Refused, match="loaded without its address history: load the delivery again"):
        make_history(empty_home.ttp, REGISTER_REFRESH)


def test_a_directory_of_another_year_leaves_the_small_area_of_2011_empty(empty_home: TinyHome) -> None:
    path = empty_home.settings.home.parent / "postcodes_2021.csv"
    load_postcode_directory(empty_home.ttp, write_postcodes(path, POSTCODES.replace("2011", "2021")))
    empty_home.at_register()
    assert rows(empty_home, f"SELECT count(*), count(LSOA2011_CD) FROM {PERS_ADD}") == [(2, 0)]


def test_where_a_check_fails_nothing_is_written(empty_home: TinyHome, monkeypatch: pytest.MonkeyPatch) -> None:
    empty_home.at_register()
    before = rows(empty_home, f"FROM {PERS} ORDER BY ALL")
    monkeypatch.setattr("fjo_pipeline.databank.register.FORMAT", "another")
    monkeypatch.setattr("fjo_pipeline.databank.register.ids_out_of_range", lambda *_: 1)
    result = curate_received_register(empty_home.databank, REGISTER, REGISTER_REFRESH)
    assert [each.name for each in result.findings if not each.passed] == ["ids_in_range"]
    assert rows(empty_home, f"FROM {PERS} ORDER BY ALL") == before
    assert [each.dataset for each in due(empty_home.databank)] == [REGISTER]
