"""DuckDB sessions: extensions from wheels, encrypted spill inside the zone, no network, errors without values."""

import base64
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from fjo_pipeline.core.errors import Exhausted, Refused, StatementFailed
from fjo_pipeline.core.exhaustion import exhausted, in_words
from fjo_pipeline.core.held_folders import held_folder

T = TypeVar("T")
Parameters = Sequence[object] | Mapping[str, object] | None

NETWORK_FILE_SYSTEMS = "HTTPFileSystem,S3FileSystem,HuggingFaceFileSystem"
"""What httpfs, which is here for its encryption alone, would open besides."""
ENCRYPTION = ("httpfs",)
"""The extension that any session needs: without it DuckDB writes nothing encrypted."""
LAKE = (*ENCRYPTION, "ducklake", "sqlite_scanner")
"""What a session on a lake with a SQLite catalogue needs; each extension more costs an eighth of a second, once."""

_numbers = count()
_Stamp = tuple[Path, int, int, int, int]
_signed: set[_Stamp] = set()
"""Extensions whose signature DuckDB has checked in this process, each as the file was then."""
_Kinds = duckdb.StatementType
# PIVOT makes a type of its own first, hence CREATE; what it may make is bound by what is attached for writing.
READING = frozenset({_Kinds.SELECT, _Kinds.CREATE})
"""Statements that read. Not among them are EXPLAIN, under which ANALYZE would run any other, and COPY, ATTACH, CALL."""
WORKING = READING | {_Kinds.INSERT, _Kinds.UPDATE, _Kinds.DELETE, _Kinds.DROP, _Kinds.ALTER}
"""Statements with which an analyst also writes tables, but no files."""


class Session:
    """A DuckDB connection whose errors never quote a value: `step` names what was being done instead."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, limited_by: str = "FJO_MEMORY_LIMIT") -> None:
        self.connection = connection
        self.limited_by = limited_by
        self.names_shown = False

    def run(self, sql: str, parameters: Parameters = None, *, step: str) -> None:
        """Execute a statement for its effect; raises StatementFailed."""
        self._execute(sql, parameters, step)

    def rows(self, sql: str, parameters: Parameters = None, *, step: str) -> list[tuple[Any, ...]]:
        """All rows of a small result; raises StatementFailed."""
        result = self._execute(sql, parameters, step)
        return _guarded(result.fetchall, step, limited_by=self.limited_by)

    def row(self, sql: str, parameters: Parameters = None, *, step: str) -> tuple[Any, ...]:
        """The one row of a result that has exactly one; raises StatementFailed."""
        rows = self.rows(sql, parameters, step=step)
        if len(rows) != 1:
            raise StatementFailed(f"{step}: expected one row, got {len(rows)}")
        return rows[0]

    def value(self, sql: str, parameters: Parameters = None, *, step: str) -> Any:
        """The first value of the one row of a result; raises StatementFailed."""
        return self.row(sql, parameters, step=step)[0]

    def reader(
        self, sql: str, parameters: Parameters = None, *, step: str, batch_rows: int = 65_536
    ) -> pa.RecordBatchReader:
        """A result as a stream of Arrow batches; raises StatementFailed when it starts, or while it is read."""
        result = self._execute(sql, parameters, step)
        stream = _guarded(lambda: result.to_arrow_reader(batch_rows), step, limited_by=self.limited_by)
        return pa.RecordBatchReader.from_batches(stream.schema, _guarded_batches(stream, step, self.limited_by))

    @contextmanager
    def registered(self, rows: pa.Table | pa.RecordBatchReader) -> Iterator[str]:
        """Arrow rows as a relation of the session, by a name of its own; a reader's can be read once."""
        name = f"registered_{next(_numbers)}"
        self.connection.register(name, rows)
        try:
            yield name
        finally:
            self.connection.unregister(name)

    def _execute(self, sql: str, parameters: Parameters, step: str) -> duckdb.DuckDBPyConnection:
        return _guarded(
            lambda: self.connection.execute(sql, parameters),
            step,
            names_shown=self.names_shown,
            limited_by=self.limited_by,
        )


@contextmanager
def open_session(
    temp_directory: Path,
    *,
    memory_limit: str = "4GB",
    threads: int = 2,
    limited_by: str = "FJO_MEMORY_LIMIT",
    lock: bool = True,
    extensions: Sequence[str] = ENCRYPTION,
) -> Iterator[Session]:
    """An in-memory session that spills, encrypted, into a folder of its own under `temp_directory` and nowhere else.

    `limited_by` is the setting that `memory_limit` comes from, for the words of a refusal. With `lock` false the caller
    goes on to `confine` it before anybody else's SQL runs in it.
    """
    # To check a signature is to hash 90 MB, a quarter of a second: once a process, while the files stay as they were.
    stamps = {_stamp(extension_path(name)) for name in extensions}
    with held_folder(temp_directory) as folder:
        connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": memory_limit,
                "threads": threads,
                "temp_directory": str(folder),
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "preserve_insertion_order": False,
                "allow_unsigned_extensions": stamps <= _signed,
            },
        )
        try:
            configure(connection, extensions)
            _signed.update(stamps)
            if lock:
                connection.execute("SET lock_configuration = true")
            yield Session(connection, limited_by)
        finally:
            connection.close()


def configure(connection: duckdb.DuckDBPyConnection, extensions: Sequence[str]) -> None:
    """Load the extensions by path and have spill encrypted; for sessions and dbt's connections alike."""
    for name in extensions:
        connection.execute(f"LOAD '{extension_path(name)}'")
    # From here on none is loaded without a valid signature; DuckDB lets nobody switch this on again.
    connection.execute("SET allow_unsigned_extensions = false")
    connection.execute(f"SET disabled_filesystems = '{NETWORK_FILE_SYSTEMS}'")
    connection.execute("SET temp_file_encryption = true")
    # A Parquet file written anew within a second was taken for the old one, by what the cache had kept of it.
    connection.execute("SET enable_external_file_cache = false")
    connection.execute("SET enable_progress_bar = false")


def confine(session: Session, folders: Sequence[Path]) -> None:
    """Leave the session no file but those under `folders`, and no way back: for SQL that users write."""
    allowed = ", ".join(literal(f"{folder}/") for folder in folders)
    session.run(f"SET allowed_directories = [{allowed}]", step="confine the session")
    session.run("SET enable_external_access = false", step="confine the session")
    session.run("SET lock_configuration = true", step="confine the session")
    # Whoever writes the SQL must be told which name is wrong; these errors come before any row is read.
    session.names_shown = True


def assert_statements(session: Session, sql: str, allowed: frozenset[duckdb.StatementType], *, step: str) -> None:
    """Refused where users' SQL is empty or holds a statement of a kind that is not allowed; StatementFailed.

    Confinement alone would still let COPY and ATTACH write to the folders that the session must read.
    """
    found = [each.type for each in _guarded(lambda: session.connection.extract_statements(sql), step)]
    if not found:
        raise Refused("there is no SQL statement to run")
    if others := sorted({each.name for each in found if each not in allowed}):
        raise Refused(f"{others[0]} cannot be run here; allowed are {', '.join(sorted(each.name for each in allowed))}")


def extension_path(name: str) -> Path:
    """Where the wheel of a DuckDB extension put its binary; FileNotFoundError where it is not installed."""
    spec = find_spec(f"duckdb_extension_{name}")
    locations = spec.submodule_search_locations if spec else None
    if not locations:
        raise FileNotFoundError(f"the wheel of DuckDB's {name} extension is not installed: run `make setup`")
    folder = Path(locations[0]) / "extensions" / f"v{duckdb.__version__}"
    return folder / f"{name}.duckdb_extension"


def _stamp(path: Path) -> _Stamp:
    """A file and what changes with its content: whoever replaces or rewrites it cannot keep the last of these."""
    found = path.stat()
    return path, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def literal(text: str | Path) -> str:
    """A text as an SQL string literal, for the places where DuckDB takes no parameter."""
    return "'" + str(text).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def add_parquet_key(session: Session, name: str, key: bytes) -> None:
    """Make a 256-bit key known to the session for encrypted Parquet under `name`; ValueError for another length."""
    if len(key) != 32:
        raise ValueError("a Parquet key has 32 bytes")
    encoded = base64.b64encode(key).decode()
    session.run(f"PRAGMA add_parquet_key({literal(name)}, {literal(encoded)})", step="make a Parquet key known")


def restrict_new_files() -> None:
    """Make every file that this process creates readable by its user alone; without it catalogues came out 0644."""
    os.umask(0o077)


def _guarded(call: Callable[[], T], step: str, *, names_shown: bool = False, limited_by: str = "FJO_MEMORY_LIMIT") -> T:
    said = ""
    failed: type[StatementFailed] = StatementFailed
    try:
        return call()
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        kind = type(error).__name__
        # What no table, column or function is called, without the excerpt of the SQL that follows.
        said = str(error).split("\n\nLINE ")[0] if names_shown else ""
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        # pyarrow passes on DuckDB's message as an OSError of its own.
        kind = type(error).__name__
        if what := exhausted(str(error)):
            said, failed = in_words(what, limited_by), Exhausted
    # Raised outside the handler, so that not even __context__ keeps DuckDB's message.
    withheld = f"DuckDB {kind} (its message is withheld, it may quote a value)"
    raise failed(f"could not {step}: {said or withheld}")


def _guarded_batches(stream: pa.RecordBatchReader, step: str, limited_by: str) -> Iterator[pa.RecordBatch]:
    while (batch := _guarded(lambda: next(stream, None), step, limited_by=limited_by)) is not None:
        yield batch
