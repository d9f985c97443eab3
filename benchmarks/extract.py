"""What a project's extract costs, every id of it encrypted again: `python -m benchmarks.extract --rows 5000000`.

The rows are made up straight in the databank's store, of one refresh of ECMS, so that only the extract is measured:
once of everybody, once of a cohort of half of them. Each step is a process of its own.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import yaml

from benchmarks.report import write_section
from benchmarks.sources import Stage, measure
from fjo_pipeline.core.contracts import Contract, contract
from fjo_pipeline.core.keyring import Keyring, keyring_path
from fjo_pipeline.core.sessions import identifier
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.databank.flow import Databank, release
from fjo_pipeline.databank.projects.extract import make_extract, make_project_keys, read_extract
from fjo_pipeline.databank.tables import CuratedTable, alf_table, curated_tables

DATASET, REFRESH = "cafcass_england_ecms", "20240111"
TITLE = "A project's extract"
SCATTER = 406_928_527
"""Spreads numbers over the ids of 14 digits: the same each time, in no order, each once."""
PER_PERSON = {
    "people": 1.0, "alf": 1.0, "personsonapplications": 2.0, "personrelationships": 2.0, "legaloutputs": 1.0,
    "hearings": 1.0, "applications": 0.5, "cases": 1 / 3,
}  # fmt: skip
"""Rows of each table for each person; the sum makes the number of people of a number of rows."""
ENTITIES = {"person": 1.0, "alf": 1.0, "alf2": 1.0, "application": 0.5, "case": 1 / 3}
EVERYBODY, HALF = "1001", "1002"
COHORT = "SELECT source, person_id FROM int_people WHERE gender = 'Female'"


def main() -> None:
    """Make the store, then both extracts, print each, and enter them into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--home", type=Path, help="keep the home here; thrown away without it")
    parser.add_argument("--memory-limit", default="1500MB", help="DuckDB's own")
    parser.add_argument("--no-report", action="store_true", help="leave the page as it is")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        STEPS[arguments.step](_settings(arguments), arguments)
        return
    with tempfile.TemporaryDirectory() as scratch:
        arguments.home = arguments.home or Path(scratch) / "home"
        command = [sys.executable, "-m", "benchmarks.extract", "--home", str(arguments.home)]
        command += ["--rows", str(arguments.rows), "--memory-limit", arguments.memory_limit]
        stages = [measure(name, [*command, "--step", name]) for name in STEPS]
        databank = Databank(_settings(arguments))
        rows = [read_extract(databank, number).rows for number in (EVERYBODY, HALF)]
    if not arguments.no_report:
        _report(stages, rows, arguments)


def make_store(settings: Settings, arguments: argparse.Namespace) -> None:
    """A store with one refresh and the part of the core that finds the cohort, and two projects with keys."""
    people = int(arguments.rows / sum(PER_PERSON.values()))
    ecms = contract(DATASET)
    Keyring.create("databank", keyring_path(settings, "databank"))
    databank = Databank(settings)
    databank.store.create()
    with databank.store.writing() as session:
        for schema in (ecms.names.data_schema, ecms.names.lookup_schema, "intermediate"):
            session.run(f"CREATE SCHEMA IF NOT EXISTS lake.{schema}", step="make a schema")
        for table in curated_tables(ecms, REFRESH):
            rows = int(PER_PERSON.get(table.name, 0) * people)
            columns = ", ".join(
                f"{_value(ecms, table, column, people)} AS {identifier(table.named(column, '_E'))}"
                for column in table.columns
            )
            session.run(
                f"CREATE TABLE {table.qualified()} AS SELECT {columns} FROM range({rows}) AS t(i)",
                step=f"make {table.name}",
            )
        session.run(
            f"""CREATE TABLE lake.intermediate.int_people AS SELECT 'ecms' AS source, '{REFRESH}' AS refresh,
            "PERSON_ID_E" AS person_id, if("GNDR_CD" = '1', 'Male', 'Female') AS gender, "ALF_E" AS alf_e,
            "ALF_STS_CD" AS alf_status, "LSOA_CD" AS lsoa FROM {alf_table(ecms, REFRESH).qualified()}""",
            step="make the core",
        )
        session.run(
            "INSERT INTO lake.databank.partitions VALUES (?, ?, 'made up', true, '1', 1, '2011', ?, ?, ?)",
            [DATASET, REFRESH, arguments.rows, people, people],
            step="note the refresh",
        )
    release(databank)
    for number in (EVERYBODY, HALF):
        _write_project(settings, number)
        make_project_keys(databank, number)


def _value(ecms: Contract, table: CuratedTable, column: str, people: int) -> str:
    """A made-up value: a row's own id in order of the rows, other ids and content scattered."""
    if column in table.entities:
        entity = table.entities[column]
        number = "i"
        if column != table.columns[0]:
            number = f"CAST(hash(i, '{column}') % {max(1, int(ENTITIES.get(entity, 1.0) * people))} AS BIGINT)"
        return f"({number} * {SCATTER}) % 99999999999973"
    fields = {each.name: each.type for one in ecms.tables if one.name == table.name for each in one.fields}
    kind = fields.get(column, "string")
    if kind == "date" or column in ("WOB", "WEEKOFBIRTH", "AVAIL_FROM_DT"):
        return f"DATE '2000-01-01' + CAST(hash(i, '{column}') % 8000 AS INTEGER)"
    if kind == "integer":
        return f"CAST(hash(i, '{column}') % 50 AS BIGINT)"
    if column == "ALF_STS_CD":
        return "'4'"
    return f"CAST(1 + hash(i, '{column}') % 2 AS VARCHAR)"


def _write_project(settings: Settings, number: str) -> None:
    approval = {"by": "nobody", "reference": "MADE-UP", "valid_from": date(2000, 1, 1), "valid_until": date(2100, 1, 1)}
    said = {
        "number": number, "title": "A benchmark", "lead": "nobody", "organisation": "none", "purpose": "to be measured",
        "approval": approval, "datasets": {DATASET: {"approval": approval}},
    }  # fmt: skip
    if number == HALF:
        said["cohort"] = {"sql": COHORT}
    settings.projects.mkdir(parents=True, exist_ok=True)
    (settings.projects / f"{number}.yaml").write_text(yaml.safe_dump(said))


def _extract(number: str) -> Callable[[Settings, argparse.Namespace], None]:
    def step(settings: Settings, arguments: argparse.Namespace) -> None:
        extract = make_extract(Databank(settings), number, date.today())
        share = 0.99 if number == EVERYBODY else 0.3
        if extract.rows < share * arguments.rows:
            raise SystemExit("the extract is not whole")

    return step


STEPS: dict[str, Callable[[Settings, argparse.Namespace], None]] = {
    "make the store (not counted)": make_store,
    "extract of everybody": _extract(EVERYBODY),
    "extract of a cohort of half of them": _extract(HALF),
}


def _settings(arguments: argparse.Namespace) -> Settings:
    home = arguments.home
    return Settings(home=home, projects=home / "project_files", databank_memory_limit=arguments.memory_limit, threads=2)


def _report(stages: list[Stage], rows: list[int], arguments: argparse.Namespace) -> None:
    lines = [
        f"| {stage.name} | {number:,} | {stage.seconds:.1f} | {stage.cpu_seconds:.1f} | {stage.peak_mb:,.0f} |"
        for stage, number in zip(stages[1:], rows, strict=True)
    ]
    said = (
        f"One refresh of ECMS, made up in the store; DuckDB's memory limit {arguments.memory_limit}; load of the "
        f"machine over the last five minutes {os.getloadavg()[1]:.1f}. Each id goes through FF1 twice: from the "
        "databank's layer, and to the project's."
    )
    table = "\n".join(
        [said, "", "| step | rows | seconds | CPU seconds | peak MB |", "|---|---:|---:|---:|---:|", *lines]
    )
    write_section(TITLE, f"python -m benchmarks.extract --rows {arguments.rows}", table)


if __name__ == "__main__":
    main()
