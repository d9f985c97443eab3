"""Age bands at the first s31 application, by rows worked by hand; 2 March 2015 is a Monday."""

from collections.abc import Sequence

import pytest

from fjo_pipeline.core.contracts import contract
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.provider.age_bands import age_bands_query

ECMS = contract("cafcass_england_ecms")
TABLES = ("people", "personsonapplications", "applications", "applicationtypes")
Role = tuple[int, int, str]
Application = tuple[int, int, str | None]


def bands(
    session: Session,
    people: Sequence[tuple[int, str | None]],
    roles: Sequence[Role],
    applications: Sequence[Application],
) -> dict[int, str | None]:
    """Each child's band, as the split's query gives it."""
    session.run("CREATE OR REPLACE TEMP TABLE people (ID BIGINT, DATEOFBIRTH DATE)", step="make")
    session.run(
        "CREATE OR REPLACE TEMP TABLE personsonapplications "
        "(PERSON_ID BIGINT, APPLICATION_ID BIGINT, ISSUBJECT VARCHAR)",
        step="make",
    )
    session.run(
        "CREATE OR REPLACE TEMP TABLE applications (ID BIGINT, APPLICATIONTYPE1_ID BIGINT, DATEOFAPPLICATION DATE)",
        step="make",
    )
    session.run(
        "CREATE OR REPLACE TEMP TABLE applicationtypes AS SELECT * FROM (VALUES (1, 'Care (s31)'), "
        "(2, 'Supervision (s31)'), (3, 'Child Arrangements (s8)')) AS kind (ID, NAME)",
        step="make",
    )
    for name, rows in (("people", people), ("personsonapplications", roles), ("applications", applications)):
        for row in rows:
            session.run(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", row, step="fill")
    query = age_bands_query(ECMS, {name: name for name in TABLES}, "ID")
    return dict(session.rows(query, step="derive age bands"))


@pytest.mark.parametrize(
    ("born", "applied", "band"),
    [
        ("2015-03-02", "2015-03-08", "0-6 days"),  # the whole week gives this band
        ("2015-03-04", "2015-03-04", "0-6 days"),  # Monday to Wednesday do: 3 days
        ("2015-03-03", "2015-03-03", None),  # Monday and Tuesday only
        ("2015-03-02", "2015-03-02", None),
        ("2015-03-03", "2015-03-09", "0-6 days"),
        ("2015-03-02", "2015-03-09", None),  # 7 days: nobody else born that week is
        ("2015-03-03", "2015-03-10", None),
        ("2015-03-04", "2015-03-11", "7-13 days"),
        ("2015-03-05", "2015-03-11", "0-6 days"),
        ("2015-03-08", "2015-03-16", "7-13 days"),
        ("2015-03-02", "2015-03-22", "14-27 days"),
        ("2015-03-08", "2015-03-22", "14-27 days"),
        ("2015-03-02", "2015-03-30", None),  # 28 days, the others 27 and fewer
        ("2015-03-02", "2015-04-15", "28 days to under 1 year"),
        ("2015-03-08", "2016-03-07", None),  # one day before the first birthday, the others past theirs
        ("2015-03-02", "2016-03-07", "1 year and over"),
        ("2015-03-02", "2029-01-01", "1 year and over"),
        ("2016-02-29", "2017-02-28", "28 days to under 1 year"),  # turns one on 1 March
        ("2016-02-29", "2017-03-01", None),  # with those of 1 March, two possible days
        ("2016-02-29", "2017-03-02", "1 year and over"),
        ("1885-03-02", "2015-03-05", "1 year and over"),  # a century typo is not mended here
        ("2915-03-02", "2015-03-05", "unknown"),
        ("2015-03-06", "2015-03-05", "unknown"),
        (None, "2015-03-05", "unknown"),
        ("2015-03-02", None, "unknown"),
    ],
)
def test_a_band_is_exact_or_blank_where_fewer_than_three_days_would_be_left(
    born: str | None, applied: str | None, band: str | None, shared_session: Session
) -> None:
    assert bands(shared_session, [(1, born)], [(1, 8, "true")], [(8, 1, applied)]) == {1: band}


def test_the_first_application_of_a_care_or_supervision_type_counts(shared_session: Session) -> None:
    applications: list[Application] = [(7, 3, "2015-03-03"), (8, 2, "2015-03-20"), (9, 1, "2016-09-01"), (10, 1, None)]
    roles = [(1, number, "true") for number, _, _ in applications]
    assert bands(shared_session, [(1, "2015-03-02")], roles, applications) == {1: "14-27 days"}


def test_only_subjects_have_a_band(shared_session: Session) -> None:
    people = [(1, "2015-03-02"), (2, "1985-03-02"), (3, "2014-03-02"), (4, "2014-03-02")]
    roles: list[Role] = [(1, 8, "true"), (2, 8, "false"), (3, 9, "true")]
    found = bands(shared_session, people, roles, [(8, 1, "2015-03-08"), (9, 3, "2015-03-08")])
    assert found == {1: "0-6 days"}


def test_copies_of_rows_make_no_second_child(shared_session: Session) -> None:
    people, roles = [(1, "2015-03-02")] * 2, [(1, 8, "true")] * 3
    query_rows = bands(shared_session, people, roles, [(8, 1, "2015-03-08")])
    query = age_bands_query(ECMS, {name: name for name in TABLES}, "ID")
    assert query_rows == {1: "0-6 days"}
    assert len(shared_session.rows(query, step="derive age bands")) == 1


def test_in_cms_the_child_is_the_member_whose_type_says_subject(session: Session) -> None:
    tables = {
        "person": "(1, DATE '2012-03-07'), (2, DATE '1990-03-07'), (3, DATE '2010-03-07')) AS t(PERSONID, DATEOFBIRTH)",
        "caseapplicationmember": "(1, 5, 4), (2, 5, 2), (3, 6, 4)) AS t (MEMBERREF, CASEAPPLICATIONREF, MEMBERTYPE)",
        "caseapplication": "(5, 1, DATE '2012-03-09'), (6, 3, DATE '2012-03-09')) "
        "AS t (CASEAPPLICATIONID, CASEAPPLICATIONTYPEREF, DATEOFAPPLICATION)",
        "caseapplicationtype": "(1, 'Care (s31)'), (3, 'Residence (s8)')) "
        "AS t (CASEAPPLICATIONTYPEID, CASEAPPLICATIONTYPE)",
    }
    for name, values in tables.items():
        session.run(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM (VALUES {values}", step="make")
    query = age_bands_query(contract("cafcass_england_cms"), {name: name for name in tables}, "PERSONID")
    assert session.rows(query, step="derive age bands") == [(1, "0-6 days")]
