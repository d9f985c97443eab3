"""What hangs on whom, on lakes made by hand from the shipped contracts: each rule with the rows that show it."""

from collections.abc import Mapping, Sequence

import pytest

from fjo_pipeline.core.contracts import Contract, contract, datasets, registers
from fjo_pipeline.core.sessions import Session, identifier
from fjo_pipeline.databank.flow import Partition
from fjo_pipeline.databank.projects.project_file import Project
from fjo_pipeline.databank.projects.rows import choose
from fjo_pipeline.databank.projects.selection import Given
from fjo_pipeline.databank.tables import CuratedTable, curated_tables

REFRESH = "20240111"
Rows = Mapping[str, Sequence[Mapping[str, object]]]
DAYS = {"valid_from": "2024-01-01", "valid_until": "2099-12-31"}
APPROVAL = {"by": "Panel", "reference": "P", **DAYS}


def tables_of(each: Contract) -> dict[str, CuratedTable]:
    return {table.name: table for table in curated_tables(each, REFRESH)}


def make_lake(session: Session, each: Contract, rows: Rows) -> None:
    """Every table of a refresh with these rows; columns that a row leaves out are null."""
    session.run("ATTACH IF NOT EXISTS ':memory:' AS lake", step="make a lake")
    for table in tables_of(each).values():
        session.run(f"CREATE SCHEMA IF NOT EXISTS lake.{table.schema}", step="make a schema")
        columns = [table.named(column, "_E") for column in table.columns]
        types = ["BIGINT" if column in table.entities else "VARCHAR" for column in table.columns]
        laid = ", ".join(f"{identifier(name)} {kind}" for name, kind in zip(columns, types, strict=True))
        session.run(f"CREATE OR REPLACE TABLE {table.qualified()} ({laid})", step="make a table")
        for row in rows.get(table.name, ()):
            values = [row.get(column) for column in table.columns]
            session.run(f"INSERT INTO {table.qualified()} VALUES ({', '.join('?' * len(values))})", values, step="fill")


def given(session: Session, each: Contract, people: Sequence[int], alfs: Sequence[int] = (), **said: object) -> Given:
    """What a project gets of the people with these ids and linking fields."""
    for name, ids in (("people", people), ("alfs", alfs)):
        session.run(f"CREATE OR REPLACE TABLE memory.main.{name} (id BIGINT)", step="name the people")
        for one in ids:
            session.run(f"INSERT INTO memory.main.{name} VALUES (?)", [one], step="name the people")
    project = Project.model_validate(
        {"number": "7001", "title": "t", "lead": "l", "organisation": "o", "purpose": "p", "approval": APPROVAL,
         "datasets": {each.name: {"approval": APPROVAL}}, **said}
    )  # fmt: skip
    partition = Partition(each.name, REFRESH, "", True, 0, 0, 0, 1)
    chosen = choose(session, each, REFRESH, "memory.main.people", "memory.main.alfs")
    return Given(project, each, partition, chosen)


def got(session: Session, given: Given, name: str, *columns: str) -> list[tuple[object, ...]]:
    """The rows of a table that a project gets, in order."""
    wanted = ", ".join(map(identifier, columns))
    query = given.query(tables_of(given.contract)[name])
    return session.rows(f"SELECT {wanted} FROM ({query}) ORDER BY ALL", step="read what is given")


FLAGS = dict.fromkeys(("ISRESPONDENT", "ISAPPLICANT", "ISOTHER", "ISSUBJECTPARTY", "ISOTHERPARTY"), "false")
# Child 1 and mother 2 are on application 10 of case 100; child 3 is on 11, of the same case, and on 12, of another.
ECMS: Rows = {
    "people": [{"ID": one, "ALF": one * 1000} for one in (1, 2, 3)],
    "alf": [{"PERSON_ID": one, "ALF": one * 1000, "ALF_STS_CD": "4", "LSOA_CD": "W01"} for one in (1, 2, 3)],
    "cases": [{"ID": case, "LOCALAUTHORITY_ID": "7"} for case in (100, 101, 102)],
    "applications": [{"ID": 10, "CASE_ID": 100}, {"ID": 11, "CASE_ID": 100}, {"ID": 12, "CASE_ID": 101}],
    "personsonapplications": [
        {"ID": number, "PERSON_ID": person, "APPLICATION_ID": application, "ISSUBJECT": "true", **FLAGS}
        for number, (person, application) in enumerate([(1, 10), (2, 10), (3, 11), (3, 12)])
    ],
    "personrelationships": [
        {"ID": 1, "PERSON_ID": 1, "RELATEDPERSON_ID": 2},
        {"ID": 2, "PERSON_ID": 2, "RELATEDPERSON_ID": 1},
        {"ID": 3, "PERSON_ID": 1, "RELATEDPERSON_ID": 3},
        {"ID": 4, "PERSON_ID": 2, "RELATEDPERSON_ID": 3},
    ],
    "legaloutputs": [
        {"ID": 1, "PERSON_ID": 1, "CASE_ID": 100, "APPLICATION_ID": 10},
        {"ID": 2, "PERSON_ID": 3, "CASE_ID": 100, "APPLICATION_ID": 11},
        {"ID": 3, "PERSON_ID": 1, "CASE_ID": 102},
    ],
    "hearings": [{"ID": case * 10, "CASE_ID": case} for case in (100, 101, 102)],
    "ethnicities": [{"ID": one, "PERSON_ID": one} for one in (1, 2, 3)],
}


@pytest.fixture
def child(session: Session) -> Given:
    """What a project gets whose cohort is child 1 of ECMS alone."""
    ecms = contract("cafcass_england_ecms")
    make_lake(session, ecms, ECMS)
    return given(session, ecms, [1])


def test_only_the_peoples_own_rows_are_given(session: Session, child: Given) -> None:
    for table, key in (("people", "ID_PE"), ("alf", "PERSON_ID_PE"), ("ethnicities", "PERSON_ID_PE")):
        assert got(session, child, table, key) == [(1,)]
    assert got(session, child, "personsonapplications", "PERSON_ID_PE", "APPLICATION_ID_PE") == [(1, 10)]
    assert got(session, child, "legaloutputs", "ID_PE") == [(1,), (3,)]


def test_applications_and_cases_are_those_that_the_people_are_in(session: Session, child: Given) -> None:
    assert got(session, child, "applications", "ID_PE") == [(10,)]
    # Case 102 has no application here: a legal output of the child says that the child is in it.
    assert got(session, child, "cases", "ID_PE") == [(100,), (102,)]
    assert got(session, child, "hearings", "ID_PE") == [(1000,), (1020,)]


def test_relationships_to_people_outside_keep_no_id(session: Session, child: Given) -> None:
    found = got(session, child, "personrelationships", "ID_PE", "PERSON_ID_PE", "RELATEDPERSON_ID_PE")
    assert found == [(1, 1, None), (2, None, 1), (3, 1, None)]


def test_links_of_other_statuses_and_smaller_areas_are_blank_in_columns_that_stay(session: Session) -> None:
    ecms = contract("cafcass_england_ecms")
    alf = [{"PERSON_ID": 1, "ALF": 1000, "ALF_STS_CD": "35", "LSOA_CD": "W01"}, *ECMS["alf"][1:]]
    make_lake(session, ecms, {**ECMS, "alf": alf})
    few = given(session, ecms, [1, 2], match_statuses=[1, 4, 39], small_area="local_authority")
    assert got(session, few, "people", "ID_PE", "ALF_PE") == [(1, None), (2, 2000)]
    found = got(session, few, "alf", "PERSON_ID_PE", "ALF_PE", "ALF_STS_CD", "LSOA_CD")
    assert found == [(1, None, "35", None), (2, 2000, "4", None)]
    assert set(got(session, few, "cases", "LOCALAUTHORITY_ID")) == {("7",)}
    region = given(session, ecms, [1], small_area="region")
    assert set(got(session, region, "cases", "LOCALAUTHORITY_ID")) == {(None,)}


def test_outputs_of_cms_hang_on_the_case(session: Session) -> None:
    cms = contract("cafcass_england_cms")
    make_lake(session, cms, {
        "person": [{"PERSONID": 1}, {"PERSONID": 2}],
        "alf": [{"PERSON_ID": 1}, {"PERSON_ID": 2}],
        "case": [{"CASEID": 100}, {"CASEID": 101}],
        "caseapplication": [{"CASEAPPLICATIONID": 10, "CASEREF": 100}, {"CASEAPPLICATIONID": 11, "CASEREF": 101}],
        "caseapplicationmember": [
            {"CASEAPPLICATIONMEMBERID": 1, "CASEAPPLICATIONREF": 10, "MEMBERREF": 1},
            {"CASEAPPLICATIONMEMBERID": 2, "CASEAPPLICATIONREF": 11, "MEMBERREF": 2},
        ],
        "legaloutput": [{"LEGALOUTPUTID": 5, "CASEREF": 100}, {"LEGALOUTPUTID": 6, "CASEREF": 101}],
    })  # fmt: skip
    one = given(session, cms, [1])
    assert got(session, one, "case", "CASEID_PE") == [(100,)]
    assert got(session, one, "legaloutput", "LEGALOUTPUTID_PE") == [(5,)]


def test_an_order_about_nobody_in_particular_goes_with_its_application(session: Session) -> None:
    cymru = contract("cafcass_cymru")
    make_lake(session, cymru, {
        "alf": [{"PERSON_ID": 1}, {"PERSON_ID": 2}],
        "applications": [{"APPLICATION_ID": 10}, {"APPLICATION_ID": 11}],
        "parties": [
            {"PARTY_ID": 1, "PERSON_ID": 1, "APPLICATION_ID": 10},
            {"PARTY_ID": 2, "PERSON_ID": 2, "APPLICATION_ID": 10},
            {"PARTY_ID": 3, "PERSON_ID": 2, "APPLICATION_ID": 11},
        ],
        "orders": [
            {"ORDER_ID": 1, "APPLICATION_ID": 10}, {"ORDER_ID": 2, "APPLICATION_ID": 10, "PERSON_ID": 2},
            {"ORDER_ID": 3, "APPLICATION_ID": 11}, {"ORDER_ID": 4, "APPLICATION_ID": 10, "PERSON_ID": 1},
        ],
    })  # fmt: skip
    assert got(session, given(session, cymru, [1]), "orders", "ORDER_ID_PE") == [(1,), (4,)]


def test_hospital_rows_go_by_linking_field_and_diagnoses_by_spell(session: Session) -> None:
    pedw = contract("pedw")
    make_lake(session, pedw, {
        "alf": [{"PERSON_ID": 1, "ALF": 1000, "ALF_STS_CD": "1"}, {"PERSON_ID": 2, "ALF": 2000, "ALF_STS_CD": "1"}],
        "spell": [{"SPELL_NUM": 5, "ALF": 1000}, {"SPELL_NUM": 6, "ALF": 2000}, {"SPELL_NUM": 7}],
        "diag": [{"SPELL_NUM": 5}, {"SPELL_NUM": 6}, {"SPELL_NUM": 7}],
    })  # fmt: skip
    one = given(session, pedw, [1], [1000])
    assert got(session, one, "spell", "SPELL_NUM_PE", "ALF_PE") == [(5, 1000)]
    assert got(session, one, "diag", "SPELL_NUM_PE") == [(5,)]


def test_a_birth_about_a_mother_of_the_cohort_says_nothing_of_whose_it_was_but_for_her(session: Session) -> None:
    births = contract("child_health")
    make_lake(session, births, {
        "alf": [{"PERSON_ID": 1, "ALF": 1000}, {"PERSON_ID": 2, "ALF": 2000}],
        "child_births": [{"CHILD_ID": 1, "ALF": 1000, "WOB": "w", "MAT_ALF": 2000, "BIRTH_WEIGHT": "3"}],
    })  # fmt: skip
    mother = given(session, births, [2], [2000])
    found = got(session, mother, "child_births", "CHILD_ID_PE", "ALF_PE", "WOB", "MAT_ALF_PE", "BIRTH_WEIGHT")
    assert found == [(None, None, None, 2000, "3")]


def test_a_case_that_is_only_related_is_not_given_and_keeps_no_id(session: Session) -> None:
    court = contract("family_court")
    make_lake(session, court, {
        "people": [{"PERSON_ID": 1}, {"PERSON_ID": 2}],
        "alf": [{"PERSON_ID": 1}, {"PERSON_ID": 2}],
        "cases": [{"CASE_NUMBER": 100, "RELATED_CASE_NUMBER": 101}, {"CASE_NUMBER": 101, "RELATED_CASE_NUMBER": 100}],
        "parties": [
            {"PARTY_ID": 1, "CASE_NUMBER": 100, "PERSON_ID": 1}, {"PARTY_ID": 2, "CASE_NUMBER": 101, "PERSON_ID": 2},
        ],
        "events": [{"EVENT_ID": 7, "CASE_NUMBER": 100}, {"EVENT_ID": 8, "CASE_NUMBER": 101}],
    })  # fmt: skip
    one = given(session, court, [1])
    assert got(session, one, "cases", "CASE_NUMBER_PE", "RELATED_CASE_NUMBER_PE") == [(100, None)]
    assert got(session, one, "events", "EVENT_ID_PE") == [(7,)]
    both = given(session, court, [1, 2])
    assert got(session, both, "cases", "CASE_NUMBER_PE", "RELATED_CASE_NUMBER_PE") == [(100, 101), (101, 100)]


def test_schools_are_those_that_the_pupils_were_at(session: Session) -> None:
    education = contract("education")
    make_lake(session, education, {
        "alf": [{"PERSON_ID": 1}, {"PERSON_ID": 2}],
        "pupil": [{"IRN": 1, "ESTAB": 50}, {"IRN": 2, "ESTAB": 51}],
        "school": [{"ESTAB": 50}, {"ESTAB": 51}],
    })  # fmt: skip
    assert got(session, given(session, education, [1]), "school", "ESTAB_PE") == [(50,)]


@pytest.mark.parametrize("name", [each.name for each in (*datasets(), *registers())])
def test_of_every_shipped_source_a_cohort_of_nobody_gets_no_row(name: str, session: Session) -> None:
    each = contract(name)
    filled = {table.name: [dict.fromkeys(table.entities, 1)] for table in tables_of(each).values() if not table.lookup}
    make_lake(session, each, filled)
    nobody = given(session, each, [])
    for table in filled:
        whole = tables_of(each)[table]
        assert got(session, nobody, table, *(whole.named(column, "_PE") for column in whole.columns)) == []
