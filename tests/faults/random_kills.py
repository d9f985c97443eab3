"""`fjo refresh` with Dagster and dbt, killed -9 again and again at random instants until it has come to its end."""

import os
import random
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from fjo_pipeline.core.settings import REPOSITORY, Settings
from tests.faults.contents import Contents, contents, differing
from tests.faults.dagster_processes import PROGRAMS, REFRESHES, Home, Imagined


@dataclass(frozen=True)
class Undisturbed:
    """What a refresh ends in that nobody killed, and how long it took, in seconds."""

    contents: Contents
    seconds: float


def deposited(prepared: Home, world: Imagined, target: Path, refreshes: tuple[str, ...] = REFRESHES) -> Home:
    """A copy of a prepared home with deposits in landing and nothing done yet."""
    home = prepared.copy(target)
    for refresh in refreshes:
        home.land(world.deposit(refresh))
    return home


def reworded(home: Home) -> Home:
    """The same home with another wording of its contracts, so that every refresh is due again and holds the same.

    It is a backfill of all that was ever deposited, from landing on.
    """
    contracts = home.path.parent / "reworded"
    shutil.copytree(REPOSITORY / "fjo_pipeline" / "contracts", contracts)
    for path in contracts.glob("cafcass_*.yaml"):
        path.write_text(path.read_text().replace("\ntitle: ", "\ntitle: Again, ", 1))
    return Home(home.path, home.transfers, home.settings | {"FJO_CONTRACTS": str(contracts)})


def settings_of(home: Home) -> Settings:
    """The settings that the home's processes have."""
    given = {name.removeprefix("FJO_").lower(): value for name, value in home.settings.items()}
    return Settings(home=home.path, settle_seconds=0, **given)  # type: ignore[arg-type]


def undisturbed(home: Home) -> Undisturbed:
    """Let a refresh run to its end."""
    began = time.monotonic()
    home.fjo("refresh")
    return Undisturbed(contents(settings_of(home)), time.monotonic() - began)


def kill_at_random(home: Home, kills: int, seconds: float, chance: random.Random) -> int:
    """Start a refresh and kill it at a random instant, so many times; returns how often one was killed.

    Half of them die with all that they started; of the others dbt lives on, as where a system runs out of memory. Each
    gets twice its share of the time on average, for it has to begin anew: so the instants lie over the whole chain.
    """
    killed = 0
    for _ in range(kills):
        with_all = chance.random() < 0.5
        process = subprocess.Popen(
            [PROGRAMS / "fjo", "refresh"],
            env=home.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(chance.uniform(0.2, 4 * seconds / kills))
        except subprocess.TimeoutExpired:
            killed += 1
            os.killpg(process.pid, signal.SIGKILL) if with_all else process.kill()
            process.wait()
        else:
            assert process.returncode == 0, process.returncode
            break
    return killed


def faults_after(home: Home, reference: Undisturbed) -> list[str]:
    """End what was begun, and say what is not as undisturbed, or not mended by `fjo doctor --mend`."""
    home.fjo("refresh")
    wrong = [f"{name} is not as undisturbed" for name in differing(contents(settings_of(home)), reference.contents)]
    doctor = home.fjo("doctor", "--mend").stdout.strip()
    if doctor != "this home is sound":
        wrong.append(doctor)
    again = home.fjo("refresh").stdout
    if "nothing is due" not in again:
        wrong.append(f"something was due once more: {again}")
    return wrong
