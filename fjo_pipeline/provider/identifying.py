"""Content that says who people are: identifiers under an innocent column name, looked for before anything is split.

By what a value looks like, and by what else the same deposit says of people. Each text column is made into its
different values once, and nearly everything is asked of those; rows are read again only where they show something.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fjo_pipeline.core.checking import CheckReport, Failure, lines_of, table_name
from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.sessions import Session, identifier, literal
from fjo_pipeline.core.table_contracts import FieldContract, TableContract
from fjo_pipeline.provider.people_said import SHORTEST, Said

RULE = "identifiers under a content column:"
FORMS = {
    "postcode": ("a full postcode", r"(?i)\b([a-z]{1,2}[0-9][0-9a-z]?|gir) ?[0-9][abd-hjlnp-uw-z]{2}\b"),
    "nhs_number": ("an NHS number with its check digit", r"\b[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}\b"),
    "email": ("an e-mail address", r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}"),
    "telephone": ("a telephone number", r"(^|[^0-9A-Za-z])(\+44|0044|0)[ -]?\(?[1-9]([ ()-]?[0-9]){8,9}\b"),
}
"""What identifiers look like: the kind's name in a contract, in words, and as a pattern that may stand within a text.

Postcodes: the letters of an inward code are never C, I, K, M, O or V (Royal Mail, Postcode Address File).
"""
WHOLE_AT_LEAST = 2
"""Different values that are somebody's whole name or address before a column counts as holding them."""
NAMES_AT_LEAST, NAMES_SHARE = 5, 0.05
"""Share of a column's different values that may be names by chance, where it has so many: towns and faiths are."""
TEN_DIGITS_AT_LEAST, TEN_DIGITS_SHARE = 3, 0.5
"""Of random numbers of ten digits 1 in 11 has the right check digit: of three, all three once in 1,331 times."""


@dataclass(frozen=True)
class Column:
    """One content column of the deposit in which an identifier could stand."""

    place: int
    table: TableContract
    field: FieldContract

    @property
    def name(self) -> str:
        """The column as SQL names it."""
        return identifier(self.field.name)


def without_identifiers(session: Session, contract: Contract, folder: Path, report: CheckReport) -> CheckReport:
    """The report of a delivery whose tables `check_delivery` has loaded, with every column that holds identifiers.

    What is broken already is left as it is: it is refused, and its tables may not be there.
    """
    if not report.good:
        return report
    return replace(report, failures=tuple(_failures(session, contract, folder)))


def _failures(session: Session, contract: Contract, folder: Path) -> Iterator[Failure]:
    places = [(table, field) for table in contract.tables for field in table.file_2_fields if may_hide(table, field)]
    columns = [Column(number, *place) for number, place in enumerate(places)]
    texts = [each for each in columns if each.field.type == "string"]
    if texts:
        _values_of(session, texts)
        said = Said(session, contract, folder)
        for column in texts:
            found = [*_by_form(session, column, folder), *_by_overlap(said, column)]
            # Once is enough to be mended: a column of whole addresses holds postcodes and names as well.
            yield from found[:1]
    for table in contract.tables:
        numbers = [each for each in columns if each.table is table and each.field.type in ("integer", "number")]
        yield from _nhs_numbers(session, table, numbers, folder)
        if table.kind == "people":
            dates = [each for each in columns if each.table is table and each.field.type == "date"]
            yield from _dates_of_birth(session, table, dates, folder)


def may_hide(table: TableContract, field: FieldContract) -> bool:
    """Whether a value of a field goes to File 2 as it is and is neither listed in the contract nor a reference."""
    listed = field.constraints.enum and field.outgrown == "refuse"
    refers = any(key.fields == field.name for key in table.table_schema.foreign_keys)
    return field.role == "content" and not listed and not refers


def _values_of(session: Session, columns: Sequence[Column]) -> None:
    """The table `content_said`: the different values of each text column, and how many rows have each."""
    parts = [
        f"SELECT {each.place} AS place, trim({each.name}) AS value, count(*) AS rows FROM {table_name(each.table)} "
        f"WHERE length({each.name}) >= {SHORTEST} GROUP BY ALL"
        for each in columns
    ]
    session.run(
        f"CREATE OR REPLACE TEMP TABLE content_said AS {' UNION ALL '.join(parts)}", step="read the values of texts"
    )


def _by_form(session: Session, column: Column, folder: Path) -> Iterator[Failure]:
    for kind, (words, _) in FORMS.items():
        if kind in column.field.may_look_like:
            continue
        rows = session.value(
            f"SELECT coalesce(sum(rows), 0) FROM content_said WHERE place = {column.place} AND {_looks(kind, 'value')}",
            step=f"look for identifiers in {column.table.path}",
        )
        if rows:
            lines = lines_of(session, column.table, folder, _looks(kind, column.name))
            yield Failure(column.table.path, column.field.name, f"{RULE} the value looks like {words}", rows, lines)


def _looks(kind: str, value: str) -> str:
    """The SQL condition of a text in which something looks like an identifier of this kind."""
    pattern = literal(FORMS[kind][1])
    if kind != "nhs_number":
        return f"regexp_matches({value}, {pattern})"
    number = f"TRY_CAST(regexp_replace(regexp_extract({value}, {pattern}), '[ -]', '', 'g') AS BIGINT)"
    return f"regexp_matches({value}, {pattern}) AND {_checks(number)}"


def _checks(number: str) -> str:
    """The SQL condition of a number of ten digits whose last is the NHS number's check digit (modulus 11)."""
    digits = " + ".join(f"({number} // {10 ** (10 - place)} % 10) * {11 - place}" for place in range(1, 10))
    return f"{number} BETWEEN 1000000000 AND 9999999999 AND (11 - ({digits}) % 11) % 11 = {number} % 10"


def _by_overlap(said: Said, column: Column) -> Iterator[Failure]:
    """What a column has in common with the identifiers of the deposit's people."""
    where = (column.table, column.field)
    overlap = said.overlap(column.place)
    if overlap.whole >= WHOLE_AT_LEAST:
        yield said.failure(*where, "whole", f"{RULE} the value is the whole name or the address of somebody")
    # Lookups name towns, faiths and nations, which are surnames too.
    elif (
        column.table.kind != "lookup"
        and overlap.values >= NAMES_AT_LEAST
        and overlap.names / overlap.values > NAMES_SHARE
    ):
        yield said.failure(
            *where, "name", f"{RULE} too many of its values are names, postcodes or NHS numbers of people"
        )
    for kind, words in (("name", "name, postcode or NHS number"), ("birth", "date of birth")):
        if said.is_of_its_own_person(*where, kind, overlap):
            yield said.failure(*where, kind, f"{RULE} the value is the {words} of the row's own person", own=True)


def _nhs_numbers(session: Session, table: TableContract, columns: Sequence[Column], folder: Path) -> Iterator[Failure]:
    looked_at = [each for each in columns if "nhs_number" not in each.field.may_look_like]
    if not looked_at:
        return
    # Statistics of the column answer this; most hold no number of ten digits.
    largest = session.row(
        f"SELECT {', '.join(f'max({each.name})' for each in looked_at)} FROM {table_name(table)}",
        step=f"look at the numbers of {table.path}",
    )
    for column, most in zip(looked_at, largest, strict=True):
        if most is None or most < 10**9:
            continue
        number = f"TRY_CAST({column.name} AS BIGINT)"
        long, right = session.row(
            f"SELECT count(*), count(*) FILTER (WHERE {_checks(number)}) FROM {table_name(table)} "
            f"WHERE {column.name} BETWEEN 1000000000 AND 9999999999",
            step=f"look for NHS numbers in {table.path}",
        )
        if right >= TEN_DIGITS_AT_LEAST and right / long > TEN_DIGITS_SHARE:
            lines = lines_of(session, table, folder, _checks(number))
            rule = f"{RULE} the value looks like {FORMS['nhs_number'][0]}"
            yield Failure(table.path, column.field.name, rule, right, lines)


def _dates_of_birth(
    session: Session, table: TableContract, columns: Sequence[Column], folder: Path
) -> Iterator[Failure]:
    born = next(identifier(field.name) for field in table.fields if field.file_1 == "DATE_OF_BIRTH")
    for column in columns:
        own = f"{column.name} = {born}"
        rows = session.value(
            f"SELECT count(*) FROM {table_name(table)} WHERE {own}", step=f"look for dates of birth in {table.path}"
        )
        if rows >= WHOLE_AT_LEAST:
            rule = f"{RULE} the value is the date of birth of the row's own person"
            yield Failure(table.path, column.field.name, rule, rows, lines_of(session, table, folder, own))
