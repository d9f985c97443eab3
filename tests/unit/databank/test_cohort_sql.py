"""The language of cohorts: what it takes, what it refuses and says, and that what runs is what was checked."""

import pytest

from fjo_pipeline.databank.projects.cohort_sql import RELATIONS, checked, definition_names, definition_sql

GOOD = {
    "a table with its schema": "SELECT person_id, source FROM intermediate.int_people",
    "a table without, in capitals": "SELECT person_id, source FROM INT_PEOPLE",
    "a join": "SELECT p.person_id FROM int_people AS p JOIN int_roles AS r USING (source, refresh, person_id)",
    "two sets": "SELECT child_key FROM int_subjects EXCEPT SELECT child_key FROM int_s31_children",
    "a part by name": "WITH a AS (SELECT mother_key FROM marts.recurrent_mothers) SELECT a.mother_key FROM a",
    "a subquery": "SELECT person_id FROM int_people WHERE person_id IN (SELECT person_id FROM int_roles)",
    "groups": "SELECT person_id FROM int_roles GROUP BY person_id HAVING count(*) >= 2",
    "dates and intervals": (
        "SELECT child_key FROM int_subjects WHERE application_date < week_of_birth + INTERVAL 28 DAY "
        "AND year(application_date) BETWEEN 2015 AND 2019 AND application_type LIKE 'Care%'"
    ),
}

REFUSED = {
    "another schema": (
        "SELECT 1 FROM SAILCAFEV.CAFE_ECMS_PEOPLE_20240111",
        "table SAILCAFEV.CAFE_ECMS_PEOPLE_20240111 ",
    ),
    "another database": ("SELECT 1 FROM lake.intermediate.int_people", "table lake.intermediate.int_people is not"),
    "a core table in the wrong schema": ("SELECT 1 FROM databank.int_people", "the table databank.int_people is not"),
    "special access": ("SELECT person_id FROM intermediate.int_ethnicities", "the table intermediate.int_ethnicities"),
    "the catalogue": ("SELECT 1 FROM information_schema.tables", "the table information_schema.tables is not allowed"),
    "another schema in a subquery": (
        "SELECT person_id FROM int_people WHERE person_id IN (SELECT dataset FROM databank.partitions)",
        "the table databank.partitions is not allowed; allowed are: marts.child_journey, intermediate.int_applications",
    ),
    "a file by name": ("SELECT * FROM '/etc/passwd.csv'", "the table /etc/passwd.csv is not allowed"),
    "a table function": ("SELECT * FROM read_csv('/etc/passwd')", "a table function, which could read files"),
    "a function": ("SELECT getenv('HOME') FROM int_people", "the function getenv is not allowed; allowed are: "),
    "chance": ("SELECT person_id FROM int_people WHERE random() < 0.5", "the function random is not allowed"),
    "a sample": ("SELECT person_id FROM int_people USING SAMPLE 10", "samples, and other versions of a table"),
    "another version": ("SELECT person_id FROM int_people AT (VERSION => 1)", "samples, and other versions of a table"),
    "the clock": ("SELECT person_id FROM int_people WHERE week_of_birth > current_date", "current_date is not allowed"),
    "the order of rows": ("SELECT person_id FROM int_people LIMIT 5", "LIMIT, whose result hangs on the order"),
    "a positional join": ("SELECT 1 FROM int_people POSITIONAL JOIN int_roles", "a positional join"),
    "people by name": ("SELECT * FROM (VALUES (1)) AS t(person_id)", "VALUES: people are chosen by what is recorded"),
    "no table": ("SELECT 1 AS person_id", "the query reads no table of the core"),
    "two statements": ("SELECT person_id FROM int_people; SELECT 1", "exactly one SELECT is allowed, here are 2"),
    "COPY": ("COPY (SELECT 1) TO '/tmp/x'", "only one SELECT is allowed: no COPY, ATTACH"),
    "ATTACH": ("ATTACH '/tmp/x' AS x", "only one SELECT is allowed"),
    "an update": ("UPDATE int_people SET person_id = 1", "only one SELECT is allowed"),
    "DESCRIBE": ("SELECT * FROM (DESCRIBE int_people)", "DESCRIBE, SHOW or SUMMARIZE"),
    "recursion": (
        "WITH RECURSIVE r AS (SELECT person_id FROM int_people UNION ALL SELECT person_id FROM r) SELECT * FROM r",
        "a recursive WITH",
    ),
    "no SQL": ("SELEKT person_id", "this is no SQL: syntax error"),
    "nothing": ("", "exactly one SELECT is allowed, here are 0"),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_select_over_the_core_is_taken(name: str) -> None:
    found = checked(GOOD[name])
    assert found.relations
    assert set(found.relations) <= set(RELATIONS)


@pytest.mark.parametrize("name", REFUSED)
def test_anything_else_is_refused_in_words(name: str) -> None:
    sql, expected = REFUSED[name]
    with pytest.raises(ValueError) as caught:
        checked(sql)
    assert expected in str(caught.value)


def test_a_part_of_the_query_cannot_lend_its_name_to_a_table_out_of_its_scope() -> None:
    part = "WITH duckdb_tables AS (SELECT person_id FROM int_people) SELECT * FROM duckdb_tables"
    written = checked(f"SELECT * FROM ({part}), duckdb_tables").sql
    assert "part_duckdb_tables" in written
    assert written.replace("part_duckdb_tables", "").count("FROM duckdb_tables") == 0


def test_what_runs_names_no_schema() -> None:
    assert checked("SELECT person_id FROM intermediate.int_people").sql == "SELECT person_id FROM int_people"


def test_the_shipped_definitions_are_in_the_language_and_an_unknown_one_is_told_with_the_known() -> None:
    assert {"s31_subjects_since_2015", "linked_mothers"} <= set(definition_names())
    for name in definition_names():
        assert checked(definition_sql(name)).relations
    with pytest.raises(ValueError, match=r"there is no cohort definition 'everyone'; known are: linked_mothers, "):
        definition_sql("everyone")
