"""What an analyst does with an extract: SQL in a session that reaches nothing else, and files in the workspace."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyreadstat

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import write_atomically
from fjo_pipeline.core.sessions import WORKING, Session, assert_statements, confine, identifier, literal, open_session
from fjo_pipeline.databank.flow import Databank
from fjo_pipeline.databank.projects.extract import MADE_UP, Extract, extract_key, extract_path, read_extract
from fjo_pipeline.databank.projects.grants import load_project

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
    settings = databank.settings
    with open_session(
        settings.temporary("databank"),
        memory_limit=settings.databank_memory_limit,
        threads=settings.threads,
        lock=False,
    ) as session:
        session.run(f"ATTACH {literal(path)} AS extract (ENCRYPTION_KEY {key}, READ_ONLY)", step="open the extract")
        session.run(
            f"ATTACH {literal(work)} AS {identifier(project.work_schema)} (ENCRYPTION_KEY {key})",
            step="open the analyst's own schema",
        )
        session.run("USE extract", step="choose the extract")
        confine(session, [path.parent])
        yield session


def query(databank: Databank, number: str, sql: str) -> pa.Table:
    """The result of an analyst's SQL; Refused for statements that reach for files, StatementFailed."""
    with analyst_session(databank, number) as session:
        assert_statements(session, sql, WORKING, step="read the project's SQL")
        return session.reader(sql, step="run the project's SQL").read_all()


def export(databank: Databank, number: str, form: Format, out: Path | None = None) -> list[Path]:
    """Write every table of an extract as a file of its own and return the files, which are plain.

    They stay inside the project's own workspace; `out` elsewhere is Refused unless the data are made up, and so is
    every export of a project that is not there or not approved today.
    """
    load_project(number, databank.settings.projects).assert_approved(date.today())
    extract = read_extract(databank, number)
    if out is not None and not extract.synthetic:
        raise Refused("a plain export of real people's data stays in the project's workspace: leave out --out")
    folder = out or extract_path(databank, number).parent / "workspace" / form
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = [_export_table(databank, number, extract, name, form, folder) for name in sorted(extract.tables)]
    if extract.synthetic:
        write_atomically(folder / "README.txt", f"{MADE_UP}.\n".encode())
    databank.ledger.record(
        "export", form, number, "provided", str(extract.snapshot), detail={"tables": len(files), "rows": extract.rows}
    )
    return files


def _export_table(databank: Databank, number: str, extract: Extract, name: str, form: Format, folder: Path) -> Path:
    schema, table = name.split(".")
    target = folder / f"{table}.{SUFFIXES[form]}"
    key = literal(extract_key(databank.keyring, number))
    settings = databank.settings
    with open_session(
        settings.temporary("databank"), memory_limit=settings.databank_memory_limit, threads=settings.threads
    ) as session:
        path = literal(extract_path(databank, number))
        session.run(f"ATTACH {path} AS extract (ENCRYPTION_KEY {key}, READ_ONLY)", step="open the extract")
        source = f"extract.{identifier(schema)}.{identifier(table)}"
        if form == "stata":
            _write_stata(session, source, target, extract.synthetic)
        else:
            options = "FORMAT csv, HEADER" if form == "csv" else "FORMAT parquet"
            session.run(f"COPY (FROM {source} ORDER BY ALL) TO {literal(target)} ({options})", step=f"export {table}")
    return target


def _write_stata(session: Session, source: str, target: Path, synthetic: bool) -> None:
    """A .dta file: numbers as doubles, which hold 14 digits exactly and show as `%14.0g`; dates as days since 1960.

    Dates are counted in SQL, for a week of birth may keep a century typo that no pandas timestamp can hold.
    """
    columns = session.rows(f"SELECT column_name, column_type FROM (DESCRIBE {source})", step="describe for Stata")
    values = ", ".join(f"{_for_stata(identifier(name), kind)} AS {identifier(name)}" for name, kind in columns)
    frame = session.reader(f"SELECT {values} FROM {source} ORDER BY ALL", step="read for Stata").read_all().to_pandas()
    formats = {name: "%td" if kind == "DATE" else "%14.0g" for name, kind in columns if kind != "VARCHAR"}
    pyreadstat.write_dta(frame, target, file_label="MADE-UP DATA" if synthetic else "", variable_format=formats)


def _for_stata(column: str, kind: str) -> str:
    if kind == "DATE":
        return f"CAST(date_diff('day', DATE '1960-01-01', {column}) AS DOUBLE)"
    return f"coalesce({column}, '')" if kind == "VARCHAR" else f"CAST({column} AS DOUBLE)"
