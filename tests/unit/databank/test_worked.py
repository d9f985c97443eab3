"""Which questions are asked of an extract, and how its files are said to be attached."""

from fjo_pipeline.databank.projects.dictionary import Column, Lookup, Table
from fjo_pipeline.databank.projects.worked import KEY, opening, questions

CODED = Column("TYPE_ID", "BIGINT", lookup=Lookup("REFV.TYPES_20240711", "ID", "NAME"))
DATED = Column("SEEN", "DATE")


def table(
    name: str,
    *columns: Column,
    refresh: str = "20240711",
    special: bool = False,
    refers: dict[str, tuple[str, str]] | None = None,
) -> Table:
    return Table(
        "V", f"{name}_{refresh}", "", "table", 1, columns, "tiny", refresh, special_access=special, refers=refers or {}
    )


def titles(*tables: Table) -> list[str]:
    return [each.title for each in questions(tables)]


def test_a_question_of_each_kind_is_asked_where_the_tables_can_answer_it() -> None:
    parents = table("PARENTS", Column("ID_PE", "BIGINT"))
    visits = table("VISITS", CODED, DATED, Column("P_PE", "BIGINT"), refers={"P_PE": (parents.qualified, "ID_PE")})
    alf = table("ALF", Column("ALF_STS_CD", "VARCHAR"))
    asked = titles(alf, parents, visits)
    assert [each.split(" of ")[0] for each in asked] == [
        "The first rows",
        "Rows",
        "Rows",
        "VISITS_20240711 with the PARENTS_20240711",
        "People by match status: analysts keep 1, 4 and 39, some with 35",
    ]


def test_tables_that_answer_nothing_else_show_their_first_rows() -> None:
    plain = [table(name, Column("A", "VARCHAR")) for name in "ABCDEFG"]
    assert titles(*plain) == [f"The first rows of {name}_20240711" for name in "ABCDE"]
    assert titles() == []


def test_only_the_newest_refresh_is_asked_and_no_special_access_table() -> None:
    assert titles(table("A", DATED, refresh="20240111"), table("B", DATED, special=True), table("C")) == [
        "The first rows of C_20240711"
    ]


def test_a_plain_extract_is_opened_without_a_key_and_alone() -> None:
    how = opening("x.duckdb", work=None, csv="csv", stata="stata")
    assert how.sql == "ATTACH 'x.duckdb' AS extract (READ_ONLY);\nUSE extract;"
    assert "key" not in how.python + how.r


def test_the_key_is_nowhere_but_in_the_place_kept_for_it() -> None:
    how = opening("x.duckdb", work="w.duckdb", work_schema="W", csv="csv", stata="stata")
    assert how.sql.count(KEY) == 2
    assert how.python.splitlines()[1] == f'key = open("{KEY}").read().strip()'
    assert how.r.splitlines()[0] == f'key <- trimws(readLines("{KEY}"))'


def test_a_folder_of_any_name_can_be_attached() -> None:
    odd = 'o\'dd {50%} "x"/e.duckdb'
    how = opening(odd, work="w", work_schema="W", csv="csv", stata="stata")
    said: list[str] = []
    lines = [line for line in how.python.splitlines() if line.startswith("con.execute")]
    names = {"con": type("Con", (), {"execute": said.append}), "key": "k"}
    exec("\n".join(lines), names)
    assert said[1] == "ATTACH 'o''dd {50%} \"x\"/e.duckdb' AS extract (ENCRYPTION_KEY 'k', READ_ONLY)"
    assert "50%%" in how.r
