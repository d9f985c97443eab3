"""Writing deliveries: Arrow tables as CSV files beside a datapackage.json with each file's size and digest."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.synthetic.couples import HORIZON
from fjo_pipeline.synthetic.streams import NEVER, Bools, Ints, day


def refresh_day(refresh: str) -> int:
    """A refresh date, YYYYMMDD, as a day; Refused where it is no calendar date or lies outside the world's time."""
    try:
        if len(refresh) != 8 or not refresh.isdecimal():
            raise ValueError
        result = day(int(refresh[:4]), int(refresh[4:6]), int(refresh[6:]))
    except ValueError:
        raise Refused("the refresh date must be a calendar date as YYYYMMDD, such as 20240111") from None
    if not day(2008) <= result <= HORIZON:
        raise Refused("the refresh date lies outside the synthetic world's time: take one from 20080101 to 20261231")
    return result


def dates(days: Ints, missing: Bools | None = None) -> pa.Array:
    """Days as Arrow dates, null where `missing` or NEVER."""
    absent = days >= NEVER if missing is None else missing | (days >= NEVER)
    return pa.array(days.astype(np.int32), mask=absent).cast(pa.date32())


def flags(values: Bools) -> pa.Array:
    """The texts "true" and "false"."""
    return pa.array(["false", "true"]).take(pa.array(values.astype(np.int8)))


def texts(dictionary: pa.Array, codes: Ints) -> pa.Array:
    """Texts by code; null where the code is negative."""
    return dictionary.take(pa.array(np.maximum(codes, 0), mask=codes < 0))


def numbers(values: Ints, missing: Bools | None = None) -> pa.Array:
    """Integers, null where `missing`."""
    return pa.array(values, mask=missing)


def write_csv(table: pa.Table, path: Path) -> None:
    """One CSV file: UTF-8, header, commas; a text is quoted only where some text of the table needs it."""
    plain = pcsv.WriteOptions(quoting_style="none", batch_size=65_536)
    quoted = pcsv.WriteOptions(quoting_style="needed", batch_size=65_536)
    pcsv.write_csv(table, path, write_options=quoted if _needs_quotes(table) else plain)


def _needs_quotes(table: pa.Table) -> bool:
    return any(
        pc.any(pc.match_substring_regex(column, '[",\r\n]')).as_py()
        for column in table.columns
        if pa.types.is_string(column.type)
    )


def write_delivery(folder: Path, dataset: str, refresh: str, tables: Mapping[str, pa.Table]) -> None:
    """Write each table as `<NAME>.csv`, and the manifest last, so that a reader never takes a half-written one."""
    folder.mkdir(parents=True, exist_ok=True)
    resources = []
    for name in sorted(tables):
        path = folder / f"{name}.csv"
        write_csv(tables[name], path)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        resources.append(
            {"name": name.lower(), "path": path.name, "bytes": path.stat().st_size, "hash": f"sha256:{digest}"}
        )
    manifest = {
        "name": dataset,
        "version": refresh,
        "created": f"{refresh[:4]}-{refresh[4:6]}-{refresh[6:]}T00:00:00Z",
        "synthetic": True,
        "delivery": "full",
        "resources": resources,
    }
    (folder / "datapackage.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
