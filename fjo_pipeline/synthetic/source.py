"""A deposit of any dataset, made from its contract alone: right types, codes, keys and links, no likeness beyond that.

It is for code to be written on before anybody has data, and for trying a new source; how often what happens, and what
goes with what, is made up. People are those of the world that the Cafcass generators draw from.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.table_contracts import FieldContract, TableContract
from fjo_pipeline.synthetic.distinct import capacity, distinct_values
from fjo_pipeline.synthetic.source_people import OPENED, SourcePeople, copied_people, ordinals
from fjo_pipeline.synthetic.source_rows import PEOPLE, Rows, Target, building_order, lay_out, targets
from fjo_pipeline.synthetic.source_values import (
    arrow_type,
    common,
    content,
    dates_in_order,
    earlier,
    known_dates,
    missing,
    null_where,
    repeated,
)
from fjo_pipeline.synthetic.streams import Ints, scramble, stream

Columns = dict[str, Any]
"""A table's columns up to the horizon: an Arrow array, or days (NumPy) of a date field."""
_REFERS_TO_OWN_TABLE = 0.1


class Source:
    """One dataset's tables in full, from which any refresh can be shown; Refused where the contract allows no row."""

    def __init__(self, contract: Contract, people: SourcePeople) -> None:
        self.contract, self.people = contract, people
        self._rows: dict[str, Rows] = {}
        self._columns: dict[str, Columns] = {}

    @cached_property
    def _built(self) -> dict[str, Columns]:
        order = building_order(self.contract)
        for table in self.contract.people_tables:
            self._rows[table.name] = lay_out(self.contract, table, self.people, len(self.people.person), {})
        for table in order:
            rows = lay_out(self.contract, table, self.people, len(self.people.person), self._rows)
            self._rows[table.name] = rows
            self._columns[table.name] = self._build(table, rows)
        return self._columns

    def tables(self, until: int) -> dict[str, pa.Table]:
        """Every table by its CSV's name, as a refresh on the day `until` shows it."""
        return {table.sail: self._shown(table, until) for table in self.contract.tables}

    def person_ids(self, until: int) -> tuple[Ints, pa.Array]:
        """Who of the world stands in the refresh of the day `until`, and their ids in the source, as texts."""
        parts = [self._people_of(table, until) for table in self.contract.people_tables]
        return np.concatenate([who for who, _ in parts]), pa.concat_arrays([ids for _, ids in parts])

    def _people_of(self, table: TableContract, until: int) -> tuple[Ints, pa.Array]:
        columns, rows = self._built[table.name], self._rows[table.name]
        at = np.flatnonzero(rows.made <= until)
        ids = columns[table.person_key.name].take(pa.array(at)).cast(pa.string())
        return self.people.person[rows.person[at]], ids

    def _shown(self, table: TableContract, until: int) -> pa.Table:
        columns, rows = self._built[table.name], self._rows[table.name]
        at = np.flatnonzero(rows.made <= until)
        if table.kind == "people":
            at = np.r_[at, at[copied_people(self.people)[rows.person[at]]]]
        if table.kind != "lookup":
            at = at[np.argsort(scramble(at, self.people.seed, self.contract.name, table.name), kind="stable")]
        return pa.table({
            field.name: known_dates(field, columns[field.name][at], until)
            if isinstance(columns[field.name], np.ndarray)
            else columns[field.name].take(pa.array(at))
            for field in table.fields
        })  # fmt: skip

    def _build(self, table: TableContract, rows: Rows) -> Columns:
        if table.synthetic.values:
            return _given(table)
        refers = targets(self.contract, table)
        columns: Columns = {}
        taken: set[str] = set()
        for field in table.fields:
            if field.name in refers:
                columns[field.name] = self._reference(table, field, refers[field.name], rows, taken)
                taken.add(refers[field.name].table)
            elif _is_distinct(table, field):
                columns[field.name] = self._distinct(table, field, rows)
            elif field.file_1 is not None and table.kind == "people":
                ordinal = ordinals(table.fields)[field.name]
                columns[field.name] = self.people.value(field, rows.person, ordinal)
            elif field.type != "date" or field.constraints.enum is not None:
                columns[field.name] = self._content(table, field, rows)
        plain = [field for field in table.fields if field.name not in columns]
        columns |= dates_in_order(table, plain, rows.made, self.people.seed, self.contract.name)
        return self._kept(table, columns, rows)

    def _content(self, table: TableContract, field: FieldContract, rows: Rows) -> pa.Array:
        seed, name = self.people.seed, self.contract.name
        values = content(table, field, rows.made, seed, name)
        return null_where(values, missing(table, field, len(rows), seed, name))

    def _distinct(self, table: TableContract, field: FieldContract, rows: Rows) -> pa.Array:
        index = rows.person if table.kind == "people" else np.arange(len(rows))
        most, required = capacity(field), field.constraints.required or field.name == table.table_schema.primary_key
        if most <= int(index.max(initial=-1)) and not required:
            none = index >= most
            values = self._distinct_at(table, field, np.where(none, 0, index))
            return null_where(values, none)
        if most <= int(index.max(initial=-1)):
            raise Refused(f"{self.contract.name}: {table.name}.{field.name} has too few values: make fewer people")
        return self._distinct_at(table, field, index)

    def _distinct_at(self, table: TableContract, field: FieldContract, index: Ints) -> pa.Array:
        about = field.entity if field.role == "key" else f"{table.name} {field.name}"
        return distinct_values(field, index, self.people.seed, self.contract.name, str(about))

    def _reference(
        self, table: TableContract, field: FieldContract, target: Target, rows: Rows, taken: set[str]
    ) -> pa.Array:
        """The values that a field refers by: of the row that its row hangs on, else of one that was there before."""
        rng = stream(self.people.seed, self.contract.name, table.name, field.name)
        none = missing(table, field, len(rows), self.people.seed, self.contract.name)
        if target.table == PEOPLE:
            people = {PEOPLE, *(each.name for each in self.contract.people_tables)}
            return null_where(self._person_keys(rng, rows, bool(taken & people)), none)
        if target.table == table.name:
            return self._reference_to_own(rng, table, field, target, rows)
        known = self._known(target)
        if known is None:
            return pa.nulls(len(rows), arrow_type(field))
        other = self._rows[target.table]
        if self.contract.table(target.table).kind == "lookup":
            return null_where(common(rng, known.take(pa.array(np.flatnonzero(known.is_valid()))), len(rows)), none)
        if not len(other):
            return pa.nulls(len(rows), known.type)
        if table.kind == "people" and target.required:
            # People keep their day; so what they must refer to has been there from the start.
            other.made[np.argmin(other.made)] = OPENED
        at = earlier(rng, other.made, rows.made)
        if target.table in rows.links and target.table not in taken:
            own = rows.links[target.table]
            at = np.where(other.made[own] <= rows.made, own, at)
        return null_where(known.take(pa.array(np.maximum(at, 0))), none | (at < 0))

    def _known(self, target: Target) -> pa.Array | None:
        """The column that is referred to, None before it is built; people's keys are there from the start."""
        if target.table in self._columns:
            column = self._columns[target.table][target.field]
            return column if isinstance(column, pa.Array) else None
        table = self.contract.table(target.table)
        if table.kind == "people" and table.table_schema.primary_key == target.field:
            return self._distinct(table, table.person_key, self._rows[table.name])
        return None

    def _person_keys(self, rng: np.random.Generator, rows: Rows, is_another: bool) -> pa.Array:
        """Keys of the people whom rows are about; of others where a field before was about them."""
        who = earlier(rng, self.people.made, rows.made)
        if not is_another and len(self.people.made):
            there = (rows.person >= 0) & (self.people.made[np.maximum(rows.person, 0)] <= rows.made)
            who = np.where(there, rows.person, who)
        values = pa.nulls(len(rows), arrow_type(self.contract.people_tables[0].person_key))
        for number, table in enumerate(self.contract.people_tables):
            keys = distinct_values(
                table.person_key,
                np.maximum(who, 0),
                self.people.seed,
                self.contract.name,
                table.person_key.entity or "",
            )
            here = who >= 0
            if len(self.people.table):
                here &= self.people.table[np.maximum(who, 0)] == number
            values = pc.if_else(pa.array(here), keys.cast(values.type), values)
        return values

    def _reference_to_own(
        self, rng: np.random.Generator, table: TableContract, field: FieldContract, target: Target, rows: Rows
    ) -> pa.Array:
        values = self._distinct(table, table.field(target.field), rows)
        at = np.maximum(earlier(rng, rows.made, rows.made), 0)
        if field.constraints.required:
            return values.take(pa.array(at)) if len(rows) else values
        return null_where(
            values.take(pa.array(at)) if len(rows) else values, rng.random(len(rows)) > _REFERS_TO_OWN_TABLE
        )

    def _made_unique(self, table: TableContract, field: FieldContract, column: pa.Array, rows: Rows) -> pa.Array:
        """A column of people, none of whom may be left out, without repeated values; filled where it is required."""
        column = null_where(column, repeated(column))
        if not field.constraints.required or field.type == "date":
            return column
        return pc.coalesce(column, self._distinct(table, field, rows).cast(column.type))

    def _kept(self, table: TableContract, columns: Columns, rows: Rows) -> Columns:
        """The columns with their rules kept: required values filled, rows that still break a rule left out."""
        keep = np.ones(len(rows), dtype=bool)
        for field in table.fields:
            column = columns[field.name]
            if isinstance(column, np.ndarray):
                continue
            is_key = field.name == table.table_schema.primary_key
            if table.kind == "people" and field.constraints.unique and not is_key:
                column = columns[field.name] = self._made_unique(table, field, column, rows)
            if (is_key or field.constraints.required) and column.null_count:
                filler = content(table, field, rows.made, self.people.seed, self.contract.name)
                if field.name not in targets(self.contract, table) and field.type != "date":
                    column = columns[field.name] = pc.coalesce(column, filler.cast(column.type))
                keep &= np.asarray(column.is_valid())
            if is_key or field.constraints.unique:
                again = repeated(column) & keep
                if field.constraints.required or is_key:
                    keep &= ~again
                else:
                    columns[field.name] = null_where(column, again)
        if keep.all():
            return columns
        at = np.flatnonzero(keep)
        links = {name: linked[at] for name, linked in rows.links.items()}
        self._rows[table.name] = Rows(rows.made[at], rows.person[at], links)
        return {
            name: column[at] if isinstance(column, np.ndarray) else column.take(pa.array(at))
            for name, column in columns.items()
        }


def _given(table: TableContract) -> Columns:
    """The rows that the contract gives a lookup."""
    by_field: Mapping[str, list[Any]] = {
        field.name: [row[at] for row in table.synthetic.values] for at, field in enumerate(table.fields)
    }
    return {field.name: pa.array(by_field[field.name], arrow_type(field)) for field in table.fields}


def _is_distinct(table: TableContract, field: FieldContract) -> bool:
    if field.name == table.table_schema.primary_key:
        return True
    if field.file_1 is not None and table.kind == "people":
        return False
    return field.constraints.unique or (
        table.kind == "lookup" and field.type in ("string", "integer") and _is_open(field)
    )


def _is_open(field: FieldContract) -> bool:
    limits = field.constraints
    return limits.enum is None and limits.pattern is None and limits.minimum is None and limits.maximum is None
