"""Candidate pairs: each rule is a key that a person and a register person may share, used only where few share it.

A rule whose key is held by more than `MOST_PER_KEY` register people says nothing (a popular name), and is skipped for
that key alone; so no rule explodes, and on a small register even a date of birth by itself is a rule.
"""

import re
from dataclasses import dataclass
from typing import Literal

from fjo_pipeline.core.sessions import Session
from fjo_pipeline.ttp.linkage.families import kin_of_rest

MOST_PER_KEY = 100
MOST_PER_WEAK_KEY = 25

Source = Literal["name", "address", "full_name", "place", "home", "region"]
# The whole register for two of them; of the rest what is wanted has been taken out first, as several rules ask for it.
TABLES: dict[Source, str] = {
    "name": "linkage_name_row",
    "address": "(SELECT rid, birthday, district_id FROM linkage_address_row)",
    "full_name": "linkage_full_name",
    "place": "linkage_place",
    "home": "linkage_home",
    "region": "linkage_region",
}
# What keys are made of, and its types.
COLUMNS = {
    "first_id": "INTEGER",
    "surname_id": "INTEGER",
    "skeleton_id": "INTEGER",
    "initials": "BIGINT",
    "middle": "VARCHAR",
    "dob": "DATE",
    "birthday": "BIGINT",
    "postcode_id": "INTEGER",
    "address_id": "INTEGER",
    "district_id": "INTEGER",
}
NAME_PAIR = "least(first_id, surname_id), greatest(first_id, surname_id)"
# Forenames of three characters at most, shortened further.
INITIAL, TWO_INITIALS = "initials >> 42", "initials >> 21"


@dataclass(frozen=True)
class Rule:
    """A blocking key in SQL over numbers of people's texts, and of the register's names, addresses or homes.

    A home is a name and an address of one register person: at a place that is asked for, or of a name in a region.
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


RULES = (
    Rule("birthday and forename", "birthday, initials", "name"),
    Rule("birthday and surname", "birthday, skeleton_id", "name"),
    Rule("birthday and postcode district", "birthday, district_id", "address"),
    Rule("postcode and year of birth", "postcode_id, year(dob)", "place"),
    Rule("names in either order and day of birth", f"{NAME_PAIR}, day(dob), month(dob)", "full_name"),
    Rule("names in either order", NAME_PAIR, "full_name", MOST_PER_WEAK_KEY),
    Rule("names in either order and middle names", f"{NAME_PAIR}, middle", "full_name"),
    Rule("birthday", "birthday", "name", MOST_PER_WEAK_KEY),
    Rule("surname and postcode", "skeleton_id, postcode_id", "home"),
    Rule("forename and postcode", "initials, postcode_id", "home"),
    Rule("names and postcode district", f"{TWO_INITIALS}, skeleton_id, district_id", "region"),
    Rule("postcode", "postcode_id", "place", MOST_PER_WEAK_KEY),
    Rule("address and initial", f"address_id, {INITIAL}", "home"),
    Rule("address and year of birth", "address_id, year(dob)", "place"),
)


def find_candidates(session: Session, known: str | None = None) -> None:
    """Make `linkage_pair`(pid, rid, own), distinct, for the people of `linkage_rest`(pid); raises StatementFailed.

    Needs the exact links: whose housemate is linked is looked for at the housemate's addresses too. A pair is `own`
    where the person's own identifiers led to it; of people of the relation `known`(pid) these are left out.
    """
    _collect_wanted(session, known)
    _take_out_wanted(session)
    session.run(
        "CREATE OR REPLACE TEMP TABLE linkage_pair_found (pid INTEGER, rid INTEGER, own BOOLEAN)",
        step="start the candidate pairs",
    )
    for rule in RULES:
        session.run(_pairs_of(rule), step=f"block on {rule.name}")
    session.run(
        "CREATE OR REPLACE TEMP TABLE linkage_pair AS "
        "SELECT pid, rid, bool_or(own) AS own FROM linkage_pair_found GROUP BY pid, rid",
        step="make candidate pairs distinct",
    )
    for table in ("pair_found", "wanted", "full_name", "place", "home", "region"):
        session.run(f"DROP TABLE linkage_{table}", step="drop what blocking needed")


def _collect_wanted(session: Session, known: str | None) -> None:
    """`linkage_wanted`: what people's keys are made of, a row a person and more for what else they may be found by.

    Several given names in the surname's place begin with the forename; and people have lived with their housemates.
    """
    unknown = {column: f"CAST(NULL AS {kind}) AS {column}" for column, kind in COLUMNS.items()}

    def row(**known: str) -> str:
        return ", ".join(f"{known[c]} AS {c}" if c in known else unknown[c] for c in COLUMNS)

    given_names = row(first_id="first_id", surname_id="part_id", dob="dob")
    at_kin = row(initials="initials", dob="dob", address_id="address")
    unknown_only = f"ANTI JOIN {known} USING (pid)" if known else ""
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_wanted AS
        WITH rest AS MATERIALIZED (SELECT pid, part_id, {", ".join(COLUMNS)} FROM linkage_people
                                   SEMI JOIN linkage_rest USING (pid)),
        {kin_of_rest("linkage_exact")},
        lived_at AS (SELECT DISTINCT pid, address FROM kin JOIN linkage_address_row USING (rid)
                     WHERE address IS NOT NULL)
        SELECT pid, true AS own, {", ".join(COLUMNS)} FROM rest {unknown_only}
        UNION ALL SELECT pid, true, {given_names} FROM rest {unknown_only} WHERE part_id IS NOT NULL
        UNION ALL SELECT pid, false, {at_kin} FROM rest JOIN lived_at USING (pid)""",
        step="collect what people may be found by",
    )


def _take_out_wanted(session: Session) -> None:
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_full_name AS
        SELECT rid, dob, first_id, surname_id, ' ' || words || ' ' AS middle FROM (
            SELECT rid, dob, first_id, surname_id, middle_names, hash({NAME_PAIR}) AS key FROM linkage_name_row
            WHERE first_id IS NOT NULL AND surname_id IS NOT NULL)
        SEMI JOIN (SELECT hash({NAME_PAIR}) AS key FROM linkage_wanted
                   WHERE first_id IS NOT NULL AND surname_id IS NOT NULL) USING (key)
        LEFT JOIN linkage_middle_names ON id = middle_names""",
        step="take wanted names out of the register",
    )
    session.run(
        """CREATE OR REPLACE TEMP TABLE linkage_place AS
        SELECT rid, dob, postcode AS postcode_id, address AS address_id FROM linkage_address_row
        WHERE postcode IN (SELECT postcode_id FROM linkage_wanted WHERE postcode_id IS NOT NULL)
           OR address IN (SELECT address_id FROM linkage_wanted WHERE address_id IS NOT NULL)""",
        step="take wanted places out of the register",
    )
    session.run(
        """CREATE OR REPLACE TEMP TABLE linkage_home AS
        SELECT rid, initials, skeleton_id, postcode_id, address_id
        FROM linkage_place JOIN linkage_name_row USING (rid)""",
        step="put names beside wanted places",
    )
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_region AS
        WITH named AS MATERIALIZED (
            SELECT rid, initials, skeleton_id FROM (
                SELECT rid, initials, skeleton_id, hash({TWO_INITIALS}, skeleton_id) AS key FROM linkage_name_row
                WHERE initials IS NOT NULL AND skeleton_id IS NOT NULL)
            SEMI JOIN (SELECT hash({TWO_INITIALS}, skeleton_id) AS key FROM linkage_wanted
                       WHERE initials IS NOT NULL AND skeleton_id IS NOT NULL AND district_id IS NOT NULL)
                 USING (key))
        SELECT rid, initials, skeleton_id, district_id FROM linkage_address_row JOIN named USING (rid)""",
        step="put districts beside wanted names",
    )


def _pairs_of(rule: Rule) -> str:
    """Pairs of one rule; how many hold a key is counted by rows, which is a little more than by people."""
    key, present = f"hash({rule.key})", " AND ".join(f"{column} IS NOT NULL" for column in rule.columns)
    return f"""INSERT INTO linkage_pair_found
        WITH wanted AS MATERIALIZED (SELECT pid, own, {key} AS key FROM linkage_wanted WHERE {present}),
        held AS MATERIALIZED (
            SELECT key, rid FROM (SELECT {key} AS key, rid FROM {TABLES[rule.of]} WHERE {present})
            SEMI JOIN wanted USING (key)),
        useful AS (SELECT key FROM held GROUP BY key HAVING count(*) <= {rule.most})
        SELECT pid, rid, own FROM held SEMI JOIN useful USING (key) JOIN wanted USING (key)"""
