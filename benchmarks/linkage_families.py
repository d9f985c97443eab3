"""What the family's evidence adds to the linkage: the shipped model with it and without, on data of known truth.

`python -m benchmarks.linkage_families DIR [DIR …]`, folders of `benchmarks.linkage_data`.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.linkage_train import REGISTER, load_standard
from fjo_pipeline.core.sessions import Session, open_session
from fjo_pipeline.ttp.linkage.link import link_people
from fjo_pipeline.ttp.linkage.model import FAMILIES, Family, LinkageModel, load_model


def measure(session: Session, model: LinkageModel, threshold: float) -> tuple[int, int, int]:
    """People linked rightly, wrongly, and missed."""
    link_people(session, "people", REGISTER, model, links="links", min_probability=threshold, use_nhs_numbers=False)
    right, wrong, missed = session.row(
        """SELECT count(*) FILTER (l.register_id = t.register_id),
                  count(*) FILTER (l.register_id IS DISTINCT FROM t.register_id AND l.register_id IS NOT NULL),
                  count(*) FILTER (l.register_id IS DISTINCT FROM t.register_id AND t.register_id IS NOT NULL)
        FROM links l JOIN truth t USING (person_id)""",
        step="compare the links with the truth",
    )
    return right, wrong, missed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    folders: list[Path] = parser.parse_args().folders
    with_families = load_model()
    # Nobody is expected in the homes of linked housemates, nor the less likely outside them.
    without = replace(with_families, families=dict.fromkeys(FAMILIES, Family(together=0.0, apart=1.0)))
    print("| set | at | family | precision | recall | wrong | missed |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as spill, open_session(Path(spill)) as session:
        for folder in folders:
            load_standard(session, folder)
            for threshold in (with_families.threshold, 0.5):
                for name, model in (("without", without), ("with", with_families)):
                    right, wrong, missed = measure(session, model, threshold)
                    print(
                        f"| {folder.name} | {threshold} | {name} | {right / (right + wrong):.4f} "
                        f"| {right / (right + missed):.4f} | {wrong} | {missed} |"
                    )


if __name__ == "__main__":
    main()
