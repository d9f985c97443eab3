"""The deposit of Cafcass England's ECMS: a court's proceedings as that system's tables stand at a refresh."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fjo_pipeline.synthetic.cafcass_cases import visible
from fjo_pipeline.synthetic.characteristics import characteristic_tables
from fjo_pipeline.synthetic.dirt import copied, people_with_copies, second_roles
from fjo_pipeline.synthetic.docket import Docket
from fjo_pipeline.synthetic.error_rates import APPLICATION_REASON_MISSING
from fjo_pipeline.synthetic.lookups import court_level_id, english_courts, lookup_tables
from fjo_pipeline.synthetic.observed import Lives, identifier_columns, observe
from fjo_pipeline.synthetic.streams import NEVER, Ints, chance, dates_known, scramble, stream
from fjo_pipeline.synthetic.writing import dates, flags, numbers

DATASET = "cafcass_england_ecms"


def england_tables(seed: int, docket: Docket, lives: Lives, until: int) -> dict[str, pa.Table]:
    """Every table and lookup of the deposit by its upper-case name, as a refresh on the day `until` shows it."""
    applications = _applications(seed, docket, until)
    return {
        "CASES": _cases(seed, docket, until),
        "APPLICATIONS": applications,
        "PERSONSONAPPLICATIONS": _persons_on_applications(seed, docket, until),
        "PEOPLE": _people(seed, docket, lives, until),
        "PERSONRELATIONSHIPS": _relationships(seed, docket, until),
        "LEGALOUTPUTS": _legal_outputs(seed, docket, until),
        "HEARINGS": _hearings(seed, docket, until),
        **characteristic_tables(seed, docket, lives.people, until),
        **lookup_tables(until),
    }


def person_ids(seed: int, person: Ints) -> Ints:
    """The raw ids that ECMS gives the world's people."""
    return scramble(person, seed, DATASET, "person")


def case_ids(seed: int, case: Ints) -> Ints:
    """The raw ids that ECMS gives cases."""
    return scramble(case, seed, DATASET, "case")


def application_ids(seed: int, application: Ints) -> Ints:
    """The raw ids that ECMS gives applications."""
    return scramble(application, seed, DATASET, "application")


def court_ids(docket: Docket, case: Ints) -> Ints:
    """The court, at a level, of each case's area; high court judges hear some."""
    cases = docket.court.cases
    court = cases.lsoa[case] * english_courts() // (int(docket.court.cases.lsoa.max(initial=0)) + 1) + 1
    level = np.where(case % 23 == 0, 2, np.where(case % 7 == 0, 3, 1))
    return np.asarray(court_level_id(court, level))


def _cases(seed: int, docket: Docket, until: int) -> pa.Table:
    cases = docket.court.cases
    rng = stream(seed, DATASET, "CASES")
    harm = chance(rng, len(cases), np.where(cases.law == 1, 0.2, 0.6))
    form = np.where(cases.law == 1, 2, np.array([1, 1, 1, 3, 6])[rng.integers(0, 5, len(cases))])
    seen = np.flatnonzero(visible(cases.opened, until))
    reopened = visible(cases.reopened, until)
    closed = visible(cases.closed, until) & ~reopened
    closed_again = reopened & visible(cases.closed_again, until)
    closure = np.where(closed, cases.closed, np.where(closed_again, cases.closed_again, NEVER))
    status = np.where(closed | closed_again, 2, np.where(reopened, 3, 1))
    number = pa.array(seen % 100_000).cast(pa.string())
    return pa.table({
        "ID": case_ids(seed, seen),
        "COURTCASENUMBER": pc.binary_join_element_wise("SYN", number, "/"),
        "DATERECEIVED": dates(cases.opened[seen]),
        "CLOSUREDATE": dates(closure[seen]),
        "REOPENDATE": dates(np.where(reopened, cases.reopened, NEVER)[seen]),
        "HARM": flags(harm[seen]),
        "COURTFORM_ID": form[seen],
        "LAWTYPE_ID": cases.law[seen],
        "LOCALAUTHORITY_ID": numbers((cases.authority + 1)[seen], (cases.law == 2)[seen] & (seen % 3 == 0)),
        "CASESTATU_ID": status[seen],
        "COURTCOURTLEVELREF_ID": court_ids(docket, seen),
    })  # fmt: skip


def _applications(seed: int, docket: Docket, until: int) -> pa.Table:
    applications = docket.court.applications
    rng = stream(seed, DATASET, "APPLICATIONS")
    size = len(applications)
    received = applications.made + rng.integers(0, 4, size)
    notified = received + rng.integers(0, 3, size)
    revoker, reason = rng.integers(1, 5, size), rng.integers(1, 9, size)
    no_reason = chance(rng, size, APPLICATION_REASON_MISSING)
    seen = np.flatnonzero(visible(applications.made, until))
    done = dates_known(applications.completed, until)[seen]
    kind = applications.kind[seen]
    revoking = kind == 8
    return pa.table({
        "ID": application_ids(seed, seen),
        "CASE_ID": case_ids(seed, applications.case[seen]),
        "APPLICATIONTYPE1_ID": kind,
        "COURTCOURTLEVELREF_ID": court_ids(docket, applications.case[seen]),
        "DATEOFAPPLICATION": dates(applications.made[seen]),
        "DATERECEIVED": dates(dates_known(received, until)[seen]),
        "DATENOTIFIED": dates(dates_known(notified, until)[seen]),
        "DATECOMPLETED": dates(done),
        "DATEAPPLICATIONCOMPLETED": dates(done),
        "NEWAPPLICATIONDATE": dates(np.where(revoking, applications.made[seen], NEVER)),
        "REVOCATIONAPPLICANTTYPEID": numbers(revoker[seen], ~revoking),
        "APPLICATIONREASON_ID": numbers(reason[seen], no_reason[seen]),
    })  # fmt: skip


def _persons_on_applications(seed: int, docket: Docket, until: int) -> pa.Table:
    parties = second_roles(seed, docket)
    made = docket.court.applications.made[parties.application]
    row = copied(seed, DATASET, "PERSONSONAPPLICATIONS", len(made))
    shown = visible(made, until)[row] & ~docket.empty[parties.application][row]
    at = row[shown]
    return pa.table({
        "ID": scramble(np.flatnonzero(shown), seed, DATASET, "party"),
        "PERSON_ID": person_ids(seed, parties.person[at]),
        "APPLICATION_ID": application_ids(seed, parties.application[at]),
        "ISSUBJECT": flags(parties.subject[at]),
        "ISRESPONDENT": flags(parties.respondent[at]),
        "ISAPPLICANT": flags(parties.applicant[at]),
        "ISOTHER": flags(parties.other[at]),
        "ISSUBJECTPARTY": flags(parties.subject_party[at]),
        "ISOTHERPARTY": flags(parties.other_party[at]),
    })  # fmt: skip


def _people(seed: int, docket: Docket, lives: Lives, until: int) -> pa.Table:
    at, _ = docket.known(until)
    person = docket.person[at]
    # Everybody is observed, so that nobody's errors depend on who else had come by the refresh.
    seen = observe(seed, docket.court.system, lives, docket.person, docket.latest(until))
    table = pa.table({
        "ID": person_ids(seed, person),
        **identifier_columns(seen, at),
        "MOB_LINKAGE": pa.nulls(len(at), pa.string()),
    })  # fmt: skip
    return table.take(pa.array(people_with_copies(seed, DATASET, docket, at)))


def _relationships(seed: int, docket: Docket, until: int) -> pa.Table:
    pairs = docket.relationships
    shown = np.flatnonzero(visible(pairs.since, until))
    rng = stream(seed, DATASET, "PERSONRELATIONSHIPS")
    responsible = np.where(pairs.kind == 1, np.where(rng.random(len(pairs.kind)) < 0.85, 1, 2), 0)[shown]
    return pa.table({
        "ID": scramble(shown, seed, DATASET, "relationship"),
        "PERSON_ID": person_ids(seed, pairs.person[shown]),
        "RELATEDPERSON_ID": person_ids(seed, pairs.related[shown]),
        "RELATIONSHIPTYPE_ID": pairs.kind[shown],
        "PARENTALRESPONSIBILITYTYPE_ID": numbers(responsible, responsible == 0),
    })  # fmt: skip


def _legal_outputs(seed: int, docket: Docket, until: int) -> pa.Table:
    orders = docket.orders
    row = copied(seed, DATASET, "LEGALOUTPUTS", len(orders.made))
    shown = visible(orders.made, until)[row] & ~docket.empty[orders.application][row]
    at = row[shown]
    return pa.table({
        "ID": scramble(np.flatnonzero(shown), seed, DATASET, "legal output"),
        "PERSON_ID": person_ids(seed, orders.person[at]),
        "CASE_ID": case_ids(seed, docket.court.applications.case[orders.application[at]]),
        "APPLICATION_ID": application_ids(seed, orders.application[at]),
        "LEGALOUTPUTTYPE_ID": orders.output[at],
        "DATEORDERED": dates(orders.made[at]),
        "ISFPR164": flags(orders.rule_16_4[at]),
    })  # fmt: skip


def _hearings(seed: int, docket: Docket, until: int) -> pa.Table:
    hearings = docket.hearings
    shown = np.flatnonzero(visible(hearings.held, until))
    return pa.table({
        "ID": scramble(shown, seed, DATASET, "hearing"),
        "CASE_ID": case_ids(seed, hearings.case[shown]),
        "HEARINGDATE": dates(hearings.held[shown]),
        "COURTCOURTLEVELREF_ID": court_ids(docket, hearings.case[shown]),
    })  # fmt: skip
