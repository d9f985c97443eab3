"""Which cells of linked tables are suppressed, so that nobody works the small ones out from sums or earlier releases.

Primary: a count of fewer people than the threshold, a difference of fewer to what was shown before, and (where the
policy says so) a cell that holds all of a group. Secondary: for each primary cell a linear programme finds the
cheapest other table that an attacker could not tell from the true one and in which that cell is 1, and another in which
it is the threshold; the cells in which these differ from the truth are suppressed too. So an attacker who knows every
sum is left with an interval that contains both, by construction (Fischetti and Salazar-González 2000,
doi:10.1080/01621459.2000.10474282, whose attacker and protection levels these are).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.databank.disclosure.cells import Cell, FrequencyTable, Relation
from fjo_pipeline.databank.disclosure.policy import Policy
from fjo_pipeline.databank.disclosure.system import GAIN, Claim, Ends, System, Why

TURNS = 6
"""How often many claims are served at once, half of them upwards and half downwards, then the other way round."""
FEW = 40
"""Up to so many ends each is served by itself, which hides the least; more of them in batches, which is quicker."""


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
    ends = Ends(claims, system.counts)
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


def _serve_many(system: System, ends: Ends, everybody: Collection[int]) -> None:
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
    ends, open_to = Ends(claims, system.counts), {claim.unknown for claim in claims} - system.suppressed
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
) -> tuple[System, dict[Cell, int]]:
    system, sums = System(), set()
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
    system: System,
) -> list[Claim]:
    """What must be protected, by unknown; what an earlier release showed is lost and claimed by nobody."""
    least = policy.threshold
    claims = [
        Claim(unknown, (1, least), "count under the threshold")
        for unknown, count in enumerate(system.counts)
        if 0 < count < least and unknown not in system.fixed
    ]
    for release in earlier:
        for cell in sorted(set(release.shown) & set(counts)):
            by = counts[cell] - release.counts[cell]
            if 0 < abs(by) < least:
                before = release.counts[cell]
                ends = (before, max(before + (least if by > 0 else -least), 0))
                claims.append(Claim(unknowns[cell], ends, "difference to an earlier release"))
    if policy.full_cells == "suppress":
        claims += [
            Claim(unknowns[cell], (max(counts[cell] - least, 0),), "holds all of a group")
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
