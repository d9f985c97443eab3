"""The content of an extract's tables: its digest, and from which table of which refresh each of them was made."""

from typing import Any

from fjo_pipeline.core.sessions import Session
from fjo_pipeline.databank.flow import Databank
from fjo_pipeline.databank.projects.records import Extract
from fjo_pipeline.databank.tables import CuratedTable, curated_tables


def content_of(session: Session, relation: str) -> dict[str, Any]:
    """Rows of a table, and a digest of its columns' names and values that knows no order of rows."""
    # The sum of the halves is exact; that of whole hashes is a DOUBLE, which drops most of their bits.
    digest = "coalesce(CAST(sum(md5_number_lower(CAST(each AS VARCHAR))) AS VARCHAR), '0')"
    rows, found = session.row(f"SELECT count(*), {digest} FROM {relation} AS each", step="digest a table")
    return {"rows": rows, "digest": found}


def sources(databank: Databank, extract: Extract) -> dict[str, tuple[str, str, CuratedTable]]:
    """Dataset, refresh and curated table by `SCHEMA.TABLE` of an extract; reference tables are of no dataset."""
    found: dict[str, tuple[str, str, CuratedTable]] = {}
    for dataset, refreshes in sorted(extract.refreshes.items()):
        for refresh in refreshes:
            for table in curated_tables(databank.contract(dataset), refresh):
                schema = table.schema if table.lookup else f"SAIL{extract.project}V"
                name = f"{schema}.{table.table}"
                if name in extract.tables:
                    found.setdefault(name, (dataset, refresh, table))
    return found


def key_of(databank: Databank, dataset: str, table: CuratedTable) -> str | None:
    """The column that tells the rows of a curated table apart, as an extract names it; None where none does."""
    of = next((each for each in databank.contract(dataset).tables if each.name == table.name), None)
    key = of.table_schema.primary_key if of else "PERSON_ID"
    return table.named(key, "_PE") if key in table.columns else None
