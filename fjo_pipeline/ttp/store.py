"""The TTP's store: `ttp.duckdb`, an encrypted DuckDB file, attached as `ttp` for one step at a time."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.keyring import Keyring
from fjo_pipeline.core.sessions import Session, identifier, literal, open_session
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.core.stores import store_lock
from fjo_pipeline.core.table_contracts import FILE_1_COLUMNS
from fjo_pipeline.ttp.linkage.memory import SCHEMA as MEMORY_SCHEMA

STORE = "ttp.duckdb"
MEMORY = "ttp.memory"
"""The schema of what linkage remembers."""
OPTED_OUT = "ttp.rights.optout"
"""The register people whom nothing may be sent of; a merged record and its survivor have rows of one number."""

SCHEMA = f"""
CREATE SCHEMA IF NOT EXISTS ttp.register;
CREATE SCHEMA IF NOT EXISTS ttp.reference;
CREATE SCHEMA IF NOT EXISTS ttp.file_1;
CREATE SCHEMA IF NOT EXISTS ttp.links;
CREATE SCHEMA IF NOT EXISTS ttp.second;
CREATE SCHEMA IF NOT EXISTS ttp.prepared;
CREATE TABLE IF NOT EXISTS ttp.prepared.version (version VARCHAR);
CREATE SCHEMA IF NOT EXISTS ttp.truth;
CREATE SCHEMA IF NOT EXISTS ttp.report;
CREATE TABLE IF NOT EXISTS ttp.register.version (version VARCHAR, synthetic BOOLEAN, people BIGINT);
CREATE TABLE IF NOT EXISTS ttp.register.person (
    register_id VARCHAR, date_of_birth VARCHAR, sex VARCHAR, nhs_number VARCHAR);
CREATE TABLE IF NOT EXISTS ttp.register.name (
    register_id VARCHAR, forename VARCHAR, middle_names VARCHAR, surname VARCHAR);
CREATE TABLE IF NOT EXISTS ttp.register.address (register_id VARCHAR, postcode VARCHAR, address VARCHAR);
CREATE TABLE IF NOT EXISTS ttp.register.record (
    register_id VARCHAR, date_of_death DATE, address_withheld BOOLEAN);
CREATE TABLE IF NOT EXISTS ttp.register.stay (
    register_id VARCHAR, postcode VARCHAR, address VARCHAR, from_date DATE, to_date DATE);
CREATE SCHEMA IF NOT EXISTS ttp.rights;
CREATE TABLE IF NOT EXISTS {OPTED_OUT} (number INTEGER, register_id VARCHAR, reason VARCHAR, added_on DATE);
CREATE TABLE IF NOT EXISTS ttp.reference.version (name VARCHAR, version VARCHAR, vintage VARCHAR);
CREATE TABLE IF NOT EXISTS ttp.reference.postcode_to_lsoa (postcode VARCHAR, lsoa_cd VARCHAR);
{MEMORY_SCHEMA.format(schema=MEMORY)}"""


@dataclass(frozen=True)
class TtpStore:
    """The store of one home; opened for a step and closed after it."""

    settings: Settings
    keyring: Keyring

    @property
    def path(self) -> Path:
        """The encrypted file."""
        return self.settings.zone("ttp") / STORE

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that alone may write to the store; StoreBusy where another process holds it."""
        with (
            store_lock(self.settings.zone("ttp"), wait_seconds=self.settings.lock_wait_seconds),
            self._session() as session,
        ):
            self._attach(session, "")
            session.run(SCHEMA, step="lay out the TTP's store")
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that reads the store, beside other readers; Refused where there is no store yet."""
        if not self.path.exists():
            raise Refused("the TTP's store is empty: load a register with `fjo register add PATH`")
        wait = self.settings.lock_wait_seconds
        with store_lock(self.settings.zone("ttp"), wait_seconds=wait, shared=True), self._session() as session:
            self._attach(session, ", READ_ONLY")
            yield session

    @contextmanager
    def _session(self) -> Iterator[Session]:
        settings = self.settings
        with open_session(
            settings.temporary("ttp"), memory_limit=settings.memory_limit, threads=settings.threads
        ) as session:
            yield session

    def _attach(self, session: Session, options: str) -> None:
        attach_store(session, self.path, "ttp", self.keyring, options=options)


def attach_store(
    session: Session, path: Path, name: str, keyring: Keyring, version: int | None = None, options: str = ""
) -> None:
    """Attach a file as the TTP's store under a name, with the current version of its key unless told."""
    key = b64encode(keyring.subkey("store", STORE, version)).decode()
    session.run(
        f"ATTACH {literal(path)} AS {name} (ENCRYPTION_KEY {literal(key)}{options})", step="open the TTP's store"
    )


def partition(dataset: str, refresh: str) -> str:
    """The name, quoted, of a refresh's table in the schemas `file_1`, `links`, `second`, `truth` and `report`."""
    return identifier(f"{dataset}_{refresh}")


def has_partition(session: Session, schema: str, dataset: str, refresh: str) -> bool:
    """Whether a refresh's table is there."""
    return has_table(session, schema, f"{dataset}_{refresh}")


FILE_1_TYPES = {name: "DATE" if name in ("DATE_OF_BIRTH", "CREATE_DATE") else "VARCHAR" for name in FILE_1_COLUMNS}


def opted_out(session: Session) -> str:
    """SQL for the register ids of whom nothing may be sent; nobody in a store that has no list yet."""
    there = has_table(session, "rights", "optout")
    return f"(SELECT register_id FROM {OPTED_OUT})" if there else "(SELECT '' AS register_id WHERE false)"


def has_table(session: Session, schema: str, table: str) -> bool:
    """Whether the store has a table."""
    return bool(
        session.value(
            "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'ttp' AND schema_name = ? AND table_name = ?",
            (schema, table),
            step="look for a table",
        )
    )
