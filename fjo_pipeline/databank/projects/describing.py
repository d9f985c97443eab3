"""What each table and column of an extract is: labels, codes and lookups, from contracts and the file itself.

One description serves the data dictionary, labels in exported files, the worked queries and the catalogue.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import yaml

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.core.table_contracts import TableContract
from fjo_pipeline.databank.dbt import MODELS
from fjo_pipeline.databank.projects.dictionary import CODES, SAID, Column, Lookup, Table
from fjo_pipeline.databank.tables import CuratedTable, curated_tables

_PROJECT = "SAIL<nnnn>V"
_DATE = "20000101"
"""Stand for any project's schema and any refresh date where a contract alone is described."""


def describe(
    session: Session,
    contracts: Mapping[str, Contract],
    refreshes: Mapping[str, Sequence[str]],
    rows: Mapping[str, int | None],
    data_schema: str,
) -> list[Table]:
    """Every table of the extract attached as `extract`, by name; `rows` are those of `SCHEMA.TABLE`."""
    columns: dict[str, list[tuple[str, str]]] = {}
    for schema, table, column, kind in session.rows(
        "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = 'extract' ORDER BY schema_name, table_name, column_index",
        step="describe the extract",
    ):
        columns.setdefault(f"{schema}.{table}", []).append((column, kind))
    known = {
        each.qualified: each
        for dataset, dates in sorted(refreshes.items())
        for refresh in dates
        for each in _of_refresh(contracts[dataset], refresh, columns, rows, data_schema)
    }
    return [known.get(name) or _shared(name, columns[name], rows[name], data_schema) for name in sorted(rows)]


def describe_contract(contract: Contract) -> list[Table]:
    """Every table that a project may have of a dataset, as its contract has it: names end in `<date>`, no rows."""
    columns = {
        f"{each.schema if each.lookup else _PROJECT}.{each.table}": [
            (each.named(column, "_PE"), _declared(contract, each, column)) for column in each.columns
        ]
        for each in curated_tables(contract, _DATE)
    }
    found = _of_refresh(contract, _DATE, columns, dict.fromkeys(columns), _PROJECT)
    return [
        replace(
            each, name=_undated(each.name), refresh=None, refers={}, columns=tuple(map(_undated_column, each.columns))
        )
        for each in found
    ]


def _of_refresh(
    contract: Contract,
    refresh: str,
    columns: Mapping[str, list[tuple[str, str]]],
    rows: Mapping[str, int | None],
    data_schema: str,
) -> Iterator[Table]:
    deposited = {table.name: table for table in contract.tables}
    standing = {
        each.name: f"{each.schema if each.lookup else data_schema}.{each.table}"
        for each in curated_tables(contract, refresh)
    }
    for each in curated_tables(contract, refresh):
        name = standing[each.name]
        if name not in rows:
            continue
        table = deposited.get(each.name) if not contract.deidentified else None
        lookups = _lookups(contract, table, standing, rows) if table else {}
        yield Table(
            schema=name.split(".")[0],
            name=each.table,
            title=table.title if table else _title(each, contract),
            kind="lookup" if each.lookup else "table",
            rows=rows[name],
            columns=tuple(_column(column, kind, each, table, contract, lookups) for column, kind in columns[name]),
            dataset=contract.name,
            refresh=refresh,
            special_access=each.special_access,
            reconstruction=table.reconstruction if table else False,
            key=_seen(each, table.table_schema.primary_key) if table else None,
            refers=dict(_refers(each, table, standing, rows, deposited)) if table else {},
        )


def _lookups(
    contract: Contract, table: TableContract, standing: Mapping[str, str], rows: Mapping[str, int | None]
) -> dict[str, Lookup]:
    """The lookup of each coded column, where the extract holds it and it has names."""
    found: dict[str, Lookup] = {}
    for key in table.table_schema.foreign_keys:
        there = contract.table(key.reference.resource)
        names = [each.name for each in there.file_2_fields if each.type == "string" and each.name != key.fields]
        if there.kind == "lookup" and names and standing.get(there.name) in rows:
            found[key.fields] = Lookup(standing[there.name], key.reference.fields, names[0])
    return found


def _refers(
    each: CuratedTable,
    table: TableContract,
    standing: Mapping[str, str],
    rows: Mapping[str, int | None],
    deposited: Mapping[str, TableContract],
) -> Iterator[tuple[str, tuple[str, str]]]:
    for key in table.table_schema.foreign_keys:
        there = deposited[key.reference.resource]
        if there.kind != "lookup" and standing.get(there.name) in rows and key.fields in each.entities:
            yield f"{key.fields}_PE", (standing[there.name], f"{key.reference.fields}_PE")


def _column(
    name: str,
    kind: str,
    each: CuratedTable,
    table: TableContract | None,
    contract: Contract,
    lookups: Mapping[str, Lookup],
) -> Column:
    plain = name.removesuffix("_PE") if name.removesuffix("_PE") in each.entities else name
    deposited = {one.name: one for one in table.fields} if table else {}
    said = table.linked[plain].said if table and plain in table.linked else plain
    label, codes = SAID.get(said, ""), CODES.get(said, {})
    if plain in deposited:
        one = deposited[plain]
        label = ". ".join(text for text in (one.title, one.description) if text)
        codes = dict.fromkeys(one.constraints.enum or (), "")
    elif contract.derived and plain == contract.derived.name:
        label = "Exact age band at the first application of the types " + ", ".join(contract.derived.type_names)
    return Column(name, kind, label, each.entities.get(plain), lookups.get(plain), codes)


def _declared(contract: Contract, each: CuratedTable, column: str) -> str:
    """What a column holds by its contract, in the words of Table Schema; `id` for a linking field or key."""
    if column in each.entities:
        return "id"
    if not contract.deidentified:
        fields = {one.name: one.type for table in contract.tables if table.name == each.name for one in table.fields}
        if column in fields:
            return fields[column]
    dates = ("WOB", "DOD", "WEEKOFBIRTH", "FROM_DT", "TO_DT", "AVAIL_FROM_DT")
    return "date" if column in dates else "number" if column == "ALF_MTCH_PCT" else "string"


def _undated(name: str) -> str:
    return name.replace(_DATE, "<date>")


def _undated_column(column: Column) -> Column:
    lookup = column.lookup
    return replace(column, lookup=replace(lookup, table=_undated(lookup.table))) if lookup else column


def _seen(each: CuratedTable, column: str | None) -> str | None:
    return each.named(column, "_PE") if column in each.columns else None


def _title(each: CuratedTable, contract: Contract) -> str:
    """The title of a table that no deposit has."""
    return {
        "alf": "Links: one row a person, with match status and what the trusted third party says of the person",
        "ralf": "Residences: one row a person, with the residence's linking field [R]",
        "derived": "Derived at the split, before the dates of birth were left behind: one row a child",
        "persons": f"People of the register: {contract.title}",
        "addresses": f"Addresses of the register's people: {contract.title}",
    }[each.name]


def _shared(name: str, columns: Sequence[tuple[str, str]], rows: int | None, data_schema: str) -> Table:
    """A table of no dataset: a view of the models, a reference file or a list of areas."""
    schema, table = name.split(".")
    model = _model(table) if schema == data_schema else None
    title, labels = model or ("Shared reference; see docs/reference-data.md", {})
    return Table(
        schema, table, title, "view" if model else "reference", rows,
        tuple(Column(column, kind, labels.get(column, SAID.get(column, ""))) for column, kind in columns),
    )  # fmt: skip


@lru_cache(maxsize=8)
def _model(name: str) -> tuple[str, dict[str, str]] | None:
    """What a mart's own file says of it: description, and its columns' descriptions; None where there is no such."""
    path = MODELS / "models" / "marts" / f"{name}.yml"
    if not path.is_file():
        return None
    (model,) = yaml.safe_load(path.read_text())["models"]
    columns = {each["name"]: str(each.get("description", "")).strip() for each in model.get("columns", [])}
    return str(model.get("description", "")).strip(), columns
