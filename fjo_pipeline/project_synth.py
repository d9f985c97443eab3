"""A project's extract about nobody: the shape of its real one, made of made-up deposits, for people without access.

The steps are those of real data, taken on a home of its own that is destroyed afterwards, so that the shape cannot
drift. It stands above the zones, as the demo does, for only here may one process be all three.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import yaml

from fjo_pipeline.core.contracts import Contract, contract
from fjo_pipeline.core.data_dictionary import data_dictionary
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import write_atomically
from fjo_pipeline.core.findings import Finding
from fjo_pipeline.core.held_folders import held_folder
from fjo_pipeline.core.keyring import Keyring, keyring_path
from fjo_pipeline.core.sessions import literal, open_session
from fjo_pipeline.core.settings import ZONES, Settings
from fjo_pipeline.databank.flow import Databank, curate, partitions, receive, release
from fjo_pipeline.databank.projects.extract import (
    MADE_UP,
    Extract,
    extract_key,
    extract_path,
    make_extract,
    make_project_keys,
)
from fjo_pipeline.databank.projects.grants import Approval, DatasetGrant, Project, granted_tables, load_project
from fjo_pipeline.databank.projects.places import project_keys
from fjo_pipeline.home import MADE_UP_HOMES, make_zones
from fjo_pipeline.provider.flow import Provider, check_split, send_files, split_deposit, take_deposit
from fjo_pipeline.reference import add_reference_file
from fjo_pipeline.synthetic import World, build_world, write_deposit_and_truth
from fjo_pipeline.synthetic.reference_files import REFERENCE_NAMES
from fjo_pipeline.ttp.flow import (
    Ttp,
    link,
    load_register,
    make_file_3,
    receive_file_1,
    send_file_3,
)
from fjo_pipeline.ttp.report.making import make_linkage_report

Say = Callable[[str], None]
REFRESH = "20240111"
"""The refresh date of a dataset of which the project pins none and this home holds none."""
FILE = "made_up_extract.duckdb"
README = """\
{made_up}

Project {number}, {title}: the tables, columns, types, lookups and ids that its real extract would have, and no real row
behind any of them. How often what happens is made up too, so nothing that is counted here says anything of the world.
Code written on it runs on the real extract as it is. Left out are the case views that some project files grant: they
are the models', which are not built for made-up extracts.

{file} is a plain DuckDB file that needs no key:

  SQL     ATTACH '{file}' AS extract (READ_ONLY); USE extract; SELECT * FROM {table} LIMIT 5;
  Python  duckdb.connect("{file}", read_only=True)
  R       DBI::dbConnect(duckdb::duckdb(), "{file}", read_only = TRUE)

data-dictionary.md says what the tables of its datasets hold. Made by `fjo project synth {number}`, seed {seed}.
"""


@dataclass(frozen=True)
class MadeUpExtract:
    """Where a made-up extract lies, and what it holds."""

    folder: Path
    extract: Extract


def synthesise_project(
    settings: Settings, number: str, say: Say, *, people: int = 1000, seed: int = 1,
    refresh: str = REFRESH, out: Path | None = None,
) -> MadeUpExtract:  # fmt: skip
    """Make a project's extract of made-up people, about `people` in each dataset; a seed makes the same, ids too.

    The refreshes are those that the project pins; else those that this home's databank holds, of which only the dates
    are read; else `refresh`. No approval has to be in force. Refused where the project file is not right.
    """
    project = load_project(number, settings.projects)
    contracts = {name: contract(name, settings.contracts) for name in sorted(project.datasets)}
    refreshes = _refreshes(settings, project, refresh)
    for name, each in contracts.items():
        granted_tables(each, project.datasets[name], refreshes[name][0])
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with held_folder(settings.home.absolute(), MADE_UP_HOMES) as scratch:
        inner = _home(settings, project, seed, scratch)
        say("made-up people, and their register …")
        world = _load_world(inner, build_world(seed, people), max(each for some in refreshes.values() for each in some))
        for name, each in contracts.items():
            for date_ in refreshes[name]:
                say(f"{name}/{date_} …")
                _carry(inner, world, each, people, date_)
        databank = Databank(inner)
        make_project_keys(databank, number)
        release(databank)
        extract = make_extract(databank, number, date.today())
        folder = out or settings.extracts / number / "synthetic"
        _write(databank, extract, folder)
    table = next(name for name in sorted(extract.tables) if name.startswith(project.data_schema))
    readme = README.format(
        made_up=MADE_UP, number=number, title=project.title, file=FILE, table=table, seed=seed
    )  # fmt: skip
    write_atomically(folder / "README.txt", readme.encode())
    dictionary = f"{MADE_UP}\n\n{data_dictionary(list(contracts.values()))}"
    write_atomically(folder / "data-dictionary.md", dictionary.encode())
    return MadeUpExtract(folder, extract)


def _refreshes(settings: Settings, project: Project, otherwise: str) -> dict[str, Sequence[str]]:
    """The refreshes of each dataset; only their dates are taken from what stands in this home."""
    standing: dict[str, list[str]] = {}
    store = Databank(settings).store
    if store.exists:
        with store.reading() as session:
            for each in partitions(session):
                standing.setdefault(each.dataset, []).append(each.refresh)
    result: dict[str, Sequence[str]] = {}
    for name, grant in project.datasets.items():
        there = standing.get(name) or [otherwise]
        pinned = {"all": there, "latest": there[-1:]}
        result[name] = pinned[grant.refreshes] if isinstance(grant.refreshes, str) else sorted(grant.refreshes)
        if not result[name]:
            raise Refused(f"project {project.number}, dataset {name}: it pins no refresh")
    return result


def _home(settings: Settings, project: Project, seed: int, scratch: Path) -> Settings:
    """A home in which the project is approved, for all people, with keys that follow from the seed, nobody else's.

    A cohort is found in the harmonised core, and the case views are the models', which take longer to build than all
    the rest: dbt builds neither here, and among made-up people a cohort would be nobody's.
    """
    today = date.today()
    approval = Approval(by="nobody", reference="MADE-UP", valid_from=today, valid_until=today)
    grants = {name: _approved(grant, approval) for name, grant in project.datasets.items()}
    unbuilt = {"cohort": None, "comparison": None, "views": ()}
    approved = project.model_copy(update={"approval": approval, "datasets": grants} | unbuilt)
    projects = scratch / "projects"
    projects.mkdir()
    (projects / f"{project.number}.yaml").write_text(yaml.safe_dump(approved.model_dump(mode="json")))
    inner = settings.model_copy(
        update={
            "home": scratch / "home", "transfers": None, "projects": projects, "catalogue": "sqlite",
            "passphrase_file": None, "keyrings": None, "credentials_directory": None, "linkage_engine": "duckdb",
            "settle_seconds": 0,
        }
    )  # fmt: skip
    for zone in ZONES:
        inner.zone(zone).mkdir(parents=True, mode=0o700)
        own = project_keys(project.number) if zone == "databank" else ()
        Keyring.create(zone, keyring_path(inner, zone), made_up=str(seed), also=own)
    make_zones(inner)
    Databank(inner).store.create()
    return inner


def _approved(grant: DatasetGrant, approval: Approval) -> DatasetGrant:
    always = {"valid_from": None, "valid_until": None}
    special = tuple(each.model_copy(update=always) for each in grant.special_access)
    return grant.model_copy(update={"approval": approval, "special_access": special})


def _load_world(inner: Settings, world: World, last: str) -> World:
    """Load what the TTP and the databank hold before any deposit comes."""
    folder = inner.home / "world"
    world.write_register(last, folder / "register")
    load_register(Ttp(inner), folder / "register")
    world.write_postcodes(folder / "postcode_to_lsoa.csv")
    world.write_reference(folder)
    for name in ("postcode_to_lsoa", *REFERENCE_NAMES):
        add_reference_file(inner, name, folder / f"{name}.csv")
    return world


def _carry(inner: Settings, world: World, each: Contract, people: int, refresh: str) -> None:
    """One made-up deposit through the steps of all three zones; a check that fails stops it."""
    dataset, provider, ttp, databank = each.name, Provider(inner), Ttp(inner), Databank(inner)
    folder = inner.landing / dataset / refresh
    write_deposit_and_truth(world, each, people, refresh, folder, inner.home / "world" / "truth.parquet")
    take_deposit(provider, dataset, refresh)
    split_deposit(provider, dataset, refresh)
    _assert_passed(check_split(provider, dataset, refresh), dataset)
    send_files(provider, dataset, refresh)
    receive_file_1(ttp, dataset, refresh)
    link(ttp, dataset, refresh)
    make_linkage_report(ttp, dataset, refresh)
    make_file_3(ttp, dataset, refresh)
    send_file_3(ttp, dataset, refresh)
    receive(databank, dataset, refresh)
    _assert_passed(curate(databank, dataset, refresh).findings, dataset)


def _assert_passed(findings: Sequence[Finding], dataset: str) -> None:
    if failed := [f"{each.name} ({each.counts})" for each in findings if not each.passed]:
        raise Refused(f"the made-up deposit of {dataset} does not pass the check {failed[0]}: mend its contract")


def _write(databank: Databank, extract: Extract, folder: Path) -> None:
    """The extract without its key, which is destroyed with its home; every table keeps its mark as made up."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = folder / f".{FILE}.tmp"
    scratch.unlink(missing_ok=True)
    source, key = extract_path(databank, extract.project), extract_key(databank.keyring, extract.project)
    settings = databank.settings
    with open_session(
        settings.temporary("databank"),
        memory_limit=settings.databank_memory_limit,
        limited_by="FJO_DATABANK_MEMORY_LIMIT",
        threads=settings.threads,
    ) as session:
        session.run(f"ATTACH {literal(source)} AS made (ENCRYPTION_KEY {literal(key)}, READ_ONLY)", step="open it")
        session.run(f"ATTACH {literal(scratch)} AS plain", step="begin the made-up extract")
        session.run("COPY FROM DATABASE made TO plain", step="write the made-up extract")
        for name in extract.tables:
            schema, table = name.split(".")
            session.run(f'COMMENT ON TABLE plain."{schema}"."{table}" IS {literal(MADE_UP)}', step="mark made-up data")
        session.run("DETACH plain", step="close the made-up extract")
    scratch.replace(folder / FILE)
    write_atomically(folder / "extract.json", json.dumps(asdict(extract), indent=1, sort_keys=True).encode())
