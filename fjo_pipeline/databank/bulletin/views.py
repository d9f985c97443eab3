"""The figures behind a chart: a measure of a published table for one area, laid out as a table of periods or categories
(lines) by breakdown (columns), with the nation's beside it where that helps.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.databank.bulletin.declared import Note, View
from fjo_pipeline.databank.bulletin.package import AREA_COLUMNS, NOTE_COLUMN, Area, Column, Row, Table

ALL = "All"
"""What a breakdown column holds in rows that count all of it."""
UNKNOWN = ("Not known", "unknown")
YEAR_OF_DAYS = 365.25

Key = tuple[str, str, str]
"""Year (of bars), period or category, and category of a breakdown."""


@dataclass(frozen=True)
class Cell:
    """A figure, or why there is none."""

    value: float | None
    note: str = ""


COUNTS = ("people", "cases", "families", "live births")
"""Units of counts, which are not held against a nation's: those are always more."""
NO_ROW = Cell(None, "not published")
NO_STEP = Cell(None, "no step")
"""Of a curve: steps are put together until enough people are behind each, so not every group has one at a time."""


@dataclass(frozen=True)
class Series:
    """A column of figures: of a category or of everybody, of the area itself or of its nation.

    `drawn` are the figures that the chart shows; others, as the number behind a rate, stand in the table alone.
    """

    name: str
    area: Area
    column: Column
    compared: bool
    drawn: bool
    beside: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Figures:
    """What a view shows of one area: `along` names the lines, each series is a column of as many cells."""

    along: tuple[str, ...]
    series: tuple[Series, ...]
    year: str | None
    """The year that bars are of; none where the lines are years."""

    @property
    def own(self) -> list[Series]:
        """The area's own columns of what is asked for."""
        return [each for each in self.series if not each.compared and not each.beside]

    @property
    def undrawn(self) -> list[bool]:
        """Of each line whether it stands in the table alone: who is of no known group."""
        return [along in UNKNOWN for along in self.along]

    @property
    def are_any(self) -> bool:
        """Whether the area has at least one figure."""
        return any(cell.value is not None for each in self.own for cell in each.cells)

    @property
    def notes(self) -> list[str]:
        """Why figures of the area are absent, each reason once; that a curve has no step somewhere is no absence."""
        return list(
            dict.fromkeys(
                cell.note for each in self.own for cell in each.cells if cell.value is None and cell != NO_STEP
            )
        )


class ViewOfTable:
    """A view of one table, ready to be asked for any of its areas."""

    def __init__(self, table: Table, view: View, notes: Mapping[str, Note]) -> None:
        self.table, self.view, self._notes = table, view, notes
        self._through = [each for each in (view.along, view.also, view.by) if each]
        self._check_columns()
        if self._of_latest_year:
            self._through.append("year")
        self._fixed = self._fixed_values()

    @property
    def unit(self) -> str:
        """The unit of the measure."""
        return self.table.columns[self.view.measure].unit

    @property
    def _of_latest_year(self) -> bool:
        """Whether the categories are those of one year, the latest one."""
        return self.view.kind == "bars" and "year" in self.table.columns and "year" not in self.view.where

    def figures(self, area: Area, nation: Area | None) -> Figures:
        """What there is of an area; beside it its nation, where the view compares and is not broken down."""
        own = self._rows(area)
        year = self._latest_year(own) if self._of_latest_year else ""
        along = self._ordered({along for of_year, along, _ in own if of_year == year})
        columns = self._ordered({by for _, _, by in own}) or [""]
        wanted = [(by, area, self.view.measure, False) for by in columns]
        wanted += [("", area, measure, True) for measure in self.view.beside if self.view.by is None]
        if nation is not None and self.view.by is None and self.unit not in COUNTS:
            wanted.append(("", nation, self.view.measure, False))
        series = [self._series(each, area, [(year, one, each[0]) for one in along]) for each in wanted]
        return Figures(tuple(self._named(each) for each in along), tuple(series), year or None)

    def _series(self, wanted: tuple[str, Area, str, bool], area: Area, keys: list[Key]) -> Series:
        by, of, measure, beside = wanted
        rows, column = self._rows(of), self.table.columns[measure]
        absent = NO_STEP if self.view.kind == "curve" else NO_ROW
        cells = tuple(self._cell(rows[key], measure) if key in rows else absent for key in keys)
        name = column.title if beside else (self.view.names.get(by, by) or of.name)
        drawn = not beside and by not in UNKNOWN and any(cell.value is not None for cell in cells)
        return Series(name, of, column, of != area, drawn, beside, cells)

    def _named(self, along: str) -> str:
        """A period or category as the page names it; days since an event as years."""
        if self.view.kind == "curve":
            return f"{round(int(along) / YEAR_OF_DAYS, 1):g}"
        return self.view.names.get(along, along)

    def _check_columns(self) -> None:
        named = {*self._through, self.view.measure, *self.view.where, *self.view.beside}
        if missing := sorted(named - set(self.table.columns)):
            raise Refused(self._complaint(f"table {self.table.resource.stem} has no column {missing[0]}"))

    def _fixed_values(self) -> dict[str, str]:
        """The value that each column which the view does not go through has in its rows."""
        fixed = dict(self.view.where)
        for column in self.table.columns.values():
            if column.role != "dimension" or column.name in (*self._through, *fixed, *AREA_COLUMNS):
                continue
            fixed[column.name] = ALL
            values = self.table.values(column.name)
            if values and ALL not in values:
                raise Refused(self._complaint(f"say in `where` which value of {column.name} is meant"))
        return fixed

    def _complaint(self, what: str) -> str:
        return f"pages.yaml, a view of {self.table.resource.stem}, {self.view.label!r}: {what}"

    @cached_property
    def _index(self) -> dict[tuple[str, str], dict[Key, Row]]:
        """Every area's rows; margins of what is gone through left out, but a curve's that is held back: of all days."""
        index: dict[tuple[str, str], dict[Key, Row]] = {}
        curve = self.view.kind == "curve"
        for place, rows in self.table.rows.items():
            index[place] = {
                self._key(row): row
                for row in rows
                if all(row[column] == value for column, value in self._fixed.items())
                and all(row[column] != ALL or (curve and column == self.view.along) for column in self._through)
            }
        return index

    def _key(self, row: Row) -> Key:
        along = row[self.view.along]
        if self.view.kind == "curve" and along == ALL:
            along = "0"
        if self.view.also:
            along = f"{along} {row[self.view.also]}"
        return row["year"] if self._of_latest_year else "", along, row[self.view.by] if self.view.by else ""

    def _rows(self, area: Area) -> dict[Key, Row]:
        return self._index.get((area.level, area.code), {})

    def _cell(self, row: Row, measure: str) -> Cell:
        if row[measure]:
            return Cell(float(row[measure]))
        return Cell(None, self._note_of(row.get(NOTE_COLUMN, ""), self.table.columns[measure].unit) or NO_ROW.note)

    def _note_of(self, written: str, unit: str) -> str:
        """Those of a row's notes that can be of a figure of this unit, in short; all, where none can."""
        parts = [(part, known_note(part, self._notes)) for part in written.split("; ")]
        those = [each for each in parts if not each[1] or not each[1].units or unit.startswith(tuple(each[1].units))]
        return "; ".join(dict.fromkeys((note.short if note else None) or part for part, note in those or parts))

    def _latest_year(self, rows: dict[Key, Row]) -> str:
        """The latest year in which somebody of a known group is counted; else the latest with figures, or with rows."""
        figures = [(year, along, row[self.view.measure]) for (year, along, _), row in rows.items()]
        counted = {year for year, along, written in figures if written and float(written) and along not in UNKNOWN}
        return max(
            counted or {year for year, _, written in figures if written} or {each[0] for each in figures}, default=""
        )

    def _ordered(self, values: Iterable[str]) -> list[str]:
        """As the view orders them, then by the numbers in them, what is not known last."""
        order = {value: place for place, value in enumerate(self.view.order)}
        return sorted(
            (value for value in values if value),
            key=lambda value: (value in UNKNOWN, order.get(value, len(order)), _natural(value)),
        )


def known_note(written: str, notes: Mapping[str, Note]) -> Note | None:
    """What is declared of a note: by the longest beginning of it that is, or by what it is in short."""
    begun = max((each for each in notes if written.startswith(each)), key=len, default=None)
    return notes[begun] if begun else next((each for each in notes.values() if each.short == written), None)


def _natural(value: str) -> list[tuple[int, int, str]]:
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", value) if part]
