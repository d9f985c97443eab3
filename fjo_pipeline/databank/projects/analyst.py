"""What an analyst does with an extract: SQL in a session that reaches nothing else, and files in the workspace."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import write_atomically
from fjo_pipeline.core.sessions import WORKING, Session, assert_statements, confine, identifier, literal
from fjo_pipeline.core.stores import file_lock
from fjo_pipeline.databank.flow import Databank
from fjo_pipeline.databank.projects.beside import DICTIONARY, described, dictionary_json
from fjo_pipeline.databank.projects.dictionary import Lookup, Table, all_code_names
from fjo_pipeline.databank.projects.extract import MADE_UP, extract_key, extract_path, read_extract
from fjo_pipeline.databank.projects.grants import load_project
from fjo_pipeline.databank.projects.opening import opened
from fjo_pipeline.databank.projects.stata import write_stata

Format = Literal["csv", "parquet", "stata"]
SUFFIXES = {"csv": "csv", "parquet": "parquet", "stata": "dta"}


@contextmanager
def analyst_session(databank: Databank, number: str) -> Iterator[Session]:
    """A session as the project's analyst has it: the extract to read, `SAILW<nnnn>V` to write, no other file.

    Refused where there is no such project or extract, or an approval does not hold today.
    """
    project = load_project(number, databank.settings.projects)
    project.assert_approved(date.today())
    read_extract(databank, number)
    path, key = extract_path(databank, number), literal(extract_key(databank.keyring, number))
    work = path.with_name(f"{project.work_schema}.duckdb")
    with _alone_in_work_schema(databank, number), opened(databank, number, {"extract": path}, lock=False) as session:
        session.run(
            f"ATTACH {literal(work)} AS {identifier(project.work_schema)} (ENCRYPTION_KEY {key})",
            step="open the analyst's own schema",
        )
        session.run("USE extract", step="choose the extract")
        confine(session, [path.parent])
        yield session


def _alone_in_work_schema(databank: Databank, number: str) -> AbstractContextManager[None]:
    """DuckDB gives a file to one writing process: another one's query is waited for."""
    settings = databank.settings
    return file_lock(
        settings.zone("databank") / "locks" / f"work-{number}.lock",
        wait_seconds=settings.lock_wait_seconds,
        busy=f"the working schema of project {number} is in use by another session; try again when it ends",
    )


def query(databank: Databank, number: str, sql: str) -> pa.Table:
    """The result of an analyst's SQL; Refused for statements that reach for files, StatementFailed."""
    with analyst_session(databank, number) as session:
        assert_statements(session, sql, WORKING, step="read the project's SQL")
        return session.reader(sql, step="run the project's SQL").read_all()


def export(databank: Databank, number: str, form: Format, out: Path | None = None) -> list[Path]:
    """Write every table of an extract as a file of its own and return the files, which are plain.

    Beside them stands `data-dictionary.json`, which says for a machine what every column and code means; in Stata's
    files the same are labels. They stay inside the project's own workspace; `out` elsewhere is Refused unless the data
    are made up, and so is every export of a project that is not there or not approved today.
    """
    load_project(number, databank.settings.projects).assert_approved(date.today())
    extract = read_extract(databank, number)
    if out is not None and not extract.synthetic:
        raise Refused("a plain export of real people's data stays in the project's workspace: leave out --out")
    folder = out or extract_path(databank, number).parent / "workspace" / form
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with opened(databank, number, {"extract": extract_path(databank, number)}) as session:
        tables = described(databank, session, extract)
        names = all_code_names(session, tables)
        # Before a file is there: what lies in plain has an entry.
        databank.ledger.record(
            "export", form, number, "provided", str(extract.snapshot), each_time=True,
            detail={"tables": len(tables), "rows": extract.rows}, why="it was asked for with `fjo project export`",
        )  # fmt: skip
        files = [write_table(session, table, names, form, folder, synthetic=extract.synthetic) for table in tables]
        write_atomically(folder / DICTIONARY, dictionary_json(extract, tables, names).encode())
    if extract.synthetic:
        write_atomically(folder / "README.txt", f"{MADE_UP}.\n".encode())
    return files


def write_table(
    session: Session,
    table: Table,
    names: Mapping[Lookup, Mapping[Any, str]],
    form: Format,
    folder: Path,
    *,
    synthetic: bool,
) -> Path:
    """Write a table of the extract attached as `extract` into a folder; `names` are those of each lookup's codes."""
    target = folder / f"{table.name}.{SUFFIXES[form]}"
    if form == "stata":
        write_stata(session, table, names, target, synthetic=synthetic)
    else:
        source = f"extract.{identifier(table.schema)}.{identifier(table.name)}"
        options = "FORMAT csv, HEADER" if form == "csv" else "FORMAT parquet"
        session.run(f"COPY (FROM {source} ORDER BY ALL) TO {literal(target)} ({options})", step=f"export {table.name}")
    return target
