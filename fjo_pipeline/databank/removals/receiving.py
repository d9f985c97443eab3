"""What the databank does with its last list of removals when files come: whoever is on it goes before anything is made.

It is a list of ALFs in a transfer of its own, which stays in the inbox and is looked at whenever a File 3 or a register
comes.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.core.transfers import Kind, Transfer, open_transfer, read_envelope, waiting
from fjo_pipeline.databank.increments import Arrived, one_by_one
from fjo_pipeline.databank.removals.going import id_table
from fjo_pipeline.databank.removals.leaving_out import LEFT_OUT, leave_out, leave_out_of_register

if TYPE_CHECKING:
    from fjo_pipeline.databank.flow import Databank

KIND: Kind = "removals"


def last_removals(databank: "Databank") -> Path | None:
    """The folder of the last list; each holds all that the earlier ones hold.

    Refused where a later one was taken before: whoever took it away would have erased people come back.
    """
    found = sorted(waiting(databank.settings.inbox("databank"), KIND), key=lambda folder: folder.name)
    taken = [each.sequence for each in databank.ledger.entries(kind=KIND, state="consumed")]
    if taken and (not found or int(found[-1].name) < max(taken)):
        raise Refused(
            "the last list of removals that was taken is not in the inbox any more: restore it, or have the TTP send it"
        )
    return found[-1] if found else None


def leave_out_at_receipt(databank: "Databank", dataset: str, refresh: str) -> None:
    """Take whoever goes out of Files 2 and 3 of a refresh before anything is made of them."""
    removals, contract = _open_removals(databank), databank.contract(dataset)
    # The envelopes alone say whether anybody is left out: files are verified again only where somebody may be.
    arrived = Arrived(databank.settings.inbox("databank"), databank.keyring, read_envelope)
    _, file_3 = arrived.files(contract, refresh)
    listed = any(LEFT_OUT in each.files and each.files[LEFT_OUT].rows for each in one_by_one(file_3))
    if removals is None and not listed:
        return
    with databank.store.reading() as session:
        removed, pairs = removed_table(session, removals), pairs_of(databank, dataset, refresh)
        leave_out(session, contract, pairs, removed, nobody(session), databank.keyring, scratch(databank))


def leave_out_of_register_at_receipt(databank: "Databank", register: str, refresh: str) -> None:
    """The same of a register's people and addresses."""
    if removals := _open_removals(databank):
        with databank.store.reading() as session:
            transfer, removed = databank.transfer("register", register, refresh), removed_table(session, removals)
            leave_out_of_register(session, transfer, removed, databank.keyring, scratch(databank))


def removed_table(session: Session, transfer: Transfer | None) -> str:
    """The ALFs that go, as the TTP gives them, in a table of the session; nobody without a transfer."""
    if transfer is None:
        return nobody(session)
    relation = transfer.relation(session, KIND)
    columns = session.rows(f"SELECT column_name, column_type FROM (DESCRIBE FROM {relation})", step="describe removals")
    if columns != [("ALF", "BIGINT")]:
        raise Refused("the list of removals does not have exactly the column of its layout")
    return id_table(session, f"SELECT ALF FROM {relation}")


def _open_removals(databank: "Databank") -> Transfer | None:
    folder = last_removals(databank)
    return open_transfer(folder, databank.keyring, KIND) if folder else None


def pairs_of(databank: "Databank", dataset: str, refresh: str) -> list[tuple[Transfer, Transfer]]:
    """Files 2 and 3 of each deposit that a refresh is made of, verified."""
    return list(zip(*(one_by_one(each) for each in databank.files(dataset, refresh)), strict=True))


def nobody(session: Session) -> str:
    """A table of no ids."""
    return id_table(session, "SELECT CAST(NULL AS BIGINT) WHERE false")


def scratch(databank: "Databank") -> Path:
    """Where files are written before they are put in place."""
    return databank.settings.zone("databank") / "work" / KIND
