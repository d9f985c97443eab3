"""How long a synthetic world takes: `python -m benchmarks.synthetic --register 1000000 --people 100000`."""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from fjo_pipeline.synthetic import DATASETS, build_world


def main() -> None:
    """Print seconds by step and the peak memory of building one world and writing its deliveries once each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--register", type=int, default=1_000_000, help="people on the register")
    parser.add_argument("--people", type=int, default=100_000, help="people in each nation's proceedings, at most")
    parser.add_argument("--refresh", default="20260701")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first-year", type=int, default=2014)
    parser.add_argument("--last", default="20261231", help="the day of the last new case, YYYYMMDD")
    parser.add_argument("--private-share", type=float, default=0.75)
    parser.add_argument("--out", type=Path, help="keep the files here; thrown away without it")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        _measure(arguments, arguments.out or Path(scratch))


def _measure(arguments: argparse.Namespace, out: Path) -> None:
    began = time.perf_counter()
    world = build_world(
        arguments.seed, arguments.people, arguments.register, first_year=arguments.first_year, last=arguments.last,
        private_share=arguments.private_share,
    )  # fmt: skip
    print(f"{'world':24}{time.perf_counter() - began:8.1f} s")
    england, cymru, register, cms = DATASETS
    steps: list[tuple[str, Callable[[], None]]] = [
        (england, lambda: world.write_deposit(england, arguments.refresh, out / england)),
        (cymru, lambda: world.write_deposit(cymru, arguments.refresh, out / cymru)),
        (cms, lambda: world.write_deposit(cms, arguments.refresh, out / cms)),
        (register, lambda: world.write_register(arguments.refresh, out / register)),
        ("truth", lambda: world.write_truth(england, arguments.refresh, out / "truth.parquet")),
        ("postcodes", lambda: world.write_postcodes(out / "postcode_to_lsoa.csv")),
    ]
    for name, step in steps:
        start = time.perf_counter()
        step()
        print(f"{name:24}{time.perf_counter() - start:8.1f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'all':24}{time.perf_counter() - began:8.1f} s, peak {peak:,.0f} MB")


if __name__ == "__main__":
    main()
