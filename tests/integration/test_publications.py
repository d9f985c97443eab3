"""Publications of the demo's chain: as an asset with its checks, from the files to what a second release may show."""

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from fjo_pipeline.core.settings import Settings
from fjo_pipeline.databank.assets import POOL
from fjo_pipeline.databank.catalogue.entries import entries
from fjo_pipeline.databank.definitions import build_defs
from fjo_pipeline.databank.flow import Databank
from fjo_pipeline.databank.publishing.assets import KEY, publications_asset
from fjo_pipeline.databank.publishing.checking import CHECKS
from fjo_pipeline.databank.publishing.declaration import load_tables
from fjo_pipeline.home import dagster_home
from tests.integration.conftest import Chain
from tests.tiny_home import TinyHome


@pytest.fixture(scope="module")
def settings(chain: Chain, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A copy of the chain's home, to publish from."""
    home = tmp_path_factory.mktemp("publications") / "home"
    shutil.copytree(chain.settings.home, home)
    return chain.settings.model_copy(update={"home": home})


@pytest.fixture(scope="module")
def run(settings: Settings) -> Iterator[dg.ExecuteInProcessResult]:
    """The asset, materialised as the automation would."""
    definitions = build_defs(settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(dagster_home(settings)))
        with dg.DagsterInstance.ephemeral() as instance:
            yield dg.materialize(
                [*(definitions.assets or [])],  # type: ignore[list-item]  # Dagster's own union is wider
                selection=dg.AssetSelection.assets(KEY),
                instance=instance,
                resources=dict(definitions.resources or {}),
                raise_on_error=False,
            )


@pytest.fixture(scope="module")
def folder(settings: Settings, run: dg.ExecuteInProcessResult) -> Path:
    """The publication that the asset made."""
    assert run.success
    release: str = json.loads((settings.publications / "latest").read_text())["release"]
    return settings.publications / release


def test_the_asset_publishes_once_its_blocking_checks_have_passed(run: dg.ExecuteInProcessResult) -> None:
    assert run.success
    checks = run.get_asset_check_evaluations()
    assert {each.check_name for each in checks} == set(CHECKS)
    assert all(each.passed and each.blocking for each in checks)


def test_the_assets_page_has_a_plot_of_counts_after_disclosure_control(run: dg.ExecuteInProcessResult) -> None:
    (made,) = run.asset_materializations_for_node(KEY.to_python_identifier())
    plot = made.metadata["counts"].value
    assert isinstance(plot, str)
    assert plot.startswith("**MADE-UP DATA**")
    assert "data:image/svg+xml;base64," in plot or "every count is suppressed" in plot


def test_every_declared_table_is_there_with_its_record(folder: Path) -> None:
    package = json.loads((folder / "datapackage.json").read_text())
    assert [each["name"] for each in package["resources"]] == [table.name for table in load_tables()]
    for each in package["resources"]:
        record: dict[str, Any] = json.loads((folder / each["record"]).read_text())
        assert (record["table"], record["policy"]["name"]) == (each["name"], "sail-2025")
        rows = list(csv.DictReader((folder / each["path"]).read_text().splitlines()))
        assert rows
        assert {row["data"] for row in rows} == {"MADE-UP DATA"}
        assert {row["area_level"] for row in rows} <= {"nation", "region"}


def test_no_id_and_no_small_count_is_in_any_file(folder: Path) -> None:
    for path in folder.rglob("*.csv"):
        rows = list(csv.DictReader(path.read_text().splitlines()))
        for column in ("children", "infants", "cases", "mothers", "applicants", "people"):
            shown = [int(row[column]) for row in rows if row.get(column)]
            assert all(count == 0 or count >= 10 for count in shown)
            assert all(count % 5 == 0 for count in shown)


def test_only_what_may_be_seen_lies_beside_the_publication(settings: Settings, folder: Path) -> None:
    assert sorted(path.name for path in settings.publications.iterdir()) == sorted([folder.name, "latest"])


def test_the_catalogue_shows_the_published_match_rates(settings: Settings, folder: Path) -> None:
    found = {each.name: each for each in entries(Databank(settings))}
    (rate,) = found["cafcass_england_ecms"].released
    assert rate.refresh == "20240711"
    assert rate.people is not None
    assert rate.people % 5 == 0
    assert rate.match_rate is not None
    assert 0.7 < rate.match_rate < 1
    assert found["pedw"].released == ()


def test_the_bulletin_is_made_with_the_tables(folder: Path) -> None:
    assert "MADE-UP DATA" in (folder / "bulletin" / "index.html").read_text()


def test_the_asset_is_skipped_with_its_checks_while_nothing_whole_is_released(empty_home: TinyHome) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        ran = dg.materialize([publications_asset(POOL)], instance=instance, resources={"databank": empty_home.databank})
    assert ran.success
    assert ran.get_asset_materialization_events() == []
    assert ran.get_asset_check_evaluations() == []
