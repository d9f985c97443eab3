"""The lock on a zone's store: one writer at a time, freed by the kernel when a process dies."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fjo_pipeline.core.errors import StoreBusy


@contextmanager
def store_lock(folder: Path, *, wait_seconds: float) -> Iterator[None]:
    """Hold `<folder>/store.lock`; StoreBusy when another process does not let go within `wait_seconds`."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "store.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(descriptor, path, time.monotonic() + wait_seconds)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path, until: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise StoreBusy(
                    f"the store of zone {path.parent.name} is being written by another process; try again when it ends"
                ) from None
            time.sleep(0.2)
        else:
            return
