"""The figures behind a chart: a measure of a published table for one area, laid out as a table of periods or categories
(lines) by breakdown (columns), with the nation's beside it where that helps.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.databank.bulletin.declared import View
from fjo_pipeline.databank.bulletin.package import AREA_COLUMNS, NOTE_COLUMN, Area, Row, Table

ALL = "All"
"""What a breakdown column holds in rows that count all of it."""

Place = tuple[str, str]


@dataclass(frozen=True)
class Cell:
    """A figure, or why there is none."""

    value: float | None
    note: str = ""


@dataclass(frozen=True)
class Series:
    """A column of figures: of a category, and of the area itself or of its nation."""

    name: str
    area: Area
    compared: bool
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
        """The area's own columns."""
        return [each for each in self.series if not each.compared]

    @property
    def are_any(self) -> bool:
        """Whether the area has at least one figure."""
        return any(cell.value is not None for each in self.own for cell in each.cells)

    @property
    def notes(self) -> list[str]:
        """Why figures of the area are absent, each reason once."""
        return list(dict.fromkeys(cell.note for each in self.own for cell in each.cells if cell.value is None))


class ViewOfTable:
    """A view of one table, ready to be asked for any of its areas."""

    def __init__(self, table: Table, view: View) -> None:
        self.table, self.view = table, view
        self._fixed = self._fixed_values()

    @property
    def unit(self) -> str:
        """The unit of the measure."""
        return self.table.columns[self.view.measure].unit

    @cached_property
    def _of_latest_year(self) -> bool:
        """Whether the categories are those of one year, the latest one."""
        return self.view.kind == "bars" and "year" in self.table.columns and "year" not in self.view.where

    def figures(self, area: Area, nation: Area | None) -> Figures:
        """What there is of an area; beside it its nation, where the view compares and is not broken down."""
        own = self._cells(area)
        year = self._latest_year(own) if self._of_latest_year else None
        columns = self._ordered({by for _, _, by in own}) or [""]
        compare = nation if self.view.compare and self.view.by is None else None
        wanted: list[tuple[str, Area, bool]] = [(by, area, False) for by in columns]
        if compare is not None:
            wanted.append(("", compare, True))
        found = {compared: self._cells(of) for _, of, compared in wanted}
        along = self._ordered({along for of_year, along, _ in own if year is None or of_year == year})
        series = [
            Series(
                self.view.names.get(by, by) if by else of.name,
                of,
                compared,
                tuple(found[compared].get((year or "", each, by), Cell(None, "not published")) for each in along),
            )
            for by, of, compared in wanted
        ]
        return Figures(tuple(self.view.names.get(each, each) for each in along), tuple(series), year)

    def _fixed_values(self) -> dict[str, str]:
        """The value that each column which the view does not go through has in its rows."""
        columns = self.table.columns
        if self.view.measure not in columns or not {self.view.along, self.view.by or self.view.along} <= set(columns):
            raise Refused(f"table {self.table.resource.name} has not the columns of view {self.view.label!r}")
        through = {self.view.along, self.view.by, *AREA_COLUMNS}
        if self._of_latest_year:
            through.add("year")
        fixed = dict(self.view.where)
        for column in columns.values():
            if column.role != "dimension" or column.name in through or column.name in fixed:
                continue
            values = self.table.values(column.name)
            fixed[column.name] = ALL
            if values and ALL not in values:
                raise Refused(
                    f"pages.yaml, view {self.view.label!r}: say in `where` which value of {column.name} of table "
                    f"{self.table.resource.name} is meant"
                )
        return fixed

    @cached_property
    def _index(self) -> dict[Place, dict[tuple[str, str, str], Cell]]:
        """Every area's cells by year (of bars), value along and category; margins of what is gone through left out."""
        view, year = self.view, self._of_latest_year
        index: dict[Place, dict[tuple[str, str, str], Cell]] = {}
        for place, rows in self.table.rows.items():
            index[place] = {
                (row["year"] if year else "", row[view.along], row[view.by] if view.by else ""): self._cell(row)
                for row in rows
                if all(row[column] == value for column, value in self._fixed.items())
                and row[view.along] != ALL
                and (view.by is None or row[view.by] != ALL)
                and not (year and row["year"] == ALL)
            }
        return index

    def _cell(self, row: Row) -> Cell:
        written = row[self.view.measure]
        return Cell(float(written)) if written else Cell(None, row.get(NOTE_COLUMN, "") or "not published")

    def _cells(self, area: Area) -> dict[tuple[str, str, str], Cell]:
        return self._index.get((area.level, area.code), {})

    def _latest_year(self, cells: dict[tuple[str, str, str], Cell]) -> str:
        with_figures = {year for (year, _, _), cell in cells.items() if cell.value is not None}
        return max(with_figures or {year for year, _, _ in cells}, default="")

    def _ordered(self, values: Iterable[str]) -> list[str]:
        """As the view orders them, then by the numbers in them."""
        order = {value: place for place, value in enumerate(self.view.order)}
        return sorted((value for value in values if value), key=lambda value: (order.get(value, len(order)), _natural(value)))


def _natural(value: str) -> list[tuple[int, int, str]]:
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", value) if part]
