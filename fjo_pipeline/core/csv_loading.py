"""One CSV file into one typed table of a session, every row that cannot be read named by line and column."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from fjo_pipeline.core.contracts import FieldContract, TableContract
from fjo_pipeline.core.errors import StatementFailed
from fjo_pipeline.core.sessions import Session, identifier, literal

MAXIMUM_REJECTS = 10_000
MAXIMUM_HEADER_BYTES = 1_000_000
FIRST_LINES = 5
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
READING = (
    "auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', nullstr = '', "
    "dateformat = '%Y-%m-%d'"
)


@dataclass(frozen=True)
class CsvProblem:
    """What keeps rows of a file, or the file, from being read; after a fatal one its table is not to be used."""

    rule: str
    column: str = ""
    count: int = 1
    lines: tuple[int, ...] = ()
    fatal: bool = False


def read_header(path: Path) -> list[str]:
    """The column names of a CSV file; empty where it has no readable header."""
    with path.open("rb") as file:
        raw = file.readline(MAXIMUM_HEADER_BYTES)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return []
    try:
        return next(csv.reader([text.rstrip("\r\n")]), [])
    except csv.Error:
        return []


def load_csv(session: Session, table: TableContract, path: Path, target: str) -> list[CsvProblem]:
    """Make the session's table `target` from a CSV file and return what could not be read."""
    header = read_header(path)
    problems = _header_problems(table, header) or _nul_problems(path)
    if problems:
        return problems
    for scratch in ("reject_scans", "reject_errors"):
        session.run(f"DROP TABLE IF EXISTS {scratch}", step="clear rejected rows")
    columns = ", ".join(identifier(field.name) for field in table.fields)
    try:
        session.run(
            f"CREATE OR REPLACE TEMP TABLE {target} AS SELECT {columns} FROM read_csv({literal(path)}, "
            f"columns = {_columns(table, header)}, {READING}, store_rejects = true, rejects_limit = {MAXIMUM_REJECTS})",
            step=f"read {path.name}",
        )
    except StatementFailed:
        return [CsvProblem("the file is no CSV in UTF-8 that can be read to its end", fatal=True)]
    return _rejected(session, table, path)


def numbered_rows(table: TableContract, path: Path, header: Sequence[str]) -> str:
    """SQL for the file's readable rows in its order, with the column "record number": its place among all rows, from 1.

    Only for a file without structural problems, whose rows DuckDB and `physical_lines` count alike.
    """
    texts = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    typed = ", ".join(f"{_try_cast(field)} AS {identifier(field.name)}" for field in table.fields)
    readable = " AND ".join(f"({identifier(f.name)} IS NULL OR {_try_cast(f)} IS NOT NULL)" for f in table.fields)
    return (
        f'SELECT {typed}, "record number" FROM (SELECT *, row_number() OVER () AS "record number" '
        f"FROM read_csv({literal(path)}, columns = {{{texts}}}, {READING}, parallel = false)) WHERE {readable}"
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


def _try_cast(field: FieldContract) -> str:
    column = identifier(field.name)
    if field.type == "date":
        return f"CAST(try_strptime({column}, '%Y-%m-%d') AS DATE)"
    return f"TRY_CAST({column} AS {SQL_TYPES[field.type]})"


def _nul_problems(path: Path) -> list[CsvProblem]:
    """DuckDB lets NUL bytes pass, and what reads texts as C strings ends there."""
    line = 1
    with path.open("rb") as file:
        while chunk := file.read(1 << 22):
            at = chunk.find(b"\0")
            if at >= 0:
                return [CsvProblem("the file holds a NUL byte", lines=(line + chunk.count(b"\n", 0, at),), fatal=True)]
            line += chunk.count(b"\n")
    return []


def _columns(table: TableContract, header: Sequence[str]) -> str:
    types = {field.name: SQL_TYPES[field.type] for field in table.fields}
    return "{" + ", ".join(f"{literal(name)}: {literal(types[name])}" for name in header) + "}"


def _header_problems(table: TableContract, header: Sequence[str]) -> list[CsvProblem]:
    if not header:
        return [CsvProblem("the file has no header in UTF-8", lines=(1,), fatal=True)]
    expected = [field.name for field in table.fields]
    # Where a file has come without its header, the first row's values stand here, and must not be shown.
    recognised = 2 * sum(name in expected for name in header) >= len(expected)
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


def _rejected(session: Session, table: TableContract, path: Path) -> list[CsvProblem]:
    found = session.rows(
        "SELECT CAST(error_type AS VARCHAR), coalesce(column_name, ''), count(DISTINCT line), "
        f"list_sort(list(DISTINCT line))[:{FIRST_LINES}] FROM reject_errors GROUP BY ALL ORDER BY ALL",
        step="read rejected rows",
    )
    fields: dict[str, FieldContract] = {field.name: field for field in table.fields}
    return [
        CsvProblem(
            _rule(kind, fields.get(column)),
            column if column in fields else "",
            count,
            physical_lines(path, records, count_empty=True),
            fatal=kind != "CAST",
        )
        for kind, column, count, records in found
    ]


def _rule(kind: str, field: FieldContract | None) -> str:
    if kind == "CAST" and field is not None:
        return TYPE_RULES[field.type]
    return REJECT_RULES.get(kind, "the row cannot be read")
