"""The databank takes a `removals` transfer: files in the inbox, tables, history, and the note of what was erased.

Each step can be killed and run again: the transfer counts as taken when all is done, and what is done already has no
rows left to lose. What stands now is then due to be curated from the files that are left, by the ordinary way.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date

from fjo_pipeline.core.contracts import datasets, registers
from fjo_pipeline.core.errors import Refused, StoreBusy
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.core.stores import one_transaction
from fjo_pipeline.core.transfers import Kind, accept, forget_before, open_transfer, read_envelope, waiting
from fjo_pipeline.databank.flow import Databank, pinned_snapshots, released
from fjo_pipeline.databank.increments import Arrived
from fjo_pipeline.databank.removals.history import History, people_by_dataset, plan_history, rewrite_history
from fjo_pipeline.databank.removals.leaving_out import leave_out, leave_out_of_register
from fjo_pipeline.databank.removals.receiving import KIND, last_removals, nobody, pairs_of, removed_table, scratch
from fjo_pipeline.databank.retention import expire_snapshots

ERASURES = "lake.databank.erasures"
SUPERSEDED: tuple[Kind, ...] = ("file_2", "file_3", "register")


def removals_due(databank: Databank) -> Iterator[tuple[str, str, str]]:
    """Register, date and number of the last list of removals, where it has not been taken."""
    last = last_removals(databank)
    if last is None:
        return
    register, refresh = last.parent.parent.name, last.parent.name
    taken = databank.ledger.last(KIND, register, refresh, "consumed")
    if taken is None or taken.sequence < int(last.name):
        yield register, refresh, last.name


def take_removals(databank: Databank, refresh: str, today: date) -> bool:
    """Erase whom the last list of removals names from all that the databank holds; False where nobody was there.

    `refresh` is the date under which the list came. Refused for other columns, or where a later list is there.
    """
    folder = last_removals(databank)
    if folder is None or folder.parent.name != refresh:
        raise Refused(f"the last list of removals is not that of {refresh}: take the last one, `fjo refresh` finds it")
    transfer = open_transfer(folder, databank.keyring, KIND)
    accept(transfer, databank.ledger)
    contracts = [*datasets(databank.settings.contracts), *registers(databank.settings.contracts)]
    with databank.store.writing() as session:
        release = released(databank)
        # What nobody may read any more need not be written anew.
        expire_snapshots(session, {*([release.snapshot] if release else []), *pinned_snapshots(databank)})
        removed = removed_table(session, transfer)
        people = people_by_dataset(session, contracts, databank.keyring, removed)
        history = plan_history(session, contracts, databank.keyring, removed, people)
        _note_erasures(session, history, today)
        changed = _lessen_inbox(databank, session, removed, people)
        old = rewrite_history(session, contracts, history, databank.store.data_path)
    for path in old:
        path.unlink(missing_ok=True)
    with databank.store.writing() as session:
        session.run("CALL ducklake_delete_orphaned_files('lake', cleanup_all => true)", step="delete leftover files")
    _forget_in_catalogue(databank)
    databank.audit.add(KIND, "people", "erased", "a list of removals came from the trusted third party")
    databank.ledger.record(
        KIND, transfer.subject.dataset, refresh, "consumed", transfer.digest, sequence=transfer.sequence
    )
    return changed or bool(old)


def _lessen_inbox(databank: Databank, session: Session, removed: str, people: dict[str, str]) -> bool:
    """Write every File 2 and 3 and every register's files anew that hold somebody who goes."""
    inbox, keyring, changed = databank.settings.inbox("databank"), databank.keyring, False
    none = nobody(session)
    # The last refresh of an increment's base first: its state has all rows that hang on a person.
    for dataset, refresh in reversed(Arrived(inbox, keyring, read_envelope).refreshes):
        try:
            pairs = pairs_of(databank, dataset, refresh)
        except Refused:
            # Not all here, or not sound: nothing is made of it until it is received, and then it is looked through.
            continue
        contract = databank.contract(dataset)
        changed |= leave_out(session, contract, pairs, removed, people.get(dataset, none), keyring, scratch(databank))
    for folder in waiting(inbox, "register"):
        transfer = open_transfer(folder, keyring, "register")
        changed |= leave_out_of_register(session, transfer, removed, keyring, scratch(databank))
    for kind in SUPERSEDED:
        for folder in waiting(inbox, kind):
            forget_before(folder)
    return changed


def _note_erasures(session: Session, history: History, today: date) -> None:
    """Dataset, refresh and day of what is erased, never who or how many; first, for `verify` rests on it."""
    if not history.refreshes:
        return
    with one_transaction(session):
        session.run(
            f"CREATE TABLE IF NOT EXISTS {ERASURES} (dataset VARCHAR, refresh VARCHAR, erased_on DATE)",
            step="lay out the note of erasures",
        )
        for dataset, refresh in sorted(history.refreshes):
            session.run(
                f"INSERT INTO {ERASURES} SELECT $dataset, $refresh, $today WHERE NOT EXISTS (FROM {ERASURES} "
                "WHERE dataset = $dataset AND refresh = $refresh AND erased_on = $today)",
                {"dataset": dataset, "refresh": refresh, "today": today},
                step="note an erasure",
            )


def _forget_in_catalogue(databank: Databank) -> None:
    """Have SQLite write its file anew: what was deleted, old least and greatest values among it, stays in it else.

    A PostgreSQL catalogue does this by its own autovacuum, and by whoever keeps it.
    """
    if databank.settings.catalogue != "sqlite":
        return
    busy = False
    try:
        with closing(sqlite3.connect(databank.store.sqlite, timeout=60, isolation_level=None)) as catalogue:
            catalogue.execute("pragma wal_checkpoint(truncate)")
            catalogue.execute("vacuum")
            catalogue.execute("pragma wal_checkpoint(truncate)")
    except sqlite3.OperationalError:
        busy = True
    if busy:
        raise StoreBusy("the lake's catalogue is being read, so it cannot be written anew; run `fjo refresh` again")
