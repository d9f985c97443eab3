"""Private law worked out a second way, in Python: who applies, who returns, and which children took part."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from fjo_pipeline.synthetic.lookups import output_names
from tests.integration.truth import day_of
from tests.integration.truth_record import Record, band, calendar_and_financial

APPLICANT_BANDS = (0, 18, 25, 35, 45)
SHOWN_BY = {
    "section_7": ("Section 7 report (Cafcass)", "Section 7 report (local authority)"),
    "section_37": ("Local authority report directed (s37)",),
    "rule_16_4": ("Guardian - R16.4 appointment",),
}
"""What shows that a child took part, by the names of legal outputs, picked by hand."""

Category = tuple[str, int, str, str]
"""Kind of year, year, dimension, category."""


@dataclass
class PrivateCase:
    """A private-law case: since when, about whom, and who applied on its first day."""

    case: int
    started: date
    authority: str | None
    children: dict[int, date]
    applicants: dict[int, bool]


def private_cases(record: Record) -> list[PrivateCase]:
    """Cases that are about anybody; `children` gives the first application about each, `applicants` who is a parent."""
    found = []
    for case, applications in record.cases.items():
        about = [each for each in applications if not each.public and each.of("subject")]
        if not about:
            continue
        started = about[0].made
        children: dict[int, date] = {}
        for each in about:
            for child in each.of("subject"):
                children.setdefault(child, each.made)
        applying = {person for each in applications if each.made == started for person in each.of("applicant")}
        parents = {parent for child in children for parent in record.parents_of[child]}
        found.append(
            PrivateCase(case, started, about[0].authority, children, {each: each in parents for each in applying})
        )
    return found


def applications(record: Record, regions: dict[str, str], quintile: dict[str, int]) -> dict[Category, tuple[int, int]]:
    """Applications and applicants by category: an application with two applicants stands in the categories of both."""
    cases: dict[Category, set[int]] = defaultdict(set)
    people: dict[Category, int] = defaultdict(int)
    for each in private_cases(record):
        area = {"all": "all", "region": regions.get(each.authority or "", "unknown")}
        applicants: list[int | None] = [*each.applicants]
        for person in applicants or [None]:
            said = _said_of(record, each, person, quintile)
            for dimension, category in (area | said).items():
                for kind, year in calendar_and_financial(each.started):
                    cases[kind, year, dimension, category].add(each.case)
                    people[kind, year, dimension, category] += person is not None
    return {category: (len(found), people[category]) for category, found in cases.items()}


def _said_of(record: Record, case: PrivateCase, person: int | None, quintile: dict[str, int]) -> dict[str, str]:
    if person is None:
        return dict.fromkeys(("sex", "relation", "age_band", "deprivation_quintile"), "unknown")
    sex = record.sex(person)
    relation = {"Female": "mother", "Male": "father"}[sex] if case.applicants[person] else "other"
    fifth = quintile.get(record.lsoa[person], 0)
    own_nation = record.lsoa[person][0] == ("W" if record.by_application else "E")
    return {
        "sex": sex, "relation": relation, "age_band": band(record.age(person, case.started), APPLICANT_BANDS),
        "deprivation_quintile": str(fifth) if own_nation else "unknown",
    }  # fmt: skip


def returns(record: Record) -> dict[tuple[str, int], tuple[int, int, int]]:
    """Cases of each year; those about whose eldest child there surely was an earlier one, and those where it may be.

    Children born in one week are equally old, and any of them may be taken for the eldest.
    """
    cases = private_cases(record)
    about: dict[int, list[tuple[date, int]]] = defaultdict(list)
    for each in cases:
        for child, first in each.children.items():
            about[child].append((first, each.case))
    found: dict[tuple[str, int], list[tuple[bool, bool]]] = defaultdict(list)
    for each in cases:
        oldest = min(record.monday(child) for child in each.children)
        earlier = [
            any(first < each.started and case != each.case for first, case in about[child])
            for child in each.children
            if record.monday(child) == oldest
        ]
        for year in calendar_and_financial(each.started):
            found[year].append((all(earlier), any(earlier)))
    return {
        year: (len(them), sum(surely for surely, _ in them), sum(may for _, may in them))
        for year, them in found.items()
    }


def participation(record: Record) -> dict[tuple[str, int], dict[str, int]]:
    """By year of start: children, those with each sign within twelve months, cases, and cases with any."""
    signs = _signs(record)
    found: dict[tuple[str, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for each in private_cases(record):
        started = record.begun[each.case]
        over = _a_year_after(started)
        if over > record.until:
            continue
        shown = {
            child: {sign for when, sign in signs[each.case, child] if started <= when <= over}
            for child in each.children
        }
        for year in calendar_and_financial(started):
            counts = found[year]
            counts["cases"] += 1
            counts["cases_any"] += any(shown.values())
            counts["children"] += len(shown)
            counts["children_any"] += sum(bool(each) for each in shown.values())
            for sign in SHOWN_BY:
                counts[f"children_{sign}"] += sum(sign in each for each in shown.values())
    return found


def _signs(record: Record) -> dict[tuple[int, int], list[tuple[date, str]]]:
    sign_of = {name: sign for sign, names in SHOWN_BY.items() for name in names}
    found: dict[tuple[int, int], list[tuple[date, str]]] = defaultdict(list)
    for number, person, name, made in ordered(record):
        if name in sign_of:
            found[record.applications[number].case, person].append((made, sign_of[name]))
    return found


def ordered(record: Record) -> Iterator[tuple[int, int, str, date]]:
    """Application, child, name and day of each legal output by the day."""
    orders, names = record.docket.orders, output_names()
    for number, person, output, made in zip(orders.application, orders.person, orders.output, orders.made, strict=True):
        if int(number) in record.applications and day_of(made) <= record.until:
            yield int(number), int(person), names[int(output)], day_of(made)


def _a_year_after(day: date) -> date:
    return day.replace(year=day.year + 1, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year + 1)
