"""What an extract holds: the rows and columns that a project is granted, under its own ids, table by table."""

from collections.abc import Iterator
from typing import Any

from fjo_pipeline.core.key_columns import mapped_keys
from fjo_pipeline.core.keyring import Keyring
from fjo_pipeline.core.sessions import Session, identifier, literal
from fjo_pipeline.databank.ciphers import for_project
from fjo_pipeline.databank.flow import Databank, Partition
from fjo_pipeline.databank.projects.case_views import write_case_views
from fjo_pipeline.databank.projects.content import content_of
from fjo_pipeline.databank.projects.grants import Project, granted_tables
from fjo_pipeline.databank.projects.selection import Given, select
from fjo_pipeline.databank.tables import CuratedTable

MADE_UP = "MADE-UP DATA: from synthetic deposits, about nobody"


def provide(
    session: Session, databank: Databank, project: Project, pinned: list[Partition], snapshot: int
) -> dict[str, dict[str, Any]]:
    """Write all that a project is granted of these refreshes into the database attached as `extract`.

    `session` reads the store at `snapshot`. The result is rows and content digest by `SCHEMA.TABLE`. Refused where the
    grants do not fit the dataset, or the cohort is nobody or everybody; KeyMissing where the project has no keys.
    """
    session.run(f"CREATE SCHEMA extract.{identifier(project.data_schema)}", step="make the project's schema")
    tables: dict[str, dict[str, Any]] = {}
    for given in select(session, databank, project, pinned, snapshot):
        for table, query in queries(given):
            schema = table.schema if table.lookup else project.data_schema
            # A lookup without a date in its name comes with the first of the pinned refreshes.
            if (name := f"{schema}.{table.table}") not in tables:
                tables[name] = _write(session, databank.keyring, given, table, query, schema)
    synthetic = any(each.synthetic for each in pinned)
    tables |= write_case_views(
        session, databank, project, pinned, lambda target: _described(session, target, synthetic)
    )
    _write_shared_reference(session, tables, synthetic)
    return tables


def queries(given: Given) -> Iterator[tuple[CuratedTable, str]]:
    """The tables that a project gets of a refresh, and the SQL of their rows, in which ids are still `_E`."""
    for table in granted_tables(given.contract, given.project.datasets[given.contract.name], given.partition.refresh):
        yield table, given.query(table)
    if given.project.comparison is not None:
        yield given.groups_table(), given.groups_query()


def _write(
    session: Session, keyring: Keyring, given: Given, table: CuratedTable, query: str, schema: str
) -> dict[str, Any]:
    """Write one table under the project's ids and in their order, which is nobody else's."""
    session.run(f"CREATE SCHEMA IF NOT EXISTS extract.{identifier(schema)}", step="make a schema")
    maps = {
        table.named(column, "_PE"): for_project(
            given.contract, entity, keyring, given.project.number, given.partition.alf_e_key_version
        )
        for column, entity in table.entities.items()
    }
    target = f"extract.{identifier(schema)}.{identifier(table.table)}"
    columns = sorted(table.columns, key=lambda column: column not in table.entities)
    order = ", ".join(identifier(table.named(column, "_PE")) for column in columns)
    with mapped_keys(session, query, maps, step=f"provide {table.table}") as rows:
        session.run(f"CREATE TABLE {target} AS SELECT * FROM {rows} ORDER BY {order}", step=f"write {table.table}")
    return _described(session, target, given.partition.synthetic)


def _write_shared_reference(session: Session, tables: dict[str, dict[str, Any]], synthetic: bool) -> None:
    """Every reference table of the release, and the lists of areas that dbt has put beside them."""
    session.run("CREATE SCHEMA IF NOT EXISTS extract.SAILREFRV", step="make a schema")
    for (found,) in session.rows(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'lake' AND lower(schema_name) = 'sailrefrv' "
        "ORDER BY upper(table_name)",
        step="list reference tables",
    ):
        name = found.upper()
        target = f"extract.SAILREFRV.{identifier(name)}"
        session.run(
            f"CREATE TABLE {target} AS FROM lake.SAILREFRV.{identifier(found)} ORDER BY ALL", step=f"provide {name}"
        )
        tables[f"SAILREFRV.{name}"] = _described(session, target, synthetic)


def _described(session: Session, target: str, synthetic: bool) -> dict[str, Any]:
    """Rows and content digest of a table; a table of made-up people is told so in its comment."""
    if synthetic:
        session.run(f"COMMENT ON TABLE {target} IS {literal(MADE_UP)}", step="mark made-up data")
    return content_of(session, target)
