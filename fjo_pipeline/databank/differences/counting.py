"""What is counted of a refresh, as SQL that gives one row a count: rows, missing values, codes, and match statuses.

Counts of two refreshes are made with the same SQL and laid side by side in `comparing`. No value of a person is
counted by itself: categories are codes of an enum or of a lookup, and match statuses.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.sessions import Session, identifier, literal
from fjo_pipeline.core.table_contracts import TableContract
from fjo_pipeline.databank.tables import CuratedTable, curated_tables

AVAILABLE = "AVAIL_FROM_DT"
"""The refresh date in each row: it differs between any two refreshes, and says nothing."""

LOOKUP = "lookup"
"""What a count of rows has as its item where the rows are of a lookup, and so about nobody."""


@dataclass(frozen=True)
class StandingTable:
    """A curated table with the columns that it really has: a refresh of before may be of an older contract."""

    curated: CuratedTable
    undated: str
    columns: tuple[str, ...]

    @property
    def content(self) -> tuple[str, ...]:
        """Its columns but the refresh date."""
        return tuple(column for column in self.columns if column != AVAILABLE)


def standing_tables(session: Session, contract: Contract, refresh: str) -> dict[str, StandingTable]:
    """The tables of a refresh that stand in the lake, by the contract's names."""
    found: dict[tuple[str, str], list[str]] = {}
    for schema, table, column in session.rows(
        "SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE database_name = 'lake' "
        f"AND schema_name IN ({literal(contract.names.data_schema)}, {literal(contract.names.lookup_schema)}) "
        f"AND ends_with(table_name, {literal('_' + refresh)}) ORDER BY schema_name, table_name, column_index",
        step="list the refresh's columns",
    ):
        found.setdefault((schema, table), []).append(column)
    return {
        table.name: StandingTable(
            table, table.table.removesuffix(f"_{refresh}"), tuple(found[table.schema, table.table])
        )
        for table in curated_tables(contract, refresh)
        if (table.schema, table.table) in found
    }


def counts_sql(contract: Contract, tables: dict[str, StandingTable]) -> str:
    """SQL for every count of a refresh: measure, table_name, item, category, counted, counted_of, special_access."""
    return " UNION ALL ".join(part for table in tables.values() for part in _counts(contract, table))


def declared(contract: Contract, table: StandingTable) -> TableContract | None:
    """The contract's table behind a curated one; None for the ALF table and derived fields, which File 3 brings."""
    return next((each for each in contract.tables if each.name == table.curated.name), None)


def lookup_of(contract: Contract, table: TableContract, column: str) -> TableContract | None:
    """The lookup that a content column's codes stand in, or None."""
    for key in table.table_schema.foreign_keys:
        target = contract.table(key.reference.resource)
        if key.fields == column and target.kind == "lookup" and key.reference.fields == target.table_schema.primary_key:
            return target
    return None


def name_column(lookup: TableContract) -> str | None:
    """The column of a lookup that names its rows: the first text that is not its key."""
    texts = (each.name for each in lookup.fields if each.type == "string" and each.role == "content")
    return next((name for name in texts if name != lookup.table_schema.primary_key), None)


def _counts(contract: Contract, table: StandingTable) -> Iterator[str]:
    source, special = table.curated.qualified(), str(table.curated.special_access).lower()
    undated = literal(table.undated)

    def row(measure: str, item: str, category: str, counted: str, of: str) -> str:
        return (
            f"SELECT {literal(measure)} AS measure, {undated} AS table_name, {item} AS item, {category} AS category, "
            f"{counted} AS counted, {of} AS counted_of, {special} AS special_access FROM {source}"
        )

    yield row("rows", literal(LOOKUP if table.curated.lookup else ""), "''", "count(*)", "CAST(NULL AS BIGINT)")
    if table.curated.lookup:
        return
    names = ", ".join(map(literal, table.content))
    missing = ", ".join(f"count(*) - count({identifier(column)})" for column in table.content)
    yield row("missing", f"unnest([{names}])", "''", f"unnest([{missing}])", "count(*)")
    for column in _coded_columns(contract, table):
        named = identifier(column)
        of = "CAST(sum(count(*)) OVER () AS BIGINT)"
        yield row("code_share", literal(column), f"CAST({named} AS VARCHAR)", "count(*)", of) + (
            f" WHERE {named} IS NOT NULL GROUP BY {named}"
        )
    if table.curated.name == "alf":
        yield row("match_rate", "'linked'", "''", "count(ALF_E)", "count(*)")
        of = "CAST(sum(count(*)) OVER () AS BIGINT)"
        yield (
            row("match_status", "'ALF_STS_CD'", "coalesce(ALF_STS_CD, 'none')", "count(*)", of) + " GROUP BY ALF_STS_CD"
        )


def _coded_columns(contract: Contract, table: StandingTable) -> Iterator[str]:
    """The content columns whose values are codes: of an enum, or of a lookup."""
    of = declared(contract, table)
    for field in of.file_2_fields if of else ():
        coded = field.constraints.enum is not None or (of is not None and lookup_of(contract, of, field.name))
        if field.role == "content" and coded and field.name in table.columns:
            yield field.name
