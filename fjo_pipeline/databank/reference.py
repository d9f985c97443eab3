"""Reference files of the databank, in `SAILREFRV`: recognised by their headers, checked line by line, several vintages.

A file replaces what it holds whole of its vintage (IMD 2019 England's part, WIMD 2019 Wales's); other vintages stay.
"""

from csv import DictReader
from dataclasses import dataclass
from pathlib import Path

from fjo_pipeline.core.checking import check_file, table_name
from fjo_pipeline.core.csv_loading import read_header
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import sha256_of_file
from fjo_pipeline.core.sessions import Session, identifier, literal
from fjo_pipeline.core.stores import one_transaction
from fjo_pipeline.core.table_contracts import Constraints, FieldContract, TableContract, TableSchema
from fjo_pipeline.databank.dbt import MODELS
from fjo_pipeline.databank.reference_layouts import REFERENCES, Found, Reference, column_of, recognise, wide
from fjo_pipeline.databank.store import DatabankStore

FILES = "lake.databank.reference_files"
WHOLE = "true"
"""The part of a table that a file of both nations, or of all areas, holds."""


@dataclass(frozen=True)
class Loaded:
    """What of a reference file stands in the databank: rows of its vintage, and what its keeper should know."""

    rows: int
    vintage: str
    notes: tuple[str, ...] = ()


def add_reference(store: DatabankStore, name: str, path: Path, vintage: str | None = None) -> Loaded:
    """Load a reference file, a .csv; the same file again changes nothing.

    Refused for a name or layout not known, a vintage that neither the file nor the caller tells, and with file, line,
    column and rule for values that are not right.
    """
    reference = REFERENCES.get(name)
    if reference is None:
        raise Refused(
            f"there is no reference file '{name}'; known are: postcode_to_lsoa, linkage_truth, {', '.join(REFERENCES)}"
        )
    if path.suffix != ".csv":
        raise Refused(f"{path.name}: a reference file is a .csv in UTF-8; save the sheet as one, its header first")
    header = read_header(path)
    found, digest = recognise(reference, header, path.name), sha256_of_file(path)
    with store.writing() as session:
        _assert_good(session, found, header, path)
        _make_rows(session, reference, found, header, path)
        wanted = vintage or _vintage(session, reference, found, path)
        notes = _notes(session, reference)
        standing = session.rows(
            f"SELECT rows FROM {FILES} WHERE name = ? AND digest = ? AND vintage = ?",
            (name, digest, wanted),
            step="look for the reference file",
        )
        if standing:
            return Loaded(int(standing[0][0]), wanted, notes)
        with one_transaction(session):
            return Loaded(_replace(session, name, found, digest, wanted), wanted, notes)


def _assert_good(session: Session, found: Found, header: list[str], path: Path) -> None:
    key = [found.headers[each] for each in _KEYS if each in found.headers]
    failures = check_file(session, _as_table(found, header, path), path.parent, key)
    if failures:
        raise Refused("the reference file is not usable:\n  " + "\n  ".join(map(str, failures)))


_KEYS = ("lsoa", "area", "region", "year", "sex", "age")
"""The columns of any layout that together say what a row is about."""


def _as_table(found: Found, header: list[str], path: Path) -> TableContract:
    """The file as a table that `core.checking` knows; the publisher's headers are no names for a contract."""
    fields = []
    for name in header:
        column = column_of(found.layout, name)
        fields.append(
            FieldContract.model_construct(
                name=name,
                type=column.type if column else "string",
                role="content",
                constraints=column.constraints if column else Constraints(),
            )
        )
    schema = TableSchema.model_construct(fields=tuple(fields))
    return TableContract.model_construct(name="reference", sail=path.stem, table_schema=schema)


def _make_rows(session: Session, reference: Reference, found: Found, header: list[str], path: Path) -> None:
    """The file's rows in the reference table's columns, as the session's table `arriving`; England and Wales only."""
    source = wide(found, header, table_name(_as_table(found, header, path)))
    names = ", ".join(reference.columns)
    types = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in reference.columns.items())
    session.run(
        f"CREATE OR REPLACE TEMP TABLE whole_file AS SELECT {types} FROM "
        f"(SELECT {found.select} FROM {source}) AS file ({names})",
        step=f"read {path.name}",
    )
    area = f"WHERE {reference.area}[1] IN ('E', 'W')" if reference.area else ""
    session.run(f"CREATE OR REPLACE TEMP TABLE arriving AS FROM whole_file {area}", step="leave other nations out")


def _vintage(session: Session, reference: Reference, found: Found, path: Path) -> str:
    """The vintage that a file itself tells: in a column, in its headers, or as the last year that it has."""
    if "vintage" in found.headers:
        column = identifier(found.headers["vintage"])
        told = session.rows(
            f"SELECT DISTINCT {column} FROM {identifier('deposited_reference')}", step="read the vintage"
        )
        if len(told) != 1:
            raise Refused(f"{path.name}, column vintage: a file has one vintage, the same in each row")
        return str(told[0][0])
    if found.layout.vintage:
        return found.layout.vintage
    assert "YEAR" in reference.columns
    last = session.value("SELECT max(YEAR) FROM arriving", step="read the last year")
    if last is None:
        raise Refused(f"{path.name}: the file has no row of England or Wales")
    return str(last)


def _notes(session: Session, reference: Reference) -> tuple[str, ...]:
    """What was left out, and areas that are not on the list of local authorities."""
    if reference.area is None:
        return ()
    left, unknown = session.row(
        f"""SELECT (SELECT count(*) FROM whole_file) - (SELECT count(*) FROM arriving),
        (SELECT count(DISTINCT {reference.area}) FROM arriving WHERE {reference.area} NOT IN
            ({", ".join(map(literal, known_authorities()))}))""",
        step="look for unknown areas",
    )
    notes = [f"{left:,} rows of other nations were left out"] if left else []
    if unknown:
        notes.append(
            f"{unknown:,} areas are no upper-tier local authority of the list, but districts or of other years' "
            "boundaries: they are kept, and belong to no authority of the list"
        )
    return tuple(notes)


def known_authorities() -> list[str]:
    """The codes of the upper-tier local authorities, from dbt's seed."""
    with (MODELS / "seeds" / "local_authorities.csv").open(encoding="utf-8", newline="") as file:
        return [row["LA_CD"] for row in DictReader(file)]


def _replace(session: Session, name: str, found: Found, digest: str, vintage: str) -> int:
    reference, part = REFERENCES[name], found.layout.replaces
    table, same = f"lake.SAILREFRV.{reference.table}", f"(VINTAGE = {literal(vintage)} OR VINTAGE IS NULL)"
    session.run(f"DELETE FROM {table} WHERE {same} AND {part}", step=f"make room for {name}")
    columns = ", ".join(reference.columns)
    session.run(
        f"INSERT INTO {table} ({columns}, VINTAGE) SELECT {columns}, {literal(vintage)} FROM arriving ORDER BY ALL",
        step=f"load {name}",
    )
    about = f"name = {literal(name)} AND (vintage = {literal(vintage)} OR vintage IS NULL)"
    if part == WHOLE:
        session.run(f"DELETE FROM {FILES} WHERE {about}", step="drop the old version")
    else:
        session.run(f"DELETE FROM {FILES} WHERE {about} AND part = {literal(part)}", step="drop the old version")
        # A file of the whole no longer stands whole, so that adding it again must load it again.
        session.run(
            f"UPDATE {FILES} SET digest = digest || ' with ' || {literal(digest)} "
            f"WHERE {about} AND part = {literal(WHOLE)}",
            step="note that a part is of another file",
        )
    rows = int(session.value("SELECT count(*) FROM arriving", step=f"count {name}"))
    session.run(
        f"INSERT INTO {FILES} (name, digest, rows, vintage, part) VALUES (?, ?, ?, ?, ?)",
        (name, digest, rows, vintage, part),
        step="record the reference file",
    )
    return rows
