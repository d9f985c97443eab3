"""Which rows of a refresh hang on which people, read off the contract's keys.

A table whose rows are about people gives theirs. A table to which such rows refer (applications, and through them
cases) gives the rows that are referred to. Any other table gives the rows that refer to a row that is given, as the
hearings of a case do.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count

from fjo_pipeline.core.contracts import REGISTER_PERSON, Contract
from fjo_pipeline.core.sessions import Session, identifier
from fjo_pipeline.core.table_contracts import LINKING_FIELDS, TableContract
from fjo_pipeline.databank.tables import CuratedTable, curated_tables, person_entity

_numbers = count()


@dataclass(frozen=True)
class Slot:
    """A place for a person in a table's rows: the column of the person's key, if it is there, and what is said besides.

    `said` are the columns that say something of the person, by what of File 3 they say.
    """

    key: str | None
    said: dict[str, str] = field(default_factory=dict)

    def says(self, what: str) -> str | None:
        """The column that says this of the person, where there is one."""
        return next((column for column, said in self.said.items() if said == what), None)


@dataclass
class Chosen:
    """What of one refresh hangs on some people: the condition of each table's rows, and the ids that are in them.

    `people` is a table of the people's ids, `alfs` one of their linking fields, all `_E`; `ids` are such tables by
    entity. In an `entered` table a row may refer to another one of the same table, which need not be given.
    """

    people: str
    alfs: str
    rows: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    entered: dict[str, str] = field(default_factory=dict)

    def has(self, table: CuratedTable, slot: Slot) -> str:
        """The condition that the person in a slot is one of the people."""
        if slot.key:
            return f"{stored(table, slot.key)} IN (SELECT id FROM {self.people})"
        alf = slot.says("ALF")
        return f"{stored(table, alf)} IN (SELECT id FROM {self.alfs})" if alf else "false"

    def outside(self, table: CuratedTable, column: str) -> str | None:
        """The table of given ids for a column that refers to another row of its own table; None for any other."""
        own = self.entered.get(table.name)
        if own is None or column == own or table.entities.get(column) != table.entities[own]:
            return None
        return self.ids[table.entities[own]]


def slots_of(contract: Contract, table: CuratedTable) -> list[Slot]:
    """The people whom each row of a table is about, in the order of its columns."""
    keys = [column for column, entity in table.entities.items() if entity == people_entity(contract)]
    given = _table_contract(contract, table)
    if given is None:
        # The ALF table and its like: what their columns say has the very names that File 3 has.
        return [Slot(key, {column: column for column in table.columns if column != key}) for key in keys]
    own = given.table_schema.primary_key if given.kind == "people" else None
    said: dict[str | None, dict[str, str]] = {key: {} for key in keys}
    for column, linked in given.linked.items():
        said.setdefault(linked.person or own, {})[column] = linked.said
    return [Slot(person if person in keys else None, columns) for person, columns in said.items()]


def people_entity(contract: Contract) -> str:
    """The entity of people's keys in a dataset or a register."""
    return REGISTER_PERSON if contract.deidentified else person_entity(contract)


def stored(table: CuratedTable, column: str) -> str:
    """A column as it is called in the databank, quoted."""
    return f"given.{identifier(table.named(column, '_E'))}"


def choose(
    session: Session,
    contract: Contract,
    refresh: str,
    people: str,
    alfs: str,
    among: Sequence[CuratedTable] | None = None,
) -> Chosen:
    """What hangs on these people, in the curated tables or `among` others; writes tables of ids beside theirs."""
    tables = [each for each in among or curated_tables(contract, refresh) if not each.lookup]
    chosen = Chosen(people, alfs)
    about = [each for each in tables if slots_of(contract, each)]
    others = [each for each in tables if each not in about]
    for entity in sorted({entity for each in others for entity in _keys(each).values()}):
        chosen.ids[entity] = f"memory.main.given_ids_{next(_numbers)}"
        session.run(f"CREATE TABLE {chosen.ids[entity]} (id BIGINT)", step="make room for given ids")
    for table in about:
        chosen.rows[table.name] = _any(chosen.has(table, slot) for slot in slots_of(contract, table))
        _note_ids(session, chosen, table, _keys(table))
    _enter(session, contract, chosen, about, others)
    _hang(session, contract, chosen, [each for each in others if each.name not in chosen.entered])
    for table in about:
        chosen.rows[table.name] = _with_rows_about_nobody(contract, chosen, table)
    return chosen


def _enter(
    session: Session,
    contract: Contract,
    chosen: Chosen,
    about: Sequence[CuratedTable],
    others: Sequence[CuratedTable],
) -> None:
    """Follow rows to those that they refer to in other tables, until there are no more."""
    referring = list(about)
    while found := [
        (each, own)
        for each in others
        if each.name not in chosen.entered
        and (own := _own_key(contract, each))
        and any(_keys(each)[own] in _keys(one).values() for one in referring)
    ]:
        for table, own in found:
            chosen.entered[table.name] = own
            chosen.rows[table.name] = _in(chosen, table, own)
            referring.append(table)
    entered = [each for each in others if each.name in chosen.entered]
    known, before = 0, -1
    while known != before:
        before, known = known, sum(_note_references(session, chosen, each) for each in entered)


def _note_references(session: Session, chosen: Chosen, table: CuratedTable) -> int:
    """Note what a table's rows refer to in other tables; returns how many ids are known of these by now."""
    own = table.entities[chosen.entered[table.name]]
    return _note_ids(session, chosen, table, {key: entity for key, entity in _keys(table).items() if entity != own})


def _hang(session: Session, contract: Contract, chosen: Chosen, tables: Sequence[CuratedTable]) -> None:
    """Give tables that nobody's rows refer to the rows that refer to given ones; one may hang on another."""
    pending = list(tables)
    while ready := [each for each in pending if _parents(contract, each, chosen)]:
        for table in ready:
            chosen.rows[table.name] = _any(_in(chosen, table, column) for column in _parents(contract, table, chosen))
            if own := _own_key(contract, table):
                _note_ids(session, chosen, table, {own: table.entities[own]})
        pending = [each for each in pending if each not in ready]
    chosen.rows |= {each.name: "false" for each in pending}


def _parents(contract: Contract, table: CuratedTable, chosen: Chosen) -> list[str]:
    """The columns of a table that refer to rows of other tables of which it is known which are given."""
    given = _table_contract(contract, table)
    keys = given.table_schema.foreign_keys if given else ()
    return [
        each.fields
        for each in keys
        if each.reference.resource in chosen.rows
        and each.reference.resource != table.name
        and table.entities.get(each.fields) in chosen.ids
    ]


def _with_rows_about_nobody(contract: Contract, chosen: Chosen, table: CuratedTable) -> str:
    """A table's condition, and where a row may name nobody (an order of a whole application): what it hangs on."""
    rows = chosen.rows[table.name]
    keys = [slot.key for slot in slots_of(contract, table)]
    parents = _parents(contract, table, chosen)
    if None in keys or not parents:
        return rows
    nobody = " AND ".join(f"{stored(table, key)} IS NULL" for key in keys if key)
    return f"({rows} OR ({nobody} AND {_any(_in(chosen, table, each) for each in parents)}))"


def _note_ids(session: Session, chosen: Chosen, table: CuratedTable, columns: dict[str, str]) -> int:
    """Add the ids in some columns of a table's rows to what is known of their entities; returns how many are known."""
    known = 0
    for column, entity in columns.items():
        if (ids := chosen.ids.get(entity)) is None:
            continue
        value = stored(table, column)
        session.run(
            f"INSERT INTO {ids} SELECT DISTINCT {value} FROM {table.qualified()} AS given WHERE {value} IS NOT NULL "
            f"AND {chosen.rows[table.name]} AND {value} NOT IN (SELECT id FROM {ids})",
            step=f"find what hangs on {table.table}",
        )
        known += int(session.value(f"SELECT count(*) FROM {ids}", step="count given ids"))
    return known


def _own_key(contract: Contract, table: CuratedTable) -> str | None:
    """The column by which rows are known: the primary key; without one the first key, where none refers elsewhere."""
    given = _table_contract(contract, table)
    if given is None:
        return None
    primary = given.table_schema.primary_key
    if primary:
        return primary if primary in _keys(table) else None
    refers = {each.fields for each in given.table_schema.foreign_keys}
    return None if refers & set(_keys(table)) else next(iter(_keys(table)), None)


def _keys(table: CuratedTable) -> dict[str, str]:
    """The columns that are keys of the source, by entity: not the ids that the trusted third party gave."""
    return {column: entity for column, entity in table.entities.items() if entity not in LINKING_FIELDS}


def _table_contract(contract: Contract, table: CuratedTable) -> TableContract | None:
    if contract.deidentified:
        return None
    return next((each for each in contract.tables if each.name == table.name), None)


def _in(chosen: Chosen, table: CuratedTable, column: str) -> str:
    return f"{stored(table, column)} IN (SELECT id FROM {chosen.ids[table.entities[column]]})"


def _any(conditions: Iterable[str]) -> str:
    return f"({' OR '.join(conditions) or 'false'})"
