"""The guards before sealing: they catch a lost row, a column too many, and identifiers under an innocent name."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from fjo_pipeline.core.contracts import Contract, FirstApplicationAgeBand, load_contract
from fjo_pipeline.core.findings import Finding
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.core.transfers import Draft, Subject
from fjo_pipeline.provider import guards
from fjo_pipeline.provider.checked import CheckedDeposit
from tests.deposit_builder import TINY_CONTRACT

PEOPLE = 100
SPLIT = {
    "file_1": (
        "SELECT lpad(CAST(i AS VARCHAR), 14, '0') AS SYSTEM_ID, 'Forename' || i AS FORENAME, "
        "'Surname' || chr(65 + i // 26) || chr(65 + i % 26) AS SURNAME, "
        "i || ' High Street' AS ADDRESS_1, 'SA' || i % 9 || ' 8PP' AS POSTCODE "
    ),
    "clients": "SELECT i AS ID, 'M' AS GENDER, lpad(CAST(i AS VARCHAR), 14, '0') AS SYSTEM_ID ",
    "carers": "SELECT i AS ID, lpad(CAST(i AS VARCHAR), 14, '0') AS SYSTEM_ID ",
    "visits": (
        "SELECT i AS VISIT, i AS PERSON, NULL::BIGINT AS FAMILY, 'home' AS KIND, 1 AS SCORE, 1.0 AS PRICE, "
        "true AS OPEN, 'ABC' AS CODE, NULL::DATE AS SEEN, 1 AS PLACE, 'a remark of sorts ' || i AS REMARK "
    ),
    "places": "SELECT i AS ID, 'Place ' || i AS NAME ",
}


def numbers(count: int) -> str:
    return f"(SELECT CAST(range AS INTEGER) AS i FROM range({count}))"


class Guarded:
    """Hand-made drafts of a split, any query of which can be put wrong."""

    def __init__(self, session: Session, contract: Contract, folder: Path) -> None:
        self.session, self.contract, self.folder = session, contract, folder
        self.numbers = count()
        self.rows = dict.fromkeys(("clients", "visits", "places"), PEOPLE) | {"carers": 0}
        self.checked = CheckedDeposit(folder, "tiny", "20240111", "d", True, self.rows, {}, 0)

    def drafts(self, **wrong: str) -> tuple[Draft, Draft]:
        queries = {name: f"{query} FROM {numbers(self.rows.get(name, PEOPLE))}" for name, query in SPLIT.items()}
        queries |= wrong
        folder = self.folder / str(next(self.numbers))
        file_1 = Draft.begin(folder / "file_1", Subject("file_1", "tiny", "20240111", "1", True))
        file_2 = Draft.begin(folder / "file_2", Subject("file_2", "tiny", "20240111", "1", True))
        for name, query in queries.items():
            (file_1 if name == "file_1" else file_2).write(self.session, name, query)
        return file_1, file_2

    def remark(self, expression: str) -> Finding:
        """What is found where REMARK holds this."""
        smuggled = f"SELECT * REPLACE ({expression} AS REMARK) FROM ({SPLIT['visits']}, i FROM {numbers(PEOPLE)})"
        file_1, file_2 = self.drafts(visits=f"SELECT * EXCLUDE (i) FROM ({smuggled})")
        assert guards.no_identifier_columns(self.session, self.contract, file_2).passed
        return guards.no_identifier_values(self.session, self.contract, file_1, file_2)


@pytest.fixture
def guarded(shared_session: Session, tiny: Contract, tmp_path: Path) -> Iterator[Guarded]:
    yield Guarded(shared_session, tiny, tmp_path)


def test_a_good_split_passes_them_all(guarded: Guarded) -> None:
    session, contract = guarded.session, guarded.contract
    file_1, file_2 = guarded.drafts()
    findings = [
        guards.rows_conserved(session, contract, guarded.checked, file_1, file_2),
        guards.one_row_a_join_key(session, file_1),
        guards.no_identifier_columns(session, contract, file_2),
        guards.no_identifier_values(session, contract, file_1, file_2),
    ]
    assert [finding for finding in findings if not finding.passed] == []
    assert findings[0].counts == {"deposit_rows": 300, "file_2_rows": 300, "file_1_rows": 100, "people": 100}


@pytest.mark.parametrize(
    "wrong",
    [
        {"visits": f"{SPLIT['visits']} FROM {numbers(99)}"},
        {"visits": f"{SPLIT['visits']} FROM {numbers(101)}"},
        {"file_1": f"{SPLIT['file_1']} FROM {numbers(99)}"},
        {"clients": f"{SPLIT['clients'].replace('lpad(CAST(i', 'lpad(CAST(i // 2')} FROM {numbers(100)}"},
    ],
    ids=["a row lost", "a row too many", "a person lost", "two people under one join key"],
)
def test_a_row_or_person_lost_or_doubled_is_found(wrong: dict[str, str], guarded: Guarded) -> None:
    file_1, file_2 = guarded.drafts(**wrong)
    finding = guards.rows_conserved(guarded.session, guarded.contract, guarded.checked, file_1, file_2)
    assert not finding.passed


def test_rows_lost_in_one_table_are_not_made_good_by_another(guarded: Guarded) -> None:
    file_1, file_2 = guarded.drafts(
        visits=f"{SPLIT['visits']} FROM {numbers(99)}", places=f"{SPLIT['places']} FROM {numbers(101)}"
    )
    finding = guards.rows_conserved(guarded.session, guarded.contract, guarded.checked, file_1, file_2)
    assert finding.counts["deposit_rows"] == finding.counts["file_2_rows"]
    assert not finding.passed


def test_codes_that_may_be_outgrown_can_hide_identifiers_and_are_looked_at(guarded: Guarded, tmp_path: Path) -> None:
    path = tmp_path / "tiny.yaml"
    listed = "constraints: {enum: [home, office]}"
    path.write_text(TINY_CONTRACT.replace(listed, f"{listed}, outgrown: warn"))
    kinds = f"SELECT * REPLACE ('SA' || (VISIT % 80 + 10) || ' 8PP' AS KIND) FROM ({SPLIT['visits']}"
    file_1, file_2 = guarded.drafts(visits=f"{kinds} FROM {numbers(PEOPLE)})")
    session = guarded.session
    assert guards.no_identifier_values(session, guarded.contract, file_1, file_2).passed
    found = guards.no_identifier_values(session, load_contract(path), file_1, file_2)
    assert found.counts == {"visits.KIND": 1}
    codes = ", ".join(f"SA{number} 8PP" for number in range(10, 90))
    path.write_text(TINY_CONTRACT.replace(listed, f"constraints: {{enum: [{codes}]}}, outgrown: warn"))
    assert guards.no_identifier_values(session, load_contract(path), file_1, file_2).passed


def test_a_join_key_that_stands_twice_is_found(guarded: Guarded) -> None:
    file_1, _ = guarded.drafts(file_1=f"{SPLIT['file_1']} FROM {numbers(50)}, range(2)")
    assert guards.one_row_a_join_key(guarded.session, file_1) == Finding(
        "one_row_a_join_key", False, {"rows": 100, "join_keys": 50}
    )


@pytest.mark.parametrize(
    "visits",
    [
        f"{SPLIT['visits']}, 'Surname' AS SURNAME FROM {numbers(100)}",
        f"SELECT * EXCLUDE (REMARK) FROM ({SPLIT['visits']} FROM {numbers(100)})",
        f"SELECT * RENAME (REMARK AS NOTES) FROM ({SPLIT['visits']} FROM {numbers(100)})",
        f"{SPLIT['visits']}, i AS SYSTEM_ID FROM {numbers(100)}",
    ],
    ids=["one more", "one fewer", "one dropped by the contract", "a join key where no people are"],
)
def test_columns_other_than_the_contracts_are_found(visits: str, guarded: Guarded) -> None:
    _, file_2 = guarded.drafts(visits=visits)
    finding = guards.no_identifier_columns(guarded.session, guarded.contract, file_2)
    assert not finding.passed
    assert finding.counts["unexpected_columns"] > 0


@pytest.mark.parametrize(
    "expression",
    [
        "'Surname' || chr(65 + i // 26) || chr(65 + i % 26)",
        "' SURNAME' || chr(65 + i // 26) || chr(65 + i % 26) || ' '",
        "'forename' || i",
        "i || ' high street'",
        "'CF' || i % 90 || ' 9XX'",
        "'cf' || i % 90 || '9xx'",
        "'W1A 1AA'",
        "CAST(9434765919 + i AS VARCHAR)",
        "'943 476 59' || (10 + i % 90)",
        "'943-476-5919'",
        "strftime(DATE '2015-03-02' + CAST(i AS INTEGER), '%d/%m/%Y')",
        "CAST(DATE '2015-03-02' + CAST(i AS INTEGER) AS VARCHAR)",
        "'2.3.15'",
        "CASE WHEN i < 10 THEN 'SurnameA' || chr(65 + i) ELSE 'remark ' || i END",
        "CASE WHEN i < 10 THEN 'CF10 9XX' ELSE 'remark ' || i END",
        "CASE WHEN i < 10 THEN 'Forename' || i END",
        "'Forename' || i || ' surname' || chr(65 + i // 26) || chr(65 + i % 26)",
        "'Surname' || chr(65 + i // 26) || chr(65 + i % 26) || ', Forename' || i",
    ],
)
def test_identifiers_under_an_innocent_column_name_are_found(expression: str, guarded: Guarded) -> None:
    assert guarded.remark(expression) == Finding("no_identifier_values", False, {"visits.REMARK": 1})


@pytest.mark.parametrize(
    "expression",
    [
        "NULL::VARCHAR",
        "'remark ' || i",
        "CAST(i AS VARCHAR)",
        "CASE WHEN i < 4 THEN 'SurnameA' || chr(65 + i) ELSE 'remark ' || i END",
        "CASE WHEN i < 4 THEN 'CF10 9XX' ELSE 'remark ' || i END",
        "CASE i % 3 WHEN 0 THEN 'SurnameAA' WHEN 1 THEN 'yes' ELSE 'no' END",
    ],
    ids=["nothing", "words", "small numbers", "few like names", "few like postcodes", "a code that is also a name"],
)
def test_what_is_alike_by_chance_passes(expression: str, guarded: Guarded) -> None:
    assert guarded.remark(expression) == Finding("no_identifier_values", True, {})


NHS = "list_filter(range(9000000000, 9000002000), n -> {})".format(
    "(11 - ("
    + " + ".join(f"(n // {10 ** (10 - at)} % 10) * {11 - at}" for at in range(1, 10))
    + ") % 11) % 11 = n % 10"
)


@pytest.mark.parametrize(("numbers_", "found"), [(f"{NHS}[i + 1]", True), ("9000000000 + i", False), ("i", False)])
@pytest.mark.parametrize(("column", "kind"), [("SCORE", "BIGINT"), ("PRICE", "DOUBLE")])
def test_nhs_numbers_among_numbers_are_found(
    numbers_: str, found: bool, column: str, kind: str, guarded: Guarded
) -> None:
    smuggled = (
        f"SELECT * REPLACE (CAST({numbers_} AS {kind}) AS {column}) FROM ({SPLIT['visits']}, i FROM {numbers(100)})"
    )
    file_1, file_2 = guarded.drafts(visits=f"SELECT * EXCLUDE (i) FROM ({smuggled})")
    finding = guards.no_identifier_values(guarded.session, guarded.contract, file_1, file_2)
    assert finding.counts == ({f"visits.{column}": 1} if found else {})


def test_peoples_own_dates_of_birth_under_another_name_are_found(guarded: Guarded, tmp_path: Path) -> None:
    field = "        - {name: GENDER, type: string, role: content, file_1: GENDER_CD"
    seen = "        - {name: SEEN, type: date, role: content}\n"
    (tmp_path / "tiny.yaml").write_text(TINY_CONTRACT.replace(field, seen + field))
    dated = load_contract(tmp_path / "tiny.yaml")
    born = f"{SPLIT['file_1']}, DATE '1980-01-01' + i AS DATE_OF_BIRTH FROM {numbers(PEOPLE)}"
    for days, found in ((0, True), (1, False)):
        clients = f"{SPLIT['clients']}, DATE '1980-01-01' + i + {days} AS SEEN FROM {numbers(PEOPLE)}"
        file_1, file_2 = guarded.drafts(file_1=born, clients=clients)
        finding = guards.no_identifier_values(guarded.session, dated, file_1, file_2)
        assert finding.counts == ({"clients.SEEN": 1} if found else {})


@pytest.mark.parametrize(
    ("derived", "columns", "values"),
    [
        ("i AS ID, '0-6 days' AS AGE_BAND_FIRST_S31", True, True),
        ("i AS ID, NULL::VARCHAR AS AGE_BAND_FIRST_S31", True, True),
        ("i AS ID, '2015-03-02' AS AGE_BAND_FIRST_S31", True, False),
        ("i AS ID, '0-6 days' AS AGE_BAND_FIRST_S31, 'Quillfeather' AS WHOSE", False, True),
    ],
)
def test_the_derived_table_is_looked_at_too(derived: str, columns: bool, values: bool, guarded: Guarded) -> None:
    rule = FirstApplicationAgeBand(
        people="clients", roles="visits", roles_person="PERSON", roles_application="VISIT", types="places",
        roles_is_subject=("KIND", "home"), applications="visits", applications_type="PLACE", applications_date="SEEN",
        types_name="NAME", type_names=("North",),
    )  # fmt: skip
    deriving = guarded.contract.model_copy(update={"derived": rule})
    file_1, file_2 = guarded.drafts(derived=f"SELECT {derived} FROM {numbers(PEOPLE)}")
    assert guards.no_identifier_columns(guarded.session, deriving, file_2).passed == columns
    assert guards.no_identifier_values(guarded.session, deriving, file_1, file_2).passed == values
    assert not guards.no_identifier_columns(guarded.session, guarded.contract, file_2).passed


def test_a_lookup_may_hold_the_names_of_places(guarded: Guarded) -> None:
    file_1, file_2 = guarded.drafts(places=f"SELECT i AS ID, 'SA2 8PP' AS NAME FROM {numbers(PEOPLE)}")
    assert guards.no_identifier_values(guarded.session, guarded.contract, file_1, file_2).passed


def test_findings_name_columns_and_counts_and_no_value(guarded: Guarded) -> None:
    assert "Surname" not in repr(guarded.remark("'SurnameAA'"))
    assert "W1A" not in repr(guarded.remark("'W1A 1AA'"))
