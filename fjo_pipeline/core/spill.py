"""Where a DuckDB session spills: a folder of its own, held for as long as its process lives, and then nobody's.

DuckDB names its spill files alike in every process: two sessions that shared a folder wrote into one another's files.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "session-"


@contextmanager
def spill_folder(parent: Path) -> Iterator[Path]:
    """A folder of the session's own under `parent` (made if missing, 0700); what dead sessions left there goes too."""
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    remove_abandoned_spill(parent)
    folder, descriptor = _new_folder(parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def abandoned_spill(parent: Path) -> list[Path]:
    """The folders under `parent` whose sessions' processes have died, and spill of versions that shared one folder."""
    found = [folder for folder in sorted(parent.glob(f"{PREFIX}*")) if not _is_held(folder)]
    return found + sorted(parent.glob("duckdb_temp_*"))


def remove_abandoned_spill(parent: Path) -> list[Path]:
    """Delete what dead sessions have left under `parent`, and nothing of a living one; returns what went."""
    gone = []
    for path in sorted(parent.glob(f"{PREFIX}*")):
        # Held while it goes, so that whoever is about to take it for a folder of its own makes another one.
        if (descriptor := _hold(path)) is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(descriptor)
            gone.append(path)
    return gone


def _new_folder(parent: Path) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        if (descriptor := _hold(folder)) is not None:
            if folder.is_dir():
                return folder, descriptor
            os.close(descriptor)


def _is_held(folder: Path) -> bool:
    descriptor = _hold(folder)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is None and folder.exists()


def _hold(folder: Path) -> int | None:
    """An open lock on a folder, freed by the kernel when the process dies; None where another has it or it is gone."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
