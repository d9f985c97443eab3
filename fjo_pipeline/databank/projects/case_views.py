"""The case views of an extract: the models' case, case_adult, case_app and hearing, as a second team's code reads them.

Columns as UCL-CHIG/cafcass-mortality has them, then refresh and source. A project file names in `views` those that are
granted; they hold the newest pinned refresh of each dataset, under the project's ids, and only ids that the extract
has already, so that they tell of nobody else.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.key_columns import mapped_keys
from fjo_pipeline.core.sessions import Session, identifier, literal
from fjo_pipeline.databank.ciphers import for_project
from fjo_pipeline.databank.flow import Databank, Partition
from fjo_pipeline.databank.projects.grants import Project, granted_tables
from fjo_pipeline.databank.quality.page import SOURCES
from fjo_pipeline.databank.tables import person_entity

CaseView = Literal["case", "case_adult", "case_app", "hearing"]
IDS: Mapping[CaseView, tuple[str, ...]] = {
    "case": ("case_id",),
    "case_adult": ("case_id", "adult_id"),
    "case_app": ("case_id",),
    "hearing": ("case_id",),
}
"""The columns of each view that are ids."""


def write_case_views(
    session: Session,
    databank: Databank,
    project: Project,
    pinned: Sequence[Partition],
    described: Callable[[str], dict[str, Any]],
) -> dict[str, dict[str, Any]]:
    """Write the granted views into the database attached as `extract`; rows and digest by `SCHEMA.TABLE`.

    Refused where views are granted without the tables that hold their ids, or the models do not have them.
    """
    newest = {each.dataset: each for each in pinned if each.dataset in SOURCES}
    tables: dict[str, dict[str, Any]] = {}
    for view in project.views:
        target = f"extract.{identifier(project.data_schema)}.{identifier(view)}"
        if not _stands(session, view):
            raise Refused(f"the view '{view}' is not among the released models: run `fjo refresh`")
        session.run(f"CREATE TABLE {target} AS FROM lake.marts.{identifier(view)} LIMIT 0", step=f"lay out {view}")
        for partition in newest.values():
            _insert(session, databank, project, partition, view, target)
        tables[f"{project.data_schema}.{view}"] = described(target)
    return tables


def _insert(
    session: Session, databank: Databank, project: Project, partition: Partition, view: CaseView, target: str
) -> None:
    contract = databank.contract(partition.dataset)
    entities = {column: _entity(contract, column) for column in IDS[view]}
    maps = {
        column: for_project(contract, entity, databank.keyring, project.number, partition.alf_e_key_version)
        for column, entity in entities.items()
    }
    query = (
        f"SELECT * FROM lake.marts.{identifier(view)} WHERE source = {literal(SOURCES[partition.dataset])} "
        f"AND refresh = {literal(partition.refresh)}"
    )
    known = " AND ".join(
        f"{column} IN ({' UNION '.join(_ids(contract, project, partition, entity))})"
        for column, entity in entities.items()
    )
    with mapped_keys(session, query, maps, step=f"provide {view}") as rows:
        session.run(f"INSERT INTO {target} FROM {rows} WHERE {known} ORDER BY ALL", step=f"write {view}")


def _entity(contract: Contract, column: str) -> str:
    """What a view's id is an id of; Cymru has no cases, so there a case is an application [R]."""
    if column == "adult_id":
        return person_entity(contract)
    keys = {field.entity for table in contract.tables for field in table.fields if field.role == "key"}
    return "case" if "case" in keys else "application"


def _ids(contract: Contract, project: Project, partition: Partition, entity: str) -> Iterator[str]:
    """SQL for every id of an entity that the extract has from this refresh; Refused where it has no such column."""
    found = False
    for table in granted_tables(contract, project.datasets[partition.dataset], partition.refresh):
        schema = table.schema if table.lookup else project.data_schema
        for column, of in table.entities.items():
            if of == entity:
                found = True
                name = f"extract.{identifier(schema)}.{identifier(table.table)}"
                yield f"SELECT {identifier(table.named(column, '_PE'))} FROM {name}"
    if not found:
        raise Refused(
            f"project {project.number}: its views need a table of {contract.name} that holds ids of {entity}; "
            "grant one, or leave `views` out"
        )


def _stands(session: Session, view: str) -> bool:
    return bool(
        session.value(
            "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'lake' AND schema_name = 'marts' "
            "AND table_name = ?",
            (view,),
            step="look for a view",
        )
    )
