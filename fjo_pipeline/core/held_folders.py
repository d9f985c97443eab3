"""Folders for what need not outlive a process: each held for as long as that lives, and then free to be removed.

A DuckDB session spills into one of its own. DuckDB names its spill files alike in every process: two sessions that
shared a folder wrote into one another's files.
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
def held_folder(parent: Path, prefix: str = PREFIX) -> Iterator[Path]:
    """A folder of its own under `parent` (made if missing, 0700); what dead processes left there goes too."""
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    remove_abandoned(parent, prefix)
    folder, descriptor = _new_folder(parent, prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def abandoned(parent: Path, prefix: str = PREFIX) -> list[Path]:
    """The folders of that kind under `parent` whose processes have died."""
    return [folder for folder in sorted(parent.glob(f"{prefix}*")) if not _is_held(folder)]


def remove_abandoned(parent: Path, prefix: str = PREFIX) -> list[Path]:
    """Delete what dead processes have left under `parent`, and nothing of a living one; returns what went."""
    gone = []
    for path in sorted(parent.glob(f"{prefix}*")):
        # Held while it goes, so that whoever is about to take it for a folder of its own makes another one.
        if (descriptor := _hold(path)) is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(descriptor)
            gone.append(path)
    return gone


def _new_folder(parent: Path, prefix: str) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
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
