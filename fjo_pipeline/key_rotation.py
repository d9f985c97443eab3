"""Rotating a zone's keys: the order of the steps, what is noted of them, and what other zones must be told.

A rotation is a list of steps in the keyring. Each takes itself off the list when it is done, and does nothing where it
finds itself done, so that a rotation that was killed is ended by the same command and ends in the same.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fjo_pipeline.core.audit import AuditLog
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import write_atomically
from fjo_pipeline.core.key_notes import assert_as_noted, note_versions
from fjo_pipeline.core.key_purposes import ROTATING, WRAPPING, why_not_in_place
from fjo_pipeline.core.keyring import CARD_KEYS, Keyring, open_keyring, passphrase
from fjo_pipeline.core.ledger import ledger_path, open_ledger
from fjo_pipeline.core.settings import ZONES, Settings, Zone
from fjo_pipeline.databank import re_encrypting
from fjo_pipeline.databank.flow import Databank
from fjo_pipeline.ttp import re_keying

WRITTEN_ANEW = (re_encrypting.KEY, re_keying.KEY)
"""Keys under which a store lies: it is written anew under their next version."""
CARD, ENTRY = "card", "entry"
"""Steps that are no keys: the new card goes to the other zones of this home, the audit log gets its entry."""


@dataclass(frozen=True)
class Rotated:
    """A rotation that is done: versions and names, no secret."""

    zone: Zone
    number: int
    resumed: bool
    versions: dict[str, int]
    wrapped_anew: bool
    tables: int
    card: str
    taken_by: tuple[Zone, ...]
    to_be_told: tuple[Zone, ...]

    def as_json(self) -> dict[str, Any]:
        """The rotation as plain values."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}


def rotate(
    settings: Settings,
    zone: Zone,
    key: str | None,
    say: Callable[[str], None],
    *,
    new_passphrase: bytes | None = None,
    reason: str = "keys are rotated",
) -> Rotated:
    """Rotate a zone's keys (all that rotate in place, unless told), or end the rotation that was interrupted.

    `new_passphrase` protects the keyring from then on. Refused for a key that makes ids, with what another one would
    mean; KeyMissing where the keyring is not the one that the zone's stores were written with.
    """
    keyring, ledger = open_keyring(settings, zone), open_ledger(settings, zone)
    assert_as_noted(keyring, ledger)
    resumed = bool(keyring.rotation)
    if not resumed:
        steps = _steps(keyring, key, with_passphrase=new_passphrase is not None)
        _assert_opens(settings, keyring)
        keyring.begin_rotation(steps)
    elif new_passphrase is not None and WRAPPING not in keyring.rotation:
        raise Refused(
            "a rotation was interrupted, and the passphrase was no part of it: end it with "
            f"`fjo keys rotate --zone {zone}`, and change the passphrase then"
        )
    note_versions(keyring, ledger, WRITTEN_ANEW)
    done, tables = keyring.rotation, 0
    for step in done:
        if step not in keyring.rotation:
            continue  # One card shows both of its keys.
        say(f"zone {zone}: {_SAID.get(step, step)}")
        if step in WRITTEN_ANEW:
            tables += _write_anew(settings, keyring, step)
        elif step in CARD_KEYS:
            keyring.rotate_card([each for each in keyring.rotation if each in CARD_KEYS])
        elif step == CARD:
            publish_card(settings, keyring)
        elif step == ENTRY:
            _enter(settings, keyring, reason)
        else:
            keyring.rewrap(new_passphrase or passphrase(settings))
            continue
        keyring.end_steps([step])
    taken = tuple(_others_here(settings, zone)) if CARD in done else ()
    return Rotated(
        zone=zone,
        number=keyring.rotations,
        resumed=resumed,
        versions={name: keyring.version(name) for name in done if keyring.has(name)},
        wrapped_anew=WRAPPING in done,
        tables=tables,
        card=keyring.card.fingerprint,
        taken_by=taken,
        to_be_told=tuple(each for each in ZONES if CARD in done and each not in (zone, *taken)),
    )


_SAID = {
    "alf_e": "writing every id at rest under a new version of its key",
    "store": "writing the store under a new version of its key",
    "signing": "a new card, signed by the present one",
    "age": "a new card, signed by the present one",
    CARD: "the card to the other zones of this home",
    ENTRY: "the entry in the audit log",
    WRAPPING: "wrapping every key anew",
}


def publish_card(settings: Settings, keyring: Keyring) -> None:
    """Write a zone's card for the others, and have those of this home take it."""
    card = json.dumps(keyring.card.with_predecessors(), indent=1)
    write_atomically(settings.zone(keyring.zone) / "card.json", card.encode(), mode=0o644)
    for other in _others_here(settings, keyring.zone):
        open_keyring(settings, other).trust(keyring.card)


def _steps(keyring: Keyring, key: str | None, *, with_passphrase: bool) -> list[str]:
    rotating = ROTATING[keyring.zone]
    if key is not None and key not in rotating:
        if not keyring.has(key):
            raise Refused(f"zone {keyring.zone} has no key '{key}'; those that rotate are {', '.join(rotating)}")
        raise Refused(
            f"the key '{key}' does not rotate in place: {why_not_in_place(key)}. "
            f"`fjo keys rotate --zone {keyring.zone} --key {WRAPPING}` wraps it anew"
        )
    wanted = [each for each in rotating if key in (None, each) or (with_passphrase and each == WRAPPING)]
    for name in wanted:
        if name != WRAPPING:
            keyring.version(name)
    own = [each for each in wanted if each != WRAPPING]
    return [*own, *([CARD] if {*own} & {*CARD_KEYS} else []), ENTRY, *([WRAPPING] if WRAPPING in wanted else [])]


def _assert_opens(settings: Settings, keyring: Keyring) -> None:
    if keyring.zone == "databank":
        re_encrypting.assert_opens(Databank(settings), keyring)
    elif keyring.zone == "ttp":
        re_keying.assert_opens(settings, keyring)


def _write_anew(settings: Settings, keyring: Keyring, name: str) -> int:
    version = keyring.next_version(name)
    if name == re_encrypting.KEY:
        return re_encrypting.re_encrypt(Databank(settings), keyring, version)
    return re_keying.re_key(settings, keyring, version)


def _enter(settings: Settings, keyring: Keyring, reason: str) -> None:
    """Enter the rotation in the zone's audit log, once: its number tells it from every other one."""
    log = AuditLog(ledger_path(settings, keyring.zone), lambda: keyring)
    versions = {name: max(keyring.versions(name)) for name in ROTATING[keyring.zone] if keyring.has(name)}
    detail = {"rotation": keyring.rotations, "versions": versions}
    if detail not in [each.detail for each in log.entries("keys", keyring.zone) if each.step == "rotated"]:
        log.add("keys", keyring.zone, "rotated", reason, detail=detail)


def _others_here(settings: Settings, zone: Zone) -> Iterator[Zone]:
    yield from (each for each in ZONES if each != zone and settings.zone(each).is_dir())
