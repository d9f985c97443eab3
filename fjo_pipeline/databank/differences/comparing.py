"""Two refreshes side by side: each count before and after, keys and lookup rows that came, went or changed.

All is SQL over curated tables in the lake. What comes out is judged, and its small cells hidden, in `judging`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.sessions import Session, identifier, literal
from fjo_pipeline.databank.differences.counting import (
    StandingTable,
    counts_sql,
    declared,
    lookup_of,
    name_column,
    standing_tables,
)

INVISIBLE = r"[\p{Z}\p{C}]+"
"""Spaces of all kinds and characters that nobody sees: a name may differ in them alone."""


@dataclass(frozen=True)
class Difference:
    """One thing before and after, as it is: `*_of` is what it is a share of, nothing is hidden yet."""

    measure: str
    table_name: str
    item: str
    category: str
    said: str | None
    before: int | None
    after: int | None
    before_of: int | None
    after_of: int | None
    special_access: bool


def differences(session: Session, contract: Contract, against: str, refresh: str) -> list[Difference]:
    """Everything that is compared between two refreshes of a dataset, in the contract's order of tables."""
    before, after = (standing_tables(session, contract, each) for each in (against, refresh))
    names = f"WITH {_names(contract, before, after)} "
    parts = [
        names + _side_by_side(contract, before, after),
        _column_counts(before, after),
        _link_changes(contract, against, refresh, before, after),
    ]
    for name in after:
        if name in before:
            parts += _rows_of_a_table(contract, before[name], after[name])
    # A statement a part, so that the joins of one large table at a time are in memory.
    return [each for part in parts for each in _run(session, part, _order(before | after), f"{against} with {refresh}")]


def _run(session: Session, part: str, order: str, which: str) -> Iterator[Difference]:
    columns = ", ".join(each.name for each in fields(Difference))
    for row in session.rows(
        f"SELECT {columns} FROM ({part}) ORDER BY measure, {order}, item, try_cast(category AS BIGINT), category, said",
        step=f"compare the refreshes {which}",
    ):
        yield Difference(*row)


def _order(tables: dict[str, StandingTable]) -> str:
    """SQL for a table's place in the contract."""
    return f"list_position([{', '.join(literal(each.undated) for each in tables.values())}], table_name)"


def _side_by_side(contract: Contract, before: dict[str, StandingTable], after: dict[str, StandingTable]) -> str:
    """Counts of both refreshes by measure, table, item and category; a code that one of them lacks counts 0 there."""
    return f"""
        SELECT measure, table_name, item, category, names.said,
            CASE WHEN before_of IS NOT NULL THEN coalesce(before, 0) ELSE before END AS before,
            CASE WHEN after_of IS NOT NULL THEN coalesce(after, 0) ELSE after END AS after,
            before_of, after_of, special_access
        FROM (
            SELECT measure, table_name, item, category, earlier.counted AS before, later.counted AS after,
                max(earlier.counted_of) OVER whole AS before_of, max(later.counted_of) OVER whole AS after_of,
                coalesce(later.special_access, earlier.special_access) AS special_access
            FROM ({counts_sql(contract, before)}) AS earlier
            FULL JOIN ({counts_sql(contract, after)}) AS later USING (measure, table_name, item, category)
            WINDOW whole AS (PARTITION BY measure, table_name, item)
        ) LEFT JOIN names USING (measure, table_name, item, category)"""


def _names(contract: Contract, before: dict[str, StandingTable], after: dict[str, StandingTable]) -> str:
    """SQL for the names of codes that stand in a lookup: as the later refresh has them, else the earlier."""
    parts = []
    for place, tables in enumerate((after, before)):
        for table in tables.values():
            of = declared(contract, table)
            for field in of.file_2_fields if of else ():
                lookup = lookup_of(contract, of, field.name) if of else None
                named = name_column(lookup) if lookup else None
                if lookup and named and lookup.name in tables:
                    key = identifier(lookup.table_schema.primary_key or "")
                    parts.append(
                        f"SELECT {place} AS place, 'code_share' AS measure, {literal(table.undated)} AS table_name, "
                        f"{literal(field.name)} AS item, CAST({key} AS VARCHAR) AS category, "
                        f"{identifier(named)} AS said FROM {tables[lookup.name].curated.qualified()}"
                    )
    nothing = (
        "SELECT 2 AS place, '' AS measure, '' AS table_name, '' AS item, '' AS category, CAST(NULL AS VARCHAR) AS said"
    )
    return f"""names AS (SELECT measure, table_name, item, category, first(said ORDER BY place, said) AS said
        FROM ({" UNION ALL ".join([*parts, nothing])}) GROUP BY ALL)"""


def _column_counts(before: dict[str, StandingTable], after: dict[str, StandingTable]) -> str:
    """Columns that are new or gone, counted a table and each by its name; a whole table that is, by all its columns."""
    earlier, later = (
        [f"({literal(each.undated)}, {literal(column)})" for each in tables.values() for column in each.columns]
        for tables in (before, after)
    )
    nothing = "(NULL, NULL)"
    return f"""
        SELECT measure, table_name, item, category, CAST(NULL AS VARCHAR) AS said, before, after,
            before_of, CAST(NULL AS BIGINT) AS after_of, false AS special_access
        FROM (
            WITH changed AS (
                SELECT table_name, name, earlier.name IS NULL AS is_new
                FROM (VALUES {", ".join(earlier) or nothing}) AS earlier (table_name, name)
                FULL JOIN (VALUES {", ".join(later) or nothing}) AS later (table_name, name) USING (table_name, name)
                WHERE (earlier.name IS NULL) <> (later.name IS NULL)
            ), sizes AS (
                SELECT table_name, count(*) AS columns
                FROM (VALUES {", ".join(earlier) or nothing}) AS earlier (table_name, name) GROUP BY ALL
            )
            SELECT 'columns' AS measure, table_name, if(is_new, 'new', 'gone') AS item, '' AS category,
                CASE WHEN NOT is_new THEN count(*) END AS before, CASE WHEN is_new THEN count(*) END AS after,
                any_value(columns) AS before_of
            FROM changed LEFT JOIN sizes USING (table_name) GROUP BY table_name, is_new
            UNION ALL
            SELECT 'column', table_name, if(is_new, 'new', 'gone'), name, NULL, NULL, NULL FROM changed
        )"""


def _link_changes(
    contract: Contract,
    against: str,
    refresh: str,
    before: dict[str, StandingTable],
    after: dict[str, StandingTable],
) -> str:
    """People whose link is another one, by reason, among the people of both refreshes."""
    old, new = (tables["alf"] for tables in (before, after))
    return f"""
        SELECT 'link_changes' AS measure, {literal(new.undated)} AS table_name, REASON AS item, '' AS category,
            CAST(NULL AS VARCHAR) AS said, CAST(NULL AS BIGINT) AS before, count(*) AS after,
            CAST(NULL AS BIGINT) AS before_of,
            (SELECT count(*) FROM {old.curated.qualified()} AS old
                SEMI JOIN {new.curated.qualified()} AS new USING (PERSON_ID_E)) AS after_of,
            false AS special_access
        FROM lake.databank.link_changes
        WHERE DATASET = {literal(contract.name)} AND REFRESH = {literal(refresh)}
            AND PREVIOUS_REFRESH = {literal(against)}
        GROUP BY REASON"""


def _rows_of_a_table(contract: Contract, before: StandingTable, after: StandingTable) -> Iterator[str]:
    """Rows by their primary key: new, gone, changed and same; of a lookup, each of them by its code besides."""
    of = declared(contract, after)
    if of is None or of.table_schema.primary_key is None:
        return
    key = after.curated.named(of.table_schema.primary_key, "_E")
    if key not in after.columns or key not in before.columns:
        return
    # What File 3 says may change without the row's own content: those changes are counted as link changes.
    own = [
        column
        for column in after.content
        if column in before.content and column != key and column.removesuffix("_E") not in of.linked
    ]
    named = name_column(of) if of.kind == "lookup" else None
    yield _changed_keys(before, after, key, own, named) if of.kind == "lookup" else _keys(before, after, key, own)


def _joined(before: StandingTable, after: StandingTable, key: str, own: list[str], name: str | None) -> str:
    """Each key once, with what its rows hash to before and after; exact copies of a row hash alike."""
    hashed = f"min(hash({', '.join(map(identifier, own)) or '0'}))"
    said = f"min({identifier(name)})" if name is not None and name in own else "CAST(NULL AS VARCHAR)"
    sides = [
        f"(SELECT {identifier(key)} AS key, {hashed} AS hashed, {said} AS name FROM {table.curated.qualified()} "
        f"WHERE {identifier(key)} IS NOT NULL GROUP BY 1)"
        for table in (before, after)
    ]
    return f"{sides[0]} AS earlier FULL JOIN {sides[1]} AS later USING (key)"


def _keys(before: StandingTable, after: StandingTable, key: str, own: list[str]) -> str:
    """Keys counted, 'same' among them so that `judging` sees which sums are known."""
    special = str(after.curated.special_access).lower()
    return f"""
        SELECT 'keys' AS measure, {literal(after.undated)} AS table_name, item, '' AS category,
            CAST(NULL AS VARCHAR) AS said, CASE WHEN item <> 'new' THEN keys END AS before,
            CASE WHEN item <> 'gone' THEN keys END AS after, of AS before_of, CAST(NULL AS BIGINT) AS after_of,
            {special} AS special_access
        FROM (
            SELECT unnest(['new', 'gone', 'changed', 'same']) AS item,
                unnest([
                    count_if(earlier.hashed IS NULL), count_if(later.hashed IS NULL),
                    count_if(earlier.hashed <> later.hashed), count_if(earlier.hashed = later.hashed)
                ]) AS keys,
                count(earlier.hashed) AS of
            FROM {_joined(before, after, key, own, None)}
        )"""


def _changed_keys(before: StandingTable, after: StandingTable, key: str, own: list[str], name: str | None) -> str:
    """A lookup's rows that are new, gone, renamed or otherwise changed: counted, and each by its code with its name.

    Codes and names of lookups are no personal data. A name that differs only in what nobody sees is said to.
    """
    clean = [f"regexp_replace({side}.name, {literal(INVISIBLE)}, ' ', 'g')" for side in ("earlier", "later")]
    return f"""
        SELECT measure, {literal(after.undated)} AS table_name, item, category, said, before, after, before_of,
            CAST(NULL AS BIGINT) AS after_of, false AS special_access
        FROM (
            WITH each AS (
                SELECT CAST(key AS VARCHAR) AS code,
                    CASE WHEN earlier.hashed IS NULL THEN 'new' WHEN later.hashed IS NULL THEN 'gone'
                        WHEN earlier.name IS DISTINCT FROM later.name THEN 'renamed'
                        WHEN earlier.hashed <> later.hashed THEN 'changed' ELSE 'same' END AS item,
                    CASE WHEN earlier.name IS NULL OR later.name IS NULL OR earlier.name = later.name
                        THEN coalesce(later.name, earlier.name)
                        ELSE earlier.name || ' → ' || later.name
                            || if(trim({clean[0]}) = trim({clean[1]}), ' (only characters that nobody sees)', '')
                    END AS said
                FROM {_joined(before, after, key, own, name)}
            ), sizes AS (SELECT count_if(item <> 'new') AS rows FROM each)
            SELECT if(item = 'renamed', 'lookup_names', 'lookup_rows') AS measure, item, '' AS category,
                CAST(NULL AS VARCHAR) AS said, CASE WHEN item = 'gone' THEN count(*) END AS before,
                CASE WHEN item <> 'gone' THEN count(*) END AS after, any_value(rows) AS before_of
            FROM each, sizes WHERE item <> 'same' GROUP BY item
            UNION ALL
            SELECT 'lookup_row', item, code, said, NULL, NULL, NULL FROM each WHERE item <> 'same'
        )"""
