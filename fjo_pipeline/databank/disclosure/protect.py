"""Which cells of linked tables are suppressed, so that nobody works the small ones out from sums or earlier releases.

Primary: a count of fewer people than the threshold, a difference of fewer to what was shown before, and (where the
policy says so) a cell that holds all of a group. Secondary: for each primary cell a linear programme finds the
cheapest other table that an attacker could not tell from the true one and in which that cell is 1, and another in which
it is the threshold; the cells in which these differ from the truth are suppressed too. So an attacker who knows every
sum is left with an interval that contains both, by construction (Fischetti and Salazar-González 2000,
doi:10.1080/01621459.2000.10474282, whose attacker and protection levels these are).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, hstack

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.databank.disclosure.cells import Cell, FrequencyTable, Relation
from fjo_pipeline.databank.disclosure.policy import Policy

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Bools = NDArray[np.bool_]
_Change = tuple[int, Floats, Floats]
"""A way to change cells: its sign, and each cell's cost and limit."""
Why = Literal["count under the threshold", "difference to an earlier release", "holds all of a group", "secondary"]
SMALLEST_CHANGE = CLOSE = 1e-6
GAIN = 1e4
"""What it gains to change a claimed cell by one towards an end: more than opening any others costs."""
TURNS = 6
"""How often many claims are served at once, half of them upwards and half downwards, then the other way round."""
FEW = 40
"""Up to so many ends each is served by itself, which hides the least; more of them in batches, which is quicker."""
TOTALS_COST = 50.0
"""What a cell costs for each of its sums: users need totals more than cells."""


@dataclass(frozen=True)
class Earlier:
    """What an earlier release let be known of the same subject: its cells' true counts then, and which it showed."""

    counts: Mapping[Cell, int]
    relations: Sequence[Relation]
    shown: Collection[Cell]


@dataclass(frozen=True)
class Protection:
    """Which cells may not be shown, and why."""

    counts: dict[Cell, int]
    suppressed: dict[Cell, Why]


@dataclass(frozen=True)
class _Claim:
    """A count that an attacker must not be able to pin down: both ends must stay possible."""

    unknown: int
    ends: tuple[int, ...]
    why: Why


class _Ends:
    """The ends of claims, struck off as tables are found that reach them: one other table serves many cells."""

    def __init__(self, claims: Sequence[_Claim], counts: Sequence[int]) -> None:
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
class _System:
    """All that an attacker may set up: unknowns, the sums between them, and which of them are shown.

    A cell whose count is the same in an earlier release is one unknown: of closed years an attacker knows as much.
    """

    counts: list[int] = field(default_factory=list)
    levels: list[int] = field(default_factory=list)
    sums: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    fixed: set[int] = field(default_factory=set)
    suppressed: set[int] = field(default_factory=set)

    def add(self, count: int, level: int) -> int:
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
        cost = 1 + np.log1p(counts) + TOTALS_COST * levels + 1e-4 * np.arange(len(counts)) / len(counts)
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


def protect(
    tables: Sequence[FrequencyTable],
    policy: Policy,
    earlier: Sequence[Earlier] = (),
    never: Collection[Cell] = (),
) -> Protection:
    """The cells of linked tables that may not be shown, given what was shown before; `never` are not shown at all.

    Refused where no suppression can undo what an earlier release has let out already.
    """
    counts = _counts(tables)
    system, unknowns = _system(tables, counts, earlier)
    claims = _claims(tables, counts, unknowns, earlier, policy, system)
    system.suppressed |= {claim.unknown for claim in claims} | ({unknowns[cell] for cell in never} - system.fixed)
    everybody = {unknowns[()]} - system.suppressed
    ends = _Ends(claims, system.counts)
    _serve_many(system, ends, everybody)
    for turn, (unknown, end) in enumerate(ends.left()):
        found = system.among_suppressed(ends.wished(system.counts, turn), unknown, end)
        # Everybody is shown where it can be; where it cannot, the cell's protection goes first.
        for kept in (everybody, ()):
            if found is None:
                found = system.other_table(unknown, end, kept)
        if found is None:
            raise Refused(
                "an earlier release has let out so much that no suppression protects this one: "
                "show fewer cells, or the earlier release again"
            )
        system.suppress_changed(found)
        ends.reach(found)
    why = {claim.unknown: claim.why for claim in reversed(claims)}
    return Protection(
        counts,
        {cell: why.get(unknowns[cell], "secondary") for cell in counts if unknowns[cell] in system.suppressed},
    )


def _serve_many(system: _System, ends: _Ends, everybody: Collection[int]) -> None:
    """Serve most ends of a large table by few programmes: at first by what is suppressed already, then by more."""
    for turn in range(TURNS):
        if ends.count <= FEW:
            return
        begun = turn >= 2
        among = {*range(len(system.counts))} - {*everybody} if begun else system.suppressed
        for batch in ends.batches(max(10, ends.count // 25) if begun else ends.count):
            found = system.at_once(ends.wished(system.counts, turn, batch), among=among, gain=GAIN)
            system.suppress_changed(found)
            ends.reach(found)


def unprotected(
    tables: Sequence[FrequencyTable],
    hidden: Collection[Cell],
    policy: Policy,
    earlier: Sequence[Earlier] = (),
) -> list[Cell]:
    """The cells that must be protected and are not where just these are hidden: shown, or held too tight by others."""
    counts = _counts(tables)
    system, unknowns = _system(tables, counts, earlier)
    claims = _claims(tables, counts, unknowns, earlier, policy, system)
    system.suppressed |= {unknowns[cell] for cell in hidden} - system.fixed
    ends, open_to = _Ends(claims, system.counts), {claim.unknown for claim in claims} - system.suppressed
    for turn in range(TURNS):
        ends.reach(system.at_once(ends.wished(system.counts, turn), among=system.suppressed, gain=GAIN))
    for turn, (unknown, end) in enumerate(ends.left()):
        found = None
        if unknown not in open_to:
            found = system.among_suppressed(ends.wished(system.counts, turn), unknown, end)
        if found is None:
            open_to.add(unknown)
        else:
            ends.reach(found)
    return sorted(cell for cell in counts if unknowns[cell] in open_to)


def _counts(tables: Sequence[FrequencyTable]) -> dict[Cell, int]:
    counts: dict[Cell, int] = {}
    for table in tables:
        for cell, count in table.cells.items():
            if counts.setdefault(cell, count) != count:
                raise Refused(
                    f"table {table.name}: a cell that stands in two tables has two counts; it is no one release"
                )
    return counts


def _system(
    tables: Sequence[FrequencyTable], counts: Mapping[Cell, int], earlier: Sequence[Earlier]
) -> tuple[_System, dict[Cell, int]]:
    system, sums = _System(), set()
    dimensions = max(len(table.dimensions) for table in tables)
    unknowns = {cell: system.add(count, dimensions - len(cell)) for cell, count in counts.items()}
    sums |= {
        (unknowns[each.total], tuple(unknowns[part] for part in each.parts)) for t in tables for each in t.relations
    }
    known: dict[tuple[Cell, int], int] = {(cell, counts[cell]): unknown for cell, unknown in unknowns.items()}
    for release in earlier:
        then = {}
        for cell, count in sorted(release.counts.items()):
            if (cell, count) not in known:
                known[cell, count] = system.add(count, dimensions - len(cell))
            then[cell] = known[cell, count]
            if cell in release.shown:
                system.fixed.add(then[cell])
        sums |= {(then[each.total], tuple(then[part] for part in each.parts)) for each in release.relations}
        system.suppressed |= {then[cell] for cell in release.counts if cell not in release.shown} - system.fixed
    system.suppressed -= system.fixed
    system.sums = sorted(sums)
    return system, unknowns


def _claims(
    tables: Sequence[FrequencyTable],
    counts: Mapping[Cell, int],
    unknowns: Mapping[Cell, int],
    earlier: Sequence[Earlier],
    policy: Policy,
    system: _System,
) -> list[_Claim]:
    """What must be protected, by unknown; what an earlier release showed is lost and claimed by nobody."""
    least = policy.threshold
    claims = [
        _Claim(unknown, (1, least), "count under the threshold")
        for unknown, count in enumerate(system.counts)
        if 0 < count < least and unknown not in system.fixed
    ]
    for release in earlier:
        for cell in sorted(set(release.shown) & set(counts)):
            by = counts[cell] - release.counts[cell]
            if 0 < abs(by) < least:
                before = release.counts[cell]
                ends = (before, max(before + (least if by > 0 else -least), 0))
                claims.append(_Claim(unknowns[cell], ends, "difference to an earlier release"))
    if policy.full_cells == "suppress":
        claims += [
            _Claim(unknowns[cell], (max(counts[cell] - least, 0),), "holds all of a group")
            for cell in sorted(_full(tables, counts))
            if unknowns[cell] not in system.fixed
        ]
    return claims


def _full(tables: Sequence[FrequencyTable], counts: Mapping[Cell, int]) -> set[Cell]:
    """Cells that hold all of a group that has other values to take: who is in the group is known to be in the cell."""
    return {
        part
        for table in tables
        for relation in table.relations
        for part in relation.parts
        if len(relation.parts) > 1 and counts[part] == counts[relation.total] > 0
    }
