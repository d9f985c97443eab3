"""The lock on a store: one writer at a time over processes, freed by the kernel when the writer is killed."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fjo_pipeline.core.errors import StoreBusy
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.core.stores import one_transaction, store_lock

HOLDER = """
import sys
from pathlib import Path
from fjo_pipeline.core.stores import store_lock
with store_lock(Path(sys.argv[1]), wait_seconds=0, shared=sys.argv[2] == "shared"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_by_another_process(folder: Path, how: str = "alone") -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_process_is_told_that_the_store_is_busy(tmp_path: Path) -> None:
    folder = tmp_path / "ttp"
    with (
        held_by_another_process(folder),
        pytest.raises(StoreBusy, match="store of zone ttp is being written by another process; try again"),
        store_lock(folder, wait_seconds=0),
    ):
        pass


def test_waiting_ends_when_the_other_lets_go(tmp_path: Path) -> None:
    with held_by_another_process(tmp_path) as process:
        assert process.stdin is not None
        process.stdin.close()
        with store_lock(tmp_path, wait_seconds=30):
            pass


def test_waiting_ends_with_busy_when_the_other_does_not(tmp_path: Path) -> None:
    with held_by_another_process(tmp_path), pytest.raises(StoreBusy), store_lock(tmp_path, wait_seconds=0.3):
        pass


def test_a_killed_process_frees_the_store(tmp_path: Path) -> None:
    with held_by_another_process(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        with store_lock(tmp_path, wait_seconds=0):
            pass


def test_readers_share_and_keep_a_writer_out(tmp_path: Path) -> None:
    with held_by_another_process(tmp_path, "shared"):
        with store_lock(tmp_path, wait_seconds=0, shared=True):
            pass
        with pytest.raises(StoreBusy), store_lock(tmp_path, wait_seconds=0):
            pass


def test_an_error_frees_the_store_and_the_lock_is_private(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="broken"), store_lock(tmp_path, wait_seconds=0):
        raise RuntimeError("broken")
    with store_lock(tmp_path, wait_seconds=0):
        assert (tmp_path / "store.lock").stat().st_mode & 0o777 == 0o600


def test_a_transaction_is_kept_whole_or_not_at_all(session: Session) -> None:
    session.run("CREATE TABLE kept (x INTEGER)", step="make")
    with one_transaction(session):
        session.run("INSERT INTO kept VALUES (1)", step="write")
    with pytest.raises(RuntimeError, match="broken"), one_transaction(session):
        session.run("INSERT INTO kept VALUES (2)", step="write")
        raise RuntimeError("broken")
    assert session.rows("FROM kept", step="read") == [(1,)]
