"""What a home holds, as digests: every table of every store, transfer and extract, and what the ledgers say.

Two homes with the same keys that took the same deposits must hold the same, whatever was killed on the way.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from fjo_pipeline.core.keyring import open_keyring
from fjo_pipeline.core.ledger import open_ledger
from fjo_pipeline.core.sessions import Session, identifier, open_session
from fjo_pipeline.core.settings import ZONES, Settings
from fjo_pipeline.core.transfers import Kind, open_transfer, waiting
from fjo_pipeline.databank.flow import Databank, release_due, released
from fjo_pipeline.databank.projects.content import content_of
from fjo_pipeline.databank.projects.opening import opened
from fjo_pipeline.databank.projects.places import extract_path
from fjo_pipeline.ttp.flow import Ttp

Contents = dict[str, str]


def contents(settings: Settings) -> Contents:
    """Rows and digest by table, and digests by ledger entry; at the databank of the released snapshot."""
    return dict((*_transfers(settings), *_ttp(settings), *_databank(settings), *_ledgers(settings)))


def files(settings: Settings) -> set[str]:
    """Every file of a home by its place, with numbers that each run gives anew left out.

    The lake's own files are not among them, for the lake's catalogue says which belong to it; nor is Dagster's storage.
    """
    found = (path.relative_to(settings.home) for path in settings.home.rglob("*") if path.is_file())
    kept = (str(path) for path in found if path.parts[0] != "dagster" and path.parts[:2] != ("databank", "lake"))
    # dbt's own notes of its last runs, and the journals of SQLite and DuckDB, come and go.
    passing = re.compile(r"^databank/dbt/(target|logs)/|\.sqlite-(wal|shm|journal)$|\.duckdb\.wal$|\.lock$")
    return {re.sub(r"/0\d{7}/", "/<sequence>/", path) for path in kept if not passing.search(path)}


def _transfers(settings: Settings) -> Iterator[tuple[str, str]]:
    for zone in ZONES:
        keyring = open_keyring(settings, zone)
        with open_session(settings.temporary(zone)) as session:
            for kind in get_args(Kind):
                for folder in waiting(settings.inbox(zone), kind):
                    transfer = open_transfer(folder, keyring, kind)
                    name = f"transfer {kind} {transfer.subject.dataset}/{transfer.subject.refresh}"
                    yield name, transfer.digest
                    for table in transfer.files:
                        yield f"{name} {table}", _digest(session, transfer.relation(session, table))


def _ttp(settings: Settings) -> Iterator[tuple[str, str]]:
    with Ttp(settings).store.reading() as session:
        yield from _tables(session, "ttp")


def _databank(settings: Settings) -> Iterator[tuple[str, str]]:
    databank = Databank(settings)
    yield "release is due", str(release_due(databank) is not None)
    release = released(databank)
    if release is None:
        return
    with databank.store.reading(release.snapshot) as session:
        yield from _tables(session, "lake")
    for folder in sorted(settings.extracts.glob("*")):
        path = extract_path(databank, folder.name)
        if path.is_file():
            with opened(databank, folder.name, {"extract": path}) as session:
                yield from ((f"project {folder.name} {name}", found) for name, found in _tables(session, "extract"))


def _ledgers(settings: Settings) -> Iterator[tuple[str, str]]:
    for zone in ZONES:
        for each in open_ledger(settings, zone).entries():
            yield f"ledger of {zone}: {each.kind} {each.dataset}/{each.refresh} {each.state}", each.digest


def _tables(session: Session, catalogue: str) -> Iterator[tuple[str, str]]:
    found = session.rows(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = $name "
        "UNION ALL SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = $name AND NOT internal "
        "ORDER BY ALL",
        {"name": catalogue},
        step="list the tables",
    )
    for schema, table in found:
        place = f"{catalogue}.{identifier(schema)}.{identifier(table)}"
        yield f"{catalogue}.{schema}.{table}", _digest(session, place)


def _digest(session: Session, relation: str) -> str:
    content = content_of(session, relation)
    return f"{content['rows']} rows {content['digest']}"


def differing(one: Contents, other: Contents) -> list[str]:
    """The names of what two homes do not hold alike."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def unexpected(settings: Settings, reference: set[str]) -> list[str]:
    """The files of a home that the reference has not, and the reference's that it has not."""
    return sorted(files(settings) ^ reference)


def home_of(path: Path, like: Settings) -> Settings:
    """The settings of a copy of a home."""
    return like.model_copy(update={"home": path})
