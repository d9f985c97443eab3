"""Candidate pairs: each rule is a key that a person and a register person may share, used only where few share it.

A rule whose key is held by more than `MOST_PER_KEY` register people says nothing (a popular name), and is skipped for
that key alone; so no rule explodes, and on a small register even a date of birth by itself is a rule.
"""

from dataclasses import dataclass

from fjo_pipeline.core.sessions import Session

MOST_PER_KEY = 100
MOST_PER_WEAK_KEY = 25


@dataclass(frozen=True)
class Rule:
    """A blocking key in SQL over the columns of people, and of register people with their names and addresses."""

    name: str
    key: str
    of: tuple[str, ...] = ("name", "address")
    most: int = MOST_PER_KEY


# Day and month in either order, so that swapped ones still meet.
BIRTHDAY = "year(dob) * 10000 + greatest(month(dob), day(dob)) * 100 + least(month(dob), day(dob))"
NAME_PAIR = "least(first, surname), greatest(first, surname)"

RULES = (
    Rule("birthday and forename", f"{BIRTHDAY}, left(first, 3)", ("name",)),
    Rule("birthday and surname", f"{BIRTHDAY}, skeleton", ("name",)),
    Rule("birthday and postcode district", f"{BIRTHDAY}, left(postcode, -3)", ("address",)),
    Rule("postcode and year of birth", "postcode, year(dob)", ("address",)),
    Rule("postcode and day of birth", "postcode, day(dob)", ("address",)),
    Rule("names in either order and year of birth", f"{NAME_PAIR}, year(dob)", ("name",)),
    Rule("names in either order and day of birth", f"{NAME_PAIR}, day(dob), month(dob)", ("name",)),
    Rule("names in either order", NAME_PAIR, ("name",), MOST_PER_WEAK_KEY),
    Rule("birthday", BIRTHDAY, (), MOST_PER_WEAK_KEY),
    Rule("surname and postcode", "skeleton, postcode"),
    Rule("forename and postcode", "left(first, 3), postcode"),
    Rule("names and postcode district", "left(first, 2), skeleton, left(postcode, -3)"),
    Rule("surname and house", "skeleton, house, left(postcode, 2)"),
    Rule("forename and house", "first, house, left(postcode, 2)"),
    Rule("postcode and house", "postcode, house", ("address",), MOST_PER_WEAK_KEY),
    Rule("postcode", "postcode", ("address",), MOST_PER_WEAK_KEY),
    Rule("address", "address", ("address",)),
)


def find_candidates(session: Session) -> None:
    """Make `linkage_pair`(pid, rid), distinct, for the people of `linkage_rest`(pid); raises StatementFailed."""
    session.run(
        "CREATE OR REPLACE TEMP TABLE linkage_pair_found (pid INTEGER, rid INTEGER)", step="start the candidate pairs"
    )
    for rule in RULES:
        session.run(_pairs_of(rule), step=f"block on {rule.name}")
    session.run(
        "CREATE OR REPLACE TEMP TABLE linkage_pair AS SELECT DISTINCT pid, rid FROM linkage_pair_found",
        step="make candidate pairs distinct",
    )
    session.run("DROP TABLE linkage_pair_found", step="drop the repeated candidate pairs")


def _pairs_of(rule: Rule) -> str:
    columns = f"hash({rule.key})"
    present = " AND ".join(f"{column.strip()} IS NOT NULL" for column in _columns(rule))
    joins = "".join(f" JOIN linkage_{kind} USING (rid)" for kind in rule.of)
    return f"""INSERT INTO linkage_pair_found
        WITH wanted AS MATERIALIZED (
            SELECT pid, {columns} AS key FROM linkage_people JOIN linkage_rest USING (pid) WHERE {present}),
        held AS MATERIALIZED (
            SELECT DISTINCT {columns} AS key, rid FROM linkage_person{joins}
            WHERE {present} AND {columns} IN (SELECT key FROM wanted)),
        useful AS (SELECT key FROM held GROUP BY key HAVING count(*) <= {rule.most})
        SELECT pid, rid FROM held SEMI JOIN useful USING (key) JOIN wanted USING (key)"""


def _columns(rule: Rule) -> list[str]:
    known = ("first", "surname", "skeleton", "dob", "postcode", "house", "address")
    words = set(
        "".join(character if character.isalnum() or character == "_" else " " for character in rule.key).split()
    )
    return [column for column in known if column in words]
