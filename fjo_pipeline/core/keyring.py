"""A zone's keyring: random 256-bit keys by name and version, wrapped under the zone's key-encryption key.

Keys are made by `Keyring.create` and `add`, never on the way; a key that is not there is an error.
"""

import hashlib
import json
import os
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyrage
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from fjo_pipeline.core.errors import KeyMissing, Refused
from fjo_pipeline.core.files import write_atomically
from fjo_pipeline.core.settings import Settings, Zone

ZONE_KEYS: Mapping[Zone, tuple[str, ...]] = {
    "provider": ("split",),
    "ttp": ("alf", "alf2", "ralf", "store"),
    "databank": ("alf_e",),
}
ADDED_LATER = frozenset({"alf2", "ralf"})
"""Keys that homes of an earlier version lack, and that `fjo init` adds to them; the others are made with a keyring."""
SCRYPT_COST = 2**15


@dataclass(frozen=True)
class PublicCard:
    """What a zone tells the others of itself: who to seal to and whose signature to trust."""

    zone: Zone
    age_recipient: str
    verify_key: str

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits that name both public keys, for people to compare by voice."""
        return hashlib.sha256(f"{self.zone}|{self.age_recipient}|{self.verify_key}".encode()).hexdigest()[:16]

    def as_json(self) -> dict[str, str]:
        """The card's fields."""
        return {"zone": self.zone, "age_recipient": self.age_recipient, "verify_key": self.verify_key}


@dataclass
class Keyring:
    """The unlocked keyring of one zone; its repr shows no secret."""

    zone: Zone
    path: Path
    _kek: bytes = field(repr=False)
    _document: dict[str, Any] = field(repr=False)

    @classmethod
    def create(
        cls,
        zone: Zone,
        path: Path,
        passphrase: bytes | None = None,
        *,
        made_up: str | None = None,
        also: Sequence[str] = (),
    ) -> "Keyring":
        """Make a zone's keyring with its keys, and those named in `also`; Refused where one is there already.

        For made-up data alone: with a text in `made_up` the keys that make ids follow from it, so that the same made-up
        deposits get the same ids again. Whoever knows the text knows those keys.
        """
        if path.exists():
            raise Refused(f"the keyring of zone {zone} is there already; it is never replaced in place")
        kek = secrets.token_bytes(32)
        document: dict[str, Any] = {
            "format": 1,
            "zone": zone,
            "kek": _protect_kek(kek, passphrase),
            "keys": {},
            "peers": {},
        }
        keyring = cls(zone, path, kek, document)
        for name in (*ZONE_KEYS[zone], *also):
            if made_up is None:
                keyring._add_version(name, secrets.token_bytes(32))
            else:
                keyring._add_version(name, hashlib.sha256(f"made up|{made_up}|{zone}|{name}".encode()).digest())
        keyring._add_version("signing", Ed25519PrivateKey.generate().private_bytes_raw())
        keyring._add_version("age", str(pyrage.x25519.Identity.generate()).encode())
        keyring._save()
        return keyring

    @classmethod
    def open(cls, zone: Zone, path: Path, passphrase: bytes | None = None) -> "Keyring":
        """Unlock a zone's keyring; KeyMissing where it is not there or its passphrase is wrong."""
        if not path.is_file():
            raise KeyMissing(
                f"the keyring of zone {zone} is not there; restore it from the zone's backup, "
                "or run `fjo init` where the zone is new"
            )
        document = _read_document(path, zone)
        if document.get("zone") != zone:
            raise KeyMissing(f"the keyring file of zone {zone} belongs to another zone")
        return cls(zone, path, _unlock_kek(document["kek"], passphrase, zone), document)

    def key(self, name: str, version: int | None = None) -> bytes:
        """The 32 bytes of a key, in its current version unless told; KeyMissing where there is none."""
        versions = self._document["keys"].get(name, {}).get("versions", {})
        wanted = str(version or self.version(name))
        if wanted not in versions:
            raise KeyMissing(f"zone {self.zone} holds no key '{name}' of version {wanted}; restore its keyring")
        return self._unwrap(name, versions[wanted]["wrapped"])

    def subkey(self, name: str, purpose: str, version: int | None = None) -> bytes:
        """A 256-bit key for one use of a named key: HKDF-SHA256, RFC 5869."""
        derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=f"fjo|{name}|{purpose}".encode())
        return derive.derive(self.key(name, version))

    def version(self, name: str) -> int:
        """The current version of a key; KeyMissing where there is none."""
        if not self.has(name):
            raise KeyMissing(f"zone {self.zone} holds no key '{name}'; restore its keyring or run `fjo init`")
        return int(self._document["keys"][name]["current"])

    def has(self, name: str) -> bool:
        """Whether a key of that name is held."""
        return name in self._document["keys"]

    def holds(self, name: str, version: object) -> bool:
        """Whether a version of a key is held."""
        return str(version) in self._document["keys"].get(name, {}).get("versions", {})

    def add(self, name: str) -> None:
        """Make a new random key under a new name; Refused where the name is taken."""
        if self.has(name):
            raise Refused(f"zone {self.zone} holds a key '{name}' already")
        self._add_version(name, secrets.token_bytes(32))
        self._save()

    def destroy(self, names: Iterable[str]) -> None:
        """Remove every version of keys for ever, from half-written copies of the keyring too; safe to repeat."""
        for name in names:
            self._document["keys"].pop(name, None)
        self._save()
        for copy in self.path.parent.glob(f".{self.path.name}.*"):
            copy.unlink()

    def fingerprints(self) -> dict[str, dict[int, str]]:
        """Name → version → fingerprint of every key: enough to compare, nothing to use."""
        return {
            name: {int(number): each["fingerprint"] for number, each in entry["versions"].items()}
            for name, entry in sorted(self._document["keys"].items())
        }

    def fingerprint(self, name: str) -> str:
        """The fingerprint of a key's current version; KeyMissing where there is none."""
        version = self.version(name)
        return self.fingerprints()[name][version]

    @property
    def card(self) -> PublicCard:
        """This zone's public keys."""
        verify = self.signing_key.public_key().public_bytes_raw()
        return PublicCard(self.zone, str(self.age_identity.to_public()), b64encode(verify).decode())

    @property
    def signing_key(self) -> Ed25519PrivateKey:
        """The key that signs this zone's transfers."""
        return Ed25519PrivateKey.from_private_bytes(self.key("signing"))

    @property
    def age_identity(self) -> pyrage.x25519.Identity:
        """The identity that opens what is sealed to this zone."""
        return pyrage.x25519.Identity.from_str(self.key("age").decode())

    def trust(self, card: PublicCard) -> None:
        """Pin another zone's public keys; Refused where other ones are pinned already."""
        pinned = self._document["peers"].get(card.zone)
        if pinned == card.as_json():
            return
        if pinned is not None:
            raise Refused(f"zone {self.zone} has pinned other public keys of {card.zone}; compare the fingerprints")
        self._document["peers"][card.zone] = card.as_json()
        self._save()

    def has_pinned(self, zone: Zone) -> bool:
        """Whether another zone's public keys are pinned."""
        return zone in self._document["peers"]

    def peer(self, zone: Zone) -> PublicCard:
        """The pinned public keys of another zone; KeyMissing where none are."""
        if not self.has_pinned(zone):
            raise KeyMissing(
                f"zone {self.zone} has not pinned the public keys of {zone}; "
                f"get its card from its keeper and run `fjo keys trust --zone {self.zone} CARD`"
            )
        return PublicCard(**self._document["peers"][zone])

    def _add_version(self, name: str, secret: bytes) -> None:
        entry = self._document["keys"].setdefault(name, {"current": 0, "versions": {}})
        entry["current"] += 1
        entry["versions"][str(entry["current"])] = {
            "wrapped": self._wrap(name, secret),
            "fingerprint": hashlib.sha256(b"fjo fingerprint|" + secret).hexdigest()[:16],
        }

    def _wrap(self, name: str, secret: bytes) -> str:
        nonce = secrets.token_bytes(12)
        return b64encode(nonce + AESGCM(self._kek).encrypt(nonce, secret, name.encode())).decode()

    def _unwrap(self, name: str, wrapped: str) -> bytes:
        raw = b64decode(wrapped)
        try:
            return AESGCM(self._kek).decrypt(raw[:12], raw[12:], name.encode())
        except InvalidTag:
            pass
        raise KeyMissing(f"zone {self.zone}: the key '{name}' cannot be unwrapped; restore the keyring from its backup")

    def _save(self) -> None:
        text = json.dumps(self._document, indent=1, sort_keys=True)
        write_atomically(self.path, text.encode(), mode=0o600)


def open_keyring(settings: Settings, zone: Zone) -> Keyring:
    """The keyring of a zone of this home, unlocked with the passphrase file of the settings where there is one."""
    return Keyring.open(zone, keyring_path(settings, zone), passphrase(settings))


def keyring_path(settings: Settings, zone: Zone) -> Path:
    """Where a zone's keyring lies."""
    return settings.zone(zone) / "keyring.json"


def passphrase(settings: Settings) -> bytes | None:
    """The passphrase that protects the keyrings, read from its file so that it is in no environment or argument."""
    if settings.passphrase_file is None:
        return None
    if not settings.passphrase_file.is_file():
        raise KeyMissing("FJO_PASSPHRASE_FILE names a file that is not there")
    return settings.passphrase_file.read_bytes().strip()


def _read_document(path: Path, zone: Zone) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if {"zone", "kek", "keys", "peers"} <= set(document):
            return dict(document)
    except (ValueError, TypeError):
        pass
    raise KeyMissing(f"the keyring file of zone {zone} is damaged; restore it from the zone's backup")


def _protect_kek(kek: bytes, passphrase: bytes | None) -> dict[str, Any]:
    if passphrase is None:
        return {"kdf": "none", "kek": b64encode(kek).decode()}
    salt, nonce = os.urandom(16), os.urandom(12)
    sealed = AESGCM(_scrypt(passphrase, salt)).encrypt(nonce, kek, b"kek")
    return {"kdf": "scrypt", "salt": b64encode(salt).decode(), "kek": b64encode(nonce + sealed).decode()}


def _unlock_kek(entry: dict[str, Any], passphrase: bytes | None, zone: Zone) -> bytes:
    raw = b64decode(entry["kek"])
    if entry["kdf"] == "none":
        return raw
    if passphrase is None:
        raise KeyMissing(f"the keyring of zone {zone} is under a passphrase: name its file in FJO_PASSPHRASE_FILE")
    try:
        return AESGCM(_scrypt(passphrase, b64decode(entry["salt"]))).decrypt(raw[:12], raw[12:], b"kek")
    except InvalidTag:
        pass
    raise KeyMissing(f"the passphrase does not open the keyring of zone {zone}")


def _scrypt(passphrase: bytes, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=SCRYPT_COST, r=8, p=1).derive(passphrase)
