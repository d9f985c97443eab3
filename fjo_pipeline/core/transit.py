"""The folders between zones: what is laid there is sealed, and where users share them, opened to the inbox's group."""

import os
import stat
from pathlib import Path

from fjo_pipeline.core.files import move_folder

GROUP_MAY_WRITE = stat.S_IWGRP


def lay(folder: Path, inbox: Path, place: Path) -> None:
    """Move a sealed transfer into an inbox, at a place below it, in one step.

    Where the inbox lets its group write, so may the group read this and take it away: recipient and sender are two
    users then. Elsewhere all of it stays the one user's own.
    """
    inbox.mkdir(parents=True, exist_ok=True, mode=0o700)
    shared = inbox.stat().st_gid if inbox.stat().st_mode & GROUP_MAY_WRITE else None
    between = inbox
    for part in place.parent.parts:
        between /= part
        if not between.exists():
            between.mkdir(mode=0o700)
            _open(between, shared)
    for path in (*folder.iterdir(), folder):
        _open(path, shared)
    move_folder(folder, inbox / place)


def _open(path: Path, group: int | None) -> None:
    if group is not None:
        os.chown(path, -1, group)
        # The group is kept by what is made below it.
        path.chmod(0o2770 if path.is_dir() else 0o640)
