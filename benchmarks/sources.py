"""What a large source and the marts over it cost: `python -m benchmarks.sources --spells 20000000 --people 3000000`.

Hospital spells come as Files 2 and 3 do, are curated by the databank's own step, and the marts of contacts are built
over them by dbt, with a made-up cohort in place of the core. Each step is a process of its own.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from benchmarks.report import write_section
from fjo_pipeline.core.contracts import Contract, contract, datasets
from fjo_pipeline.core.keyring import Keyring, keyring_path, open_keyring
from fjo_pipeline.core.ledger import open_ledger
from fjo_pipeline.core.sessions import identifier, open_session
from fjo_pipeline.core.settings import REPOSITORY, ZONES, Settings, Zone
from fjo_pipeline.core.transfers import Draft, Kind, Subject
from fjo_pipeline.databank.dbt import MODELS, dbt_environment, dbt_variables
from fjo_pipeline.databank.flow import Databank, curate, partitions, receive

DATASET, REFRESH = "pedw", "20240101"
DAYS = 7300
TITLE = "A large source, and the contacts around applications"
SCATTER = 406_928_527
"""Spreads numbers over the ids of 14 digits: the same each time, in no order, each once."""
CONTENT = {
    "PROV_UNIT_CD": "printf('%03d', (hash(i) % 150)::INTEGER)",
    "ADMIS_DT": f"DATE '2004-01-01' + (hash(i, 1) % {DAYS})::INTEGER",
    "DISCH_DT": f"DATE '2004-01-01' + (hash(i, 1) % {DAYS})::INTEGER + (hash(i, 2) % 9)::INTEGER",
    "ADMIS_MTHD_CD": "(11 + hash(i, 3) % 20)::VARCHAR",
    "ADMIS_SOURCE_CD": "(19 + hash(i, 4) % 4)::VARCHAR",
    "ADMIS_SPEC_CD": "(100 + hash(i, 5) % 80)::VARCHAR",
    "DISCH_MTHD_CD": "(1 + hash(i, 6) % 4)::VARCHAR",
    "DISCH_DESTINATION_CD": "(19 + hash(i, 7) % 6)::VARCHAR",
    "DISCH_SPEC_CD": "(100 + hash(i, 8) % 80)::VARCHAR",
    "RES_DHA_CD": "'7A' || (1 + hash(i, 9) % 7)::VARCHAR",
    "RES_WARD_CD": "'W0500' || printf('%04d', (hash(i, 10) % 850)::INTEGER)",
}
CORE = {
    "int_cases": "SELECT 'cymru' AS source, '{refresh}' AS refresh",
    "int_people": """SELECT 'cymru' AS source, '{refresh}' AS refresh, row_number() OVER (ORDER BY ALF_E) AS person_id,
        'Female' AS gender, WOB AS week_of_birth, ALF_E AS alf_e, '4' AS alf_status
        FROM lake.SAILPEDWV.PEDW_ALF_{refresh} WHERE ALF_E IS NOT NULL ORDER BY hash(ALF_E) LIMIT {cohort}""",
    "int_roles": """SELECT source, refresh, person_id, person_id AS application_id, person_id AS case_id,
        'Private' AS law_type, 'applicant' AS primary_role,
        DATE '2008-01-01' + CAST(hash(person_id) % 5000 AS INTEGER) AS application_date
        FROM lake.intermediate.int_people""",
}
"""What the marts read of the core, made up: members of the cohort are among the patients."""


@dataclass(frozen=True)
class Stage:
    """A stage as its own process: seconds by the clock and of processor, and its peak resident memory in MB."""

    name: str
    seconds: float
    cpu_seconds: float
    peak_mb: float


def main() -> None:
    """Make the transfers, receive, curate, make the core, build the marts; print each and enter them into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spells", type=int, default=20_000_000)
    parser.add_argument("--people", type=int, default=3_000_000)
    parser.add_argument("--cohort", type=int, default=300_000)
    parser.add_argument("--home", type=Path, help="keep the home here; thrown away without it")
    parser.add_argument("--memory-limit", default="3GB", help="DuckDB's own, in each process")
    parser.add_argument("--no-report", action="store_true", help="leave the page as it is")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        STEPS[arguments.step](_settings(arguments), arguments)
        return
    with tempfile.TemporaryDirectory() as scratch:
        arguments.home = arguments.home or Path(scratch) / "home"
        stages = run(arguments)
    if not arguments.no_report:
        _report(stages, arguments)


def make_transfers(settings: Settings, arguments: argparse.Namespace) -> None:
    """A home with keys and a store, and in the databank's inbox Files 2 and 3 of made-up spells."""
    keyrings = [Keyring.create(zone, keyring_path(settings, zone)) for zone in ZONES]
    for keyring in keyrings:
        for other in keyrings:
            if other is not keyring:
                keyring.trust(other.card)
    Databank(settings).store.create()
    dataset = contract(DATASET)
    spell = {
        "SPELL_NUM": _id("i"),
        "PATIENT_ID": _id(f"(hash(i, 11) % {arguments.people})::BIGINT"),
        **CONTENT,
    }
    people = f"FROM range({arguments.people}) AS t(i)"
    person = f"printf('%014d', {_id('i')}) AS SYSTEM_ID"
    file_2 = {
        "patients": f"SELECT {_id('i')} AS PATIENT_ID, {person} {people}",
        "spell": f"SELECT {_columns(dataset, 'spell', spell)} FROM range({arguments.spells}) AS t(i)",
        "episode": f"SELECT {_columns(dataset, 'episode', {})} LIMIT 0",
        "diag": f"SELECT {_columns(dataset, 'diag', {})} LIMIT 0",
    }
    # One in a hundred is not linked.
    linked = "i % 100 > 0"
    file_3 = {
        "file_3": f"""SELECT {person}, CASE WHEN {linked} THEN i * 7 END::BIGINT AS ALF,
            CASE WHEN {linked} THEN '1' ELSE '99' END AS ALF_STS_CD, NULL::DECIMAL(7, 6) AS ALF_MTCH_PCT,
            DATE '1940-01-01' + (hash(i, 12) % 4000)::INTEGER * 7 AS WOB, (1 + i % 2)::VARCHAR AS GNDR_CD,
            'W0100' || printf('%04d', (hash(i, 13) % 1909)::INTEGER) AS LSOA_CD, i // 3 AS RALF,
            NULL::BIGINT AS ALF2 {people}"""
    }
    _send(settings, "provider", "file_2", file_2)
    _send(settings, "ttp", "file_3", file_3)


def receive_transfers(settings: Settings, arguments: argparse.Namespace) -> None:
    """Verify both files, as the databank does before it curates."""
    del arguments
    receive(Databank(settings), DATASET, REFRESH)


def curate_source(settings: Settings, arguments: argparse.Namespace) -> None:
    """The databank's own step: recombined, ids encrypted again, written, checked, in one transaction."""
    curated = curate(Databank(settings), DATASET, REFRESH)
    if not curated.sound or curated.rows[f"PEDW_SPELL_{REFRESH}"] != arguments.spells:
        raise SystemExit("the curation is not sound")


def make_core(settings: Settings, arguments: argparse.Namespace) -> None:
    """The tables of the core that the marts read, with a cohort of patients."""
    with Databank(settings).store.writing() as session:
        session.run("CREATE SCHEMA IF NOT EXISTS lake.intermediate", step="make a schema")
        for table, query in CORE.items():
            made = query.format(refresh=REFRESH, cohort=arguments.cohort)
            session.run(f"CREATE OR REPLACE TABLE lake.intermediate.{table} AS {made}", step=f"make {table}")


def build_views(settings: Settings, arguments: argparse.Namespace) -> None:
    """The views that the marts read: deaths, of which there are none, and contacts."""
    del arguments
    _dbt(settings, "stg_reference__deaths", "stg_contacts__events", "int_contacts")


def build_cohort_contacts(settings: Settings, arguments: argparse.Namespace) -> None:
    """The mart of contacts two years either side of the application, through dbt."""
    _dbt(settings, "cohort_contacts")
    with Databank(settings).store.reading() as session:
        found = session.row(
            "SELECT count(*), count_if(has_hospital) FROM lake.marts.cohort_contacts", step="look at the cohort"
        )
    if found[0] != arguments.cohort or not found[1]:
        raise SystemExit("the cohort is not whole")


def build_source_overlap(settings: Settings, arguments: argparse.Namespace) -> None:
    """The mart of people found in two sources, through dbt."""
    del arguments
    _dbt(settings, "source_overlap")


STEPS: dict[str, Callable[[Settings, argparse.Namespace], None]] = {
    "make Files 2 and 3 (not counted)": make_transfers,
    "receive": receive_transfers,
    "curate": curate_source,
    "make the cohort (not counted)": make_core,
    "views": build_views,
    "cohort_contacts, dbt's start included": build_cohort_contacts,
    "source_overlap, dbt's start included": build_source_overlap,
}


def run(arguments: argparse.Namespace) -> list[Stage]:
    """Every step in its turn, each measured."""
    command = [sys.executable, "-m", "benchmarks.sources", "--home", str(arguments.home)]
    for option in ("spells", "people", "cohort", "memory_limit"):
        command += [f"--{option.replace('_', '-')}", str(getattr(arguments, option))]
    return [measure(name, [*command, "--step", name]) for name in STEPS]


def measure(name: str, command: list[str], environment: Mapping[str, str] | None = None) -> Stage:
    """Run a command to its end; its peak memory is that of the largest of its processes."""
    started = perf_counter()
    process = subprocess.Popen(command, cwd=REPOSITORY, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{name} failed")
    stage = Stage(name, perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
    print(f"{name:<40}{stage.seconds:>8.1f} s{stage.cpu_seconds:>8.1f} CPU s{stage.peak_mb:>8.0f} MB", flush=True)
    return stage


def _id(number: str) -> str:
    return f"({number} * {SCATTER}) % 99999999999973"


def _columns(dataset: Contract, table: str, given: dict[str, str]) -> str:
    types = {"integer": "BIGINT", "number": "DOUBLE", "date": "DATE"}
    fields = {
        field.name: "BIGINT" if field.role == "key" else types.get(field.type, "VARCHAR")
        for field in dataset.table(table).file_2_fields
    }
    return ", ".join(
        f"CAST({given.get(name, 'NULL')} AS {kind}) AS {identifier(name)}" for name, kind in fields.items()
    )


def _send(settings: Settings, sender: Zone, kind: Kind, tables: dict[str, str]) -> None:
    subject = Subject(kind, DATASET, REFRESH, contract(DATASET).version, synthetic=True)
    draft = Draft.begin(settings.home / "drafts" / kind, subject)
    with open_session(settings.temporary(sender), memory_limit=settings.databank_memory_limit) as session:
        for table, query in tables.items():
            draft.write(session, table, query)
    keyring, ledger = open_keyring(settings, sender), open_ledger(settings, sender)
    draft.send(keyring, "databank", settings.inbox("databank"), ledger, f"benchmark {kind}")


def _dbt(settings: Settings, *models: str) -> None:
    store = Databank(settings).store
    with store.reading() as session:
        refreshes = [(each.dataset, each.refresh) for each in partitions(session)]
    variables = dbt_variables(refreshes, [each.name for each in datasets(settings.contracts)])
    command = [str(Path(sys.executable).with_name("dbt")), "run", "--quiet", "--select", *models, "--vars", variables]
    command += ["--project-dir", str(MODELS), "--profiles-dir", str(MODELS)]
    subprocess.run(command, check=True, env=os.environ | dbt_environment(store, settings))


def _settings(arguments: argparse.Namespace) -> Settings:
    return Settings(home=arguments.home, databank_memory_limit=arguments.memory_limit, threads=2)


def _report(stages: list[Stage], arguments: argparse.Namespace) -> None:
    rows = [f"| {each.name} | {each.seconds:.1f} | {each.cpu_seconds:.1f} | {each.peak_mb:,.0f} |" for each in stages]
    said = (
        f"{arguments.spells:,} hospital spells of {arguments.people:,} people in PEDW's tables (no episodes and "
        f"diagnoses), {arguments.cohort:,} of them in the cohort; DuckDB's memory limit {arguments.memory_limit}; load "
        f"of the machine over the last five minutes {os.getloadavg()[1]:.1f}."
    )
    table = "\n".join([said, "", "| step | seconds | CPU seconds | peak MB |", "|---|---:|---:|---:|", *rows])
    options = f"--spells {arguments.spells} --people {arguments.people} --cohort {arguments.cohort}"
    write_section(TITLE, f"python -m benchmarks.sources {options}", table)


if __name__ == "__main__":
    main()
