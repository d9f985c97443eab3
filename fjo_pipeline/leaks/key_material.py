"""The keys that must be nowhere but in their zone's keyring, and what the databank's own keys open to be searched."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from fjo_pipeline.core.errors import FjoError
from fjo_pipeline.core.keyring import Keyring, open_keyring
from fjo_pipeline.core.sessions import Session, literal
from fjo_pipeline.core.settings import Settings, Zone
from fjo_pipeline.core.transfers import ENVELOPE, open_transfer
from fjo_pipeline.databank.flow import Databank
from fjo_pipeline.databank.projects.lifecycle import known_projects
from fjo_pipeline.databank.projects.places import extract_key, extract_path, project_keys
from fjo_pipeline.leaks.containers import Keys
from fjo_pipeline.leaks.encodings import Canary, key

SUBKEYS: Mapping[Zone, tuple[tuple[str, str], ...]] = {
    "provider": (("split", "staging"), ("split", "file 2"), ("split", "join key")),
    "ttp": (("store", "ttp.duckdb"),),
    "databank": (),
}
"""Derived keys that open a store or make ids, by what they are derived from."""
NAMES_PEOPLE = frozenset({"file_1"})
"""Transfers that hold identifiers, and are for the TTP alone to open."""


def secrets_of(keyring: Keyring) -> Iterator[Canary]:
    """Every secret of a keyring in every version, and the subkeys that open stores."""
    for name, secret in keyring.secrets():
        yield key(f"{keyring.zone}'s key {name}", secret)
    for name, purpose in SUBKEYS[keyring.zone]:
        yield key(f"{keyring.zone}'s key {name}, {purpose}", keyring.subkey(name, purpose))


def openable(settings: Settings, here: tuple[Zone, ...], session: Session) -> Keys:
    """What lies encrypted outside the stores and is opened with keys of this home: lake, transfers, projects' extracts.

    A transfer to the TTP that holds identifiers by right is not among it.
    """
    relations: dict[Path, str] = {}
    databases: dict[Path, str] = {}
    for zone in here:
        relations |= _transfers(settings, open_keyring(settings, zone), session)
    if "databank" in here:
        databank = Databank(settings)
        relations |= _lake(databank)
        keyring = databank.keyring
        for number in known_projects(databank):
            if keyring.has(project_keys(number)[1]):
                for path in extract_path(databank, number).parent.glob("*.duckdb"):
                    databases[path] = extract_key(keyring, number)
    return Keys(relations, databases)


def _transfers(settings: Settings, keyring: Keyring, session: Session) -> dict[Path, str]:
    relations = {}
    for envelope in sorted(settings.inbox(keyring.zone).rglob(ENVELOPE)):
        try:
            transfer = open_transfer(envelope.parent, keyring)
        except FjoError:
            # Refused by its recipient too; its bytes are searched all the same.
            continue
        if transfer.subject.kind not in NAMES_PEOPLE:
            for table in transfer.files:
                relations[envelope.parent / f"{table}.parquet"] = transfer.relation(session, table)
    return relations


def _lake(databank: Databank) -> dict[Path, str]:
    """Every file of the lake, those of kept snapshots too, with the key that its catalogue holds."""
    if not databank.store.exists:
        return {}
    with databank.store.reading() as session:
        rows = session.rows(
            "SELECT path, encryption_key FROM __ducklake_metadata_lake.ducklake_data_file", step="list the lake's files"
        )
    keys = {Path(path).name: file_key for path, file_key in rows if file_key}
    return {
        path: f"read_parquet({literal(path)}, encryption_config = "
        f"{{footer_key_value: from_base64({literal(keys[path.name])})}})"
        for path in databank.store.data_path.rglob("*.parquet")
        if path.name in keys
    }
