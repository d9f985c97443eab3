"""Made-up values of a contract's fields: codes, numbers, dates in order, texts, and what is missing of them."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fjo_pipeline.core.table_contracts import FieldContract, TableContract
from fjo_pipeline.synthetic.distinct import codes_of, examples
from fjo_pipeline.synthetic.streams import NEVER, Bools, Ints, chance, choose, stream
from fjo_pipeline.synthetic.writing import dates

_ENDS = ("END", "TO", "CLOS", "COMPLET", "DISCH", "UNTIL", "LEFT", "LEAV")
_NEXT_DATE_DAYS = 45
_LEAST_MISSING, _MOST_MISSING = 0.005, 0.08
_CODES = 12
_COMMON = 60  # of the values that a pattern allows


def missing(table: TableContract, field: FieldContract, rows: int, seed: int, dataset: str) -> Bools:
    """Which values of a field are missing: at a rate of the field's own, none of a required one."""
    rng = stream(seed, dataset, table.name, field.name, "missing")
    rate = _LEAST_MISSING + (_MOST_MISSING - _LEAST_MISSING) * rng.random()
    return chance(rng, rows, 0.0 if field.constraints.required else rate)


def content(table: TableContract, field: FieldContract, made: Ints, seed: int, dataset: str) -> pa.Array:
    """A value for each row of a field that refers to nothing and is no date: by its rules, else plainly made up."""
    rng = stream(seed, dataset, table.name, field.name)
    rows, limits = len(made), field.constraints
    if limits.enum is not None or field.codes:
        return common(rng, pa.array(codes_of(field)), rows)
    if field.type == "boolean":
        return pa.array(chance(rng, rows, 0.3))
    if field.type in ("integer", "number"):
        return _numbers(rng, field, made)
    if limits.pattern:
        return common(rng, pa.array(examples(limits.pattern)[:_COMMON], pa.string()), rows)
    word = field.name.lower().replace("_", " ")
    return common(rng, pa.array([f"Made-up {word} {number}" for number in range(1, _CODES + 1)]), rows)


def common(rng: np.random.Generator, values: pa.Array, rows: int) -> pa.Array:
    """So many of the values, the first ones more often; nulls where there are none."""
    if not len(values):
        return pa.nulls(rows, pa.string())
    return values.take(pa.array(choose(rng, rows, 1 / (np.arange(len(values)) + 2.0))))


def _numbers(rng: np.random.Generator, field: FieldContract, made: Ints) -> pa.Array:
    limits, rows = field.constraints, len(made)
    if field.type == "integer" and "YEAR" in field.name and limits.minimum is None and limits.maximum is None:
        return pa.array(made.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970)
    if limits.minimum is not None and limits.maximum is not None:
        drawn = limits.minimum + (limits.maximum - limits.minimum) * rng.beta(1.3, 2.5, rows)
    elif limits.maximum is not None:
        drawn = limits.maximum - rng.gamma(1.5, 20.0, rows)
    else:
        drawn = (limits.minimum or 0) + rng.gamma(1.5, 20.0, rows)
    return pa.array(np.round(drawn).astype(np.int64) if field.type == "integer" else np.round(drawn, 2))


def dates_in_order(
    table: TableContract, fields: Sequence[FieldContract], made: Ints, seed: int, dataset: str
) -> dict[str, Ints]:
    """Days for the date fields of a table: the first is the day a row was made, each later one follows it.

    Fields come in the contract's order, those whose names speak of an end after the others.
    """
    result: dict[str, Ints] = {}
    day = made
    for field in sorted(fields, key=lambda each: _is_end(each.name)):
        if result:
            gap = stream(seed, dataset, table.name, field.name).exponential(_NEXT_DATE_DAYS, len(made))
            day = day + gap.astype(np.int64)
        result[field.name] = np.where(missing(table, field, len(made), seed, dataset), NEVER, day)
    return result


def _is_end(name: str) -> bool:
    parts = name.split("_")
    return any(part.startswith(_ENDS[2:]) or part.endswith(_ENDS[2:]) or part in _ENDS[:2] for part in parts)


def known_dates(field: FieldContract, days: Ints, until: int) -> pa.Array:
    """Days as a refresh shows them: a day to come is not known yet, or is today where the field is required."""
    if field.constraints.required:
        return dates(np.minimum(days, until))
    return dates(np.where(days <= until, days, NEVER))


def arrow_type(field: FieldContract) -> pa.DataType:
    """The Arrow type of a field's values."""
    types = {"string": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}
    return types.get(field.type, pa.date32())


def null_where(values: pa.Array, none: Bools) -> pa.Array:
    """The values, null where `none`."""
    return pc.if_else(pa.array(none), pa.scalar(None, values.type), values) if len(values) else values


def earlier(rng: np.random.Generator, made: Ints, when: Ints) -> Ints:
    """For each day one of the rows made by then, at random; -1 where there is none."""
    order = np.argsort(made, kind="stable")
    known = np.searchsorted(made[order], when, side="right")
    at = (rng.random(len(when)) * known).astype(np.int64)
    return np.where(known > 0, order[np.minimum(at, max(len(order) - 1, 0))] if len(order) else -1, -1)


def repeated(values: pa.Array) -> Bools:
    """Which values, nulls apart, stand before in the column."""
    codes = values.dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False)
    _, first = np.unique(codes, return_index=True)
    again = np.ones(len(codes), dtype=bool)
    again[first] = False
    return np.asarray(again & (codes >= 0))
