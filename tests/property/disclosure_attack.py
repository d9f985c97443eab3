"""An attacker on released tables: every sum and every earlier release as a linear programme, for one cell's bounds."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linprog

from fjo_pipeline.databank.disclosure.cells import Cell
from fjo_pipeline.databank.disclosure.protect import Earlier


class Attacker:
    """Knows what each release showed, unrounded, that its sums hold, and that unchanged cells are unchanged."""

    def __init__(self, releases: Sequence[Earlier]) -> None:
        self.unknowns: dict[tuple[Cell, int], int] = {}
        sums: list[tuple[int, list[int]]] = []
        self.shown: dict[int, int] = {}
        for release in releases:
            place = {
                cell: self.unknowns.setdefault((cell, count), len(self.unknowns))
                for cell, count in release.counts.items()
            }
            sums += [(place[each.total], [place[part] for part in each.parts]) for each in release.relations]
            self.shown |= {place[cell]: release.counts[cell] for cell in release.shown}
        self.sums = np.zeros((len(sums), len(self.unknowns)))
        for row, (total, parts) in enumerate(sums):
            self.sums[row, total] = 1
            for part in parts:
                self.sums[row, part] -= 1

    def interval(self, cell: Cell, count: int) -> tuple[float, float]:
        """Least and greatest count that the cell may have, for all that the attacker knows."""
        unknown = self.unknowns[cell, count]
        bounds = [(self.shown.get(each, 0), self.shown.get(each)) for each in range(len(self.unknowns))]
        goal = np.zeros(len(self.unknowns))
        goal[unknown] = 1
        found = [
            linprog(sign * goal, A_eq=self.sums, b_eq=np.zeros(len(self.sums)), bounds=bounds, method="highs")
            for sign in (1, -1)
        ]
        assert all(each.status in (0, 3) for each in found), "the attacker's own knowledge contradicts itself"
        least, greatest = (
            sign * each.fun if each.fun is not None else np.inf for sign, each in zip((1, -1), found, strict=True)
        )
        return float(least), float(greatest)
