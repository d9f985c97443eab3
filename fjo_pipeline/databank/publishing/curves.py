"""Survival curves as they are published: steps of enough people, of groups that are shown among the counts."""

from collections.abc import Iterator

from fjo_pipeline.core.sessions import Session, literal
from fjo_pipeline.databank.disclosure.policy import Area, Policy
from fjo_pipeline.databank.disclosure.statistics import rounded, survival_steps
from fjo_pipeline.databank.publishing.areas import find_area
from fjo_pipeline.databank.publishing.counting import Breakdown, assert_mart, breakdowns, category_of, mart_relation
from fjo_pipeline.databank.publishing.declaration import SUBNATIONAL, Curve, PublishedTable
from fjo_pipeline.databank.publishing.figures import ALL, SUPPRESSED, Figures, Row
from fjo_pipeline.databank.publishing.protecting import dimension_of

DAYS = "days"
COLUMNS = ("at_risk", "events", "survival", "returned")
Groups = dict[tuple[str, ...], list[tuple[int, int, int]]]


def curve_rows(
    session: Session, table: PublishedTable, curve: Curve, areas: tuple[Area, ...], of: list[Figures], policy: Policy
) -> Iterator[Row]:
    """The steps of every group's curve; one row without figures where the group may not be shown."""
    assert_mart(session, table)
    for breakdown in breakdowns(table, areas):
        for group, observed in _groups(session, table, curve, breakdown).items():
            nation, apart, values = (
                group[0],
                group[1 : 1 + len(table.used("apart"))],
                group[1 + len(table.used("apart")) :],
            )
            for figures in of:
                if figures.counted.nation == nation:
                    yield from _curve(table, curve, breakdown, figures, (apart, values), observed, policy)


def _curve(
    table: PublishedTable,
    curve: Curve,
    breakdown: Breakdown,
    figures: Figures,
    group: tuple[tuple[str, ...], tuple[str, ...]],
    observed: list[tuple[int, int, int]],
    policy: Policy,
) -> Iterator[Row]:
    apart, values = group
    named = dict(zip([*(each.name for each in table.used("always")), *breakdown], values, strict=True))
    area = find_area("nation", figures.counted.nation)
    for level in set(breakdown) & set(SUBNATIONAL):
        area = find_area(level, named.pop(level))
        named[dimension_of(level)] = area.key
    shown = {each.name: named.get(each.name, ALL) for each in table.dimensions if each.use != "apart"}
    shown |= {each.name: value for each, value in zip(table.used("apart"), apart, strict=True)}
    counts = {each.name: each for each in figures.table.counts}
    events = curve.events if isinstance(curve.events, str) else curve.events[apart[0]]
    people, returned = (figures.count(counts[name], named, breakdown) for name in (curve.people, events))
    if people is None or returned is None:
        row = Row(area, shown | {DAYS: ALL})
        for column in COLUMNS:
            row.missing(column, SUPPRESSED)
        yield row
        return
    yield Row(
        area, shown | {DAYS: "0"}, {"at_risk": rounded(people, policy), "events": 0, "survival": 100.0, "returned": 0.0}
    )
    for step in survival_steps(observed, policy):
        kept = round(step.survival * 100, 1)
        yield Row(
            area,
            shown | {DAYS: str(step.day)},
            {"at_risk": step.at_risk, "events": step.events, "survival": kept, "returned": round(100 - kept, 1)},
        )


def _groups(session: Session, table: PublishedTable, curve: Curve, breakdown: Breakdown) -> Groups:
    """Each group's days put together: the last day of each stretch, at risk before it, and events in it."""
    of = {each.name: each.values for each in table.used("alone")}
    dimensions = [each.values for each in (*table.used("apart"), *table.used("always"))]
    dimensions += ["category"] if breakdown else []
    wanted = of.get(breakdown[0], breakdown[0]) if breakdown else "all"
    named = "".join(f", {category_of(each)} AS d{place}" for place, each in enumerate(dimensions))
    groups: Groups = {}
    for *group, day, at_risk, events in session.rows(
        f"""
        WITH newest AS (
            FROM {mart_relation(table)} WHERE {table.where}
            QUALIFY refresh = max(refresh) OVER (PARTITION BY {table.edition})
        )
        SELECT {table.nation}{named}, (days // {curve.step_days} + 1) * {curve.step_days} AS day,
            max(at_risk), sum(events)
        FROM newest WHERE dimension = {literal(wanted)}
        GROUP BY ALL ORDER BY ALL""",
        step=f"count {table.name}",
    ):
        groups.setdefault(tuple(group), []).append((int(day), int(at_risk), int(events)))
    return groups
