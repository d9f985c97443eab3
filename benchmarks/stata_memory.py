"""How much memory and time a .dta file takes, by rows: `python -m benchmarks.stata_memory`. Each size runs apart."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

from benchmarks.report import write_section
from fjo_pipeline.core.sessions import open_session
from fjo_pipeline.databank.projects.dictionary import Column, Table
from fjo_pipeline.databank.projects.stata import write_stata

ROWS = (500_000, 2_000_000, 5_000_000)
IDS, CODES, DATES, TEXTS = 3, 3, 3, 2
CELLS = IDS + CODES + DATES + TEXTS


def main() -> None:
    """Write the section of docs/performance.md; with a number of rows, measure that size alone."""
    if len(sys.argv) > 1:
        print(*measured(int(sys.argv[1])))
        return
    lines = ["| rows of 11 columns | seconds | peak memory, MB | bytes a cell |", "|---:|---:|---:|---:|"]
    for rows in ROWS:
        command = [sys.executable, "-m", "benchmarks.stata_memory", str(rows)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        seconds, base, peak = map(float, done.stdout.split())
        cell = (peak - base) * 2**20 / rows / CELLS
        lines.append(f"| {rows:,} | {seconds:.1f} | {peak:,.0f} | {cell:.0f} |")
    write_section("A Stata file's memory", "python -m benchmarks.stata_memory", "\n".join(lines))


def measured(rows: int) -> tuple[float, float, float]:
    """Seconds, and MB of memory before and at the most, for a table of ids, codes, dates and true/false texts."""
    kinds = {"ID": ("BIGINT", IDS), "CODE": ("INTEGER", CODES), "SEEN": ("DATE", DATES), "IS": ("VARCHAR", TEXTS)}
    columns = tuple(Column(f"{name}{n}", kind) for name, (kind, number) in kinds.items() for n in range(number))
    values = {
        "BIGINT": "CAST(random() * 1e14 AS BIGINT)",
        "INTEGER": "CAST(random() * 100 AS INTEGER)",
        "DATE": "DATE '2014-01-01' + CAST(random() * 3650 AS INTEGER)",
        "VARCHAR": "if(random() < 0.5, 'true', 'false')",
    }
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with open_session(folder / "tmp", memory_limit="1GB") as session:
            session.run(f"ATTACH '{folder / 'x.duckdb'}' AS extract", step="begin")
            drawn = ", ".join(f"{values[each.type]} AS {each.name}" for each in columns)
            session.run(f"CREATE TABLE extract.main.t AS SELECT {drawn} FROM range({rows})", step="make rows")
        before = getrusage(RUSAGE_SELF).ru_maxrss / 1024
        with open_session(folder / "tmp", memory_limit="1GB") as session:
            session.run(f"ATTACH '{folder / 'x.duckdb'}' AS extract (READ_ONLY)", step="open")
            began = time.perf_counter()
            table = Table("main", "t", "", "table", rows, columns)
            write_stata(session, table, {}, folder / "t.dta", synthetic=True)
            seconds = time.perf_counter() - began
    return seconds, before, getrusage(RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
