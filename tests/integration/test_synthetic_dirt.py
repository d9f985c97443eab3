"""The dirt and the shares of a synthetic ECMS deposit, against domain.md §3: what users' code was written to meet."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fjo_pipeline.core.sessions import Session, literal, open_session
from fjo_pipeline.synthetic import DATASETS, build_world

REFRESH = "20240111"
TABLES = (
    "CASES", "APPLICATIONS", "PERSONSONAPPLICATIONS", "PEOPLE", "PERSONRELATIONSHIPS", "LEGALOUTPUTS", "ETHNICITIES",
    "RELIGIONS", "NATIONALITIES", "LANGUAGES", "DISABILITIES", "HEARINGS", "LEGALOUTPUTTYPES",
)  # fmt: skip
CHILD = "(SELECT ID FROM person WHERE try_cast(DATEOFBIRTH AS DATE) > DATE '2006-01-11')"


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A deposit of some 10,000 people, its register and truth, as tables; `person` is PEOPLE without exact copies."""
    root = tmp_path_factory.mktemp("dirt")
    world = build_world(8, 12_000, 90_000)
    world.write_deposit(DATASETS[0], REFRESH, root / "deposit")
    world.write_register(REFRESH, root / "register")
    world.write_postcodes(root / "postcodes.csv")
    world.write_truth(DATASETS[0], REFRESH, root / "truth.parquet")
    with open_session(root / "spill") as session:
        for table in TABLES:
            _load(session, table, root / "deposit" / f"{table}.csv")
        for table in ("PERSONS", "NAMES", "ADDRESSES"):
            _load(session, table, root / "register" / f"{table}.csv")
        _load(session, "postcodes", root / "postcodes.csv")
        session.run(f"CREATE TABLE truth AS FROM read_parquet({literal(root / 'truth.parquet')})", step="load truth")
        session.run("CREATE TABLE person AS SELECT DISTINCT * FROM PEOPLE", step="drop copies")
        yield session


def _load(session: Session, table: str, path: Path) -> None:
    relation = f"read_csv({literal(path)}, all_varchar = true, header = true)"
    session.run(f"CREATE TABLE {table} AS FROM {relation}", step=f"load {table}")


def _share(db: Session, sql: str) -> Any:
    return db.value(sql, step="measure a share")


def test_exact_copies_of_people_and_copies_under_another_row_id_elsewhere(db: Session) -> None:
    copies = _share(db, "SELECT count(*) / count(DISTINCT ID) - 1 FROM PEOPLE")
    assert 0.001 < copies < 0.006
    assert _share(db, "SELECT count(*) - count(DISTINCT ID) FROM person") == 0
    for table in ("PERSONSONAPPLICATIONS", "LEGALOUTPUTS", "ETHNICITIES", "LANGUAGES"):
        ids = _share(db, f"SELECT count(*) - count(DISTINCT ID) FROM {table}")
        again = f"SELECT count(*) - (SELECT count(*) FROM (SELECT DISTINCT * EXCLUDE (ID) FROM {table})) FROM {table}"
        assert ids == 0
        assert _share(db, again) > 0


def test_a_few_people_have_more_than_one_role(db: Session) -> None:
    roles = "count(DISTINCT (ISSUBJECT, ISRESPONDENT, ISAPPLICANT, ISOTHER))"
    by_person = f"SELECT {roles} AS n FROM PERSONSONAPPLICATIONS GROUP BY PERSON_ID, APPLICATION_ID"
    assert 0.0005 < _share(db, f"SELECT avg((n > 1)::INT) FROM ({by_person})") < 0.01


def test_birth_years_have_century_typos_of_the_known_kinds(db: Session) -> None:
    found = db.rows(
        "SELECT DISTINCT left(DATEOFBIRTH, 2) FROM person WHERE left(DATEOFBIRTH, 2) NOT IN ('19', '20') ORDER BY 1",
        step="find centuries",
    )
    assert {century for (century,) in found} <= {"18", "22", "29", "79"}
    assert len(found) >= 2


def test_about_one_child_in_two_hundred_has_two_recorded_mothers_or_fathers(db: Session) -> None:
    for gender in ("Female", "Male"):
        parents = (
            "SELECT r.PERSON_ID, count(*) AS n FROM PERSONRELATIONSHIPS r JOIN person ON person.ID = RELATEDPERSON_ID "
            f"WHERE RELATIONSHIPTYPE_ID = '1' AND GENDER = '{gender}' AND r.PERSON_ID IN {CHILD} GROUP BY 1"
        )
        assert 0.001 < _share(db, f"SELECT avg((n > 1)::INT) FROM ({parents})") < 0.011


def test_nobody_has_more_than_fourteen_relationships_and_somebody_has_fourteen(db: Session) -> None:
    assert _share(db, "SELECT max(n) FROM (SELECT count(*) AS n FROM PERSONRELATIONSHIPS GROUP BY PERSON_ID)") == 14


def test_relationships_are_stored_both_ways_with_the_inverse_type(db: Session) -> None:
    alone = (
        "SELECT count(*) FROM PERSONRELATIONSHIPS a ANTI JOIN PERSONRELATIONSHIPS b "
        "ON a.PERSON_ID = b.RELATEDPERSON_ID AND a.RELATEDPERSON_ID = b.PERSON_ID"
    )
    assert _share(db, alone) == 0
    parents, children = (
        _share(db, f"SELECT count(*) FROM PERSONRELATIONSHIPS WHERE RELATIONSHIPTYPE_ID = '{kind}'") for kind in (1, 2)
    )
    assert parents == children > 1_000


def test_siblings_of_every_kind_are_recorded(db: Session) -> None:
    kinds = db.rows("SELECT DISTINCT RELATIONSHIPTYPE_ID::INT FROM PERSONRELATIONSHIPS", step="list kinds")
    assert {1, 2, 34, 35, 40, 41, 51} <= {kind for (kind,) in kinds}


def test_legal_outputs_are_missing_as_often_as_published(db: Session) -> None:
    outputs = (
        "(SELECT DISTINCT PERSON_ID, APPLICATION_ID, true AS has FROM LEGALOUTPUTS) USING (PERSON_ID, APPLICATION_ID)"
    )
    of_children = f"SELECT DISTINCT PERSON_ID, APPLICATION_ID FROM PERSONSONAPPLICATIONS WHERE PERSON_ID IN {CHILD}"
    without = _share(db, f"SELECT avg((has IS NULL)::INT) FROM ({of_children}) LEFT JOIN {outputs}")
    assert 0.055 < without < 0.105
    completed = (
        "SELECT DISTINCT PERSON_ID, APPLICATION_ID FROM PERSONSONAPPLICATIONS JOIN APPLICATIONS a "
        "ON a.ID = APPLICATION_ID JOIN CASES c ON c.ID = CASE_ID WHERE ISSUBJECT = 'true' AND CASESTATU_ID = '2'"
    )
    with_one = f"SELECT avg((has IS NOT NULL)::INT) FROM ({completed}) LEFT JOIN {outputs}"
    assert abs(_share(db, with_one) - 0.9965) < 0.002


def test_some_children_are_not_subjects_and_the_older_the_more(db: Session) -> None:
    by_age = db.rows(
        "SELECT date_diff('year', try_cast(DATEOFBIRTH AS DATE), DATEOFAPPLICATION::DATE) >= 10 AS older, "
        "avg((ISSUBJECT = 'false')::INT) FROM PERSONSONAPPLICATIONS JOIN person ON person.ID = PERSON_ID "
        f"JOIN APPLICATIONS a ON a.ID = APPLICATION_ID WHERE PERSON_ID IN {CHILD} GROUP BY 1 ORDER BY 1",
        step="measure children who are no subjects",
    )
    shares = {older: share for older, share in by_age if older is not None}
    assert 0.01 < shares[False] < shares[True] < 0.25


def test_some_applications_have_nobody_and_some_people_no_application(db: Session) -> None:
    empty = "SELECT count(*) FROM APPLICATIONS a ANTI JOIN PERSONSONAPPLICATIONS p ON p.APPLICATION_ID = a.ID"
    assert 0 < _share(db, empty) < 0.01 * _share(db, "SELECT count(*) FROM APPLICATIONS")
    nowhere = "SELECT count(*) FROM person ANTI JOIN PERSONSONAPPLICATIONS p ON p.PERSON_ID = person.ID"
    assert 0 < _share(db, nowhere) < 0.015 * _share(db, "SELECT count(*) FROM person")


@pytest.mark.parametrize(
    ("table", "column", "unknown", "most"),
    [
        ("ETHNICITIES", "ETHNICITYTYPE_ID", "19, 22", 2),
        ("RELIGIONS", "RELIGIONTYPE_ID", "23, 24", 2),
        ("NATIONALITIES", "NATIONALITYTYPE_ID", "-1", 1),
        ("LANGUAGES", "LANGUAGETYPE_ID", "814, 815", 1),
    ],
)
def test_nobody_has_more_known_values_than_users_code_expects(
    db: Session, table: str, column: str, unknown: str, most: int
) -> None:
    known = (
        f"SELECT count(DISTINCT {column}) AS n FROM {table} WHERE {column}::INT NOT IN ({unknown}) GROUP BY PERSON_ID"
    )
    assert _share(db, f"SELECT max(n) FROM ({known})") == most


def test_ethnicity_is_routinely_recorded_from_2017_only(db: Session) -> None:
    rows = db.rows(
        "WITH first AS (SELECT PERSON_ID, min(DATEOFAPPLICATION::DATE) AS began FROM PERSONSONAPPLICATIONS "
        "JOIN APPLICATIONS a ON a.ID = APPLICATION_ID GROUP BY 1) "
        "SELECT began >= DATE '2017-01-01', avg((PERSON_ID IN (SELECT PERSON_ID FROM ETHNICITIES))::INT) FROM first "
        "GROUP BY 1 ORDER BY 1",
        step="measure ethnicity",
    )
    assert rows[0][1] < 0.35 < 0.8 < rows[1][1]


def test_all_disabilities_occur_for_users_code_names_a_column_for_each(db: Session) -> None:
    assert _share(db, "SELECT count(DISTINCT DISABILITYTYPE_ID) FROM DISABILITIES") == 22


def test_private_law_is_three_times_public_by_cases(db: Session) -> None:
    ratio = "SELECT count(*) FILTER (LAWTYPE_ID = '2') / count(*) FILTER (LAWTYPE_ID = '1') FROM CASES"
    assert 2.4 < _share(db, ratio) < 3.6


@pytest.mark.parametrize(("law", "subjects"), [(1, 1.72), (2, 1.49)])
def test_children_per_case_are_as_published(db: Session, law: int, subjects: float) -> None:
    measured = _share(
        db,
        "SELECT count(DISTINCT (PERSON_ID, CASE_ID)) / count(DISTINCT CASE_ID) FROM PERSONSONAPPLICATIONS JOIN "
        f"APPLICATIONS a ON a.ID = APPLICATION_ID JOIN CASES c ON c.ID = CASE_ID "
        f"WHERE ISSUBJECT = 'true' AND LAWTYPE_ID = '{law}'",
    )
    assert abs(measured - subjects) < 0.12


def test_mothers_without_usable_date_of_birth_or_postcode_are_as_published(db: Session) -> None:
    mothers = "SELECT RELATEDPERSON_ID FROM PERSONRELATIONSHIPS WHERE RELATIONSHIPTYPE_ID = '1'"
    share = (
        "SELECT avg((DATEOFBIRTH IS NULL OR POSTCODE IS NULL)::INT) FROM person "
        f"WHERE GENDER = 'Female' AND ID IN ({mothers})"
    )
    assert abs(_share(db, share) - 0.066) < 0.015


def test_about_two_in_a_hundred_addresses_are_confidential(db: Session) -> None:
    assert abs(_share(db, "SELECT avg((ADDRESS_CONFIDENTIAL = 'true')::INT) FROM person") - 0.02) < 0.006


def test_newborns_may_have_no_forename_yet(db: Session) -> None:
    assert _share(db, "SELECT count(*) FROM person WHERE lower(FORENAME) SIMILAR TO '(baby|unknown).*'") > 0


def test_ages_at_the_first_application_are_near_the_published_ones(db: Session) -> None:
    s31 = "APPLICATIONTYPE1_ID IN ('1', '2') AND ISSUBJECT = 'true'"
    first = (
        "SELECT p.PERSON_ID, min(DATEOFAPPLICATION::DATE) AS began FROM PERSONSONAPPLICATIONS p JOIN APPLICATIONS a "
        f"ON a.ID = APPLICATION_ID WHERE {s31} GROUP BY 1"
    )
    age = "date_diff('day', try_cast(DATEOFBIRTH AS DATE), began)"
    infants = f"SELECT avg(({age} < 365)::INT) FROM ({first}) JOIN person ON person.ID = PERSON_ID"
    assert 0.19 < _share(db, infants) < 0.33
    mothers = (
        "SELECT RELATEDPERSON_ID AS mother, min(began) AS began FROM "
        f"({first}) JOIN PERSONRELATIONSHIPS USING (PERSON_ID) WHERE RELATIONSHIPTYPE_ID = '1' GROUP BY 1"
    )
    young = f"SELECT avg(({age} < 25 * 365.25)::INT) FROM ({mothers}) JOIN person ON person.ID = mother"
    assert 0.38 < _share(db, f"{young} WHERE GENDER = 'Female'") < 0.56


def test_exact_agreement_on_five_fields_is_real_life_like(db: Session) -> None:
    plain = "regexp_replace(upper({}), '[^A-Z0-9]', '', 'g')"
    first, surname, postcode = (
        f"{plain.format(f'p.{ours}')} = {plain.format(theirs)}"
        for ours, theirs in (("FORENAME", "n.FORENAME"), ("SURNAME", "n.SURNAME"), ("POSTCODE", "a.POSTCODE"))
    )
    first = first.replace("p.FORENAME", "split_part(p.FORENAME, ' ', 1)")
    agree = f"{first} AND {surname} AND {postcode} AND DATEOFBIRTH = DATE_OF_BIRTH AND (GENDER = 'Male') = (SEX = '1')"
    share = _share(
        db,
        f"SELECT avg(best) FROM (SELECT coalesce(max(({agree})::INT), 0) AS best FROM truth JOIN person p "
        "ON p.ID = person_id JOIN PERSONS r ON r.PERS_ID = register_id JOIN NAMES n USING (PERS_ID) "
        "JOIN ADDRESSES a USING (PERS_ID) GROUP BY person_id)",
    )
    assert 0.60 < share < 0.72


def test_postcodes_of_deposits_are_in_the_directory(db: Session) -> None:
    alike = "replace(upper(p.POSTCODE), ' ', '') = replace(d.postcode, ' ', '')"
    found = (
        "SELECT avg((lsoa2011_cd IS NOT NULL)::INT) FROM person p "
        f"LEFT JOIN postcodes d ON {alike} WHERE p.POSTCODE IS NOT NULL"
    )
    assert _share(db, found) > 0.97


def test_lookups_of_outputs_are_used(db: Session) -> None:
    assert _share(db, "SELECT count(DISTINCT LEGALOUTPUTTYPE_ID) FROM LEGALOUTPUTS") > 100
