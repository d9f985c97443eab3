"""A researcher's own table as it lies in a CSV file: what it counts by, its counts, and which of them are hidden."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.databank.disclosure.cells import Cell

TOTALS = frozenset({"total", "all", "everybody", ""})
"""What a column says where a row counts all of it, in any case."""
HIDDEN = frozenset({"", "*", "c", "..", ":", "x", "-", "na", "suppressed"})
"""What stands in place of a count that the researcher has hidden, in any case; so does anything like <10."""


@dataclass(frozen=True)
class Place:
    """Where a cell stands in the file."""

    line: int
    column: str


@dataclass(frozen=True)
class GivenTable:
    """One column of counts of a file: each cell's count, None where it is hidden, and its place."""

    measure: str
    dimensions: tuple[str, ...]
    counts: Mapping[Cell, int | None]
    places: Mapping[Cell, Place]


def read_tables(path: Path, measures: Sequence[str] = ()) -> list[GivenTable]:
    """The counts of a tidy CSV file, one table a column of counts; other columns say what is counted by.

    Unless named in `measures`, the columns of counts are those at the right that hold whole numbers and hidden marks
    only. Refused for what is no such file, with line and column; values are those of a table of counts, not of people.
    """
    header, rows = _read(path)
    chosen = tuple(measures) or _measures(header, rows)
    unknown = sorted(set(chosen) - set(header))
    if unknown or not chosen:
        raise Refused(
            f"{path.name}: there is no column of counts{' ' + unknown[0] if unknown else ''}: name it by --count"
        )
    dimensions = tuple(name for name in header if name not in chosen)
    return [_table(path, header, rows, dimensions, measure) for measure in chosen]


def _read(path: Path) -> tuple[list[str], list[list[str]]]:
    if path.suffix.lower() != ".csv":
        raise Refused(f"{path.name}: save the table as CSV, in UTF-8, with one line of column names")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [[value.strip() for value in line] for line in csv.reader(file)]
    except (UnicodeDecodeError, csv.Error):
        raise Refused(f"{path.name}: this is no CSV file in UTF-8") from None
    except OSError:
        raise Refused(f"{path.name}: the file cannot be read") from None
    if len(lines) < 2:
        raise Refused(f"{path.name}: there is no table in it")
    header, *rows = lines
    if len(set(header)) < len(header) or "" in header:
        raise Refused(f"{path.name}, line 1: every column needs a name of its own")
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise Refused(f"{path.name}, line {number}: {len(row)} values under {len(header)} columns")
    return header, rows


def _measures(header: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    found: list[str] = []
    for place in range(len(header) - 1, -1, -1):
        values = [row[place] for row in rows]
        if not all(_is_count(value) or _is_hidden(value) for value in values) or not any(map(_is_count, values)):
            break
        found.insert(0, header[place])
    return tuple(found)


def _table(
    path: Path, header: Sequence[str], rows: Sequence[Sequence[str]], dimensions: tuple[str, ...], measure: str
) -> GivenTable:
    counts: dict[Cell, int | None] = {}
    places: dict[Cell, Place] = {}
    for number, row in enumerate(rows, 2):
        said = dict(zip(header, row, strict=True))
        value = said[measure]
        if not (_is_count(value) or _is_hidden(value)):
            raise Refused(f"{path.name}, line {number}, column {measure}: a count is a whole number, or hidden by *")
        cell = tuple(sorted((name, said[name]) for name in dimensions if said[name].lower() not in TOTALS))
        if cell in counts:
            raise Refused(f"{path.name}, line {number}: line {places[cell].line} counts the same")
        counts[cell] = int(value.replace(",", "")) if _is_count(value) else None
        places[cell] = Place(number, measure)
    return GivenTable(measure, dimensions, counts, places)


def _is_count(value: str) -> bool:
    digits = value.replace(",", "")
    return digits.isascii() and digits.isdigit()


def _is_hidden(value: str) -> bool:
    return value.lower() in HIDDEN or value.startswith("<")
