"""What checking and splitting a deposit costs: `python -m benchmarks.provider --rows 10000000`.

Each step runs in a process of its own, all of them several times over; seconds are the medians of the step by itself,
without the interpreter's start.
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from fjo_pipeline.core.contracts import contract
from fjo_pipeline.core.csv_loading import SQL_TYPES
from fjo_pipeline.core.deposits import MANIFEST
from fjo_pipeline.core.keyring import Keyring, keyring_path
from fjo_pipeline.core.sessions import literal
from fjo_pipeline.core.settings import REPOSITORY, ZONES, Settings
from fjo_pipeline.provider.flow import Provider, check_split, send_files, split_deposit, take_deposit
from fjo_pipeline.synthetic import build_world

DATASET, REFRESH = "cafcass_england_ecms", "20260701"
ROWS_A_PERSON = 10.2
REPORT = REPOSITORY / "docs" / "performance.md"
SECTION = "## Provider"
HEADER = "| rows | MB | bare read, s | check, s | split, s | guards, s | send, s | check + split / read | peak MB |"
FIGURES = ("seconds", "cpu_seconds", "rss_mb")
CHECK, SPLIT = ("take_deposit",), ("split_deposit", "check_split", "send_files")


def main() -> None:
    """Make a deposit, run bare read, check, split, guards and send, print them, and enter them into the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000, help="rows over all tables, about")
    parser.add_argument("--home", type=Path, help="keep the deposit here and use it again; thrown away without it")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5, help="how often each step is run")
    parser.add_argument("--no-report", action="store_true", help=f"leave {REPORT.name} as it is")
    parser.add_argument("--step", choices=["make", *STEPS], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        _run_step(arguments)
        return
    with tempfile.TemporaryDirectory() as scratch:
        _measure(arguments, arguments.home or Path(scratch))


def make_deposit(settings: Settings, rows: int) -> None:
    """A home with keys, and in its landing a deposit of about `rows` rows."""
    target = settings.landing / DATASET / REFRESH
    if (target / MANIFEST).is_file():
        return
    keyrings = [Keyring.create(zone, keyring_path(settings, zone)) for zone in ZONES]
    for keyring in keyrings:
        for other in keyrings:
            if other is not keyring:
                keyring.trust(other.card)
    target.mkdir(parents=True)
    people = round(rows / ROWS_A_PERSON)
    build_world(1, people, 3 * people).write_deposit(DATASET, REFRESH, target)


def bare_read(settings: Settings) -> None:
    """Each CSV into a typed table, with nothing checked: what the steps are measured against."""
    folder = settings.landing / DATASET / REFRESH
    with duckdb.connect(config={"threads": settings.threads}) as db:
        for table in contract(DATASET).tables:
            types = ", ".join(f"{literal(field.name)}: '{SQL_TYPES[field.type]}'" for field in table.fields)
            source = f"read_csv({literal(folder / table.path)}, header = true, columns = {{{types}}})"
            db.execute(f"CREATE TABLE {table.name} AS SELECT * FROM {source}")


def _guards(settings: Settings) -> None:
    failed = [each.name for each in check_split(Provider(settings), DATASET, REFRESH) if not each.passed]
    if failed:
        raise SystemExit(f"the guards failed: {', '.join(failed)}")


STEPS: dict[str, Callable[[Settings], object]] = {
    "bare_read": bare_read,
    "take_deposit": lambda settings: take_deposit(Provider(settings), DATASET, REFRESH),
    "split_deposit": lambda settings: split_deposit(Provider(settings), DATASET, REFRESH),
    "check_split": _guards,
    "send_files": lambda settings: send_files(Provider(settings), DATASET, REFRESH),
}


def _run_step(arguments: argparse.Namespace) -> None:
    settings = Settings(home=arguments.home, threads=arguments.threads, settle_seconds=0)
    if arguments.step == "make":
        make_deposit(settings, arguments.rows)
        return
    start, cpu = time.perf_counter(), time.process_time()
    STEPS[arguments.step](settings)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds, "rss_mb": _peak_mb()}))


def _peak_mb() -> float:
    """The peak memory of this process; getrusage would also count what its parent had at the fork."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else float("nan")


def _measure(arguments: argparse.Namespace, home: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.provider", "--home", str(home), "--rows", str(arguments.rows)]
    command += ["--threads", str(arguments.threads), "--step"]
    subprocess.run([*command, "make"], check=True, cwd=REPOSITORY)
    runs: dict[str, list[dict[str, float]]] = {step: [] for step in STEPS}
    for _ in range(arguments.repeats):
        for step in STEPS:
            output = subprocess.run([*command, step], check=True, cwd=REPOSITORY, capture_output=True, text=True).stdout
            runs[step].append(json.loads(output))
    figures = {step: {name: statistics.median(run[name] for run in runs[step]) for name in FIGURES} for step in STEPS}
    for step in STEPS:
        seconds, cpu, peak = (figures[step][each] for each in FIGURES)
        print(f"{step:16}{seconds:8.1f} s {cpu:8.1f} s of processor {peak:8,.0f} MB", flush=True)
    ratio, of_cpu = (
        sum(figures[step][each] for step in (*CHECK, *SPLIT)) / figures["bare_read"][each]
        for each in ("seconds", "cpu_seconds")
    )
    print(f"check + split: {ratio:.2f} times one bare read; {of_cpu:.2f} times by processor time")
    if not arguments.no_report:
        _enter(Settings(home=home), figures, ratio)


def _enter(settings: Settings, figures: dict[str, dict[str, float]], ratio: float) -> None:
    """Write the figures as the one row of the report's section, whose other sections stay as they are."""
    folder = settings.landing / DATASET / REFRESH
    manifest = json.loads((folder / MANIFEST).read_text())
    with duckdb.connect() as db:
        files = ", ".join(literal(folder / each["path"]) for each in manifest["resources"])
        counted = db.execute(f"SELECT count(*) FROM read_csv([{files}], columns = {{'row': 'VARCHAR'}}, delim = '\n')")
        (rows,) = counted.fetchall()[0]
    size = sum(each["bytes"] for each in manifest["resources"]) / 1e6
    seconds = " | ".join(f"{figures[step]['seconds']:.1f}" for step in STEPS)
    peak = max(figures[step]["rss_mb"] for step in (*CHECK, *SPLIT))
    section = (
        f"{SECTION}\n\nMade with `python -m benchmarks.provider --rows 10000000`, DuckDB {duckdb.__version__}, "
        f"Python {platform.python_version()}, two cores: a synthetic ECMS deposit, each step in a process of its own, "
        f"medians of several runs. "
        f"The bare read is DuckDB's `read_csv` of the same files into typed tables on as many threads. "
        f"Load of the machine over the last five minutes: {os.getloadavg()[1]:.0f}.\n\n"
        f"{HEADER}\n{'|---' * HEADER.count(' | ')}|---|\n"
        f"| {rows:,} | {size:,.0f} | {seconds} | {ratio:.2f} | {peak:,.0f} |\n"
    )
    text = REPORT.read_text() if REPORT.is_file() else "# Performance\n\nWhat was measured, and how.\n"
    others = re.sub(rf"\n?{SECTION}\n.*?(?=\n## |\Z)", "", text, flags=re.DOTALL)
    REPORT.write_text(f"{others.rstrip()}\n\n{section}")


if __name__ == "__main__":
    main()
