"""What a file holds, as streams of bytes: its own bytes, what is packed in it, and every value of every table in it.

What is encrypted is read where its key is known here, and is bytes alone otherwise.
"""

import bz2
import gzip
import lzma
import sqlite3
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa

from fjo_pipeline.core.errors import StatementFailed
from fjo_pipeline.core.sessions import Session, identifier, literal

Opening = Callable[[], BinaryIO]
Unpack = Callable[[Opening], Iterator[BinaryIO]]

CHUNK = 1 << 23
HEAD = 32
MOST_IN_MEMORY = 1 << 26
"""Bytes up to which what is packed in a file is itself looked into; beyond, it is a stream of bytes."""
DEEPEST = 3
BETWEEN_VALUES = b"\x1f"
ROWS = 2000
UNREADABLE = (OSError, EOFError, zipfile.BadZipFile, lzma.LZMAError, sqlite3.Error, pa.ArrowException, StatementFailed)
"""What reading a broken, locked or encrypted container raises."""


@dataclass(frozen=True)
class Content:
    """One stream of a file, and in what it is packed: "" for the file's own bytes, " in zip" for a member of it."""

    within: str
    chunks: Iterator[bytes]


@dataclass(frozen=True)
class Keys:
    """What is known here to open encrypted files with: SQL that reads a Parquet file, ATTACH's key of a DuckDB file."""

    relations: Mapping[Path, str] = field(default_factory=dict)
    databases: Mapping[Path, str] = field(default_factory=dict, repr=False)


class Reader:
    """Reads files through one DuckDB session."""

    def __init__(self, session: Session, keys: Keys | None = None) -> None:
        self._session = session
        self._keys = keys or Keys()

    def contents(self, path: Path) -> Iterator[Content]:
        """Every stream of a file, the plain bytes first; reading one may raise what is in UNREADABLE."""
        yield from self._packed(lambda: path.open("rb"), "", 0)
        with path.open("rb") as file:
            head = file.read(HEAD)
        if head[:4] in (b"PAR1", b"PARE"):
            relation = self._keys.relations.get(path, f"read_parquet({literal(path)})")
            if head[:4] == b"PAR1" or path in self._keys.relations:
                yield Content(" in Parquet", self._table(relation))
        elif head[8:12] == b"DUCK":
            yield Content(" in DuckDB", self._duckdb(path))
        elif head.startswith(b"SQLite format 3\0"):
            yield Content(" in SQLite", _sqlite(lambda: sqlite3.connect(f"file:{path}?mode=ro", uri=True)))

    def _packed(self, opening: Opening, within: str, depth: int) -> Iterator[Content]:
        yield Content(within, _chunks(opening()))
        with opening() as file:
            head = file.read(HEAD)
        if depth == DEEPEST:
            return
        for kind, unpack in PACKERS.items():
            if head.startswith(MAGIC[kind]):
                for stream in unpack(opening):
                    yield from self._within(stream, f" in {kind}{within}", depth + 1)
        if depth and head.startswith(b"PAR1"):
            yield Content(f" in Parquet{within}", self._buffered_parquet(opening))
        if depth and head.startswith(b"SQLite format 3\0"):
            yield Content(f" in SQLite{within}", _sqlite(lambda: _deserialised(opening)))

    def _within(self, stream: BinaryIO, within: str, depth: int) -> Iterator[Content]:
        start = stream.read(MOST_IN_MEMORY)
        if len(start) < MOST_IN_MEMORY:
            yield from self._packed(lambda: BytesIO(start), within, depth)
        else:
            yield Content(within, chain([start], _chunks(stream)))

    def _duckdb(self, path: Path) -> Iterator[bytes]:
        key = self._keys.databases.get(path)
        with_key = f", ENCRYPTION_KEY {literal(key)}" if key else ""
        self._session.run(f"ATTACH {literal(path)} AS hunted (READ_ONLY{with_key})", step="open a DuckDB file")
        try:
            tables = self._session.rows(
                "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'hunted' ORDER BY ALL",
                step="list a DuckDB file's tables",
            )
            for schema, table in tables:
                yield from self._table(f"hunted.{identifier(schema)}.{identifier(table)}")
        finally:
            self._session.run("DETACH hunted", step="close a DuckDB file")

    def _buffered_parquet(self, opening: Opening) -> Iterator[bytes]:
        from pyarrow.parquet import read_table

        with opening() as file, self._session.registered(read_table(file)) as name:
            yield from self._table(name)

    def _table(self, relation: str) -> Iterator[bytes]:
        """Every value of a table as text, marks between them; what is bytes as it is."""
        described = self._session.rows(f"DESCRIBE SELECT * FROM {relation}", step="describe a table")
        columns = [identifier(row[0]) for row in described]
        texts = ", ".join(f"CAST({column} AS VARCHAR)" for column in columns)
        yield from self._column(f"SELECT concat_ws(chr(31), '', {texts}, '') FROM {relation}")
        for column, kind in zip(columns, (row[1] for row in described), strict=True):
            if kind == "BLOB":
                yield from self._column(f"SELECT {column} FROM {relation}")

    def _column(self, query: str) -> Iterator[bytes]:
        for batch in self._session.reader(query, step="read a table"):
            _, offsets, values = batch.column(0).buffers()
            if offsets is not None and values is not None:
                yield values.to_pybytes()


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk


def _zip_members(opening: Opening) -> Iterator[BinaryIO]:
    with opening() as file, zipfile.ZipFile(file) as archive:
        yield BytesIO("\n".join(archive.namelist()).encode() + archive.comment)
        for member in archive.infolist():
            with archive.open(member) as stream:
                yield cast(BinaryIO, stream)


def _through(unpacker: Callable[[BinaryIO], Any]) -> Unpack:
    def unpack(opening: Opening) -> Iterator[BinaryIO]:
        with opening() as file, unpacker(file) as stream:
            yield stream

    return unpack


PACKERS: Mapping[str, Unpack] = {
    "gzip": _through(lambda file: gzip.GzipFile(fileobj=file)),
    "zip": _zip_members,
    "zstd": _through(lambda file: pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd")),
    "lz4": _through(lambda file: pa.CompressedInputStream(pa.PythonFile(file, "r"), "lz4")),
    "bzip2": _through(bz2.BZ2File),
    "xz": _through(lzma.LZMAFile),
}
MAGIC: Mapping[str, bytes] = {
    "gzip": b"\x1f\x8b",
    "zip": b"PK\x03\x04",
    "zstd": b"\x28\xb5\x2f\xfd",
    "lz4": b"\x04\x22\x4d\x18",
    "bzip2": b"BZh",
    "xz": b"\xfd7zXZ\0",
}


def _deserialised(opening: Opening) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    with opening() as file:
        connection.deserialize(file.read())
    return connection


def _sqlite(opening: Callable[[], sqlite3.Connection]) -> Iterator[bytes]:
    """Every value of every table as bytes, marks between them."""
    connection = opening()
    try:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        for (table,) in tables:
            columns = connection.execute(f"SELECT name FROM pragma_table_info({literal(table)})").fetchall()
            values = ", ".join(f"coalesce(CAST({identifier(name)} AS BLOB), x'')" for (name,) in columns)
            cursor = connection.execute(f"SELECT {values} FROM {identifier(table)}")
            while rows := cursor.fetchmany(ROWS):
                yield BETWEEN_VALUES + BETWEEN_VALUES.join(chain.from_iterable(rows)) + BETWEEN_VALUES
    finally:
        connection.close()
