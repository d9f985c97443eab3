"""What earlier publications let be known, with the true counts: kept in the databank's store, which is encrypted."""

import json
from collections.abc import Iterable

import pyarrow as pa

from fjo_pipeline.core.sessions import Session, literal
from fjo_pipeline.core.stores import one_transaction
from fjo_pipeline.databank.disclosure.cells import Cell, FrequencyTable
from fjo_pipeline.databank.disclosure.protect import Earlier
from fjo_pipeline.databank.publishing.protecting import LetOut
from fjo_pipeline.databank.store import PUBLISHED_TABLES

TABLE = "lake.databank.published_tables"
_SCHEMA = pa.schema(
    [("release", pa.string()), ("number", pa.int32()), ("system", pa.string()), ("tables", pa.string()),
     ("hidden", pa.string())]
)  # fmt: skip


def earlier_releases(session: Session, release: str) -> dict[str, list[Earlier]]:
    """By system, what was let out before the release, oldest first; before all others where it is a new one."""
    session.run(PUBLISHED_TABLES, step="lay out what was published")
    found: dict[str, list[Earlier]] = {}
    for system, tables, hidden in session.rows(
        f"""SELECT system, tables, hidden FROM {TABLE}
        WHERE number < coalesce((SELECT max(number) FROM {TABLE} WHERE release = {literal(release)}), 2147483647)
        ORDER BY number, system""",
        step="read what was published before",
    ):
        found.setdefault(system, []).append(_earlier(tables, hidden))
    return found


def keep_release(session: Session, release: str, systems: Iterable[LetOut]) -> None:
    """Keep what a release lets be known, in one transaction, before it is let out; the same again changes nothing."""
    kept = session.value(f"SELECT count(*) FROM {TABLE} WHERE release = {literal(release)}", step="look for a release")
    if kept:
        return
    number = int(session.value(f"SELECT coalesce(max(number), 0) + 1 FROM {TABLE}", step="number a release"))
    rows = [
        {
            "release": release,
            "number": number,
            "system": each.system.name,
            "tables": json.dumps([_written(table) for table in each.system.tables], sort_keys=True),
            "hidden": json.dumps(sorted(set(each.release.known.counts) - set(each.release.known.shown))),
        }
        for each in systems
    ]
    with session.registered(pa.Table.from_pylist(rows, _SCHEMA)) as given, one_transaction(session):
        session.run(f"INSERT INTO {TABLE} SELECT * FROM {given}", step="keep what is published")


def _written(table: FrequencyTable) -> dict[str, object]:
    return {
        "name": table.name,
        "dimensions": table.dimensions,
        "counts": [[list(key), count] for key, count in sorted(table.counts.items())],
        "broader": table.broader,
    }


def _earlier(tables: str, hidden: str) -> Earlier:
    read = [
        FrequencyTable(
            each["name"],
            tuple(each["dimensions"]),
            {tuple(key): count for key, count in each["counts"]},
            each["broader"],
        )
        for each in json.loads(tables)
    ]
    counts = {cell: count for table in read for cell, count in table.cells.items()}
    not_shown: set[Cell] = {tuple((dimension, value) for dimension, value in cell) for cell in json.loads(hidden)}
    return Earlier(counts, [relation for table in read for relation in table.relations], set(counts) - not_shown)
