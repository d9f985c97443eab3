"""The TTP's steps for one File 1, each safe to run again: receive, link, File 3, send; and what is due."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fjo_pipeline.core.audit import AuditLog
from fjo_pipeline.core.contracts import Contract, contract, second_register
from fjo_pipeline.core.errors import FjoError, Refused
from fjo_pipeline.core.files import sha256_of_texts
from fjo_pipeline.core.keyring import Keyring, open_keyring
from fjo_pipeline.core.ledger import Entry, Ledger, ledger_path, open_ledger
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.core.settings import Settings, Zone
from fjo_pipeline.core.stores import one_transaction
from fjo_pipeline.core.transfers import (
    Draft,
    Kind,
    Subject,
    Transfer,
    accept,
    latest,
    open_transfer,
    read_envelope,
    waiting,
)
from fjo_pipeline.ttp.file_1 import carries_nhs_numbers, confidential_query, load_file_1, people_query
from fjo_pipeline.ttp.file_3 import LEFT_OUT, file_3_digest, write_file_3, write_receipt
from fjo_pipeline.ttp.linkage.link import LinkageResult, link_prepared
from fjo_pipeline.ttp.linkage.memory import Memory, keep
from fjo_pipeline.ttp.linkage.model import load_model
from fjo_pipeline.ttp.reference import add_postcode_directory, directory_version
from fjo_pipeline.ttp.register.loading import add_register, register_version
from fjo_pipeline.ttp.register.preparing import open_prepared
from fjo_pipeline.ttp.report.counts import report_digest
from fjo_pipeline.ttp.second_register import link_to_second_register, number_people, second_register_digest
from fjo_pipeline.ttp.store import MEMORY, OPTED_OUT, TtpStore, has_partition, partition

RECIPIENTS: Mapping[Kind, Zone] = {"receipt": "provider", "linkage_report": "databank", "file_3": "databank"}
"""File 3 goes last: once it is sent, nothing of its refresh is due."""
SECOND = "second_register"
"""The ledger's kind for refreshes of the second register whose people have numbers."""
OPTOUTS = "optouts"
"""The ledger's kind for the state of the list of opt-outs: a token that is new whenever the list may be."""
DISCARDED: tuple[Kind, ...] = ("receipt", "file_3")


@dataclass(frozen=True)
class Ttp:
    """The trusted third party's zone of one home: its settings, keys, store and ledger."""

    settings: Settings

    @property
    def keyring(self) -> Keyring:
        """The TTP's keyring; KeyMissing where it is not there."""
        return open_keyring(self.settings, "ttp")

    @property
    def store(self) -> TtpStore:
        """The TTP's store."""
        return TtpStore(self.settings, self.keyring)

    @property
    def ledger(self) -> Ledger:
        """The TTP's ledger; its `log` is the zone's audit log."""
        return open_ledger(self.settings, "ttp")

    @property
    def audit(self) -> AuditLog:
        """The TTP's audit log."""
        return AuditLog(ledger_path(self.settings, "ttp"), lambda: self.keyring)

    def contract(self, dataset: str) -> Contract:
        """The contract of a dataset; Refused where there is none."""
        return contract(dataset, self.settings.contracts)

    def file_1(self, dataset: str, refresh: str) -> Transfer:
        """The last File 1 of a refresh that has arrived, verified; Refused where none has, or it is not sound."""
        folder = latest(self.settings.inbox("ttp"), "file_1", dataset, refresh)
        return open_transfer(folder, self.keyring, "file_1", self.ledger)

    def work(self, dataset: str, refresh: str, what: str) -> Path:
        """A folder of the TTP's own for a draft, encrypted, by dataset and refresh."""
        return self.settings.zone("ttp") / "work" / what / dataset / refresh


def receive_file_1(ttp: Ttp, dataset: str, refresh: str) -> dict[str, Any]:
    """Verify a File 1, enter it into the ledger, and lay it into the store; returns counts and its digest."""
    transfer = ttp.file_1(dataset, refresh)
    accept(transfer, ttp.ledger)
    with ttp.store.writing() as session:
        rows = load_file_1(session, transfer)
    return {"rows": rows, "digest": transfer.digest}


def link(ttp: Ttp, dataset: str, refresh: str) -> LinkageResult:
    """Link a refresh's people to the register; one row a person in the store, replaced whole."""
    name = partition(dataset, refresh)
    model = load_model()
    with ttp.store.writing() as session:
        note_versions(ttp, session)
        if not has_partition(session, "file_1", dataset, refresh):
            raise Refused(f"File 1 of {dataset}/{refresh} is not in the store: receive it first")
        version = sha256_of_texts(open_prepared(session), model.digest())
        memory = Memory(MEMORY, version, dataset, refresh)
        session.run(f"CREATE TEMP TABLE people AS {people_query(dataset, refresh)}", step="read File 1's people")
        session.run(
            f"CREATE TEMP TABLE confidential AS {confidential_query(dataset, refresh)}",
            step="read whose address is confidential",
        )
        result = link_prepared(
            session,
            "people",
            model,
            links="links_of_refresh",
            use_nhs_numbers=carries_nhs_numbers(session, dataset, refresh),
            confidential="confidential",
            memory=memory,
            engine=ttp.settings.linkage_engine,
        )
        with one_transaction(session):
            session.run(
                f"CREATE OR REPLACE TABLE ttp.links.{name} AS FROM links_of_refresh ORDER BY person_id",
                step="keep the links",
            )
            keep(session, memory)
    link_second(ttp, dataset, refresh)
    return result


def link_second(ttp: Ttp, dataset: str, refresh: str) -> None:
    """Number the second register's own people, or link another dataset's to them; a no-op where neither is called for.

    It has a session of its own: both registers are prepared under the same names.
    """
    each = ttp.contract(dataset)
    if not each.has_alf2:
        return
    if each.second_register:
        with ttp.store.writing() as session:
            number_people(session, dataset, refresh, ttp.keyring)
        digest = second_register_digest(ttp.file_1(dataset, refresh).digest, _linkage_digest(ttp), ttp.keyring)
        ttp.ledger.record(SECOND, dataset, refresh, "accepted", digest)
        return
    latest_second = _latest_second(ttp)
    if latest_second is None:
        return
    with ttp.store.writing() as session:
        # Where its File 1 has been destroyed, who was linked to it before stays so, and nobody new is.
        if has_partition(session, "file_1", latest_second.dataset, latest_second.refresh):
            about, register = (dataset, refresh), (latest_second.dataset, latest_second.refresh)
            link_to_second_register(session, about, register, load_model(), ttp.settings.linkage_engine)


def _latest_second(ttp: Ttp) -> Entry | None:
    """The last refresh of the second register whose people have been linked and numbered."""
    register = second_register(ttp.settings.contracts)
    found = ttp.ledger.entries(kind=SECOND, dataset=register.name, state="accepted") if register else []
    return found[-1] if found else None


def make_file_3(ttp: Ttp, dataset: str, refresh: str) -> tuple[Draft, Draft]:
    """Write File 3 and the receipt as drafts in the TTP's zone; nothing leaves it yet."""
    keyring = ttp.keyring
    file_1 = ttp.file_1(dataset, refresh)
    with ttp.store.reading() as session:
        if not has_partition(session, "links", dataset, refresh):
            raise Refused(f"{dataset}/{refresh} has not been linked: link it first")
        directory = directory_version(session)
        subject = subject_of_results(session, file_1)
        vintage = directory[1] if directory else None
        file_3 = write_file_3(session, subject, vintage, keyring, ttp.work(dataset, refresh, "file_3"))
        about = replace(subject, kind="receipt")
        receipt = write_receipt(session, about, keyring, ttp.work(dataset, refresh, "receipt"))
    ttp.ledger.record("file_3", dataset, refresh, "built", expected_digest(ttp, dataset, file_1.digest))
    return file_3, receipt


def check_file_3(ttp: Ttp, dataset: str, refresh: str) -> dict[str, int]:
    """Counts that File 3 is judged by: rows, join keys, File 1's rows, linked people, small areas, largest cluster."""
    draft = Draft.resume(ttp.work(dataset, refresh, "file_3"), ttp.keyring)
    with ttp.store.reading() as session:
        relation, left_out = draft.relation(session, "file_3"), draft.relation(session, LEFT_OUT)
        # Who is left out counts among the rows: a difference to File 1 would say how many they are.
        rows, keys, linked, areas = session.row(
            f"""SELECT count(*), count(DISTINCT SYSTEM_ID), count(ALF), count(LSOA_CD)
            FROM (FROM {relation} UNION ALL BY NAME FROM {left_out})""",
            step="count File 3",
        )
        expected = session.value(f"SELECT count(*) FROM ttp.file_1.{partition(dataset, refresh)}", step="count File 1")
        largest = session.value(
            f"SELECT coalesce(max(people), 0) FROM (SELECT count(*) AS people FROM {relation} "
            "WHERE ALF IS NOT NULL GROUP BY ALF)",
            step="measure clusters",
        )
    return {
        "rows": rows,
        "join_keys": keys,
        "file_1_rows": expected,
        "linked": linked,
        "with_small_area": areas,
        "largest_cluster": largest,
    }


def discard_file_3(ttp: Ttp, dataset: str, refresh: str) -> None:
    """Destroy the drafts of a File 3 that failed its checks and of its receipt, so that neither can be sent."""
    for kind in DISCARDED:
        Draft.resume(ttp.work(dataset, refresh, kind), ttp.keyring).discard()


def send_file_3(ttp: Ttp, dataset: str, refresh: str) -> dict[str, int]:
    """Seal File 3 and the linkage report to the databank, the receipt to the provider.

    Returns rows sent by kind, 0 where sent before.
    """
    keyring, ledger = ttp.keyring, ttp.ledger
    digests = expected_digests(ttp, dataset, refresh, ttp.file_1(dataset, refresh).digest)
    sent: dict[str, int] = {}
    for kind, recipient in RECIPIENTS.items():
        folder, digest = ttp.work(dataset, refresh, kind), digests[kind]
        last = ledger.last(kind, dataset, refresh, "sent")
        if not folder.exists() and last is not None and last.digest == digest:
            sent[kind] = 0
            continue
        draft = Draft.resume(folder, keyring)
        entry = draft.send(keyring, recipient, ttp.settings.inbox(recipient), ledger, digest)
        sent[kind] = entry.rows if entry else 0
    return sent


def note_versions(ttp: Ttp, session: Session) -> None:
    """Copy the versions of register and directory into the ledger, where what is due is decided from."""
    version, synthetic = register_version(session)
    ttp.ledger.record("register", "population_register", "latest", "accepted", version, detail={"synthetic": synthetic})
    if directory := directory_version(session):
        found, vintage = directory
        ttp.ledger.record("reference", "postcode_to_lsoa", "latest", "accepted", found, detail={"vintage": vintage})


def expected_digest(ttp: Ttp, dataset: str, file_1_digest: str) -> str:
    """The digest that File 3 of a File 1 has with the register, model and directory that are loaded now.

    Refused where there is no register. Without a postcode directory File 3 has no small areas, and is made again when
    one is loaded.
    """
    linkage = _linkage_digest(ttp)
    directory = ttp.ledger.last("reference", "postcode_to_lsoa", "latest", "accepted")
    each = ttp.contract(dataset)
    second = _latest_second(ttp) if each.has_alf2 and not each.second_register else None
    known = directory.digest if directory else "none"
    return file_3_digest(file_1_digest, linkage, known, second.digest if second else "none", ttp.keyring)


def _linkage_digest(ttp: Ttp) -> str:
    """What links are made with: the register and the model. Refused where no register is loaded."""
    register = ttp.ledger.last("register", "population_register", "latest", "accepted")
    if register is None:
        raise Refused("no population register is loaded: load one with `fjo register add PATH`")
    return sha256_of_texts(register.digest, load_model().digest())


def truth_version(ttp: Ttp, dataset: str, refresh: str) -> str | None:
    """The version of the truth that is loaded about a refresh, or None where none is."""
    truth = ttp.ledger.last("truth", dataset, refresh, "accepted")
    return truth.digest if truth else None


def expected_digests(ttp: Ttp, dataset: str, refresh: str, file_1_digest: str) -> dict[Kind, str]:
    """The digest that each transfer about a File 1 has with what is loaded now; Refused where there is no register."""
    file_3 = expected_digest(ttp, dataset, file_1_digest)
    report = report_digest(file_3, ttp.contract(dataset), truth_version(ttp, dataset, refresh))
    return {"file_3": file_3, "receipt": file_3, "linkage_report": report}


@dataclass(frozen=True)
class Due:
    """A File 1 to link; `token` changes whenever there is a new reason to."""

    dataset: str
    refresh: str
    token: str


def due(ttp: Ttp) -> Iterator[Due]:
    """Every File 1 whose File 3 or linkage report is missing or was made from something else.

    The second register comes first, and each is judged when it is asked for: so what stands on it is due after it.
    """
    ledger = ttp.ledger
    folders = list(waiting(ttp.settings.inbox("ttp"), "file_1"))
    second = second_register(ttp.settings.contracts) if folders else None
    for folder in sorted(folders, key=lambda each: (second is None or each.parent.parent.name != second.name, each)):
        dataset, refresh = folder.parent.parent.name, folder.parent.name
        try:
            digests = expected_digests(ttp, dataset, refresh, read_envelope(folder, ttp.keyring).digest)
        except FjoError:
            # Due all the same: the step that needs it says what is wrong.
            yield Due(dataset, refresh, f"refused-{folder.name}")
            continue
        sent = {kind: ledger.last(kind, dataset, refresh, "sent") for kind in digests if kind != "receipt"}
        if any(last is None or last.digest != digests[kind] for kind, last in sent.items()):
            yield Due(dataset, refresh, digests["linkage_report"])


def subject_of_results(session: Session, file_1: Transfer) -> Subject:
    """File 3's subject; made-up people at either end make the result made up."""
    synthetic = file_1.subject.synthetic or register_version(session)[1]
    return replace(file_1.subject, kind="file_3", synthetic=synthetic)


def load_register(ttp: Ttp, folder: Path) -> tuple[str, int]:
    """Load a register delivery and note its version; returns version and people. Refused where it is not good."""
    version, synthetic, people = add_register(ttp.store, folder)
    with ttp.store.writing() as session:
        open_prepared(session)
        listed = session.value(f"SELECT count(*) FROM {OPTED_OUT}", step="look at the list of opt-outs")
    if listed:
        # Merged records may have brought the list further people.
        note_list(ttp)
    ttp.ledger.record("register", "population_register", "latest", "accepted", version, detail={"synthetic": synthetic})
    return version, people


def load_postcode_directory(ttp: Ttp, path: Path) -> int:
    """Load a postcode directory and note its version; returns its rows. Refused where it is not good."""
    version, vintage, rows = add_postcode_directory(ttp.store, path)
    ttp.ledger.record("reference", "postcode_to_lsoa", "latest", "accepted", version, detail={"vintage": vintage})
    return rows


def note_list(ttp: Ttp) -> None:
    """Note that the list of opt-outs may have changed, so that it is due to be sent; no digest of who is on it."""
    ttp.ledger.record(OPTOUTS, "population_register", "latest", "accepted", secrets.token_hex(16))
