"""The shipped model is whole, fits the code, and says where it is from."""

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.ttp.linkage.calibrate import fit_logistic, reliability
from fjo_pipeline.ttp.linkage.model import expected_levels, load_model

SHIPPED = Path(str(files("fjo_pipeline.ttp.linkage"))) / "models" / "shipped.json"


def test_shipped_model_loads_and_tells_its_provenance() -> None:
    model = load_model()
    assert {"data", "command", "training seed", "splink", "duckdb"} <= set(model.provenance)
    assert 0.5 < model.threshold < 1


def test_chances_of_each_kind_of_pair_sum_to_one() -> None:
    model = load_model()
    for name in expected_levels():
        for kind in ("clean", "soiled", "relative", "occupant", "stranger"):
            total = sum(getattr(chances, kind) for chances in model.levels[name].values())
            assert total == pytest.approx(1, abs=0.02), (name, kind)


def test_model_survives_saving(tmp_path: Path) -> None:
    model = load_model()
    model.save(tmp_path / "model.json")
    assert load_model(tmp_path / "model.json") == model


@pytest.mark.parametrize("change", [{"threshold": 0.1}, {"digest": "0"}])
def test_altered_model_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    content = json.loads(SHIPPED.read_text()) | change
    (tmp_path / "model.json").write_text(json.dumps(content))
    with pytest.raises(Refused, match="altered"):
        load_model(tmp_path / "model.json")


@pytest.mark.parametrize("families", [None, {}, {"moved": {"together": 0.1, "apart": 0.5}}])
def test_model_without_families_is_refused(tmp_path: Path, families: object) -> None:
    content = json.loads(SHIPPED.read_text())
    content.pop("families")
    (tmp_path / "model.json").write_text(json.dumps(content if families is None else content | {"families": families}))
    with pytest.raises(Refused, match="other fields"):
        load_model(tmp_path / "model.json")


def test_calibration_finds_the_curve_it_was_drawn_from() -> None:
    rng = np.random.default_rng(7)
    log_odds = rng.normal(0, 4, 20_000)
    right = (rng.random(20_000) < 1 / (1 + np.exp(-(0.8 * log_odds - 0.5)))).astype(float)
    slope, intercept = fit_logistic(log_odds, right)
    assert slope == pytest.approx(0.8, abs=0.05)
    assert intercept == pytest.approx(-0.5, abs=0.1)


def test_reliability_counts_everybody_once() -> None:
    table = reliability(np.array([0.0, 0.05, 0.5, 0.95, 1.0]), np.array([0.0, 0.0, 1.0, 1.0, 1.0]))
    assert sum(people for _, _, people, _, _ in table) == 5
