"""The data dictionary of an extract: a table, its columns and their codes, and the words for what contracts leave out.

How it is made from contracts and the file itself is in `describing`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from fjo_pipeline.core.sessions import Session, identifier

SAID: Mapping[str, str] = {
    "ALF": "Anonymous linking field: the same person in every dataset",
    "ALF2": "Link to the family court: the same person among its people",
    "RALF": "Residential anonymous linking field: the same residence",
    "ALF_STS_CD": "Match status: how the person was linked",
    "ALF_MTCH_PCT": "Match probability, a proportion; only where the status is 35",
    "WOB": "Monday of the week of birth",
    "GNDR_CD": "Gender code, from the provider's own record",
    "LSOA_CD": "Lower layer super output area (LSOA) of the provider's address",
    "LSOA2011_CD": "Lower layer super output area (LSOA), 2011",
    "DOD": "Date of death",
    "FROM_DT": "First day at the address",
    "TO_DT": "Last day at the address",
    "PERSON_ID": "The person, within this dataset",
    "PERS_ID": "The person of the register",
    "AVAIL_FROM_DT": "Refresh date of the deposit",
}
"""What the columns that a contract does not describe itself hold: File 3's, a register's, and the refresh date."""
CODES: Mapping[str, Mapping[str, str]] = {
    "ALF_STS_CD": {
        "1": "NHS number, and date of birth or surname",
        "4": "five fields equal",
        "39": "four fields equal and a variant or alike forename",
        "35": "probabilistic, at or above the threshold",
        "99": "no acceptable match",
    },
    "GNDR_CD": {"1": "male", "2": "female", "9": "unknown"},
}
"""Codes of File 3 by column."""


@dataclass(frozen=True)
class Lookup:
    """Where the names of a code stand."""

    table: str
    code: str
    name: str


@dataclass(frozen=True)
class Column:
    """A column as it is in the extract: its type in DuckDB, what it holds, and how it is coded."""

    name: str
    type: str
    label: str = ""
    identifies: str | None = None
    lookup: Lookup | None = None
    codes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """A table as it is in the extract; `refers` are its ids of rows of other tables: column to table and column."""

    schema: str
    name: str
    title: str
    kind: str
    rows: int | None
    columns: tuple[Column, ...]
    dataset: str | None = None
    refresh: str | None = None
    special_access: bool = False
    reconstruction: bool = False
    key: str | None = None
    refers: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def qualified(self) -> str:
        """Schema and name."""
        return f"{self.schema}.{self.name}"

    def column(self, name: str) -> Column | None:
        """The column of that name, if there is one."""
        return next((each for each in self.columns if each.name == name), None)

    def as_json(self) -> dict[str, Any]:
        """All of it for a machine, without what is empty."""
        return {name: value for name, value in asdict(self).items() if value not in (None, "", (), {}, False)}


def code_names(session: Session, lookup: Lookup, catalogue: str = "extract") -> dict[Any, str]:
    """The names of a lookup's codes; a code without a name is left out."""
    schema, table = lookup.table.split(".")
    code, name = identifier(lookup.code), identifier(lookup.name)
    return dict(
        session.rows(
            f"SELECT {code}, min({name}) FROM {catalogue}.{identifier(schema)}.{identifier(table)} "
            f"WHERE {code} IS NOT NULL AND {name} IS NOT NULL GROUP BY 1 ORDER BY 1",
            step="read a lookup",
        )
    )


def all_code_names(session: Session, tables: Sequence[Table]) -> dict[Lookup, dict[Any, str]]:
    """The codes' names of every lookup that a column of these tables uses."""
    used = {each.lookup for table in tables for each in table.columns if each.lookup}
    return {lookup: code_names(session, lookup) for lookup in sorted(used, key=lambda each: each.table)}
