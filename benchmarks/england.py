"""England 2007-2019, public law: a deposit of its size through the whole chain, seconds and peak memory by stage."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from benchmarks.report import write_section
from fjo_pipeline.synthetic import build_world

DATASET = "cafcass_england_ecms"
REFRESH = "20190331"
PEOPLE = 631_900
REGISTER_PEOPLE = 3_000_000
CASES, CHILDREN, ADULTS = 172_100, 282_300, 349_600


@dataclass(frozen=True)
class Stage:
    """A stage as its own process: its name, seconds, and peak resident memory of it or any child, in MB."""

    name: str
    seconds: float
    peak_mb: float


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--share", type=float, default=1.0, help="of England's size, for a quick look")
    arguments.add_argument("--keep", type=Path, help="keep the world and home here")
    arguments.add_argument("--world", type=Path, help="only make the world, here")
    chosen = arguments.parse_args()
    if chosen.world is not None:
        make_world(chosen.world, chosen.share)
        return
    folder = chosen.keep or Path(tempfile.mkdtemp(prefix="fjo-england-"))
    try:
        stages = run(folder, chosen.share)
    finally:
        if chosen.keep is None:
            shutil.rmtree(folder)
    report(stages, chosen.share)


def run(folder: Path, share: float) -> list[Stage]:
    world = folder / "world"
    started = perf_counter()
    if not world.exists():
        # In a process of its own: a child's peak memory is counted from what its parent held when it forked.
        subprocess.run(
            [sys.executable, "-m", "benchmarks.england", "--world", world, "--share", str(share)], check=True
        )
    print(f"world made in {perf_counter() - started:.1f} s, not counted", flush=True)
    fjo = [sys.executable, "-m", "fjo_pipeline.cli"]
    commands = {
        "init": ["init"],
        "register add": ["register", "add", str(world / "register")],
        "reference add": ["reference", "add", "postcode_to_lsoa", str(world / "postcode_to_lsoa.csv")],
        "deposit add": ["deposit", "add", str(world / "deposit")],
        "check, split, send (provider)": ["refresh", "--zone", "provider"],
        "link, File 3 (ttp)": ["refresh", "--zone", "ttp"],
        "curate, views, release, extract (databank)": ["refresh", "--zone", "databank"],
    }
    shutil.rmtree(folder / "home", ignore_errors=True)
    environment = os.environ | {"FJO_HOME": str(folder / "home"), "FJO_SETTLE_SECONDS": "0"}
    stages = [measure(name, [*fjo, *arguments], environment) for name, arguments in commands.items()]
    shown = subprocess.run([*fjo, "status", "--json"], env=environment, capture_output=True, text=True, check=True)
    print(json.dumps(json.loads(shown.stdout)["refreshes"], indent=1))
    return stages


def make_world(folder: Path, share: float) -> None:
    people, register = round(PEOPLE * share), round(REGISTER_PEOPLE * share)
    world = build_world(1, people, register, first_year=2007, last=REFRESH, private_share=0.0)
    world.write_register(REFRESH, folder / "register")
    world.write_postcodes(folder / "postcode_to_lsoa.csv")
    world.write_deposit(DATASET, REFRESH, folder / "deposit")


def measure(name: str, command: Sequence[str], environment: dict[str, str]) -> Stage:
    started = perf_counter()
    process = subprocess.Popen(command, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    stage = Stage(name, perf_counter() - started, usage.ru_maxrss / 1024)
    if status:
        raise SystemExit(f"{name} failed")
    print(f"{name:<45}{stage.seconds:>8.1f} s{stage.peak_mb:>8.0f} MB", flush=True)
    return stage


def report(stages: Sequence[Stage], share: float) -> None:
    total, peak = sum(each.seconds for each in stages), max(each.peak_mb for each in stages)
    rows = [f"| {each.name} | {each.seconds:.1f} | {each.peak_mb:,.0f} |" for each in stages]
    table = "\n".join(
        [
            "| stage | seconds | peak MB |",
            "|---|---:|---:|",
            *rows,
            f"| **in all** | **{total:.1f}** | **{peak:,.0f}** |",
        ]
    )
    print(table)
    if share == 1.0:
        title = f"England 2007-2019, public law, against a register of {REGISTER_PEOPLE // 1_000_000} million"
        write_section(title, "python -m benchmarks.england", table)


if __name__ == "__main__":
    main()
