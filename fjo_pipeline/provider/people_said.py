"""What a deposit says of its people in their own columns, and where its content columns say the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from fjo_pipeline.core.checking import Failure, lines_of, table_name
from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.sessions import Session, identifier, literal
from fjo_pipeline.core.table_contracts import FieldContract, TableContract

DATES = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y%m%d", "%d %B %Y", "%d %b %Y")
"""Forms in which a text may say a date of birth."""
SHORTEST = 3
"""Letters of a text that can be anybody's name here: codes of two letters are many, and names of two few."""
OWN_AT_LEAST, CHANCE = 3, 6.0
"""People whose rows repeat their own name before that counts, and how many standard errors above chance they are."""


@dataclass(frozen=True)
class Overlap:
    """A text column's different values, how many are identifiers, and how many rows would be their own by chance."""

    values: int
    whole: int
    names: int
    births: int
    by_chance: dict[str, float]


class Said:
    """The identifiers of a loaded deposit's people, compared once with all of its text columns (`content_said`)."""

    def __init__(self, session: Session, contract: Contract, folder: Path) -> None:
        self._session, self._contract, self._folder = session, contract, folder
        self._found = self._compare()

    def overlap(self, place: int) -> Overlap:
        """What a column has in common with the identifiers of all people."""
        return self._found[place] if place in self._found else Overlap(0, 0, 0, 0, {})

    def is_of_its_own_person(self, table: TableContract, field: FieldContract, kind: str, overlap: Overlap) -> bool:
        """Whether more rows than chance explains say their own person's name, or date of birth."""
        if not {"name": overlap.names, "birth": overlap.births}[kind] or not self._person_keys(table):
            return False
        expected = overlap.by_chance.get(kind, 0.0)
        keys = ", ".join(identifier(key.name) for key in self._person_keys(table))
        # People and not rows: what somebody's many rows all say is one coincidence.
        own = self._session.value(
            f"SELECT count(DISTINCT ({keys})) FROM {table_name(table)} "
            f"WHERE {self._condition(table, field, kind, own=True)}",
            step=f"compare {table.path} with its people",
        )
        return bool(own >= OWN_AT_LEAST and own > expected + CHANCE * sqrt(expected))

    def failure(
        self, table: TableContract, field: FieldContract, kind: str, rule: str, *, own: bool = False
    ) -> Failure:
        """The failure of a column whose rows say identifiers of a kind: their own person's, or anybody's."""
        condition = self._condition(table, field, kind, own=own)
        lines = lines_of(self._session, table, self._folder, condition)
        return Failure(table.path, field.name, rule, self._count(table, condition), lines)

    def _count(self, table: TableContract, condition: str) -> int:
        query = f"SELECT count(*) FROM {table_name(table)} WHERE {condition}"
        return int(self._session.value(query, step=f"count identifiers in {table.path}"))

    def _compare(self) -> dict[int, Overlap]:
        people = sum(
            int(self._session.value(f"SELECT count(*) FROM {table_name(each)}", step="count people"))
            for each in self._contract.people_tables
        )
        rows = self._session.rows(
            f"""
            WITH said AS (SELECT place, lower(value) AS value, {_as_date("value")} AS day, rows FROM content_said),
            alike AS (
                SELECT place, kind, said.value, rows FROM said JOIN ({known_people(self._contract)}) AS known
                    ON said.value = known.value
                UNION ALL
                SELECT place, 'birth', said.value, rows FROM said JOIN ({_births(self._contract)}) AS known
                    ON said.day = known.day
            )
            SELECT place, any_value(counted.values),
                count(DISTINCT alike.value) FILTER (WHERE kind = 'whole'),
                count(DISTINCT alike.value) FILTER (WHERE kind = 'name'),
                count(DISTINCT alike.value) FILTER (WHERE kind = 'birth'),
                coalesce(sum(rows) FILTER (WHERE kind = 'name'), 0),
                coalesce(sum(rows) FILTER (WHERE kind = 'birth'), 0)
            FROM alike
            JOIN (SELECT place, count(DISTINCT value) AS values FROM said GROUP BY ALL) AS counted USING (place)
            GROUP BY place ORDER BY place
            """,
            step="compare texts with people",
        )
        # Each person who has a value meets each row that says it: of all pairs 1 in `people` would be of one person.
        return {
            place: Overlap(values, whole, names, births, {"name": named / people, "birth": born / people})
            for place, values, whole, names, births, named, born in rows
        }

    def _person_keys(self, table: TableContract) -> list[FieldContract]:
        entity = self._contract.people_tables[0].person_key.entity
        return [field for field in table.fields if field.role == "key" and field.entity == entity]

    def _condition(self, table: TableContract, field: FieldContract, kind: str, *, own: bool) -> str:
        """The SQL condition of a row that says an identifier of a kind."""
        column = identifier(field.name)
        value = _as_date(f"trim({column})") if kind == "birth" else f"lower(trim({column}))"
        known = _births(self._contract) if kind == "birth" else known_people(self._contract, kind)
        said = "day" if kind == "birth" else "value"
        if not own:
            return f"{value} IN (SELECT {said} FROM ({known}))"
        return " OR ".join(
            f"(CAST({identifier(key.name)} AS VARCHAR), {value}) IN (SELECT (person, {said}) FROM ({known}))"
            for key in self._person_keys(table)
        )


def known_people(contract: Contract, kind: str | None = None) -> str:
    """SQL for (person, kind, value) of every name, whole name and address of the deposit's people, in small letters.

    `name` is a surname, a forename, and a postcode or NHS number without spaces; `whole` what hardly two people share.
    """
    return " UNION ALL ".join(
        f"SELECT CAST({identifier(table.person_key.name)} AS VARCHAR) AS person, {literal(each)} AS kind, "
        f"lower(trim({sql})) AS value FROM {table_name(table)} WHERE length({sql}) >= {SHORTEST}"
        for table in contract.people_tables
        for each, sql in _identifiers(table)
        if kind in (None, each)
    )


def _identifiers(table: TableContract) -> Iterator[tuple[str, str]]:
    given = {field.file_1: identifier(field.name) for field in table.fields if field.file_1}
    surname, forename = given.get("SURNAME"), given.get("FORENAME")
    if surname:
        yield "name", surname
    if forename:
        first = f"split_part({forename}, ' ', 1)"
        yield "name", first
        for each in (forename, first) if surname else ():
            yield from (
                ("whole", f"({each} || ' ' || {surname})"),
                ("whole", f"({surname} || ' ' || {each})"),
                ("whole", f"({surname} || ', ' || {each})"),
            )
    for column in (given[name] for name in ("POSTCODE", "NHS_NUMBER") if name in given):
        yield "name", f"regexp_replace(CAST({column} AS VARCHAR), '[ -]', '', 'g')"
    for column in (column for name, column in given.items() if name and name.startswith("ADDRESS_")):
        # A street with its number; a town alone is nobody's address.
        yield "whole", f"CASE WHEN regexp_matches({column}, '[0-9].*[A-Za-z]{{3}}') THEN {column} END"


def _births(contract: Contract) -> str:
    """SQL for (person, day) of every date of birth."""
    return " UNION ALL ".join(
        f"SELECT CAST({identifier(table.person_key.name)} AS VARCHAR) AS person, {identifier(field.name)} AS day "
        f"FROM {table_name(table)} WHERE {identifier(field.name)} IS NOT NULL"
        for table in contract.people_tables
        for field in table.fields
        if field.file_1 == "DATE_OF_BIRTH"
    )


def _as_date(value: str) -> str:
    """SQL for the day that a text says, in any of the forms; NULL where it says none."""
    return f"CAST(try_strptime({value}, [{', '.join(map(literal, DATES))}]) AS DATE)"
