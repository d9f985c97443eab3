"""The demo: a made-up world through the whole chain to a project's extract, and its links against the truth.

It stands above the zones, for only here may one process see the provider's, the TTP's and the databank's sides.
"""

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from time import perf_counter

from fjo_pipeline.core.contracts import contract
from fjo_pipeline.core.errors import FjoError
from fjo_pipeline.core.key_columns import mapped_keys
from fjo_pipeline.core.sessions import Session, literal
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.databank.flow import Databank, partitions
from fjo_pipeline.databank.projects.extract import extract_is_due, make_extract, read_extract
from fjo_pipeline.home import init_home
from fjo_pipeline.provider.flow import Provider
from fjo_pipeline.provider.landing import add_deposit
from fjo_pipeline.provider.splitting import join_key_cipher, rank_expression
from fjo_pipeline.reference import add_reference_file
from fjo_pipeline.refreshing import Wanted, refresh
from fjo_pipeline.synthetic import build_world
from fjo_pipeline.synthetic.reference_files import REFERENCE_NAMES
from fjo_pipeline.ttp.flow import Ttp, load_register
from fjo_pipeline.ttp.report.truth import replace_truth
from fjo_pipeline.ttp.store import has_partition, partition

Say = Callable[[str], None]

SEED = 1661
PEOPLE = 4_000
REGISTER_PEOPLE = 40_000
PROJECT = "1661"
DEPOSITS = (
    ("cafcass_england_ecms", "20240111"),
    ("cafcass_england_ecms", "20240711"),
    ("cafcass_cymru", "20240111"),
)
REGISTER_REFRESH = "20240711"


@dataclass
class DatasetResult:
    """One refresh: rows, people, people by match status, and how its links compare with the truth."""

    dataset: str
    refresh: str
    rows: int
    people: int
    linked: int
    by_status: dict[str, int]
    precision: float
    recall: float


@dataclass
class DemoResult:
    """What the demo shows."""

    home: str
    register_people: int
    deposits: list[DatasetResult] = field(default_factory=list)
    curated_tables: dict[str, int] = field(default_factory=dict)
    extract_tables: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    changed: bool = True


def run_demo(settings: Settings, say: Say) -> DemoResult:
    """Run the demo in the home of the settings; a second run finds everything done and changes nothing."""
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="fjo-demo-") as scratch:
        world = Path(scratch)
        with _timed(seconds, "init", say):
            init_home(settings)
        with _timed(seconds, "synth", say):
            _make_world(world)
        with _timed(seconds, "load", say):
            _, people = load_register(Ttp(settings), world / "register")
            for name in ("postcode_to_lsoa", *REFERENCE_NAMES):
                add_reference_file(settings, name, world / f"{name}.csv")
            for dataset, date_ in DEPOSITS:
                add_deposit(settings, world / dataset / date_)
                load_truth(settings, dataset, date_, world / f"{dataset}_{date_}.parquet")
        report = refresh(settings, Wanted(), say)
        seconds |= report.seconds
        if report.failures:
            raise FjoError("\n".join(report.failures))
        databank = Databank(settings)
        if extract_is_due(databank, PROJECT):
            make_extract(databank, PROJECT, date.today())
        result = DemoResult(str(settings.home), people, seconds=seconds, changed=bool(report.done))
        with _timed(seconds, "measure", say):
            result.deposits = list(measured(settings))
            result.curated_tables = _curated_rows(databank, {dataset for dataset, _ in DEPOSITS})
    result.extract_tables = {name: table["rows"] for name, table in read_extract(databank, PROJECT).tables.items()}
    return result


def summary(result: DemoResult) -> str:
    """The demo's result in words and columns for a terminal."""
    lines = ["", "MADE-UP DATA: synthetic people, no real ones", f"register: {result.register_people:,} people", ""]
    lines.append(
        f"{'deposit':<31}{'rows':>8}{'people':>8}{'linked':>8}{'rate':>8}{'precision':>11}{'recall':>8}  by status"
    )
    for each in result.deposits:
        statuses = ", ".join(f"{status}: {count:,}" for status, count in sorted(each.by_status.items()))
        lines.append(
            f"{each.dataset + '/' + each.refresh:<31}{each.rows:>8,}{each.people:>8,}{each.linked:>8,}"
            f"{each.linked / each.people:>8.1%}{each.precision:>11.4f}{each.recall:>8.4f}  {statuses}"
        )
    lines += ["", *_tables("curated tables", result.curated_tables), ""]
    lines += _tables(f"project {PROJECT}", result.extract_tables)
    lines += ["", "seconds by stage: " + ", ".join(f"{name} {value:.1f}" for name, value in result.seconds.items())]
    lines.append(f"in all {sum(result.seconds.values()):.1f} s" + ("" if result.changed else "; nothing was due"))
    lines += [
        "",
        "next:",
        f'  fjo project sql {PROJECT} "select * from SAIL{PROJECT}V.CAFE_ECMS_PEOPLE_20240711 limit 5"',
    ]
    lines += ["  make ui          the same in Dagster, http://127.0.0.1:3000"]
    return "\n".join(lines)


def _tables(title: str, tables: dict[str, int]) -> list[str]:
    """Row counts, the refreshes of a table on one line; lookups are counted together."""
    lines = [f"{title}: {len(tables)} tables, {sum(tables.values()):,} rows"]
    by_table: dict[str, list[str]] = {}
    for name, rows in sorted(tables.items()):
        undated = re.sub(r"_[0-9]{8}$", "", name)
        label = f"{undated.split('.')[0]} (lookups)" if "REFV." in name else undated
        by_table.setdefault(label, []).append(f"{rows:,}")
    for label, counts in by_table.items():
        shown = f"{len(counts)} tables" if label.endswith("(lookups)") else ", ".join(counts)
        lines.append(f"  {label:<45}{shown}")
    return lines


@contextmanager
def _timed(seconds: dict[str, float], stage: str, say: Say) -> Iterator[None]:
    say(f"{stage} …")
    started = perf_counter()
    yield
    seconds[stage] = perf_counter() - started


def _make_world(folder: Path) -> None:
    world = build_world(SEED, PEOPLE, REGISTER_PEOPLE)
    world.write_register(REGISTER_REFRESH, folder / "register")
    world.write_postcodes(folder / "postcode_to_lsoa.csv")
    world.write_reference(folder)
    for dataset, date_ in DEPOSITS:
        world.write_deposit(dataset, date_, folder / dataset / date_)
        world.write_truth(dataset, date_, folder / f"{dataset}_{date_}.parquet")


def load_truth(settings: Settings, dataset: str, date_: str, truth: Path) -> None:
    """Give the TTP the truth about a deposit; its ids become join keys on the way, as only the provider can."""
    keyring, ttp = Provider(settings).keyring, Ttp(settings)
    key = contract(dataset, settings.contracts).people_tables[0].person_key
    rank = rank_expression(key).replace(f'"{key.name}"', "person_id")
    cipher = join_key_cipher(dataset, date_, keyring)
    query = f"SELECT CAST({rank} AS BIGINT) AS person, register_id FROM read_parquet({literal(truth)})"
    with (
        ttp.store.writing() as session,
        mapped_keys(session, query, {"person": cipher.encrypt_arrow}, step="read the truth") as rows,
    ):
        join_key = "lpad(CAST(person AS VARCHAR), 14, '0')"
        replace_truth(ttp, session, dataset, date_, f"SELECT {join_key} AS system_id, register_id FROM {rows}")


def measured(settings: Settings) -> Iterator[DatasetResult]:
    """Each curated refresh of which the TTP has the truth, with the precision and recall of its links."""
    with Databank(settings).store.reading() as session:
        standing = partitions(session)
    with Ttp(settings).store.reading() as session:
        for each in standing:
            if has_partition(session, "truth", each.dataset, each.refresh):
                by_status, precision, recall = _score(session, partition(each.dataset, each.refresh))
                yield DatasetResult(
                    each.dataset, each.refresh, each.rows, each.people, each.linked, by_status, precision, recall
                )


def _score(session: Session, name: str) -> tuple[dict[str, int], float, float]:
    """People by match status, and precision and recall of their links."""
    links = f"ttp.links.{name}"
    linked, right, findable = session.row(
        f"""SELECT count(link.register_id), count(*) FILTER (WHERE link.register_id = truth.register_id),
            count(truth.register_id)
        FROM {links} AS link JOIN ttp.truth.{name} AS truth ON truth.system_id = link.person_id""",
        step="compare links with the truth",
    )
    statuses = session.rows(f"SELECT alf_sts_cd, count(*) FROM {links} GROUP BY 1 ORDER BY 1", step="count statuses")
    return dict(statuses), right / max(linked, 1), right / max(findable, 1)


def _curated_rows(databank: Databank, names: set[str]) -> dict[str, int]:
    """Rows of every curated table and lookup of the datasets, and of the marts."""
    sail = [databank.contract(name).names for name in names]
    schemas = ", ".join(literal(schema) for each in sail for schema in (each.data_schema, each.lookup_schema))
    with databank.store.reading() as session:
        tables = session.rows(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'lake' "
            f"AND schema_name IN ({schemas}, 'SAILWDSDV', 'marts') ORDER BY ALL",
            step="list curated tables",
        )
        return {
            f"{schema}.{table}": session.value(f'SELECT count(*) FROM lake."{schema}"."{table}"', step="count a table")
            for schema, table in tables
        }
