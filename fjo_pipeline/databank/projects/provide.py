"""What an extract holds: the rows and columns that a project is granted, under its own ids, table by table."""

from typing import Any

from fjo_pipeline.core.key_columns import mapped_keys
from fjo_pipeline.core.keyring import Keyring
from fjo_pipeline.core.sessions import Session, identifier, literal
from fjo_pipeline.databank.ciphers import for_project
from fjo_pipeline.databank.flow import Databank, Partition
from fjo_pipeline.databank.projects.case_views import write_case_views
from fjo_pipeline.databank.projects.grants import DatasetGrant, Project, granted_tables

MADE_UP = "MADE-UP DATA: from synthetic deposits, about nobody"


def provide(
    session: Session, databank: Databank, project: Project, pinned: list[Partition], snapshot: int
) -> dict[str, dict[str, Any]]:
    """Write all that a project is granted of these refreshes into the database attached as `extract`.

    `session` reads the store at `snapshot`. The result is rows and content digest by `SCHEMA.TABLE`. Refused where the
    grants do not fit the dataset; KeyMissing where the project has no keys.
    """
    session.run(f"CREATE SCHEMA extract.{identifier(project.data_schema)}", step="make the project's schema")
    tables: dict[str, dict[str, Any]] = {}
    keyring = databank.keyring
    for partition in pinned:
        grant = project.datasets[partition.dataset]
        _write_partition(session, databank, project, grant, partition, keyring, tables)
    synthetic = any(each.synthetic for each in pinned)
    tables |= write_case_views(
        session, databank, project, pinned, lambda target: _described(session, target, synthetic)
    )
    _write_shared_reference(session, tables, synthetic)
    return tables


def _write_partition(
    session: Session,
    databank: Databank,
    project: Project,
    grant: DatasetGrant,
    partition: Partition,
    keyring: Keyring,
    tables: dict[str, dict[str, Any]],
) -> None:
    contract = databank.contract(partition.dataset)
    for table in granted_tables(contract, grant, partition.refresh):
        schema = table.schema if table.lookup else project.data_schema
        if f"{schema}.{table.table}" in tables:
            continue  # A lookup without a date in its name comes with the first of the pinned refreshes.
        session.run(f"CREATE SCHEMA IF NOT EXISTS extract.{identifier(schema)}", step="make a schema")
        columns = ", ".join(
            f"{identifier(table.named(each, '_E'))} AS {identifier(table.named(each, '_PE'))}" for each in table.columns
        )
        maps = {
            table.named(column, "_PE"): for_project(
                contract, entity, keyring, project.number, partition.alf_e_key_version
            )
            for column, entity in table.entities.items()
        }
        target = f"extract.{identifier(schema)}.{identifier(table.table)}"
        query = f"SELECT {columns} FROM {table.qualified()}"
        with mapped_keys(session, query, maps, step=f"provide {table.table}") as rows:
            session.run(f"CREATE TABLE {target} AS SELECT * FROM {rows} ORDER BY ALL", step=f"write {table.table}")
        tables[f"{schema}.{table.table}"] = _described(session, target, partition.synthetic)


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
    # The sum of the halves is exact; that of whole hashes is a DOUBLE, which drops most of their bits.
    digest = "coalesce(CAST(sum(md5_number_lower(CAST(each AS VARCHAR))) AS VARCHAR), '0')"
    rows, digest = session.row(
        f"SELECT count(*), {digest} FROM {target} AS each",
        step="digest a table",
    )
    return {"rows": rows, "digest": digest}
