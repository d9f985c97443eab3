"""What a nation's courts did up to a day, in plain Python: who was what on which application, and who is whose parent.

Straight from the made-up world, with what a source system never knew left out: applications with nobody on them, and
what came after the day. Nothing here reads a deposit, a curated table or a model.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise

import numpy as np

from fjo_pipeline.synthetic.cafcass_families import PUBLIC
from fjo_pipeline.synthetic.cafcass_members import FATHER, MOTHER
from fjo_pipeline.synthetic.dirt import second_roles
from fjo_pipeline.synthetic.docket import Docket
from fjo_pipeline.synthetic.places import authority_names
from fjo_pipeline.synthetic.relationships import HALF_SIBLING, PARENT, SIBLING, TWIN
from fjo_pipeline.synthetic.world import World

_EPOCH = date(1970, 1, 1)
ROLES = ("subject", "applicant", "respondent", "other")
FULL, HALF, STEP = (SIBLING, TWIN), (HALF_SIBLING, HALF_SIBLING + 1), (51, 52)
"""Codes of brothers and sisters (domain.md, "coded values")."""


@dataclass
class Application:
    """One application with somebody on it: `case` is the application itself in a system that knows no cases."""

    number: int
    case: int
    public: bool
    kind: int
    made: date
    completed: date | None
    authority: str | None
    roles: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    parents: set[int] = field(default_factory=set)

    def of(self, role: str) -> set[int]:
        """Who has a role."""
        return {person for person, roles in self.roles.items() if role in roles}


@dataclass
class Record:
    """A nation's courts as of a day."""

    world: World
    docket: Docket
    until: date
    by_application: bool
    applications: dict[int, Application]

    @classmethod
    def of(cls, world: World, docket: Docket, until: date, *, by_application: bool) -> "Record":
        """What is known by a day; `by_application`: of a system that knows no cases."""
        given, cases, names = docket.court.applications, docket.court.cases, authority_names().to_pylist()
        known: dict[int, Application] = {}
        for number in np.flatnonzero((given.made <= (until - _EPOCH).days) & ~docket.empty):
            case = int(given.case[number])
            public = bool(cases.law[case] == PUBLIC)
            ended = _day(given.completed[number])
            # ECMS lacks the local authority of a third of the private cases.
            blank = not by_application and not public and case % 3 == 0
            known[int(number)] = Application(
                int(number), int(number) if by_application else case, public, int(given.kind[number]),
                _day(given.made[number]), ended if ended <= until else None,
                None if blank else names[cases.authority[case]],
            )  # fmt: skip
        parties = second_roles(world.seed, docket)
        flags = (parties.subject, parties.applicant, parties.respondent, parties.other)
        for row, (number, person) in enumerate(zip(parties.application, parties.person, strict=True)):
            if int(number) in known:
                here = known[int(number)]
                here.roles[int(person)] |= {role for role, flag in zip(ROLES, flags, strict=True) if flag[row]}
                if parties.part[row] in (MOTHER, FATHER):
                    here.parents.add(int(person))
        return cls(world, docket, until, by_application, {n: each for n, each in known.items() if each.roles})

    @cached_property
    def cases(self) -> dict[int, list[Application]]:
        """Applications by case, the earliest first."""
        found: dict[int, list[Application]] = defaultdict(list)
        for each in sorted(self.applications.values(), key=lambda each: (each.made, each.number)):
            found[each.case].append(each)
        return found

    @cached_property
    def begun(self) -> dict[int, date]:
        """The day of each case's first application, whoever was on it."""
        given = self.docket.court.applications
        found: dict[int, date] = {}
        for number, case in enumerate(given.case):
            key = number if self.by_application else int(case)
            found[key] = min(_day(given.made[number]), found.get(key, date.max))
        return found

    @cached_property
    def relationships(self) -> dict[int, list[tuple[int, int]]]:
        """(related, what the related is to the person) of each person, as recorded by the day."""
        pairs, last = self.docket.relationships, (self.until - _EPOCH).days
        found: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for person, related, kind, since in zip(pairs.person, pairs.related, pairs.kind, pairs.since, strict=True):
            if since <= last:
                found[int(person)].append((int(related), int(kind)))
        return found

    @cached_property
    def parents_of(self) -> dict[int, set[int]]:
        """The recorded parents of each child: by relationship, or by the part on an application with the child."""
        found: dict[int, set[int]] = defaultdict(set)
        if self.by_application:
            for each in self.applications.values():
                for child in each.of("subject"):
                    found[child] |= each.parents - {child}
        else:
            for person, related in self.relationships.items():
                found[person] = {other for other, kind in related if kind == PARENT}
        return found

    def monday(self, person: int) -> date:
        """The week of birth."""
        born = self.born(person)
        return born - timedelta(days=born.weekday())

    def born(self, person: int) -> date:
        """The date of birth."""
        return _day(self.world.lives.people.born[person])

    def age(self, person: int, on: date) -> int | None:
        """Completed years by the week of birth; None before it."""
        born = self.monday(person)
        years = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
        return years if on >= born else None

    def sex(self, person: int) -> str:
        """Male or Female."""
        return ("", "Male", "Female")[int(self.world.lives.people.sex[person])]

    @cached_property
    def lsoa(self) -> dict[int, str]:
        """Where each person lived on the day of the last application, which is the address on file."""
        lives, docket = self.world.lives, self.docket
        latest = docket.latest((self.until - _EPOCH).days)
        homes = lives.homes
        dwelling = homes.dwelling[homes.timeline.at(docket.person, latest)]
        codes = lives.places.lsoa.to_pylist()
        return {
            int(person): codes[at] for person, at in zip(docket.person, lives.places.lsoa_of(dwelling), strict=True)
        }


def _day(days: int) -> date:
    return _EPOCH + timedelta(days=int(days))


def band(years: int | None, bounds: tuple[int, ...]) -> str:
    """A band of completed years from lower bounds: `0`, `1-4`, …, `35 and over`, unknown."""
    if years is None or years < bounds[0]:
        return "unknown"
    if years >= bounds[-1]:
        return f"{bounds[-1]} and over"
    lower, upper = next((low, high - 1) for low, high in pairwise(bounds) if low <= years < high)
    return str(lower) if lower == upper else f"{lower}-{upper}"


def calendar_and_financial(day: date) -> tuple[tuple[str, int], tuple[str, int]]:
    """The calendar year of a day, and the calendar year in which its financial year begins."""
    return ("calendar", day.year), ("financial", day.year - (day.month < 4))
