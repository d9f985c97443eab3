"""Age bands in SQL equal a plain form of the rule for any dates, and a band that is given leaves three days open."""

from datetime import date, timedelta

from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from fjo_pipeline.core.contracts import contract
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.provider.age_bands import age_bands_query

ECMS = contract("cafcass_england_ecms")
LEAP_DAYS = st.sampled_from([date(2008, 2, 29), date(2012, 2, 29), date(2016, 2, 29), date(2000, 2, 29)])
BIRTHS = st.one_of(st.dates(date(2005, 1, 1), date(2022, 12, 31)), LEAP_DAYS)
WAITS = st.one_of(
    st.integers(-10, 35), st.integers(355, 376), st.integers(-400, 4000), st.sampled_from([6, 7, 13, 14, 27, 28, 365])
)
CHILDREN = st.lists(st.tuples(BIRTHS, st.lists(WAITS, min_size=1, max_size=3)), min_size=1, max_size=60)


def plain_band(born: date, applied: date) -> str:
    days = (applied - born).days
    if days < 0:
        return "unknown"
    for longest, name in ((6, "0-6 days"), (13, "7-13 days"), (27, "14-27 days")):
        if days <= longest:
            return name
    leap = (born.month, born.day) == (2, 29)
    birthday = date(born.year + 1, 3, 1) if leap else born.replace(year=born.year + 1)
    return "1 year and over" if applied >= birthday else "28 days to under 1 year"


def days_left_open(born: date, applied: date) -> int:
    monday = born - timedelta(days=born.weekday())
    band = plain_band(born, applied)
    return sum(plain_band(monday + timedelta(days=day), applied) == band for day in range(7))


def in_sql(session: Session, children: list[tuple[date, date]]) -> dict[int, str | None]:
    rows = ", ".join(f"({i}, DATE '{born}', DATE '{applied}')" for i, (born, applied) in enumerate(children))
    session.run(f"CREATE OR REPLACE TEMP TABLE child AS FROM (VALUES {rows}) AS t (id, born, applied)", step="make")
    relations = {
        "people": "(SELECT id AS ID, born AS DATEOFBIRTH FROM child)",
        "personsonapplications": "(SELECT id AS PERSON_ID, id AS APPLICATION_ID, 'true' AS ISSUBJECT FROM child)",
        "applications": "(SELECT id AS ID, 1 AS APPLICATIONTYPE1_ID, applied AS DATEOFAPPLICATION FROM child)",
        "applicationtypes": "(SELECT 1 AS ID, 'Care (s31)' AS NAME)",
    }
    return dict(session.rows(age_bands_query(ECMS, relations, "ID"), step="derive"))


@examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(children=CHILDREN)
def test_sql_and_the_plain_form_agree(shared_session: Session, children: list[tuple[date, list[int]]]) -> None:
    dated = [(born, born + timedelta(days=min(waits))) for born, waits in children]
    found = in_sql(shared_session, dated)
    for number, (born, applied) in enumerate(dated):
        band = plain_band(born, applied)
        shown = band == "unknown" or days_left_open(born, applied) >= 3
        assert found[number] == (band if shown else None)
