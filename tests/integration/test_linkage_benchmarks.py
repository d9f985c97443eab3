"""The linkage benchmarks run, on a synthetic population too small to say anything."""

from pathlib import Path

import duckdb
import pytest

from benchmarks import linkage_blocking, linkage_groups
from benchmarks.linkage_data import standardise
from benchmarks.linkage_speed import measure, run_process, score_links
from benchmarks.linkage_splink import link
from fjo_pipeline.synthetic import SyntheticFiles, write_synthetic
from fjo_pipeline.ttp.linkage.blocking import RULES
from fjo_pipeline.ttp.linkage.evaluate import evaluate
from fjo_pipeline.ttp.linkage.model import load_model

PEOPLE, REGISTER = 400, 4_000


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> SyntheticFiles:
    out = tmp_path_factory.mktemp("written")
    return write_synthetic("cafcass_england_ecms", PEOPLE, 3, "20240111", out, register_people=REGISTER)


@pytest.fixture(scope="module")
def folder(files: SyntheticFiles, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("data") / f"{PEOPLE}_x_{REGISTER}"
    out.mkdir()
    standardise(files, out)
    return out


def test_standard_files_are_the_same_each_time(files: SyntheticFiles, folder: Path, tmp_path: Path) -> None:
    standardise(files, tmp_path)
    for name in ("people", "register", "truth"):
        assert (tmp_path / f"{name}.parquet").read_bytes() == (folder / f"{name}.parquet").read_bytes()


def test_rules_together_find_what_blocking_finds(folder: Path) -> None:
    figures = linkage_blocking.measure(folder)
    assert [rule.name for rule in figures.rules] == [rule.name for rule in RULES]
    assert 0 < figures.rest_found <= figures.rest <= figures.people
    assert max(rule.true for rule in figures.rules) <= figures.rest_found <= sum(rule.true for rule in figures.rules)
    assert all(rule.linked_alone <= rule.true_alone <= rule.pairs_alone <= rule.pairs for rule in figures.rules)


def test_everybody_is_in_one_age_band_and_one_sex(files: SyntheticFiles, folder: Path, tmp_path: Path) -> None:
    assert files.deposit is not None
    links, truth = tmp_path / "links.parquet", folder / "truth.parquet"
    evaluate(
        folder / "register.parquet", folder / "people.parquet", truth, temp_directory=tmp_path / "spill", links=links
    )
    groups = linkage_groups.count_groups(files.deposit, links, truth)
    everybody = groups[linkage_groups.EVERYBODY, linkage_groups.EVERYBODY]
    for kind in ("sex", "age at the first application"):
        assert sum(each.people for (of, _), each in groups.items() if of == kind) == everybody.people
    assert everybody.people == duckdb.sql(f"FROM '{truth}'").count("*").fetchall()[0][0]


def test_splink_finds_most_people(folder: Path, tmp_path: Path) -> None:
    link(folder, tmp_path / "links.parquet", "together")
    assert score_links(tmp_path / "links.parquet", folder / "truth.parquet", 0.5).f1 > 0.8


def test_ours_is_measured_as_a_process(folder: Path) -> None:
    size = measure(folder.parent, PEOPLE, REGISTER, splink=())
    (ours,) = size.runs
    assert ours.peak_mb > 50
    assert [score.least for score in ours.scores] == [0.5, load_model().threshold]


def test_a_process_that_fails_says_why() -> None:
    with pytest.raises(SystemExit, match="failed"):
        run_process("nothing", ["python", "-m", "benchmarks.no_such_thing"])
