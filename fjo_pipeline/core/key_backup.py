"""A zone's keyring in one sealed file, apart from the data that it opens, and back again.

The file is an ordinary age file, so that `age -d` opens it too where this platform is not at hand.
"""

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pyrage

from fjo_pipeline.core.errors import KeyMissing, Refused
from fjo_pipeline.core.files import write_atomically
from fjo_pipeline.core.key_notes import assert_as_noted
from fjo_pipeline.core.keyring import Keyring, keyring_path, open_keyring, passphrase
from fjo_pipeline.core.ledger import open_ledger
from fjo_pipeline.core.settings import Settings, Zone

if TYPE_CHECKING:
    Lock: TypeAlias = pyrage.x25519.Recipient | bytes
    Opener: TypeAlias = pyrage.x25519.Identity | bytes


def recipient_of(text: str) -> pyrage.x25519.Recipient:
    """An age recipient, `age1…`; Refused where it is none."""
    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        pass
    raise Refused("an age recipient is what `age-keygen` shows as public key: age1…")


def identity_in(path: Path) -> pyrage.x25519.Identity:
    """The identity in a file of `age-keygen`; Refused where there is none."""
    lines = path.read_text(errors="replace").splitlines() if path.is_file() else []
    for line in lines:
        if line.startswith("AGE-SECRET-KEY-"):
            try:
                return pyrage.x25519.Identity.from_str(line.strip())
            except pyrage.IdentityError:
                break
    raise Refused(f"there is no age identity in {path.name}: it holds a line AGE-SECRET-KEY-…")


def back_up(settings: Settings, zone: Zone, target: Path, lock: "Lock") -> Keyring:
    """Write a zone's keyring, sealed to a recipient or under words, to a new file; returns what was written.

    Keys and what they open must never lie in one archive, so Refused inside the home and the transfer folder.
    """
    place = target.absolute().resolve()
    if place.exists():
        raise Refused(f"{target.name} is there already; a backup replaces no other one")
    for folder in (settings.home.absolute().resolve(), settings.transfer_folder.resolve()):
        if place.is_relative_to(folder):
            raise Refused("a backup of keys lies apart from the data that they open: name a file outside the home")
    keyring = open_keyring(settings, zone)
    content = keyring_path(settings, zone).read_bytes()
    sealed = (
        pyrage.passphrase.encrypt(content, lock.decode())
        if isinstance(lock, bytes)
        else pyrage.encrypt(content, [lock])
    )
    write_atomically(place, sealed)
    return keyring


def restore(settings: Settings, zone: Zone, source: Path, opener: "Opener") -> Keyring:
    """Put a zone's keyring back where there is none; returns it opened, with the passphrase that it had then.

    Refused where one is there; KeyMissing where the file does not open, holds another zone's, or is from before a
    rotation of a key under which a store of this home was written.
    """
    target = keyring_path(settings, zone)
    if target.exists():
        raise Refused(f"the keyring of zone {zone} is there; put it away before another one is restored in its place")
    if not source.is_file():
        raise Refused(f"there is no backup at {source}")
    content = _opened(source.read_bytes(), opener)
    if content is None:
        raise KeyMissing(f"{source.name} does not open with that: it was sealed to somebody else, or was altered")
    draft = target.with_name(f".{target.name}.restoring.tmp")
    write_atomically(draft, content)
    try:
        assert_as_noted(Keyring.open(zone, draft, passphrase(settings)), open_ledger(settings, zone))
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return open_keyring(settings, zone)


def _opened(sealed: bytes, opener: "Opener") -> bytes | None:
    try:
        if isinstance(opener, bytes):
            return bytes(pyrage.passphrase.decrypt(sealed, _text(opener)))
        return bytes(pyrage.decrypt(sealed, [opener]))
    except (pyrage.DecryptError, ValueError):
        return None


def _text(words: bytes) -> str:
    """Words as age takes them, which knows text alone."""
    return words.decode("utf-8", "backslashreplace")
