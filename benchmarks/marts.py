"""All views over England 2007-2019 and Wales, public and private law: seconds by model, and peak memory.

Curated tables are written straight into a databank's store: a tenth of the size as a made-up world, then each family
ten times over under ids of its own. dbt then builds every model on them, as a refresh does.
"""

import argparse
import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.lake_home import run_dbt
from benchmarks.report import write_section
from benchmarks.sources import Stage, measure
from benchmarks.world_lake import write_reference, write_world
from fjo_pipeline.core.contracts import contract
from fjo_pipeline.core.sessions import Session, identifier
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.databank.store import DatabankStore
from fjo_pipeline.synthetic import build_world

TITLE = "All views over England 2007-2019 and Wales"
COPIES = 10
REFRESHES = {
    "cafcass_england_cms": "20191220",
    "cafcass_england_ecms": "20190401",
    "cafcass_cymru": "20190401",
}
SIZES = {
    "cases of England in public law": (172_100, "SELECT count(*) FROM lake.intermediate.int_cases "
        "WHERE source <> 'cymru' AND law_type = 'Public'"),
    "cases of England in private law": (516_300, "SELECT count(*) FROM lake.intermediate.int_cases "
        "WHERE source <> 'cymru' AND law_type = 'Private'"),
    "applications of Wales in public law": (12_745, "SELECT count(*) FROM lake.intermediate.int_applications "
        "WHERE source = 'cymru' AND law_type = 'Public'"),
    "applications of Wales in private law": (52_023, "SELECT count(*) FROM lake.intermediate.int_applications "
        "WHERE source = 'cymru' AND law_type = 'Private'"),
}  # fmt: skip
"""What domain.md §3 states [V] (England's private law: three times public by cases), and what the core holds."""


@dataclass(frozen=True)
class World:
    """One nation's part of the tenth: people in each system's proceedings, on the register, since when, how private."""

    datasets: tuple[str, ...]
    seed: int
    people: int
    register: int
    first_year: int
    private_share: float


WORLDS = (
    World(("cafcass_england_ecms", "cafcass_england_cms"), 1, 107_000, 1_500_000, 2014, 0.745),
    World(("cafcass_cymru",), 2, 15_600, 300_000, 2005, 0.81),
)


def main() -> None:
    """Make the store, build every model, and enter seconds and memory into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="keep the home here, and use it where it is there")
    parser.add_argument("--copies", type=int, default=COPIES, help="of each family; fewer for a quick look")
    parser.add_argument("--memory-limit", default="3GB", help="DuckDB's own")
    parser.add_argument("--no-report", action="store_true", help="leave the page as it is")
    parser.add_argument("--make", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.make:
        make_store(_settings(arguments), arguments.copies)
        return
    with tempfile.TemporaryDirectory(prefix="fjo-marts-") as scratch:
        arguments.home = arguments.home or Path(scratch) / "home"
        settings = _settings(arguments)
        if not DatabankStore(settings).exists:
            # In a process of its own: a child's peak memory is counted from what its parent held when it forked.
            command = [sys.executable, "-m", "benchmarks.marts", "--make", "--home", str(arguments.home)]
            measure("make the tables (not counted)", [*command, "--copies", str(arguments.copies)])
        run_dbt(settings, REFRESHES, "seed")
        stage = run_dbt(settings, REFRESHES, "run")
        lines = _lines(settings, stage)
    print("\n".join(lines))
    if not arguments.no_report and arguments.copies == COPIES:
        write_section(TITLE, "python -m benchmarks.marts", "\n".join(lines))


def make_store(settings: Settings, copies: int) -> None:
    """A databank's store with the curated tables of all three systems, and England's reference files."""
    store = DatabankStore(settings)
    store.create()
    for number, each in enumerate(WORLDS):
        world = build_world(
            each.seed, each.people, each.register, first_year=each.first_year, last="20190331",
            private_share=each.private_share,
        )  # fmt: skip
        with tempfile.TemporaryDirectory(prefix="fjo-marts-") as scratch, store.writing() as session:
            write_world(session, world, {name: [REFRESHES[name]] for name in each.datasets}, Path(scratch))
            if number == 0:
                write_reference(session, world, Path(scratch))
            for dataset in each.datasets:
                multiply(session, dataset, copies, number)


def multiply(session: Session, dataset: str, copies: int, number: int) -> None:
    """Every row of a dataset's tables `copies` times, its ids and linking fields made distinct; lookups stay.

    `number` counts the worlds, so that two worlds' linking fields are no one's twice.
    """
    names = contract(dataset).names
    columns = session.rows(
        "SELECT table_name, list(column_name) FROM duckdb_columns() WHERE database_name = 'lake' AND schema_name = ? "
        "AND column_name LIKE '%\\_E' ESCAPE '\\' GROUP BY ALL ORDER BY ALL",
        (names.data_schema,),
        step="look for ids",
    )
    for table, ids in columns:
        if not table.startswith(names.table_prefix):
            continue
        distinct = [
            f"{identifier(each)} * {len(WORLDS) * copies} + {number * copies} + copy AS {identifier(each)}"
            for each in ids
        ]
        name = f"lake.{names.data_schema}.{identifier(table)}"
        session.run(
            f"CREATE OR REPLACE TABLE {name} AS SELECT * EXCLUDE (copy) REPLACE ({', '.join(distinct)}) "
            f"FROM {name}, range({copies}) AS copies (copy)",
            step="write every family several times",
        )


def _lines(settings: Settings, stage: Stage) -> list[str]:
    results = json.loads((settings.zone("databank") / "dbt" / "target" / "run_results.json").read_text())["results"]
    seconds: dict[str, dict[str, float]] = {}
    for each in results:
        layer = next(
            part for part in ("staging", "intermediate", "marts", "publications") if part in each["relation_name"]
        )
        seconds.setdefault(layer, {})[each["unique_id"].split(".")[-1]] = each["execution_time"]
    with DatabankStore(settings).reading() as session:
        held = {name: (said, session.value(sql, step="count")) for name, (said, sql) in SIZES.items()}
        people = session.value("SELECT count(*) FROM lake.intermediate.int_people", step="count people")
    lines = [
        f"{people:,} people in three systems; DuckDB's memory limit {settings.databank_memory_limit}; load of the "
        f"machine over the last five minutes {os.getloadavg()[1]:.1f}.",
        "", "| size | domain.md §3 | here |", "|---|---:|---:|",
        *(f"| {name} | {said:,} | {here:,} |" for name, (said, here) in held.items()),
        "", "| model | seconds |", "|---|---:|",
    ]  # fmt: skip
    for layer, models in seconds.items():
        if layer in ("marts", "publications"):
            lines += [f"| `{name}` | {each:.1f} |" for name, each in sorted(models.items(), key=lambda item: -item[1])]
        lines.append(f"| **{layer}, {len(models)} models** | **{sum(models.values()):.1f}** |")
    lines.append(
        f"| **`dbt run` by the clock, its start included; peak {stage.peak_mb:,.0f} MB** | **{stage.seconds:.1f}** |"
    )
    return lines


def _settings(arguments: argparse.Namespace) -> Settings:
    return Settings(home=arguments.home, databank_memory_limit=arguments.memory_limit, threads=2)


if __name__ == "__main__":
    main()
