"""Readers in processes of their own, as users have them, while a refresh replaces every table and extract beneath."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from fjo_pipeline.core.errors import FjoError
from fjo_pipeline.core.sessions import extension_path, literal
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.databank.flow import Databank, assert_released, query
from fjo_pipeline.databank.projects.analyst import query as query_project
from fjo_pipeline.databank.projects.places import extract_key, extract_path
from tests.faults.boundaries import Outcome, beside

STANDING = "SELECT dataset, refresh, digest, rows FROM lake.databank.partitions ORDER BY ALL"
"""What the refreshes were made from: of one release, or of the next, but never of both."""
TABLES = "SELECT schema_name, table_name, estimated_size FROM duckdb_tables() ORDER BY ALL"


@dataclass
class Reading:
    """What one reader met: how many answers, the different ones among them, and errors."""

    way: str
    read: int = 0
    answers: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)


Ask = Callable[[], object]


@contextmanager
def _sql(databank: Databank, sql: str, number: str) -> Iterator[Ask]:
    """`fjo sql`, again and again."""
    yield lambda: query(databank, sql).to_pylist()


@contextmanager
def _session(databank: Databank, sql: str, number: str) -> Iterator[Ask]:
    """One session on the release of its beginning, throughout."""
    with (
        databank.store.kept_for_a_reader(lambda: assert_released(databank).snapshot) as snapshot,
        databank.store.for_users(snapshot) as session,
    ):
        yield lambda: session.rows(sql, step="read")


@contextmanager
def _analyst(databank: Databank, sql: str, number: str) -> Iterator[Ask]:
    """`fjo project sql`, again and again."""
    yield lambda: query_project(databank, number, TABLES).to_pylist()


@contextmanager
def _researcher(databank: Databank, sql: str, number: str) -> Iterator[Ask]:
    """A DuckDB without anything of ours that attaches the extract with its key, again and again."""
    key, path = extract_key(databank.keyring, number), extract_path(databank, number)
    with duckdb.connect(":memory:", config={"autoinstall_known_extensions": False}) as own:
        own.execute(f"LOAD {literal(extension_path('httpfs'))}")

        def ask() -> object:
            own.execute(f"ATTACH {literal(path)} AS mine (ENCRYPTION_KEY {literal(key)}, READ_ONLY)")
            try:
                return own.execute(f"{TABLES.replace('FROM', 'FROM (FROM')} )").fetchall()
            finally:
                own.execute("DETACH mine")

        yield ask


WAYS = {"fjo sql": _sql, "one session": _session, "fjo project sql": _analyst, "plain DuckDB": _researcher}


def read(settings: Settings, way: str, sql: str, number: str, stop: Path) -> Reading:
    """Read in one of the ways until the file `stop` is there, once more then, and at least once before."""
    found = Reading(way)
    with WAYS[way](Databank(settings), sql, number) as ask:
        ended = False
        while not ended:
            ended = stop.exists()
            try:
                found.answers.add(repr(ask()))
                found.read += 1
            except (FjoError, duckdb.Error) as error:
                found.errors.append(f"{type(error).__name__}: {error}")
    return found


def eight_readers(settings: Settings, number: str, stop: Path, sql: str = STANDING) -> Callable[[], list[Reading]]:
    """Two readers of each way at once, from now on; what it returns stops them and tells what they met."""
    reading: list[Callable[[], Outcome]] = [beside(read, settings, way, sql, number, stop) for way in (*WAYS, *WAYS)]

    def ended() -> list[Reading]:
        stop.touch()
        return [each().gave for each in reading]

    return ended
