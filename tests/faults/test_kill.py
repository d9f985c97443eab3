"""`fjo refresh` killed with -9 in the middle of any stage leaves nothing that the next one cannot mend."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.dagster_processes import PROGRAMS, REFRESHES, Home, Imagined, wait_until

pytestmark = pytest.mark.slow

PATIENCE = 600.0

IN_THE_MIDDLE: dict[str, Callable[[Path], bool]] = {
    "checking": lambda home: _any(home / "provider" / "work" / "checked"),
    "splitting": lambda home: _any(home / "provider" / "work" / "file_1"),
    "sending": lambda home: _any(home / "transfers" / "ttp"),
    "linking": lambda home: (home / "ttp" / "ttp.duckdb.wal").exists(),
    "writing File 3": lambda home: _any(home / "ttp" / "work" / "file_3"),
    "curating": lambda home: _any(home / "databank" / "lake"),
    "building the views": lambda home: _any(home / "databank" / "lake" / "intermediate"),
    "extracting": lambda home: _any(home / "databank" / "projects" / "1661"),
}
"""A sign on disk that a stage is under way and has not ended."""


def test_a_refresh_killed_in_every_stage_ends_well_and_in_the_same_tables(
    home: Home, world: Imagined, undisturbed: dict[str, Any]
) -> None:
    for refresh in REFRESHES:
        home.land(world.deposit(refresh))
    for stage, under_way in IN_THE_MIDDLE.items():
        _kill_in(home, stage, under_way)
        assert not home.extract.exists(), f"the refresh was past {stage} before it was killed"
    home.fjo("refresh")
    assert home.provided() == undisturbed
    assert home.fjo("doctor").stdout.strip() == "this home is sound"
    assert "nothing is due" in home.fjo("refresh").stdout


def test_no_half_written_file_outlives_the_refresh_that_mends(home: Home, world: Imagined) -> None:
    home.land(world.deposit(REFRESHES[0]))
    _kill_in(home, "splitting", IN_THE_MIDDLE["splitting"])
    home.fjo("refresh", "--zone", "provider")
    assert not _any(home.path / "provider" / "work" / "file_1")
    assert not _any(home.path / "provider" / "work" / "file_2")
    assert not list((home.path / "provider").rglob("*.tmp"))


def _kill_in(home: Home, stage: str, under_way: Callable[[Path], bool]) -> None:
    """Start a refresh and kill its process, and no other, at the first sign of a stage."""
    assert not under_way(home.path), f"there is a sign of {stage} already"
    process = subprocess.Popen(
        [PROGRAMS / "fjo", "refresh"], env=home.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: under_way(home.path) or _ended(process), PATIENCE, stage, every=0.01)
        assert process.poll() is None, f"the refresh ended before {stage}"
    finally:
        process.kill()
        process.wait()


def _ended(process: "subprocess.Popen[bytes]") -> bool:
    return process.poll() is not None


def _any(folder: Path) -> bool:
    return any(path.is_file() for path in folder.rglob("*"))
