"""The published series of England that domain.md gives, each with the query that measures it in the marts.

A published figure is compared with a modelled one within a tolerance of its own and two standard errors of a world
that is so much smaller than England.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

from fjo_pipeline.core.sessions import Session

BORN = "FROM lake.marts.born_into_care WHERE year_kind = 'financial' AND dimension = 'all'"
SURVIVAL = "lake.marts.recurrent_mothers_survival WHERE set_rule = 'every case' AND population = 'all'"
DURATION = "FROM lake.marts.care_duration WHERE clock = 'completion' AND dimension = 'all'"
APPLICANTS = "lake.marts.private_law_applicants WHERE year_kind = 'financial' AND year = 2019"


@dataclass(frozen=True)
class Measure:
    """A published figure of a kind (count, rate, weeks, share), and a query for (modelled, how many it is made from).

    A count is of the whole of England; its query counts in the world. `tolerance` is a share of the published figure,
    for shares it is in points (0.02: two percentage points).
    """

    mart: str
    what: str
    source: str
    kind: str
    published: float
    query: str
    tolerance: float


@dataclass(frozen=True)
class Compared:
    """A measure with its modelled value, at England's size, and how far apart the two may be."""

    measure: Measure
    modelled: float
    allowed: float

    @property
    def agrees(self) -> bool:
        """Whether the two lie within what is allowed."""
        return abs(self.modelled - self.measure.published) <= self.allowed


def compare(session: Session, scale: float) -> list[Compared]:
    """Every measure in the marts of a world of `scale` of England's size."""
    found = []
    for each in measures():
        value, made_from = session.row(each.query, step=f"measure {each.what}")
        value, made_from = float(value), max(float(made_from or 0), 1.0)
        if each.kind == "share":
            error = sqrt(each.published * (1 - each.published) / made_from)
            found.append(Compared(each, value, each.tolerance + 2 * error))
        else:
            modelled = value / scale if each.kind == "count" else value
            # Weeks vary by less than half of their mean; counts and rates as a count does.
            spread = 0.5 if each.kind == "weeks" else 1.0
            found.append(Compared(each, modelled, each.published * (each.tolerance + 2 * spread / sqrt(made_from))))
    return found


def measures() -> Iterator[Measure]:
    """All of them, in the order of the page."""
    said: float
    for year, said in ((2012, 11_110), (2013, 10_605), (2015, 12_781), (2016, 14_579)):
        sql = (
            f"SELECT count(*), count(*) FROM lake.marts.sibling_groups WHERE year(s31_date - INTERVAL 3 MONTH) = {year}"
        )
        yield Measure("sibling_groups", f"s31 cases, {_financial(year)}", "§3", "count", said, sql, 0.05)
    sql = "SELECT avg(subjects), count(*) FROM lake.marts.sibling_groups"
    yield Measure("sibling_groups", "children in an s31 case", "§3", "rate", 1.72, sql, 0.05)
    for year, said, share, rate in ((2007, 1_039, 0.32, 15), (2016, 2_447, 0.42, 35)):
        born, when = f"{BORN} AND year = {year}", _financial(year)
        yield Measure(
            "born_into_care", f"newborns, {when}", "§4", "count", said, f"SELECT newborns, newborns {born}", 0.05
        )
        sql = f"SELECT newborns_per_10000_births, newborns {born}"
        yield Measure("born_into_care", f"newborns per 10,000 live births, {when}", "§4", "rate", rate, sql, 0.05)
        sql = f"SELECT share_of_infants, infants {born}"
        yield Measure("born_into_care", f"newborns of infants, {when}", "§4", "share", share, sql, 0.02)
    sql = f"SELECT sum(newborns), sum(newborns) {BORN} AND year BETWEEN 2007 AND 2016"
    yield Measure("born_into_care", "newborns, 2007/08 to 2016/17", "§4", "count", 16_849, sql, 0.03)
    mothers = "lake.marts.recurrent_mothers WHERE set_rule = 'every case' AND age_band <> 'unknown'"
    for what, bands, said in (("up to 19", "'0-19'", 0.19), ("up to 24", "'0-19', '20-24'", 0.50)):
        sql = f"SELECT count_if(age_band IN ({bands})) / count(*), count(*) FROM {mothers}"
        yield Measure("recurrent_mothers", f"mothers aged {what} at their index", "§3", "share", said, sql, 0.03)
    sql = f"SELECT 1 - min(survival), max(at_risk) FROM {SURVIVAL} AND dimension = 'all' AND days <= 7 * 365.25"
    yield Measure("recurrent_mothers_survival", "mothers who recur within 7 years", "§4", "share", 0.24, sql, 0.02)
    sql = ("SELECT 1 - min(survival), max(at_risk) FROM lake.marts.order_returns WHERE first_outcome = 'supervision' "
           "AND dimension = 'all' AND days <= 5 * 365.25")  # fmt: skip
    yield Measure("order_returns", "returns within 5 years of a supervision order", "§4", "share", 0.20, sql, 0.03)
    yield from _durations()
    yield from _outcomes()
    yield from _private_law()


def _durations() -> Iterator[Measure]:
    for quarter, weeks, share in (
        ("2011-01-01", 55.5, None), ("2013-07-01", 35.8, None), ("2014-04-01", 29.6, None), ("2019-04-01", 33, None),
        ("2021-01-01", 43, 0.22), ("2021-10-01", 47, None), ("2024-04-01", 41, 0.32), ("2025-04-01", 38, 0.36),
    ):  # fmt: skip
        here, when = f"{DURATION} AND quarter = DATE '{quarter}'", f"{quarter[:4]} Q{(int(quarter[5:7]) + 2) // 3}"
        sql = f"SELECT mean_weeks, cases {here}"
        yield Measure("care_duration", f"mean weeks, completed in {when}", "§3", "weeks", weeks, sql, 0.06)
        if share:
            sql = f"SELECT share_within_limit, cases {here}"
            yield Measure("care_duration", f"within 26 weeks, {when}", "§3", "share", share, sql, 0.04)
    year = f"{DURATION} AND year(quarter) = 2016"
    sql = f"SELECT sum(mean_weeks * cases) / sum(cases), sum(cases) {year}"
    yield Measure("care_duration", "mean weeks, completed in 2016", "§3", "weeks", 26.9, sql, 0.06)
    sql = f"SELECT sum(median_weeks * cases) / sum(cases), sum(cases) {year}"
    yield Measure("care_duration", "median weeks, 2016, mean of the quarters' medians", "§3", "weeks", 24.9, sql, 0.06)
    sql = f"SELECT sum(within_limit) / sum(cases), sum(cases) {year}"
    yield Measure("care_duration", "within 26 weeks, 2016", "§3", "share", 0.61, sql, 0.04)


def _outcomes() -> Iterator[Measure]:
    said: float
    children = "FROM lake.marts.legal_outcomes WHERE year(completed_date - INTERVAL 3 MONTH)"
    sql = f"SELECT count_if(supervision_alone) / count(*), count(*) {children} BETWEEN 2010 AND 2016"
    yield Measure("legal_outcomes", "supervision order alone, 2010/11 to 2016/17", "§3", "share", 0.145, sql, 0.02)
    for year, said in ((2010, 0.11), (2016, 0.17)):
        sql = f"SELECT count_if(any_special_guardianship) / count(*), count(*) {children} = {year}"
        yield Measure("legal_outcomes", f"special guardianship, {_financial(year)}", "§3", "share", said, sql, 0.02)


def _private_law() -> Iterator[Measure]:
    said: float
    # ECMS lacks the local authority of a third of the private cases: they are shared out as the others are.
    north = "category IN ('North East', 'North West', 'Yorkshire and The Humber')"
    for what, areas, said in (("the north", north, 80), ("London", "category = 'London'", 59),
                              ("the South East", "category = 'South East'", 44)):  # fmt: skip
        sql = f"""SELECT 10000 * sum(applications) FILTER ({areas}) / sum(families) FILTER ({areas})
            * sum(applications) / sum(applications) FILTER (category <> 'unknown'), sum(applications) FILTER ({areas})
            FROM {APPLICANTS} AND dimension = 'region'"""
        what = f"applications per 10,000 families, {what}, 2019/20"
        yield Measure("private_law_applicants", what, "§4", "rate", said, sql, 0.06)
    known = f"{APPLICANTS} AND dimension = 'deprivation_quintile' AND category <> 'unknown'"
    for what, fifth, said in (("most", 1, 0.30), ("least", 5, 0.13)):
        sql = f"SELECT sum(applicants) FILTER (category = '{fifth}') / sum(applicants), sum(applicants) FROM {known}"
        what = f"applicants from the {what} deprived fifth, 2019/20"
        yield Measure("private_law_applicants", what, "§4", "share", said, sql, 0.02)
    of_year = "year_kind = 'financial' AND dimension = 'all' AND year"
    sql = f"SELECT share_returns, cases FROM lake.marts.private_law_returns WHERE {of_year} = 2016"
    yield Measure("private_law_returns", "cases with an earlier one, 2016/17", "§4", "share", 0.30, sql, 0.02)
    sql = f"SELECT share_of_cases, cases FROM lake.marts.child_participation WHERE {of_year} = 2019"
    yield Measure("child_participation", "cases in which a child took part, 2019/20", "§4", "share", 0.48, sql, 0.02)


def _financial(year: int) -> str:
    return f"{year}/{(year + 1) % 100:02d}"
