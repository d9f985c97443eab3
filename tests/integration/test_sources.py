"""Health, births and the family court by hand: a small deposit of each through the three zones, with known truth.

What is seen is in whose ALF column who stands, and that the curated tables have exactly SAIL's columns.
"""

import shutil
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from fjo_pipeline.core.contracts import CONTRACTS, contract
from fjo_pipeline.core.keyring import open_keyring
from fjo_pipeline.core.linking_field import LinkingFieldCipher, tweak_for
from fjo_pipeline.core.transfers import latest, open_transfer
from fjo_pipeline.databank.ciphers import at_rest
from fjo_pipeline.ttp.flow import link, load_register
from tests.deposit_builder import Row, csvs_of
from tests.tiny_home import PERSONS, REFRESH, TinyHome, copied, loaded_home, write_register

ADA, BO, DEE = 101, 102, 103
NHS = {ADA: "9434765919", BO: "9434765927", DEE: "9434765935"}
CASE = "ZZ21C00001"

ADA_SAYS = {"FORENAME": "Ada Mary", "SURNAME": "Quillfeather", "DATE_OF_BIRTH": "2015-03-02", "POSTCODE": "SA2 8PP"}
BO_SAYS = {"FORENAME": "Bo", "SURNAME": "Quillfeather", "DATE_OF_BIRTH": "2012-07-19", "POSTCODE": "SA2 8PP"}
DEE_SAYS = {"FORENAME": "Dee", "SURNAME": "Oddcastle", "DATE_OF_BIRTH": "1979-11-05", "POSTCODE": "CF10 1AA"}
NOBODY_SAYS = {"FORENAME": "Zed", "SURNAME": "Thimble", "DATE_OF_BIRTH": "1950-05-05", "POSTCODE": "CF10 1AA"}
FEMALE, MALE = {"GENDER_CD": "2"}, {"GENDER_CD": "1"}

PEDW: Mapping[str, Sequence[Row]] = {
    "patients": [
        {"PATIENT_ID": "P000000001", "NHS_NUMBER": NHS[ADA], **ADA_SAYS, **FEMALE},
        # Entered with somebody else's number, which is valid.
        {"PATIENT_ID": "P000000002", "NHS_NUMBER": NHS[DEE], **BO_SAYS, **MALE},
        {"PATIENT_ID": "P000000003", **NOBODY_SAYS},
    ],
    "spell": [
        {"SPELL_NUM": f"7A1{number:09}", "PROV_UNIT_CD": "7A1", "PATIENT_ID": patient, "ADMIS_DT": "2020-01-02"}
        for number, patient in enumerate(["P000000001", "P000000001", "P000000002", "P000000003"], 1)
    ],
    "episode": [{"SPELL_NUM": "7A1000000001", "PROV_UNIT_CD": "7A1", "EPI_NUM": "1", "DIAG_CD_123": "J45"}],
    "diag": [
        {"SPELL_NUM": "7A1000000001", "PROV_UNIT_CD": "7A1", "EPI_NUM": "1", "DIAG_NUM": 1, "DIAG_CD_1234": "J459"}
    ],
}
BIRTHS: Mapping[str, Sequence[Row]] = {
    "people": [
        {"PERSON_ID": "N000000001", "NHS_NUMBER": NHS[ADA], **ADA_SAYS, **FEMALE},
        {"PERSON_ID": "N000000002", "NHS_NUMBER": NHS[DEE], **DEE_SAYS, **FEMALE},
        {"PERSON_ID": "N000000003", **BO_SAYS, **MALE},
        {"PERSON_ID": "N000000004", **NOBODY_SAYS, **FEMALE},
    ],
    "child_births": [
        {"CHILD_ID": "N000000001", "MOTHER_ID": "N000000002", "MAT_SMOKING_CD": "0"},
        {"CHILD_ID": "N000000003", "MOTHER_ID": "N000000004", "MAT_SMOKING_CD": "5"},
        {"CHILD_ID": "N000000004"},
    ],
}
COURT: Mapping[str, Sequence[Row]] = {
    "cases": [{"CASE_NUMBER": CASE, "CASE_TYPE": "Public law", "DATE_ISSUED": "2021-02-03"}],
    "events": [
        {"EVENT_ID": "V0000000001", "CASE_NUMBER": CASE, "EVENT_TYPE": "Hearing", "EVENT_NOTES": "Quillfeather spoke"}
    ],
    "people": [
        {"PERSON_ID": "F000000001", **ADA_SAYS, "GENDER": "Female"},
        {"PERSON_ID": "F000000002", **NOBODY_SAYS},
    ],
    "parties": [
        {"PARTY_ID": f"Y000000000{number}", "CASE_NUMBER": CASE, "PERSON_ID": person, "PARTY_ROLE": role}
        for number, (person, role) in enumerate((("F000000001", "Child"), ("F000000002", "Respondent")), 1)
    ],
}
SOURCES = {"pedw": PEDW, "child_health": BIRTHS, "family_court": COURT}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> TinyHome:
    """A home whose register has NHS numbers, with one refresh of each source curated; not to be changed."""
    base = tmp_path_factory.mktemp("sources")
    home = copied(loaded_home(tmp_path_factory.getbasetemp()), base / "base")
    load_register(home.ttp, write_register(base / "register", [_numbered(each) for each in PERSONS], "20240201"))
    for name, rows in SOURCES.items():
        shutil.copyfile(CONTRACTS / f"{name}.yaml", home.settings.contracts / f"{name}.yaml")
        assert home.carry(csvs_of(contract(name), rows), dataset=name).sound
    return home


def _numbered(person: Row) -> Row:
    number = NHS.get(int(str(person["PERS_ID"])))
    return {**person, "NHS_NUMBER": number} if number else person


def rows(home: TinyHome, sql: str) -> list[tuple[Any, ...]]:
    with home.databank.store.reading() as session:
        return session.rows(sql, step="look at curated tables")


def alf_e(home: TinyHome, register_person: int) -> int:
    """The ALF_E that a register person must have."""
    ttp, databank = open_keyring(home.settings, "ttp"), open_keyring(home.settings, "databank")
    alf = LinkingFieldCipher(ttp.key("alf"), tweak_for(None, "alf")).encrypt(np.array([register_person]))
    return int(at_rest(contract("pedw"), "alf", databank).encrypt(alf)[0])


@pytest.mark.parametrize("name", SOURCES)
def test_each_curated_table_has_exactly_the_columns_of_its_contract(home: TinyHome, name: str) -> None:
    source = contract(name)
    for table in source.tables:
        found = rows(
            home,
            "SELECT column_name FROM duckdb_columns() WHERE database_name = 'lake' "
            f"AND table_name = '{source.curated_name(table, REFRESH)}' ORDER BY column_index",
        )
        wanted = [column + "_E" if table.is_id(column) else column for column in table.curated_columns]
        assert [column for (column,) in found] == (wanted if table.curated else []), table.name


def test_a_spell_holds_the_alf_of_its_patient(home: TinyHome) -> None:
    found = rows(
        home,
        "SELECT ALF_E, trim(ALF_STS_CD), ALF_MTCH_PCT, GNDR_CD, count(*) "
        f"FROM lake.SAILPEDWV.PEDW_SPELL_{REFRESH} GROUP BY ALL ORDER BY 2, 1",
    )
    # By the number; by five equal fields, the number being somebody else's; by nothing.
    assert found == [
        (alf_e(home, ADA), "1", None, "2", 2),
        (alf_e(home, BO), "4", None, "1", 1),
        (None, "99", None, "9", 1),
    ]


def test_a_valid_number_of_somebody_else_is_counted(home: TinyHome) -> None:
    assert link(home.ttp, "pedw", REFRESH).nhs_number_conflicts == 1


def test_spells_episodes_and_diagnoses_join_as_user_code_joins_them(home: TinyHome) -> None:
    joined = rows(
        home,
        f"""SELECT spell.ALF_E, diag.DIAG_CD_1234 FROM lake.SAILPEDWV.PEDW_SPELL_{REFRESH} AS spell
        JOIN lake.SAILPEDWV.PEDW_EPISODE_{REFRESH} USING (PROV_UNIT_CD, SPELL_NUM_E)
        JOIN lake.SAILPEDWV.PEDW_DIAG_{REFRESH} AS diag USING (PROV_UNIT_CD, SPELL_NUM_E, EPI_NUM)""",
    )
    assert joined == [(alf_e(home, ADA), "J459")]


def test_a_birth_holds_the_childs_alf_and_the_mothers_each_in_its_column(home: TinyHome) -> None:
    found = rows(
        home,
        "SELECT ALF_E, trim(ALF_STS_CD), MAT_ALF_E, trim(MAT_ALF_STS_CD), CAST(WOB AS VARCHAR), trim(LSOA_CD_BIRTH) "
        f"FROM lake.SAILNCCHV.NCCH_CHILD_BIRTHS_{REFRESH} ORDER BY 2",
    )
    assert found == [
        (alf_e(home, ADA), "1", alf_e(home, DEE), "1", "2015-03-02", "W01000001"),
        (alf_e(home, BO), "4", None, "99", "2012-07-16", "W01000001"),
        (None, "99", None, None, "1950-05-01", "W01000002"),
    ]


def test_codes_that_were_outgrown_are_counted_and_nothing_is_held_up(home: TinyHome) -> None:
    taken = home.provider.ledger.last("deposit", "child_health", REFRESH, "accepted")
    assert taken is not None
    assert taken.detail["beyond_codes"] == {"CHILD_BIRTHS.csv, column MAT_SMOKING_CD": 1}


def test_the_family_court_links_without_numbers_and_its_case_numbers_are_ids(home: TinyHome) -> None:
    people = rows(
        home,
        f"""SELECT ALF_E, trim(ALF_STS_CD), PARTY_ROLE, EVENT_TYPE FROM lake.SAILFACOV.FACO_PEOPLE_{REFRESH}
        JOIN lake.SAILFACOV.FACO_PARTIES_{REFRESH} USING (PERSON_ID_E)
        JOIN lake.SAILFACOV.FACO_CASES_{REFRESH} USING (CASE_NUMBER_E)
        JOIN lake.SAILFACOV.FACO_EVENTS_{REFRESH} USING (CASE_NUMBER_E) ORDER BY 2""",
    )
    assert people == [(alf_e(home, ADA), "4", "Child", "Hearing"), (None, "99", "Respondent", "Hearing")]
    keyring = open_keyring(home.settings, "databank")
    sent = open_transfer(latest(home.settings.inbox("databank"), "file_2", "family_court", REFRESH), keyring)
    with home.databank.store.reading() as session:
        columns = {
            row[0]
            for table in COURT
            for row in session.rows(f"DESCRIBE FROM {sent.relation(session, table)}", step="describe File 2")
        }
    assert "EVENT_NOTES" not in columns
    assert "CASE_NUMBER" in columns
