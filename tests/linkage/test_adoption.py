"""An adopted child has a closed record and a new one: each identity is linked to its own record, never to the other's.

Nor does what was remembered of the one identity say anything of the other, in whatever order deposits come.
"""

import pytest

from fjo_pipeline.core.sessions import Session
from fjo_pipeline.ttp.linkage.link import link_people, link_prepared
from fjo_pipeline.ttp.linkage.memory import SCHEMA, Memory, keep
from fjo_pipeline.ttp.linkage.model import load_model
from fjo_pipeline.ttp.linkage.prepare import prepare_register
from tests.linkage.conftest import REGISTER, Record, load

# id, forename, surname, date of birth, sex, postcode, address, middle names, NHS number: a family placed for adoption.
CLOSED: Record = ["closed", "Lily", "Dalston", "2019-06-23", "F", "NR75 2CD", "75 Mill Way", "Rose", "9434765919"]
NEW: Record = ["new", "Lily", "Easton", "2019-06-23", "F", "SK7 6UV", "21 Park Rise", "Rose", "9434765870"]
MOTHER: Record = ["mother", "Gemma", "Dalston", "1994-02-01", "F", "NR75 2CD", "75 Mill Way"]
SIBLING: Record = ["sibling", "Rosie", "Dalston", "2021-01-12", "F", "NR75 2CD", "75 Mill Way"]
PARENT: Record = ["parent", "Helen", "Easton", "1984-11-30", "F", "SK7 6UV", "21 Park Rise"]
FAMILIES = [CLOSED, NEW, MOTHER, SIBLING, PARENT]
NHS, ADDRESS, POSTCODE, MIDDLE, SURNAME = 8, 6, 5, 7, 2


def without(record: Record, *fields: int) -> Record:
    return [("" if place in fields else value) for place, value in enumerate(record)]


def told(record: Record, *fields: int) -> Record:
    """The person as a deposit has it, with a field or two left out."""
    return ["p", *without(record, *fields)[1:]]


def linked(session: Session, *people: Record) -> dict[str, str | None]:
    load(session, people, FAMILIES)
    link_people(session, "people", REGISTER, load_model(), links="links", use_nhs_numbers=True)
    return dict(session.rows("SELECT person_id, register_id FROM links", step="read the links"))


@pytest.mark.parametrize("left_out", [(), (NHS,), (ADDRESS, NHS), (MIDDLE, NHS), (MIDDLE,), (POSTCODE, ADDRESS)])
def test_each_identity_is_linked_to_its_own_record_or_to_none(session: Session, left_out: tuple[int, ...]) -> None:
    assert linked(session, told(CLOSED, *left_out))["p"] in ("closed", None)
    assert linked(session, told(NEW, *left_out))["p"] in ("new", None)
    if len(left_out) < 2:
        assert linked(session, told(CLOSED, *left_out))["p"] == "closed"
        assert linked(session, told(NEW, *left_out))["p"] == "new"


def test_the_closed_records_nhs_number_under_the_new_name_does_not_lead_to_the_closed_record(session: Session) -> None:
    """Whoever took up both identities into one row must not have the data say that they are one."""
    assert linked(session, [*told(NEW)[:NHS], CLOSED[NHS]])["p"] != "closed"


def test_without_surname_and_home_neither_identity_is_chosen(session: Session) -> None:
    assert linked(session, told(NEW, SURNAME, POSTCODE, ADDRESS, NHS))["p"] is None


def test_the_first_family_at_home_does_not_draw_the_new_identity_to_the_closed_record(session: Session) -> None:
    together = [["q", *MOTHER[1:]], ["s", *SIBLING[1:]], told(NEW, NHS)]
    assert linked(session, *together) == {"q": "mother", "s": "sibling", "p": "new"}
    with_new = [["q", *PARENT[1:]], told(CLOSED, NHS)]
    assert linked(session, *with_new) == {"q": "parent", "p": "closed"}


@pytest.mark.parametrize("order", [(CLOSED, NEW), (NEW, CLOSED)])
def test_what_is_remembered_of_one_identity_says_nothing_of_the_other(
    session: Session, order: tuple[Record, Record]
) -> None:
    session.run(SCHEMA.format(schema="findings"), step="lay out the memory")
    found = []
    for refresh, record in zip(("20240101", "20250101", "20260101"), (*order, order[0]), strict=True):
        load(session, [told(record, NHS)], FAMILIES)
        prepare_register(session, REGISTER)
        memory = Memory("findings", "1", "made_up", refresh)
        link_prepared(session, "people", load_model(), links="links", use_nhs_numbers=True, memory=memory)
        keep(session, memory)
        found.append(session.value("SELECT register_id FROM links", step="read the link"))
    assert found == [order[0][0], order[1][0], order[0][0]]
