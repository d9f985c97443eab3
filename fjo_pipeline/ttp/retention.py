"""Destroys what the TTP may no longer keep: File 1, in its store and as the transfer that brought it."""

import shutil
from collections.abc import Iterator
from datetime import date

from fjo_pipeline.core.contracts import datasets
from fjo_pipeline.core.retention import Destroyed, expired, is_said_destroyed, record_destroyed
from fjo_pipeline.core.stores import one_transaction
from fjo_pipeline.ttp.flow import Ttp
from fjo_pipeline.ttp.linkage.memory import forget
from fjo_pipeline.ttp.store import MEMORY, partition


def destroy_expired(ttp: Ttp, today: date) -> Iterator[Destroyed]:
    """Destroy every File 1 whose contract's days are over; its links and its File 3 stay."""
    ledger = ttp.ledger
    for contract in datasets(ttp.settings.contracts):
        for entry in expired(ledger, "file_1", "received", contract.name, contract.retention_days.file_1, today):
            inbox = ttp.settings.inbox("ttp") / "file_1" / contract.name / entry.refresh
            # The entry comes first; of an earlier version's killed step it may be missing though all is gone.
            if inbox.exists() or not is_said_destroyed(ledger, entry):
                record_destroyed(ledger, entry, today)
                _destroy_in_store(ttp, contract.name, entry.refresh)
                # The transfer goes last: a step killed in between finds it, and destroys both.
                shutil.rmtree(inbox, ignore_errors=True)
                yield Destroyed("File 1", contract.name, entry.refresh)


def _destroy_in_store(ttp: Ttp, dataset: str, refresh: str) -> None:
    with ttp.store.writing() as session:
        with one_transaction(session):
            session.run(f"DROP TABLE IF EXISTS ttp.file_1.{partition(dataset, refresh)}", step="destroy File 1")
            forget(session, MEMORY, dataset, refresh)
        session.run("CHECKPOINT ttp", step="free the space of what was destroyed")
