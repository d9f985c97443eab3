"""Where a deposit may lie in plain on its way into landing: folders that end with their step, or with the next one's
start where their process was killed.

Each is held by a lock of its process, which the kernel frees: what nobody holds is a leftover and is wiped.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

FOLDER = ".plain"
_numbers = count()


@contextmanager
def plain_scratch(parent: Path) -> Iterator[Path]:
    """An empty folder for plaintext on the file system of `parent`, gone at the end with all that is in it."""
    place = parent / FOLDER
    with _alone(place):
        _wipe(place)
        scratch = place / f"{os.getpid()}-{next(_numbers)}"
        scratch.mkdir(mode=0o700)
        held = os.open(scratch, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(held, fcntl.LOCK_EX)
    try:
        yield scratch
    finally:
        with _alone(place):
            shutil.rmtree(scratch, ignore_errors=True)
            os.close(held)
            with suppress(OSError):
                place.rmdir()


def wipe_leftovers(parent: Path) -> None:
    """Remove the plaintext that killed processes left under `parent`; that of processes which live stays."""
    place = parent / FOLDER
    if place.is_dir():
        with _alone(place):
            _wipe(place)
            with suppress(OSError):
                place.rmdir()


def leftovers(parent: Path) -> list[Path]:
    """The plaintext that killed processes left under `parent`."""
    place = parent / FOLDER
    return [path for path in sorted(place.iterdir()) if _is_free(path)] if place.is_dir() else []


def _wipe(place: Path) -> None:
    for path in leftovers(place.parent):
        shutil.rmtree(path)


def _is_free(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False  # Its step has ended meanwhile.
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """The place for one process at a time, made where it is not there."""
    while True:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(FileNotFoundError):
            descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                # Whoever held it may have been the last and have removed it.
                if place.exists() and os.fstat(descriptor).st_ino == place.stat().st_ino:
                    yield
                    return
            finally:
                os.close(descriptor)
