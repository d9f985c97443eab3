"""DuckDB's SQL in Spark's: what sqlglot would leave to mean something else there."""

import pytest
import sqlglot

from fjo_pipeline.ttp.linkage.spark import to_spark


@pytest.mark.parametrize(
    ("duckdb", "spark"),
    [
        ("hash(a, b)", "xxhash64(a, b)"),
        ("left(a, -3)", "LEFT(a, GREATEST(LENGTH(a) - 3, 0))"),
        ("left(a, 3)", "LEFT(a, 3)"),
        ("hash(left(a, -3))", "xxhash64(LEFT(a, GREATEST(LENGTH(a) - 3, 0)))"),
        ("a.dob - b.dob", "date_diff(a.dob, b.dob)"),
        ("a.n - b.n", "a.n - b.n"),
        ("a / b", "CAST(a AS DOUBLE) / b"),
        ("a // b", "a DIV b"),
        ("jaro_winkler_similarity(a, b)", "jaro_winkler_similarity(a, b)"),
        (
            "levenshtein(a, b)",
            "levenshtein(DECODE(ENCODE(a, 'UTF-8'), 'ISO-8859-1'), DECODE(ENCODE(b, 'UTF-8'), 'ISO-8859-1'))",
        ),
        (
            "list_sum(list(a ORDER BY a))",
            "AGGREGATE(ARRAY_SORT(COLLECT_LIST(a)), CAST(0 AS DOUBLE), (a, b) -> a + b)",
        ),
    ],
)
def test_an_expression_means_the_same(duckdb: str, spark: str) -> None:
    assert _translated(f"SELECT {duckdb} AS x FROM t").lower() == f"select {spark} as x from t".lower()


def test_a_replaced_column_keeps_its_place() -> None:
    assert _translated("SELECT * REPLACE (0 AS n) FROM t") == "SELECT dob, 0 AS n FROM t"


def test_a_materialized_cte_is_a_cte() -> None:
    assert _translated("WITH c AS MATERIALIZED (SELECT 1 AS n) SELECT n FROM c") == (
        "WITH c AS (SELECT 1 AS n) SELECT n FROM c"
    )


def _translated(sql: str) -> str:
    return to_spark(sqlglot.parse_one(sql, read="duckdb"), dates={"dob"}, columns=lambda _: ["dob", "n"])
