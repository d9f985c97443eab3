"""Makes the shipped linkage model again: chances counted on one synthetic population, calibration on another.

`python -m benchmarks.linkage_train [--out MODEL.json]`
"""

import argparse
import tempfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from benchmarks.linkage_data import write_standard
from fjo_pipeline.core.sessions import Session, literal, open_session
from fjo_pipeline.ttp.linkage.calibrate import best_candidates, calibrate, reliability
from fjo_pipeline.ttp.linkage.normalise import RegisterRelations
from fjo_pipeline.ttp.linkage.train import starting_model, train_with_truth

MODEL_VERSION = "2026.11"
REFRESH = "20240111"
TRAINING = {"people": 60_000, "register_people": 600_000, "seed": 13}
CALIBRATION = {"people": 60_000, "register_people": 600_000, "seed": 17}
REGISTER = RegisterRelations("register_person", "register_name", "register_address")
SHIPPED = Path(__file__).parents[1] / "fjo_pipeline" / "ttp" / "linkage" / "models" / "shipped.json"


def load_standard(session: Session, folder: Path) -> None:
    """Make `people`, `truth` and the register's three relations from a folder of `benchmarks.linkage_data`."""
    for name in ("people", "truth"):
        path = literal(folder / f"{name}.parquet")
        session.run(f"CREATE OR REPLACE TABLE {name} AS FROM {path}", step=f"load the {name}")
    path = literal(folder / "register.parquet")
    for kind, columns in (
        ("person", "date_of_birth, sex, nhs_number"),
        ("name", "forename, middle_names, surname"),
        ("address", "postcode, address"),
    ):
        session.run(
            f"CREATE OR REPLACE TABLE register_{kind} AS SELECT DISTINCT register_id, {columns} FROM {path}",
            step=f"load each {kind} of the register",
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    out: Path = parser.parse_args().out
    with tempfile.TemporaryDirectory() as folder, open_session(Path(folder) / "spill") as session:
        for use, drawn in (("training", TRAINING), ("calibration", CALIBRATION)):
            write_standard(**drawn, out=Path(folder) / use, refresh=REFRESH)
        load_standard(session, Path(folder) / "training")
        model = train_with_truth(session, starting_model(), "people", REGISTER, "truth")
        load_standard(session, Path(folder) / "calibration")
        model = calibrate(session, model, "people", REGISTER, "truth")
        table = reliability(*best_candidates(session, model, "people", REGISTER, "truth"))
    drawn_from = {f"training {key}": str(value) for key, value in TRAINING.items()}
    drawn_from |= {f"calibration {key}": str(value) for key, value in CALIBRATION.items()}
    model = replace(model, version=MODEL_VERSION).described(
        data="fjo_pipeline.synthetic, cafcass_england_ecms",
        refresh=REFRESH,
        command="python -m benchmarks.linkage_train",
        splink=version("splink"),
        duckdb=version("duckdb"),
        **drawn_from,
    )
    model.save(out)
    print(f"slope {model.slope:.3f}, intercept {model.intercept:.3f}, digest {model.digest()}")
    print("| probability | people | mean | right |\n|---|---|---|---|")
    for lower, upper, people, mean, right in table:
        print(f"| {lower} to {upper} | {people:,} | {mean:.4f} | {right:.4f} |")


if __name__ == "__main__":
    main()
