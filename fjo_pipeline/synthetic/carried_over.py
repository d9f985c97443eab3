"""The docket of an older system beside its successor's: earlier cases, and those that were carried over in between."""

from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np

from fjo_pipeline.synthetic.cafcass_cases import Applications, Cases, Court, Parties, build_court
from fjo_pipeline.synthetic.cafcass_families import Scope
from fjo_pipeline.synthetic.cafcass_members import Members
from fjo_pipeline.synthetic.cafcass_orders import Hearings, Orders
from fjo_pipeline.synthetic.couples import Unions
from fjo_pipeline.synthetic.docket import Docket, build_docket
from fjo_pipeline.synthetic.names import ENGLAND
from fjo_pipeline.synthetic.observed import Lives
from fjo_pipeline.synthetic.relationships import Relationships
from fjo_pipeline.synthetic.streams import NEVER, Bools, Ints, dates_known, day

HANDED_OVER = day(2014, 7, 1)
"""The day on which CMS handed its open cases over to ECMS [R]: what its records of them say ends here."""
_BEGINS, _LAST_NEW = day(2007, 4, 1), day(2013, 12, 31)

Columns = TypeVar("Columns", Cases, Applications, Members, Parties, Orders, Hearings, Relationships)


@dataclass(frozen=True)
class _Carried:
    """Which of a successor's records had been made by the hand-over, for cases opened before it."""

    case: Bools
    application: Bools


def older_docket(seed: int, lives: Lives, unions: Unions, scope: Scope, later: Docket) -> Docket:
    """CMS's docket beside that of ECMS: families of which many come again, and the cases that both systems have."""
    carried = _Carried(
        later.court.cases.opened < HANDED_OVER,
        (later.court.applications.made < HANDED_OVER)
        & (later.court.cases.opened < HANDED_OVER)[later.court.applications.case],
    )
    here = carried.case[later.court.members.case]
    familiar = np.zeros(len(lives.people), dtype=bool)
    familiar[later.court.cases.mother] = True
    people = max(scope.people - len(np.unique(later.court.members.person[here])), 1)
    early_scope = Scope(people, _BEGINS, _LAST_NEW, scope.private_share, "cms", familiar)
    court = build_court(seed, ENGLAND, lives.people, unions, lives.homes, lives.places, early_scope)
    early = build_docket(seed, lives.people, court)
    return _joined(early, _part(later, carried))


def _part(docket: Docket, carried: _Carried) -> Docket:
    """The carried-over part of a docket, its cases and applications numbered from 0, as on the day of the hand-over."""
    court = docket.court
    case, application = np.cumsum(carried.case) - 1, np.cumsum(carried.application) - 1
    cases = _chosen(court.cases, carried.case)
    cases = _with(cases, **{name: dates_known(getattr(cases, name), HANDED_OVER)
                            for name in ("closed", "reopened", "closed_again")})  # fmt: skip
    applications = _chosen(court.applications, carried.application)
    applications = _with(
        applications, case=case[applications.case], completed=dates_known(applications.completed, HANDED_OVER)
    )
    members = _chosen(court.members, carried.case[court.members.case])
    parties = _chosen(court.parties, carried.application[court.parties.application])
    orders, hearings, pairs = docket.orders, docket.hearings, docket.relationships
    orders = _chosen(orders, carried.application[orders.application] & (orders.made < HANDED_OVER))
    hearings = _chosen(hearings, carried.case[hearings.case] & (hearings.held < HANDED_OVER))
    known = np.isin(pairs.person, members.person) & np.isin(pairs.related, members.person)
    at = np.isin(docket.person, members.person)
    return Docket(
        Court(
            court.system, cases, applications, _with(members, case=case[members.case]),
            _with(parties, application=application[parties.application]),
        ),
        _chosen(pairs, known & (pairs.since < HANDED_OVER)),
        _with(orders, application=application[orders.application]),
        _with(hearings, case=case[hearings.case]),
        docket.person[at], docket.first_seen[at], docket.empty[carried.application], docket.copied_people[at],
    )  # fmt: skip


def _joined(first: Docket, second: Docket) -> Docket:
    """Two dockets as one, under the first one's name; people and relationships that both have stand once."""
    cases, applications = len(first.court.cases), len(first.court.applications)
    theirs = second.court
    court = Court(
        first.court.system,
        _both(first.court.cases, theirs.cases),
        _both(first.court.applications, _with(theirs.applications, case=theirs.applications.case + cases)),
        _both(first.court.members, _with(theirs.members, case=theirs.members.case + cases)),
        _both(first.court.parties, _with(theirs.parties, application=theirs.parties.application + applications)),
    )
    pairs = _both(first.relationships, second.relationships)
    _, once = np.unique((pairs.person << 32) + pairs.related, return_index=True)
    everybody = np.r_[first.person, second.person]
    person, at = np.unique(everybody, return_index=True)
    first_seen = np.full(len(person), NEVER, dtype=np.int64)
    np.minimum.at(first_seen, np.searchsorted(person, everybody), np.r_[first.first_seen, second.first_seen])
    return Docket(
        court, _chosen(pairs, once),
        _both(first.orders, _with(second.orders, application=second.orders.application + applications)),
        _both(first.hearings, _with(second.hearings, case=second.hearings.case + cases)),
        person, first_seen, np.r_[first.empty, second.empty], np.r_[first.copied_people, second.copied_people][at],
    )  # fmt: skip


def _chosen(columns: Columns, rows: Bools | Ints) -> Columns:
    return type(columns)(**{each.name: getattr(columns, each.name)[rows] for each in fields(columns)})


def _with(columns: Columns, **new: Ints) -> Columns:
    return type(columns)(**{each.name: getattr(columns, each.name) for each in fields(columns)} | new)


def _both(first: Columns, second: Columns) -> Columns:
    return type(first)(
        **{each.name: np.concatenate([getattr(first, each.name), getattr(second, each.name)]) for each in fields(first)}
    )
