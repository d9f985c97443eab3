"""Truth at the TTP: who of a File 1 is who on the register, as a clerical review or made-up data know it.

It names people, so it is kept in the TTP's encrypted store and goes no further than the counts of the report.
"""

from pathlib import Path

from fjo_pipeline.core.contracts import contract
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.refreshes import parse_refresh
from fjo_pipeline.core.sessions import Session, literal
from fjo_pipeline.core.stores import one_transaction
from fjo_pipeline.ttp.flow import Ttp
from fjo_pipeline.ttp.store import partition

NAME = "linkage_truth"
COLUMNS = ("dataset", "refresh", "system_id", "register_id")


def add_truth(ttp: Ttp, path: Path) -> int:
    """Load a CSV or Parquet file of COLUMNS, for each refresh in it in place of what was there; returns its rows.

    A register_id left empty says that the person is on no register. Refused for other columns, a dataset or refresh
    that is none, and a system_id that is missing or stands twice.
    """
    reading = "read_parquet({})" if path.suffix == ".parquet" else "read_csv({}, header = true, all_varchar = true)"
    with ttp.store.writing() as session:
        relation = reading.format(literal(path))
        found = {row[0].lower() for row in session.rows(f"DESCRIBE SELECT * FROM {relation}", step="describe truth")}
        if missing := [column for column in COLUMNS if column not in found]:
            raise Refused(f"{path.name}: the column {missing[0]} is missing; needed are {', '.join(COLUMNS)}")
        refreshes = session.rows(f"SELECT DISTINCT dataset, refresh FROM {relation} ORDER BY ALL", step="read truth")
        rows = 0
        for dataset, refresh in refreshes:
            contract(str(dataset), ttp.settings.contracts)
            parse_refresh(str(refresh))
            about = f"WHERE dataset = {literal(str(dataset))} AND refresh = {literal(str(refresh))}"
            query = f"SELECT system_id, register_id FROM {relation} {about}"
            rows += replace_truth(ttp, session, str(dataset), str(refresh), query)
        return rows


def replace_truth(ttp: Ttp, session: Session, dataset: str, refresh: str, query: str) -> int:
    """Put a refresh's truth, a query of system_id and register_id, in place of the one there; returns its rows."""
    name = f"ttp.truth.{partition(dataset, refresh)}"
    with one_transaction(session):
        session.run(
            f"""CREATE OR REPLACE TABLE {name} AS SELECT CAST(system_id AS VARCHAR) AS system_id,
                nullif(CAST(register_id AS VARCHAR), '') AS register_id FROM ({query}) ORDER BY ALL""",
            step="load the truth",
        )
        rows, keys, version = session.row(
            f"""SELECT count(*), count(DISTINCT system_id),
                sha256(coalesce(string_agg(concat_ws('>', system_id, register_id), ',' ORDER BY system_id), ''))
            FROM {name}""",
            step="count the truth",
        )
        if rows != keys:
            raise Refused(f"the truth of {dataset}/{refresh}: a system_id is missing or stands twice")
    # In the ledger, where what is due is decided from: a report made without this truth is made again.
    ttp.ledger.record("truth", dataset, refresh, "accepted", version, detail={"rows": rows})
    return int(rows)
