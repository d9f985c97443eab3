"""A researcher's table against a policy: a verdict for every cell, as an output checker would give it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from fjo_pipeline.databank.disclosure.cells import Cell, Relation
from fjo_pipeline.databank.disclosure.policy import Policy
from fjo_pipeline.databank.disclosure.reading import GivenTable, Place

FITS = "fits"
UNBOUNDED = 3
"""What HiGHS answers where a count has no greatest value."""
Floats = NDArray[np.float64]
Counts = Mapping[Cell, int | None]


@dataclass(frozen=True)
class Verdict:
    """What is said of one cell, and what to do about it; `said` is `fits` where it may be let out."""

    place: Place
    cell: Cell
    said: str

    @property
    def fits(self) -> bool:
        """Whether the cell may be let out."""
        return self.said == FITS


def check_table(table: GivenTable, policy: Policy, earlier: Sequence[Counts] = ()) -> list[Verdict]:
    """A verdict for each cell, in the file's order; `earlier` is what the project has let out of the same measure."""
    relations = list(_relations(table))
    found = _small(table, policy) | _differences(table, relations, policy) | _full(table, relations, policy)
    for cell, said in {**_not_rounded(table, policy), **_earlier(table, earlier, policy)}.items():
        found.setdefault(cell, said)
    for cell, said in _worked_out(table, relations, earlier, policy).items():
        found.setdefault(cell, said)
    return [Verdict(place, cell, found.get(cell, FITS)) for cell, place in table.places.items()]


def _relations(table: GivenTable) -> Iterator[Relation]:
    """Every total in the file with its parts in the file, along one dimension, taken to be all of them."""
    for cell in sorted(table.counts):
        for dimension in table.dimensions:
            if dimension not in dict(cell):
                parts = tuple(
                    other
                    for other in sorted(table.counts)
                    if dimension in dict(other) and tuple(pair for pair in other if pair[0] != dimension) == cell
                )
                if parts:
                    yield Relation(cell, parts)


def _small(table: GivenTable, policy: Policy) -> dict[Cell, str]:
    said = f"fewer than {policy.threshold}: hide it, and others so that no total gives it away"
    return {cell: said for cell, count in table.counts.items() if count is not None and 0 < count < policy.threshold}


def _differences(table: GivenTable, relations: Sequence[Relation], policy: Policy) -> dict[Cell, str]:
    """Shown cells whose total shows, by its difference, that fewer than the threshold are in the other parts."""
    found = {}
    for relation in relations:
        total = table.counts[relation.total]
        for part in relation.parts:
            count = table.counts[part]
            if total is not None and count is not None and 0 < total - count < policy.threshold:
                found[part] = f"its total less it is under {policy.threshold}: hide it, or put values together"
    return found


def _full(table: GivenTable, relations: Sequence[Relation], policy: Policy) -> dict[Cell, str]:
    if policy.full_cells == "show":
        return {}
    return {
        part: "holds all of its group, so that the group's answer is known: hide it, or put values together"
        for relation in relations
        for part in relation.parts
        if len(relation.parts) > 1
        and (table.counts[part] or 0) > 0
        and table.counts[part] == table.counts[relation.total]
    }


def _not_rounded(table: GivenTable, policy: Policy) -> dict[Cell, str]:
    return {
        cell: f"not a multiple of {policy.rounding}: round it"
        for cell, count in table.counts.items()
        if count is not None and count % policy.rounding
    }


def _earlier(table: GivenTable, earlier: Sequence[Counts], policy: Policy) -> dict[Cell, str]:
    found = {}
    for release in earlier:
        for cell, count in table.counts.items():
            before = release.get(cell)
            if count is not None and before is not None and 0 < abs(count - before) < policy.threshold:
                found[cell] = f"differs by fewer than {policy.threshold} from what this project has let out before"
    return found


def _worked_out(
    table: GivenTable, relations: Sequence[Relation], earlier: Sequence[Counts], policy: Policy
) -> dict[Cell, str]:
    """Hidden cells that the shown ones, rounding allowed for, or an earlier release leave too little doubt about."""
    cells = sorted(table.counts)
    place = {cell: index for index, cell in enumerate(cells)}
    slack = policy.rounding // 2
    low, high = np.zeros(len(cells)), np.full(len(cells), np.inf)
    for cell, count in table.counts.items():
        known = [count, *(release.get(cell) for release in earlier)]
        shown = next((each for each in known if each is not None), None)
        if shown is not None:
            low[place[cell]], high[place[cell]] = max(shown - slack, 0), shown + slack
    sums = np.zeros((len(relations), len(cells)))
    for row, relation in enumerate(relations):
        sums[row, place[relation.total]] = 1
        sums[row, [place[part] for part in relation.parts]] = -1
    found = {}
    for cell in (cell for cell in cells if table.counts[cell] is None):
        bounds = [_extreme(place[cell], sign, sums, low, high) for sign in (1, -1)]
        if None in bounds:
            found[cell] = "hidden, but the file's counts do not add up, so nobody can say what they give away"
            continue
        least, most = (float(each) for each in bounds if each is not None)
        # Who can say that a hidden count is under the threshold, or pin it down, has been told it.
        if most < policy.threshold or most - least < policy.threshold - 1:
            found[cell] = (
                f"hidden, but the shown counts leave only {least:.0f} to {most:.0f}: hide another one beside it"
            )
    return found


def _extreme(unknown: int, sign: int, sums: Floats, low: Floats, high: Floats) -> float | None:
    """The least (1) or greatest (-1) value of an unknown; None where the sums contradict one another."""
    goal = np.zeros(len(low))
    goal[unknown] = sign
    constraints = [LinearConstraint(sums, 0, 0)] if len(sums) else []
    solved = milp(goal, constraints=constraints, bounds=Bounds(low, high))
    if solved.status == UNBOUNDED:
        return float("inf")
    return None if solved.x is None else float(solved.x[unknown])
