"""Figures as frequency tables that hang together, let out under the policy: what may be shown of each cell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.databank.disclosure.cells import Cell, FrequencyTable
from fjo_pipeline.databank.disclosure.policy import Policy
from fjo_pipeline.databank.disclosure.protect import Earlier
from fjo_pipeline.databank.disclosure.release import Release, release_tables
from fjo_pipeline.databank.publishing.areas import region_of
from fjo_pipeline.databank.publishing.counting import Breakdown, Counted
from fjo_pipeline.databank.publishing.declaration import Measure, PublishedTable

PART = "part"
"""The dimension by which a count divides into the counts that are parts of it."""


@dataclass(frozen=True)
class System:
    """Frequency tables whose cells hang together: protected together, apart from all others."""

    name: str
    nation: str
    root: str
    breakdown: Breakdown | None
    tables: tuple[FrequencyTable, ...]
    never: frozenset[Cell]


@dataclass(frozen=True)
class LetOut:
    """A system as it is let out."""

    system: System
    release: Release
    earlier: tuple[Earlier, ...]

    def count(self, cell: Cell) -> int | None:
        """The true count of a cell that may be shown, rounded; None of one that may not."""
        return self.release.known.counts[cell] if cell in self.release.known.shown else None


def systems(table: PublishedTable, counted: Counted) -> Iterator[System]:
    """The systems of one nation's figures: one a count that is no part of another, or more where people overlap."""
    for root in table.roots():
        chains = list(_chains(table, root))
        name = "|".join([table.name, counted.nation, *counted.apart, root.name])
        every: list[tuple[Breakdown, ...]] = [tuple(counted.cells)]
        groups = [(each,) for each in counted.cells] if table.overlapping else every
        for group in groups:
            alone = group[0] if table.overlapping else None
            tables = tuple(_table(table, counted, each, chain) for each in group for chain in chains)
            key = f"{name}|{'*'.join(alone)}" if alone else name
            yield System(key, counted.nation, root.name, alone, tables, frozenset(_never(table, tables, alone)))


def let_out(system: System, policy: Policy, snapshot: int, earlier: Sequence[Earlier]) -> LetOut:
    """Protect a system under the policy, given what was let out of it before."""
    release = release_tables(system.tables, policy, snapshot, earlier, system.never)
    return LetOut(system, release, tuple(earlier))


def dimension_of(name: str) -> str:
    """The dimension of a breakdown's cells: local authorities lie in regions, so both are values of one."""
    return "area" if name in ("region", "local_authority") else name


def cell_of(pairs: dict[str, str], measure: Measure) -> Cell:
    """The cell of a count: that of what it is a part of, and of it."""
    return tuple(sorted(({**pairs, PART: measure.name} if measure.of else pairs).items()))


def _chains(table: PublishedTable, root: Measure) -> Iterator[tuple[Measure, ...]]:
    """Every way down from a count to a part of a part."""
    parts = table.parts(root.name)
    if not parts:
        yield (root,)
    for part in parts:
        yield from ((root, *chain) for chain in _chains(table, part))


def _table(table: PublishedTable, counted: Counted, breakdown: Breakdown, chain: tuple[Measure, ...]) -> FrequencyTable:
    dimensions = (*(each.name for each in table.used("always")), *map(dimension_of, breakdown))
    counts: dict[tuple[str, ...], int] = {}
    for values, figures in counted.cells[breakdown].items():
        numbers = [int(figures.get(each.name, 0)) for each in chain]
        for (above, whole), (below, part) in pairwise(zip(chain, numbers, strict=True)):
            if part > whole:
                raise Refused(f"table {table.name}: {below.name} counts more than {above.name}, of which it is a part")
            counts[*values, f"{above.name} but not {below.name}"] = whole - part
        counts[*values, chain[-1].name] = numbers[-1]
    broader = {"area": _regions(counted)} if "local_authority" in breakdown and not table.overlapping else {}
    name = " by ".join([chain[-1].name, *dimensions])
    if len(chain) == 1:
        return FrequencyTable(name, dimensions, {key[:-1]: count for key, count in counts.items()}, broader)
    within = {below.name: above.name for above, below in pairwise(chain[1:])}
    within |= {f"{above.name} but not {below.name}": above.name for above, below in pairwise(chain[1:])}
    return FrequencyTable(name, (*dimensions, PART), counts, broader | {PART: within})


def _regions(counted: Counted) -> dict[str, str]:
    """Each local authority's region, where the table also has regions."""
    if ("region",) not in counted.cells:
        return {}
    return {key: region_of(place).key for key, place in counted.places.items() if place.level == "local_authority"}


def _never(table: PublishedTable, tables: Sequence[FrequencyTable], alone: Breakdown | None) -> Iterator[Cell]:
    """Sums that are no figures of the table: over a dimension without a total, or of people who are in several."""
    needed = {each.name for each in table.used("always") if not each.total} | {*map(dimension_of, alone or ())}
    if needed:
        yield from (cell for each in tables for cell in each.cells if not needed <= _dimensions(cell))


def _dimensions(cell: Cell) -> set[str]:
    return {dimension for dimension, _ in cell}
