"""What a zone's ledger knows of the keys under which its stores were written: no older keyring may pass for theirs.

The ids of a store say nothing of their key: under another key of the same version they would be read, and wrongly.
"""

import re
from collections.abc import Iterable

from fjo_pipeline.core.errors import KeyMissing
from fjo_pipeline.core.keyring import Keyring
from fjo_pipeline.core.ledger import Ledger

_NOTED = re.compile(r"(\S+) (\d+)")


def note_versions(keyring: Keyring, ledger: Ledger, names: Iterable[str]) -> None:
    """Note the fingerprint of every version of these keys; safe to repeat."""
    for name in names:
        for version in keyring.versions(name):
            digest = keyring.fingerprint(name, version)
            ledger.record("keys", keyring.zone, f"{name} {version}", "accepted", digest, sequence=version)


def assert_as_noted(keyring: Keyring, ledger: Ledger) -> None:
    """KeyMissing where a version that was noted is another one in this keyring, or none."""
    for entry in ledger.entries(kind="keys", dataset=keyring.zone, state="accepted"):
        noted = _NOTED.fullmatch(entry.refresh)
        if noted and keyring.fingerprints().get(noted[1], {}).get(int(noted[2])) != entry.digest:
            raise KeyMissing(
                f"zone {keyring.zone} had a key '{noted[1]}' of version {noted[2]} that this keyring does not hold: it "
                "is from before a rotation; restore a later backup of it"
            )
