"""Parents' and infants' contact with hospitals, and who is compared with them, worked out a second way: in Python.

Who was in which proceedings comes from the made-up world, who is like whom from the register as delivered, contacts
from a list of events that the test made. No SQL, no curated table and no model is read.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

Cohort = Literal["parents", "infants"]
Kind = Literal["hospital", "emergency", "outpatient", "not seen"]
Place = tuple[date, date, int | None]


@dataclass
class Person:
    """Somebody on the register: Monday of the week of birth, addresses as (first day, last day, fifth)."""

    alf: int
    sex: str
    week: date | None
    died: date | None
    places: list[Place] = field(default_factory=list)

    def fifth_on(self, day: date) -> int | None:
        """The fifth of deprivation in which the person lived on a day; None in another nation, or where unknown."""
        for first, last, fifth in self.places:
            if first <= day <= last:
                return fifth
        return None


@dataclass(frozen=True)
class Event:
    """A contact: kind, day, and of an admission its method and its diagnoses."""

    alf: int
    kind: Kind
    day: date
    method: str = ""
    diagnoses: tuple[str, ...] = ()


def fifths(rank_of: Mapping[str, int]) -> dict[str, int]:
    """Fifth by LSOA of one nation, 1 the most deprived; where the number is no multiple of 5 the first take more."""
    ordered = sorted(rank_of, key=lambda lsoa: (rank_of[lsoa], lsoa))
    size, more = divmod(len(ordered), 5)
    found: dict[str, int] = {}
    at = 0
    for fifth in range(1, 6):
        until = at + size + (fifth <= more)
        found |= dict.fromkeys(ordered[at:until], fifth)
        at = until
    return found


def without_overlaps(places: Iterable[Place]) -> list[Place]:
    """Addresses in time, each up to the day before the next."""
    ordered = sorted(places, key=lambda place: (place[0], place[1]))
    ends = [place[0] - timedelta(1) for place in ordered[1:]] + [date.max]
    return [
        (first, min(last, before_next), fifth) for (first, last, fifth), before_next in zip(ordered, ends, strict=True)
    ]


def _number(seed: int, alf: int) -> int:
    digest = hashlib.md5(f"{seed} {alf}".encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[8:], "little") % 2147483646 + 1


def comparators(
    cases: Mapping[int, date], people: Mapping[int, Person], barred: set[int], cohort: Cohort, *,
    most: int, weeks_apart: int, seed: int,
) -> dict[int, set[int]]:  # fmt: skip
    """By case, given with its index date, the linking fields of its comparators."""
    by_age = sorted((each.week, alf) for alf, each in people.items() if each.week is not None and alf not in barred)
    weeks = [week for week, _ in by_age]
    offers: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for case, index in cases.items():
        person = people.get(case)
        if person is None or person.week is None or person.sex == "9":
            continue
        fifth = person.fifth_on(person.week + timedelta(6) if cohort == "infants" else index)
        apart = timedelta(weeks=weeks_apart)
        for _, alf in by_age[bisect_left(weeks, person.week - apart) : bisect_right(weeks, person.week + apart)]:
            other = people[alf]
            assert other.week is not None
            there = other.fifth_on(other.week + timedelta(6) if cohort == "infants" else index)
            if (
                fifth is not None and there == fifth and other.sex == person.sex and other.week <= index
                and (other.died is None or other.died >= index)
            ):  # fmt: skip
                offers[alf].append((_number(seed, case) * _number(seed, alf) % 2147483647, case))
    won: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for alf, theirs in offers.items():
        draw, case = min(theirs)
        won[case].append((draw, alf))
    return {case: {alf for _, alf in sorted(theirs)[:most]} for case, theirs in won.items()}


def days_of(
    events: Iterable[Event], first: date, index: date, known_until: Mapping[str, date]
) -> dict[str, int | bool | None]:
    """What one person's contacts from a day to the day before the index come to, None where that is not all known."""
    within = [each for each in events if first <= each.day < index]

    def days(kind: str, method: str = "") -> int:
        return len({each.day for each in within if each.kind == kind and each.method.startswith(method)})

    def diagnosed(*starts: str) -> bool:
        return any(code.startswith(starts) for each in within for code in each.diagnoses)

    found: dict[str, int | bool | None] = {
        "emergency_days": days("emergency"),
        "hospital_days": days("hospital"),
        "emergency_admission_days": days("hospital", "2"),
        "elective_admission_days": days("hospital", "1"),
        "outpatient_days": days("outpatient"),
        "has_mental_health": diagnosed("F"),
        "has_substance_use": diagnosed("F1"),
        "has_injury": diagnosed("S", "T"),
    }
    last = index - timedelta(1)
    kind_of = {"emergency_days": "emergency", "outpatient_days": "outpatient"}
    return {
        name: value if known_until[kind_of.get(name, "hospital")] >= last else None for name, value in found.items()
    }
