"""What must hold of a refresh's curated tables before any view is built on them."""

from fjo_pipeline.core.contracts import MAXIMUM_KEY
from fjo_pipeline.core.findings import Finding
from fjo_pipeline.core.sessions import Session, identifier
from fjo_pipeline.databank.flow import Databank
from fjo_pipeline.databank.tables import alf_table, curated_tables


def check_curated(databank: Databank, dataset: str, refresh: str) -> list[Finding]:
    """What was found on a refresh, in a fixed order."""
    file_2 = databank.transfer("file_2", dataset, refresh)
    file_3 = databank.transfer("file_3", dataset, refresh)
    contract = databank.contract(dataset)
    with databank.store.reading() as session:
        counts = {
            table.name: int(session.value(f"SELECT count(*) FROM {table.qualified()}", step=f"count {table.table}"))
            for table in curated_tables(contract, refresh)
        }
        expected = {name: entry.rows for name, entry in file_2.files.items()} | {"alf": file_3.files["file_3"].rows}
        differing = sum(counts[name] != rows for name, rows in expected.items())
        alf = alf_table(contract, refresh).qualified()
        rows, people = session.row(f"SELECT count(*), count(DISTINCT PERSON_ID_E) FROM {alf}", step="count ALFs")
        outside = sum(
            _ids_out_of_range(session, table.qualified(), [table.named(column, "_E") for column in table.entities])
            for table in curated_tables(contract, refresh)
        )
    return [
        Finding("rows_conserved", differing == 0, {"rows": sum(counts.values()), "tables_that_differ": differing}),
        Finding("one_alf_a_person", rows == people, {"rows": rows, "people": people}),
        Finding("ids_in_range", outside == 0, {"ids_out_of_range": outside}),
    ]


def _ids_out_of_range(session: Session, table: str, columns: list[str]) -> int:
    if not columns:
        return 0
    outside = " OR ".join(f"{identifier(column)} NOT BETWEEN 0 AND {MAXIMUM_KEY}" for column in columns)
    return int(session.value(f"SELECT count(*) FROM {table} WHERE {outside}", step="look at ids"))
