"""One file makes a source: the contract of docs/add-a-source.md, which nobody has seen, taken to an extract."""

import csv
import re
import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from fjo_pipeline import cli
from fjo_pipeline.core.contracts import CONTRACTS
from fjo_pipeline.core.data_dictionary import shipped_data_dictionary
from fjo_pipeline.core.orchestration import deposits
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.databank.flow import Databank, curate, receive, release
from fjo_pipeline.databank.projects.analyst import query
from fjo_pipeline.databank.projects.extract import Extract, make_extract, make_project_keys
from fjo_pipeline.databank.quality.page import make_quality_pages, page_path
from fjo_pipeline.databank.quality.receiving import take_linkage_report
from fjo_pipeline.databank.sensors import requests as databank_requests
from fjo_pipeline.demo import load_truth, measured
from fjo_pipeline.home import make_zones
from fjo_pipeline.project_synth import FILE, synthesise_project
from fjo_pipeline.provider.definitions import build_defs as build_provider
from fjo_pipeline.provider.flow import Provider
from fjo_pipeline.provider.sensors import requests as provider_requests
from fjo_pipeline.ttp.definitions import build_defs as build_ttp
from fjo_pipeline.ttp.flow import Ttp
from fjo_pipeline.ttp.sensors import requests as ttp_requests

PAGE = CONTRACTS.parents[1] / "docs" / "add-a-source.md"
DATASET, REFRESH, NUMBER = "housing_support", "20240111", "4711"
PEOPLE = 300
COLUMNS = {
    "SAIL4711V.HSUP_TENANTS_20240111": ["TENANT_ID_PE", "GENDER", "WOB", "ALF_PE", "AVAIL_FROM_DT"],
    "SAIL4711V.HSUP_TENANCIES_20240111": [
        "TENANCY_ID_PE", "TENANT_ID_PE", "TENURE_ID", "START_DT", "END_DT", "SUPPORT_NEED", "ARREARS", "ALF_PE",
        "AVAIL_FROM_DT",
    ],
    "SAIL4711V.HSUP_ALF_20240111": [
        "PERSON_ID_PE", "ALF_PE", "ALF_STS_CD", "ALF_MTCH_PCT", "WOB", "GNDR_CD", "LSOA_CD", "AVAIL_FROM_DT",
    ],
    "SAILHSUPREFV.HSUP_TENURES_20240111": ["ID", "NAME"],
}  # fmt: skip


@dataclass(frozen=True)
class Housing:
    """A home whose only dataset is the new one, its made-up deposit, and what was asked for and provided."""

    settings: Settings
    made: Path
    instance: dg.DagsterInstance
    asked: list[dg.RunRequest]
    extract: Extract

    @property
    def databank(self) -> Databank:
        return Databank(self.settings)

    def deposited(self, table: str) -> list[dict[str, str]]:
        with (self.made / "deposit" / f"{table}.csv").open(encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def value(self, sql: str) -> object:
        return query(self.databank, NUMBER, sql)[0][0].as_py()


def yaml_blocks() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)


def written_settings(base: Path) -> Settings:
    """A home to be, with the page's contract and project file and no other dataset."""
    contract, project = yaml_blocks()
    for folder in ("contracts", "projects"):
        (base / folder).mkdir()
    (base / "contracts" / f"{DATASET}.yaml").write_text(contract)
    shutil.copy(CONTRACTS / "population_register.yaml", base / "contracts")
    (base / "projects" / f"{NUMBER}.yaml").write_text(project)
    return Settings(
        home=base / "home", contracts=base / "contracts", projects=base / "projects", settle_seconds=0,
        lock_wait_seconds=0,
    )  # fmt: skip


def fjo(settings: Settings, *arguments: str) -> str:
    names = ("home", "contracts", "projects", "settle_seconds", "lock_wait_seconds")
    ran = CliRunner().invoke(
        cli.app, arguments, env={f"FJO_{name.upper()}": str(getattr(settings, name)) for name in names}
    )
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def load(settings: Settings, made: Path) -> None:
    """The page's commands up to the deposit in landing."""
    people = ("--people", str(PEOPLE), "--seed", "7", "--refresh", REFRESH)
    fjo(settings, "synth", "--dataset", DATASET, *people, "--out", str(made))
    assert "keeps its contract" in fjo(settings, "deposit", "check", str(made / "deposit"))
    fjo(settings, "register", "add", str(made / "register"))
    fjo(settings, "reference", "add", "postcode_to_lsoa", str(made / "reference" / "postcode_to_lsoa.csv"))
    assert fjo(settings, "deposit", "add", str(made / "deposit")) == f"{DATASET}/{REFRESH} is in landing\n"


@pytest.fixture(scope="module")
def housing(tmp_path_factory: pytest.TempPathFactory) -> Housing:
    """The new source taken to the project's extract; at the databank without Dagster, for dbt takes half a minute."""
    base = tmp_path_factory.mktemp("housing")
    settings, made = written_settings(base), base / "made"
    make_zones(settings)
    fjo(settings, "init", "--zone", "provider")
    databank = Databank(settings)
    databank.store.create()
    make_project_keys(databank, NUMBER)
    load(settings, made)
    instance = dg.DagsterInstance.local_temp(str(base))
    asked = list(provider_requests(Provider(settings), instance))
    fjo(settings, "refresh", "--zone", "provider")
    load_truth(settings, DATASET, REFRESH, made / "truth.parquet")
    asked += ttp_requests(Ttp(settings), instance)
    fjo(settings, "refresh", "--zone", "ttp")
    asked += databank_requests(databank, instance)
    receive(databank, DATASET, REFRESH)
    take_linkage_report(databank, DATASET, REFRESH)
    assert curate(databank, DATASET, REFRESH).sound
    release(databank)
    make_quality_pages(databank)
    return Housing(settings, made, instance, asked, make_extract(databank, NUMBER, date.today()))


def test_each_zones_sensor_asks_for_the_new_source_by_its_refresh(housing: Housing) -> None:
    keys = [each.asset_selection[0].path for each in housing.asked if each.asset_selection]
    # The register's own history is on its way beside it.
    keys = [key for key in keys if key[1] == DATASET]
    assert keys == [
        ["provider", DATASET, "deposit"], ["ttp", DATASET, "file_1"], ["databank", DATASET, "received"],
        ["databank", DATASET, "linkage_quality"],
    ]  # fmt: skip
    assert housing.instance.get_dynamic_partitions(str(deposits(DATASET).name)) == [REFRESH]


def test_the_zones_graphs_have_the_new_sources_assets_and_checks(housing: Housing) -> None:
    for zone, definitions in {"provider": build_provider(housing.settings), "ttp": build_ttp(housing.settings)}.items():
        dg.Definitions.validate_loadable(definitions)
        graph = definitions.resolve_asset_graph()
        datasets = {key.path[1] for key in graph.executable_asset_keys} - {"store", "population_register"}
        assert datasets == {DATASET}
        assert {key.asset_key.path[0] for key in graph.asset_check_keys} == {zone}


def test_the_extract_has_exactly_the_contracts_tables_and_columns(housing: Housing) -> None:
    assert {name for name in housing.extract.tables if not name.startswith("SAILREFRV.")} == set(COLUMNS)
    for name, columns in COLUMNS.items():
        assert query(housing.databank, NUMBER, f"SELECT * FROM {name} LIMIT 0").column_names == columns
        assert "MADE-UP DATA" in str(
            housing.value(f"SELECT comment FROM duckdb_tables() WHERE table_name = '{name.split('.')[1]}'")
        )


def test_no_row_is_lost_and_content_is_as_deposited(housing: Housing) -> None:
    for table in ("TENANTS", "TENANCIES"):
        assert housing.extract.tables[f"SAIL4711V.HSUP_{table}_{REFRESH}"]["rows"] == len(housing.deposited(table))
    people = {row["TENANT_ID"] for row in housing.deposited("TENANTS")}
    assert housing.extract.tables[f"SAIL4711V.HSUP_ALF_{REFRESH}"]["rows"] == len(people)
    needs = query(housing.databank, NUMBER, f"SELECT SUPPORT_NEED FROM SAIL4711V.HSUP_TENANCIES_{REFRESH}").column(0)
    deposited = Counter(row["SUPPORT_NEED"] or None for row in housing.deposited("TENANCIES"))
    assert Counter(needs.to_pylist()) == deposited
    names = query(housing.databank, NUMBER, f"SELECT NAME FROM SAILHSUPREFV.HSUP_TENURES_{REFRESH} ORDER BY ID").column(
        0
    )
    assert names.to_pylist() == ["Council", "Housing association", "Private", "Not known"]


def test_ids_join_as_the_deposits_keys_do_and_are_not_them(housing: Housing) -> None:
    tables = f"SAIL4711V.HSUP_TENANCIES_{REFRESH} AS tenancy JOIN SAIL4711V.HSUP_ALF_{REFRESH} AS person"
    rows = len(housing.deposited("TENANCIES"))
    on = "ON PERSON_ID_PE = TENANT_ID_PE WHERE tenancy.ALF_PE IS NOT DISTINCT FROM person.ALF_PE"
    assert housing.value(f"SELECT count(*) FROM {tables} {on}") == rows
    per_person = Counter(Counter(row["TENANT_ID"] for row in housing.deposited("TENANCIES")).values())
    found = query(
        housing.databank, NUMBER, f"SELECT count(*) FROM SAIL4711V.HSUP_TENANCIES_{REFRESH} GROUP BY TENANT_ID_PE"
    )
    assert Counter(found.column(0).to_pylist()) == per_person
    ids = query(housing.databank, NUMBER, f"SELECT TENANCY_ID_PE FROM SAIL4711V.HSUP_TENANCIES_{REFRESH}").column(0)
    assert not {str(each) for each in ids.to_pylist()} & {row["TENANCY_ID"] for row in housing.deposited("TENANCIES")}


def test_links_agree_with_the_truth(housing: Housing) -> None:
    (result,) = measured(housing.settings)
    truth = pq.read_table(housing.made / "truth.parquet")
    assert result.people == len(truth) == len({row["TENANT_ID"] for row in housing.deposited("TENANTS")})
    assert result.precision > 0.99
    assert result.recall > 0.97
    assert result.by_status["1"] > result.people / 2, "the contract has NHS numbers"
    linked = housing.value(f"SELECT count(ALF_PE) FROM SAIL4711V.HSUP_ALF_{REFRESH}")
    assert linked == result.linked


def test_the_data_dictionary_and_the_quality_page_know_the_new_source(housing: Housing) -> None:
    page = shipped_data_dictionary(housing.settings.contracts)
    assert "Becomes `HSUP_TENANCIES_<date>` in the project's schema: `TENANCY_ID_PE`" in page
    assert "`ALF` is File 3's ALF of the person in `TENANT_ID`" in page
    assert "`HSUP_TENURES_<date>` in `SAILHSUPREFV`" in page
    assert "Housing support" in page_path(housing.databank, DATASET, REFRESH).read_text()


def test_a_project_without_approval_home_or_register_gets_the_same_shape_of_nobody(
    housing: Housing, tmp_path: Path
) -> None:
    settings = housing.settings.model_copy(update={"home": tmp_path / "home", "projects": tmp_path / "projects"})
    settings.projects.mkdir()
    project = (housing.settings.projects / f"{NUMBER}.yaml").read_text()
    (settings.projects / f"{NUMBER}.yaml").write_text(project.replace("2034-12-31", "2024-01-02"))
    made = synthesise_project(settings, NUMBER, lambda _: None, people=60, seed=3)
    assert made.folder == tmp_path / "home" / "databank" / "projects" / NUMBER / "synthetic"
    assert sorted(path.name for path in settings.home.iterdir()) == ["databank"]
    with duckdb.connect(str(made.folder / FILE), read_only=True) as plain:
        shape = shape_of(plain)
        assert {comment for (comment,) in plain.sql("SELECT DISTINCT comment FROM duckdb_tables()").fetchall()} == {
            "MADE-UP DATA: from synthetic deposits, about nobody"
        }
    real = query(housing.databank, NUMBER, SHAPE)
    assert shape == list(zip(*(column.to_pylist() for column in real.columns), strict=True))
    for name in ("README.txt", "data-dictionary.md", "extract.json"):
        assert "MADE-UP" in (made.folder / name).read_text() or '"synthetic": true' in (made.folder / name).read_text()


SHAPE = """SELECT schema_name, table_name, column_name, data_type, column_index FROM duckdb_columns()
    WHERE database_name IN ('extract', 'made_up_extract') AND schema_name LIKE 'SAIL%' ORDER BY ALL"""


def shape_of(plain: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return list(plain.sql(SHAPE).fetchall())


def test_the_pages_tables_are_what_comes_out(housing: Housing) -> None:
    rows = re.findall(r"^\| `(SAILHSUP\S+)` \| (.*) \|$", PAGE.read_text(), re.MULTILINE)
    said = {
        name.replace("SAILHSUPV", "SAIL4711V"): columns.replace("_E,", "_PE,").split(", ") for name, columns in rows
    }
    assert said == COLUMNS


@pytest.mark.slow
def test_the_pages_commands_take_the_new_source_through_dagster_and_dbt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = written_settings(tmp_path)
    fjo(settings, "init")
    load(settings, tmp_path / "made")
    done = fjo(settings, "refresh")
    assert f"done: curate {DATASET}/{REFRESH}" in done
    assert "done: release databank/views" in done
    assert f"done: extract projects/{NUMBER}" in done
    reference_files, lists_of_areas = 4, 4
    made = f"4711: {len(COLUMNS) + reference_files + lists_of_areas} tables"
    assert made in fjo(settings, "project", "extract", NUMBER)
    assert "nothing is due" in fjo(settings, "refresh")
