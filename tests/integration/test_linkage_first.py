"""The engine on data that nobody here shaped."""

from pathlib import Path

import pytest

from fjo_pipeline.ttp.linkage.evaluate import evaluate

DATA = Path("/work/shared/data/linkage")


@pytest.mark.skipif(not DATA.is_dir(), reason="the benchmark data are not on this machine")
@pytest.mark.parametrize(("name", "f1"), [("febrl4", 0.98), ("historical_50k", 0.90)])
def test_reaches_its_f1_on_other_peoples_data(name: str, f1: float, tmp_path: Path) -> None:
    folder = DATA / name
    result = evaluate(
        folder / "register.parquet",
        folder / "people.parquet",
        folder / "truth.parquet",
        temp_directory=tmp_path,
        min_probability=0.5,
    )
    assert result.f1 is not None and result.f1 >= f1
