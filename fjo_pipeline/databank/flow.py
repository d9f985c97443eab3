"""The databank's steps, each safe to run again: receive, curate, release; and what is due."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from fjo_pipeline.core.audit import AuditLog
from fjo_pipeline.core.contracts import Contract, contract
from fjo_pipeline.core.errors import FjoError, Refused
from fjo_pipeline.core.files import sha256_of_texts
from fjo_pipeline.core.keyring import Keyring, open_keyring
from fjo_pipeline.core.ledger import Ledger, ledger_path, open_ledger
from fjo_pipeline.core.sessions import READING, Session, assert_statements
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.core.transfers import Kind, Transfer, accept, latest, open_transfer, read_envelope, waiting
from fjo_pipeline.databank.curate import Curated, curated_digest, recombine_and_curate
from fjo_pipeline.databank.dbt import models_digest
from fjo_pipeline.databank.increments import Arrived, NotAllHere, Pair, counted, one_by_one
from fjo_pipeline.databank.pins import Pins
from fjo_pipeline.databank.register import curate_register, register_digest
from fjo_pipeline.databank.removals.receiving import leave_out_at_receipt, leave_out_of_register_at_receipt
from fjo_pipeline.databank.retention import expire_snapshots
from fjo_pipeline.databank.store import DatabankStore, current_snapshot

KEY_HOLDERS = re.compile(r"ducklake_|\bquery(_table)?\s*\(", re.IGNORECASE)
"""DuckLake's own tables and functions show the keys of the lake's files; `query` could name them in pieces."""


@dataclass(frozen=True)
class Databank:
    """The databank's zone of one home: its settings, keys, store and ledger."""

    settings: Settings

    @property
    def keyring(self) -> Keyring:
        """The databank's keyring; KeyMissing where it is not there."""
        return open_keyring(self.settings, "databank")

    @property
    def store(self) -> DatabankStore:
        """The databank's store."""
        return DatabankStore(self.settings)

    @property
    def ledger(self) -> Ledger:
        """The databank's ledger."""
        return open_ledger(self.settings, "databank")

    @property
    def audit(self) -> AuditLog:
        """The databank's audit log."""
        return self.ledger.log

    @property
    def pins(self) -> Pins:
        """The snapshots that projects' extracts hold."""
        return Pins(ledger_path(self.settings, "databank"))

    def contract(self, dataset: str) -> Contract:
        """The contract of a dataset; Refused where there is none."""
        return contract(dataset, self.settings.contracts)

    def files(self, dataset: str, refresh: str) -> Pair:
        """Files 2 and 3 of a refresh, verified, an increment's with those it stands on; Refused where one is amiss."""
        arrived = Arrived(self.settings.inbox("databank"), self.keyring, partial(open_transfer, ledger=self.ledger))
        return arrived.files(self.contract(dataset), refresh)

    def transfer(self, kind: Kind, dataset: str, refresh: str) -> Transfer:
        """The last transfer of a kind about a refresh, verified; Refused where none is there, or it is not sound."""
        folder = latest(self.settings.inbox("databank"), kind, dataset, refresh)
        return open_transfer(folder, self.keyring, kind, self.ledger)


@dataclass(frozen=True)
class Partition:
    """A refresh that stands curated in the store."""

    dataset: str
    refresh: str
    digest: str
    synthetic: bool
    rows: int
    people: int
    linked: int
    alf_e_key_version: int


@dataclass(frozen=True)
class Release:
    """The snapshot that users read, and what it was made from."""

    snapshot: int
    digest: str
    synthetic: bool


def receive(databank: Databank, dataset: str, refresh: str) -> tuple[Transfer, Transfer]:
    """Verify Files 2 and 3 of a refresh, and those that it stands on, and enter them into the ledger."""
    leave_out_at_receipt(databank, dataset, refresh)
    file_2, file_3 = databank.files(dataset, refresh)
    for transfer in (*one_by_one(file_2), *one_by_one(file_3)):
        accept(transfer, databank.ledger)
    return file_2, file_3


def curate(databank: Databank, dataset: str, refresh: str) -> Curated:
    """Recombine and curate a refresh in one transaction."""
    files = databank.files(dataset, refresh)
    with databank.store.writing() as session:
        made = recombine_and_curate(session, databank.contract(dataset), *counted(session, *files), databank.keyring)
        note_curated(databank, session)
    return made


def receive_register(databank: Databank, register: str, refresh: str) -> Transfer:
    """Verify a register's people and addresses and enter them into the ledger."""
    leave_out_of_register_at_receipt(databank, register, refresh)
    transfer = databank.transfer("register", register, refresh)
    accept(transfer, databank.ledger)
    return transfer


def curate_received_register(databank: Databank, register: str, refresh: str) -> Curated:
    """Curate a version of a register in one transaction."""
    transfer = databank.transfer("register", register, refresh)
    with databank.store.writing() as session:
        made = curate_register(session, databank.contract(register), transfer, databank.keyring)
        note_curated(databank, session)
    return made


def note_curated(databank: Databank, session: Session) -> None:
    """Enter every refresh that stands curated, where it is not known; for who holds the store's lock.

    The store commits first, in a file of its own; what a step killed in between leaves out is entered by the next.
    """
    for each in partitions(session):
        detail = {"rows": each.rows, "people": each.people, "linked": each.linked}
        databank.ledger.record("curated", each.dataset, each.refresh, "built", each.digest, detail=detail)


def partitions(session: Session) -> list[Partition]:
    """The refreshes that stand in the store, by dataset and date."""
    return [
        Partition(*row)
        for row in session.rows(
            "SELECT dataset, refresh, digest, synthetic, rows, people, linked, alf_e_key_version "
            "FROM lake.databank.partitions ORDER BY dataset, refresh",
            step="list the refreshes",
        )
    ]


def dataset_partitions(databank: Databank, session: Session) -> list[Partition]:
    """The refreshes of datasets alone: of a register there is neither a linkage nor an earlier deposit to compare."""
    return [each for each in partitions(session) if not databank.contract(each.dataset).register_]


def state_digest(session: Session) -> str:
    """What the views are made from: every refresh, every reference file, and the models themselves."""
    references = session.rows(
        "SELECT name, digest, vintage FROM lake.databank.reference_files ORDER BY ALL", step="list reference"
    )
    parts = [f"{each.dataset}|{each.refresh}|{each.digest}" for each in partitions(session)]
    return sha256_of_texts(models_digest(), *parts, *("|".join(map(str, each)) for each in references))


def note_views(databank: Databank, digest: str) -> None:
    """Note that the views were built and tested from the state of this digest; for who still holds the store's lock."""
    with databank.store.reading() as session:
        snapshot, synthetic = current_snapshot(session), any(each.synthetic for each in partitions(session))
    databank.ledger.record(
        "views", "databank", "latest", "built", digest, sequence=snapshot, detail={"synthetic": synthetic}
    )


def views_built(databank: Databank) -> Release:
    """What the views were last built and tested from; Refused where they never were."""
    entry = databank.ledger.last("views", "databank", "latest", "built")
    if entry is None:
        raise Refused("the views have not been built yet: put a deposit into landing and run `fjo refresh`")
    return Release(entry.sequence, entry.digest, bool(entry.detail["synthetic"]))


def release(databank: Databank, built: Release | None = None) -> Release:
    """Let users read what the views were built and tested from, or, where no views are, what stands now."""
    with databank.store.writing() as session:
        note_curated(databank, session)
        chosen = built or Release(
            current_snapshot(session), state_digest(session), any(each.synthetic for each in partitions(session))
        )
        databank.ledger.record(
            "release",
            "databank",
            "latest",
            "released",
            chosen.digest,
            sequence=chosen.snapshot,
            detail={"synthetic": chosen.synthetic},
        )
        # After the record: who chooses a snapshot from now on chooses this one. Where somebody reads whatever is the
        # latest, which may be older by now, the next release expires what this one leaves.
        read = databank.store.being_read()
        if read is not None:
            expire_snapshots(session, {chosen.snapshot, *pinned_snapshots(databank), *read})
    return chosen


def pinned_snapshots(databank: Databank) -> set[int]:
    """The snapshots that projects' extracts were made from and can be made from again."""
    held = databank.pins.by_project()
    # Homes of an earlier version have no pins: there the ledger says which snapshot the last extract was made from.
    before = databank.ledger.entries(kind="extract", state="provided")
    return {each.sequence for each in before if each.refresh not in held}.union(*held.values())


def released(databank: Databank) -> Release | None:
    """The snapshot that users read now, or None before the first release."""
    entry = databank.ledger.last("release", "databank", "latest", "released")
    return Release(entry.sequence, entry.digest, bool(entry.detail["synthetic"])) if entry else None


def assert_released(databank: Databank) -> Release:
    """The release; Refused where there is none."""
    found = released(databank)
    if found is None:
        raise Refused("nothing has been released yet: put a deposit into landing and run `fjo refresh`")
    return found


@dataclass(frozen=True)
class Due:
    """A refresh to curate; `token` changes whenever there is a new reason to."""

    dataset: str
    refresh: str
    token: str


def due(databank: Databank) -> Iterator[Due]:
    """Every refresh for which all files are there and the tables are missing or made from others.

    For a dataset that is Files 2 and 3, for a register its own transfer. An increment is due once all is there that it
    stands on, and again whenever any of that has changed.
    """
    found = [each for each in (*_arrived(databank), *_registers(databank)) if isinstance(each, Due)]
    if not found:
        return
    with databank.store.reading() as session:
        standing = {(each.dataset, each.refresh): each.digest for each in partitions(session)}
    yield from (each for each in found if standing.get((each.dataset, each.refresh)) != each.token)


def held_up(databank: Databank) -> list[str]:
    """What each increment that has come waits for, in words."""
    return [str(each) for each in _arrived(databank) if isinstance(each, NotAllHere)]


def arrived_digests(databank: Databank, key_version: int) -> dict[tuple[str, str], str]:
    """What the tables of each refresh that has come are made from, under a version of the key of ids at rest."""
    found = (*_arrived(databank, key_version), *_registers(databank, key_version))
    return {(each.dataset, each.refresh): each.token for each in found if isinstance(each, Due)}


def _registers(databank: Databank, key_version: int | None = None) -> Iterator[Due]:
    """Every version of a register that has come, with what its tables are to be made from."""
    keyring = databank.keyring
    for folder in waiting(databank.settings.inbox("databank"), "register"):
        register, refresh = folder.parent.parent.name, folder.parent.name
        try:
            envelope = read_envelope(folder, keyring)
            token = register_digest(databank.contract(register), envelope, keyring, key_version)
        except FjoError:
            # Due all the same: the step that needs it says what is wrong.
            token = f"refused-{folder.name}"
        yield Due(register, refresh, token)


def _arrived(databank: Databank, key_version: int | None = None) -> Iterator[Due | NotAllHere]:
    """Every refresh of which both files have come, with what its tables are to be made from or what is missing."""
    keyring = databank.keyring
    arrived = Arrived(databank.settings.inbox("databank"), keyring, read_envelope)
    for dataset, refresh in arrived.refreshes:
        try:
            contract = databank.contract(dataset)
            files = arrived.files(contract, refresh)
            yield Due(dataset, refresh, curated_digest(contract, *files, keyring, key_version))
        except NotAllHere as waits:
            yield waits
        except FjoError:
            # Due all the same: the step that needs them says what is wrong.
            token = "refused-" + "-".join(folder.name for folder in arrived.folders(dataset, refresh))
            yield Due(dataset, refresh, token)


def release_due(databank: Databank) -> str | None:
    """The digest of what stands, where users read views of other refreshes, reference files or models, or of none."""
    last = released(databank)
    with databank.store.reading() as session:
        digest = state_digest(session) if partitions(session) else None
    return None if last and last.digest == digest else digest


def query(databank: Databank, sql: str) -> pa.Table:
    """The result of a user's SQL on the released snapshot.

    Refused before the first release and for statements that do more than read, StatementFailed.
    """
    if KEY_HOLDERS.search(sql):
        raise Refused("the lake's own catalogue holds the keys of its files: query the tables, not the catalogue")
    with (
        databank.store.kept_for_a_reader(lambda: assert_released(databank).snapshot) as snapshot,
        databank.store.for_users(snapshot) as session,
    ):
        assert_statements(session, sql, READING, step="read the SQL")
        return session.reader(sql, step="run the SQL").read_all()
