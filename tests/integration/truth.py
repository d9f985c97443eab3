"""The measures of the marts worked out a second way: in Python, from what happened in the made-up world.

Nothing here reads a deposit, a curated table or a model, and no SQL: each function follows the definition in words.
What a source system never knew is left out: applications with nobody on them, and what came after the refresh.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from fjo_pipeline.synthetic.cafcass_cases import CARE, SUPERVISION
from fjo_pipeline.synthetic.cafcass_families import PUBLIC
from fjo_pipeline.synthetic.cafcass_members import MOTHER
from fjo_pipeline.synthetic.docket import Docket
from fjo_pipeline.synthetic.lookups import output_names
from fjo_pipeline.synthetic.world import World

OUTCOMES = {
    "adoption": ("Adoption Order", "Adoption Order (Convention)"),
    "placement": ("Placement Order",),
    "care": ("Care Order", "Care Order (by consent)"),
    "secure_accommodation": ("Secure Accommodation Order",),
    "special_guardianship": ("Special Guardianship Order",),
    "lives_with": ("CAO - lives with", "CAO - shared lives with", "Residence Order (pre 2014)"),
    "supervision": ("Supervision Order",),
    "child_arrangements": (
        "CAO - spend time with", "CAO - spend time with (indirect)", "CAO - spend time with (supervised)",
        "CAO - spend time with (supported)", "CAO - no contact",
    ),
    "family_assistance": ("Family Assistance Order",),
    "discharge": (
        "Care Order (discharged)", "Discharge of Care Order", "Discharge of Special Guardianship Order",
        "Discharge of Supervision Order",
    ),
    "no_order": ("Order of No Order", "Case closed - no order"),
    "withdrawn": ("Application withdrawn", "Leave to withdraw granted"),
    "refused": ("Application dismissed", "Application struck out"),
}  # fmt: skip
"""Outcomes, the highest first, and the names of the legal outputs that are one, picked by hand."""
_OUTCOME_OF = {name: outcome for outcome, names in OUTCOMES.items() for name in names}
_EPOCH = date(1970, 1, 1)


@dataclass
class ChildSet:
    """One child in one s31 case: days as dates, `completed` None while open."""

    child: int
    case: int
    mother: int | None
    issued: date
    completed: date | None
    outcomes: dict[str, date] = field(default_factory=dict)

    @property
    def highest(self) -> str:
        """The highest outcome."""
        return next((outcome for outcome in OUTCOMES if outcome in self.outcomes), "not recorded")

    @property
    def flags(self) -> list[bool]:
        """Whether there was each outcome, in the order of OUTCOMES."""
        return [outcome in self.outcomes for outcome in OUTCOMES]


@dataclass
class Recurrence:
    """One mother: her index, her recurrence or none, and days followed."""

    index: date
    recurred: date | None
    days: int


def day_of(days: int) -> date:
    """A day of the world as a date."""
    return _EPOCH + timedelta(days=int(days))


def child_sets(world: World, docket: Docket, until: date, *, by_application: bool) -> list[ChildSet]:
    """Every child of every s31 case up to a day; `by_application`: of a system that knows no cases."""
    applications, parties = docket.court.applications, docket.court.parties
    last = (until - _EPOCH).days
    known = (applications.made <= last) & ~docket.empty
    case_of = np.arange(len(applications)) if by_application else applications.case
    on_case: dict[int, set[int]] = defaultdict(set)
    dates: dict[tuple[int, int], list[int]] = defaultdict(list)
    for application, person, part, subject in zip(
        parties.application, parties.person, parties.part, parties.subject, strict=True
    ):
        if known[application] and part == MOTHER:
            on_case[int(case_of[application])].add(int(person))
        if known[application] and subject and applications.kind[application] in (CARE, SUPERVISION):
            dates[int(case_of[application]), int(person)].append(int(application))
    found = []
    for (case, child), theirs in dates.items():
        mother = int(world.lives.people.mother[child])
        completed = max(int(applications.completed[each]) for each in theirs)
        found.append(ChildSet(
            child, case, mother if mother in on_case[case] else None,
            day_of(min(int(applications.made[each]) for each in theirs)),
            day_of(completed) if completed <= last else None,
        ))  # fmt: skip
    orders = _orders(docket, known, case_of, public_only=by_application)
    for each in found:
        for case, made, outcome in orders[each.child] if each.completed else ():
            in_time = by_application and made >= each.issued
            if made <= (each.completed or until) and (case == each.case or in_time):
                each.outcomes[outcome] = min(made, each.outcomes.get(outcome, made))
    return found


def _orders(
    docket: Docket, known: np.ndarray, case_of: np.ndarray, *, public_only: bool
) -> dict[int, list[tuple[int, date, str]]]:
    """By child: (case, day, outcome) of every order that is an outcome."""
    applications, orders, names = docket.court.applications, docket.orders, output_names()
    public = docket.court.cases.law[applications.case] == PUBLIC
    found: dict[int, list[tuple[int, date, str]]] = defaultdict(list)
    for application, person, output, made in zip(
        orders.application, orders.person, orders.output, orders.made, strict=True
    ):
        outcome = _OUTCOME_OF.get(names[int(output)])
        if outcome and known[application] and (public[application] or not public_only):
            found[int(person)].append((int(case_of[application]), day_of(made), outcome))
    return found


def first_sets(sets: Iterable[ChildSet]) -> list[ChildSet]:
    """Each child's first."""
    first: dict[int, ChildSet] = {}
    for each in sets:
        if each.child not in first or each.issued < first[each.child].issued:
            first[each.child] = each
    return list(first.values())


def recurrences(sets: Iterable[ChildSet], until: date, *, overlapping_is_one_set: bool) -> dict[int, Recurrence]:
    """By mother."""
    cases: dict[int, dict[int, list[ChildSet]]] = defaultdict(lambda: defaultdict(list))
    for each in sets:
        if each.mother is not None:
            cases[each.mother][each.case].append(each)
    found = {}
    for mother, theirs in cases.items():
        issued = {case: min(each.issued for each in children) for case, children in theirs.items()}
        index = min(issued, key=lambda case: issued[case])
        ends = [each.completed for each in theirs[index]]
        later = [when for case, when in issued.items() if when > issued[index]]
        if overlapping_is_one_set:
            completed = [when for when in ends if when is not None]
            later = [when for when in later if len(completed) == len(ends) and when >= max(completed)]
        recurred = min(later, default=None)
        found[mother] = Recurrence(issued[index], recurred, ((recurred or until) - issued[index]).days)
    return found


def survival(followed: Iterable[Recurrence]) -> dict[int, tuple[float, float | None]]:
    """By day on which anybody returned: Kaplan and Meier's estimate and Greenwood's standard error."""
    everybody = list(followed)
    estimate, variance, curve = 1.0, 0.0, {}
    for days in sorted({each.days for each in everybody if each.recurred}):
        at_risk = sum(each.days >= days for each in everybody)
        events = sum(each.days == days and each.recurred is not None for each in everybody)
        estimate *= 1 - events / at_risk
        variance += events / (at_risk * (at_risk - events)) if at_risk > events else 0.0
        curve[days] = (estimate, estimate * variance**0.5 if at_risk > events else None)
    return curve


def durations(
    sets: Iterable[ChildSet], docket: Docket, *, by_application: bool, to_disposal: bool
) -> dict[date, list[int]]:
    """Days that completed cases took from their first application, by first day of the quarter in which they ended."""
    cases: dict[int, list[ChildSet]] = defaultdict(list)
    for each in sets:
        cases[each.case].append(each)
    made = docket.court.applications.made
    begun = np.full(len(docket.court.cases), 10**6)
    np.minimum.at(begun, docket.court.applications.case, made)
    found: dict[date, list[int]] = defaultdict(list)
    for case, children in cases.items():
        ends = [each.completed for each in children]
        if any(end is None for end in ends):
            continue
        if to_disposal:
            ends = [when for each in children for when in each.outcomes.values()]
            end = min((when for when in ends if when), default=None)
        else:
            end = max(when for when in ends if when)
        if end is None:
            continue
        start = day_of(made[case] if by_application else begun[case])
        found[date(end.year, (end.month - 1) // 3 * 3 + 1, 1)].append((end - start).days)
    return found
