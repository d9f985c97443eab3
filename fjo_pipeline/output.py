"""How the command line prints a result: as a table for people, CSV or JSON for scripts."""

import json
import sys
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

LONGEST_TABLE = 40


def print_table(table: pa.Table, form: Literal["csv", "json", "table"]) -> None:
    """Print a result; as a table at most the first 40 rows, as CSV or JSON all of it."""
    table = _plain_numbers(table)
    if form == "csv":
        pa_csv.write_csv(table, sys.stdout.buffer, pa_csv.WriteOptions(quoting_style="needed"))
    elif form == "json":
        print(json.dumps(table.to_pylist(), default=str))
    else:
        # pandas lays a small result out for people; ids are kept whole, as integers that may be missing.
        frame = table.slice(0, LONGEST_TABLE).to_pandas(integer_object_nulls=True).astype(object)
        print(frame.where(frame.notna(), "").to_string(index=False))
        cut = f", the first {LONGEST_TABLE} shown" if table.num_rows > LONGEST_TABLE else ""
        print(f"({table.num_rows:,} rows{cut})")


def _plain_numbers(table: pa.Table) -> pa.Table:
    """DuckDB's sums of integers are decimals without a fraction: made integers again; other decimals made doubles."""
    for index, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            kind = pa.int64() if field.type.scale == 0 else pa.float64()
            table = table.set_column(index, field.name, pc.cast(table.column(index), kind))
    return table
