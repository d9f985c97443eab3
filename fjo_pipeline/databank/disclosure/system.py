"""All that an attacker may set up of released tables, and the linear programmes that answer what he could not tell.

One programme finds a table beside the true one that shows the same; where many counts are in doubt, it serves many.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, hstack

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Bools = NDArray[np.bool_]
_Change = tuple[int, Floats, Floats]
"""A way to change cells: its sign, and each cell's cost and limit."""
Why = Literal["count under the threshold", "difference to an earlier release", "holds all of a group", "secondary"]
SMALLEST_CHANGE = CLOSE = 1e-6
GAIN = 1e4
"""What it gains to change a claimed cell by one towards an end: more than opening any others costs."""
TOTALS_COST = 50.0
"""What a cell costs for each of its sums: users need totals more than cells."""


@dataclass(frozen=True)
class Claim:
    """A count that an attacker must not be able to pin down: both ends must stay possible."""

    unknown: int
    ends: tuple[int, ...]
    why: Why


class Ends:
    """The ends of claims, struck off as tables are found that reach them: one other table serves many cells."""

    def __init__(self, claims: Sequence[Claim], counts: Sequence[int]) -> None:
        pairs = [(claim.unknown, end) for claim in claims for end in claim.ends]
        self._unknowns = np.array([unknown for unknown, _ in pairs], dtype=np.int64)
        self._ends = np.array([end for _, end in pairs], dtype=float)
        self._below = self._ends < np.array(counts, float)[self._unknowns]
        self._open = np.ones(len(pairs), dtype=bool)
        self.reach(np.array(counts, float))

    def left(self) -> Iterator[tuple[int, int]]:
        """Each end that no table has reached when its turn comes."""
        for place, (unknown, end) in enumerate(zip(self._unknowns.tolist(), self._ends.tolist(), strict=True)):
            if self._open[place]:
                yield unknown, int(end)

    @property
    def count(self) -> int:
        """How many ends no table has reached yet."""
        return int(self._open.sum())

    def batches(self, size: int) -> Iterator[Bools]:
        """The open ends, so many at a time; those that are struck off before their turn take no place."""
        begin = 0
        while (places := begin + np.flatnonzero(self._open[begin:])[:size]).size:
            chosen = np.zeros(len(self._open), dtype=bool)
            chosen[places] = True
            yield chosen
            begin = int(places[-1]) + 1

    def wished(self, counts: Sequence[int], turn: int, among: Bools | None = None) -> Floats:
        """By unknown, the change that would reach an open end; of two ends the one whose turn it is."""
        wished = np.zeros(len(counts))
        every = self._open if among is None else among
        first = every & (self._below == (self._unknowns + turn) % 2)
        for chosen in (every, first):
            wished[self._unknowns[chosen]] = (self._ends - np.array(counts, float)[self._unknowns])[chosen]
        return wished

    def reach(self, counts: Floats) -> None:
        """Strike off what a possible table reaches: between it and the true one, every count is possible."""
        there = counts[self._unknowns]
        self._open &= ~np.where(self._below, there <= self._ends + CLOSE, there >= self._ends - CLOSE)


@dataclass
class System:
    """All that an attacker may set up: unknowns, the sums between them, and which of them are shown.

    A cell whose count is the same in an earlier release is one unknown: of closed years an attacker knows as much.
    """

    counts: list[int] = field(default_factory=list)
    levels: list[int] = field(default_factory=list)
    sums: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    fixed: set[int] = field(default_factory=set)
    suppressed: set[int] = field(default_factory=set)

    def add(self, count: int, level: int) -> int:
        """A new unknown with its true count, and how many dimensions it is summed over; returns its number."""
        self.counts.append(count)
        self.levels.append(level)
        return len(self.counts) - 1

    @cached_property
    def matrix(self) -> csr_array:
        """One row a sum: its total less its parts."""
        rows, columns, values = [], [], []
        for row, (total, parts) in enumerate(self.sums):
            rows += [row] * (1 + len(parts))
            columns += [total, *parts]
            values += [1.0] + [-1.0] * len(parts)
        return csr_array((values, (rows, columns)), shape=(len(self.sums), len(self.counts)))

    def costs(self) -> Floats:
        """What it costs to change an unknown by one: nothing where it is suppressed already."""
        counts, levels = np.array(self.counts, float), np.array(self.levels, float)
        # The last term only decides between equals, so that one input has one result.
        cost: Floats = 1 + np.log1p(counts) + TOTALS_COST * levels + 1e-4 * np.arange(len(counts)) / len(counts)
        cost[sorted(self.suppressed)] = 0.0
        return cost

    def suppress_changed(self, found: Floats) -> None:
        """Suppress the cells in which another table differs from the true one."""
        self.suppressed |= {*np.flatnonzero(np.abs(found - self.counts) > SMALLEST_CHANGE).tolist()}

    def other_table(self, unknown: int, count: int, kept: Collection[int]) -> Floats | None:
        """All counts of the cheapest table with this count there; None where there is no such table."""
        free = self._free({*range(len(self.counts))} - set(kept), unknown)
        counts, costs = np.array(self.counts, float)[free], self.costs()[free]
        changes = [(1, costs, np.full(len(free), np.inf)), (-1, costs, counts)]
        return self._solved(free, changes, (unknown, count))

    def among_suppressed(self, wished: Floats, unknown: int, count: int) -> Floats | None:
        """All counts of a table with this count there that differs in suppressed cells alone; None where there is none.

        Of all such tables, one that changes the others as far as possible as is wished.
        """
        free = self._free(self.suppressed, unknown)
        return self._solved(free, self._towards(free, wished, 1.0), (unknown, count))

    def at_once(self, wished: Floats, *, among: Collection[int], gain: float) -> Floats:
        """All counts of the table that comes nearest to what is wished at the least cost, changing only some cells."""
        free = self._free(among)
        found = self._solved(free, self._towards(free, wished, gain)) if len(free) else None
        return np.array(self.counts, float) if found is None else found

    def _free(self, among: Collection[int], *others: int) -> Indices:
        return np.array(sorted({*among} - self.fixed | {*others}), dtype=np.int64)

    def _towards(self, free: Indices, wished: Floats, gain: float) -> list[_Change]:
        """Changes that gain as far as they are wished; on from there they cost what others cost, and back they lose."""
        counts, wish, costs = np.array(self.counts, float)[free], wished[free], self.costs()[free]
        infinite, up, down = np.full(len(free), np.inf), np.maximum(wish, 0), np.minimum(np.maximum(-wish, 0), counts)
        return [
            (1, costs - gain, up),
            (1, costs + gain * (wish < 0), infinite),
            (-1, costs - gain, down),
            (-1, costs + gain * (wish > 0), counts - down),
        ]

    def _solved(
        self, free: Indices, changes: Sequence[_Change], wanted: tuple[int, int] | None = None
    ) -> Floats | None:
        """All counts of the cheapest table by these changes, with the wanted count; None where there is none."""
        matrix = self.matrix[:, free]
        matrix = matrix[np.flatnonzero(np.diff(matrix.indptr))]
        constraints = [LinearConstraint(hstack([sign * matrix for sign, _, _ in changes], format="csr"), 0, 0)]
        if wanted:
            by = wanted[1] - self.counts[wanted[0]]
            row = _one(int(np.searchsorted(free, wanted[0])), len(free), [sign for sign, _, _ in changes])
            constraints.append(LinearConstraint(row, by, by))
        found = milp(
            np.concatenate([costs for _, costs, _ in changes]),
            constraints=constraints,
            bounds=Bounds(0, np.concatenate([limits for _, _, limits in changes])),
        )
        if found.x is None:
            return None
        counts = np.array(self.counts, float)
        for (sign, _, _), changed in zip(changes, np.split(found.x, len(changes)), strict=True):
            counts[free] += sign * changed
        return counts


def _one(place: int, length: int, signs: Sequence[int]) -> csr_array:
    """One row: the sum of all changes of one unknown."""
    columns = [place + length * index for index in range(len(signs))]
    return csr_array(([float(sign) for sign in signs], ([0] * len(signs), columns)), shape=(1, length * len(signs)))
