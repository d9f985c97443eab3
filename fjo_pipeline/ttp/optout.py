"""Opt-out and erasure: whom the trusted third party leaves out of all that it sends, and how that person is found.

Who it is stands in the TTP's encrypted store alone. The audit log says that somebody was added, and not who.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.core.stores import one_transaction
from fjo_pipeline.ttp.flow import Ttp, note_list, note_versions
from fjo_pipeline.ttp.linkage.normalise import define_macros
from fjo_pipeline.ttp.store import OPTED_OUT

Reason = Literal["opt-out", "erasure"]
NAMED = ("forename", "surname", "date_of_birth", "postcode")
KNOWN = ("register_id", "nhs_number", *NAMED)
# Each given detail must hold of the person; several rows of names and addresses are one person's.
CONDITIONS = {
    "register_id": "person.register_id = $register_id",
    "nhs_number": "linkage_nhs(person.nhs_number) = linkage_nhs($nhs_number)",
    "forename": """EXISTS (FROM ttp.register.name AS name WHERE name.register_id = person.register_id
        AND linkage_key(name.forename) = linkage_key($forename)
        AND linkage_key(name.surname) = linkage_key($surname))""",
    "date_of_birth": "person.date_of_birth = $date_of_birth",
    "postcode": """EXISTS (FROM ttp.register.address AS home WHERE home.register_id = person.register_id
        AND linkage_postcode(home.postcode) = linkage_postcode($postcode))""",
}


@dataclass(frozen=True)
class Entry:
    """One entry of the list, by a number that says nothing of the person."""

    number: int
    reason: Reason
    added_on: date


def add_optout(ttp: Ttp, details: str, reason: Reason, today: date) -> tuple[int, bool]:
    """Put the one register person with these details on the list; returns its number, and whether it is new.

    `details` are lines `name: value` (`read_details`). Refused, with a count and no value, unless they are those of
    exactly one person. The audit log is written first: whatever stops this, the same command ends it.
    """
    given = read_details(details)
    with ttp.store.writing() as session:
        note_versions(ttp, session)
        person = _one_person(session, given)
        known = session.rows(
            f"SELECT min(number) FROM {OPTED_OUT} WHERE register_id = ? HAVING count(*) > 0",
            (person,),
            step="look whether the person is on the list",
        )
        number = known[0][0] if known else _next_number(session)
        if not known:
            ttp.audit.add("optout", f"entry {number}", "added", reason)
        # Before the store, so that a killed step leaves the list due to be sent once too often and never too seldom.
        note_list(ttp)
        if not known:
            with one_transaction(session):
                session.run(
                    f"INSERT INTO {OPTED_OUT} VALUES (?, ?, ?, ?)",
                    (number, person, reason, today),
                    step="put the person on the list",
                )
    return number, not known


def entries(ttp: Ttp) -> list[Entry]:
    """The list without who is on it, in the order in which people were added."""
    with ttp.store.writing() as session:
        found = session.rows(
            f"SELECT number, min(reason), min(added_on) FROM {OPTED_OUT} GROUP BY number ORDER BY number",
            step="read the list",
        )
    return [Entry(*row) for row in found]


def read_details(text: str) -> dict[str, str]:
    """The details of a person: `register_id`, or `nhs_number`, or forename, surname, date_of_birth and postcode.

    Each stands on a line of its own, as `name: value`. Refused by line and rule, without a value.
    """
    given: dict[str, str] = {}
    for place, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not colon or name not in KNOWN or not value:
            raise Refused(f"line {place} is not `name: value` with a name among {', '.join(KNOWN)}")
        if name in given:
            raise Refused(f"line {place} gives {name} a second time")
        given[name] = value
    if not given:
        raise Refused("no details were given")
    if "register_id" not in given and "nhs_number" not in given and not set(NAMED) <= set(given):
        raise Refused(f"give register_id, or nhs_number, or all of {', '.join(NAMED)}")
    if ("forename" in given) != ("surname" in given):
        raise Refused("a name is forename and surname")
    return given


def _one_person(session: Session, given: dict[str, str]) -> str:
    define_macros(session)
    conditions = " AND ".join(condition for name, condition in CONDITIONS.items() if name in given)
    found = session.rows(
        f"SELECT DISTINCT register_id FROM ttp.register.person AS person WHERE {conditions} LIMIT 1000",
        given,
        step="look for the person on the register",
    )
    if len(found) != 1:
        raise Refused(
            f"these details are those of {len(found)} people on the register, and must be those of exactly one: "
            "nothing was changed"
        )
    return str(found[0][0])


def _next_number(session: Session) -> int:
    return int(session.value(f"SELECT coalesce(max(number), 0) + 1 FROM {OPTED_OUT}", step="number the entry"))
