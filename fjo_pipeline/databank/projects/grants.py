"""What a grant gives of a dataset: which tables, and which of their columns.

The project file itself is read in `project_file`; what the rest of the databank asks of it stands here too.
"""

from collections.abc import Iterator
from dataclasses import replace

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.table_contracts import LINKING_FIELDS
from fjo_pipeline.databank.projects.project_file import (
    Approval,
    DatasetGrant,
    Project,
    SpecialAccess,
    load_project,
    project_numbers,
)
from fjo_pipeline.databank.tables import CuratedTable, curated_tables

__all__ = [
    "Approval",
    "DatasetGrant",
    "Project",
    "SpecialAccess",
    "granted_tables",
    "load_project",
    "project_numbers",
]


def granted_tables(contract: Contract, grant: DatasetGrant, refresh: str) -> list[CuratedTable]:
    """The tables that a grant gives of one refresh, each with the columns that it gives, in SAIL's order.

    Refused for a table or column that is not there, or special access without a grant.
    """
    tables = {table.name: table for table in curated_tables(contract, refresh)}
    special = grant.special_tables
    if grant.tables == "all":
        wanted = {name for name, table in tables.items() if not table.special_access} | special
        wanted -= _lookups_of_others(contract, wanted)
    else:
        wanted = set(grant.tables) | special
    if unknown := sorted(wanted - set(tables)):
        raise Refused(f"{contract.name} has no table '{unknown[0]}'; it has: {', '.join(tables)}")
    ungranted = sorted(name for name in wanted if tables[name].special_access and name not in special)
    if ungranted:
        raise Refused(f"the table '{ungranted[0]}' of {contract.name} needs a special-access grant of its own")
    columns = grant.tables if isinstance(grant.tables, dict) else {}
    return [
        _with_columns(contract, table, columns.get(name, "all")) for name, table in tables.items() if name in wanted
    ]


def _lookups_of_others(contract: Contract, wanted: set[str]) -> set[str]:
    """The lookups that only tables refer to which are not given, and lookups that only these refer to."""
    referring = {
        lookup.name: {each.name for each in contract.tables if lookup.name in set(_referred(contract, each.name))}
        for lookup in contract.tables
        if lookup.kind == "lookup"
    }
    left_out: set[str] = set()
    while more := {
        name
        for name, tables in referring.items()
        if name not in left_out and (others := tables - {name}) and not others & (wanted - left_out)
    }:
        left_out |= more
    return left_out


def _referred(contract: Contract, name: str) -> Iterator[str]:
    for key in contract.table(name).table_schema.foreign_keys:
        yield key.reference.resource


def _with_columns(contract: Contract, table: CuratedTable, granted: object) -> CuratedTable:
    """The table with the granted columns alone, and its keys, without which tables do not hang together."""
    if granted == "all":
        return table
    assert isinstance(granted, tuple)
    # Ids may be written as users know them, with the suffix of the project's layer.
    known = {table.named(column, suffix): column for column in table.columns for suffix in ("", "_PE")}
    known |= {column: column for column in table.columns}
    if unknown := [name for name in granted if name.upper() not in known]:
        raise Refused(
            f"the table '{table.name}' of {contract.name} has no column '{unknown[0]}'; it has: "
            f"{', '.join(table.named(column, '_PE') for column in table.columns)}"
        )
    keys = {column for column, entity in table.entities.items() if entity not in LINKING_FIELDS}
    kept = keys | {known[name.upper()] for name in granted}
    return replace(
        table,
        columns=tuple(column for column in table.columns if column in kept),
        entities={column: entity for column, entity in table.entities.items() if column in kept},
    )
