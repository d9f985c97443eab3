"""How many rows each table of a contract has, and what each row hangs on: people, another table's rows, or nothing.

A row comes after what it refers to, so a refresh that shows it shows those rows too.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

import numpy as np

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.table_contracts import FieldContract, TableContract
from fjo_pipeline.synthetic.couples import HORIZON
from fjo_pipeline.synthetic.distinct import capacity
from fjo_pipeline.synthetic.source_people import OPENED, SourcePeople
from fjo_pipeline.synthetic.streams import Ints, stream

PEOPLE = "people of any table"
_ROWS_A_PERSON = 0.6  # of a table that hangs on nothing
_ROWS_OF_LOOKUP = 8
_GAP_DAYS = 250
_MOST_A_ROW = 40


@dataclass(frozen=True)
class Target:
    """What a field refers to: a field of a table, or the people of any table."""

    table: str
    field: str
    required: bool


@dataclass(frozen=True)
class Rows:
    """A table's rows: the day each was made, its person (-1: none), and its row in the tables that it hangs on."""

    made: Ints
    person: Ints
    links: dict[str, Ints] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.made)


def targets(contract: Contract, table: TableContract) -> dict[str, Target]:
    """What the fields of a table refer to: by a declared foreign key, else by an entity that another table is about."""
    result: dict[str, Target] = {}
    declared = {key.fields: key.reference for key in table.table_schema.foreign_keys}
    for each in table.fields:
        required = each.constraints.required or each.name == table.table_schema.primary_key
        if each.name in declared:
            result[each.name] = Target(declared[each.name].resource, declared[each.name].fields, required)
        elif each.role == "key" and (about := _about(contract, table, each)):
            result[each.name] = Target(*about, required)
    return result


def _about(contract: Contract, table: TableContract, key: FieldContract) -> tuple[str, str] | None:
    is_own = key.name == table.table_schema.primary_key
    if contract.people_tables and key.entity == contract.people_tables[0].person_key.entity:
        return None if is_own and table.kind == "people" else (PEOPLE, "")
    for other in contract.tables:
        name = other.table_schema.primary_key
        if other.kind != "people" and name is not None and other.field(name).entity == key.entity:
            return None if is_own else (other.name, name)
    return None


def building_order(contract: Contract) -> list[TableContract]:
    """The tables, each after those that its required fields refer to; of the optional ones, as far as it goes.

    People's keys stand before anything else, so an optional reference to them waits for nothing. Refused where tables
    require one another in a circle.
    """
    people = {each.name for each in contract.people_tables}

    def waits_for(table: TableContract, required: bool) -> set[str]:
        waits: set[str] = set()
        for target in targets(contract, table).values():
            is_person = target.table == PEOPLE or target.table in people
            if target.required or not (required or is_person):
                waits |= people if target.table == PEOPLE else {target.table}
        return waits - (people if table.name in people else {table.name})

    for only_required in (False, True):
        graph = {each.name: sorted(waits_for(each, only_required)) for each in contract.tables}
        try:
            return [contract.table(name) for name in TopologicalSorter(graph).static_order()]
        except CycleError:
            continue
    raise Refused(
        f"{contract.name}: tables require one another in a circle: no row could be the first; mend the contract"
    )


def lay_out(contract: Contract, table: TableContract, people: SourcePeople, size: int, laid: dict[str, Rows]) -> Rows:
    """The rows of one table up to the horizon, given those of the tables that it may hang on."""
    if table.kind == "people":
        at = np.flatnonzero(people.table == contract.people_tables.index(table))
        return Rows(people.made[at], at)
    if table.kind == "lookup":
        rows = len(table.synthetic.values) or min(_lookup_size(table), _most(table))
        return Rows(np.full(rows, OPENED), np.full(rows, -1))
    parent = parent_of(contract, table, laid)
    rng = stream(people.seed, contract.name, table.name, "rows")
    if parent is None:
        count = min(max(1, int(size * _ROWS_A_PERSON * table.synthetic.mean / 1.5)), _most(table))
        made = np.sort(rng.integers(OPENED, HORIZON, count))
        made[0] = OPENED
        return _once_possible(contract, table, Rows(made, np.full(count, -1)), laid)
    above = people_rows(people) if parent == PEOPLE else laid[parent]
    # A mean of geometric numbers: most have few rows, some have many.
    counts = rng.poisson(rng.gamma(1.0, table.synthetic.mean, len(above)))
    counts = np.minimum(
        counts, 1 if _is_one_to_one(contract, table, parent) else max(_MOST_A_ROW, 4 * table.synthetic.mean)
    )
    hung = np.repeat(np.arange(len(above)), counts.astype(np.int64))[: _most(table)]
    gap = (rng.exponential(_GAP_DAYS, len(hung)) * (rng.random(len(hung)) < 0.8)).astype(np.int64)
    links = {name: rows[hung] for name, rows in above.links.items()}
    if parent != PEOPLE:
        links[parent] = hung
    return _once_possible(contract, table, Rows(above.made[hung] + gap, above.person[hung], links), laid)


def people_rows(people: SourcePeople) -> Rows:
    """The people of all tables as rows."""
    return Rows(people.made, np.arange(len(people.person)))


def parent_of(contract: Contract, table: TableContract, laid: dict[str, Rows]) -> str | None:
    """What the number of a table's rows depends on: what the contract says, else the reference that leads deepest."""
    people = {each.name for each in contract.people_tables}
    if table.synthetic.rows_per is not None:
        return table.synthetic.rows_per
    found = [
        target.table
        for target in targets(contract, table).values()
        if target.table == PEOPLE
        or (target.table in laid and target.table != table.name and contract.table(target.table).kind != "lookup")
    ]
    return max(found, key=lambda name: -1 if name == PEOPLE or name in people else len(laid[name].links), default=None)


def _is_one_to_one(contract: Contract, table: TableContract, parent: str) -> bool:
    unique = {each.name for each in table.fields if each.constraints.unique} | {table.table_schema.primary_key}
    return any(name in unique and target.table == parent for name, target in targets(contract, table).items())


def _lookup_size(table: TableContract) -> int:
    key = table.table_schema.primary_key
    limits = table.field(key).constraints if key else None
    return len(limits.enum) if limits is not None and limits.enum else _ROWS_OF_LOOKUP


def _most(table: TableContract) -> int:
    """How many rows a table can have, as its keys and unique fields have only so many values."""
    own = {key.fields for key in table.table_schema.foreign_keys}
    return min(_capacities(table, own), default=10**9)


def _capacities(table: TableContract, references: set[str]) -> Iterator[int]:
    for each in table.fields:
        is_key = each.name == table.table_schema.primary_key
        if each.name not in references and (is_key or (each.constraints.unique and each.constraints.required)):
            yield capacity(each)


def _once_possible(contract: Contract, table: TableContract, rows: Rows, laid: dict[str, Rows]) -> Rows:
    """The rows no earlier than the first row of each table that they must refer to."""
    earliest = OPENED
    for target in targets(contract, table).values():
        if target.required and target.table in laid and target.table != table.name and len(rows):
            if not len(laid[target.table]):
                raise Refused(
                    f"{contract.name}: so small a deposit has no row of {target.table} for {table.name} to refer to: "
                    "make it of more people"
                )
            earliest = max(earliest, int(laid[target.table].made.min()))
    return Rows(np.maximum(rows.made, earliest), rows.person, rows.links)
