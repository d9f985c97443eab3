"""The dbt models on a small lake of hand-made curated tables, through dbt itself, and with no refresh at all."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from fjo_pipeline.core.contracts import Contract, contract
from fjo_pipeline.core.sessions import LAKE, Session, identifier, literal, open_session
from fjo_pipeline.core.stores import one_transaction
from fjo_pipeline.core.table_contracts import TableContract
from fjo_pipeline.databank.dbt_plugin import Plugin
from fjo_pipeline.databank.reference_layouts import store_schema
from fjo_pipeline.databank.store import SCHEMA
from fjo_pipeline.databank.tables import register_tables

PROJECT = Path(__file__).parents[2] / "dbt_models"
REFRESHES = {
    "cafcass_england_cms": ["20191220"],
    "cafcass_england_ecms": ["20240111", "20240711"],
    "cafcass_cymru": ["20230622"],
    "care_and_support": ["20240101"],
    "child_health": ["20240101"],
    "children_looked_after": ["20240101"],
    "childrens_social_care_england": ["20240101"],
    "deaths": ["20240101"],
    "edds": ["20240101"],
    "education": ["20240101"],
    "family_court": ["20240101"],
    "opdw": ["20240101"],
    "pedw": ["20230101", "20240101"],
    "population_register": ["20240101"],
}
ALF_COLUMNS = (
    "PERSON_ID_E BIGINT, ALF_E BIGINT, ALF_STS_CD VARCHAR, ALF_MTCH_PCT DECIMAL(7,6), WOB DATE, GNDR_CD VARCHAR, "
    "LSOA_CD VARCHAR, AVAIL_FROM_DT DATE"
)
BAND_COLUMNS = "PERSON_ID_E BIGINT, AGE_BAND_FIRST_S31 VARCHAR, AVAIL_FROM_DT DATE"
TYPES = {"string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "date": "DATE", "boolean": "BOOLEAN"}
LINKED_TYPES = {"WOB": "DATE", "ALF": "BIGINT", "ALF2": "BIGINT", "ALF_MTCH_PCT": "DECIMAL(7,6)"}

Rows = list[dict[str, Any]]

ECMS: dict[str, Rows] = {
    "lawtypes": [{"ID": 1, "CAPTION": "Public"}, {"ID": 2, "CAPTION": "Private"}],
    "casestatus": [{"ID": 1, "NAME": "Open"}, {"ID": 2, "NAME": "Completed"}],
    "applicationtypes": [{"ID": 1, "NAME": "Care\u00a0(s31)"}, {"ID": 2, "NAME": "EPO (s44)"}],
    "courts": [
        {"ID": 5, "NAME": "Made-up Court", "DJAREAREF_ID": 7, "CIRCUITREF_ID": 3},
        {"ID": 9, "NAME": "Made-up\u00a0court ", "DJAREAREF_ID": 7, "CIRCUITREF_ID": 3},
    ],
    "courtcourtlevelrefs": [{"ID": 50, "COURT_ID": 5}, {"ID": 90, "COURT_ID": 9}],
    "legaloutputtypes": [{"ID": 1, "NAME": "Care Order"}, {"ID": 2, "NAME": "Interim Care Order"}],
    "relationshiptypes": [{"ID": 1, "NAME": "Parent", "INVERSEREF": 2}, {"ID": 2, "NAME": "Child", "INVERSEREF": 1}],
    "cases": [
        {"ID": 100, "DATERECEIVED": "2018-03-05", "LAWTYPE_ID": 1, "CASESTATU_ID": 2, "LOCALAUTHORITY_ID": 301},
        {"ID": 101, "DATERECEIVED": "2014-05-06", "LAWTYPE_ID": 1, "CASESTATU_ID": 2, "LOCALAUTHORITY_ID": 301},
    ],
    "localauthorities": [{"ID": 301, "NAME": "Made-up Council"}],
    "applications": [
        {"ID": 200, "CASE_ID": 100, "APPLICATIONTYPE1_ID": 1, "DATEOFAPPLICATION": "2018-03-01"},
        {"ID": 201, "CASE_ID": 100, "APPLICATIONTYPE1_ID": 2, "DATERECEIVED": "2018-04-01"},
        {"ID": 202, "CASE_ID": 101, "APPLICATIONTYPE1_ID": 1, "DATEOFAPPLICATION": "2014-05-02"},
    ],
    "people": [
        {"ID": 1, "GENDER": "Female", "WEEKOFBIRTH": "1890-06-02", "ALF": 900},
        {"ID": 1, "GENDER": "Female", "WEEKOFBIRTH": "1890-06-02", "ALF": 900},
        {"ID": 2, "GENDER": "Male", "WEEKOFBIRTH": "2018-02-26"},
        {"ID": 3, "WEEKOFBIRTH": "2010-01-04"},
        {"ID": 5, "GENDER": "Female", "WEEKOFBIRTH": "2011-09-05", "ALF": 905},
    ],
    "personsonapplications": [
        {"ID": 1, "PERSON_ID": 1, "APPLICATION_ID": 200, "ISRESPONDENT": "true"},
        {"ID": 2, "PERSON_ID": 1, "APPLICATION_ID": 200, "ISRESPONDENT": "true"},
        {"ID": 3, "PERSON_ID": 2, "APPLICATION_ID": 200, "ISSUBJECT": "true"},
        {"ID": 4, "PERSON_ID": 3, "APPLICATION_ID": 200, "ISOTHER": "true"},
        {"ID": 5, "PERSON_ID": 1, "APPLICATION_ID": 202, "ISRESPONDENT": "true"},
        {"ID": 6, "PERSON_ID": 5, "APPLICATION_ID": 202, "ISSUBJECT": "true"},
    ],
    "personrelationships": [
        {"ID": 1, "PERSON_ID": 2, "RELATEDPERSON_ID": 1, "RELATIONSHIPTYPE_ID": 1},
        {"ID": 2, "PERSON_ID": 1, "RELATEDPERSON_ID": 2, "RELATIONSHIPTYPE_ID": 2},
    ],
    "legaloutputs": [
        {"ID": 1, "PERSON_ID": 2, "CASE_ID": 100, "APPLICATION_ID": 200, "LEGALOUTPUTTYPE_ID": 2,
         "DATEORDERED": "2018-03-10"},
        {"ID": 2, "PERSON_ID": 2, "CASE_ID": 100, "APPLICATION_ID": 200, "LEGALOUTPUTTYPE_ID": 1,
         "DATEORDERED": "2018-08-20"},
        {"ID": 3, "PERSON_ID": 2, "CASE_ID": 100, "APPLICATION_ID": 200, "LEGALOUTPUTTYPE_ID": 1,
         "DATEORDERED": "2018-08-20"},
        {"ID": 4, "PERSON_ID": 5, "CASE_ID": 101, "APPLICATION_ID": 202, "LEGALOUTPUTTYPE_ID": 1,
         "DATEORDERED": "2014-11-03"},
    ],
    "hearings": [
        {"ID": 1, "CASE_ID": 100, "HEARINGDATE": "2018-03-10", "COURTCOURTLEVELREF_ID": 90},
        {"ID": 2, "CASE_ID": 100, "HEARINGDATE": "2018-08-20", "COURTCOURTLEVELREF_ID": 50},
    ],
}  # fmt: skip
# One girl, CMS's 15 and ECMS's 5 (ALF 905), and her mother, 11 and 1 (ALF 900): in court in 2012 (case 700), again in
# 2014 in a case that was carried over (CMS's 701, ECMS's 101); the mother once more in 2018 with another child.
CMS: dict[str, Rows] = {
    "lawtype": [{"ITEMID": 1, "CAPTION": "Public"}],
    "casestatus": [{"ITEMID": 2, "CAPTION": "Completed"}, {"ITEMID": 3, "CAPTION": "Transferred"}],
    "localauthority": [{"LOCALAUTHORITYID": 801, "AUTHORITY": "MADE-UP\u00a0Council"}],
    "caseapplicationtype": [{"CASEAPPLICATIONTYPEID": 101, "CASEAPPLICATIONTYPE": "Care (s31)"}],
    "court": [{"COURTID": 55, "COURT": "Made-up Court", "CIRCUITREF": 1, "DFJAREAREF": 7}],
    "circuit": [{"ITEMID": 1, "CAPTION": "London"}],
    "legaloutputtype": [{"LEGALOUTPUTTYPEID": 901, "LEGALOUTPUTTYPE": "Supervision Order"}],
    "crsrelationship": [{"CRSRELATIONSHIPID": 1, "CRSRELATIONSHIP": "Parent"}],
    "ethnicorigin": [{"ITEMID": 1, "CAPTION": "Made-up one"}],
    "case": [
        {"CASEID": 700, "CASESTATUSREF": 2, "LOCALAUTHORITYREF": 801, "LAWTYPEREF": 1},
        {"CASEID": 701, "CASESTATUSREF": 3, "LOCALAUTHORITYREF": 801, "LAWTYPEREF": 1},
    ],
    "caseapplication": [
        {"CASEAPPLICATIONID": 710, "CASEREF": 700, "CASEAPPLICATIONTYPEREF": 101, "COURTREF": 55,
         "DATEOFAPPLICATION": "2012-02-01", "DATECOMPLETED": "2012-09-03"},
        {"CASEAPPLICATIONID": 711, "CASEREF": 701, "CASEAPPLICATIONTYPEREF": 101, "COURTREF": 55,
         "DATEOFAPPLICATION": "2014-05-01"},
    ],
    "person": [
        {"PERSONID": 11, "GENDER": "Female", "WEEKOFBIRTH": "1990-06-04", "ALF": 900, "ETHNICREF": 1},
        {"PERSONID": 15, "GENDER": "Female", "WEEKOFBIRTH": "2011-09-05", "ALF": 905},
        {"PERSONID": 16, "GENDER": "Male", "WEEKOFBIRTH": "1988-02-01"},
    ],
    "caseapplicationmember": [
        {"CASEAPPLICATIONMEMBERID": 1, "CASEAPPLICATIONREF": 710, "MEMBERREF": 15, "MEMBERTYPE": 4},
        {"CASEAPPLICATIONMEMBERID": 2, "CASEAPPLICATIONREF": 710, "MEMBERREF": 11, "MEMBERTYPE": 16,
         "CONVERTEDTYPE": "Adult Respondent"},
        {"CASEAPPLICATIONMEMBERID": 3, "CASEAPPLICATIONREF": 710, "MEMBERREF": 16, "MEMBERTYPE": 2},
        {"CASEAPPLICATIONMEMBERID": 4, "CASEAPPLICATIONREF": 711, "MEMBERREF": 15, "MEMBERTYPE": 4},
        {"CASEAPPLICATIONMEMBERID": 5, "CASEAPPLICATIONREF": 711, "MEMBERREF": 11, "MEMBERTYPE": 2},
    ],
    "crspersonrelationship": [
        {"PERSONRELATIONSHIPID": 1, "PARENTREF": 11, "CHILDREF": 15, "RELATIONSHIPREF": 1},
    ],
    "legaloutput": [
        {"LEGALOUTPUTID": 1, "CASEREF": 700, "CASEHEARINGREF": 61, "LEGALOUTPUTTYPEREF": 901,
         "LEGALORDERHEARINGDATE": "2012-09-03"},
        {"LEGALOUTPUTID": 2, "CASEREF": 701, "CASEHEARINGREF": 62, "LEGALOUTPUTTYPEREF": 901,
         "LEGALORDERHEARINGDATE": "2014-05-20"},
    ],
}  # fmt: skip
CYMRU: dict[str, Rows] = {
    "applications": [
        {"APPLICATION_ID": 800, "LAW_TYPE": "Private", "APPLICATION_TYPE": "Child Arrangements", "LOCAL_AUTHORITY": 1,
         "DATE_ISSUED": "2015-05-01", "DATE_CLOSED": "2015-11-01"},
    ],
    "children": [{"PERSON_ID": 31, "GENDER": "Female", "WOB": "2009-06-01"}],
    "adults": [{"PERSON_ID": 32, "GENDER": "Male", "WOB": "1985-06-03", "ALF": 901}],
    "parties": [
        {"PARTY_ID": 1, "PERSON_ID": 31, "APPLICATION_ID": 800, "PARTY_ROLE": "Subject"},
        {"PARTY_ID": 2, "PERSON_ID": 32, "APPLICATION_ID": 800, "PARTY_ROLE": "Applicant",
         "RELATIONSHIP_TO_CHILD": "Father"},
    ],
    "orders": [
        {"ORDER_ID": 1, "APPLICATION_ID": 800, "PERSON_ID": 31, "ORDER_TYPE": "Child Arrangements Order",
         "ORDER_DATE": "2015-10-20"},
    ],
    "hearings": [{"HEARING_ID": 1, "APPLICATION_ID": 800, "HEARING_DATE": "2015-10-20"}],
}  # fmt: skip
# One person, 901, in every source in a year of its own, and 905 where her mother 900 and the child stand on one row.
OTHERS: dict[str, dict[str, Rows]] = {
    "pedw": {
        "spell": [{"SPELL_NUM": 1, "ALF": 901, "ADMIS_DT": "2014-05-01"}, {"SPELL_NUM": 2, "ADMIS_DT": "2015-06-01"}]
    },
    "edds": {"edds": [{"RECORD_ID": 1, "ALF": 901, "ADMIN_ARR_DT": "2015-05-01"}]},
    "opdw": {
        "outpatients": [
            {"ATT_ID": 1, "ALF": 901, "ATTEND_DT": "2013-05-01", "ATTEND_CD": "5"},
            {"ATT_ID": 2, "ALF": 901, "ATTEND_DT": "2016-05-01", "ATTEND_CD": "3"},
        ]
    },
    "education": {"pupil": [{"IRN": 71, "YEAR": 200301}]},
    "deaths": {
        "deaths": [
            {"ALF": 901, "DEATH_DT": "2023-06-30", "DEATH_DT_VALID": "Valid"},
            {"ALF": 901, "DEATH_DT": "2023-06-02"},
            {"ALF": 900, "DEATH_DT": "2001-01-01", "DEATH_DT_VALID": "Something else"},
        ]
    },
    "child_health": {"child_births": [{"CHILD_ID": 1, "ALF": 905, "MAT_ALF": 900, "WOB": "2011-09-05"}]},
    "children_looked_after": {
        "episode_main": [{"HYBRID_ID": 71, "YEAR_CODE": 200405, "EPISODE_START_DATE": "2004-07-01"}]
    },
    "care_and_support": {"main_crcs": [{"CHILD_CODE": 71, "YEAR_CODE": 200405}]},
    "childrens_social_care_england": {
        "cindetails": [{"CINDETAILSID": 1, "CHILD": 71, "CINREFERRALDATE": "2006-01-01"}],
        "episodes": [{"CHILD": 71, "DECOM": "2007-01-01"}],
    },
    "family_court": {
        "cases": [{"CASE_NUMBER": 5, "DATE_ISSUED": "2008-01-01"}],
        "parties": [{"PARTY_ID": 1, "CASE_NUMBER": 5, "PERSON_ID": 71}],
    },
}
LINKED_901 = "(71, 901, '4', NULL, DATE '1985-06-03', '1', 'W01000001', DATE '2024-01-01')"
LINKS = {
    "cafcass_england_cms": "(11, 900, '39', NULL, DATE '1990-06-04', '2', 'E01000001', DATE '2019-12-20'), "
    "(15, 905, '4', NULL, DATE '2011-09-05', '2', 'E01000001', DATE '2019-12-20'), "
    "(16, NULL, '99', NULL, DATE '1988-02-01', '1', NULL, DATE '2019-12-20')",
    "cafcass_england_ecms": "(1, 900, '4', NULL, DATE '1890-06-02', '2', 'E01000001', DATE '2024-01-11'), "
    "(2, NULL, '99', NULL, DATE '2018-02-26', '1', NULL, DATE '2024-01-11'), "
    "(3, NULL, '99', NULL, DATE '2010-01-04', '9', NULL, DATE '2024-01-11'), "
    "(5, 905, '4', NULL, DATE '2011-09-05', '2', 'E01000001', DATE '2024-01-11')",
    "cafcass_cymru": "(31, NULL, '99', NULL, DATE '2009-06-01', '2', NULL, DATE '2023-06-22'), "
    "(32, 901, '35', 0.970000, DATE '1985-06-03', '1', 'W01000001', DATE '2023-06-22')",
}


def column_types(table: TableContract) -> dict[str, str]:
    """SQL type by curated column of a table, ids with the suffix of the databank's layer."""
    types = {}
    for column in table.curated_columns:
        if column == "AVAIL_FROM_DT":
            types[column] = "DATE"
        elif column in table.linked:
            types[column] = LINKED_TYPES.get(table.linked[column].said, "VARCHAR")
        else:
            field = table.field(column)
            types[column] = "BIGINT" if field.role == "key" else TYPES[field.type]
    return types


def write_table(session: Session, dataset: Contract, table: TableContract, refresh: str, rows: Rows) -> None:
    """One curated table of a refresh with the given rows; flags left out are "false", the rest is null."""
    types = column_types(table)
    names = {column: column + ("_E" if table.is_id(column) else "") for column in types}
    target = f"lake.{dataset.schema_of(table)}.{identifier(dataset.curated_name(table, refresh))}"
    columns = ", ".join(f"{identifier(names[column])} {kind}" for column, kind in types.items())
    session.run(f"CREATE TABLE {target} ({columns})", step="make a curated table")
    for row in rows:
        flags = {column: "false" for column in types if column.startswith("IS")}
        values = flags | row | ({"AVAIL_FROM_DT": date.fromisoformat(refresh)} if table.available_from else {})
        marks = ", ".join("?" for _ in types)
        session.run(f"INSERT INTO {target} VALUES ({marks})", [values.get(each) for each in types], step="fill it")


@contextmanager
def lake(home: Path) -> Iterator[Session]:
    """A session with the home's lake attached as the databank attaches it."""
    with open_session(home / "temporary", memory_limit="1GB", extensions=LAKE) as session:
        options = f"DATA_PATH {literal(home / 'data')}, OVERRIDE_DATA_PATH true, ENCRYPTED"
        session.run(f"ATTACH 'ducklake:sqlite:{home / 'catalogue.sqlite'}' AS lake ({options})", step="attach")
        session.run("CALL lake.set_option('data_inlining_row_limit', 0)", step="switch inlining off")
        yield session


def fill(session: Session) -> None:
    """The hand-made tables of every dataset in every refresh."""
    tables = {"cafcass_england_cms": CMS, "cafcass_england_ecms": ECMS, "cafcass_cymru": CYMRU, **OTHERS}
    for dataset, given in ((contract(name), given) for name, given in tables.items()):
        for schema in (dataset.names.data_schema, dataset.names.lookup_schema):
            session.run(f"CREATE SCHEMA IF NOT EXISTS lake.{schema}", step="make a schema")
        for refresh in REFRESHES[dataset.name]:
            for table in (each for each in dataset.tables if each.curated):
                write_table(session, dataset, table, refresh, given.get(table.name, []))
            target = f"lake.{dataset.names.data_schema}.{dataset.names.alf_table}_{refresh}"
            session.run(f"CREATE TABLE {target} ({ALF_COLUMNS})", step="make the ALF table")
            session.run(f"INSERT INTO {target} VALUES {LINKS.get(dataset.name, LINKED_901)}", step="fill the ALF table")
            if dataset.derived:
                target = (
                    f"lake.{dataset.names.data_schema}.{dataset.names.table_prefix}_{dataset.derived.table}_{refresh}"
                )
                session.run(f"CREATE TABLE {target} ({BAND_COLUMNS})", step="make the table of age bands")
    for refresh in REFRESHES["population_register"]:
        make_register(session, refresh)


def make_register(session: Session, refresh: str) -> None:
    """The register's tables of a version, with nobody on it."""
    register = contract("population_register")
    for table in register_tables(register, refresh):
        types = {"WOB": "DATE", "DOD": "DATE", "FROM_DT": "DATE", "TO_DT": "DATE"}
        columns = ", ".join(
            f"{table.named(each, '_E')} {'BIGINT' if each in table.entities else types.get(each, 'VARCHAR')}"
            for each in table.columns
        )
        session.run(f"CREATE SCHEMA IF NOT EXISTS lake.{table.schema}", step="make a schema")
        session.run(f"CREATE TABLE {table.qualified()} ({columns})", step="make a table of the register")


def make_reference(session: Session) -> None:
    """The databank's own tables, which always stand, and two areas' deprivation."""
    session.run(SCHEMA + store_schema(), step="make the databank's own tables")
    session.run(
        "INSERT INTO lake.SAILREFRV.DEPRIVATION_BY_LSOA2011 "
        "VALUES ('England', 'E01000001', 6.2, 3, NULL, '2019'), ('Wales', 'W01000001', 9.0, 10, NULL, '2019')",
        step="fill the deprivation table",
    )


def dbt(home: Path, command: str, refreshes: dict[str, list[str]], *options: str) -> subprocess.CompletedProcess[str]:
    """Run dbt as the databank does: its own process, places from the environment, nothing written in the project."""
    environment = os.environ | {
        "FJO_DBT_CATALOGUE": f"sqlite:{home / 'catalogue.sqlite'}",
        "FJO_DBT_DATA_PATH": str(home / "data"),
        "FJO_DBT_TEMPORARY": str(home / "temporary"),
        "FJO_DBT_MEMORY_LIMIT": "1GB",
        "DBT_TARGET_PATH": str(home / "target"),
        "DBT_LOG_PATH": str(home / "logs"),
    }
    variables = json.dumps({"refreshes": refreshes})
    arguments = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--vars", variables, *options]
    return subprocess.run(
        [str(Path(sys.executable).parent / "dbt"), command, *arguments], env=environment, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose lake holds the hand-made tables and the models built from them."""
    home = tmp_path_factory.mktemp("dbt")
    with lake(home) as session, one_transaction(session):
        fill(session)
        make_reference(session)
    result = dbt(home, "build", REFRESHES)
    assert result.returncode == 0, result.stdout[-6000:]
    return home


def rows(home: Path, sql: str) -> list[tuple[Any, ...]]:
    with lake(home) as session:
        return session.rows(sql, step="read the models")


def test_a_case_carries_its_dates_courts_and_final_orders(built: Path) -> None:
    columns = "case_id, la_id, case_start_date, case_status, first_court_id, last_court_id, first_dfj_area_id, "
    columns += "hearing_count, final_order_date, any_final_order_co_sao, any_final_order_ro_sgo_cao, refresh, source"
    ecms = (100, 301, date(2018, 3, 1), "Completed", 5, 5, 7, 2, date(2018, 8, 20), 1, 0)
    cymru = (800, 1, date(2015, 5, 1), "Completed", None, None, None, 1, date(2015, 10, 20), 0, 1)
    expected = [(*cymru, "20230622", "cymru"), (*ecms, "20240111", "ecms"), (*ecms, "20240711", "ecms")]
    assert (
        rows(built, f"SELECT {columns} FROM lake.marts.case WHERE case_id IN (100, 800) ORDER BY refresh") == expected
    )


def test_adults_are_the_parents_not_the_other_children(built: Path) -> None:
    found = rows(built, "FROM lake.marts.case_adult WHERE refresh <= '20240111' AND case_id <> 101 ORDER BY ALL")
    of_ecms, of_cymru = (100, 1, 27, 2, "20240111", "ecms"), (800, 32, 29, 5, "20230622", "cymru")
    of_cms = [(700, 11, 21, 2, "20191220", "cms"), (700, 16, 24, None, "20191220", "cms")]
    assert found == [of_ecms, *of_cms, of_cymru]


def test_a_child_and_her_mother_are_followed_by_alf_from_cms_into_ecms_through_the_whole_core(built: Path) -> None:
    sql = """
        SELECT people.followed_id, cases.source, cases.case_id, cases.case_start_date, cases.local_authority,
            roles.application_type, roles.primary_role, orders.legal_output
        FROM lake.intermediate.int_people AS people
        JOIN (
            SELECT roles.*, application_type FROM lake.intermediate.int_roles AS roles
            JOIN lake.intermediate.int_applications USING (source, refresh, application_id)
        ) AS roles USING (source, refresh, person_id)
        JOIN lake.intermediate.int_cases AS cases USING (source, refresh, case_id)
        LEFT JOIN lake.intermediate.int_case_legal_outputs AS orders
            ON (orders.source, orders.refresh, orders.case_id) = (cases.source, cases.refresh, cases.case_id)
            AND orders.output_group <> 'none'
        WHERE people.refresh IN ('20191220', '20240711') AND people.followed_id IN ('alf 900', 'alf 905')
        ORDER BY 1, 4"""
    first = ("cms", 700, date(2012, 2, 1), "MADE-UP Council", "Care (s31)")
    second = ("ecms", 101, date(2014, 5, 1), "Made-up Council", "Care (s31)")
    third = ("ecms", 100, date(2018, 3, 1), "Made-up Council", "Care (s31)")
    assert rows(built, sql) == [
        ("alf 900", *first, "respondent", "Supervision Order"),
        ("alf 900", *second, "respondent", "Care Order"),
        ("alf 900", *third, "respondent", "Care Order"),
        ("alf 905", *first, "subject", "Supervision Order"),
        ("alf 905", *second, "subject", "Care Order"),
    ]


def test_whoever_is_not_linked_is_followed_by_the_source_s_own_id_only(built: Path) -> None:
    sql = "SELECT DISTINCT source, followed_id FROM lake.intermediate.int_people WHERE alf_e IS NULL ORDER BY ALL"
    assert rows(built, sql) == [("cms", "cms 16"), ("cymru", "cymru 31"), ("ecms", "ecms 2"), ("ecms", "ecms 3")]


def test_a_carried_over_case_is_one_case_of_ecms_in_every_table_of_the_core(built: Path) -> None:
    carried = "SELECT cms_case_id, ecms_case_id, days_apart, linked_subjects FROM lake.intermediate.int_carried_over"
    assert rows(built, carried + " WHERE ecms_refresh = '20240711'") == [(701, 101, 1, 1)]
    found = "SELECT source, case_id, carried_from_case_id FROM lake.intermediate.int_cases WHERE source <> 'cymru' "
    assert rows(built, found + "AND refresh <> '20240111' ORDER BY ALL") == [
        ("cms", 700, None), ("ecms", 100, None), ("ecms", 101, 701),
    ]  # fmt: skip
    for table in ("int_applications", "int_roles", "int_hearings", "int_case_legal_outputs"):
        sql = f"SELECT DISTINCT case_id FROM lake.intermediate.{table} WHERE source = 'cms'"
        assert rows(built, sql) == [(700,)], table
    told = "SELECT rows_touched FROM lake.marts.audit WHERE rule = 'carried-over case told once'"
    assert rows(built, told) == [(1,)]


def test_the_audit_counts_what_the_rules_touched_in_each_refresh(built: Path) -> None:
    sql = "SELECT rule, subject, rows_touched FROM lake.marts.audit WHERE source = 'ecms' AND refresh = '20240111' "
    assert rows(built, sql + "AND rows_touched > 0 ORDER BY ALL") == [
        ("century typo mended", "people", 1),
        ("full duplicates", "legal outputs", 1),
        ("full duplicates", "people", 1),
        ("full duplicates", "roles", 1),
        ("stray Unicode taken out of a lookup name", "application type", 1),
    ]


def test_types_of_application_lose_their_stray_spaces(built: Path) -> None:
    found = rows(built, "SELECT DISTINCT app_type_name FROM lake.marts.case_app WHERE refresh = '20240111' ORDER BY 1")
    assert found == [("Care (s31)",), ("EPO (s44)",)]


def test_one_court_under_two_ids_is_one_court_at_the_hearings(built: Path) -> None:
    assert rows(built, "SELECT DISTINCT court_id FROM lake.marts.hearing WHERE source = 'ecms'") == [(5,)]


def test_copies_of_people_do_not_weigh_in_match_rates(built: Path) -> None:
    sql = "SELECT people, people_usable, linked, status_4, status_99 FROM lake.marts.match_rates "
    assert rows(built, sql + "WHERE dimension = 'all' AND refresh = '20240111'") == [(4, 2, 2, 2, 2)]


def test_linked_people_are_found_in_every_source_by_its_own_dates_as_of_its_newest_refresh(built: Path) -> None:
    sql = "SELECT alf_e, source, kind, year(event_date) FROM lake.intermediate.int_contacts "
    assert rows(built, sql + "WHERE source NOT LIKE 'cafcass_england_%' ORDER BY 4, 1, 3") == [
        (900, "deaths", "death", 2001),
        (901, "education", "school census", 2003),
        (901, "children_looked_after", "looked after", 2004),
        (901, "care_and_support", "care and support", 2005),
        (901, "childrens_social_care_england", "referral", 2006),
        (901, "childrens_social_care_england", "looked after", 2007),
        (901, "family_court", "court case", 2008),
        (900, "child_health", "birth of a child", 2011),
        (905, "child_health", "birth", 2011),
        (901, "opdw", "outpatient", 2013),
        (901, "pedw", "hospital", 2014),
        (901, "cafcass_cymru", "application", 2015),
        (901, "edds", "emergency", 2015),
        (901, "opdw", "not seen", 2016),
        (901, "deaths", "death", 2023),
        (901, "deaths", "death", 2023),
    ]


def test_pairs_of_sources_are_counted_over_everything_that_is_there(built: Path) -> None:
    sql = (
        "SELECT source_b, year, people FROM lake.marts.source_overlap WHERE source_a = 'cafcass_cymru' AND people > 0 "
    )
    found = rows(built, sql + "ORDER BY year, source_b")
    assert found[:2] == [("cafcass_cymru", 2015, 1), ("edds", 2015, 1)]
    # Without a year: with each source in which 901 stands, which is not in CMS, ECMS and child health.
    assert found[2:] == [(name, None, 1) for name in sorted({"cafcass_cymru", *OTHERS} - {"child_health"})]


def test_contact_around_an_application_goes_through_the_whole_core_to_death(built: Path) -> None:
    columns = "alf_e, application_date, hospital_before, hospital_after, emergency_before, emergency_after, "
    columns += "outpatient_before, outpatient_after, death_date, hospital_followed_until"
    found = rows(built, f"SELECT {columns} FROM lake.marts.cohort_contacts WHERE nation = 'Wales'")
    days = (date(2015, 5, 1), 1, 0, 0, 1, 1, 0, date(2023, 6, 2), date(2017, 4, 30))
    assert found == [(901, *days)]
    # Whose date of death is not valid is followed on.
    assert rows(built, "SELECT * FROM lake.staging.stg_reference__deaths") == [(901, date(2023, 6, 2))]


def test_without_births_rates_are_absent_and_said_to_be_and_the_counts_stand(built: Path) -> None:
    found = rows(
        built,
        "SELECT DISTINCT children, births, newborns_per_10000_births FROM lake.marts.born_into_care "
        "WHERE dimension = 'all' AND nation = 'England'",
    )
    assert found == [(1, None, None)]
    said = "SELECT is_there, without_it FROM lake.marts.mart_inputs WHERE input = 'births_by_local_authority'"
    assert rows(built, said) == [(False, "rates per 10,000 live births are null; counts stand")]


def test_an_application_with_nobody_on_it_is_an_application_of_its_case_and_about_nobody(built: Path) -> None:
    # 201 of case 100; the case is that of the child and the mother of its other application.
    assert rows(built, "SELECT app_type_name FROM lake.marts.case_app WHERE case_id = 100 ORDER BY 1") == [
        ("Care (s31)",), ("Care (s31)",), ("EPO (s44)",), ("EPO (s44)",),
    ]  # fmt: skip
    for table in ("intermediate.int_subjects", "marts.child_journey"):
        assert rows(built, f"SELECT DISTINCT application_id FROM lake.{table} WHERE case_id = 100") in (
            [(200,)], [(200,), (None,)],
        ), table  # fmt: skip
    groups = "SELECT subjects, mothers FROM lake.marts.sibling_groups WHERE case_id = 100 AND refresh = '20240111'"
    assert rows(built, groups) == [(1, 1)]


def test_the_lists_of_areas_stand_beside_the_reference_files(built: Path) -> None:
    sql = "SELECT count(*), count(DISTINCT REGION_NM) FROM lake.SAILREFRV.LOCAL_AUTHORITIES"
    assert rows(built, sql) == [(175, 10)]
    assert rows(built, "SELECT count(*) FROM lake.SAILREFRV.DFJ_AREAS WHERE NATION = 'Wales'") == [(3,)]
    assert rows(built, "SELECT DFJ_AREA FROM lake.SAILREFRV.DFJ_AREA_BY_COURT WHERE COURT_CODE = 102") == [("SWANSEA",)]


def test_staging_views_read_under_another_alias(built: Path) -> None:
    with open_session(built / "temporary", memory_limit="1GB", extensions=LAKE) as session:
        options = f"DATA_PATH {literal(built / 'data')}, OVERRIDE_DATA_PATH true, READ_ONLY"
        session.run(f"ATTACH 'ducklake:sqlite:{built / 'catalogue.sqlite'}' AS other ({options})", step="attach")
        found = session.value("SELECT count(*) FROM other.staging.stg_cafe_ecms__people", step="read a view")
    assert found == 10


@pytest.mark.slow
def test_without_refreshes_the_models_build_empty_with_their_types(built: Path, tmp_path: Path) -> None:
    with lake(tmp_path) as session, one_transaction(session):
        make_reference(session)
    nothing: dict[str, list[str]] = {dataset: [] for dataset in REFRESHES}
    result = dbt(
        tmp_path, "build", nothing, "--exclude-resource-types", "test", "--exclude-resource-types", "unit_test"
    )
    assert result.returncode == 0, result.stdout[-6000:]
    types = "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE schema_name = 'marts' ORDER BY ALL"
    assert rows(tmp_path, types) == rows(built, types)
    assert rows(tmp_path, "SELECT count(*) FROM lake.marts.case") == [(0,)]


def test_the_plugin_has_spill_encrypted_and_extensions_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FJO_DBT_CATALOGUE", "sqlite:catalogue.sqlite")
    monkeypatch.setenv("FJO_DBT_TEMPORARY", str(tmp_path / "spill"))
    with duckdb.connect(":memory:", config={"autoload_known_extensions": False}) as connection:
        Plugin("dbt_plugin", {}).configure_connection(connection)
        assert connection.execute("SELECT current_setting('temp_file_encryption')").fetchall() == [(True,)]
        (spills_into,) = connection.execute("SELECT current_setting('temp_directory')").fetchone() or ("",)
        assert Path(spills_into).parent == tmp_path / "spill"
        loaded = "SELECT count(*) FROM duckdb_extensions() WHERE loaded AND extension_name IN ('ducklake', 'httpfs')"
        assert connection.execute(loaded).fetchall() == [(2,)]


def test_a_refresh_that_is_no_date_is_refused(tmp_path: Path) -> None:
    result = dbt(tmp_path, "parse", {"cafcass_england_ecms": ["2024; --"], "cafcass_cymru": []})
    assert result.returncode != 0
    assert "a refresh of cafcass_england_ecms is not YYYYMMDD" in result.stdout
