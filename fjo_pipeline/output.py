"""How the command line prints a result: as a table for people, CSV or JSON for scripts."""

import json
import sys
from typing import Literal

import pyarrow as pa
import pyarrow.csv as pa_csv

LONGEST_TABLE = 40


def print_table(table: pa.Table, form: Literal["csv", "json", "table"]) -> None:
    """Print a result; as a table at most the first 40 rows, as CSV or JSON all of it."""
    if form == "csv":
        pa_csv.write_csv(_dates_as_text(table), sys.stdout.buffer)
    elif form == "json":
        print(json.dumps(table.to_pylist(), default=str))
    else:
        # pandas lays a small result out for people; ids are kept whole, as integers that may be missing.
        frame = table.slice(0, LONGEST_TABLE).to_pandas(integer_object_nulls=True)
        print(frame.to_string(index=False, na_rep=""))
        print(
            f"({table.num_rows:,} rows{f', the first {LONGEST_TABLE} shown' if table.num_rows > LONGEST_TABLE else ''})"
        )


def _dates_as_text(table: pa.Table) -> pa.Table:
    """Decimals as text, which Arrow's CSV writer cannot write otherwise on every version."""
    for index, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            table = table.set_column(index, field.name, table.column(index).cast(pa.string()))
    return table
