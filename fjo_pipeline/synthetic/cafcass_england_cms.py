"""The deposit of Cafcass England's older CMS: the proceedings of 2007 to 2014 as that system's tables hold them."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fjo_pipeline.synthetic import error_rates as rates
from fjo_pipeline.synthetic.cafcass_cases import visible
from fjo_pipeline.synthetic.cafcass_england import court_ids
from fjo_pipeline.synthetic.cafcass_families import PUBLIC
from fjo_pipeline.synthetic.cafcass_members import GRANDPARENT, OTHER_CHILD, SUBJECT
from fjo_pipeline.synthetic.carried_over import HANDED_OVER
from fjo_pipeline.synthetic.characteristics import recorded_value
from fjo_pipeline.synthetic.cms_lookups import (
    CLOSED,
    FIRST_AUTHORITY,
    FIRST_OUTPUT,
    FIRST_TYPE,
    OPEN,
    OTHER_CARER,
    TRANSFERRED,
    circuit_of_court,
    cms_lookup_tables,
)
from fjo_pipeline.synthetic.dirt import copied, people_with_copies, second_roles
from fjo_pipeline.synthetic.docket import Docket
from fjo_pipeline.synthetic.lookups import output_ids
from fjo_pipeline.synthetic.observed import Lives, identifier_columns, observe
from fjo_pipeline.synthetic.relationships import GRANDPARENT_OF, PARENT, STEP_PARENT
from fjo_pipeline.synthetic.streams import NEVER, Bools, Ints, chance, dates_known, day, rank_within, scramble, stream
from fjo_pipeline.synthetic.writing import dates, flags, numbers

DATASET = "cafcass_england_cms"
_APPLICANT, _RESPONDENT, _SUBJECT, _UNKNOWN_ADULT, _CONVERTED = 1, 2, 4, 8, 16
_CONVERTED_TYPES = {_APPLICANT: "Adult Applicant", _RESPONDENT: "Adult Respondent", _UNKNOWN_ADULT: "Adult"}
_CHILD_ARRANGEMENTS_FROM = day(2014, 4, 22)
_CHARACTERISTICS = {"ETHNICREF": "ETHNICITIES", "RELIGIONREF": "RELIGIONS", "FIRSTLANGUAGEREF": "LANGUAGES",
                    "DISABILITYREF": "DISABILITIES"}  # fmt: skip


def cms_tables(seed: int, docket: Docket, lives: Lives, until: int) -> dict[str, pa.Table]:
    """Every table and lookup of the deposit by the name of its file, as a refresh on the day `until` shows it."""
    return {
        "TBLCASE": _cases(seed, docket, until),
        "TBLCASEAPPLICATION": _applications(seed, docket, until),
        "TBLCASEAPPLICATIONMEMBER": _members(seed, docket, until),
        "TBLPERSON": _people(seed, docket, lives, until),
        "TBLCRSPERSONRELATIONSHIP": _relationships(seed, docket, until),
        "TBLLEGALOUTPUT": _legal_outputs(seed, docket, until),
        **cms_lookup_tables(),
    }


def person_ids(seed: int, person: Ints) -> Ints:
    """The raw ids that CMS gives the world's people."""
    return scramble(person, seed, DATASET, "person")


def _case_ids(seed: int, case: Ints) -> Ints:
    return scramble(case, seed, DATASET, "case")


def _application_ids(seed: int, application: Ints) -> Ints:
    return scramble(application, seed, DATASET, "application")


def _cases(seed: int, docket: Docket, until: int) -> pa.Table:
    cases = docket.court.cases
    seen = np.flatnonzero(visible(cases.opened, until))
    again = visible(cases.reopened, until) & ~visible(cases.closed_again, until)
    closed = visible(cases.closed, until) & ~again
    # What was open at the hand-over goes on in ECMS; no case is open in both.
    left = (cases.closed == NEVER) & (until >= HANDED_OVER)
    number = pa.array(seen % 100_000).cast(pa.string())
    return pa.table({
        "CASEID": _case_ids(seed, seen),
        "COURTCASENUMBER": pc.binary_join_element_wise("SYN", number, "/"),
        "CASESTATUSREF": np.select([closed, left], [CLOSED, TRANSFERRED], OPEN)[seen],
        "LOCALAUTHORITYREF": numbers(
            (cases.authority + 1 + FIRST_AUTHORITY)[seen], (cases.law != PUBLIC)[seen] & (seen % 3 == 0)
        ),
        "REGIONREF": circuit_of_court(court_ids(docket, seen)),
        "LAWTYPEREF": cases.law[seen],
    })  # fmt: skip


def _applications(seed: int, docket: Docket, until: int) -> pa.Table:
    applications = docket.court.applications
    rng = stream(seed, DATASET, "CASEAPPLICATION")
    received = applications.made + rng.integers(0, 4, len(applications))
    seen = np.flatnonzero(visible(applications.made, until))
    done = dates(dates_known(applications.completed, until)[seen])
    return pa.table({
        "CASEAPPLICATIONID": _application_ids(seed, seen),
        "CASEREF": _case_ids(seed, applications.case[seen]),
        "CASEAPPLICATIONTYPEREF": applications.kind[seen] + FIRST_TYPE,
        "COURTREF": court_ids(docket, applications.case[seen]),
        "DATEOFAPPLICATION": dates(applications.made[seen]),
        "DATERECEIVED": dates(dates_known(received, until)[seen]),
        "DATECOMPLETED": done,
        "DATEAPPLICATIONCOMPLETED": done,
    })  # fmt: skip


def _members(seed: int, docket: Docket, until: int) -> pa.Table:
    """Subjects and adults; children who are no subjects are in no role that this system has."""
    parties = second_roles(seed, docket)
    rng = stream(seed, DATASET, "CASEAPPLICATIONMEMBER")
    role = np.select(
        [parties.subject, parties.applicant, parties.respondent], [_SUBJECT, _APPLICANT, _RESPONDENT], _UNKNOWN_ADULT
    )
    converted = (role != _SUBJECT) & chance(rng, len(role), rates.CMS_ROLE_CONVERTED)
    party = parties.subject_party | parties.applicant | parties.respondent | parties.other_party
    row = copied(seed, DATASET, "CASEAPPLICATIONMEMBER", len(role))
    made = docket.court.applications.made[parties.application]
    shown = (visible(made, until) & ~docket.empty[parties.application] & (parties.part != OTHER_CHILD))[row]
    at = row[shown]
    names = pa.array([_CONVERTED_TYPES.get(code) for code in range(_UNKNOWN_ADULT + 1)], pa.string())
    return pa.table({
        "CASEAPPLICATIONMEMBERID": scramble(np.flatnonzero(shown), seed, DATASET, "member"),
        "CASEAPPLICATIONREF": _application_ids(seed, parties.application[at]),
        "MEMBERREF": person_ids(seed, parties.person[at]),
        "MEMBERTYPE": np.where(converted, _CONVERTED, role)[at],
        "CONVERTEDTYPE": names.take(pa.array(role[at], mask=~converted[at])),
        "ISPARTY": flags(party[at]),
        "ISLAREP": flags(np.zeros(len(at), dtype=bool)),
    })  # fmt: skip


def _people(seed: int, docket: Docket, lives: Lives, until: int) -> pa.Table:
    at, _ = docket.known(until)
    seen = observe(seed, docket.court.system, lives, docket.person, docket.latest(until))
    size = len(docket.person)
    interpreter = chance(stream(seed, DATASET, "INTERPRETERREQ"), size, rates.CMS_INTERPRETER)
    table = pa.table({
        "PERSONID": person_ids(seed, docket.person[at]),
        **identifier_columns(seen, at),
        **{column: _characteristic(seed, docket, lives, name).take(pa.array(at))
           for column, name in _CHARACTERISTICS.items()},
        "INTERPRETERREQ": flags(interpreter[at]),
        "MOB_LINKAGE": pa.nulls(len(at), pa.string()),
    })  # fmt: skip
    return table.take(pa.array(people_with_copies(seed, DATASET, docket, at)))


def _characteristic(seed: int, docket: Docket, lives: Lives, name: str) -> pa.Array:
    value, known = recorded_value(stream(seed, DATASET, name), docket.person, lives.people, name)
    return numbers(value, ~known)


def _relationships(seed: int, docket: Docket, until: int) -> pa.Table:
    """Who stands as a parent to whom, at most seven a child; one child has seven."""
    pairs = docket.relationships
    asked = np.isin(pairs.kind, (PARENT, GRANDPARENT_OF, STEP_PARENT)) & visible(pairs.since, until)
    parent, child, kind = pairs.related[asked], pairs.person[asked], pairs.kind[asked]
    carer, cared_for, other = _carers(docket, until, child, parent)
    parent, child, kind = np.r_[parent, carer], np.r_[child, cared_for], np.r_[kind, other]
    order = np.lexsort((parent, kind, child))
    order = order[rank_within(child[order]) < rates.MOST_PARENTS_IN_CMS]
    # An id that the people and not the other rows decide, so that it is the same at every refresh.
    row = np.searchsorted(docket.person, child[order]) * len(docket.person) + np.searchsorted(
        docket.person, parent[order]
    )
    return pa.table({
        "PERSONRELATIONSHIPID": scramble(row, seed, DATASET, "relationship"),
        "PARENTREF": person_ids(seed, parent[order]),
        "CHILDREF": person_ids(seed, child[order]),
        "RELATIONSHIPREF": kind[order],
    })  # fmt: skip


def _carers(docket: Docket, until: int, child: Ints, parent: Ints) -> tuple[Ints, Ints, Ints]:
    """Other carers for the first child of the docket, as many as it takes to seven."""
    members = docket.court.members
    subjects = members.person[(members.part == SUBJECT) & visible(docket.court.cases.opened[members.case], until)]
    adults = members.person[(members.part == GRANDPARENT) & visible(docket.court.cases.opened[members.case], until)]
    none = np.zeros(0, dtype=np.int64)
    if not len(subjects):
        return none, none, none
    full = subjects[0]
    own = parent[child == full]
    others = np.setdiff1d(np.unique(adults), np.r_[own, full])
    carers = others[: max(rates.MOST_PARENTS_IN_CMS - len(own), 0)]
    return carers, np.full(len(carers), full), np.full(len(carers), OTHER_CARER)


def _legal_outputs(seed: int, docket: Docket, until: int) -> pa.Table:
    """What was ordered in a case, without saying for which child or on which application."""
    orders, applications = docket.orders, docket.court.applications
    kept = ~docket.empty[orders.application]
    case, made = applications.case[orders.application][kept], orders.made[kept]
    output = _names_of_the_time(orders.output[kept], made)
    final = made == applications.completed[orders.application][kept]
    rows = np.unique(np.stack([case, made, output, final.astype(np.int64)], axis=1), axis=0)
    hearing = np.unique(rows[:, :2], axis=0, return_inverse=True)[1].reshape(-1)
    rng = stream(seed, DATASET, "LEGALOUTPUT")
    further, has_further = rng.integers(1, 6, len(rows)), chance(rng, len(rows), rates.CMS_FURTHER_WORK)
    row = copied(seed, DATASET, "LEGALOUTPUT", len(rows))
    shown = visible(rows[:, 1], until)[row]
    at = row[shown]
    supervision = rows[:, 2] == output_ids()["Supervision Order"]
    return pa.table({
        "LEGALOUTPUTID": scramble(np.flatnonzero(shown), seed, DATASET, "legal output"),
        "CASEREF": _case_ids(seed, rows[at, 0]),
        "CASEHEARINGREF": scramble(hearing[at], seed, DATASET, "hearing"),
        "LEGALOUTPUTTYPEREF": rows[at, 2] + FIRST_OUTPUT,
        "FURTHERWORKTYPEREF": numbers(further[at], ~has_further[at]),
        "ISCAFCASSWORK": flags(has_further[at]),
        "EXPIRYDATE": dates(rows[at, 1] + 365, ~supervision[at]),
        "ISFINAL": flags(rows[at, 3] == 1),
        "LEGALORDERHEARINGDATE": dates(rows[at, 1]),
    })  # fmt: skip


def _names_of_the_time(output: Ints, made: Ints) -> Ints:
    """Child arrangements orders of before 22 April 2014 are residence and contact orders."""
    ids = output_ids()
    early: Bools = made < _CHILD_ARRANGEMENTS_FROM
    lives = np.isin(output, [number for name, number in ids.items() if name.startswith("CAO") and "lives with" in name])
    other = np.isin(output, [number for name, number in ids.items() if name.startswith("CAO") and "lives" not in name])
    before = np.where(other, ids["Contact Order (pre 2014)"], output)
    return np.where(early, np.where(lives, ids["Residence Order (pre 2014)"], before), output)
