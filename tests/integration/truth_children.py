"""Children, mothers and everybody in the courts worked out a second way: returns, groups, journeys, links."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

import numpy as np

from fjo_pipeline.synthetic.lookups import application_type_names
from tests.integration.truth import ChildSet, Recurrence, day_of, first_sets
from tests.integration.truth_private import ordered
from tests.integration.truth_record import FULL, HALF, ROLES, STEP, Application, Record, band

MOTHER_BANDS, CHILD_BANDS = (0, 20, 25, 30, 35), (0, 1, 5, 10, 16)
_SIBLINGS = {**dict.fromkeys(FULL, "full"), **dict.fromkeys(HALF, "half"), **dict.fromkeys(STEP, "step")}
_NOTHING = ("discharge", "no_order", "withdrawn", "refused")

Followed = tuple[int, bool]
"""Days followed, and whether it ended with the event."""


def redistributed(followed: Iterable[Followed]) -> dict[int, float]:
    """Kaplan and Meier's estimate as Efron found it (1967): everybody weighs alike, and whoever is censored leaves his
    or her weight to those who are followed for longer, in equal parts; survival is the weight that is left.
    """
    events_first = sorted(followed, key=lambda each: (each[0], not each[1]))
    days = np.array([each for each, _ in events_first])
    weight = np.full(len(days), 1 / max(len(days), 1))
    curve: dict[int, float] = {}
    left = 1.0
    for place, (day, is_event) in enumerate(events_first):
        if is_event:
            left -= weight[place]
            curve[day] = left
        elif place + 1 < len(days):
            weight[place + 1 :] += weight[place] / (len(days) - place - 1)
    return curve


def mothers_followed(
    record: Record, recurrences: dict[int, Recurrence], linked: Collection[int]
) -> dict[tuple[str, str, str], list[Followed]]:
    """Days and recurrence of mothers by population (all, linked), dimension and category."""
    found: dict[tuple[str, str, str], list[Followed]] = defaultdict(list)
    for mother, each in recurrences.items():
        age = band(record.age(mother, each.index), MOTHER_BANDS)
        for population in ("all", "linked") if mother in linked else ("all",):
            for category in (("all", "all"), ("age_band", age)):
                found[population, *category].append((each.days, each.recurred is not None))
    return found


def outcome_of(each: ChildSet) -> str:
    """The highest outcome; supervision where it stands alone among what is no ending without an order."""
    decisive = {outcome for outcome in each.outcomes if outcome not in _NOTHING}
    return "supervision" if decisive == {"supervision"} else each.highest


def children_followed(record: Record, sets: Sequence[ChildSet]) -> dict[tuple[str, str], list[Followed]]:
    """Days from completion of each child's first set to its next, by first outcome and sex (or all)."""
    issued: dict[int, list[date]] = defaultdict(list)
    for each in sets:
        issued[each.child].append(each.issued)
    found: dict[tuple[str, str], list[Followed]] = defaultdict(list)
    for each in first_sets(sets):
        if each.completed:
            returned = min((when for when in issued[each.child] if when > each.completed), default=None)
            days = ((returned or record.until) - each.completed).days
            for category in ("all", record.sex(each.child)):
                found[outcome_of(each), category].append((days, returned is not None))
    return found


def children_by_authority(record: Record, sets: Iterable[ChildSet]) -> dict[tuple[int, str], set[int]]:
    """Children with an s31 application in each calendar year, by local authority and in all."""
    found: dict[tuple[int, str], set[int]] = defaultdict(set)
    for each in sets:
        found[each.issued.year, "all"].add(each.child)
        found[each.issued.year, record.cases[each.case][0].authority or "unknown"].add(each.child)
    return found


@dataclass
class Group:
    """The children of one s31 case."""

    issued: date
    subjects: int
    mothers: int
    without_mother: int
    new: int
    full: int
    half: int
    step: int
    beside: int
    same_outcome: bool | None


def sibling_groups(record: Record, sets: Sequence[ChildSet]) -> list[Group]:
    """Every s31 case."""
    cases: dict[int, list[ChildSet]] = defaultdict(list)
    for each in sets:
        cases[each.case].append(each)
    first = {each.child: each.case for each in first_sets(sets)}
    found = []
    for case, theirs in cases.items():
        children = {each.child for each in theirs}
        # Cymru records no brothers and sisters.
        related = {child: [] if record.by_application else record.relationships[child] for child in children}
        kinds = [
            next(
                (_SIBLINGS[kind] for other, kind in related[low] if other == high and kind in _SIBLINGS),
                "",
            )
            for low, high in combinations(sorted(children), 2)
        ]
        beside = {
            other for child in children for other, kind in related[child] if kind in _SIBLINGS and other not in children
        }
        outcomes = {each.highest for each in theirs if each.completed} - {"not recorded"}
        found.append(Group(
            min(each.issued for each in theirs), len(children), len({each.mother for each in theirs} - {None}),
            sum(each.mother is None for each in theirs), sum(first[child] == case for child in children),
            kinds.count("full"), kinds.count("half"), kinds.count("step"), len(beside),
            len(outcomes) == 1 if len(children) > 1 and outcomes else None,
        ))  # fmt: skip
    return found


Event = tuple[int, date, str, str | None]
"""Child, day, what happened, and which kind of it; a hearing's kind is left out."""


def journeys(record: Record) -> set[Event]:
    """Every event of every child whom an application is about."""
    kinds = application_type_names()
    found: set[Event] = set()
    first: dict[tuple[int, int], date] = {}
    for each in record.applications.values():
        for child in each.of("subject"):
            found.add((child, each.made, "application", kinds[each.kind]))
            if each.completed:
                found.add((child, each.completed, "completion", kinds[each.kind]))
            first[each.case, child] = min(each.made, first.get((each.case, child), each.made))
    for number, child, name, made in ordered(record):
        if (record.applications[number].case, child) in first:
            found.add((child, made, "legal output", " ".join(name.split())))
    on_case: dict[int, list[tuple[int, date]]] = defaultdict(list)
    for (case, child), begun in first.items():
        on_case[case].append((child, begun))
    hearings = record.docket.hearings
    for case, held in zip(hearings.case, hearings.held, strict=True):
        day = day_of(held)
        if day <= record.until:
            found |= {(child, day, "hearing", None) for child, begun in on_case[int(case)] if day >= begun}
    return found


Person = tuple[str, int | None, date | None, int, bool, bool, frozenset[str], int]
"""Sex, age at and day of the first application, cases, public law, private law, primary roles, recorded children."""


def everybody(record: Record) -> dict[int, Person]:
    """Everybody in the system, on an application or not."""
    theirs: dict[int, list[Application]] = defaultdict(list)
    for each in record.applications.values():
        for person in each.roles:
            theirs[person].append(each)
    children: dict[int, set[int]] = defaultdict(set)
    for child, parents in record.parents_of.items():
        for parent in parents:
            children[parent].add(child)
    at, _ = record.docket.known((record.until - date(1970, 1, 1)).days)
    found = {}
    for person in (int(each) for each in record.docket.person[at]):
        on = theirs[person]
        first = min((each.made for each in on), default=None)
        primary = frozenset(next(role for role in ROLES if role in each.roles[person]) for each in on)
        found[person] = (
            record.sex(person), record.age(person, first) if first else None, first, len({each.case for each in on}),
            any(each.public for each in on), any(not each.public for each in on), primary, len(children[person]),
        )  # fmt: skip
    return found
