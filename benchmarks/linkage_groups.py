"""Whom the linkage serves worse: precision and recall by group, `python -m benchmarks.linkage_groups --seeds 11 12`.

Groups are those that the deposit's own tables record; whoever has two ethnicities or roles counts in both. A group's
recall may lie at most 3 points below that of the whole; one of fewer than 100 people on the register is shown but
proves nothing. People without a date of birth or sex on file are shown apart: what they lack is what links people.
"""

import argparse
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.linkage_data import DATASET, one_process, standardise
from benchmarks.report import write_section
from fjo_pipeline.core.sessions import literal
from fjo_pipeline.synthetic import write_synthetic
from fjo_pipeline.ttp.linkage.evaluate import evaluate

PAGE = Path(__file__).parent.parent / "docs" / "linkage.md"
TITLE = "By group"
REFRESH = "20240111"
SMALL = 100
MOST_BELOW = 0.03
EVERYBODY = "everybody"
KINDS = (EVERYBODY, "ethnicity", "sex", "age at the first application", "role")
LACKING = ("sex not on file", "date of birth not on file, or impossible")
Groups = dict[tuple[str, str], "Counts"]


@dataclass(frozen=True)
class Counts:
    """A group's people: all, on the register, linked, and linked to the right register person."""

    people: int
    registered: int
    linked: int
    right: int

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.people + other.people,
            self.registered + other.registered,
            self.linked + other.linked,
            self.right + other.right,
        )

    @property
    def recall(self) -> float:
        return self.right / self.registered if self.registered else float("nan")

    @property
    def precision(self) -> float:
        return self.right / self.linked if self.linked else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--register", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12])
    parser.add_argument("--no-report", action="store_true", help="leave docs/linkage.md as it is")
    options = parser.parse_args()
    by_seed = {seed: measure(options.people, options.register, seed) for seed in options.seeds}
    table = groups_table(by_seed)
    print(table)
    if not options.no_report:
        seeds = " ".join(str(seed) for seed in options.seeds)
        command = f"--people {options.people} --register {options.register} --seeds {seeds}"
        write_section(TITLE, f"python -m benchmarks.linkage_groups {command}", table, PAGE)


def measure(people: int, register_people: int, seed: int) -> Groups:
    """Link a deposit of its own with the shipped model and threshold, and count by group."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with one_process() as pool:
            files = pool.submit(
                write_synthetic, DATASET, people, seed, REFRESH, folder, register_people=register_people
            ).result()
        out = folder / "standard"
        out.mkdir()
        standardise(files, out)
        links = folder / "links.parquet"
        register, persons, truth = (out / f"{each}.parquet" for each in ("register", "people", "truth"))
        evaluate(register, persons, truth, temp_directory=folder / "spill", links=links)
        assert files.deposit is not None
        return count_groups(files.deposit, links, truth)


def count_groups(deposit: Path, links: Path, truth: Path) -> Groups:
    """Counts by kind and name of group, in the order of the report."""
    with duckdb.connect() as connection:
        for table in ("PEOPLE", "ETHNICITIES", "ETHNICITYTYPES", "PERSONSONAPPLICATIONS", "APPLICATIONS",
                      "PERSONRELATIONSHIPS"):  # fmt: skip
            path = literal(deposit / f"{table}.csv")
            connection.execute(f"CREATE TABLE {table} AS SELECT DISTINCT * FROM read_csv({path}, all_varchar = true)")
        connection.execute(_PERSON)
        connection.execute(_GROUPED)
        rows = connection.execute(
            f"""SELECT kind, name, count(*), count(t.register_id), count(l.register_id),
                       count(*) FILTER (l.register_id = t.register_id)
                FROM grouped JOIN {literal(links)} l USING (person_id) JOIN {literal(truth)} t USING (person_id)
                GROUP BY kind, place, name ORDER BY list_position({list(KINDS)}, kind), place, name"""
        ).fetchall()
    return {(kind, name): Counts(*counts) for kind, name, *counts in rows}


# Children are those under 18 at their first application; a date of birth in the future or before 1900 tells no age.
_PERSON = f"""CREATE TABLE person AS
    SELECT p.ID AS person_id, p.GENDER AS sex, try_cast(p.DATEOFBIRTH AS DATE) AS born,
           date_diff('day', born, coalesce(a.first, DATE '{REFRESH[:4]}-{REFRESH[4:6]}-{REFRESH[6:]}')) AS days,
           CASE WHEN days BETWEEN -365 AND 45000 THEN greatest(days, 0) END AS age_days
    FROM PEOPLE p LEFT JOIN (
        SELECT PERSON_ID, min(CAST(DATEOFAPPLICATION AS DATE)) AS first
        FROM PERSONSONAPPLICATIONS o JOIN APPLICATIONS a ON a.ID = o.APPLICATION_ID GROUP BY PERSON_ID
    ) a ON a.PERSON_ID = p.ID"""
_AGE_BANDS = (
    ("under a week", 7), ("a week to 1 year", 365.25), ("1 to 4", 5 * 365.25), ("5 to 9", 10 * 365.25),
    ("10 to 15", 16 * 365.25), ("16 to 17", 18 * 365.25), ("18 to 24", 25 * 365.25), ("25 to 34", 35 * 365.25),
    ("35 to 49", 50 * 365.25), ("50 and over", 99999),
)  # fmt: skip
_BAND = " ".join(f"WHEN age_days < {upper} THEN {place}" for place, (_, upper) in enumerate(_AGE_BANDS))
_BAND_NAMES = [*(name for name, _ in _AGE_BANDS), LACKING[1]]
_ROLES = {
    "child": "age_days < 18 * 365.25", "adult": "age_days >= 18 * 365.25",
    "subject": "person_id IN (SELECT PERSON_ID FROM PERSONSONAPPLICATIONS WHERE ISSUBJECT = 'true')",
    "applicant": "person_id IN (SELECT PERSON_ID FROM PERSONSONAPPLICATIONS WHERE ISAPPLICANT = 'true')",
    "respondent": "person_id IN (SELECT PERSON_ID FROM PERSONSONAPPLICATIONS WHERE ISRESPONDENT = 'true')",
    "other": "person_id IN (SELECT PERSON_ID FROM PERSONSONAPPLICATIONS WHERE ISOTHER = 'true')",
    "on no application": "person_id NOT IN (SELECT PERSON_ID FROM PERSONSONAPPLICATIONS)",
    "mother": "sex = 'Female' AND person_id IN "
              "(SELECT RELATEDPERSON_ID FROM PERSONRELATIONSHIPS WHERE RELATIONSHIPTYPE_ID = '1')",
    "father": "sex = 'Male' AND person_id IN "
              "(SELECT RELATEDPERSON_ID FROM PERSONRELATIONSHIPS WHERE RELATIONSHIPTYPE_ID = '1')",
    "grandparent": "person_id IN (SELECT RELATEDPERSON_ID FROM PERSONRELATIONSHIPS WHERE RELATIONSHIPTYPE_ID = '3')",
    "twin": "person_id IN (SELECT PERSON_ID FROM PERSONRELATIONSHIPS WHERE RELATIONSHIPTYPE_ID = '35')",
}  # fmt: skip
_GROUPED = f"""CREATE TABLE grouped AS
    SELECT DISTINCT person_id, '{EVERYBODY}' AS kind, 0 AS place, '{EVERYBODY}' AS name FROM person
    UNION ALL
    SELECT DISTINCT person_id, 'ethnicity', coalesce(CAST(e.ETHNICITYTYPE_ID AS INTEGER), 99),
           coalesce(trim(t.NAME), 'not on file')
    FROM person LEFT JOIN ETHNICITIES e USING (person_id) LEFT JOIN ETHNICITYTYPES t ON t.ID = e.ETHNICITYTYPE_ID
    UNION ALL
    SELECT person_id, 'sex', CAST(sex IS NULL AS INTEGER), coalesce(sex, '{LACKING[0]}') FROM person
    UNION ALL
    SELECT person_id, 'age at the first application', band, {_BAND_NAMES}[band + 1]
    FROM (SELECT person_id, CASE {_BAND} ELSE {len(_AGE_BANDS)} END AS band FROM person)
    """ + " ".join(
    f"UNION ALL SELECT person_id, 'role', {place}, '{name}' FROM person WHERE {condition}"
    for place, (name, condition) in enumerate(_ROLES.items())
)


def groups_table(by_seed: dict[int, Groups]) -> str:
    """All seeds counted together, with each one's own distance beside; then which groups lie too far below."""
    pooled = pool(by_seed.values())
    whole = pooled[EVERYBODY, EVERYBODY].recall
    wholes = [groups[EVERYBODY, EVERYBODY].recall for groups in by_seed.values()]
    seeds = "".join(f" seed {seed} |" for seed in by_seed)
    lines = [
        f"| | group | people | on the register | precision | recall | recall, from the whole |{seeds}",
        "|---|---|---:|---:|---:|---:|---:|" + "---:|" * len(by_seed),
    ]
    for kind in KINDS:
        for (of, name), counts in pooled.items():
            if of == kind:
                own = [groups.get((kind, name), Counts(0, 0, 0, 0)).recall for groups in by_seed.values()]
                apart = [_points(recall - all_of) for recall, all_of in zip(own, wholes, strict=True)]
                shown = f"{name} (small)" if counts.registered < SMALL else name
                lines.append(
                    f"| {kind} | {shown} | {counts.people:,} | {counts.registered:,} | {_rate(counts.precision)} "
                    f"| {_rate(counts.recall)} | {_points(counts.recall - whole)} | {' | '.join(apart)} |"
                )
    below = too_far_below(pooled)
    served, lacking = ([name for name in below if (name in LACKING) == apart] for apart in (False, True))
    lines.append(f"\nGroups of {SMALL} or more that lie more than 3 points of recall below: {_listed(served)}.")
    lines.append(f"Of those whose very group is that an identifier is missing: {_listed(lacking)}.")
    return "\n".join(lines)


def pool(many: Iterable[Groups]) -> Groups:
    """The counts of several populations together."""
    result: Groups = {}
    for groups in many:
        for key, counts in groups.items():
            result[key] = result[key] + counts if key in result else counts
    return result


def too_far_below(groups: Groups) -> Sequence[str]:
    """Names of groups large enough to judge whose recall lies too far below the whole's."""
    least: float = groups[EVERYBODY, EVERYBODY].recall - MOST_BELOW
    return [name for (_, name), each in groups.items() if each.registered >= SMALL and each.recall < least]


def _listed(names: Sequence[str]) -> str:
    return "; ".join(names) or "none"


def _rate(share: float) -> str:
    return f"{share:.4f}" if share == share else ""


def _points(difference: float) -> str:
    return f"{100 * difference:+.1f}" if difference == difference else ""


if __name__ == "__main__":
    main()
