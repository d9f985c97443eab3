"""Processes that die, disks that fill up, clocks that jump: how often all ended as if nothing had happened."""

import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.torture import Attack, by_tests
from tests.faults.crashing import scenarios, torture
from tests.faults.dagster_processes import Home, imagine, prepare
from tests.faults.random_kills import deposited, faults_after, kill_at_random, reworded, undisturbed

PROMISE = "nothing is half done, nothing is lost"
INSTANTS = 12
"""Boundaries of each of the five scenarios at which a refresh is killed, evenly over all of them."""
ROUNDS, KILLS, SEED = 5, 12, 7
"""The whole chain with Dagster and dbt: rounds, instants of each at random, and their seed. The last is a backfill."""


def attacks() -> Iterator[Attack]:
    """Kills at exact boundaries, kills at random instants, and hardships that a test each goes through."""
    with tempfile.TemporaryDirectory(prefix="fjo-torture-") as scratch:
        yield from at_boundaries(Path(scratch))
    with tempfile.TemporaryDirectory(prefix="fjo-torture-") as scratch:
        yield from at_random(Path(scratch))
    yield by_tests(PROMISE, "a full disk, too little memory, a held store, a clock", "tests/faults/test_hardship.py")
    yield by_tests(PROMISE, "the Dagster daemon killed in a run and back", "tests/faults/test_dagster_killed.py")


def at_boundaries(folder: Path) -> Iterator[Attack]:
    """`kill -9` before the n-th write, commit or rename of each zone's part, of a backfill, of a rewrite."""
    for each in scenarios(folder):
        found = torture(each, INSTANTS, folder)
        _tell(found)
        yield Attack(
            PROMISE,
            f"kill -9 at boundaries of {each.name} ({len(each.boundaries)} in all)",
            len(found),
            sum(not faults for faults in found.values()),
            "tests/faults/test_boundaries.py",
        )


def at_random(folder: Path, rounds: int = ROUNDS, kills: int = KILLS) -> Iterator[Attack]:
    """`kill -9` at random instants of the whole chain with Dagster and dbt, and of a backfill of all refreshes."""
    world = imagine(folder / "world")
    home = prepare(Home(folder / "prepared"), world)
    done = deposited(home, world, folder / "undisturbed")
    reference = undisturbed(done)
    again = reworded(done.copy(folder / "again" / "home"))
    backfill = undisturbed(again)
    for number in range(rounds):
        is_backfill = number == rounds - 1
        target = folder / f"round-{number}" / "home"
        killed = reworded(done.copy(target)) if is_backfill else deposited(home, world, target)
        expected = backfill if is_backfill else reference
        times = kill_at_random(killed, kills, expected.seconds, random.Random(SEED + number))
        name = "a backfill of all refreshes" if is_backfill else f"the whole chain, seed {SEED + number}"
        faults = faults_after(killed, expected)
        _tell({name: faults})
        # One fault at the end speaks against all of its kills: which of them did it cannot be told.
        held = 0 if faults else times
        yield Attack(PROMISE, f"kill -9 at random instants of {name}", times, held, "tests/faults/test_kill.py")


def _tell(found: dict[str, list[str]]) -> None:
    for name, faults in found.items():
        for fault in faults:
            print(f"{name}: {fault}", file=sys.stderr, flush=True)
