"""The TTP's linkage reports: verified, and kept as rows of one table, a refresh's replaced whole."""

from collections.abc import Iterator
from dataclasses import dataclass

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.linkage_counts import COLUMNS
from fjo_pipeline.core.sessions import literal
from fjo_pipeline.core.stores import one_transaction
from fjo_pipeline.core.transfers import accept, waiting
from fjo_pipeline.databank.flow import Databank

TABLE = "lake.databank.linkage_report"


@dataclass(frozen=True)
class ReportDue:
    """A linkage report that has arrived and not been kept; `token` names the transfer."""

    dataset: str
    refresh: str
    token: str


def take_linkage_report(databank: Databank, dataset: str, refresh: str) -> int:
    """Verify the last linkage report of a refresh and keep its counts; returns its rows. Refused for other columns."""
    transfer, ledger = databank.transfer("linkage_report", dataset, refresh), databank.ledger
    accept(transfer, ledger)
    about = f"dataset = {literal(dataset)} AND refresh = {literal(refresh)}"
    with databank.store.writing() as session:
        relation = transfer.relation(session, "linkage_report")
        found = [row[0] for row in session.rows(f"DESCRIBE SELECT * FROM {relation}", step="describe the report")]
        if found != list(COLUMNS):
            raise Refused("the linkage report does not have exactly the columns of its layout")
        columns = ", ".join(COLUMNS)
        rows = f"SELECT {literal(dataset)} AS dataset, {literal(refresh)} AS refresh, {columns} FROM {relation}"
        standing = f"SELECT dataset, refresh, {columns} FROM {TABLE} WHERE {about}"
        # Each write to the lake leaves files behind, so what stands already is left alone.
        if session.value(
            f"SELECT count(*) FROM (((FROM ({rows})) EXCEPT ALL (FROM ({standing}))) "
            f"UNION ALL ((FROM ({standing})) EXCEPT ALL (FROM ({rows}))))",
            step="compare the report",
        ):
            with one_transaction(session):
                session.run(f"DELETE FROM {TABLE} WHERE {about}", step="make room for the report")
                session.run(f"INSERT INTO {TABLE} {rows} ORDER BY section, place", step="keep the report")
    ledger.record(
        "linkage_report",
        dataset,
        refresh,
        "consumed",
        transfer.digest,
        sequence=transfer.sequence,
        detail={"synthetic": transfer.subject.synthetic},
    )
    return transfer.rows


def reports_due(databank: Databank) -> Iterator[ReportDue]:
    """Every linkage report that has arrived and not been kept."""
    ledger = databank.ledger
    for folder in waiting(databank.settings.inbox("databank"), "linkage_report"):
        dataset, refresh = folder.parent.parent.name, folder.parent.name
        kept = ledger.last("linkage_report", dataset, refresh, "consumed")
        if kept is None or kept.sequence < int(folder.name):
            yield ReportDue(dataset, refresh, folder.name)
