"""What tables a dataset has in the databank: those of the contract, its ALF table, and its derived fields."""

from collections.abc import Iterator
from dataclasses import dataclass

from fjo_pipeline.core.contracts import REGISTER_COLUMNS, REGISTER_IDS, Contract
from fjo_pipeline.core.refreshes import parse_refresh
from fjo_pipeline.core.sessions import identifier
from fjo_pipeline.core.table_contracts import TableContract

ALF_COLUMNS = ("PERSON_ID", "ALF", "ALF_STS_CD", "ALF_MTCH_PCT", "WOB", "GNDR_CD", "LSOA_CD", "AVAIL_FROM_DT")


@dataclass(frozen=True)
class CuratedTable:
    """One table or lookup: where it stands, its columns without the suffix of ids, and which of them are ids."""

    name: str
    schema: str
    table: str
    columns: tuple[str, ...]
    entities: dict[str, str]
    special_access: bool
    lookup: bool
    dated: bool = True

    def qualified(self, catalogue: str = "lake") -> str:
        """The table's full name as SQL."""
        return f"{catalogue}.{identifier(self.schema)}.{identifier(self.table)}"

    def named(self, column: str, suffix: str) -> str:
        """A column's name in a layer: ids take the suffix `_E` or `_PE`."""
        return column + suffix if column in self.entities else column


def curated_tables(contract: Contract, refresh: str) -> Iterator[CuratedTable]:
    """Every table that a refresh of a dataset has in the databank, in the contract's order."""
    parse_refresh(refresh)
    if contract.deidentified:
        yield from register_tables(contract, refresh)
        return
    for table in contract.tables:
        if not table.curated:
            continue
        yield CuratedTable(
            name=table.name,
            schema=contract.schema_of(table),
            table=contract.curated_name(table, refresh),
            columns=table.curated_columns,
            entities={column: table.entity(column) for column in table.curated_columns if table.is_id(column)},
            special_access=table.special_access,
            lookup=table.kind == "lookup",
            dated=table.dated,
        )
    yield alf_table(contract, refresh)
    if contract.has_addresses:
        yield ralf_table(contract, refresh)
    if contract.derived:
        yield derived_table(contract, refresh)


def alf_table(contract: Contract, refresh: str) -> CuratedTable:
    """File 3 as users see it, with the person's id in place of the join key."""
    person = person_entity(contract)
    names = contract.names
    return CuratedTable(
        "alf",
        names.data_schema,
        f"{names.alf_table}_{refresh}",
        ALF_COLUMNS,
        {"PERSON_ID": person, "ALF": "alf"},
        False,
        False,
    )


def ralf_table(contract: Contract, refresh: str) -> CuratedTable:
    """People's RALFs at this refresh, in a special-access table of their own: they say who lives together."""
    names = contract.names
    return CuratedTable(
        "ralf",
        names.data_schema,
        f"{names.ralf_table}_{refresh}",
        ("PERSON_ID", "RALF", "AVAIL_FROM_DT"),
        {"PERSON_ID": person_entity(contract), "RALF": "ralf"},
        True,
        False,
    )


def register_tables(contract: Contract, refresh: str) -> Iterator[CuratedTable]:
    """A register's people, and their addresses over time, which need special access."""
    names = contract.deidentified
    assert names is not None
    for name, sail in (("persons", names.persons), ("addresses", names.addresses)):
        columns = REGISTER_COLUMNS[name]
        ids = {column: REGISTER_IDS[column] for column in columns if column in REGISTER_IDS}
        yield CuratedTable(
            name, names.data_schema, f"{sail}_{refresh}", columns, ids, special_access=name == "addresses", lookup=False
        )


def derived_table(contract: Contract, refresh: str) -> CuratedTable:
    """The fields that were derived at the split, in a special-access table of their own."""
    assert contract.derived is not None
    names = contract.names
    return CuratedTable(
        "derived",
        names.data_schema,
        f"{names.table_prefix}_{contract.derived.table}_{refresh}",
        ("PERSON_ID", contract.derived.name, "AVAIL_FROM_DT"),
        {"PERSON_ID": person_entity(contract)},
        True,
        False,
    )


def person_entity(contract: Contract) -> str:
    """The entity of people's keys, the same in each table of people."""
    return _people(contract).person_key.entity or ""


def _people(contract: Contract) -> TableContract:
    return contract.people_tables[0]
