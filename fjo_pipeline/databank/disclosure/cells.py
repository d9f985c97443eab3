"""Tables of counts with all their margins, as cells that hang together by sums.

A cell is named by what it counts, not by the table in which it stands: one that two tables or two releases show is
one cell, and what either gives away of it, both give away.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

Cell = tuple[tuple[str, str], ...]
"""What a cell counts: dimension and value in their order; () is everybody."""


@dataclass(frozen=True)
class Relation:
    """A cell that is the sum of others."""

    total: Cell
    parts: tuple[Cell, ...]


@dataclass(frozen=True)
class FrequencyTable:
    """Counts by every combination of the dimensions' finest values; a combination left out counts nobody.

    `broader` puts values of a dimension under broader ones of the same dimension, for example areas under regions;
    a broader value has no counts of its own.
    """

    name: str
    dimensions: tuple[str, ...]
    counts: Mapping[tuple[str, ...], int]
    broader: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @cached_property
    def cells(self) -> dict[Cell, int]:
        """Every cell with its count, margins included, in one order."""
        found = {self._cell(key): 0 for key in product(*(self._finest(dimension) for dimension in self.dimensions))}
        found |= {self._cell(key): count for key, count in self.counts.items()}
        # Each dimension in its turn from the finest values up, so that the parts of a sum are there before it.
        for dimension in self.dimensions:
            for value, parts in self._sums(dimension):
                for rest in self._rest(found, dimension):
                    total = _with(rest, dimension, value)
                    found[total] = sum(found[_with(rest, dimension, part)] for part in parts)
        return dict(sorted(found.items()))

    @cached_property
    def relations(self) -> list[Relation]:
        """Every sum that holds in the table, along one dimension each."""
        return [
            Relation(_with(rest, dimension, value), tuple(_with(rest, dimension, part) for part in parts))
            for dimension in self.dimensions
            for value, parts in self._sums(dimension)
            for rest in self._rest(self.cells, dimension)
        ]

    def _finest(self, dimension: str) -> list[str]:
        place = self.dimensions.index(dimension)
        return sorted({key[place] for key in self.counts})

    def _sums(self, dimension: str) -> Iterator[tuple[str | None, list[str]]]:
        """The dimension's broader values with their parts, and None (all of it) with the broadest, parts first."""
        above = self.broader.get(dimension, {})
        values = set(self._finest(dimension))
        while found := {above[value] for value in values if value in above} - values:
            values |= found
        parts: dict[str | None, list[str]] = {}
        for value in sorted(values):
            parts.setdefault(above.get(value), []).append(value)
        summed = values - {value for value in parts if value is not None}
        while waiting := sorted(value for value in parts if value is not None and value not in summed):
            # A value of which one part is finest and another is a sum itself waits for the second.
            ready = [value for value in waiting if summed.issuperset(parts[value])]
            yield from ((value, parts[value]) for value in ready)
            summed |= set(ready)
        yield None, parts.get(None, [])

    def _rest(self, cells: Mapping[Cell, int], dimension: str) -> list[Cell]:
        return sorted({tuple(pair for pair in cell if pair[0] != dimension) for cell in cells})

    def _cell(self, key: Sequence[str]) -> Cell:
        return tuple(sorted(zip(self.dimensions, key, strict=True)))


def _with(rest: Cell, dimension: str, value: str | None) -> Cell:
    return rest if value is None else tuple(sorted((*rest, (dimension, value))))
