"""The lock on a zone's store, freed by the kernel when a process dies, and transactions on it."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fjo_pipeline.core.errors import StatementFailed, StoreBusy
from fjo_pipeline.core.sessions import Session


@contextmanager
def store_lock(folder: Path, *, wait_seconds: float, shared: bool = False) -> Iterator[None]:
    """Hold `<folder>/store.lock`, alone or shared among readers; StoreBusy when it is not free in `wait_seconds`."""
    busy = f"the store of zone {folder.name} is being written by another process; try again when it ends"
    with file_lock(folder / "store.lock", wait_seconds=wait_seconds, shared=shared, busy=busy):
        yield


@contextmanager
def file_lock(
    path: Path, *, wait_seconds: float, busy: str, shared: bool = False, waits: Callable[[], None] | None = None
) -> Iterator[None]:
    """Hold a lock file; StoreBusy with the words of `busy` when it is not free in `wait_seconds`.

    `waits` is called once where another process has it.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, time.monotonic() + wait_seconds, busy, waits)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, kind: int, until: float, busy: str, waits: Callable[[], None] | None) -> None:
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if waits is not None:
                waits()
                waits = None
            if time.monotonic() >= until:
                raise StoreBusy(busy) from None
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
        # Where the disk is full, DuckDB may have let go of all already: what went wrong first is what is told.
        with suppress(StatementFailed):
            session.run("ROLLBACK", step="roll back a transaction")
        raise
    session.run("COMMIT", step="commit a transaction")
