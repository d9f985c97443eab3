"""A table's rows as they are published: counts as they may be shown, and all other figures made of those."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from fjo_pipeline.databank.disclosure.cells import Cell
from fjo_pipeline.databank.disclosure.policy import Policy
from fjo_pipeline.databank.disclosure.statistics import median, rate, rounded
from fjo_pipeline.databank.publishing.areas import NOT_KNOWN, AreaPlace, find_area
from fjo_pipeline.databank.publishing.counting import Breakdown, Counted
from fjo_pipeline.databank.publishing.declaration import SUBNATIONAL, Measure, PublishedTable
from fjo_pipeline.databank.publishing.protecting import PART, LetOut, cell_of, dimension_of

ALL = "All"
SUPPRESSED = "suppressed"
LEVELS = ("nation", *SUBNATIONAL)
Figure = int | float | None


@dataclass
class Row:
    """One row of a published table: its area, what it counts by, its figures, and why any of them is missing."""

    area: AreaPlace
    values: dict[str, str]
    figures: dict[str, Figure] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def missing(self, name: str, why: str) -> None:
        """Leave a figure out and say why."""
        self.figures[name] = None
        if why not in self.notes:
            self.notes.append(why)

    def order(self) -> tuple[object, ...]:
        """Nations first, then each level by code and name; all of a dimension before its values, unknown ones last."""
        values = tuple((value != ALL, value == NOT_KNOWN, _number(value), value) for value in self.values.values())
        return LEVELS.index(self.area.level), self.area.name == NOT_KNOWN, self.area.code, self.area.name, values


def _number(value: str) -> int:
    """The number with which a value begins, so that bands of age and days stand in their order."""
    digits = re.match(r"\d+", value)
    return int(digits.group()) if digits else 0


@dataclass(frozen=True)
class Figures:
    """One nation's figures of a table as let out, by which its rows are made."""

    table: PublishedTable
    counted: Counted
    released: Sequence[LetOut]
    policy: Policy

    def rows(self) -> Iterator[Row]:
        """Every row: all combinations of values of each breakdown, with their sums."""
        seen: set[Cell] = set()
        for breakdown in self.counted.cells:
            for cell in self._cells(breakdown):
                if cell not in seen:
                    seen.add(cell)
                    yield self._row(breakdown, cell)

    def count(self, measure: Measure, pairs: Mapping[str, str], breakdown: Breakdown) -> int | None:
        """The true count of a cell that may be shown, from which rounded figures are made; None where it may not."""
        return self._system(measure, breakdown).count(cell_of(dict(pairs), measure))

    def _system(self, measure: Measure, breakdown: Breakdown) -> LetOut:
        root = measure
        while root.of:
            root = self._measure(root.of)
        return next(
            each
            for each in self.released
            if each.system.root == root.name and each.system.breakdown in (None, breakdown)
        )

    def _measure(self, name: str) -> Measure:
        return next(each for each in self.table.measures if each.name == name)

    def _cells(self, breakdown: Breakdown) -> Iterator[Cell]:
        let_out = self._system(self.table.roots()[0], breakdown)
        wanted = {each.name for each in self.table.used("always")} | {*map(dimension_of, breakdown)}
        tables = (each for each in let_out.system.tables if {*each.dimensions} - {PART} == wanted)
        for cell in sorted(set(chain.from_iterable(each.cells for each in tables))):
            if cell not in let_out.system.never and PART not in dict(cell):
                yield cell

    def _row(self, breakdown: Breakdown, cell: Cell) -> Row:
        pairs = dict(cell)
        keys = [pairs[dimension_of(each)] for each in breakdown if each in SUBNATIONAL and dimension_of(each) in pairs]
        area = self.counted.places[keys[0]] if keys else find_area("nation", self.counted.nation)
        apart = {each.name: value for each, value in zip(self.table.used("apart"), self.counted.apart, strict=True)}
        others = [each for each in self.table.dimensions if each.use != "apart"]
        row = Row(area, apart | {each.name: pairs.get(each.name, ALL) for each in others})
        row.values = {each.name: row.values[each.name] for each in self.table.dimensions}
        finest = tuple(pairs.get(name, ALL) for name in self._dimensions(breakdown))
        given = self.counted.cells[breakdown].get(finest, {})
        for measure in self.table.measures:
            self._fill(row, measure, breakdown, pairs, given)
        return row

    def _dimensions(self, breakdown: Breakdown) -> list[str]:
        return [*(each.name for each in self.table.used("always")), *map(dimension_of, breakdown)]

    def _fill(
        self, row: Row, measure: Measure, breakdown: Breakdown, pairs: dict[str, str], given: Mapping[str, float]
    ) -> None:
        if measure.kind == "reference":
            value = given.get(measure.name)
            row.figures[measure.name] = value
            if value is None:
                row.missing(measure.name, self._no_reference(measure))
        elif measure.kind == "count":
            count = self.count(measure, pairs, breakdown)
            row.figures[measure.name] = None if count is None else rounded(count, self.policy)
            if count is None:
                row.missing(measure.name, SUPPRESSED)
        elif measure.kind == "median":
            self._fill_median(row, measure, self.count(self._measure(measure.of or ""), pairs, breakdown), given)
        else:
            self._fill_quotient(row, measure, breakdown, pairs)

    def _fill_median(self, row: Row, measure: Measure, people: int | None, given: Mapping[str, float]) -> None:
        value = given.get(measure.name)
        if people is None:
            row.missing(measure.name, SUPPRESSED)
        elif value is None:
            row.missing(measure.name, "no median of several rows" if people else "nobody to count")
        elif (shown := median(value, people, self.policy)) is None:
            row.missing(measure.name, f"a median needs {self.policy.median_from}")
        else:
            row.figures[measure.name] = shown

    def _fill_quotient(self, row: Row, measure: Measure, breakdown: Breakdown, pairs: dict[str, str]) -> None:
        numerator = self.count(self._measure(measure.numerator or ""), pairs, breakdown)
        below = self._measure(measure.denominator or measure.numerator or "")
        if below.kind == "reference":
            given = row.figures[below.name]
            denominator = None if given is None else int(given)
        else:
            rest = {name: value for name, value in pairs.items() if name not in measure.over}
            denominator = self.count(below, rest, breakdown)
        value = rate(numerator, denominator, self.policy, measure.per * (100 if measure.kind == "share" else 1))
        if value is not None:
            row.figures[measure.name] = round(value, 2 if measure.per == 1 and measure.kind == "rate" else 1)
        elif below.kind == "reference" and denominator is None:
            row.missing(measure.name, self._no_reference(below))
        elif numerator is None or denominator is None:
            row.missing(measure.name, SUPPRESSED)
        else:
            row.missing(measure.name, f"a rate needs {self.policy.minimum_denominator}")

    def _no_reference(self, measure: Measure) -> str:
        loaded = any(measure.name in figures for cells in self.counted.cells.values() for figures in cells.values())
        return f"no {measure.title.lower()} {'of this row' if loaded else 'loaded'}"
