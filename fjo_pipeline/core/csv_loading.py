"""One CSV file into one typed table of a session, every row that cannot be read named by line and column."""

import csv
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from fjo_pipeline.core.errors import Exhausted, StatementFailed
from fjo_pipeline.core.sessions import Session, identifier, literal
from fjo_pipeline.core.table_contracts import FieldContract, TableContract

MAXIMUM_REJECTS = 10_000
REJECTS_FROM_BYTES = 16_000_000
"""How much of a file that cannot be read is looked through for the rows to name."""
MAXIMUM_HEADER_BYTES = 1_000_000
# A block that stays in the processor's cache is looked through six times faster than one of megabytes.
NUL_BLOCK = 1 << 18
FIRST_LINES = 5
WELL_FORMED = '"well formed"'
"""A column that tells of each row whether all its values are; no field of a contract can have this name."""
SQL_TYPES = {"string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "date": "DATE", "boolean": "BOOLEAN"}
TYPE_RULES = {
    "integer": "the value is no whole number",
    "number": "the value is no number",
    "date": "the value is no calendar date (YYYY-MM-DD)",
    "boolean": "the value is neither true nor false",
    "string": "the text cannot be read",
}
REJECT_RULES = {
    "MISSING COLUMNS": "the row has too few columns: it is truncated or a separator is missing",
    "TOO MANY COLUMNS": "the row has too many columns: a value with a comma needs quotes",
    "UNQUOTED VALUE": "a quote is not closed",
    "LINE SIZE OVER MAXIMUM": "the line is longer than any row can be",
    "INVALID ENCODING": "the text is not UTF-8",
    "INVALID STATE": "the quotes or line ends of the row are broken",
}
READING = "auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', nullstr = ''"


@dataclass(frozen=True)
class CsvProblem:
    """What keeps rows of a file, or the file, from being read; after a fatal one its table is not to be used."""

    rule: str
    column: str = ""
    count: int = 1
    lines: tuple[int, ...] = ()
    fatal: bool = False


UNREADABLE = CsvProblem("the file is no CSV in UTF-8 that can be read to its end", fatal=True)


def read_header(path: Path) -> list[str]:
    """The column names of a CSV file; empty where it has no readable header."""
    return _first_lines(path)[0]


def _first_lines(path: Path) -> tuple[list[str], list[str]]:
    """What stands on the first and on the second line of a CSV file, each value by itself; empty where unreadable."""
    with path.open("rb") as file:
        raw = file.readline(MAXIMUM_HEADER_BYTES), file.readline(MAXIMUM_HEADER_BYTES)
    header, row = map(_values, raw)
    return header, row


def _values(line: bytes) -> list[str]:
    try:
        # A header with a stray quote would be read as the beginning of a row that ends nowhere.
        return next(csv.reader([line.decode("utf-8-sig").rstrip("\r\n")], strict=True), [])
    except (UnicodeDecodeError, csv.Error):
        return []


def load_csv(session: Session, table: TableContract, path: Path, target: str) -> list[CsvProblem]:
    """Make the session's table `target` from a CSV file and return what could not be read."""
    header, row = _first_lines(path)
    problems = _header_problems(table, header, row) or _nul_problems(path)
    if problems:
        return problems
    typed = ", ".join(f"{_try_cast(field)} AS {identifier(field.name)}" for field in table.fields)
    try:
        session.run(
            f"CREATE OR REPLACE TEMP TABLE {target} AS SELECT {typed}, {_all_well_formed(table)} AS {WELL_FORMED} "
            f"FROM {_texts(path, header)})",
            step=f"read {path.name}",
        )
    except Exhausted:
        # That the machine is too small is no fault of the file: it must not go to quarantine for it.
        raise
    except StatementFailed:
        return _rejected(session, table, path, header)
    return _malformed(session, table, path, header, target)


def numbered_rows(table: TableContract, path: Path, header: Sequence[str]) -> str:
    """SQL for the file's readable rows in its order, with the column "record number": its place among all rows, from 1.

    Only for a file without structural problems, whose rows DuckDB and `physical_lines` count alike.
    """
    typed = ", ".join(f"{_try_cast(field)} AS {identifier(field.name)}" for field in table.fields)
    return (
        f'SELECT {typed}, "record number" FROM (SELECT *, row_number() OVER () AS "record number" '
        f"FROM {_texts(path, header)}, parallel = false)) WHERE {_all_well_formed(table)}"
    )


def physical_lines(path: Path, records: Sequence[int], *, count_empty: bool) -> tuple[int, ...]:
    """The lines, from 1, on which records of a CSV file begin; the header is record 1, values may hold line breaks.

    `count_empty` tells whether empty lines count as records: they do in DuckDB's rejects, not among rows.
    """
    lines: list[int] = []
    with path.open(encoding="utf-8-sig", errors="replace", newline="\n") as file:
        reader = csv.reader(file)
        counted = reader if count_empty else filter(None, reader)
        passed = 0
        try:
            for record in sorted(set(records)):
                next(islice(counted, record - passed - 1, record - passed - 1), None)
                passed, row = record, list[str]()
                while not row:
                    line, row = reader.line_num + 1, next(reader)
                    if count_empty:
                        break
                lines.append(line)
        except (StopIteration, csv.Error):
            pass
    return tuple(lines)


def _texts(path: Path, header: Sequence[str]) -> str:
    """The beginning of a table function that reads every column as text: what DuckDB reads as a type, it guesses at."""
    texts = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    return f"read_csv({literal(path)}, columns = {{{texts}}}, {READING}"


def _try_cast(field: FieldContract) -> str:
    column = identifier(field.name)
    return column if field.type == "string" else f"TRY_CAST({column} AS {SQL_TYPES[field.type]})"


def _well_formed(field: FieldContract) -> str:
    """SQL for whether a text is empty or the one way to write its value: `2e3`, `1.0` and `007` are no whole numbers.

    Writing the value back and comparing costs half of what a regular expression does.
    """
    column, written = identifier(field.name), f"CAST({_try_cast(field)} AS VARCHAR)"
    if field.type == "number":
        return f"({column} IS NULL OR coalesce(isfinite({_try_cast(field)}), false))"
    if field.type == "date":
        # DuckDB also writes infinity, and years of five digits.
        return f"({written} IS NOT DISTINCT FROM {column} AND (strlen({column}) = 10) IS NOT FALSE)"
    return f"({written} IS NOT DISTINCT FROM {f'lower({column})' if field.type == 'boolean' else column})"


def _all_well_formed(table: TableContract) -> str:
    return " AND ".join([_well_formed(field) for field in table.fields if field.type != "string"] or ["true"])


def _malformed(
    session: Session, table: TableContract, path: Path, header: Sequence[str], target: str
) -> list[CsvProblem]:
    """Take out the rows with a value that is not of its type, and say where they stand: the file is read again."""
    found: list[CsvProblem] = []
    if not session.value(f"SELECT coalesce(bool_and({WELL_FORMED}), true) FROM {target}", step=f"check {path.name}"):
        found = list(_malformed_values(session, table, path, header))
        session.run(f"DELETE FROM {target} WHERE NOT {WELL_FORMED}", step="take out what is not well formed")
    session.run(f"ALTER TABLE {target} DROP COLUMN {WELL_FORMED}", step="leave the contract's columns")
    return found


def _malformed_values(
    session: Session, table: TableContract, path: Path, header: Sequence[str]
) -> Iterator[CsvProblem]:
    fields = [field for field in table.fields if field.type != "string"]
    counts = ", ".join(
        f'count(*) FILTER (WHERE NOT {bad}), min("record number", {FIRST_LINES}) FILTER (WHERE NOT {bad})'
        for bad in map(_well_formed, fields)
    )
    row = session.row(
        f'SELECT {counts} FROM (SELECT *, row_number() OVER () AS "record number" '
        f"FROM {_texts(path, header)}, parallel = false))",
        step=f"find what is not well formed in {path.name}",
    )
    for field, count, records in zip(fields, row[::2], row[1::2], strict=True):
        if count:
            # The header is the first record.
            lines = physical_lines(path, [record + 1 for record in records], count_empty=False)
            yield CsvProblem(TYPE_RULES[field.type], field.name, count, lines)


def _nul_problems(path: Path) -> list[CsvProblem]:
    """DuckDB lets NUL bytes pass, and what reads texts as C strings ends there."""
    buffer, passed = bytearray(NUL_BLOCK), 0
    with path.open("rb") as file:
        while size := file.readinto(buffer):
            at = buffer.find(b"\0", 0, size)
            if at >= 0:
                line = 1 + _line_ends(path, passed + at)
                return [CsvProblem("the file holds a NUL byte", lines=(line,), fatal=True)]
            passed += size
    return []


def _line_ends(path: Path, length: int) -> int:
    """How many line ends there are in the first bytes of a file."""
    found = 0
    with path.open("rb") as file:
        while length > 0 and (block := file.read(min(length, NUL_BLOCK))):
            found, length = found + block.count(b"\n"), length - len(block)
    return found


def _header_problems(table: TableContract, header: Sequence[str], row: Sequence[str]) -> list[CsvProblem]:
    if not header:
        return [CsvProblem("the file has no header in UTF-8", lines=(1,), fatal=True)]
    expected = [field.name for field in table.fields]
    # A file without its header has the first row's values here, and one without its first line end has them behind
    # the header's names, more than the next row has: they must not be shown.
    recognised = (
        2 * sum(name in expected for name in header) >= len(expected)
        and len(row) == len(header)
        and set(row).isdisjoint(header)
    )
    problems = [
        CsvProblem("the contract has no such column", _shown(name) if recognised else "", lines=(1,), fatal=True)
        for name in dict.fromkeys(header)
        if name not in expected
    ]
    problems += [
        CsvProblem("the column is missing", name, lines=(1,), fatal=True) for name in expected if name not in header
    ]
    problems += [
        CsvProblem("the column stands twice", name, lines=(1,), fatal=True)
        for name in expected
        if header.count(name) > 1
    ]
    return problems[:20]


def _shown(name: str) -> str:
    return name if name.isascii() and name.isidentifier() and len(name) <= 40 else "(unnamed)"


def _rejected(
    session: Session, table: TableContract, path: Path, header: Sequence[str], part: int | None = REJECTS_FROM_BYTES
) -> list[CsvProblem]:
    """The rows for which DuckDB could not read a file: those of its first part, or where it has none, of all of it.

    DuckDB keeps every bad row in memory, whatever its limit says: ten million of them took 9 GB.
    """
    for scratch in ("reject_scans", "reject_errors"):
        session.run(f"DROP TABLE IF EXISTS {scratch}", step="clear rejected rows")
    with _beginning(path, part) as readable:
        try:
            session.row(
                f"SELECT count(COLUMNS(*)) FROM {_texts(readable, header)}, store_rejects = true, "
                f"rejects_limit = {MAXIMUM_REJECTS})",
                step=f"find what cannot be read in {path.name}",
            )
        except Exhausted:
            raise
        except StatementFailed:
            return [UNREADABLE]
    found = session.rows(
        "SELECT CAST(error_type AS VARCHAR), coalesce(column_name, ''), count(DISTINCT line), "
        f"list_sort(list(DISTINCT line))[:{FIRST_LINES}] FROM reject_errors GROUP BY ALL ORDER BY ALL",
        step="read rejected rows",
    )
    if not found:
        return _rejected(session, table, path, header, None) if part else [UNREADABLE]
    fields = {field.name for field in table.fields}
    return [
        CsvProblem(
            REJECT_RULES.get(kind, "the row cannot be read"),
            column if column in fields else "",
            count,
            physical_lines(path, records, count_empty=True),
            fatal=True,
        )
        for kind, column, count, records in found
    ]


@contextmanager
def _beginning(path: Path, size: int | None) -> Iterator[Path]:
    """The first whole lines of a large file, as a file that is in memory alone; the file itself where it is small."""
    if size is None or path.stat().st_size <= size:
        yield path
        return
    handle = os.memfd_create("beginning")
    try:
        with path.open("rb") as file, os.fdopen(os.dup(handle), "wb") as copy:
            part = file.read(size)
            copy.write(part[: part.rfind(b"\n") + 1] or part)
        yield Path(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)
