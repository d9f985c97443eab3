"""Where a zone's keyring lies and where its passphrase comes from: files, never an argument or a variable's value.

A service gets either from systemd (`LoadCredentialEncrypted=`), in files that only it can read and that no disk holds.
"""

from pathlib import Path

from fjo_pipeline.core.errors import KeyMissing, Refused
from fjo_pipeline.core.settings import Settings, Zone

WORDS = "fjo-passphrase"
KEYRING = "fjo-keyring-"
"""The credentials' names; a keyring's is followed by the zone's name."""


def keyring_path(settings: Settings, zone: Zone) -> Path:
    """Where a zone's keyring lies: a systemd credential, in FJO_KEYRINGS, or in the zone's folder; Refused for two."""
    place = settings.keyrings.absolute() / f"{zone}.json" if settings.keyrings else None
    in_home = settings.zone(zone) / "keyring.json"
    credential = _credential(settings, f"{KEYRING}{zone}")
    there = [path for path in (credential, place, in_home) if path is not None and path.exists()]
    if len(there) > 1:
        raise Refused(
            f"zone {zone} has more than one keyring: {' and '.join(map(str, there))}; "
            "keep the one that is right, and put the other where no zone looks"
        )
    return there[0] if there else place or in_home


def passphrase(settings: Settings) -> bytes | None:
    """The passphrase that protects the keyrings: the content of FJO_PASSPHRASE_FILE, else a systemd credential."""
    if settings.passphrase_file is not None:
        return read_passphrase(settings.passphrase_file, "FJO_PASSPHRASE_FILE")
    credential = _credential(settings, WORDS)
    return read_passphrase(credential, f"the credential {WORDS}") if credential else None


def read_passphrase(path: Path, named: str) -> bytes:
    """A passphrase out of its file; KeyMissing where that is not there, cannot be read or is empty."""
    if not path.is_file():
        raise KeyMissing(f"{named} names a file that is not there")
    try:
        words = path.read_bytes().strip()
    except OSError:
        words = None
    if words is None:
        raise KeyMissing(f"{named} names a file that this account cannot read")
    if not words:
        raise KeyMissing(f"{named} names a file that is empty: a keyring under no words at all is under none")
    return words


def _credential(settings: Settings, name: str) -> Path | None:
    folder = settings.credentials_directory
    path = folder / name if folder else None
    return path if path and path.is_file() else None
