"""What each blocking rule costs and finds: `python -m benchmarks.linkage_blocking [NAME=FOLDER ...]`.

On synthetic registers of two sizes, for a rule whose key few share on a small one may be skipped on a large one, and on
folders with the files of `benchmarks.linkage_data`; one that is not on this machine is left out. Rules are judged on
the people whom the exact tiers leave, since only those come to blocking; "alone" is what is lost if a rule goes.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from benchmarks.linkage_data import write_standard
from benchmarks.linkage_train import REGISTER, load_standard
from benchmarks.report import write_section
from fjo_pipeline.core.sessions import Session, open_session
from fjo_pipeline.ttp.linkage import blocking
from fjo_pipeline.ttp.linkage.exact import link_exactly
from fjo_pipeline.ttp.linkage.link import link_people
from fjo_pipeline.ttp.linkage.model import load_model
from fjo_pipeline.ttp.linkage.prepare import normalise

PAGE = Path(__file__).parent.parent / "docs" / "linkage.md"
TITLE = "Blocking"
PEOPLE, SEED = 20_000, 11


@dataclass(frozen=True)
class RuleFigures:
    """Pairs and true pairs of a rule, those that no other rule has, and how many of these end as right links."""

    name: str
    pairs: int
    pairs_alone: int
    true: int
    true_alone: int
    linked_alone: int


@dataclass(frozen=True)
class BlockingFigures:
    """All rules together on one data set: people on the register, and those of them whose true pair is a candidate.

    `rest` are those of them whom the exact tiers leave; `compared` is everybody left, on the register or not.
    """

    people: int
    people_found: int
    rest: int
    rest_found: int
    compared: int
    pairs: int
    rules: tuple[RuleFigures, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", metavar="NAME=FOLDER")
    parser.add_argument(
        "--registers", type=int, nargs="*", default=[100_000, 1_000_000], help="sizes of synthetic ones"
    )
    parser.add_argument("--no-report", action="store_true", help="leave docs/linkage.md as it is")
    options = parser.parse_args()
    figures = {f"{PEOPLE:,} x {size:,}": _on_synthetic(size) for size in options.registers}
    folders = {name: Path(folder) for name, folder in (each.split("=", 1) for each in options.sets)}
    figures |= {name: measure(folder) for name, folder in folders.items() if (folder / "truth.parquet").is_file()}
    tables = blocking_tables(figures)
    print(tables)
    if not options.no_report:
        given = "".join(f" {name}={folder.name}" for name, folder in folders.items())
        write_section(TITLE, f"python -m benchmarks.linkage_blocking{given}", tables, PAGE)


def _on_synthetic(register_people: int) -> BlockingFigures:
    with tempfile.TemporaryDirectory() as folder:
        write_standard(PEOPLE, register_people, SEED, Path(folder))
        return measure(Path(folder))


def measure(folder: Path) -> BlockingFigures:
    """Run every rule by itself, then set them against one another."""
    with tempfile.TemporaryDirectory() as spill, open_session(Path(spill)) as session:
        load_standard(session, folder)
        link_people(session, "people", REGISTER, load_model(), links="links", use_nhs_numbers=True)
        normalise(session, "people", REGISTER)
        link_exactly(session, use_nhs_numbers=True)
        # Some registers in use leave out people whom the truth names; no rule could find them.
        session.run(
            """CREATE TEMP TABLE meant AS
            SELECT pid, rid, coalesce(l.register_id = t.register_id, false) AS linked
            FROM truth t JOIN linkage_people USING (person_id) JOIN linkage_person r USING (register_id)
            JOIN links l USING (person_id)""",
            step="take the truth",
        )
        people, people_found = _find(session, "linkage_people")
        rest, rest_found = _find(session, "linkage_people ANTI JOIN linkage_exact USING (pid)")
        compared, pairs = session.row(
            "SELECT (SELECT count(*) FROM linkage_rest), (SELECT count(*) FROM linkage_pair)", step="count the pairs"
        )
        rules = _by_rule(session)
    return BlockingFigures(people, people_found, rest, rest_found, compared, pairs, rules)


def _find(session: Session, of: str) -> tuple[int, int]:
    """People with a truth among those of a relation, and how many of them have the true pair as a candidate."""
    session.run(f"CREATE OR REPLACE TEMP TABLE linkage_rest AS SELECT pid FROM {of}", step="choose the people")
    blocking.find_candidates(session)
    people, found = session.row(
        """SELECT count(*), count(p.pid) FROM meant JOIN linkage_rest USING (pid)
        LEFT JOIN linkage_pair p USING (pid, rid)""",
        step="count the true pairs",
    )
    return people, found


def _by_rule(session: Session) -> tuple[RuleFigures, ...]:
    session.run("CREATE TEMP TABLE ruled (rule INTEGER, pid INTEGER, rid INTEGER)", step="start the pairs by rule")
    for place, rule in enumerate(blocking.RULES):
        with patch.object(blocking, "RULES", (rule,)):
            blocking.find_candidates(session)
        session.run(f"INSERT INTO ruled SELECT {place}, pid, rid FROM linkage_pair", step="keep a rule's pairs")
    counted = session.rows(
        """WITH pair AS (SELECT pid, rid, count(*) = 1 AS alone FROM ruled GROUP BY ALL)
        SELECT rule, count(*), count(*) FILTER (alone), count(m.pid), count(m.pid) FILTER (alone),
               count(m.pid) FILTER (alone AND linked)
        FROM ruled JOIN pair USING (pid, rid) LEFT JOIN meant m USING (pid, rid) GROUP BY rule""",
        step="set the rules against one another",
    )
    figures = {place: counts for place, *counts in counted}
    return tuple(RuleFigures(rule.name, *figures.get(i, (0,) * 5)) for i, rule in enumerate(blocking.RULES))


def blocking_tables(figures: dict[str, BlockingFigures]) -> str:
    """A row a data set, then a table of rules for each."""
    whole = [
        f"| {name} | {each.people:,} | {_share(each.people_found, each.people)} | {each.rest:,} "
        f"| {_share(each.rest_found, each.rest)} | {each.pairs:,} | {each.pairs / max(each.compared, 1):.1f} |"
        for name, each in figures.items()
    ]
    head = (
        "| set | people on the register | recall of blocking | of them left by the exact tiers "
        "| recall of blocking | pairs | pairs a person |"
    )
    parts = ["\n".join([head, "|---|---:|---:|---:|---:|---:|---:|", *whole])]
    parts += [f"Rules on {name}:\n\n{_rule_table(each.rules, each.rest)}" for name, each in figures.items()]
    return "\n\n".join(parts)


def _rule_table(rules: Sequence[RuleFigures], rest: int) -> str:
    rows = [
        f"| {rule.name} | {rule.pairs:,} | {rule.pairs_alone:,} | {_share(rule.true, rest)} | {rule.true_alone:,} "
        f"| {_share(rule.true_alone, rest)} | {rule.linked_alone:,} |"
        for rule in rules
    ]
    head = "| rule | pairs | alone | recall | true pairs alone | recall alone | of them linked |"
    return "\n".join([head, "|---|---:|---:|---:|---:|---:|---:|", *rows])


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.4f}" if whole else ""


if __name__ == "__main__":
    main()
