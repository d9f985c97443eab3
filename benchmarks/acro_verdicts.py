"""Our disclosure control beside ACRO's checks, cell by cell on the same tables; writes its table into the docs.

ACRO (AI-SDC, github.com/AI-SDC/ACRO) stands in an environment of its own, which `--python` names:
`uv venv acro && uv pip install --python acro/bin/python acro==1.0.2`.
"""

import argparse
import json
import random
import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from fjo_pipeline.core.settings import REPOSITORY
from fjo_pipeline.databank.disclosure.cells import Cell, FrequencyTable
from fjo_pipeline.databank.disclosure.policy import Policy, load_policy
from fjo_pipeline.databank.disclosure.protect import protect

JUDGE = Path(__file__).with_name("acro_judge.py")
DOCUMENT = REPOSITORY / "docs" / "disclosure.md"
SEED, TABLES = 2025, 300
ALL = "All"
Triples = list[tuple[str, str, int]]

ARGUED = {
    ("shown", "ok"): "agree",
    ("under the threshold", "threshold"): "agree",
    ("secondary", "ok"): "ACRO hides no second cell: with the margins the first could be worked out",
    ("full cell", "ok"): "all of a group in one of several cells tells everybody's answer; ACRO has no such check",
    ("secondary", "zero"): "hidden here as a second cell, there because zeros count as disclosive",
    (
        "shown",
        "zero",
    ): "ACRO's default takes zeros for disclosive and under the threshold; SAIL's rule has no zeros in it",
    ("full cell", "zero"): "does not occur: a full cell is not empty",
    ("under the threshold", "ok"): "must not occur",
    ("shown", "threshold"): "must not occur",
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--python", type=Path, required=True, help="an interpreter that has acro")
    chosen = arguments.parse_args()
    compared = {name: compare(load_policy(name), chosen.python) for name in ("sail-2025", "sail-2020")}
    lines = [
        f"{TABLES} generated two-way tables with their margins, ACRO 1.0.2 "
        "(`python -m benchmarks.acro_verdicts --python …`):",
        "",
        "| here | ACRO | sail-2025, cells | sail-2020, cells | why |",
        "|---|---|---:|---:|---|",
    ]
    for pair, why in ARGUED.items():
        counts = [compared[name][pair] for name in ("sail-2025", "sail-2020")]
        if any(counts) or "must not" in why:
            lines.append(f"| {pair[0]} | {pair[1]} | {counts[0]:,} | {counts[1]:,} | {why} |")
    print("\n".join(lines))
    text = DOCUMENT.read_text()
    new = "<!-- acro -->\n" + "\n".join(lines) + "\n<!-- /acro -->"
    DOCUMENT.write_text(re.sub(r"<!-- acro -->.*<!-- /acro -->", lambda _: new, text, flags=re.DOTALL))


def compare(policy: Policy, python: Path) -> Counter[tuple[str, str]]:
    """How many cells of the generated tables have each pair of verdicts."""
    tables = list(generated(random.Random(SEED)))
    asked = json.dumps({"threshold": policy.threshold, "tables": tables})
    done = subprocess.run([python, JUDGE], input=asked, capture_output=True, text=True, check=True)
    return count_pairs(tables, json.loads(done.stdout), policy)


def count_pairs(
    tables: Sequence[Triples], verdicts: Sequence[Sequence[Sequence[str]]], policy: Policy
) -> Counter[tuple[str, str]]:
    """Our verdict and ACRO's on each cell, margins included."""
    pairs: Counter[tuple[str, str]] = Counter()
    for triples, judged in zip(tables, verdicts, strict=True):
        table = FrequencyTable("generated", ("row", "column"), {(row, column): n for row, column, n in triples})
        ours = protect([table], policy)
        for row, column, said in judged:
            cell: Cell = tuple((name, value) for name, value in (("column", column), ("row", row)) if value != ALL)
            pairs[_ours(ours.suppressed.get(cell)), _theirs(said, ours.counts[cell])] += 1
    return pairs


def generated(chance: random.Random) -> Iterator[Triples]:
    """Tables of two to five rows and columns, of small, middling and large counts."""
    for _ in range(TABLES):
        rows, columns = chance.randint(2, 5), chance.randint(2, 5)
        most = chance.choice((12, 60, 400))
        yield [
            (f"r{row}", f"c{column}", chance.choice((0, chance.randint(1, 12), chance.randint(10, most + 10))))
            for row in range(rows)
            for column in range(columns)
        ]


def _ours(why: str | None) -> str:
    named = {None: "shown", "count under the threshold": "under the threshold", "holds all of a group": "full cell"}
    return named.get(why, "secondary")


def _theirs(said: str, count: int) -> str:
    if said == "ok":
        return "ok"
    return "threshold" if count else "zero"


if __name__ == "__main__":
    main()
