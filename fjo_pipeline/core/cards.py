"""Public cards: what a zone tells the others of itself, and how a new card proves that the old one's keeper made it."""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fjo_pipeline.core.settings import ZONES, Zone

FIELDS = ("zone", "age_recipient", "verify_key")


@dataclass(frozen=True)
class PublicCard:
    """What a zone tells the others of itself: who to seal to and whose signature to trust.

    `succeeds` are the zone's earlier cards, oldest first, each with its own signature under the card that came next.
    """

    zone: Zone
    age_recipient: str
    verify_key: str
    succeeds: Sequence[dict[str, str]] = field(default=(), compare=False)

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits that name both public keys, for people to compare by voice."""
        return hashlib.sha256(f"{self.zone}|{self.age_recipient}|{self.verify_key}".encode()).hexdigest()[:16]

    def as_json(self) -> dict[str, str]:
        """The card's own fields."""
        return {name: getattr(self, name) for name in FIELDS}

    def with_predecessors(self) -> dict[str, Any]:
        """The card as `card.json` holds it: its own fields, and its predecessors where it has any."""
        return self.as_json() | ({"succeeds": list(self.succeeds)} if self.succeeds else {})

    def signed_successor(self, successor: "PublicCard", signing_key: Ed25519PrivateKey) -> dict[str, str]:
        """This card with its signature under the one that comes next."""
        return self.as_json() | {"signature": b64encode(signing_key.sign(_said(self, successor))).decode()}

    def follows(self, pinned: "PublicCard") -> bool:
        """Whether an unbroken line of signatures leads from a card that was pinned to this one."""
        line = [card_of(each) for each in self.succeeds]
        if pinned not in line:
            return False
        first = line.index(pinned)
        later = [*line[first + 1 :], self]
        return all(
            card.zone == self.zone and _is_signed(card, after, each["signature"])
            for card, after, each in zip(line[first:], later, list(self.succeeds)[first:], strict=True)
        )


def card_of(written: dict[str, Any]) -> PublicCard:
    """A card as `card.json` holds it, or a predecessor on one; ValueError where it is none."""
    succeeds = written.get("succeeds", [])
    if written.get("zone") not in ZONES or not isinstance(succeeds, list):
        raise ValueError("no zone's card")
    own = {name: written.get(name) for name in FIELDS}
    texts = [*own.values(), *(each.get(name) for each in succeeds for name in (*FIELDS, "signature"))]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("no zone's card")
    return PublicCard(**own, succeeds=tuple(succeeds))  # type: ignore[arg-type]


def _is_signed(card: PublicCard, successor: PublicCard, signature: str) -> bool:
    try:
        verify = Ed25519PublicKey.from_public_bytes(b64decode(card.verify_key))
        verify.verify(b64decode(signature), _said(card, successor))
    except (InvalidSignature, ValueError):
        return False
    return True


def _said(card: PublicCard, successor: PublicCard) -> bytes:
    parts = ["fjo card succession, version 1"]
    parts += [getattr(each, name) for each in (card, successor) for name in FIELDS]
    return "|".join(parts).encode()
