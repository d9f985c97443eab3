"""The proceedings of one nation: cases, their applications and who was on them, in no source system's format yet."""

from dataclasses import dataclass

import numpy as np

from fjo_pipeline.synthetic.cafcass_families import (
    PRIVATE,
    PUBLIC,
    Children,
    Episodes,
    Scope,
    join_episodes,
    public_episodes,
)
from fjo_pipeline.synthetic.cafcass_members import (
    FATHER,
    GRANDPARENT,
    MOTHER,
    OTHER_CHILD,
    SUBJECT,
    Members,
    find_members,
    named_on_applications,
    within,
    without_placed,
)
from fjo_pipeline.synthetic.cafcass_private import Areas, private_episodes
from fjo_pipeline.synthetic.couples import HORIZON, People, Unions
from fjo_pipeline.synthetic.durations import public_weeks
from fjo_pipeline.synthetic.life import HomeSpells
from fjo_pipeline.synthetic.places import Places
from fjo_pipeline.synthetic.streams import NEVER, Bools, Ints, System, chance, choose, day, stream

_YEAR = 365.25

# Kinds of application; the names are in lookups.py.
CARE, SUPERVISION, CHILD_ASSESSMENT, EMERGENCY_PROTECTION, WARDSHIP, SECURE_ACCOMMODATION = range(1, 7)
PLACEMENT, DISCHARGE_CARE, CHILD_ARRANGEMENTS, SPECIAL_GUARDIANSHIP, ENFORCEMENT = range(7, 12)
PARENTAL_RESPONSIBILITY, SPECIFIC_ISSUE, PROHIBITED_STEPS = range(12, 15)

_PUBLIC_KINDS = ((CARE, 0.855), (SUPERVISION, 0.05), (EMERGENCY_PROTECTION, 0.065), (WARDSHIP, 0.012),
                 (SECURE_ACCOMMODATION, 0.015), (CHILD_ASSESSMENT, 0.003))  # fmt: skip
_PRIVATE_KINDS = ((CHILD_ARRANGEMENTS, 0.80), (SPECIAL_GUARDIANSHIP, 0.04), (ENFORCEMENT, 0.05),
                  (PARENTAL_RESPONSIBILITY, 0.04), (SPECIFIC_ISSUE, 0.04), (PROHIBITED_STEPS, 0.03))  # fmt: skip

# Supervision orders: 14-15 % of cases, and of their children 20 % return within 5 years [V]; so that more of the cases
# whose children come back ended so than of the others.
_SUPERVISION = (0.20, 0.137)
# What became of a case: the mix of final orders moves with the years, special guardianship up from 11 to 17 % [V].
IN_CARE, PLACED, GUARDIANSHIP, SUPERVISED, ARRANGED, NO_ORDER = range(6)


@dataclass(frozen=True)
class Cases:
    """One entry a case: days NEVER where the thing has not happened; `authority` indexes the authorities of places."""

    law: Ints
    mother: Ints
    child: Ints
    opened: Ints
    closed: Ints
    reopened: Ints
    closed_again: Ints
    authority: Ints
    lsoa: Ints
    outcome: Ints

    def __len__(self) -> int:
        return len(self.law)


@dataclass(frozen=True)
class Applications:
    """One entry an application of a case."""

    case: Ints
    kind: Ints
    made: Ints
    completed: Ints

    def __len__(self) -> int:
        return len(self.case)


@dataclass(frozen=True)
class Parties:
    """One entry a person on an application."""

    application: Ints
    person: Ints
    part: Ints
    subject: Bools
    applicant: Bools
    respondent: Bools
    other: Bools
    subject_party: Bools
    other_party: Bools


@dataclass(frozen=True)
class Court:
    """All proceedings of one nation that one source system has."""

    system: System
    cases: Cases
    applications: Applications
    members: Members
    parties: Parties


def build_court(
    seed: int, nation: int, people: People, unions: Unions, homes: HomeSpells, places: Places, scope: Scope
) -> Court:
    """The proceedings of one nation, at most `scope.people` people in them."""
    system = scope.stream_name(nation)
    children = Children(people)
    episodes = _episodes(seed, nation, people, unions, children, scope, homes, places)
    members = find_members(seed, system, people, unions, children, episodes)
    episodes, members = within(seed, system, scope.people, episodes, members)
    cases = _cases(seed, system, people, episodes, members, homes, places)
    placed = (cases.outcome == PLACED) & (cases.law == PUBLIC)
    members = without_placed(cases.opened, cases.closed, placed, members)
    applications = _applications(seed, system, cases)
    on_paper = named_on_applications(seed, system, len(people), members)
    return Court(system, cases, applications, members, _parties(seed, system, cases, applications, on_paper))


def _episodes(
    seed: int, nation: int, people: People, unions: Unions, children: Children, scope: Scope, homes: HomeSpells,
    places: Places,
) -> Episodes:  # fmt: skip
    families = int(scope.people / 3.1) + 20
    private = round(families * scope.private_share)
    parts = [public_episodes(seed, nation, people, children, scope, families - private)]
    if private:
        areas = Areas(homes, places)
        parts.append(private_episodes(seed, nation, people, unions, children, scope, areas, private))
    return join_episodes(parts)


def _cases(
    seed: int, system: System, people: People, episodes: Episodes, members: Members, homes: HomeSpells, places: Places
) -> Cases:
    rng = stream(seed, "cases", system)
    size = len(episodes)
    public = episodes.law == PUBLIC
    weeks = np.where(public, public_weeks(rng, episodes.opened), rng.lognormal(3.15, 0.6, size))
    closed = episodes.opened + (weeks * 7).astype(np.int64)
    reopened = np.where(chance(rng, size, 0.04), closed + 30 + rng.exponential(300, size).astype(np.int64), NEVER)
    again = np.where(reopened < NEVER, reopened + 20 + rng.gamma(2.0, 50.0, size).astype(np.int64), NEVER)
    at = homes.timeline.at(episodes.mother, episodes.opened)
    home = homes.dwelling[np.maximum(at, 0)]
    return Cases(
        episodes.law, episodes.mother, episodes.child, episodes.opened, closed, reopened, again,
        places.authority(home), places.lsoa_of(home),
        _outcomes(rng, people, episodes, closed, _returning(episodes, members)),
    )  # fmt: skip


def _returning(episodes: Episodes, members: Members) -> Bools:
    """Public cases any of whose subjects comes back in a later one."""
    at = np.flatnonzero((members.part == SUBJECT) & (episodes.law[members.case] == PUBLIC))
    at = at[np.lexsort((episodes.opened[members.case[at]], members.person[at]))]
    again = np.zeros(len(episodes), dtype=bool)
    again[members.case[at[:-1]][members.person[at[1:]] == members.person[at[:-1]]]] = True
    return again


def _outcomes(rng: np.random.Generator, people: People, episodes: Episodes, closed: Ints, returning: Bools) -> Ints:
    guardianship = np.interp(closed, [day(2011), day(2017)], [0.11, 0.17])
    young = closed - people.born[episodes.child] < 4 * _YEAR
    placement = np.where(young, np.interp(closed, [day(2013), day(2016)], [0.26, 0.16]), 0.01)
    supervision = np.where(returning, *_SUPERVISION)
    arrangements = np.full(len(closed), 0.14)
    nothing = np.full(len(closed), 0.07)
    edges = np.cumsum([placement, guardianship, supervision, arrangements, nothing], axis=0)
    pick = (rng.random(len(closed))[None, :] > edges).sum(axis=0)
    public = np.array([PLACED, GUARDIANSHIP, SUPERVISED, ARRANGED, NO_ORDER, IN_CARE])[pick]
    private = np.where(chance(rng, len(closed), 0.82), ARRANGED, NO_ORDER)
    return np.where(episodes.law == PUBLIC, public, private)


def _applications(seed: int, system: System, cases: Cases) -> Applications:
    rng = stream(seed, "applications", system)
    size = len(cases)
    every = np.arange(size)
    kinds = [np.array([kind for kind, _ in table])[choose(rng, size, [share for _, share in table])]
             for table in (_PUBLIC_KINDS, _PRIVATE_KINDS)]  # fmt: skip
    kind = np.where(cases.law == PUBLIC, kinds[0], kinds[1])
    emergency = every[kind == EMERGENCY_PROTECTION]
    placing = every[(cases.law == PUBLIC) & (cases.outcome == PLACED)]
    crossed = every[(cases.law == PRIVATE) & chance(rng, size, 0.08)]
    again = every[cases.reopened < NEVER]
    length = cases.closed - cases.opened
    first_end = np.where(kind == EMERGENCY_PROTECTION, np.minimum(cases.opened + 8, cases.closed), cases.closed)
    again_kind = np.where(cases.law[again] == PUBLIC, DISCHARGE_CARE, ENFORCEMENT)
    return Applications(
        np.concatenate([every, emergency, placing, crossed, again]),
        np.concatenate([kind, np.full(len(emergency), CARE), np.full(len(placing), PLACEMENT),
                        np.full(len(crossed), SPECIFIC_ISSUE), again_kind]),
        np.concatenate([cases.opened, cases.opened[emergency] + 6,
                        cases.opened[placing] + (length[placing] * 0.75).astype(np.int64),
                        cases.opened[crossed] + (length[crossed] * 0.4).astype(np.int64), cases.reopened[again]]),
        np.concatenate([first_end, np.maximum(cases.closed[emergency], cases.opened[emergency] + 6),
                        cases.closed[placing], cases.closed[crossed], cases.closed_again[again]]),
    )  # fmt: skip


def _parties(seed: int, system: System, cases: Cases, applications: Applications, members: Members) -> Parties:
    rng = stream(seed, "parties", system)
    first = np.searchsorted(members.case, applications.case, side="left")
    count = np.searchsorted(members.case, applications.case, side="right") - first
    application = np.repeat(np.arange(len(applications)), count)
    at = first[application] + np.arange(len(application)) - np.repeat(np.cumsum(count) - count, count)
    person, part = members.person[at], members.part[at]
    public = cases.law[applications.case[application]] == PUBLIC
    subject = part == SUBJECT
    applying = _who_applies(seed, system, rng, applications, members)[application]
    adult = (part == MOTHER) | (part == FATHER)
    applicant = ~public & (part == applying)
    grandparent = part == GRANDPARENT
    return Parties(
        application, person, part, subject, applicant, adult & ~applicant,
        (part == OTHER_CHILD) | (grandparent & ~applicant),
        subject & (public | chance(rng, len(part), 0.06)), grandparent & chance(rng, len(part), 0.5),
    )  # fmt: skip


def _who_applies(
    seed: int, system: System, rng: np.random.Generator, applications: Applications, members: Members
) -> Ints:
    """In private law: a father or mother, or one of every two grandparents who are on a case [R]."""
    size = len(applications)
    parent = np.array([FATHER, MOTHER])[choose(rng, size, (0.62, 0.38))]
    called = np.isin(applications.case, members.case[members.part == GRANDPARENT])
    apply = called & chance(stream(seed, "grandparents apply", system), size, 0.5)
    return np.where(apply, GRANDPARENT, parent)


def visible(made: Ints, until: int) -> Bools:
    """What had happened by the day of a refresh; nothing is imagined beyond the horizon."""
    return np.asarray(made <= min(until, HORIZON))
