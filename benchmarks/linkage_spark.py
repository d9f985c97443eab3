"""Linkage in DuckDB and on local Spark, on the same synthetic people, for the table in docs/linkage.md.

`python -m benchmarks.linkage_spark --sizes 2000x20000,20000x200000`; it needs the extra `spark`.
"""

import argparse
import os
import tempfile
import threading
from pathlib import Path

import duckdb

from benchmarks.linkage_data import write_standard
from fjo_pipeline.ttp.linkage.evaluate import Evaluation, evaluate
from fjo_pipeline.ttp.linkage.spark import Engine

ENGINES: tuple[Engine, ...] = ("duckdb", "spark")


def main() -> None:
    """Print one row a size and engine; Spark starts in the first of its rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="2000x20000,20000x200000")
    print("| people asked for | register | engine | scoring, s | in all, s | Spark, peak MB | other links |")
    print("|---:|---:|---|---:|---:|---:|---:|")
    for size in parser.parse_args().sizes.split(","):
        people, register = (int(number) for number in size.split("x"))
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            write_standard(people, register, 5, folder)
            for engine in ENGINES:
                result, peak = measured(folder, engine)
                cells = (f"{people:,}", f"{register:,}", engine, result.seconds["probabilistic"], total(result), peak)
                print("|", " | ".join(map(str, cells)), "|", different(folder) if engine == "spark" else "", "|")
    print("Load of the machine over the last five minutes:", round(os.getloadavg()[1]))


def measured(folder: Path, engine: Engine) -> tuple[Evaluation, int]:
    """The linkage, and the most memory that child processes had at one time."""
    done, peaks = threading.Event(), [0]

    def watch() -> None:
        while not done.wait(0.5):
            peaks.append(sum(resident(child) for child in descendants(os.getpid())))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        result = evaluate(
            *(folder / f"{name}.parquet" for name in ("register", "people", "truth")),
            temp_directory=folder / "spill",
            links=folder / f"{engine}.parquet",
            engine=engine,
        )
    finally:
        done.set()
        watcher.join()
    return result, max(peaks) // 1024


def total(result: Evaluation) -> float:
    return round(sum(result.seconds.values()), 1)


def different(folder: Path) -> int:
    """People whose register person or status differ, or whose probability does by more than a millionth."""
    others: int = duckdb.sql(
        f"""SELECT count(*) FROM '{folder}/duckdb.parquet' d FULL JOIN '{folder}/spark.parquet' s USING (person_id)
        WHERE d.register_id IS DISTINCT FROM s.register_id OR d.alf_sts_cd IS DISTINCT FROM s.alf_sts_cd
           OR abs(d.alf_mtch_pct - s.alf_mtch_pct) > 0.000001"""
    ).fetchall()[0][0]
    return others


def descendants(pid: int) -> list[int]:
    children = [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in _read(path).split()]
    return children + [below for child in children for below in descendants(child)]


def resident(pid: int) -> int:
    lines = [line for line in _read(Path(f"/proc/{pid}/status")).splitlines() if line.startswith("VmRSS")]
    return int(lines[0].split()[1]) if lines else 0


def _read(path: Path) -> str:
    """A file of /proc; empty where its process has ended."""
    try:
        return path.read_text()
    except OSError:
        return ""


if __name__ == "__main__":
    main()
