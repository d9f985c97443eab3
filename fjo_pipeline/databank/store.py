"""The databank's store: a DuckLake of encrypted Parquet, attached as `lake`, written by one process at a time.

Its catalogue holds the files' keys, so it lies in a 0700 folder, or in PostgreSQL.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fjo_pipeline.core.errors import Refused, StoreBusy
from fjo_pipeline.core.sessions import LAKE, Session, confine, literal, open_session
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.core.stores import file_lock, one_transaction, store_lock
from fjo_pipeline.databank.reference_layouts import store_schema

LATEST = "latest"
PUBLISHED_TABLES = """
CREATE TABLE IF NOT EXISTS lake.databank.published_tables (
    release VARCHAR, number INTEGER, system VARCHAR, tables VARCHAR, hidden VARCHAR);
"""
SCHEMA = (
    """
CREATE SCHEMA IF NOT EXISTS lake.databank;
CREATE TABLE IF NOT EXISTS lake.databank.partitions (
    dataset VARCHAR, refresh VARCHAR, digest VARCHAR, synthetic BOOLEAN, contract_version VARCHAR,
    alf_e_key_version INTEGER, lsoa_vintage VARCHAR, rows BIGINT, people BIGINT, linked BIGINT);
CREATE TABLE IF NOT EXISTS lake.databank.link_changes (
    DATASET VARCHAR, PERSON_ID_E BIGINT, REFRESH VARCHAR, PREVIOUS_REFRESH VARCHAR,
    OLD_ALF_STS_CD VARCHAR, NEW_ALF_STS_CD VARCHAR, REASON VARCHAR);
CREATE TABLE IF NOT EXISTS lake.databank.refresh_differences (
    DATASET VARCHAR, REFRESH VARCHAR, AGAINST VARCHAR, MEASURE VARCHAR, TABLE_NAME VARCHAR, ITEM VARCHAR,
    CATEGORY VARCHAR, SAID VARCHAR, BEFORE BIGINT, AFTER BIGINT, BEFORE_SHARE DOUBLE, AFTER_SHARE DOUBLE,
    CHANGE DOUBLE, BAND DOUBLE, WITHIN_BAND BOOLEAN, SPECIAL_ACCESS BOOLEAN);
CREATE TABLE IF NOT EXISTS lake.databank.refresh_comparisons (
    dataset VARCHAR, refresh VARCHAR, against VARCHAR, digest VARCHAR, judged BIGINT, beyond BIGINT);
CREATE TABLE IF NOT EXISTS lake.databank.reference_files (
    name VARCHAR, digest VARCHAR, rows BIGINT, vintage VARCHAR, part VARCHAR);
ALTER TABLE lake.databank.reference_files ADD COLUMN IF NOT EXISTS vintage VARCHAR;
ALTER TABLE lake.databank.reference_files ADD COLUMN IF NOT EXISTS part VARCHAR;
CREATE TABLE IF NOT EXISTS lake.databank.linkage_report (
    dataset VARCHAR, refresh VARCHAR, section VARCHAR, place INTEGER, item VARCHAR, people BIGINT, linked BIGINT,
    expected_errors DOUBLE, said VARCHAR);
"""
    + PUBLISHED_TABLES
)


@dataclass(frozen=True)
class DatabankStore:
    """The store of one home; opened for a step and closed after it."""

    settings: Settings

    @property
    def catalogue(self) -> str:
        """The catalogue as DuckLake names it: `sqlite:<path>`, or `postgres:<connection>` from the settings."""
        if self.settings.catalogue == "sqlite":
            return f"sqlite:{self.sqlite}"
        return self.settings.catalogue

    @property
    def data_path(self) -> Path:
        """Where the encrypted Parquet files lie."""
        return self.settings.zone("databank") / "lake"

    @property
    def dbt_lock(self) -> Path:
        """The folder of the lock that a dbt process holds for as long as it lives."""
        return self.settings.zone("databank") / "dbt"

    @property
    def exists(self) -> bool:
        """Whether the store has been made; a PostgreSQL catalogue is taken to be there."""
        return self.sqlite.exists() or self.settings.catalogue != "sqlite"

    def create(self) -> None:
        """Make the store, or leave it as it is where it is there; safe to repeat."""
        self.data_path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.sqlite.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._locked(), self._session() as session:
            self._attach(session, "")
            # Inlined rows would stand in the catalogue in plain; the option persists, ATTACH's own does not.
            session.run("CALL lake.set_option('data_inlining_row_limit', 0)", step="keep rows out of the catalogue")
            # In one transaction: forty commits to a lake take seconds.
            with one_transaction(session):
                session.run(SCHEMA + store_schema(), step="lay out the databank's store")
        if self.settings.catalogue == "sqlite":
            connection = sqlite3.connect(self.sqlite)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.close()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that alone may write to the store; StoreBusy where another process holds it."""
        self._assert_made()
        with self._locked(), self._session() as session:
            self._attach(session, "")
            yield session

    @contextmanager
    def reading(self, snapshot: int | None = None) -> Iterator[Session]:
        """A session that reads one snapshot (the latest unless told) and is never blocked by a writer.

        What it reads is not expired until it ends.
        """
        self._assert_made()
        with self._kept(snapshot), self._session() as session:
            self._attach(session, ", READ_ONLY" + (f", SNAPSHOT_VERSION {snapshot}" if snapshot is not None else ""))
            yield session

    @contextmanager
    def for_users(self, snapshot: int) -> Iterator[Session]:
        """A session for users' own SQL on one snapshot: it can read the store's files and nothing else."""
        self._assert_made()
        with self._kept(snapshot), self._session(lock=False) as session:
            self._attach(session, f", READ_ONLY, SNAPSHOT_VERSION {snapshot}")
            session.run("USE lake", step="choose the store")
            confine(session, [self.data_path, self.sqlite.parent])
            yield session

    @contextmanager
    def locked(self) -> Iterator[None]:
        """The store's lock alone, for dbt, which writes from a process of its own."""
        with self._locked():
            yield

    def being_read(self) -> set[int] | None:
        """The snapshots that somebody reads now; None where somebody reads the latest, whichever that is."""
        read: set[int] = set()
        for path in sorted(self._readers.glob("*.lock")):
            try:
                with file_lock(path, wait_seconds=0, busy="it is being read"):
                    continue
            except StoreBusy:
                if path.stem == LATEST:
                    return None
                read.add(int(path.stem))
        return read

    @contextmanager
    def kept_for_a_reader(self, chosen: Callable[[], int]) -> Iterator[int]:
        """Keep the snapshot that is chosen from being expired until the reader ends; yields its number.

        It is chosen again once it is kept: in between another may have taken its place and let it expire.
        """
        while True:
            snapshot = chosen()
            with self._kept(snapshot):
                if chosen() == snapshot:
                    yield snapshot
                    return

    @contextmanager
    def _kept(self, snapshot: int | None) -> Iterator[None]:
        """A lock that readers share, and that whoever expires snapshots looks at; freed where a reader dies."""
        name = LATEST if snapshot is None else str(snapshot)
        busy = "the snapshots of the databank's store are being looked through; try again"
        with file_lock(self._readers / f"{name}.lock", wait_seconds=60, shared=True, busy=busy):
            yield

    @property
    def _readers(self) -> Path:
        return self.settings.zone("databank") / "locks" / "readers"

    @property
    def sqlite(self) -> Path:
        """The file of a SQLite catalogue."""
        return self.settings.zone("databank") / "catalogue" / "catalogue.sqlite"

    def _assert_made(self) -> None:
        if not self.exists:
            raise Refused("the databank has no store yet: run `fjo init`")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        patience = self.settings.lock_wait_seconds
        with store_lock(self.settings.zone("databank"), wait_seconds=patience):
            # Where the process that started a dbt was killed, its dbt writes on, under a lock of its own.
            with store_lock(self.dbt_lock, wait_seconds=patience):
                pass
            yield

    @contextmanager
    def _session(self, *, lock: bool = True) -> Iterator[Session]:
        settings = self.settings
        with open_session(
            settings.temporary("databank"),
            memory_limit=settings.databank_memory_limit,
            limited_by="FJO_DATABANK_MEMORY_LIMIT",
            threads=settings.threads,
            lock=lock,
            extensions=lake_extensions(self.catalogue),
        ) as session:
            yield session

    def _attach(self, session: Session, options: str) -> None:
        session.run(
            f"ATTACH {literal('ducklake:' + self.catalogue)} AS lake "
            f"(DATA_PATH {literal(self.data_path)}, OVERRIDE_DATA_PATH true, ENCRYPTED{options})",
            step="open the databank's store",
        )


def current_snapshot(session: Session) -> int:
    """The number of the latest snapshot."""
    return int(session.value("SELECT max(snapshot_id) FROM lake.snapshots()", step="read the latest snapshot"))


def lake_extensions(catalogue: str) -> tuple[str, ...]:
    """The DuckDB extensions that a lake with this catalogue needs."""
    return (*LAKE, "postgres_scanner") if catalogue.startswith("postgres:") else LAKE
