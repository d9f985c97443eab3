"""Which rows go with whoever is erased, on lakes made by hand from the shipped contracts: each rule, and who stays."""

import pytest

from fjo_pipeline.core.contracts import Contract, contract
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.databank.removals.going import Going, going_rows, id_table
from tests.unit.databank.test_rows import ECMS, REFRESH, make_lake, tables_of


def ids(session: Session, *numbers: int) -> str:
    return id_table(session, f"SELECT unnest({[*numbers]}::BIGINT[])")


def going(session: Session, each: Contract, people: list[int], others: list[int]) -> Going:
    """What goes with these people, whose ALFs are a thousand times their ids."""
    gone = ids(session, *people), ids(session, *(1000 * one for one in people))
    stay = ids(session, *others), ids(session, *(1000 * one for one in others))
    tables = [table for table in tables_of(each).values() if not table.lookup]
    return going_rows(session, each, REFRESH, tables, gone, stay)


def kept(session: Session, each: Contract, found: Going, table: str, column: str) -> list[int]:
    condition, name = found.conditions[table], tables_of(each)[table].qualified()
    assert session.value(f"SELECT count(*) FROM {name} AS given WHERE ({condition}) IS NULL", step="look") == 0
    rows = session.rows(f"SELECT {column} FROM {name} AS given WHERE NOT ({condition}) ORDER BY 1", step="read")
    return [row[0] for row in rows]


@pytest.mark.parametrize(
    ("people", "others", "applications", "cases", "relationships", "outputs"),
    [
        # The mother is on the child's application; case 102 has the child alone.
        ([1], [2, 3], [10, 11, 12], [100, 101], [4], [2]),
        ([2], [1, 3], [10, 11, 12], [100, 101, 102], [3], [1, 2, 3]),
        ([1, 2], [3], [11, 12], [100, 101], [], [2]),
        ([3], [1, 2], [10], [100, 102], [1, 2], [1, 3]),
        ([1, 2, 3], [], [], [], [], []),
        ([], [1, 2, 3], [10, 11, 12], [100, 101, 102], [1, 2, 3, 4], [1, 2, 3]),
    ],
)
def test_rows_that_name_somebody_go_and_those_that_hang_on_nobody_else(
    session: Session, people: list[int], others: list[int], applications: list[int], cases: list[int],
    relationships: list[int], outputs: list[int],
) -> None:  # fmt: skip
    ecms = contract("cafcass_england_ecms")
    make_lake(session, ecms, ECMS)
    found = going(session, ecms, people, others)
    assert kept(session, ecms, found, "people", "ID_E") == others
    assert kept(session, ecms, found, "alf", "PERSON_ID_E") == others
    assert kept(session, ecms, found, "ethnicities", "PERSON_ID_E") == others
    assert set(kept(session, ecms, found, "personsonapplications", "PERSON_ID_E")) == set(others)
    assert kept(session, ecms, found, "applications", "ID_E") == applications
    assert kept(session, ecms, found, "cases", "ID_E") == cases
    assert kept(session, ecms, found, "hearings", "CASE_ID_E") == cases
    assert kept(session, ecms, found, "personrelationships", "ID_E") == relationships
    assert kept(session, ecms, found, "legaloutputs", "ID_E") == outputs


def test_an_application_with_nobody_on_it_stays(session: Session) -> None:
    ecms = contract("cafcass_england_ecms")
    alone = [*ECMS["applications"], {"ID": 13, "CASE_ID": 103}]
    make_lake(session, ecms, {**ECMS, "applications": alone, "cases": [*ECMS["cases"], {"ID": 103}]})
    found = going(session, ecms, [1, 2, 3], [])
    assert kept(session, ecms, found, "applications", "ID_E") == [13]
    assert kept(session, ecms, found, "cases", "ID_E") == [103]


def test_diagnoses_of_an_erased_persons_spells_go_though_they_name_nobody(session: Session) -> None:
    pedw = contract("pedw")
    make_lake(session, pedw, {
        "alf": [{"PERSON_ID": one, "ALF": 1000 * one, "ALF_STS_CD": "1"} for one in (1, 2)],
        "spell": [{"SPELL_NUM": 5, "ALF": 1000}, {"SPELL_NUM": 6, "ALF": 2000}, {"SPELL_NUM": 7}],
        "diag": [{"SPELL_NUM": 5}, {"SPELL_NUM": 6}, {"SPELL_NUM": 7}],
    })  # fmt: skip
    found = going(session, pedw, [1], [2])
    assert kept(session, pedw, found, "spell", "SPELL_NUM_E") == [6, 7]
    assert kept(session, pedw, found, "diag", "SPELL_NUM_E") == [6, 7]


def test_a_birth_goes_with_its_mother_rather_than_tell_by_a_gap_that_she_went(session: Session) -> None:
    births = contract("child_health")
    make_lake(session, births, {
        "alf": [{"PERSON_ID": 1, "ALF": 1000}, {"PERSON_ID": 2, "ALF": 2000}],
        "child_births": [{"CHILD_ID": 1, "ALF": 1000, "MAT_ALF": 2000}, {"CHILD_ID": 3, "ALF": 3000}],
    })  # fmt: skip
    found = going(session, births, [2], [1])
    assert kept(session, births, found, "child_births", "CHILD_ID_E") == [3]
    assert kept(session, births, found, "alf", "PERSON_ID_E") == [1]
