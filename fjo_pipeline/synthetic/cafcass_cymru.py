"""The deposit of Cafcass Cymru, a reconstruction [R]: a court's proceedings in tables and text keys of our own."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fjo_pipeline.synthetic.cafcass_cases import CHILD_ARRANGEMENTS, visible
from fjo_pipeline.synthetic.cafcass_members import OTHER_CHILD, SUBJECT
from fjo_pipeline.synthetic.dirt import copied, second_roles
from fjo_pipeline.synthetic.docket import Docket
from fjo_pipeline.synthetic.lookups import (
    application_type_names,
    court_names,
    english_courts,
    local_authorities,
    output_names,
)
from fjo_pipeline.synthetic.observed import Lives, observe
from fjo_pipeline.synthetic.streams import Ints, dates_known, scramble, stream
from fjo_pipeline.synthetic.writing import dates, flags

DATASET = "cafcass_cymru"
_HEARING_TYPES = ("Directions", "Case Management", "FHDRA", "Issues Resolution", "Fact Finding", "Final")
_RELATIONSHIPS = ("Child", "Mother", "Father", "Sibling", "Grandparent")


def cymru_tables(seed: int, docket: Docket, lives: Lives, until: int) -> dict[str, pa.Table]:
    """Every table and lookup of the deposit by its upper-case name, as a refresh on the day `until` shows it."""
    return {
        "APPLICATIONS": _applications(seed, docket, until),
        **_people(seed, docket, lives, until),
        "PARTIES": _parties(seed, docket, until),
        "ORDERS": _orders(seed, docket, until),
        "HEARINGS": _hearings(seed, docket, until),
        "LOCALAUTHORITIES": local_authorities(wales_only=True),
    }


def person_ids(seed: int, person: Ints) -> pa.Array:
    """The raw ids of the world's people: W and nine digits."""
    return _keys(seed, "person", "W", 9, person)


def application_ids(seed: int, application: Ints) -> pa.Array:
    """The raw ids of applications: A and eight digits."""
    return _keys(seed, "application", "A", 8, application)


def _keys(seed: int, entity: str, prefix: str, digits: int, index: Ints) -> pa.Array:
    """Distinct text keys for distinct indexes: a line modulo the largest primes below 10^8 and 10^9."""
    prime = {8: 99_999_989, 9: 999_999_937}[digits]
    slope, start = (int(number) for number in stream(seed, DATASET, entity).integers(prime // 10, prime, 2))
    number = pa.array((index * slope + start) % prime).cast(pa.string())
    return pc.binary_join_element_wise(prefix, pc.utf8_lpad(number, digits, "0"), "")


def _applications(seed: int, docket: Docket, until: int) -> pa.Table:
    applications, cases = docket.court.applications, docket.court.cases
    at = np.flatnonzero(visible(applications.made, until))
    case = applications.case[at]
    names = application_type_names()
    types = pa.array([names.get(number, "") for number in range(max(names) + 1)])
    courts = court_names()[english_courts() :]
    place = cases.authority[case] % len(courts)
    return pa.table({
        "APPLICATION_ID": application_ids(seed, at),
        "LAW_TYPE": pa.array(["", "Public", "Private"]).take(pa.array(cases.law[case])),
        "APPLICATION_TYPE": types.take(pa.array(applications.kind[at])),
        "DATE_ISSUED": dates(applications.made[at]),
        "DATE_CLOSED": dates(dates_known(applications.completed, until)[at]),
        "COURT": pa.array(courts).take(pa.array(place)),
        "LOCAL_AUTHORITY": cases.authority[case] + 1,
    })  # fmt: skip


def _people(seed: int, docket: Docket, lives: Lives, until: int) -> dict[str, pa.Table]:
    at, _ = docket.known(until)
    seen = observe(seed, docket.court.system, lives, docket.person, docket.latest(until))
    sexes = pa.array([None, "Male", "Female"])
    members = docket.court.members
    as_child = np.isin(docket.person, members.person[np.isin(members.part, (SUBJECT, OTHER_CHILD))])
    columns = {
        "PERSON_ID": person_ids(seed, docket.person),
        "FORENAME": seen.forename,
        "SURNAME": seen.surname,
        "DATE_OF_BIRTH": seen.date_of_birth,
        "GENDER": sexes.take(pa.array(np.where(seen.sex == 9, 0, seen.sex))),
        **{f"ADDRESS_{number + 1}": line for number, line in enumerate(seen.lines)},
        "POSTCODE": seen.postcode,
        "ADDRESS_CONFIDENTIAL": flags(seen.confidential),
    }
    table = pa.table(columns)
    rows = np.r_[at, at[docket.copied_people[at]]]
    rows = rows[np.argsort(scramble(rows, seed, DATASET, "people order"), kind="stable")]
    return {
        "CHILDREN": table.take(pa.array(rows[as_child[rows]])),
        "ADULTS": table.take(pa.array(rows[~as_child[rows]])),
    }


def _parties(seed: int, docket: Docket, until: int) -> pa.Table:
    parties = second_roles(seed, docket)
    made = docket.court.applications.made[parties.application]
    row = copied(seed, DATASET, "PARTIES", len(made))
    shown = visible(made, until)[row] & ~docket.empty[parties.application][row]
    at = row[shown]
    role = np.select([parties.subject[at], parties.applicant[at], parties.respondent[at]], [0, 1, 2], 3)
    roles = pa.array(["Subject", "Applicant", "Respondent", "Other"])
    return pa.table({
        "PARTY_ID": _keys(seed, "party", "PT", 9, np.flatnonzero(shown)),
        "PERSON_ID": person_ids(seed, parties.person[at]),
        "APPLICATION_ID": application_ids(seed, parties.application[at]),
        "PARTY_ROLE": roles.take(pa.array(role)),
        "RELATIONSHIP_TO_CHILD": pa.array(_RELATIONSHIPS).take(pa.array(parties.part[at])),
    })  # fmt: skip


def _orders(seed: int, docket: Docket, until: int) -> pa.Table:
    orders = docket.orders
    row = copied(seed, DATASET, "ORDERS", len(orders.made))
    shown = visible(orders.made, until)[row] & ~docket.empty[orders.application][row]
    at = row[shown]
    names = output_names()
    types = pa.array([names.get(number, "") for number in range(max(names) + 1)])
    return pa.table({
        "ORDER_ID": _keys(seed, "order", "OR", 9, np.flatnonzero(shown)),
        "APPLICATION_ID": application_ids(seed, orders.application[at]),
        "PERSON_ID": person_ids(seed, orders.person[at]),
        "ORDER_TYPE": types.take(pa.array(orders.output[at])),
        "ORDER_DATE": dates(orders.made[at]),
    })  # fmt: skip


def _hearings(seed: int, docket: Docket, until: int) -> pa.Table:
    """Hearings hang on a case's first application, for this system has no cases; these come first in their order."""
    hearings = docket.hearings
    at = np.flatnonzero(visible(hearings.held, until))
    kind = np.where(docket.court.applications.kind[hearings.case[at]] == CHILD_ARRANGEMENTS, 2, 1)
    step = np.minimum(hearings.step[at], 4)
    last = np.r_[hearings.case[1:] != hearings.case[:-1], True][at]
    code = np.where(last, 5, np.where(step == 0, kind, np.where(step == 2, 3, np.where(step == 4, 4, 0))))
    return pa.table({
        "HEARING_ID": _keys(seed, "hearing", "HG", 9, at),
        "APPLICATION_ID": application_ids(seed, hearings.case[at]),
        "HEARING_DATE": dates(hearings.held[at]),
        "HEARING_TYPE": pa.array(_HEARING_TYPES).take(pa.array(code)),
    })  # fmt: skip
