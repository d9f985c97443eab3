"""A session and small registers for the linkage tests."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from fjo_pipeline.core.sessions import Session, open_session
from fjo_pipeline.ttp.linkage.normalise import RegisterRelations

FIELDS = "forename, surname, date_of_birth, sex, postcode, address, middle_names"
REGISTER = RegisterRelations("register_person", "register_name", "register_address")
Record = Sequence[str]
TOWN = 40_000
# Common names, so that a story's common name is common here too; the first are the most frequent.
FORENAMES = """David Sarah John Emma Mohammed Susan James Amy Michael Louise Thomas Karen Jack Ruth Daniel Aisha
    Adam Lily Christopher Margaret Ryan Megan Ibrahim Jade Oliver Chloe Rhys Kate Callum Agnieszka Gareth Fatima"""
SURNAMES = """Smith Jones Khan Williams Brown Taylor Davies Evans Ahmed Wilson Thomas Roberts Hussain Johnson Lewis
    Walker Robinson Wood Begum Thompson White Watson Jackson Wright Green Harris Ali Cooper King Lee Martin Clarke
    James Morgan Hughes Edwards Hill Moore Kowalska Clark Patel Singh Kaur Harrison Scott Young Morris Hall Ward
    Turner Carter Phillips Mitchell Patrick Murphy Kelly Byrne Griffiths Owen Rees Price Bennett Gray Cook"""


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with open_session(tmp_path / "spill") as opened:
        yield opened


def load(session: Session, people: Sequence[Record], register: Sequence[Record], strangers: int = 3000) -> None:
    """Tables `people` and the register's three relations from records id, forename, surname, … (edge_cases.yaml)."""
    blanks_as_null = ", ".join(f"nullif(${number}, '')" for number in range(2, 10))
    for table, key, records in (("people", "person_id", people), ("register", "register_id", register)):
        session.run(
            f"CREATE OR REPLACE TABLE {table} ({key} VARCHAR, {', '.join(f'{f} VARCHAR' for f in FIELDS.split(', '))}, "
            "nhs_number VARCHAR)",
            step="make a table",
        )
        for record in records:
            padded = [*record, *[""] * (9 - len(record))]
            session.run(
                f"INSERT INTO {table} SELECT $1, {blanks_as_null}",
                padded,
                step="fill a table",
            )
    session.run(
        f"""INSERT INTO register
        SELECT 'stranger ' || i, ['Sarah', 'Mark', 'Amy', 'Ivan', 'Ruth', 'Noel'][(i % 6 + 1)::INT],
               ['Smith', 'Jones', 'Khan', 'Brown', 'Evans'][(i // 6 % 5 + 1)::INT] || chr((97 + i // 30 % 26)::INT),
               CAST(DATE '1940-01-01' + CAST(hash(i) % 28000 AS INTEGER) AS VARCHAR),
               CASE WHEN i % 2 = 0 THEN 'F' ELSE 'M' END, 'BN' || i % 90 || ' ' || i % 9 || 'XY', i || ' High Street',
               NULL, NULL FROM range({strangers}) t(i)""",
        step="add strangers",
    )
    session.run(
        """CREATE OR REPLACE VIEW register_person AS
        SELECT DISTINCT register_id, date_of_birth, sex, nhs_number FROM register;
        CREATE OR REPLACE VIEW register_name AS
        SELECT DISTINCT register_id, forename, middle_names, surname FROM register;
        CREATE OR REPLACE VIEW register_address AS
        SELECT DISTINCT register_id, postcode, address FROM register""",
        step="divide the register",
    )


def add_town(session: Session) -> None:
    """Add families of three, three families a home in turn, under common names: what a real register holds besides."""
    session.run(
        """INSERT INTO register
        WITH drawn AS (
            SELECT i, i // 3 AS home, hash(i) % 1000 / 1000 AS f, hash(i // 3, 'surname') % 1000 / 1000 AS s,
                   hash(i, 'birth') % 29000 AS birth
            FROM range($people) t(i))
        SELECT 'town ' || i, $forenames[floor(len($forenames) * f * f)::INT + 1],
               $surnames[floor(len($surnames) * s * s)::INT + 1],
               CAST(DATE '1940-01-01' + birth::INT AS VARCHAR), CASE WHEN i % 2 = 0 THEN 'F' ELSE 'M' END,
               'BN' || home // 3 % 90 || ' ' || home // 270 % 9 || 'XY', home // 2430 || ' High Street', NULL, NULL
        FROM drawn""",
        {"people": TOWN, "forenames": FORENAMES.split(), "surnames": SURNAMES.split()},
        step="add a town",
    )
