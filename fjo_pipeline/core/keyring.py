"""A zone's keyring: random 256-bit keys by name and version, wrapped under the zone's key-encryption key.

Keys are made by `Keyring.create`, `add` and the rotation, never on the way; a key that is not there is an error.
"""

import hashlib
import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyrage
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fjo_pipeline.core.cards import PublicCard, card_of
from fjo_pipeline.core.errors import KeyMissing, Refused
from fjo_pipeline.core.files import exchange_atomically
from fjo_pipeline.core.key_places import keyring_path, passphrase
from fjo_pipeline.core.key_purposes import WRAPPING, loss_of
from fjo_pipeline.core.key_wrapping import is_protected, protect_kek, unlock_kek, unwrap, wrap
from fjo_pipeline.core.settings import Settings, Zone

__all__ = ["ADDED_LATER", "ZONE_KEYS", "Keyring", "PublicCard", "keyring_path", "open_keyring", "passphrase"]

ZONE_KEYS: Mapping[Zone, tuple[str, ...]] = {
    "provider": ("split",),
    "ttp": ("alf", "alf2", "ralf", "store"),
    "databank": ("alf_e",),
}
ADDED_LATER = frozenset({"alf2", "ralf"})
"""Keys that homes of an earlier version lack, and that `fjo init` adds to them; the others are made with a keyring."""
CARD_KEYS = ("signing", "age")
"""The keys of which a zone's card shows the public halves."""


@dataclass
class Keyring:
    """The unlocked keyring of one zone; its repr shows no secret."""

    zone: Zone
    path: Path
    _kek: bytes = field(repr=False)
    _document: dict[str, Any] = field(repr=False)
    _written: bytes | None = field(default=None, repr=False)
    _fixed: bool = False

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
            "kek": protect_kek(kek, passphrase),
            "keys": {},
            "peers": {},
        }
        keyring = cls(zone, path, kek, document)
        for name in (*ZONE_KEYS[zone], *also):
            if made_up is None:
                keyring._add_version(name, secrets.token_bytes(32))
            else:
                keyring._add_version(name, hashlib.sha256(f"made up|{made_up}|{zone}|{name}".encode()).digest())
        for name in CARD_KEYS:
            keyring._add_version(name, _new_secret(name))
        keyring._save()
        return keyring

    @classmethod
    def open(cls, zone: Zone, path: Path, passphrase: bytes | None = None, *, fixed: bool = False) -> "Keyring":
        """Unlock a zone's keyring, not to be changed where it is `fixed`.

        KeyMissing where it is not there or its passphrase is wrong.
        """
        if not path.is_file():
            raise KeyMissing(
                f"the keyring of zone {zone} is not there; restore it from the zone's backup, "
                "or run `fjo init` where the zone is new"
            )
        written = path.read_bytes()
        document = _document_in(written, zone)
        if document.get("zone") != zone:
            raise KeyMissing(f"the keyring file of zone {zone} belongs to another zone")
        return cls(zone, path, _unlocked(document["kek"], passphrase, zone), document, written, fixed)

    def key(self, name: str, version: int | None = None) -> bytes:
        """The 32 bytes of a key, in its current version unless told; KeyMissing, with what is lost, where none is."""
        versions = self._document["keys"].get(name, {}).get("versions", {})
        wanted = str(version or self.version(name))
        if wanted not in versions:
            raise KeyMissing(self._without(name, f" of version {wanted}") + "; restore its keyring")
        secret = unwrap(self._kek, name, versions[wanted]["wrapped"])
        if secret is None:
            raise KeyMissing(
                f"zone {self.zone}: the key '{name}' cannot be unwrapped{self._lost(name)}; "
                "restore the keyring from its backup"
            )
        return secret

    def subkey(self, name: str, purpose: str, version: int | None = None) -> bytes:
        """A 256-bit key for one use of a named key: HKDF-SHA256, RFC 5869."""
        derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=f"fjo|{name}|{purpose}".encode())
        return derive.derive(self.key(name, version))

    def version(self, name: str) -> int:
        """The current version of a key; KeyMissing where there is none, Refused while it is being rotated."""
        if not self.has(name):
            raise KeyMissing(self._without(name) + "; restore its keyring or run `fjo init`")
        entry = self._document["keys"][name]
        if "next" in entry:
            raise Refused(
                f"the rotation of the key '{name}' of zone {self.zone} is under way or was interrupted: "
                f"where nothing runs it, run `fjo keys rotate --zone {self.zone}` again, which ends it"
            )
        return int(entry["current"])

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

    def secrets(self) -> Iterator[tuple[str, bytes]]:
        """Every secret held, each under its name and version: only for looking whether one lies where it must not."""
        yield "that wraps the others", self._kek
        for name, versions in self.fingerprints().items():
            for version in versions:
                yield f"{name} {version}", self.key(name, version)

    def fingerprint(self, name: str, version: int | None = None) -> str:
        """The fingerprint of a key, in its current version unless told; KeyMissing where there is none."""
        wanted = version or self.version(name)
        return self.fingerprints()[name][wanted]

    @property
    def is_protected(self) -> bool:
        """Whether a passphrase is needed to open this keyring."""
        return is_protected(self._document["kek"])

    @property
    def card(self) -> PublicCard:
        """This zone's public keys, with its earlier cards."""
        verify = self.signing_key.public_key().public_bytes_raw()
        earlier = tuple(self._document.get("earlier_cards", ()))
        return PublicCard(self.zone, str(self.age_identity.to_public()), b64encode(verify).decode(), earlier)

    @property
    def own_fingerprints(self) -> set[str]:
        """The fingerprints of this zone's card and of its earlier ones, to which transfers may still be addressed."""
        return {each.fingerprint for each in self._own_cards}

    @property
    def _own_cards(self) -> list[PublicCard]:
        return [self.card, *map(card_of, reversed(self._document.get("earlier_cards", ())))]

    @property
    def signing_key(self) -> Ed25519PrivateKey:
        """The key that signs this zone's transfers."""
        return Ed25519PrivateKey.from_private_bytes(self.key("signing"))

    @property
    def age_identity(self) -> pyrage.x25519.Identity:
        """The identity that opens what is sealed to this zone."""
        return self.age_identities[0]

    @property
    def age_identities(self) -> list[pyrage.x25519.Identity]:
        """The identities that open what is sealed to this zone, or was before a rotation; the current one first."""
        return [
            pyrage.x25519.Identity.from_str(self.key("age", version).decode())
            for version in reversed(self.versions("age") or [self.version("age")])
        ]

    def trust(self, card: PublicCard, *, forget_earlier: bool = False) -> None:
        """Pin another zone's public keys, or those that came after the pinned ones by an unbroken line of signatures.

        What was signed under the earlier ones stays good, unless they are to be forgotten. Refused where other keys are
        pinned already and no such line leads from them to these.
        """
        pinned = self._document["peers"].get(card.zone)
        if pinned is not None and pinned != card.as_json():
            if not card.follows(card_of(pinned)):
                raise Refused(
                    f"zone {self.zone} has pinned other public keys of {card.zone}; compare the fingerprints: "
                    "these were not signed by their holder"
                )
            earlier = self._document.setdefault("earlier_peers", {}).setdefault(card.zone, [])
            earlier += [each for each in map(dict, card.succeeds) if each not in earlier]
        if forget_earlier:
            self._document.get("earlier_peers", {}).pop(card.zone, None)
        elif pinned == card.as_json():
            return
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
        return card_of(self._document["peers"][zone])

    def cards_of(self, zone: Zone) -> list[PublicCard]:
        """The pinned public keys of another zone, or this one's own, then those before them; KeyMissing where none."""
        if zone == self.zone:
            return self._own_cards
        return [self.peer(zone), *map(card_of, reversed(self._document.get("earlier_peers", {}).get(zone, [])))]

    @property
    def rotation(self) -> tuple[str, ...]:
        """What of the last rotation is still to be done, in order; empty where it was ended."""
        return tuple(self._document.get("rotation", ()))

    @property
    def rotations(self) -> int:
        """How many rotations were begun."""
        return int(self._document.get("rotations", 0))

    def begin_rotation(self, steps: Sequence[str]) -> None:
        """Note what is to be done, and make the next version of each key among it under which a store is rewritten.

        Until its step is ended such a key has no current version, so that nothing is written between the two.
        """
        assert not self.rotation, "one rotation at a time"
        self._document |= {"rotation": list(steps), "rotations": self.rotations + 1}
        for name in steps:
            if self.has(name) and name not in CARD_KEYS:
                entry = self._document["keys"][name]
                entry["next"] = max(map(int, entry["versions"])) + 1
                self._put(name, entry["next"], _new_secret(name))
        self._save()

    def next_version(self, name: str) -> int:
        """The version to which a key is being rotated."""
        return int(self._document["keys"][name]["next"])

    def versions(self, name: str) -> list[int]:
        """Every version of a key that is held, the one to which it is being rotated among them."""
        return sorted(map(int, self._document["keys"].get(name, {}).get("versions", {})))

    def rotate_card(self, names: Sequence[str]) -> None:
        """Give the zone another signing key or age identity, or both, in a card that the present one signs."""
        before, signing_key = self.card, self.signing_key
        for name in names:
            self._add_version(name, _new_secret(name))
        link = before.signed_successor(self.card, signing_key)
        self._document["earlier_cards"] = [*before.succeeds, link]
        self.end_steps(names)

    def rewrap(self, passphrase: bytes | None) -> None:
        """Wrap every key under another key-encryption key, protected by this passphrase or by none."""
        kek = secrets.token_bytes(32)
        wrapped = {
            (name, number): wrap(kek, name, self.key(name, int(number)))
            for name, entry in self._document["keys"].items()
            for number in entry["versions"]
        }
        for (name, number), text in wrapped.items():
            self._document["keys"][name]["versions"][number]["wrapped"] = text
        self._kek, self._document["kek"] = kek, protect_kek(kek, passphrase)
        self.end_steps([WRAPPING])

    def end_steps(self, names: Sequence[str]) -> None:
        """Note that steps of a rotation are done; the next version of a key among them is its current one now."""
        for name in names:
            entry = self._document["keys"].get(name, {})
            if "next" in entry:
                entry["current"] = entry.pop("next")
        self._document["rotation"] = [each for each in self.rotation if each not in names]
        self._save()

    def _add_version(self, name: str, secret: bytes) -> None:
        entry = self._document["keys"].setdefault(name, {"current": 0, "versions": {}})
        entry["current"] += 1
        self._put(name, entry["current"], secret)

    def _put(self, name: str, version: int, secret: bytes) -> None:
        self._document["keys"][name]["versions"][str(version)] = {
            "wrapped": wrap(self._kek, name, secret),
            "fingerprint": hashlib.sha256(b"fjo fingerprint|" + secret).hexdigest()[:16],
        }

    def _without(self, name: str, which: str = "") -> str:
        return f"zone {self.zone} holds no key '{name}'{which}{self._lost(name)}"

    def _lost(self, name: str) -> str:
        loss = loss_of(self.zone, name)
        return f": {loss}" if loss else ""

    def _save(self) -> None:
        if self._fixed:
            raise Refused(
                f"the keyring of zone {self.zone} cannot be changed where it lies, as a service's credential: put it "
                "into FJO_KEYRINGS, change it there, and make the credential of it again"
            )
        content = json.dumps(self._document, indent=1, sort_keys=True).encode()
        if not exchange_atomically(self.path, self._written, content):
            raise Refused(
                f"the keyring of zone {self.zone} was changed by another process meanwhile: nothing was changed now, "
                "run the same again"
            )
        self._written = content


def open_keyring(settings: Settings, zone: Zone) -> Keyring:
    """The keyring of a zone of this home, unlocked with the passphrase of the settings where there is one."""
    path = keyring_path(settings, zone)
    return Keyring.open(zone, path, passphrase(settings), fixed=path.parent == settings.credentials_directory)


def _new_secret(name: str) -> bytes:
    if name == "signing":
        return Ed25519PrivateKey.generate().private_bytes_raw()
    if name == "age":
        return str(pyrage.x25519.Identity.generate()).encode()
    return secrets.token_bytes(32)


def _document_in(written: bytes, zone: Zone) -> dict[str, Any]:
    try:
        document = json.loads(written.decode())
        if {"zone", "kek", "keys", "peers"} <= set(document):
            return dict(document)
    except (ValueError, TypeError):
        pass
    raise KeyMissing(f"the keyring file of zone {zone} is damaged; restore it from the zone's backup")


def _unlocked(entry: dict[str, Any], passphrase: bytes | None, zone: Zone) -> bytes:
    if not is_protected(entry):
        return b64decode(entry["kek"])
    if passphrase is None:
        raise KeyMissing(f"the keyring of zone {zone} is under a passphrase: name its file in FJO_PASSPHRASE_FILE")
    kek = unlock_kek(entry, passphrase)
    if kek is None:
        raise KeyMissing(f"the passphrase does not open the keyring of zone {zone}")
    return kek
