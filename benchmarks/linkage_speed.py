"""Our linkage beside Splink as documented: `python -m benchmarks.linkage_speed --people 300000 --register 3000000`.

Each runs as a process of its own, one after the other, on the same files: ours as `fjo linkage evaluate` with the
shipped model, Splink as `benchmarks.linkage_splink`. Seconds are of the whole process, the interpreter's start
included; ours score themselves against the truth in that time too. `--growth` runs five sizes and draws them, Splink
on four: it has no memory here for the largest.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.linkage_data import write_standard
from benchmarks.linkage_plot import growth_svg
from benchmarks.linkage_splink import NAMES
from benchmarks.report import write_section
from fjo_pipeline.core.settings import REPOSITORY

TITLE, GROWTH = "Linkage beside Splink", "Linkage as it grows"
PLOT = REPOSITORY / "docs" / "linkage-growth.svg"
# The last day of the synthetic world, when nearly all people asked for have come to court.
REFRESH, SEED = "20261231", 11
SIZES = tuple((people, 10 * people) for people in (30_000, 60_000, 100_000, 300_000, 1_000_000))
MOST_FOR_SPLINK = 3_000_000
POLL_SECONDS = 0.02
AT = 0.5


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1 of the links at a least probability."""

    least: float
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Run:
    """One process: seconds and peak resident memory in MB, and how good its links are."""

    name: str
    seconds: float
    peak_mb: float
    scores: tuple[Score, ...] = ()


@dataclass(frozen=True)
class Size:
    """A data set's people and register people, and the runs on it."""

    people: int
    register: int
    runs: tuple[Run, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=300_000)
    parser.add_argument("--register", type=int, default=3_000_000)
    parser.add_argument("--data", type=Path, help="keep the data here, or take what is here already")
    parser.add_argument("--growth", action="store_true", help="five sizes, up to a million against ten million")
    parser.add_argument("--ours-only", action="store_true")
    parser.add_argument("--no-report", action="store_true", help="leave docs/performance.md as it is")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fjo-linkage-") as scratch:
        data = options.data or Path(scratch)
        if options.growth:
            sizes = [measure(data, *size, splink=_splink_for(size[1], options.ours_only), at=(AT,)) for size in SIZES]
            table = growth_table(sizes)
        else:
            splink = () if options.ours_only else NAMES
            table = comparison_table(measure(data, options.people, options.register, splink=splink))
    print(table)
    if options.no_report:
        return
    if options.growth:
        PLOT.write_text(growth_plot(sizes))
        drawn = f"{table}\n\n![Seconds and memory by people]({PLOT.name})"
        write_section(GROWTH, "python -m benchmarks.linkage_speed --growth", drawn)
    else:
        command = f"python -m benchmarks.linkage_speed --people {options.people} --register {options.register}"
        write_section(TITLE, command, table)


def _splink_for(register: int, ours_only: bool) -> Sequence[str]:
    return () if ours_only or register > MOST_FOR_SPLINK else NAMES[:1]


def measure(
    data: Path, people: int, register: int, *, splink: Sequence[str], at: Sequence[float | None] = (None, AT)
) -> Size:
    """Make the data where they are not there yet, and run ours, at each threshold, and Splink's forms on them."""
    folder = data / f"{people}_x_{register}"
    if not (folder / "truth.parquet").is_file():
        started = time.perf_counter()
        write_standard(people, register, SEED, folder, REFRESH)
        print(f"{people:,} x {register:,} made in {time.perf_counter() - started:.0f} s, not counted", flush=True)
    with tempfile.TemporaryDirectory(prefix="fjo-links-") as scratch:
        runs = [_ours(folder, Path(scratch), at)]
        runs += [_splink(folder, Path(scratch), names) for names in splink]
    with duckdb.connect() as db:
        counted = [
            db.execute(f"SELECT count(DISTINCT {column}) FROM '{folder}/{table}.parquet'").fetchall()[0][0]
            for table, column in (("people", "person_id"), ("register", "register_id"))
        ]
    return Size(counted[0], counted[1], tuple(runs))


def _ours(folder: Path, scratch: Path, at: Sequence[float | None]) -> Run:
    """At each least probability, none being the shipped threshold; the first one's time counts."""
    result = scratch / "ours.json"
    files = [f"--{name}={folder / name}.parquet" for name in ("register", "people", "truth")]
    command = [sys.executable, "-m", "fjo_pipeline.cli", "linkage", "evaluate", *files, f"--json={result}"]
    runs, scores = [], []
    for least in at:
        runs.append(run_process("ours", command if least is None else [*command, f"--min-probability={least}"]))
        read = json.loads(result.read_text())
        scores.append(Score(read["threshold"], read["precision"], read["recall"], read["f1"]))
    return Run(runs[0].name, runs[0].seconds, runs[0].peak_mb, tuple(scores[::-1]))


def _splink(folder: Path, scratch: Path, names: str) -> Run:
    links = scratch / f"splink_{names}.parquet"
    command = [sys.executable, "-m", "benchmarks.linkage_splink", str(folder), str(links), names]
    run = run_process(f"Splink, names {names}", command)
    truth = folder / "truth.parquet"
    return Run(run.name, run.seconds, run.peak_mb, tuple(score_links(links, truth, least) for least in (AT, 0.9)))


def run_process(name: str, command: Sequence[str]) -> Run:
    """Run a command to its end; its peak memory is its own, not what this process held when it forked."""
    environment = os.environ | {"FJO_THREADS": "2"}
    with tempfile.TemporaryFile("w+") as said:
        peak, started = 0.0, time.perf_counter()
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=said, stderr=said, env=environment)
        while process.poll() is None:
            peak = max(peak, _peak_mb(process.pid))
            time.sleep(POLL_SECONDS)
        run = Run(name, time.perf_counter() - started, peak)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{name} failed:\n{said.read()}")
    print(f"{name:<24}{run.seconds:>8.1f} s{run.peak_mb:>8,.0f} MB", flush=True)
    return run


def _peak_mb(pid: int) -> float:
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        found = None
    return int(found[1]) / 1024 if found else 0.0


def score_links(links: Path, truth: Path, least: float) -> Score:
    """The measure of `fjo linkage evaluate`: a person's one link is right, wrong or missing."""
    with duckdb.connect() as db:
        linked, right, registered = db.execute(
            f"""SELECT count(l.register_id), count(*) FILTER (l.register_id = t.register_id), count(t.register_id)
            FROM '{truth}' t LEFT JOIN (FROM '{links}' WHERE probability >= {least}) l USING (person_id)"""
        ).fetchall()[0]
    return Score(least, right / max(linked, 1), right / max(registered, 1), 2 * right / max(linked + registered, 1))


def comparison_table(size: Size) -> str:
    """A row a run and least probability; the time of others as a multiple of ours."""
    ours = size.runs[0]
    lines = [
        f"{size.people:,} people against {size.register:,} register people, seed {SEED}.\n",
        "| | seconds | times ours | peak MB | at | precision | recall | F1 |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for run in size.runs:
        first = f"| {run.name} | {run.seconds:.1f} | {run.seconds / ours.seconds:.1f} | {run.peak_mb:,.0f} "
        for score in run.scores:
            quality = f"{score.precision:.4f} | {score.recall:.4f} | {score.f1:.4f}"
            lines.append(f"{first}| {score.least} | {quality} |")
            first = "| | | | "
    return "\n".join(lines)


def growth_table(sizes: Sequence[Size]) -> str:
    """A row a size and run; seconds for a million people show whether time grows faster than people do."""
    lines = [
        "| people | register people | | seconds | seconds a million people | peak MB | F1 at 0.5 |",
        "|---:|---:|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {size.people:,} | {size.register:,} | {run.name} | {run.seconds:.1f} "
        f"| {run.seconds / size.people * 1e6:.0f} | {run.peak_mb:,.0f} | {run.scores[0].f1:.4f} |"
        for size in sizes
        for run in size.runs
    ]
    return "\n".join(lines)


def growth_plot(sizes: Sequence[Size]) -> str:
    seconds: dict[str, list[tuple[float, float]]] = {}
    memory: dict[str, list[tuple[float, float]]] = {}
    for size in sizes:
        for run in size.runs:
            seconds.setdefault(run.name, []).append((size.people, run.seconds))
            memory.setdefault(run.name, []).append((size.people, run.peak_mb))
    across = "people, against ten times as many; dashed: in proportion"
    return growth_svg({"seconds": seconds, "peak memory, MB": memory}, across)


if __name__ == "__main__":
    main()
