"""The lake's data files by table, as DuckLake's catalogue has them, and how one is put in another's place.

The catalogue's tables are DuckLake's own specification, version 1.0: https://ducklake.select/docs/stable/specification.
"""

import secrets
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.sessions import Session, add_parquet_key, identifier, literal
from fjo_pipeline.core.stores import one_transaction

CATALOGUE = "__ducklake_metadata_lake"
NO_VALUES = "min_value = NULL, max_value = NULL, extra_stats = NULL"


@dataclass(frozen=True)
class DataFile:
    """One Parquet file of a table: its row in the catalogue, and, once it is written anew, what DuckDB says of it."""

    number: int
    path: str
    relative: bool
    key: str
    rows: int
    bytes: int
    footer: int = 0
    lost: int = 0
    old: Path | None = None
    statistics: Mapping[str, Mapping[str, str]] | None = None
    columns: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Generation:
    """A table from its making to its replacement: where it lies, its columns, and from which snapshot on it is seen.

    `types` are DuckLake's names of types by column; `fields` is Parquet's field ids as COPY takes them.
    """

    table_id: int
    schema: str
    name: str
    folder: str
    seen_from: int
    ends: int | None
    types: Mapping[str, str]
    columns: Mapping[str, int]
    fields: str
    files: tuple[DataFile, ...]

    def is_seen_at(self, snapshot: int) -> bool:
        """Whether a snapshot reads this table."""
        return self.seen_from <= snapshot and (self.ends is None or snapshot < self.ends)


def generations(session: Session) -> Iterator[Generation]:
    """Every table that any snapshot reads, with its files, in the order in which they were made."""
    snapshots = sorted(
        row[0] for row in session.rows("SELECT snapshot_id FROM lake.snapshots()", step="list snapshots")
    )
    files: dict[int, list[DataFile]] = {}
    for table, *row in session.rows(
        "SELECT table_id, data_file_id, path, path_is_relative, encryption_key, record_count, file_size_bytes "
        f"FROM {CATALOGUE}.ducklake_data_file ORDER BY data_file_id",
        step="list data files",
    ):
        files.setdefault(table, []).append(DataFile(*row))
    columns: dict[int, list[tuple[int, int | None, str, str]]] = {}
    for table, *column in session.rows(
        "SELECT c.table_id, column_id, parent_column, column_name, column_type "
        f"FROM {CATALOGUE}.ducklake_column AS c JOIN {CATALOGUE}.ducklake_table AS t "
        "ON t.table_id = c.table_id AND c.end_snapshot IS NOT DISTINCT FROM t.end_snapshot "
        "ORDER BY c.table_id, column_order, column_id",
        step="list columns",
    ):
        columns.setdefault(table, []).append(tuple(column))
    for table_id, begins, ends, schema, name, folder in session.rows(
        "SELECT t.table_id, t.begin_snapshot, t.end_snapshot, s.schema_name, t.table_name, s.path || t.path "
        f"FROM {CATALOGUE}.ducklake_table AS t JOIN {CATALOGUE}.ducklake_schema AS s USING (schema_id) "
        "ORDER BY t.table_id",
        step="list tables",
    ):
        seen = [each for each in snapshots if begins <= each and (ends is None or each < ends)]
        if seen:
            own = columns.get(table_id, [])
            top = {column: (number, kind) for number, parent, column, kind in own if parent is None}
            yield Generation(
                table_id, schema, name, folder, seen[0], ends,
                {column: kind for column, (_, kind) in top.items()},
                {column: number for column, (number, _) in top.items()},
                _field_ids(own, None), tuple(files.get(table_id, ())),
            )  # fmt: skip


def write_without(
    session: Session, generation: Generation, file: DataFile, condition: str, data_path: Path
) -> DataFile | None:
    """A file's rows but those of a condition on `given`, in a new file beside it; None where it has no such row.

    Refused where rows of it were deleted by their place, which would be another one's then.
    """
    old = data_path / generation.folder / file.path if file.relative else Path(file.path)
    name = f"lake_file_{file.number}"
    opened = f"{{footer_key_value: from_base64({literal(file.key)})}}"
    relation = f"read_parquet({literal(old)}, encryption_config = {opened})"
    gone = session.value(f"SELECT count(*) FROM {relation} AS given WHERE {condition}", step="look for rows that go")
    if not gone:
        return None
    deletions = session.value(
        f"SELECT count(*) FROM {CATALOGUE}.ducklake_delete_file WHERE data_file_id = {file.number}",
        step="look for deletions",
    )
    if deletions:
        raise Refused(
            f"rows of {generation.name} were deleted one by one: rewrite it whole (CREATE OR REPLACE TABLE … AS "
            "FROM …), then run `fjo refresh` again"
        )
    key = secrets.token_bytes(32)
    add_parquet_key(session, name, key)
    new = old.with_name(f"ducklake-{uuid4()}.parquet")
    # In the order of its rows, which is that of the ids at rest and so that of no source.
    found = session.row(
        f"COPY (SELECT * FROM {relation} AS given WHERE NOT ({condition}) ORDER BY ALL) TO {literal(new)} "
        f"(FORMAT parquet, FIELD_IDS {generation.fields}, RETURN_STATS, "
        f"ENCRYPTION_CONFIG {{footer_key: {literal(name)}}})",
        step="write a file anew",
    )
    _, rows, size, footer, statistics, _ = found
    return replace(
        file, path=str(Path(file.path).with_name(new.name)), key=b64encode(key).decode(), rows=rows, bytes=size,
        footer=footer, lost=gone, old=old, statistics=statistics, columns=generation.columns,
    )  # fmt: skip


def put_in_place(session: Session, written: Sequence[DataFile]) -> list[Path]:
    """Let every snapshot read the new files in place of the old ones, in one transaction; returns the old ones."""
    if not written:
        return []
    with one_transaction(session):
        for each in written:
            session.run(
                f"UPDATE {CATALOGUE}.ducklake_data_file SET path = ?, encryption_key = ?, record_count = ?, "
                "file_size_bytes = ?, footer_size = ? WHERE data_file_id = ?",
                (each.path, each.key, each.rows, each.bytes, each.footer, each.number),
                step="put a file in place",
            )
            _put_statistics(session, each)
    return [each.old for each in written if each.old]


def _put_statistics(session: Session, file: DataFile) -> None:
    """The new file's least and greatest values; of the table's own, which may be those of a row that went, none."""
    about = f"WHERE data_file_id = {file.number}"
    table = f"(SELECT table_id FROM {CATALOGUE}.ducklake_data_file {about})"
    session.run(
        f"UPDATE {CATALOGUE}.ducklake_file_column_stats SET {NO_VALUES} {about}",
        step="forget a file's values",
    )
    session.run(
        f"UPDATE {CATALOGUE}.ducklake_table_column_stats SET {NO_VALUES} WHERE table_id = {table}",
        step="forget a table's values",
    )
    session.run(
        f"UPDATE {CATALOGUE}.ducklake_table_stats SET record_count = greatest(record_count - {file.lost}, 0) "
        f"WHERE table_id = {table}",
        step="count a table's rows",
    )
    for column, number in (file.columns or {}).items():
        said = (file.statistics or {}).get(identifier(column))
        if said:
            session.run(
                f"UPDATE {CATALOGUE}.ducklake_file_column_stats SET min_value = ?, max_value = ?, value_count = ?, "
                f"null_count = ?, column_size_bytes = ? {about} AND column_id = {number}",
                (
                    said.get("min"), said.get("max"), int(said["num_values"]) - int(said.get("null_count", 0)),
                    int(said.get("null_count", 0)), int(said["column_size_bytes"]),
                ),
                step="note a file's values",
            )  # fmt: skip


def _field_ids(columns: Sequence[tuple[int, int | None, str, str]], parent: int | None) -> str:
    """Parquet's field ids of a table's columns, or of those within a column, as COPY takes them."""
    parts = []
    for number, above, name, _ in columns:
        if above != parent:
            continue
        within = _field_ids(columns, number)
        own = f"__duckdb_field_id: {number}"
        parts.append(f"{identifier(name)}: " + (f"{{{own}, {within[1:-1]}}}" if within != "{}" else str(number)))
    return "{" + ", ".join(parts) + "}"
