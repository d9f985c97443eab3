"""A published table's figures counted from its mart at one snapshot: the finest cells of every breakdown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.sessions import Session, identifier, literal
from fjo_pipeline.databank.disclosure.policy import Area
from fjo_pipeline.databank.publishing.areas import NOT_KNOWN, UNKNOWN, WITHOUT_REGIONS, AreaPlace, find_area, region_of
from fjo_pipeline.databank.publishing.declaration import SUBNATIONAL, Measure, PublishedTable

Breakdown = tuple[str, ...]
"""The dimensions and area levels by which a part of a table divides, beside those that divide every row."""
Values = tuple[str, ...]


@dataclass
class Counted:
    """One nation's and one way's figures: by breakdown, the finest values with what was counted of each measure."""

    nation: str
    refresh: str
    apart: Values
    cells: dict[Breakdown, dict[Values, dict[str, float]]] = field(default_factory=dict)
    places: dict[str, AreaPlace] = field(default_factory=dict)


def breakdowns(table: PublishedTable, areas: Sequence[Area]) -> list[Breakdown]:
    """Every breakdown of a table under a policy of these areas, the whole first."""
    levels = [level for level in SUBNATIONAL if level in areas and level in table.areas]
    joint = [each for each in table.together if not set(each) & set(SUBNATIONAL) - set(levels)]
    return [(), *((level,) for level in levels), *((each.name,) for each in table.used("alone")), *joint]


def count_table(session: Session, table: PublishedTable, areas: Sequence[Area]) -> list[Counted]:
    """The table's figures in the newest edition of each nation; Refused where the snapshot lacks the mart."""
    assert_mart(session, table)
    found: dict[tuple[str, Values], Counted] = {}
    for breakdown in breakdowns(table, areas):
        for asked, measures in _questions(table, breakdown):
            for nation, refresh, apart, values, figures in _counted(session, table, asked, measures):
                if "region" in breakdown and nation in WITHOUT_REGIONS:
                    continue
                each = found.setdefault((nation, apart), Counted(nation, refresh, apart))
                _add(each, measures, breakdown, asked, values, figures)
    return [found[key] for key in sorted(found)]


def _questions(table: PublishedTable, breakdown: Breakdown) -> Iterator[tuple[Breakdown, list[Measure]]]:
    """What the mart is asked for a breakdown: people of a region are counted by its local authorities.

    So an authority that a former system called otherwise is in its region, as it is under its own code.
    """
    measures = [each for each in table.measures if each.value is not None]
    if "region" not in breakdown or table.overlapping or "local_authority" not in table.areas:
        yield breakdown, measures
        return
    finer = tuple("local_authority" if each == "region" else each for each in breakdown)
    yield finer, [each for each in measures if each.kind == "count"]
    if others := [each for each in measures if each.kind != "count"]:
        yield breakdown, others


def _add(
    counted: Counted,
    measures: Sequence[Measure],
    breakdown: Breakdown,
    asked: Breakdown,
    values: Values,
    figures: dict[str, float],
) -> None:
    """Put a row of the mart to the cell of its values; two names of one area are one cell."""
    named = list(values)
    for place, (dimension, level) in enumerate(zip(breakdown, asked, strict=True), len(values) - len(breakdown)):
        if dimension in SUBNATIONAL:
            area = find_area(level, values[place])
            area = region_of(area) if dimension != level else area
            counted.places[area.key] = area
            named[place] = area.key
    cell = counted.cells.setdefault(breakdown, {}).setdefault(tuple(named), {})
    for measure in measures:
        if measure.name not in figures:
            continue
        value, before = figures[measure.name], cell.get(measure.name)
        if before is None:
            cell[measure.name] = value
        elif measure.kind == "reference":
            cell[measure.name] = max(before, value)
        elif measure.kind == "median":
            del cell[measure.name]  # of two groups together nobody knows it
        else:
            cell[measure.name] = before + value


def _counted(
    session: Session, table: PublishedTable, breakdown: Breakdown, measures: Sequence[Measure]
) -> Iterator[tuple[str, str, Values, Values, dict[str, float]]]:
    rows = session.rows(_sql(table, breakdown, measures), step=f"count {table.name}")
    apart, always = len(table.used("apart")), len(table.used("always"))
    last = 2 + apart + always + len(breakdown)
    for row in rows:
        given = zip(measures, row[last:], strict=True)
        figures = {each.name: float(value) for each, value in given if value is not None}
        yield row[0], row[1], tuple(row[2 : 2 + apart]), tuple(row[2 + apart : last]), figures


def _sql(table: PublishedTable, breakdown: Breakdown, measures: Sequence[Measure]) -> str:
    dimensions = [each.values for each in (*table.used("apart"), *table.used("always"))]
    if table.form == "categories":
        of = {each.name: each.values for each in table.used("alone")}
        wanted = f"dimension = {literal(of.get(breakdown[0], breakdown[0]) if breakdown else 'all')}"
        dimensions += ["category"] if breakdown else []
        figures = [_of_categories(each) for each in measures]
    else:
        of = {each.name: each.values for each in table.dimensions}
        wanted = "true"
        dimensions += [of.get(each, each) for each in breakdown]
        figures = [f"{each.value}" for each in measures]
    named = ", ".join(f"{category_of(each)} AS d{place}" for place, each in enumerate(dimensions))
    return f"""
        WITH newest AS (
            SELECT *, {table.nation} AS fjo_nation FROM {mart_relation(table)} WHERE {table.where}
            QUALIFY refresh = max(refresh) OVER (PARTITION BY {table.edition})
        )
        SELECT fjo_nation, max(refresh), {named + "," if named else ""} {", ".join(figures)}
        FROM newest WHERE {wanted}
        GROUP BY {", ".join(["fjo_nation", *(f"d{place}" for place in range(len(dimensions)))])}
        ORDER BY ALL"""


def mart_relation(table: PublishedTable) -> str:
    """The mart, or the table's own query on it, as something to select from."""
    mart = f"lake.marts.{identifier(table.mart)}"
    return f"({table.query.replace('{mart}', mart)})" if table.query else mart


def assert_mart(session: Session, table: PublishedTable) -> None:
    """Refused where the snapshot has no such mart."""
    there = session.value(
        "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'lake' AND schema_name = 'marts' "
        "AND table_name = ?",
        (table.mart,),
        step="look for a mart",
    )
    if not there:
        raise Refused(f"the release has no mart {table.mart}: run `fjo refresh`, so that the views are built again")


def category_of(sql: str) -> str:
    """SQL of a category as text, in one word where it is missing."""
    return (
        f"CASE WHEN coalesce(lower(CAST({sql} AS VARCHAR)), {literal(UNKNOWN)}) = {literal(UNKNOWN)} "
        f"THEN {literal(NOT_KNOWN)} ELSE CAST({sql} AS VARCHAR) END"
    )


def _of_categories(measure: Measure) -> str:
    """A mart of categories has one row a cell, unless two categories are published as one."""
    if measure.kind == "median":
        return f"CASE WHEN count(*) = 1 THEN any_value({measure.value}) END"
    return f"{'max' if measure.kind == 'reference' else 'sum'}({measure.value})"
