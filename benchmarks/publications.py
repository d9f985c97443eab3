"""Publishing a home's released marts: seconds and peak memory of `fjo publish`, and what was published.

The home is one whose views are built and released, such as `python -m benchmarks.england --keep` leaves; a copy of it,
because what is published stays on its record.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter

from benchmarks.report import write_section


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--home", type=Path, required=True, help="a home with released views")
    arguments.add_argument("--policy", default="sail-2025")
    arguments.add_argument("--title", help="write the table into docs/performance.md under this heading")
    chosen = arguments.parse_args()
    environment = os.environ | {"FJO_HOME": str(chosen.home)}
    started = perf_counter()
    command = [sys.executable, "-m", "fjo_pipeline.cli", "publish", "--policy", chosen.policy, "--json"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit("fjo publish failed")
    made = json.loads(said)
    rows = sum(each["rows"] for each in made["tables"].values())
    table = "\n".join(
        [
            "| tables | rows | seconds | processor seconds | peak MB |",
            "|---:|---:|---:|---:|---:|",
            f"| {len(made['tables'])} | {rows:,} | {perf_counter() - started:.1f} "
            f"| {usage.ru_utime + usage.ru_stime:.1f} | {usage.ru_maxrss / 1024:,.0f} |",
        ]
    )
    print(table)
    if chosen.title:
        write_section(chosen.title, f"python -m benchmarks.publications --home … --policy {chosen.policy}", table)


if __name__ == "__main__":
    main()
