"""The TTP's store under another version of its key: written anew beside itself, then renamed into its place."""

from contextlib import AbstractContextManager
from pathlib import Path

from fjo_pipeline.core.errors import FjoError, Refused
from fjo_pipeline.core.keyring import Keyring
from fjo_pipeline.core.sessions import Session, identifier, open_session
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.core.stores import store_lock
from fjo_pipeline.ttp.store import STORE, TtpStore, attach_store

KEY = "store"
DRAFT = f".{STORE}.rotated.tmp"


def re_key(settings: Settings, keyring: Keyring, version: int) -> int:
    """Put the store under a version of its key; returns the number of tables written, 0 where it stands so or is none.

    Refused where no version of the key opens it.
    """
    path = TtpStore(settings, keyring).path
    draft = path.with_name(DRAFT)
    with store_lock(settings.zone("ttp"), wait_seconds=settings.lock_wait_seconds):
        for leftover in path.parent.glob(f"{DRAFT}*"):
            leftover.unlink()
        if not path.exists():
            return 0
        standing = _standing_version(settings, keyring, path, version)
        if standing == version:
            return 0
        with _session(settings) as session:
            attach_store(session, path, "old", keyring, standing)
            attach_store(session, draft, "new", keyring, version)
            session.run("COPY FROM DATABASE old TO new", step="write the TTP's store under its new key")
            before, after = _content(session, "old"), _content(session, "new")
            if before != after:
                raise Refused("the TTP's store could not be written under its new key: the copy has other rows")
            for name in ("old", "new"):
                # Left in a write-ahead log it would be lost with the one, and be read under a wrong key by the other.
                session.run(f"CHECKPOINT {name}", step="write out the TTP's store")
                session.run(f"DETACH {name}", step="close the TTP's store")
        for each in (path, draft):
            if each.with_name(f"{each.name}.wal").exists():
                raise Refused("the TTP's store could not be written out whole: run the same again")
        draft.replace(path)
    return len(after)


def assert_opens(settings: Settings, keyring: Keyring) -> None:
    """Refused where there is a store and no version of its key opens it."""
    path = TtpStore(settings, keyring).path
    if path.exists():
        with store_lock(settings.zone("ttp"), wait_seconds=settings.lock_wait_seconds):
            _standing_version(settings, keyring, path, keyring.version(KEY))


def _standing_version(settings: Settings, keyring: Keyring, path: Path, wanted: int) -> int:
    """The version of the key under which the store lies; the one that is wanted is tried first."""
    for version in sorted(keyring.versions(KEY), key=lambda each: (each != wanted, -each)):
        with _session(settings) as session:
            try:
                attach_store(session, path, "store", keyring, version)
            except FjoError:
                continue
            return version
    raise Refused(
        "no version of the key 'store' opens the TTP's store: the keyring or the store was restored from another time; "
        "restore both from backups of one time"
    )


def _content(session: Session, name: str) -> dict[tuple[str, str], tuple[int, int]]:
    """Rows, and a digest of the content whatever its order, of every table of a database."""
    tables = session.rows(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY ALL",
        (name,),
        step="list the tables",
    )
    digest = "SELECT count(*), coalesce(sum(CAST(hash(content) AS HUGEINT)), 0) FROM {}.{}.{} AS content"
    return {
        table: session.row(digest.format(name, *map(identifier, table)), step="compare the tables") for table in tables
    }


def _session(settings: Settings) -> AbstractContextManager[Session]:
    return open_session(settings.temporary("ttp"), memory_limit=settings.memory_limit, threads=settings.threads)
