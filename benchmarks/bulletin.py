"""How long the bulletin takes, and how much a first view loads: every area of England and Wales, on made-up tables."""

import csv
import resource
import sys
import tempfile
import time
from pathlib import Path

from fjo_pipeline.databank.bulletin.making import make_bulletin
from fjo_pipeline.databank.dbt import MODELS
from tests.bulletin_package import ENGLAND, WALES, every_table


def every_area() -> list[tuple[str, str, str]]:
    """Nations, regions, DFJ areas and local authorities as the seeds have them."""
    authorities = _seed("local_authorities")
    regions = sorted({row["REGION_NM"] for row in authorities} - {"Wales"})
    return [
        ENGLAND,
        WALES,
        *(("region", f"E1200000{place}", name) for place, name in enumerate(regions, 1)),
        *(("dfj_area", row["DFJ_AREA"], row["DFJ_AREA"].replace("_", " ").title()) for row in _seed("dfj_areas")),
        *(("local_authority", row["LA_CD"], row["LA_NM"]) for row in authorities),
    ]


def main() -> None:
    """Print the measures as a table."""
    with tempfile.TemporaryDirectory() as scratch:
        areas = every_area()
        package = every_table(Path(scratch) / "package", areas, policy={"area_approval": "benchmark"})
        rows = sum(len(table.read_bytes().splitlines()) - 1 for table in package.glob("tables/*.csv"))
        begun, used = time.perf_counter(), time.process_time()
        make_bulletin(package, package / "bulletin")
        seconds, processor = time.perf_counter() - begun, time.process_time() - used
        shared = sum(each.stat().st_size for each in (package / "bulletin" / "assets").glob("*.*s"))
        largest = max(each.stat().st_size for each in (package / "bulletin").rglob("*.html"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(
        "| areas | published rows | seconds | of processor | peak MB | largest first view, KB |\n"
        "|---:|---:|---:|---:|---:|---:|\n"
        f"| {len(areas)} | {rows:,} | {seconds:.1f} | {processor:.1f} | {peak:.0f} "
        f"| {(shared + largest) / 1000:.0f} |\n"
    )


def _seed(name: str) -> list[dict[str, str]]:
    with (MODELS / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main()
