"""Candidate pairs: each rule is a key that a person and a register person may share, used only where few share it.

A rule whose key is held by more than `MOST_PER_KEY` register people says nothing (a popular name), and is skipped for
that key alone; so no rule explodes, and on a small register even a date of birth by itself is a rule.
"""

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

from fjo_pipeline.core.sessions import Session

MOST_PER_KEY = 100
MOST_PER_WEAK_KEY = 25

Source = Literal["name", "address", "home"]
TABLES: dict[Source, str] = {
    "name": "linkage_name_row",
    "address": "linkage_address_row",
    "home": "linkage_home",
}


class Found(NamedTuple):
    """Where a column of a key comes from on the register's side."""

    sql: str
    join: str = ""


_FORENAME = "JOIN linkage_forename f ON f.id = held.forename"
_SURNAME = "JOIN linkage_surname s ON s.id = held.surname"
_POSTCODE = "JOIN linkage_postcode p ON p.id = held.postcode"
COLUMNS = {
    "first": Found("f.first", _FORENAME),
    "surname": Found("s.surname", _SURNAME),
    "skeleton": Found("s.skeleton", _SURNAME),
    "dob": Found("held.dob"),
    "birthday": Found("held.birthday"),
    "district": Found("p.district", _POSTCODE),
    "postcode_id": Found("held.postcode"),
    "address_id": Found("held.address"),
}


@dataclass(frozen=True)
class Rule:
    """A blocking key in SQL over the columns of people, and of the register's names, addresses or homes.

    A home is a name and an address of one register person.
    """

    name: str
    key: str
    of: Source
    most: int = MOST_PER_KEY

    @property
    def columns(self) -> list[str]:
        """The columns that the key is made of."""
        words = set(re.findall(r"\w+", self.key))
        return [column for column in COLUMNS if column in words]


NAME_PAIR = "least(first, surname), greatest(first, surname)"

RULES = (
    Rule("birthday and forename", "birthday, left(first, 3)", "name"),
    Rule("birthday and surname", "birthday, skeleton", "name"),
    Rule("birthday and postcode district", "birthday, district", "address"),
    Rule("postcode and year of birth", "postcode_id, year(dob)", "address"),
    Rule("names in either order and day of birth", f"{NAME_PAIR}, day(dob), month(dob)", "name"),
    Rule("names in either order", NAME_PAIR, "name", MOST_PER_WEAK_KEY),
    Rule("birthday", "birthday", "name", MOST_PER_WEAK_KEY),
    Rule("surname and postcode", "skeleton, postcode_id", "home"),
    Rule("forename and postcode", "left(first, 3), postcode_id", "home"),
    Rule("names and postcode district", "left(first, 2), skeleton, district", "home"),
    Rule("postcode", "postcode_id", "address", MOST_PER_WEAK_KEY),
    Rule("address and initial", "address_id, left(first, 1)", "home"),
    Rule("address and year of birth", "address_id, year(dob)", "address"),
)


def find_candidates(session: Session) -> None:
    """Make `linkage_pair`(pid, rid), distinct, for the people of `linkage_rest`(pid); raises StatementFailed."""
    session.run(
        "CREATE OR REPLACE TEMP TABLE linkage_pair_found (pid INTEGER, rid INTEGER)", step="start the candidate pairs"
    )
    session.run(
        """CREATE OR REPLACE TEMP TABLE linkage_home AS
        SELECT rid, forename, surname, postcode, address FROM linkage_address_row JOIN linkage_name_row USING (rid)""",
        step="put names beside addresses",
    )
    for rule in RULES:
        session.run(_pairs_of(rule), step=f"block on {rule.name}")
    session.run("DROP TABLE linkage_home", step="drop names beside addresses")
    session.run(
        "CREATE OR REPLACE TEMP TABLE linkage_pair AS SELECT DISTINCT pid, rid FROM linkage_pair_found",
        step="make candidate pairs distinct",
    )
    session.run("DROP TABLE linkage_pair_found", step="drop the repeated candidate pairs")


def _pairs_of(rule: Rule) -> str:
    """Pairs of one rule; how many hold a key is counted by rows, which is a little more than by people."""
    key, present = f"hash({rule.key})", " AND ".join(f"{column} IS NOT NULL" for column in rule.columns)
    return f"""INSERT INTO linkage_pair_found
        WITH wanted AS MATERIALIZED (
            SELECT pid, {key} AS key FROM linkage_people JOIN linkage_rest USING (pid) WHERE {present}),
        held AS MATERIALIZED (
            SELECT key, rid FROM (SELECT {key} AS key, rid FROM ({_held(rule)}) WHERE {present})
            SEMI JOIN wanted USING (key)),
        useful AS (SELECT key FROM held GROUP BY key HAVING count(*) <= {rule.most})
        SELECT pid, rid FROM held SEMI JOIN useful USING (key) JOIN wanted USING (key)"""


def _held(rule: Rule) -> str:
    """The register's rows with the columns of a rule, texts looked up only where the key asks for them."""
    found = [COLUMNS[column] for column in rule.columns]
    joins = sorted({each.join for each in found})
    columns = ", ".join(f"{each.sql} AS {column}" for column, each in zip(rule.columns, found, strict=True))
    return f"SELECT rid, {columns} FROM {TABLES[rule.of]} held {' '.join(joins)}"
