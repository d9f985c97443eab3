"""The whole chain, through Dagster and dbt: what a project's researchers find in their extract, and how good it is."""

import csv
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from fjo_pipeline.core.sessions import Session
from fjo_pipeline.databank.flow import Databank, query
from fjo_pipeline.databank.projects.analyst import analyst_session
from fjo_pipeline.databank.projects.extract import extract_path
from fjo_pipeline.databank.reference_layouts import REFERENCES
from fjo_pipeline.demo import DEPOSITS, run_demo, summary
from tests.integration.conftest import SECOND_PROJECT, Chain
from tests.integration.sail_columns import LOOKUPS, TABLES

FIRST, SECOND = "20240111", "20240711"
SCHEMA = "SAIL1661V"
BIGGEST = 10**14
IDENTIFIERS = ("NAME", "DATEOFBIRTH", "POSTCODE", "ADDRESS", "NHS", "COURTCASENUMBER")


@pytest.fixture(scope="module")
def analyst(chain: Chain) -> Iterator[Session]:
    """Project 1661's extract as its analyst has it."""
    with analyst_session(Databank(chain.settings), "1661") as session:
        yield session


def rows(session: Session, sql: str) -> list[tuple[Any, ...]]:
    return session.rows(sql, step="look")


def described(session: Session, table: str) -> dict[str, str]:
    return {name: kind for name, kind, *_ in rows(session, f"DESCRIBE SELECT * FROM {table}")}


@pytest.mark.parametrize("refresh", [FIRST, SECOND])
def test_every_table_has_exactly_sails_columns_in_their_order(refresh: str, analyst: Session) -> None:
    tables = {f"{SCHEMA}.CAFE_ECMS_{name}_{refresh}": columns for name, columns in TABLES.items()}
    lookups = {f"SAILCAFEREFV.ECMS_{name}_{refresh}": columns for name, columns in LOOKUPS.items()}
    found = {name: ", ".join(described(analyst, name)) for name in tables | lookups}
    assert found == tables | lookups


def test_the_extract_has_these_tables_and_no_others(analyst: Session) -> None:
    found = rows(
        analyst,
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE database_name = 'extract' ORDER BY 1",
    )
    own = ("HEARINGS", "FIRST_S31_AGE_BAND")
    dated = [f"{SCHEMA}.CAFE_ECMS_{name}_{each}" for name in (*TABLES, *own) for each in (FIRST, SECOND)]
    dated += [f"SAILCAFEREFV.ECMS_{name}_{each}" for name in LOOKUPS for each in (FIRST, SECOND)]
    lists = ("LOCAL_AUTHORITIES", "REGIONS", "DFJ_AREAS", "DFJ_AREA_BY_COURT")
    shared = [f"SAILREFRV.{name}" for name in (*(each.table for each in REFERENCES.values()), *lists)]
    views = [f"{SCHEMA}.{name}" for name in ("case", "case_adult", "case_app", "hearing")]
    assert [name for (name,) in found] == sorted([*dated, *shared, *views])


@pytest.mark.parametrize("name", TABLES)
def test_ids_are_bigint_of_at_most_14_digits(name: str, analyst: Session) -> None:
    table = f"{SCHEMA}.CAFE_ECMS_{name}_{SECOND}"
    ids = {column: kind for column, kind in described(analyst, table).items() if column.endswith("_PE")}
    assert ids
    assert set(ids.values()) == {"BIGINT"}
    outside = " OR ".join(f"{column} NOT BETWEEN 0 AND {BIGGEST - 1}" for column in ids)
    assert rows(analyst, f"SELECT count(*) > 0, count(*) FILTER (WHERE {outside}) FROM {table}") == [(True, 0)]


JOINS = [
    ("APPLICATIONS", "CASE_ID_PE", "CASES"),
    ("PERSONSONAPPLICATIONS", "PERSON_ID_PE", "PEOPLE"),
    ("PERSONSONAPPLICATIONS", "APPLICATION_ID_PE", "APPLICATIONS"),
    ("LEGALOUTPUTS", "PERSON_ID_PE", "PEOPLE"),
    ("LEGALOUTPUTS", "CASE_ID_PE", "CASES"),
    ("LEGALOUTPUTS", "APPLICATION_ID_PE", "APPLICATIONS"),
    ("PERSONRELATIONSHIPS", "PERSON_ID_PE", "PEOPLE"),
    ("PERSONRELATIONSHIPS", "RELATEDPERSON_ID_PE", "PEOPLE"),
    ("ETHNICITIES", "PERSON_ID_PE", "PEOPLE"),
    ("HEARINGS", "CASE_ID_PE", "CASES"),
    ("ALF", "PERSON_ID_PE", "PEOPLE"),
    ("FIRST_S31_AGE_BAND", "PERSON_ID_PE", "PEOPLE"),
]


@pytest.mark.parametrize(("child", "column", "parent"), JOINS)
@pytest.mark.parametrize("refresh", [FIRST, SECOND])
def test_joins_hold(child: str, column: str, parent: str, refresh: str, analyst: Session) -> None:
    stem = f"{SCHEMA}.CAFE_ECMS_"
    missing = f"{column} NOT IN (SELECT ID_PE FROM {stem}{parent}_{refresh})"
    found = rows(analyst, f"SELECT count(*) > 0, count(*) FILTER (WHERE {missing}) FROM {stem}{child}_{refresh}")
    assert found == [(True, 0)]


def test_subjects_of_completed_cases_have_a_legal_output(analyst: Session) -> None:
    stem = f"{SCHEMA}.CAFE_ECMS_"
    ((share, subjects),) = rows(
        analyst,
        f"""SELECT avg(CAST(output.PERSON_ID_PE IS NOT NULL AS INTEGER)), count(*) FROM (
            SELECT DISTINCT role.PERSON_ID_PE, application.CASE_ID_PE
            FROM {stem}PERSONSONAPPLICATIONS_{SECOND} AS role
            JOIN {stem}APPLICATIONS_{SECOND} AS application ON application.ID_PE = role.APPLICATION_ID_PE
            JOIN {stem}CASES_{SECOND} AS opened ON opened.ID_PE = application.CASE_ID_PE
            JOIN SAILCAFEREFV.ECMS_CASESTATUS_{SECOND} AS status ON status.ID = opened.CASESTATU_ID
            WHERE role.ISSUBJECT = 'true' AND status.NAME = 'Completed') AS subject
        LEFT JOIN (SELECT DISTINCT PERSON_ID_PE, CASE_ID_PE FROM {stem}LEGALOUTPUTS_{SECOND}) AS output
        USING (PERSON_ID_PE, CASE_ID_PE)""",
    )
    assert subjects > 50
    assert share >= 0.99


def test_people_carry_the_alf_of_the_alf_table(analyst: Session) -> None:
    found = rows(
        analyst,
        f"""SELECT count(*) > 500, count(person.ALF_PE) > 300, count(person.ALF2_PE),
            count(*) FILTER (WHERE person.ALF_PE IS DISTINCT FROM alf.ALF_PE),
            count(*) FILTER (WHERE person.WEEKOFBIRTH IS DISTINCT FROM alf.WOB)
        FROM {SCHEMA}.CAFE_ECMS_PEOPLE_{SECOND} AS person
        LEFT JOIN {SCHEMA}.CAFE_ECMS_ALF_{SECOND} AS alf ON alf.PERSON_ID_PE = person.ID_PE""",
    )
    assert found == [(True, True, 0, 0, 0)]


def test_match_status_percentage_and_week_of_birth_keep_their_rules(analyst: Session) -> None:
    found = rows(
        analyst,
        f"""SELECT count(*) FILTER (WHERE (ALF_STS_CD = '35') <> (ALF_MTCH_PCT IS NOT NULL)),
            count(*) FILTER (WHERE ALF_MTCH_PCT NOT BETWEEN 0 AND 1),
            count(*) FILTER (WHERE (ALF_STS_CD = '99') <> (ALF_PE IS NULL)),
            count(*) FILTER (WHERE isodow(WOB) <> 1),
            count(*) FILTER (WHERE ALF_STS_CD NOT IN ('1', '4', '39', '35', '99')),
            count(*) FILTER (WHERE GNDR_CD NOT IN ('1', '2', '9')),
            count(*) - count(DISTINCT PERSON_ID_PE), count(LSOA_CD) > 300, count(WOB) > 500
        FROM {SCHEMA}.CAFE_ECMS_ALF_{SECOND}""",
    )
    assert found == [(0, 0, 0, 0, 0, 0, 0, True, True)]


def test_no_column_of_a_table_about_people_carries_an_identifier(analyst: Session) -> None:
    found = rows(analyst, f"SELECT DISTINCT column_name FROM duckdb_columns() WHERE schema_name = '{SCHEMA}'")
    assert len(found) > 40
    assert not [name for (name,) in found if any(each in name for each in IDENTIFIERS)]


def test_somebody_in_two_refreshes_keeps_the_ids(analyst: Session) -> None:
    found = rows(
        analyst,
        f"""SELECT count(*) > 300, avg(CAST(old.ALF_PE = new.ALF_PE AS INTEGER)) > 0.98
        FROM {SCHEMA}.CAFE_ECMS_ALF_{FIRST} AS old JOIN {SCHEMA}.CAFE_ECMS_ALF_{SECOND} AS new USING (PERSON_ID_PE)
        WHERE old.ALF_PE IS NOT NULL AND new.ALF_PE IS NOT NULL""",
    )
    assert found == [(True, True)]


def ids_of(session: Session, number: str) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for table, column in (("ALF", "ALF_PE"), ("ALF", "PERSON_ID_PE"), ("CASES", "ID_PE"), ("APPLICATIONS", "ID_PE")):
        name = f"SAIL{number}V.CAFE_ECMS_{table}_{SECOND}"
        values = rows(session, f"SELECT DISTINCT {column} FROM {name} WHERE {column} IS NOT NULL")
        found[f"{table}.{column}"] = {value for (value,) in values}
    return found


def test_two_projects_share_no_id(chain: Chain, analyst: Session) -> None:
    with analyst_session(Databank(chain.settings), SECOND_PROJECT) as session:
        one, other = ids_of(analyst, "1661"), ids_of(session, SECOND_PROJECT)
    assert {name: len(ids) for name, ids in one.items()} == {name: len(ids) for name, ids in other.items()}
    assert {name: one[name] & other[name] for name in one} == {name: set() for name in one}


def test_an_extract_cannot_be_opened_without_its_key(chain: Chain) -> None:
    path = extract_path(Databank(chain.settings), "1661")
    assert oct(path.stat().st_mode)[-3:] == "600"
    with duckdb.connect() as connection, pytest.raises(duckdb.Error):
        connection.execute(f"ATTACH '{path}' AS x (READ_ONLY)")


def test_made_up_data_says_so(chain: Chain, analyst: Session) -> None:
    comments = rows(analyst, "SELECT DISTINCT comment FROM duckdb_tables() WHERE database_name = 'extract'")
    assert len(comments) == 1
    assert str(comments[0][0]).startswith("MADE-UP DATA")
    assert "MADE-UP DATA" in summary(chain.result)


def _holds_any(content: bytes, values: list[bytes]) -> bool:
    return any(value in content for value in values)


def test_no_identifier_stands_in_plain_outside_landing(chain: Chain) -> None:
    with (chain.settings.landing / "cafcass_england_ecms" / SECOND / "PEOPLE.csv").open() as lines:
        people = list(csv.DictReader(lines))
    values = {person[name].encode() for person in people for name in ("ADDRESS_1", "POSTCODE")}
    searched = sorted(value for value in values if len(value) >= 8)[:40]
    assert len(searched) == 40
    files = [path for path in chain.settings.home.rglob("*") if path.is_file()]
    elsewhere = [path for path in files if chain.settings.landing not in path.parents]
    assert len(elsewhere) > 100
    found = {path for path in elsewhere if _holds_any(path.read_bytes(), searched)}
    assert found == set()


def test_everything_in_the_home_is_its_users_alone(chain: Chain) -> None:
    open_to_others = {
        path.name for path in chain.settings.home.rglob("*") if path.lstat().st_mode & 0o077 and not path.is_symlink()
    }
    assert open_to_others <= {"card.json"}


def test_links_agree_with_the_truth(chain: Chain) -> None:
    assert [(each.dataset, each.refresh) for each in chain.result.deposits] == sorted(
        (dataset, refresh) for dataset, refresh in DEPOSITS
    )
    for each in chain.result.deposits:
        assert each.precision >= 0.97, each
        assert each.recall >= 0.80, each
        assert sum(each.by_status.values()) == each.people


def test_the_views_stand_on_what_was_released(chain: Chain) -> None:
    sql = "SELECT count(*) AS cases FROM marts.case"
    assert query(Databank(chain.settings), sql).to_pylist()[0]["cases"] > 100


def test_a_second_run_finds_nothing_due_and_changes_nothing(chain: Chain) -> None:
    said: list[str] = []
    before = {path: path.stat().st_mtime_ns for path in (chain.settings.zone("databank") / "lake").rglob("*")}
    again = run_demo(chain.settings, said.append)
    assert not again.changed
    assert again.deposits == chain.result.deposits
    assert again.extract_tables == chain.result.extract_tables
    assert "nothing was due" in summary(again)
    assert {path: path.stat().st_mtime_ns for path in (chain.settings.zone("databank") / "lake").rglob("*")} == before
