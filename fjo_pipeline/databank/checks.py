"""What must hold of a refresh's curated tables before they are committed."""

from collections.abc import Mapping

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.findings import Finding
from fjo_pipeline.core.sessions import Session, identifier
from fjo_pipeline.core.table_contracts import MAXIMUM_KEY
from fjo_pipeline.databank.tables import alf_table, curated_tables

CURATED_CHECKS = {
    "rows_conserved": "Every table has the rows of its file, no more and no fewer.",
    "one_alf_a_person": "Every person has one row in the ALF table.",
    "ids_in_range": "Every id has at most 14 digits.",
}


def check_curated(session: Session, contract: Contract, refresh: str, expected: Mapping[str, int]) -> list[Finding]:
    """The findings on a refresh as the session sees it; `expected` has the rows of each table by its name."""
    tables = list(curated_tables(contract, refresh))
    counts = {
        table.name: int(session.value(f"SELECT count(*) FROM {table.qualified()}", step=f"count {table.table}"))
        for table in tables
    }
    differing = sum(counts[name] != rows for name, rows in expected.items())
    alf = alf_table(contract, refresh).qualified()
    rows, people = session.row(f"SELECT count(*), count(DISTINCT PERSON_ID_E) FROM {alf}", step="count ALFs")
    outside = sum(
        ids_out_of_range(session, table.qualified(), [table.named(column, "_E") for column in table.entities])
        for table in tables
    )
    return [
        Finding("rows_conserved", differing == 0, {"rows": sum(counts.values()), "tables_that_differ": differing}),
        Finding("one_alf_a_person", rows == people, {"rows": rows, "people": people}),
        Finding("ids_in_range", outside == 0, {"ids_out_of_range": outside}),
    ]


def ids_out_of_range(session: Session, table: str, columns: list[str]) -> int:
    """How many rows have an id in one of these columns that no 14 digits hold."""
    if not columns:
        return 0
    outside = " OR ".join(f"{identifier(column)} NOT BETWEEN 0 AND {MAXIMUM_KEY}" for column in columns)
    return int(session.value(f"SELECT count(*) FROM {table} WHERE {outside}", step="look at ids"))
