"""Files that are there whole or not at all, and their digests."""

import fcntl
import hashlib
import os
import shutil
from pathlib import Path


def write_atomically(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write a file so that a reader, or a crash, sees the old content or the new one and nothing between."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def exchange_atomically(path: Path, before: bytes | None, content: bytes, *, mode: int = 0o600) -> bool:
    """Write a file where it still holds `before` (None: is not there yet), one process at a time; False where not.

    For files that are read, changed and written again, and in which no change of another process may be lost. What a
    killed process left half written goes.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        # The lock is on the folder, for the file itself is another one after each write.
        fcntl.flock(folder, fcntl.LOCK_EX)
        if (path.read_bytes() if path.exists() else None) != before:
            return False
        for leftover in path.parent.glob(f".{path.name}.*.tmp"):
            leftover.unlink()
        write_atomically(path, content, mode=mode)
    finally:
        os.close(folder)
    return True


def move_folder(source: Path, target: Path) -> None:
    """Rename a folder into place on one file system; what stands there already is replaced.

    It goes out of the way at once, so that nobody finds half of it, and beside the source, where drafts lie: beside the
    target a killed step would leave what readers of that place take for one thing more.
    """
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = source.with_name(f".{source.name}.replaced.tmp")
    shutil.rmtree(aside, ignore_errors=True)
    if target.exists():
        target.rename(aside)
    source.rename(target)
    shutil.rmtree(aside, ignore_errors=True)


def sha256_of_file(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex, read in bounded memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_texts(*texts: str) -> str:
    """One SHA-256, in hex, of several texts in their order, none of which can run into the next."""
    digest = hashlib.sha256()
    for text in texts:
        encoded = text.encode()
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()
