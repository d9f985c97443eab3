"""Cohorts and comparison groups on a tiny home with a core made by hand: who is found, who is given, who is refused."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from fjo_pipeline.core.errors import Refused, StatementFailed
from fjo_pipeline.databank.ciphers import for_project
from fjo_pipeline.databank.flow import release
from fjo_pipeline.databank.projects.analyst import query
from fjo_pipeline.databank.projects.beside import PAGES
from fjo_pipeline.databank.projects.extract import make_extract
from tests.tiny_home import LATER, REFRESH, TinyHome, copied

TODAY = date(2026, 11, 22)
CLIENT = "SELECT source, person_id FROM int_people WHERE gender = 'Female' AND week_of_birth > DATE '2000-01-01'"
EVERYBODY = "SELECT source, person_id FROM int_people"


@pytest.fixture(scope="module")
def core_once(carried: TinyHome, tmp_path_factory: pytest.TempPathFactory) -> TinyHome:
    """The tiny home, whose four people stand in a harmonised core: Ada, Bo (children), Cy and the carer."""
    home = copied(carried, tmp_path_factory.mktemp("core") / "base")
    path = home.settings.contracts / "tiny.yaml"
    path.write_text(path.read_text().replace("retention_days:", "harmonised_as: tiny\nretention_days:", 1))
    people = " UNION ALL ".join(
        f"""SELECT 'tiny' AS source, '{refresh}' AS refresh, alf."PERSON_ID_E" AS person_id, alf."ALF_E" AS alf_e,
            trim(alf."ALF_STS_CD") AS alf_status, alf."WOB" AS week_of_birth, alf."LSOA_CD" AS lsoa,
            CASE clients."GENDER" WHEN 'F' THEN 'Female' WHEN 'M' THEN 'Male' END AS gender
        FROM lake.SAILTINYV."TINY_ALF_{refresh}" AS alf
        LEFT JOIN lake.SAILTINYV."TINY_CLIENTS_{refresh}" AS clients ON clients."ID_E" = alf."PERSON_ID_E" """
        for refresh in (REFRESH, LATER)
    )
    with home.databank.store.writing() as session:
        session.run("CREATE SCHEMA lake.intermediate", step="make the core")
        session.run(f"CREATE TABLE lake.intermediate.int_people AS {people}", step="make the core")
    release(home.databank)
    return home


@pytest.fixture
def core(core_once: TinyHome, tmp_path: Path) -> TinyHome:
    """The same, the test's own."""
    return copied(core_once, tmp_path / "base")


def define(home: TinyHome, said: str, change: Callable[[str], str] = lambda text: text) -> None:
    path = home.settings.projects / "7001.yaml"
    path.write_text(change(path.read_text().replace("datasets:", f"{said}\ndatasets:")))


def cohort(sql: str, /, **comparison: object) -> str:
    said = f'cohort: {{sql: "{sql}"}}'
    return said + (f"\ncomparison: {comparison}" if comparison else "")


def people(home: TinyHome, table: str, key: str) -> list[int]:
    return [row[key] for row in query(home.databank, "7001", f"SELECT {key} FROM SAIL7001V.{table}").to_pylist()]


def test_a_cohort_gives_its_people_and_their_rows_alone(core: TinyHome) -> None:
    everything = make_extract(core.databank, "7001", TODAY)
    all_people = set(people(core, f"TINY_ALF_{REFRESH}", "PERSON_ID_PE"))
    define(core, cohort(CLIENT))
    extract = make_extract(core.databank, "7001", TODAY)
    assert set(extract.tables) == set(everything.tables)
    given = people(core, f"TINY_ALF_{REFRESH}", "PERSON_ID_PE")
    assert len(given) == 1
    assert set(given) < all_people
    assert people(core, f"TINY_CLIENTS_{REFRESH}", "ID_PE") == given
    assert people(core, f"TINY_CARERS_{REFRESH}", "ID_PE") == []
    assert people(core, f"TINY_VISITS_{REFRESH}", "PERSON_PE") == given * 2
    # The same pins give the same, and lookups are not about people.
    assert make_extract(core.databank, "7001", TODAY).tables == extract.tables
    lookup = next(name for name in extract.tables if "PLACES" in name)
    assert extract.tables[lookup] == everything.tables[lookup]


def test_a_cohort_sees_only_the_refreshes_that_the_project_gets(core: TinyHome) -> None:
    sql = f"SELECT source, person_id FROM int_people WHERE refresh = '{LATER}'"
    define(core, cohort(sql), lambda text: text.replace("refreshes: all", f"refreshes: ['{REFRESH}']"))
    with pytest.raises(Refused, match="project 7001, cohort: the query selects nobody in the refreshes"):
        make_extract(core.databank, "7001", TODAY)


def test_keys_by_linking_field_find_people_as_well(core: TinyHome) -> None:
    linked = "SELECT 'alf ' || alf_e AS person_key FROM int_people WHERE alf_e IS NOT NULL"
    define(core, cohort(linked))
    make_extract(core.databank, "7001", TODAY)
    sql = f"SELECT count(*) AS n, count(ALF_PE) AS linked FROM SAIL7001V.TINY_ALF_{REFRESH}"
    assert query(core.databank, "7001", sql).to_pylist() == [{"n": 2, "linked": 2}]


def test_a_comparison_group_is_told_from_the_cohort(core: TinyHome) -> None:
    define(core, cohort(CLIENT, sql=EVERYBODY))
    make_extract(core.databank, "7001", TODAY)
    sql = f"SELECT GROUP_NM, count(*) AS n FROM SAIL7001V.TINY_COHORT_{REFRESH} GROUP BY ALL ORDER BY ALL"
    found = query(core.databank, "7001", sql).to_pylist()
    assert found == [{"GROUP_NM": "cohort", "n": 1}, {"GROUP_NM": "comparison", "n": 3}]


def test_matched_comparators_are_alike_and_no_more_than_asked_for(core: TinyHome) -> None:
    with core.databank.store.writing() as session:
        session.run("UPDATE lake.intermediate.int_people SET gender = 'Female'", step="make them alike")
    release(core.databank)
    client = "SELECT source, person_id FROM int_people WHERE year(week_of_birth) = 2015"
    define(core, cohort(client, sql=EVERYBODY, matched={"per_person": 2, "alike_in": ["gender"]}))
    first = make_extract(core.databank, "7001", TODAY)
    sql = f"SELECT GROUP_NM, MATCH_SET_NUM FROM SAIL7001V.TINY_COHORT_{REFRESH} ORDER BY ALL"
    found = [tuple(row.values()) for row in query(core.databank, "7001", sql).to_pylist()]
    assert found == [("cohort", 1), ("comparison", 1), ("comparison", 1)]
    assert make_extract(core.databank, "7001", TODAY).tables == first.tables


REFUSED = {
    "nobody": (cohort("SELECT source, person_id FROM int_people WHERE false"), "cohort: the query selects nobody"),
    "everybody": (cohort(EVERYBODY), "project 7001, cohort: it is everybody in the refreshes that the project gets"),
    "no key": (cohort("SELECT gender FROM int_people"), "the query yields gender; it must yield one column that is a"),
    "no such key": (cohort("SELECT 'alf x' AS person_key FROM int_people"), "keys that are none of the core's"),
    "nobody to compare with": (cohort(CLIENT, sql=CLIENT), "project 7001, comparison: it is nobody"),
    "another schema": (
        cohort("SELECT person_id FROM SAILTINYV.TINY_CLIENTS_20240111"),
        "7001.yaml, line 7, cohort.sql: Value error, the table SAILTINYV.TINY_CLIENTS_20240111 is not allowed",
    ),
    "an unknown definition": ("cohort: {definition: everybody}", "line 7, cohort.definition: "),
    "both": ("cohort: {definition: s31_mothers, sql: SELECT 1 FROM int_people}", "say either definition"),
    "a comparison with nobody": ("comparison: {definition: s31_mothers}", "is compared with a cohort"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_cohort_that_cannot_be_is_refused_in_words(name: str, core: TinyHome) -> None:
    said, expected = REFUSED[name]
    define(core, said)
    with pytest.raises(Refused) as caught:
        make_extract(core.databank, "7001", TODAY)
    assert expected in str(caught.value)


def test_small_areas_are_hidden_from_a_definition_too(core: TinyHome) -> None:
    sql = "SELECT source, person_id FROM int_people WHERE lsoa = 'W01000001'"
    define(core, cohort(sql) + "\nsmall_area: local_authority")
    with pytest.raises(StatementFailed, match="small areas are there only where they are granted"):
        make_extract(core.databank, "7001", TODAY)


def id_columns(home: TinyHome, number: str) -> dict[str, list[int]]:
    """Every id of every table of an extract, by table and column."""
    columns = query(
        home.databank, number,
        "SELECT schema_name || '.' || table_name AS name, column_name AS id FROM duckdb_columns() "
        "WHERE database_name = 'extract' AND column_name LIKE '%\\_PE' ESCAPE '\\'",
    ).to_pylist()  # fmt: skip
    return {
        re.sub(r"\d{4}V", "", f"{each['name']}.{each['id']}"): query(
            home.databank, number, f'SELECT "{each["id"]}" AS id FROM {each["name"]}'
        )
        .column("id")
        .to_pylist()
        for each in columns
    }


def test_two_projects_share_no_id_in_any_column_and_rows_stand_in_the_order_of_the_projects_own(home: TinyHome) -> None:
    for number in ("7001", "7002"):
        make_extract(home.databank, number, TODAY)
    one, other = id_columns(home, "7001"), id_columns(home, "7002")
    assert one.keys() == other.keys()
    assert len(one) >= 12
    for ids in (one, other):
        firsts = [name for name in ids if name.endswith((".PERSON_ID_PE", ".ID_PE", ".VISIT_PE"))]
        assert len(firsts) >= 8
        assert all(ids[name] == sorted(ids[name]) for name in firsts)
    flat = [{each for ids in found.values() for each in ids if each is not None} for found in (one, other)]
    assert flat[0]
    assert not flat[0] & flat[1]


@pytest.mark.parametrize("entity", ["person", "alf", "visit"])
def test_the_order_of_ids_tells_nothing(entity: str, carried: TinyHome) -> None:
    keyring = carried.databank.keyring
    resting = pa.array(np.arange(20_000, dtype=np.int64))
    tiny = carried.databank.contract("tiny")
    one, other = (np.array(for_project(tiny, entity, keyring, number, 1)(resting)) for number in ("7001", "7002"))
    ranks = [np.argsort(np.argsort(ids)) for ids in (np.arange(20_000), one, other)]
    # Of 20,000 independent pairs the rank correlation has a standard deviation of 0.007.
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert abs(np.corrcoef(ranks[a], ranks[b])[0, 1]) < 0.05
    assert len(np.intersect1d(one, other)) <= 1


def test_a_granted_column_comes_with_the_keys_and_no_other(home: TinyHome) -> None:
    define(home, "", lambda text: text.replace("tables: all", "tables: {visits: [KIND], alf: [ALF_PE], clients: all}"))
    extract = make_extract(home.databank, "7001", TODAY)
    assert {name.split(".")[1] for name in extract.tables if REFRESH in name} == {
        f"TINY_{each}_{REFRESH}" for each in ("VISITS", "ALF", "CLIENTS")
    }
    expected = {"VISITS": ["VISIT_PE", "PERSON_PE", "FAMILY_PE", "KIND"], "ALF": ["PERSON_ID_PE", "ALF_PE"]}
    for table, columns in expected.items():
        assert query(home.databank, "7001", f"FROM SAIL7001V.TINY_{table}_{REFRESH}").column_names == columns


def test_an_unknown_column_is_told_with_the_known(home: TinyHome) -> None:
    define(home, "", lambda text: text.replace("tables: all", "tables: {visits: [COLOUR]}"))
    with pytest.raises(
        Refused, match=r"the table 'visits' of tiny has no column 'COLOUR'; it has: VISIT_PE, PERSON_PE"
    ):
        make_extract(home.databank, "7001", TODAY)


def test_nothing_of_an_extract_lies_where_another_could_read_it(core: TinyHome, tmp_path: Path) -> None:
    define(core, cohort(CLIENT))
    make_extract(core.databank, "7001", TODAY)
    beside = {"README.txt", "records", *PAGES, *(page.replace(".html", ".json") for page in PAGES)}
    assert {path.name for path in (core.settings.extracts / "7001").iterdir()} == {
        "extract.duckdb",
        "extract.json",
        *beside,
    }
