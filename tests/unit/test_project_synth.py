"""`fjo project synth` on a tiny home: whose shape it takes, what it leaves behind, and what it refuses."""

from datetime import date
from pathlib import Path

import duckdb

from fjo_pipeline.core.keyring import keyring_path
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.databank.projects.extract import make_extract
from fjo_pipeline.databank.projects.grants import load_project
from fjo_pipeline.home import make_zones
from fjo_pipeline.project_synth import FILE, _home
from tests.command import Fjo
from tests.deposit_builder import TINY_IDENTIFIERS
from tests.tiny_home import TinyHome


def test_a_made_up_extract_has_the_tables_of_the_real_one_and_none_of_its_rows(
    home: TinyHome, fjo: Fjo, tmp_path: Path
) -> None:
    real = make_extract(home.databank, "7001", date.today())
    before = {path for path in home.settings.home.rglob("*") if path.is_file()}
    ran = fjo(home.settings, "project", "synth", "7001", "--people", "40", "--out", str(tmp_path / "out"))
    assert ran.code == 0
    assert "MADE-UP DATA: project 7001: 14 tables" in ran.out
    assert ran.out.splitlines()[-1] == str(tmp_path / "out" / FILE)
    with duckdb.connect(str(tmp_path / "out" / FILE), read_only=True) as made:
        tables = made.sql("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
        names = {f"{schema}.{table}" for schema, table in tables}
        assert names == set(real.tables), "the refreshes are those that stand in the home"
        for name in names:
            rows = str(made.sql(f"SELECT * FROM {name}").fetchall())
            assert not any(each in rows for each in TINY_IDENTIFIERS)
    assert {path for path in home.settings.home.rglob("*") if path.is_file()} == before


def test_a_made_up_home_has_keys_of_its_own_wherever_the_real_ones_lie(tmp_path: Path) -> None:
    real = Settings(home=tmp_path / "home", keyrings=tmp_path / "keys", credentials_directory=tmp_path / "credentials")
    make_zones(real)
    kept = {path: path.read_bytes() for path in tmp_path.rglob("*.json")}
    (scratch := tmp_path / "scratch").mkdir()
    inner = _home(real, load_project("1661", real.projects), 1, scratch)
    assert keyring_path(inner, "databank").is_relative_to(scratch)
    assert {path: path.read_bytes() for path in kept} == kept


def test_a_project_file_that_is_not_right_is_refused_before_anything_is_made(
    home: TinyHome, fjo: Fjo, tmp_path: Path
) -> None:
    path = home.settings.projects / "7001.yaml"
    path.write_text(path.read_text().replace("tables: all", "tables: [visitors]"))
    ran = fjo(home.settings, "project", "synth", "7001", "--out", str(tmp_path / "out"))
    assert (ran.code, "tiny has no table 'visitors'" in ran.err) == (1, True)
    path.write_text(path.read_text().replace("tiny:", "huge:"))
    assert "no contract for the dataset 'huge'" in fjo(home.settings, "project", "synth", "7001").err
    assert "there is no project 7009" in fjo(home.settings, "project", "synth", "7009").err
    assert not (tmp_path / "out").exists()
