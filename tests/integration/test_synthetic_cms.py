"""The synthetic CMS beside ECMS: the same made-up people and some of the same cases, with that system's own dirt."""

from collections.abc import Iterator
from typing import Any

import pytest

from fjo_pipeline.core.sessions import Session, literal, open_session
from fjo_pipeline.synthetic import build_world

CMS, ECMS = "cafcass_england_cms", "cafcass_england_ecms"
TABLES = {
    CMS: ("TBLCASE", "TBLCASEAPPLICATION", "TBLCASEAPPLICATIONMEMBER", "TBLPERSON", "TBLCRSPERSONRELATIONSHIP",
          "TBLLEGALOUTPUT", "TLKPLEGALOUTPUTTYPE"),
    ECMS: ("CASES", "APPLICATIONS", "PERSONSONAPPLICATIONS", "PEOPLE"),
}  # fmt: skip


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A last refresh of CMS and a later one of ECMS, and the truth of both, as tables."""
    root = tmp_path_factory.mktemp("cms")
    world = build_world(8, 4_000, 40_000)
    with open_session(root / "spill") as session:
        for dataset, refresh in ((CMS, "20191220"), (ECMS, "20240111")):
            world.write_deposit(dataset, refresh, root / dataset)
            world.write_truth(dataset, refresh, root / f"{dataset}.parquet")
            truth = f"read_parquet({literal(root / f'{dataset}.parquet')})"
            session.run(
                f"CREATE TABLE truth_{dataset} AS SELECT person_id::BIGINT AS person_id, register_id FROM {truth}",
                step="load truth",
            )
            for table in TABLES[dataset]:
                path = root / dataset / f"{table}.csv"
                session.run(f"CREATE TABLE {table} AS FROM read_csv({literal(path)})", step=f"load {table}")
        yield session


def value(db: Session, sql: str) -> Any:
    return db.value(sql, step="measure")


def test_applications_begin_in_april_2007_and_new_cases_end_with_the_hand_over(db: Session) -> None:
    first, last = db.row(
        "SELECT min(began), max(began) FROM (SELECT min(DATEOFAPPLICATION) AS began FROM TBLCASEAPPLICATION "
        "GROUP BY CASEREF)",
        step="measure",
    )
    assert str(first) >= "2007-04-01"
    assert "2014-04-01" < str(last) < "2014-07-01"


def test_many_people_come_again_in_ecms_and_no_id_carries_over(db: Session) -> None:
    again = f"SELECT count(DISTINCT register_id) FROM truth_{CMS} SEMI JOIN truth_{ECMS} USING (register_id)"
    share = value(db, again) / value(db, f"SELECT count(DISTINCT register_id) FROM truth_{CMS}")
    assert 0.1 < share < 0.4
    # Ids are drawn anew: the few that are equal by chance are not the same people.
    same = f"SELECT count(*) FROM truth_{CMS} AS a JOIN truth_{ECMS} AS b USING (person_id) "
    assert value(db, same + "WHERE a.register_id = b.register_id") == 0


def test_cases_of_early_2014_stand_in_both_systems_with_the_same_subjects(db: Session) -> None:
    sides = {
        "older": f"""SELECT CASEREF AS id, LAWTYPEREF AS law, min(DATEOFAPPLICATION) AS began, register_id
            FROM TBLCASE JOIN TBLCASEAPPLICATION ON CASEREF = CASEID
            JOIN TBLCASEAPPLICATIONMEMBER ON CASEAPPLICATIONREF = CASEAPPLICATIONID
            JOIN truth_{CMS} ON person_id = MEMBERREF WHERE MEMBERTYPE = 4 AND register_id IS NOT NULL GROUP BY ALL""",
        "newer": f"""SELECT CASES.ID AS id, LAWTYPE_ID AS law, min(DATEOFAPPLICATION) AS began, register_id
            FROM CASES JOIN APPLICATIONS ON CASE_ID = CASES.ID
            JOIN PERSONSONAPPLICATIONS ON APPLICATION_ID = APPLICATIONS.ID
            JOIN truth_{ECMS} AS truth ON truth.person_id = PERSONSONAPPLICATIONS.PERSON_ID
            WHERE ISSUBJECT AND register_id IS NOT NULL GROUP BY ALL""",
    }
    for name, sql in sides.items():
        db.run(
            f"CREATE TABLE {name} AS SELECT id, law, min(began) AS began, list_sort(list(register_id)) AS subjects "
            f"FROM ({sql}) GROUP BY id, law",
            step="gather subjects",
        )
    both = "SELECT count(*) FROM older JOIN newer USING (law, began, subjects)"
    early = value(db, "SELECT count(*) FROM newer WHERE began < DATE '2014-07-01'")
    assert early > 10
    assert value(db, both) == early
    assert value(db, "SELECT count(*) FROM TBLCASE WHERE CASESTATUSREF = 3") > 0


def test_a_role_is_a_number_or_where_it_is_16_words(db: Session) -> None:
    sql = "SELECT DISTINCT MEMBERTYPE, CONVERTEDTYPE FROM TBLCASEAPPLICATIONMEMBER ORDER BY ALL"
    assert db.rows(sql, step="list roles") == [
        (1, None), (2, None), (4, None), (8, None),
        (16, "Adult"), (16, "Adult Applicant"), (16, "Adult Respondent"),
    ]  # fmt: skip


def test_a_child_has_at_most_seven_parents_and_somebody_has_seven(db: Session) -> None:
    parents = "SELECT count(*) AS n FROM TBLCRSPERSONRELATIONSHIP GROUP BY CHILDREF"
    assert value(db, f"SELECT max(n) FROM ({parents})") == 7


def test_copies_are_exact_in_people_and_have_another_row_id_elsewhere(db: Session) -> None:
    copies, differing = db.row(
        "SELECT count(*) - count(DISTINCT PERSONID), (SELECT count(*) FROM (SELECT DISTINCT * FROM TBLPERSON)) "
        "- count(DISTINCT PERSONID) FROM TBLPERSON",
        step="count copies",
    )
    assert copies > 0
    assert differing == 0
    for table, key in (("TBLCASEAPPLICATIONMEMBER", "CASEAPPLICATIONMEMBERID"), ("TBLLEGALOUTPUT", "LEGALOUTPUTID")):
        once = f"(SELECT count(*) FROM (SELECT DISTINCT * EXCLUDE ({key}) FROM {table}))"
        assert value(db, f"SELECT count(*) - {once} FROM {table}") > 0
        assert value(db, f"SELECT count(*) - count(DISTINCT {key}) FROM {table}") == 0


def test_before_april_2014_no_child_arrangements_order_is_made(db: Session) -> None:
    late = "SELECT count(*) FROM TBLLEGALOUTPUT JOIN TLKPLEGALOUTPUTTYPE ON LEGALOUTPUTTYPEID = LEGALOUTPUTTYPEREF "
    assert value(db, f"{late} WHERE LEGALOUTPUTTYPE LIKE 'CAO%' AND LEGALORDERHEARINGDATE < DATE '2014-04-22'") == 0
    assert value(db, f"{late} WHERE LEGALOUTPUTTYPE LIKE 'Residence Order%'") > 0


def test_few_births_have_a_century_typo(db: Session) -> None:
    share = value(db, "SELECT avg((year(DATEOFBIRTH) NOT BETWEEN 1900 AND 2019)::INT) FROM TBLPERSON")
    assert 0 < share < 0.01
