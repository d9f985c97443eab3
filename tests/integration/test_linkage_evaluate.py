"""`evaluate` on other people's data with the shipped model, on its own counts, and on files that are not right."""

from pathlib import Path
from typing import Literal

import duckdb
import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.ttp.linkage.evaluate import Evaluation, evaluate

DATA = Path("/work/shared/data/linkage")
on_this_machine = pytest.mark.skipif(not DATA.is_dir(), reason="the benchmark data are not on this machine")


def _evaluate(folder: Path, spill: Path, **options: object) -> Evaluation:
    files = (folder / f"{name}.parquet" for name in ("register", "people", "truth"))
    return evaluate(*files, temp_directory=spill, **options)  # type: ignore[arg-type]


@on_this_machine
@pytest.mark.parametrize(
    ("name", "model", "f1"),
    [
        ("febrl4", "shipped", 0.993),
        ("historical_50k", "shipped", 0.90),
        pytest.param("febrl4", "train", 0.993, marks=pytest.mark.slow),
        pytest.param("historical_50k", "train", 0.90, marks=pytest.mark.slow),
    ],
)
def test_reaches_its_f1_on_other_peoples_data(
    name: str, model: Literal["shipped", "train"], f1: float, tmp_path: Path
) -> None:
    result = _evaluate(DATA / name, tmp_path, min_probability=0.5, model=model)
    assert result.f1 is not None and result.f1 >= f1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A register of two, a deposit of three of whom one is on no register; absent columns are absent."""
    connection = duckdb.connect()
    for name, rows in (
        (
            "register",
            "('1', 'Anna', 'Winterbourne', '1990-05-06', 'LS1 4AB'), ('2', 'Otto', 'Kexby', '1950-01-02', 'LS2 4AB')",
        ),
        (
            "people",
            "('a', 'Anna', 'Winterbourne', '1990-05-06', 'LS1 4AB'), ('b', 'Otto', 'Kexby', '1950-01-02', 'LS2 4AB'), "
            "('c', 'Ida', 'Ferrers', '1971-07-07', 'CF1 1AA')",
        ),
    ):
        key = "register_id" if name == "register" else "person_id"
        connection.execute(
            f"COPY (SELECT * FROM (VALUES {rows}) t({key}, forename, surname, date_of_birth, postcode)) "
            f"TO '{tmp_path / name}.parquet'"
        )
    connection.execute(
        f"COPY (SELECT * FROM (VALUES ('a', '1'), ('b', '2'), ('c', NULL)) t(person_id, register_id)) "
        f"TO '{tmp_path}/truth.parquet'"
    )
    return tmp_path


def test_counts_add_up_and_links_are_written(folder: Path) -> None:
    result = _evaluate(folder, folder / "spill", links=folder / "links.parquet")
    assert result.people == 3
    assert result.linked == result.true_positives + result.false_positives
    assert result.true_positives + result.missed == 2
    assert sum(status["people"] for status in result.statuses.values()) == 3
    columns = [row[0] for row in duckdb.sql(f"DESCRIBE FROM '{folder}/links.parquet'").fetchall()]
    assert columns == ["person_id", "register_id", "alf_sts_cd", "alf_mtch_pct"]


def test_only_status_35_has_a_percentage(folder: Path) -> None:
    _evaluate(folder, folder / "spill", links=folder / "links.parquet", min_probability=0.0)
    rows = duckdb.sql(
        f"SELECT alf_sts_cd, count(alf_mtch_pct), count(*) FROM '{folder}/links.parquet' GROUP BY 1"
    ).fetchall()
    assert all(given == (people if status == "35" else 0) for status, given, people in rows)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("COPY (SELECT 1 AS other) TO '{}/people.parquet'", "person_id is missing"),
        ("COPY (SELECT NULL AS person_id) TO '{}/people.parquet'", "no person_id"),
        ("COPY (SELECT 'a' AS person_id FROM range(2)) TO '{}/people.parquet'", "repeat"),
        ("COPY (SELECT 'a' AS person_id) TO '{}/truth.parquet'", "register_id is missing"),
        ("COPY (SELECT 'a' AS person_id) TO '{}/people.parquet' (FORMAT CSV)", "not a Parquet file"),
    ],
)
def test_a_wrong_file_is_refused_by_name(folder: Path, statement: str, message: str) -> None:
    duckdb.sql(statement.format(folder))
    with pytest.raises(Refused, match=message):
        _evaluate(folder, folder / "spill")


def test_a_missing_file_is_refused(folder: Path) -> None:
    (folder / "register.parquet").unlink()
    with pytest.raises(Refused, match="no such file"):
        _evaluate(folder, folder / "spill")


@pytest.mark.parametrize("probability", [-0.1, 1.5])
def test_a_probability_outside_its_range_is_refused(folder: Path, probability: float) -> None:
    with pytest.raises(Refused, match="between 0 and 1"):
        _evaluate(folder, folder / "spill", min_probability=probability)
