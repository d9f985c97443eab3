"""What a machine ran out of, disk or memory, told from the errors of DuckDB, SQLite, dbt and the system alike."""

import errno
from typing import Literal

FULL_DISK = (
    "no space left",
    "disk is full",
    "disk full",
    "file too large",
    "disk quota",
    # What SQLite says of a full disk where it has to make its journal first; of a broken one too.
    "disk i/o error",
    # DuckDB takes nine tenths of what is free for its spill, and calls the end of that an end of memory.
    "max_temp_directory_size",
)
NO_MEMORY = ("out of memory", "outofmemory", "could not allocate", "cannot allocate memory")
NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

DISK_IS_FULL = (
    "the disk is full, or cannot be written; make room and run it again: what was begun is taken up where it stood"
)


def exhausted(said: str) -> Literal["disk", "memory"] | None:
    """What an error's text says that there was no more of; None where it says something else."""
    text = said.lower()
    if any(each in text for each in FULL_DISK):
        return "disk"
    return "memory" if any(each in text for each in NO_MEMORY) else None


def exhausted_by(error: BaseException) -> Literal["disk", "memory"] | None:
    """The same of an error or any that it came from; the text is looked at and never shown."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        if isinstance(each, MemoryError):
            return "memory"
        if isinstance(each, OSError) and each.errno in NO_SPACE:
            return "disk"
        if found := exhausted(str(each)):
            return found
        each = each.__cause__ or each.__context__
    return None


def in_words(what: Literal["disk", "memory"], limited_by: str) -> str:
    """What to do about it; `limited_by` is the setting that bounds the memory."""
    return DISK_IS_FULL if what == "disk" else f"the memory that {limited_by} allows is not enough: set it higher"
