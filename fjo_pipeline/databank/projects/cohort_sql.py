"""The language in which a cohort is defined: one SELECT over the harmonised core, read by DuckDB's own parser.

What is not known to be harmless is refused: every kind of node, table, column qualifier and function must be on a list.
What runs is written anew from what was checked, never the text that was given.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import duckdb

DEFINITIONS = Path(__file__).parent / "cohorts"
"""The definitions that are shipped, one SQL file each."""
KEYS = ("person_key", "child_key", "mother_key", "followed_id")
"""Columns that say of one person who it is: `alf <number>`, or source and person id."""
PAIR = ("source", "person_id")


@dataclass(frozen=True)
class Relation:
    """A table of the harmonised core: where it stands, and by which columns its rows belong to a refresh.

    `special` are columns that come of the age bands, which are special access; `small` are small areas.
    """

    schema: Literal["intermediate", "marts"]
    refresh_by: tuple[str, ...] = ("source", "refresh")
    special: tuple[str, ...] = ()
    small: tuple[str, ...] = ()


RELATIONS: Mapping[str, Relation] = {
    "int_applications": Relation("intermediate"),
    "int_cases": Relation("intermediate"),
    "int_case_legal_outputs": Relation("intermediate"),
    "int_hearings": Relation("intermediate"),
    "int_legal_outputs": Relation("intermediate"),
    "int_parents": Relation("intermediate"),
    "int_people": Relation("intermediate", small=("lsoa",)),
    "int_relationships": Relation("intermediate"),
    "int_roles": Relation("intermediate"),
    "int_subjects": Relation("intermediate", ("source", "source_refresh"), small=("lsoa",)),
    "int_s31_children": Relation(
        "intermediate",
        ("source", "source_refresh"),
        ("exact_age_band", "least_days_old", "most_days_old", "is_infant"),
        ("mother_lsoa",),
    ),
    "child_journey": Relation("marts", ("refresh",)),
    "legal_outcomes": Relation("marts", ("refresh",), ("age_band",)),
    "matched_population": Relation("marts"),
    "recurrent_mothers": Relation(
        "marts",
        ("refresh",),
        ("index_youngest_least_days", "index_youngest_most_days", "recurrence_youngest_most_days"),
    ),
}
"""Whose rows are of people, applications or cases. Ethnicity is not among them: it is special access."""

# Results that hang on the order of rows (first, row_number, LIMIT), on the clock or on chance are left out: the same
# definition gives the same people.
FUNCTIONS = frozenset({
    "+", "-", "*", "/", "//", "%", "||", "~~", "!~~", "~~*", "!~~*", "row", "abs", "avg", "bool_and", "bool_or",
    "ceil", "contains", "count", "count_star", "date_add", "date_diff", "date_part", "date_sub", "date_trunc",
    "day", "dense_rank", "floor", "greatest", "least", "length", "lower", "make_date", "max", "min", "month",
    "nullif", "quarter", "rank", "regexp_matches", "replace", "round", "starts_with", "strptime", "substring",
    "sum", "to_days", "to_months", "to_weeks", "to_years", "trim", "trunc", "upper", "week", "year",
})  # fmt: skip
_TABLES = frozenset({"BASE_TABLE", "JOIN", "SUBQUERY", "EMPTY"})
_NODES = _TABLES | {
    "SELECT_NODE", "SET_OPERATION_NODE", "DISTINCT_MODIFIER", "ORDER_MODIFIER", "ORDER_DEFAULT", "ASCENDING",
    "DESCENDING", "DECIMAL_TYPE_INFO",
}  # fmt: skip
_EXPRESSIONS = frozenset({
    "BETWEEN", "CASE", "CAST", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION", "OPERATOR", "STAR",
    "SUBQUERY", "WINDOW",
})  # fmt: skip
_NOT_COLUMNS = frozenset({"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "today"})
_IN_WORDS = {
    "TABLE_FUNCTION": "a table function, which could read files",
    "SHOW_REF": "DESCRIBE, SHOW or SUMMARIZE",
    "PIVOT": "PIVOT",
    "EXPRESSION_LIST": "VALUES: people are chosen by what is recorded of them, not by name",
    "RECURSIVE_CTE_NODE": "a recursive WITH",
    "LIMIT_MODIFIER": "LIMIT, whose result hangs on the order of rows",
    "LIMIT_PERCENT_MODIFIER": "LIMIT, whose result hangs on the order of rows",
    "LAMBDA": "a lambda",
    "PARAMETER": "a parameter",
}


@dataclass(frozen=True)
class CheckedSql:
    """A definition that was found harmless: the SQL to run, in which tables have no schema, and the tables it reads."""

    sql: str
    relations: tuple[str, ...]


def definition_names() -> list[str]:
    """The names of the definitions that are shipped, in order."""
    return sorted(path.stem for path in DEFINITIONS.glob("*.sql"))


def definition_sql(name: str) -> str:
    """The SQL of a definition that is shipped; ValueError with the known names where there is none."""
    if name not in definition_names():
        raise ValueError(f"there is no cohort definition '{name}'; known are: {', '.join(definition_names())}")
    return (DEFINITIONS / f"{name}.sql").read_text(encoding="utf-8")


@lru_cache(maxsize=256)
def checked(sql: str) -> CheckedSql:
    """A definition that is in the sub-language, ready to run; ValueError says what is refused and what is allowed."""
    given = _parsed(sql)
    parts = list(_ctes(given))
    names = {str(each["key"]).lower() for each in parts}
    relations: set[str] = set()
    for node in _nodes(given):
        _assert_known(node)
        if node.get("type") == "BASE_TABLE" and "class" not in node:
            _assert_table(node, names, relations)
    for each in parts:
        each["key"] = _part(str(each["key"]))
    if not relations:
        raise ValueError(f"the query reads no table of the core; {_allowed_tables()}")
    return CheckedSql(_written(given), tuple(sorted(relations)))


def _parsed(sql: str) -> dict[str, Any]:
    given = json.loads(_ask("SELECT json_serialize_sql(?)", sql))
    if given["error"]:
        said = str(given["error_message"])
        if "Only SELECT" in said:
            raise ValueError("only one SELECT is allowed: no COPY, ATTACH, SET, CREATE or any other statement")
        raise ValueError(f"this is no SQL: {said}")
    if len(given["statements"]) != 1:
        raise ValueError(f"exactly one SELECT is allowed, here are {len(given['statements'])} statements")
    return dict(given)


def _written(given: Mapping[str, Any]) -> str:
    """The SQL of a parsed statement."""
    return _ask("SELECT json_deserialize_sql(CAST(? AS JSON))", json.dumps(given))


def _ask(sql: str, parameter: str) -> str:
    connection = duckdb.connect(":memory:", config={"enable_external_access": False, "threads": 1})
    try:
        return str(connection.execute(sql, [parameter]).fetchall()[0][0])
    finally:
        connection.close()


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping within a parsed statement, outermost first."""
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from _nodes(each)
    elif isinstance(value, list):
        for each in value:
            yield from _nodes(each)


def _ctes(given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for node in _nodes(given):
        yield from node.get("cte_map", {}).get("map", [])


def _assert_known(node: Mapping[str, Any]) -> None:
    kind = node.get("class", node.get("type"))
    if isinstance(kind, str) and kind not in (_EXPRESSIONS if "class" in node else _NODES):
        raise ValueError(f"not allowed in a cohort's SQL: {_IN_WORDS.get(kind, kind.lower().replace('_', ' '))}")
    if node.get("sample") or node.get("at_clause"):
        raise ValueError("not allowed in a cohort's SQL: samples, and other versions of a table")
    if node.get("ref_type") == "POSITIONAL":
        raise ValueError("not allowed in a cohort's SQL: a positional join, whose result hangs on the order of rows")
    name = str(node.get("function_name") or "")
    if name and name not in FUNCTIONS:
        raise ValueError(f"the function {name} is not allowed; allowed are: {' '.join(sorted(FUNCTIONS))}")
    names = node.get("column_names") or []
    if len(names) == 1 and str(names[0]).lower() in _NOT_COLUMNS:
        raise ValueError(f"{names[0]} is not allowed: the same definition gives the same people on any day")


def _assert_table(node: dict[str, Any], parts: set[str], relations: set[str]) -> None:
    """The table is a part of the query or one of the core; a core's one loses its schema and is noted."""
    given, schema = str(node["table_name"]), str(node["schema_name"])
    name = given.lower()
    if not schema and not node["catalog_name"] and name in parts:
        node["alias"] = node["alias"] or given
        node["table_name"] = _part(given)
        return
    relation = RELATIONS.get(name)
    if relation is None or node["catalog_name"] or schema not in ("", relation.schema):
        said = ".".join(filter(None, (node["catalog_name"], schema, given)))
        raise ValueError(f"the table {said} is not allowed; {_allowed_tables()}")
    node["schema_name"] = ""
    relations.add(name)


def _part(name: str) -> str:
    """The name under which a WITH runs: none that could be a table's where the WITH is not in scope."""
    return f"part_{name}"


def _allowed_tables() -> str:
    return "allowed are: " + ", ".join(f"{each.schema}.{name}" for name, each in sorted(RELATIONS.items()))
