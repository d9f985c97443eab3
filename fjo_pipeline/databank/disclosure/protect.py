"""Which cells of linked tables are suppressed, so that nobody works the small ones out from sums or earlier releases.

Primary: a count of fewer people than the threshold, a difference of fewer to what was shown before, and (where the
policy says so) a cell that holds all of a group. Secondary: for each primary cell a linear programme finds the
cheapest other table that an attacker could not tell from the true one and in which that cell is 1, and another in which
it is the threshold; the cells in which these differ from the truth are suppressed too. So an attacker who knows every
sum is left with an interval that contains both, by construction (Fischetti and Salazar-González 2000,
doi:10.1080/01621459.2000.10474282, whose attacker and protection levels these are).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.databank.disclosure.cells import Cell, FrequencyTable, Relation
from fjo_pipeline.databank.disclosure.policy import Policy

Floats = NDArray[np.float64]
Why = Literal["count under the threshold", "difference to an earlier release", "holds all of a group", "secondary"]
SMALLEST_CHANGE = 1e-6
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
        """One row a sum: its total less its parts, for changes upwards and (negated) downwards."""
        rows, columns, values = [], [], []
        for row, (total, parts) in enumerate(self.sums):
            for unknown, sign in ((total, 1.0), *((part, -1.0) for part in parts)):
                rows += [row, row]
                columns += [unknown, unknown + len(self.counts)]
                values += [sign, -sign]
        return csr_array((values, (rows, columns)), shape=(len(self.sums), 2 * len(self.counts)))

    def costs(self) -> Floats:
        """What it costs to change an unknown by one: nothing where it is suppressed already."""
        counts, levels = np.array(self.counts, float), np.array(self.levels, float)
        # The last term only decides between equals, so that one input has one result.
        cost = 1 + np.log1p(counts) + TOTALS_COST * levels + 1e-4 * np.arange(len(counts)) / len(counts)
        cost[sorted(self.suppressed)] = 0.0
        return np.concatenate([cost, cost])

    def change(self, unknown: int, count: int, kept: Collection[int]) -> set[int] | None:
        """The unknowns that change in the cheapest table with this count there; None where there is no such table."""
        upper = np.full(2 * len(self.counts), np.inf)
        upper[len(self.counts) :] = self.counts
        held = [*self.fixed, *kept]
        upper[held] = 0.0
        upper[[each + len(self.counts) for each in held]] = 0.0
        lower = np.zeros_like(upper)
        by = count - self.counts[unknown]
        place = unknown if by > 0 else unknown + len(self.counts)
        upper[[unknown, unknown + len(self.counts)]] = 0.0
        lower[place] = upper[place] = abs(by)
        found = milp(
            self.costs(),
            constraints=LinearConstraint(self.matrix, 0, 0),
            bounds=Bounds(lower, upper),
        )
        if found.x is None:
            return None
        changed = np.abs(found.x[: len(self.counts)] - found.x[len(self.counts) :]) > SMALLEST_CHANGE
        return {int(each) for each in np.flatnonzero(changed)}


def protect(tables: Sequence[FrequencyTable], policy: Policy, earlier: Sequence[Earlier] = ()) -> Protection:
    """The cells of linked tables that may not be shown, given what was shown before.

    Refused where no suppression can undo what an earlier release has let out already.
    """
    counts: dict[Cell, int] = {}
    for table in tables:
        for cell, count in table.cells.items():
            if counts.setdefault(cell, count) != count:
                raise Refused(
                    f"table {table.name}: a cell that stands in two tables has two counts; it is no one release"
                )
    system, unknowns = _system(tables, counts, earlier)
    claims = _claims(tables, counts, unknowns, earlier, policy, system)
    system.suppressed |= {claim.unknown for claim in claims}
    everybody = {unknowns[()]} - system.suppressed
    for claim in claims:
        for end in claim.ends:
            # Everybody is shown where it can be; where it cannot, the cell's protection goes first.
            changed = system.change(claim.unknown, end, everybody)
            if changed is None:
                changed = system.change(claim.unknown, end, ())
            if changed is None:
                raise Refused(
                    "an earlier release has let out so much that no suppression protects this one: "
                    "show fewer cells, or the earlier release again"
                )
            system.suppressed |= changed
    why = {claim.unknown: claim.why for claim in reversed(claims)}
    return Protection(
        counts,
        {cell: why.get(unknowns[cell], "secondary") for cell in counts if unknowns[cell] in system.suppressed},
    )


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
