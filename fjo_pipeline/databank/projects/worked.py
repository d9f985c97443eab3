"""Worked queries on exactly this extract, each in SQL, Python, R and Stata, and how its files are attached.

What is asked follows from the tables' description: a coded column, a date, an id that leads to another table.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from fjo_pipeline.core.sessions import literal
from fjo_pipeline.databank.projects.dictionary import Table

QUESTIONS = 5
LANGUAGES = ("sql", "python", "r", "stata")
KEY = "the-key-from-its-file"
"""What stands where the extract's key belongs; the key itself goes to the researcher apart from the file."""


@dataclass(frozen=True)
class Question:
    """One question of an extract, answered in each language."""

    title: str
    sql: str
    python: str
    r: str
    stata: str


@dataclass(frozen=True)
class Opening:
    """How an extract is opened, and read before the first question, in each language."""

    sql: str
    python: str
    r: str
    stata: str


def opening(
    extract: str, *, work: str | None, work_schema: str = "", csv: str, stata: str, httpfs: str = "httpfs"
) -> Opening:
    """How the file `extract` and the analyst's own one are attached; without `work` the extract is plain, and alone.

    `httpfs` is what LOAD is to load: the extension's name, or its path as a literal where it is known.
    """
    options = f"ENCRYPTION_KEY '{KEY}', READ_ONLY" if work else "READ_ONLY"
    statements = [f"ATTACH {literal(extract)} AS extract ({options})"]
    if work:
        statements.insert(0, f"LOAD {httpfs}")
        statements.append(f"ATTACH {literal(work)} AS {work_schema} (ENCRYPTION_KEY '{KEY}')")
    statements.append("USE extract")
    sql = [f"{each};" for each in statements]
    if work:
        sql.insert(0, "-- DuckDB writes nothing encrypted without httpfs; to read the extract it is not needed.")
    python = ["import duckdb", *([f'key = open("{KEY}").read().strip()'] if work else []), "con = duckdb.connect()"]
    python += [f"con.execute({_in_python(each)})" for each in statements]
    r = [f'key <- trimws(readLines("{KEY}"))'] if work else []
    r += ["con <- DBI::dbConnect(duckdb::duckdb())", *(f"DBI::dbExecute(con, {_in_r(each)})" for each in statements)]
    reading = [
        "library(data.table)",
        "read <- function(name) {",
        f'  fread(file.path("{csv}", paste0(name, ".csv")), integer64 = "double", na.strings = "")',
        "}",
    ]
    return Opening("\n".join(sql), "\n".join(python), "\n".join(r + reading), f'cd "{stata}"')


def _in_python(statement: str) -> str:
    """A statement as a Python string, with the variable `key` in the key's place."""
    if KEY not in statement:
        return f'"{_escaped(statement)}"'
    doubled = statement.replace("{", "{{").replace("}", "}}")
    return f'f"{_escaped(doubled)}"'.replace(KEY, "{key}")


def _in_r(statement: str) -> str:
    """A statement as an R string, with the variable `key` in the key's place."""
    if KEY not in statement:
        return f'"{_escaped(statement)}"'
    doubled = _escaped(statement).replace("%", "%%").replace(KEY, "%s")
    return f'sprintf("{doubled}", key)'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def questions(tables: Sequence[Table]) -> list[Question]:
    """The first five that this extract can answer; fewer where it has hardly any tables."""
    newest = {each.dataset: max(t.refresh or "" for t in tables if t.dataset == each.dataset) for each in tables}
    asked = [
        each
        for each in tables
        if each.kind == "table" and not each.special_access and each.refresh == newest[each.dataset]
    ]
    return list(islice(_candidates(asked), QUESTIONS))


def _candidates(tables: Sequence[Table]) -> Iterator[Question]:
    """Each kind of question once, then the first rows of one table after another."""
    firsts = iter(tables)
    for table in islice(firsts, 1):
        yield _first_rows(table)
    for kind in (_coded, _by_year, _merged, _statuses):
        for table in tables:
            found = kind(table)
            if found is not None:
                yield found
                break
    for table in firsts:
        yield _first_rows(table)


def _first_rows(table: Table) -> Question:
    return Question(
        f"The first rows of {table.name}",
        f"SELECT * FROM {table.qualified} ORDER BY ALL LIMIT 5;",
        f'print(con.sql("SELECT * FROM {table.qualified} ORDER BY ALL LIMIT 5").df())',
        f'print(head(read("{table.name}"), 5))',
        f'use "{table.name}.dta", clear\ndescribe\nlist in 1/`=min(5, _N)\'',
    )


def _coded(table: Table) -> Question | None:
    coded = next((each for each in table.columns if each.lookup and each.type != "VARCHAR"), None)
    if coded is None or coded.lookup is None:
        return None
    lookup, name = coded.lookup, coded.lookup.table.split(".")[1]
    return Question(
        f"Rows of {table.name} by {coded.name}, with the names of its codes",
        f"SELECT code.{lookup.name}, count(*) AS number\nFROM {table.qualified} AS each\n"
        f"LEFT JOIN {lookup.table} AS code ON code.{lookup.code} = each.{coded.name}\nGROUP BY 1 ORDER BY 2 DESC, 1;",
        f'rows = con.sql("SELECT * FROM {table.qualified}").df()\n'
        f'codes = con.sql("SELECT {lookup.code} AS {coded.name}, {lookup.name} AS name FROM {lookup.table}").df()\n'
        f'print(rows.merge(codes, on="{coded.name}", how="left", validate="m:1")["name"].value_counts(dropna=False))',
        f'rows <- read("{table.name}")\n'
        f'codes <- read("{name}")[, .({coded.name} = {lookup.code}, name = {lookup.name})]\n'
        f'print(merge(rows, codes, by = "{coded.name}", all.x = TRUE)[, .N, by = name][order(-N, name)])',
        f'use "{table.name}.dta", clear\ntabulate {coded.name}, missing sort',
    )


def _by_year(table: Table) -> Question | None:
    dated = next((each for each in table.columns if each.type == "DATE" and each.name != "AVAIL_FROM_DT"), None)
    if dated is None:
        return None
    return Question(
        f"Rows of {table.name} by year of {dated.name}",
        f"SELECT year({dated.name}) AS year, count(*) AS number\nFROM {table.qualified}\nGROUP BY 1 ORDER BY 1;",
        f'rows = con.sql("SELECT year({dated.name}) AS year FROM {table.qualified}").df()\n'
        'print(rows["year"].value_counts(dropna=False).sort_index())',
        f'print(read("{table.name}")[, .N, by = .(year = year({dated.name}))][order(year)])',
        f'use "{table.name}.dta", clear\ngenerate year = year({dated.name})\ntabulate year, missing',
    )


def _merged(table: Table) -> Question | None:
    """Many to one along an id, with as many rows afterwards as before; the one side may hold exact copies."""
    if not table.refers:
        return None
    column, (there, key) = next(iter(sorted(table.refers.items())))
    name = there.split(".")[1]
    return Question(
        f"{table.name} with the {name} of its {column}: as many rows as before, and how many found one",
        f"SELECT count(*) AS number, count(one.{key}) AS merged\nFROM {table.qualified} AS many\n"
        f"LEFT JOIN (SELECT DISTINCT * FROM {there}) AS one ON one.{key} = many.{column};",
        f'many = con.sql("SELECT {column} FROM {table.qualified}").df()\n'
        f'one = con.sql("SELECT DISTINCT {key} AS {column} FROM {there}").df()\n'
        f'print(many.merge(one, on="{column}", how="left", validate="m:1", indicator=True)["_merge"].value_counts())',
        f'many <- read("{table.name}")[, .({column})]\none <- unique(read("{name}")[, .({column} = {key})])\n'
        f'one[, merged := TRUE]\nprint(merge(many, one, by = "{column}", all.x = TRUE)[, .N, by = merged])',
        f'use "{name}.dta", clear\nduplicates drop\nkeep {key}\n{_renamed(key, column)}tempfile one\nsave `one\'\n'
        f'use "{table.name}.dta", clear\nmerge m:1 {column} using `one\'',
    )


def _statuses(table: Table) -> Question | None:
    if table.column("ALF_STS_CD") is None:
        return None
    return Question(
        "People by match status: analysts keep 1, 4 and 39, some with 35",
        f"SELECT ALF_STS_CD, count(*) AS number\nFROM {table.qualified}\nGROUP BY 1 ORDER BY 1;",
        f'rows = con.sql("SELECT * FROM {table.qualified}").df()\n'
        'print(rows["ALF_STS_CD"].value_counts(dropna=False).sort_index())',
        f'print(read("{table.name}")[, .N, by = ALF_STS_CD][order(ALF_STS_CD)])',
        f'use "{table.name}.dta", clear\ntabulate ALF_STS_CD, missing',
    )


def _renamed(old: str, new: str) -> str:
    return "" if old == new else f"rename {old} {new}\n"
