"""The provider's steps for one deposit, each safe to run again: take, split, send; and what is due."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from fjo_pipeline.core.contracts import Contract, contract
from fjo_pipeline.core.deposits import Deposit, read_deposit
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import sha256_of_file, sha256_of_texts, write_atomically
from fjo_pipeline.core.findings import Finding
from fjo_pipeline.core.keyring import Keyring, open_keyring
from fjo_pipeline.core.ledger import Ledger, open_ledger
from fjo_pipeline.core.retention import taken_today
from fjo_pipeline.core.sessions import Session, open_session
from fjo_pipeline.core.settings import Settings, Zone
from fjo_pipeline.core.transfers import Draft, Kind, accept, latest, open_transfer, waiting
from fjo_pipeline.provider import guards
from fjo_pipeline.provider.checked import CheckedDeposit, check_and_keep, digest_of, read_checked
from fjo_pipeline.provider.increments import BaseMissing, EarlierKeys, earlier_keys, keep_keys
from fjo_pipeline.provider.landing import Landed, find_landed, landing_folders, look, quarantine
from fjo_pipeline.provider.splitting import assert_no_hash_collision, split_digest, write_file_1, write_file_2

RECIPIENTS: Mapping[Kind, Zone] = {"file_1": "ttp", "file_2": "databank"}


@dataclass(frozen=True)
class Provider:
    """The provider's zone of one home: its settings, keys and ledger."""

    settings: Settings

    @property
    def keyring(self) -> Keyring:
        """The provider's keyring; KeyMissing where it is not there."""
        return open_keyring(self.settings, "provider")

    @property
    def ledger(self) -> Ledger:
        """The provider's ledger; its `log` is the zone's audit log."""
        return open_ledger(self.settings, "provider")

    def contract(self, dataset: str) -> Contract:
        """The contract of a dataset; Refused where there is none."""
        return contract(dataset, self.settings.contracts)

    def work(self, dataset: str, refresh: str, what: str) -> Path:
        """A folder of the provider's own for a step's result, encrypted, by dataset and refresh."""
        return self.settings.zone("provider") / "work" / what / dataset / refresh


def take_deposit(provider: Provider, dataset: str, refresh: str) -> CheckedDeposit:
    """Check the deposit in landing and keep it for the split; a bad one is quarantined and Refused."""
    keyring = provider.keyring
    lies = find_landed(provider.settings, dataset, refresh)
    if lies.still_arriving:
        raise Refused(f"{dataset}/{refresh} is still arriving: {lies.why or 'its manifest is not there yet'}")
    if lies.deposit is None or lies.why:
        _refuse(provider, lies, lies.why)
    assert lies.deposit is not None
    _refuse_other_content(provider, lies)
    each = provider.contract(dataset)
    earlier = _earlier_keys(provider, each, lies, lies.deposit)
    with _session(provider) as session:
        report, checked = check_and_keep(
            session, each, lies.deposit, keyring, provider.work(dataset, refresh, "checked"), earlier
        )
        if checked is None:
            where = quarantine(provider.settings, lies, report, "", provider.ledger)
            shown = "\n  ".join(str(report).splitlines()[:20])
            raise Refused(f"the deposit {dataset}/{refresh} is now in quarantine, {where.name}:\n  {shown}")
        try:
            assert_no_hash_collision(session, each, checked, keyring)
            if each.delivery == "increment":
                relations = {table.name: checked.relation(session, keyring, table.name) for table in each.tables}
                if earlier:
                    earlier.assert_no_hash_collision(session, relations)
                keep_keys(session, each, relations, provider.settings, refresh, keyring)
        except Refused as collision:
            shutil.rmtree(checked.folder)
            _refuse(provider, lies, str(collision))
    provider.ledger.forget("deposit", dataset, refresh, "quarantined")
    stands_on = {"base": checked.base} if checked.base else {}
    provider.ledger.record(
        "deposit",
        dataset,
        refresh,
        "accepted",
        lies.digest,
        detail={"rows": checked.rows, "beyond_codes": checked.beyond_codes, **stands_on, **taken_today()},
        why="it keeps its contract",
    )
    return checked


def _earlier_keys(provider: Provider, each: Contract, lies: Landed, deposit: Deposit) -> EarlierKeys | None:
    """What an increment's references are looked up in; one that stands on nothing is quarantined and Refused.

    It is left where it lies while its base lies in landing too: the base is only to be taken first.
    """
    try:
        return earlier_keys(provider.settings, each, deposit.manifest)
    except BaseMissing as missing:
        if (provider.settings.landing / each.name / str(deposit.manifest.base)).is_dir():
            raise
        _refuse(provider, lies, str(missing))
    except Refused as refusal:
        _refuse(provider, lies, str(refusal))


def split_deposit(provider: Provider, dataset: str, refresh: str) -> tuple[Draft, Draft]:
    """Write File 1 and File 2 as drafts in the provider's zone; nothing leaves it yet."""
    keyring, each = provider.keyring, provider.contract(dataset)
    checked = read_checked(provider.work(dataset, refresh, "checked"))
    with _session(provider) as session:
        file_1 = write_file_1(session, each, checked, keyring, provider.work(dataset, refresh, "file_1"))
        file_2 = write_file_2(session, each, checked, keyring, provider.work(dataset, refresh, "file_2"))
    return file_1, file_2


def check_split(provider: Provider, dataset: str, refresh: str) -> list[Finding]:
    """What must hold before anything is sealed, each with its counts; drafts that fail are destroyed, so none is sent.

    Dagster holds back what follows within a run only, and a step may be started by hand.
    """
    keyring, each = provider.keyring, provider.contract(dataset)
    checked = read_checked(provider.work(dataset, refresh, "checked"))
    file_1 = Draft.resume(provider.work(dataset, refresh, "file_1"), keyring)
    file_2 = Draft.resume(provider.work(dataset, refresh, "file_2"), keyring)
    with _session(provider) as session:
        findings = [
            guards.rows_conserved(session, each, checked, file_1, file_2),
            guards.one_row_a_join_key(session, file_1),
            guards.no_identifier_columns(session, each, file_2),
            guards.no_identifier_values(session, each, file_1, file_2),
        ]
    if all(finding.passed for finding in findings):
        passed = {kind: fingerprint(provider.work(dataset, refresh, kind)) for kind in RECIPIENTS}
        write_atomically(_passed(provider, dataset, refresh), json.dumps(passed, sort_keys=True).encode())
        why = "every check before sealing was passed"
        provider.ledger.record("deposit", dataset, refresh, "split", checked.digest, why=why)
        provider.ledger.forget("deposit", dataset, refresh, "refused")
    else:
        failed = [finding.name for finding in findings if not finding.passed]
        why = f"the split was destroyed unsealed: it does not hold {', '.join(failed)}"
        provider.ledger.record("deposit", dataset, refresh, "refused", checked.digest, why=why)
        file_1.discard()
        file_2.discard()
    return findings


def send_files(provider: Provider, dataset: str, refresh: str) -> dict[str, int]:
    """Seal both drafts and move them to their recipients; returns rows sent by kind, 0 where it was sent before.

    Refused where the guards do not hold; those that have not looked at exactly these drafts look first.
    """
    keyring = provider.keyring
    checked = read_checked(provider.work(dataset, refresh, "checked"))
    digests = {kind: split_digest(kind, checked.digest, keyring) for kind in RECIPIENTS}
    pending = [
        kind
        for kind, digest in digests.items()
        if provider.work(dataset, refresh, kind).exists()
        or not _was_sent(provider.ledger, kind, dataset, refresh, digest)
    ]
    _assert_guarded(provider, dataset, refresh, pending)
    sent: dict[str, int] = dict.fromkeys(RECIPIENTS, 0)
    for kind in pending:
        draft = Draft.resume(provider.work(dataset, refresh, kind), keyring)
        recipient = RECIPIENTS[kind]
        entry = draft.send(keyring, recipient, provider.settings.inbox(recipient), provider.ledger, digests[kind])
        sent[kind] = entry.rows if entry else 0
    return sent


def _assert_guarded(provider: Provider, dataset: str, refresh: str, kinds: Sequence[Kind]) -> None:
    """Refused unless the guards have passed each of these drafts as it lies there now, byte for byte."""
    path = _passed(provider, dataset, refresh)
    passed = json.loads(path.read_text()) if path.is_file() else {}
    if all(passed.get(kind) == fingerprint(provider.work(dataset, refresh, kind)) for kind in kinds):
        return
    failed = [finding.name for finding in check_split(provider, dataset, refresh) if not finding.passed]
    if failed:
        raise Refused(
            f"nothing of {dataset}/{refresh} was sent: the split does not hold {', '.join(failed)}; "
            "mend the contract or the deposit and split it again"
        )


def _passed(provider: Provider, dataset: str, refresh: str) -> Path:
    return provider.work(dataset, refresh, "guards") / "passed.json"


def fingerprint(folder: Path) -> str:
    """SHA-256 over the names and bytes of all files of a draft; of nothing where there is none."""
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return sha256_of_texts(*(text for path in files for text in (path.name, sha256_of_file(path))))


def due(provider: Provider) -> Iterator[Landed]:
    """The deposits in landing that have not been taken, split and sent with their present content and contract.

    Files are only read where the manifest is not known yet, so that looking again costs little. An increment waits
    while its base, or an earlier one on the same base, is still arriving.
    """
    ledger, keyring = provider.ledger, provider.keyring
    arriving: set[tuple[str, str]] = set()
    for dataset, folder in landing_folders(provider.settings):
        if not _is_sent(provider, ledger, keyring, dataset, folder):
            lies = look(dataset, folder, provider.settings)
            if lies.still_arriving or arriving & lies.stands_on:
                arriving |= {(dataset, lies.refresh), *lies.stands_on}
            else:
                yield lies


def _is_sent(provider: Provider, ledger: Ledger, keyring: Keyring, dataset: str, folder: Path) -> bool:
    """Whether both files of a landed deposit have been sent, made from what its manifest says now."""
    try:
        manifest = read_deposit(folder).manifest
    except Refused:
        return False
    checked = digest_of(provider.contract(dataset), manifest.digest)
    return all(
        _was_sent(ledger, kind, dataset, folder.name, split_digest(kind, checked, keyring)) for kind in RECIPIENTS
    )


def _was_sent(ledger: Ledger, kind: str, dataset: str, refresh: str, digest: str) -> bool:
    last = ledger.last(kind, dataset, refresh, "sent")
    return last is not None and last.digest == digest


def _session(provider: Provider) -> AbstractContextManager[Session]:
    settings = provider.settings
    return open_session(
        settings.temporary("provider"),
        memory_limit=settings.provider_memory_limit,
        limited_by="FJO_PROVIDER_MEMORY_LIMIT",
        threads=settings.threads,
    )


def _refuse(provider: Provider, lies: Landed, why: str) -> NoReturn:
    where = quarantine(provider.settings, lies, None, why, provider.ledger)
    raise Refused(f"the deposit {lies.dataset}/{lies.refresh} is now in quarantine, {where.name}: {why}")


def _refuse_other_content(provider: Provider, lies: Landed) -> None:
    """A second deposit of a date that was taken with other content would rewrite history unseen."""
    taken = provider.ledger.last("deposit", lies.dataset, lies.refresh, "accepted")
    if taken is not None and taken.digest != lies.digest:
        _refuse(
            provider,
            lies,
            f"another deposit of {lies.dataset}/{lies.refresh} with other content was taken before; "
            "a correction takes a new refresh date",
        )


def take_receipt(provider: Provider, dataset: str, refresh: str) -> int:
    """Open the TTP's receipt of a refresh and keep its counts in the ledger; returns its rows."""
    folder = latest(provider.settings.inbox("provider"), "receipt", dataset, refresh)
    transfer = open_transfer(folder, provider.keyring, "receipt", provider.ledger)
    accept(transfer, provider.ledger)
    with _session(provider) as session:
        rows = session.rows(f"FROM {transfer.relation(session, 'receipt')} ORDER BY ALL", step="read the receipt")
    provider.ledger.record(
        "receipt",
        dataset,
        refresh,
        "consumed",
        transfer.digest,
        sequence=transfer.sequence,
        detail={"counts": [list(row) for row in rows]},
    )
    return len(rows)


def receipts_due(provider: Provider) -> Iterator[tuple[str, str, str]]:
    """Dataset, refresh and transfer of every receipt that has arrived and not been read."""
    ledger = provider.ledger
    for folder in waiting(provider.settings.inbox("provider"), "receipt"):
        dataset, refresh = folder.parent.parent.name, folder.parent.name
        read = ledger.last("receipt", dataset, refresh, "consumed")
        if read is None or read.sequence < int(folder.name):
            yield dataset, refresh, folder.name
