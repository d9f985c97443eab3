"""Transfers: what crosses between zones, as encrypted Parquet beside a signed and sealed envelope.

A draft is written and checked in the sender's zone, then sealed and renamed into the recipient's inbox in one step.
"""

import json
import secrets
import shutil
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyrage
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from fjo_pipeline.core.cards import PublicCard
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import move_folder, sha256_of_file, sha256_of_texts, write_atomically
from fjo_pipeline.core.keyring import Keyring
from fjo_pipeline.core.ledger import Ledger
from fjo_pipeline.core.retention import taken_today
from fjo_pipeline.core.sessions import Session, add_parquet_key, literal
from fjo_pipeline.core.settings import ZONES, Zone
from fjo_pipeline.core.transit import lay

Kind = Literal["file_1", "file_2", "file_3", "receipt", "linkage_report", "register", "removals"]
SENDERS: Mapping[Kind, Zone] = {
    "file_1": "provider",
    "file_2": "provider",
    "file_3": "ttp",
    "receipt": "ttp",
    "linkage_report": "ttp",
    "register": "ttp",
    "removals": "ttp",
}
# Version 2 packs numbers and codes to half the size, and is written faster for it.
PARQUET = "FORMAT parquet, PARQUET_VERSION V2, COMPRESSION snappy, WRITE_BLOOM_FILTER false"
ENVELOPE = "envelope.age"
DRAFT = "draft.bin"
LESSENED = "lessened 1"
MAXIMUM_ENVELOPE_BYTES = 8_000_000


@dataclass(frozen=True)
class Subject:
    """What a transfer is about."""

    kind: Kind
    dataset: str
    refresh: str
    contract_version: str
    synthetic: bool


@dataclass(frozen=True)
class FileEntry:
    """One encrypted Parquet file of a transfer."""

    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Transfer:
    """A verified transfer; its repr does not show the key that opens its files."""

    folder: Path
    subject: Subject
    sender: Zone
    sequence: int
    digest: str
    files: Mapping[str, FileEntry]
    facts: Mapping[str, Any]
    sender_log: str | None
    """The head of the sender's audit log when it sealed this; None of a sender of an earlier version."""
    _key: bytes = field(repr=False)

    def relation(self, session: Session, table: str) -> str:
        """An SQL expression that reads one of the transfer's tables; Refused where it has no such table."""
        if table not in self.files:
            raise Refused(f"{name_of_place(self.folder)} has no table {table}")
        return parquet_relation(session, self.folder / f"{table}.parquet", self._key)

    @property
    def rows(self) -> int:
        """Rows over all its tables."""
        return sum(entry.rows for entry in self.files.values())


class Draft:
    """Tables on their way into a transfer: encrypted already, under the key that the envelope will carry."""

    def __init__(self, folder: Path, key: bytes, subject: Subject, rows: dict[str, int], facts: dict[str, Any]) -> None:
        self.folder = folder
        self.subject = subject
        self.rows = rows
        self.facts = facts
        self._key = key

    @classmethod
    def begin(cls, folder: Path, subject: Subject) -> "Draft":
        """Start a draft in an empty folder of the sender's zone; what an earlier try left there goes."""
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True, mode=0o700)
        return cls(folder, secrets.token_bytes(32), subject, {}, {})

    @classmethod
    def resume(cls, folder: Path, keyring: Keyring) -> "Draft":
        """A draft that an earlier step has saved; Refused where there is none."""
        path = folder / DRAFT
        if not path.is_file():
            raise Refused(f"there is no draft of {folder.parent.name}/{folder.name}: run the step before this one")
        content = json.loads(pyrage.decrypt(path.read_bytes(), keyring.age_identities))
        return cls(folder, b64decode(content["key"]), Subject(**content["subject"]), content["rows"], content["facts"])

    def write(self, session: Session, table: str, query: str, parameters: dict[str, object] | None = None) -> int:
        """Write the rows of a query as one encrypted Parquet file, and return their number; StatementFailed."""
        name = f"draft_{self.folder.name}"
        add_parquet_key(session, name, self._key)
        target = literal(self.folder / f"{table}.parquet")
        self.rows[table] = int(
            session.value(
                f"COPY ({query}) TO {target} ({PARQUET}, ENCRYPTION_CONFIG {{footer_key: {literal(name)}}})",
                parameters,
                step=f"write {self.subject.kind} table {table}",
            )
        )
        return self.rows[table]

    def relation(self, session: Session, table: str) -> str:
        """An SQL expression that reads one of the draft's tables, for the checks before it is sealed."""
        return parquet_relation(session, self.folder / f"{table}.parquet", self._key)

    def save(self, keyring: Keyring) -> None:
        """Keep the draft for a later step, its key sealed to the sender itself."""
        content = {
            "key": b64encode(self._key).decode(),
            "subject": asdict(self.subject),
            "rows": self.rows,
            "facts": self.facts,
        }
        sealed = pyrage.encrypt(json.dumps(content).encode(), [keyring.age_identity.to_public()])
        write_atomically(self.folder / DRAFT, sealed)

    def discard(self) -> None:
        """Destroy a draft that must not be sent."""
        shutil.rmtree(self.folder)

    def send(self, keyring: Keyring, recipient: Zone, inbox: Path, ledger: Ledger, digest: str) -> FileEntry | None:
        """Sign, seal and move the draft into the recipient's inbox; a digest that was sent last is a no-op.

        `digest` names the content by what it was made from. Returns the envelope's entry, or None for the no-op.
        """
        subject = self.subject
        last = ledger.last(subject.kind, subject.dataset, subject.refresh, "sent")
        if last is not None and last.digest == digest and _lies_in(inbox, subject, last.sequence).exists():
            shutil.rmtree(self.folder)
            return None
        peer, sequence = keyring.peer(recipient), ledger.next_sequence(subject.kind, subject.dataset)
        about = (subject.kind, subject.dataset, subject.refresh)
        # Before it leaves: a step killed in between leaves an entry without a transfer, never one without an entry.
        ledger.record(*about, "sealed", digest, sequence=sequence, detail={"rows": self.rows, "to": recipient})
        envelope = self._seal(keyring, peer, sequence, digest, str(ledger.log.head()))
        (self.folder / DRAFT).unlink(missing_ok=True)
        lay(self.folder, inbox, _lies_in(Path(), subject, sequence))
        ledger.record(*about, "sent", digest, sequence=sequence, detail={"rows": self.rows})
        return envelope

    def _seal(self, keyring: Keyring, peer: PublicCard, sequence: int, digest: str, log: str) -> FileEntry:
        signed = {
            "subject": asdict(self.subject),
            "sender": keyring.zone,
            "recipient": peer.fingerprint,
            "sequence": sequence,
            "digest": digest,
            "files": {name: asdict(self._entry(name)) for name in sorted(self.rows)},
            "facts": self.facts,
            "log": log,
            "key": b64encode(self._key).decode(),
        }
        text = json.dumps(signed, sort_keys=True)
        signature = keyring.signing_key.sign(text.encode())
        outer = json.dumps({"signed": text, "signature": b64encode(signature).decode()})
        sealed = pyrage.encrypt(outer.encode(), [pyrage.x25519.Recipient.from_str(peer.age_recipient)])
        write_atomically(self.folder / ENVELOPE, sealed)
        return FileEntry(sum(self.rows.values()), len(sealed), sha256_of_file(self.folder / ENVELOPE))

    def _entry(self, table: str) -> FileEntry:
        path = self.folder / f"{table}.parquet"
        return FileEntry(self.rows[table], path.stat().st_size, sha256_of_file(path))


def open_transfer(
    folder: Path, keyring: Keyring, expected: Kind | None = None, ledger: Ledger | None = None
) -> Transfer:
    """Open, authenticate and check a transfer's envelope and files; Refused, with the transfer's name, otherwise.

    A refusal is entered into the recipient's ledger, where one is given.
    """
    try:
        transfer = read_envelope(folder, keyring, expected)
        for table, entry in transfer.files.items():
            path = folder / f"{table}.parquet"
            if not path.is_file() or path.stat().st_size != entry.bytes or sha256_of_file(path) != entry.sha256:
                raise Refused(
                    f"{name_of_place(folder)}: the file of table {table} is missing or not the one that was signed"
                )
    except Refused as refusal:
        if ledger:
            note_refusal(ledger, folder, str(refusal))
        raise
    return transfer


def note_refusal(ledger: Ledger, folder: Path, why: str) -> None:
    """Enter that a transfer that lies in an inbox was refused, once for each reason."""
    kind, dataset, refresh, _ = folder.parts[-4:]
    ledger.record(kind, dataset, refresh, "refused", sha256_of_texts(why), why=why)


def read_envelope(folder: Path, keyring: Keyring, expected: Kind | None = None) -> Transfer:
    """Open and authenticate an envelope without reading the files: enough to see what is due, not to use them."""
    signed, sender = _open_envelope(folder, keyring)
    subject = Subject(**signed["subject"])
    name = f"{subject.kind} {subject.dataset}/{subject.refresh} (transfer {folder.name})"
    place = _lies_in(Path(), subject, signed["sequence"])
    if signed["recipient"] not in keyring.own_fingerprints:
        raise Refused(f"{name} was signed for another recipient")
    # What a zone was sent and had to lessen it has sealed to itself anew; nobody else has its signing key.
    if sender not in (SENDERS[subject.kind], keyring.zone):
        raise Refused(f"{name} comes from zone {sender}, which may not send it")
    if expected is not None and subject.kind != expected:
        raise Refused(f"{name} lies where a {expected} is expected")
    # One that was lessened has a number after its sequence.
    if (*folder.parts[-4:-1], folder.name.partition("-")[0]) != place.parts:
        raise Refused(
            f"{name} lies in another one's place, {name_of_place(folder)}: it was moved there after it was sent"
        )
    files = {table: FileEntry(**entry) for table, entry in signed["files"].items()}
    key, log = b64decode(signed["key"]), signed.get("log")
    return Transfer(folder, subject, sender, signed["sequence"], signed["digest"], files, signed["facts"], log, key)


def waiting(inbox: Path, kind: Kind) -> Iterator[Path]:
    """The folders of transfers of one kind that lie in an inbox, the latest sequence of each refresh alone."""
    for refresh in sorted(inbox.glob(f"{kind}/*/*")):
        sequences = sorted(folder for folder in refresh.iterdir() if (folder / ENVELOPE).is_file())
        if sequences:
            yield sequences[-1]


def latest(inbox: Path, kind: Kind, dataset: str, refresh: str) -> Path:
    """The last transfer of a kind about one refresh; Refused where none has arrived."""
    found = sorted(folder for folder in (inbox / kind / dataset / refresh).glob("*") if (folder / ENVELOPE).is_file())
    if not found:
        raise Refused(f"no {kind} of {dataset}/{refresh} has arrived")
    return found[-1]


def accept(transfer: Transfer, ledger: Ledger) -> bool:
    """Enter a verified transfer into the ledger; False where it is known already, Refused for an older sequence."""
    subject = transfer.subject
    last = ledger.last(subject.kind, subject.dataset, subject.refresh, "received")
    if last is not None and transfer.sequence < last.sequence:
        why = (
            f"{subject.kind} {subject.dataset}/{subject.refresh} has sequence {transfer.sequence}, "
            f"below the {last.sequence} that was taken before: an old transfer was put back"
        )
        note_refusal(ledger, transfer.folder, why)
        raise Refused(why)
    # A known digest too moves the sequence on, or a transfer sent between the two could be put back.
    again = last is not None and last.digest == transfer.digest and last.sequence == transfer.sequence
    ledger.record(
        subject.kind,
        subject.dataset,
        subject.refresh,
        "received",
        transfer.digest,
        sequence=transfer.sequence,
        detail=last.detail if last is not None and again else {**taken_today(), "sender_log": transfer.sender_log},
    )
    ledger.forget(subject.kind, subject.dataset, subject.refresh, "refused")
    return last is None or last.digest != transfer.digest


def heads_noted(ledger: Ledger) -> dict[Zone, list[str]]:
    """The heads of other zones' audit logs that came with their transfers, oldest first: what they said then stands."""
    noted: dict[Zone, list[str]] = {}
    for entry in ledger.log.entries():
        head = entry.detail.get("detail", {}).get("sender_log") if entry.step == "received" else None
        if head:
            noted.setdefault(SENDERS[entry.kind], []).append(head)  # type: ignore[index]  # only kinds are received
    return noted


def lessened(transfer: Transfer, session: Session, keyring: Keyring, scratch: Path, queries: Mapping[str, str]) -> Path:
    """A received transfer written anew with the rows of these queries by table, sealed by the recipient to itself.

    It lies in a folder of `scratch` for `replace_transfer`; its digest is another one, so what was made of it is due.
    """
    subject = transfer.subject
    draft = Draft.begin(scratch / f"{subject.kind}_{subject.dataset}_{subject.refresh}", subject)
    draft.facts.update(transfer.facts)
    for table, query in queries.items():
        draft.write(session, table, query)
    digest = sha256_of_texts(LESSENED, transfer.digest)
    # The head of the log of who sent it first: that is what it goes on telling.
    draft._seal(keyring, keyring.card, transfer.sequence, digest, transfer.sender_log or "")
    return draft.folder


def replace_transfer(transfer: Transfer, by: Path) -> None:
    """Put what `lessened` wrote in a transfer's place, and destroy the transfer and those that it had replaced.

    The new one is there before the old one goes, under a name that sorts after it: whatever stops this, it counts.
    """
    number = int(transfer.folder.name.partition("-")[2] or 0) + 1
    target = transfer.folder.with_name(f"{transfer.sequence:08d}-{number:04d}")
    move_folder(by, target)
    forget_before(target)


def forget_before(folder: Path) -> None:
    """Destroy the transfers of the same refresh that one has replaced."""
    for earlier in sorted(each for each in folder.parent.iterdir() if each.name < folder.name):
        shutil.rmtree(earlier)


def parquet_relation(session: Session, path: Path, key: bytes) -> str:
    """An SQL expression that reads one encrypted Parquet file."""
    name = f"key_{sha256_of_texts(str(path))[:16]}"
    add_parquet_key(session, name, key)
    return f"read_parquet({literal(path)}, encryption_config = {{footer_key: {literal(name)}}})"


def _open_envelope(folder: Path, keyring: Keyring) -> tuple[dict[str, Any], Zone]:
    path = folder / ENVELOPE
    if not path.is_file() or path.stat().st_size > MAXIMUM_ENVELOPE_BYTES:
        raise Refused(f"{name_of_place(folder)} has no usable envelope")
    try:
        outer = json.loads(pyrage.decrypt(path.read_bytes(), keyring.age_identities))
        signed: dict[str, Any] = json.loads(outer["signed"])
        sender: Zone = signed["sender"]
        if sender not in ZONES:
            signed = {}
    except (pyrage.DecryptError, ValueError, KeyError, TypeError):
        signed = {}
    if not signed:
        raise Refused(f"{name_of_place(folder)} is not sealed to zone {keyring.zone}, or was altered on the way")
    if not any(_is_signed(outer, card) for card in keyring.cards_of(sender)):
        raise Refused(
            f"{name_of_place(folder)} does not carry the signature of zone {sender}; where that has rotated its keys, "
            f"get its new card from its keeper and run `fjo keys trust --zone {keyring.zone} CARD`"
        )
    return signed, sender


def _is_signed(outer: dict[str, Any], card: PublicCard) -> bool:
    try:
        verify = Ed25519PublicKey.from_public_bytes(b64decode(card.verify_key))
        verify.verify(b64decode(outer["signature"]), outer["signed"].encode())
    except (InvalidSignature, ValueError, KeyError, TypeError):
        return False
    return True


def name_of_place(folder: Path) -> str:
    """What a transfer is called by the place where it lies, whatever it holds."""
    kind, dataset, refresh, sequence = folder.absolute().parts[-4:]
    return f"{kind} {dataset}/{refresh} (transfer {sequence})"


def _lies_in(inbox: Path, subject: Subject, sequence: int) -> Path:
    return inbox / subject.kind / subject.dataset / subject.refresh / f"{sequence:08d}"
