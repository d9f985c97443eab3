"""The lock on a zone's store, freed by the kernel when a process dies, and transactions on it."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fjo_pipeline.core.errors import StoreBusy
from fjo_pipeline.core.sessions import Session


@contextmanager
def store_lock(folder: Path, *, wait_seconds: float, shared: bool = False) -> Iterator[None]:
    """Hold `<folder>/store.lock`, alone or shared among readers; StoreBusy when it is not free in `wait_seconds`."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "store.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(descriptor, path, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, time.monotonic() + wait_seconds)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path, kind: int, until: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise StoreBusy(
                    f"the store of zone {path.parent.name} is being written by another process; try again when it ends"
                ) from None
            time.sleep(0.2)
        else:
            return


@contextmanager
def one_transaction(session: Session) -> Iterator[None]:
    """All that is written inside is there at the end, or none of it is."""
    session.run("BEGIN", step="begin a transaction")
    try:
        yield
    except BaseException:
        session.run("ROLLBACK", step="roll back a transaction")
        raise
    session.run("COMMIT", step="commit a transaction")
