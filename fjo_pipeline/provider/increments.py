"""Increments at the provider: which deposits one stands on, and what is kept of those to check it by.

Of each deposit of a dataset that comes in increments the provider keeps keyed digests of its keys, no values: they stay
when the raw deposit is destroyed, so that an increment's references can be looked up for as long as its base is in use.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fjo_pipeline.core.checking import Column, table_name
from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.deposits import MANIFEST, Manifest
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import move_folder
from fjo_pipeline.core.key_ranking import hash_pads, keyed_digest_sql
from fjo_pipeline.core.keyring import Keyring, open_keyring
from fjo_pipeline.core.ledger import Ledger, open_ledger
from fjo_pipeline.core.linking_field import DOMAIN
from fjo_pipeline.core.sessions import Session, add_parquet_key, identifier, literal
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.core.table_contracts import FieldContract
from fjo_pipeline.core.transfers import PARQUET, parquet_relation

KEPT = f"{PARQUET}, ENCRYPTION_CONFIG {{footer_key: 'kept_keys'}}"
HOW = (
    f'{MANIFEST} says "delivery": "full" of a full deposit, which is a base, or "delivery": "increment" and '
    '"base": the refresh date of the full deposit on which this one stands'
)


class BaseMissing(Refused):
    """An increment's base has not been taken."""


@dataclass(frozen=True)
class Beneath:
    """The deposits of the same base as an increment, itself left out: those before it, and those of later dates."""

    base: str
    before: tuple[str, ...]
    later: tuple[str, ...]


def deposits_beneath(contract: Contract, manifest: Manifest, ledger: Ledger) -> Beneath | None:
    """What an increment stands on, of what has been taken; None for a full deposit.

    Refused, with what to do, where the contract has no increments, the manifest does not say which of the two this is,
    or its base has not been taken.
    """
    if contract.delivery == "full":
        if manifest.delivery == "increment" or manifest.base:
            raise Refused(f"the contract {contract.name} takes full deposits only: send every row, and no base")
        return None
    if manifest.delivery is None or (manifest.delivery == "increment") != (manifest.base is not None):
        raise Refused(f"the contract {contract.name} takes increments, and it is not clear what this is: {HOW}")
    if manifest.base is None:
        return None
    if manifest.base >= manifest.version:
        raise Refused("an increment's base is a full deposit of an earlier date than its own")
    taken = {
        entry.refresh: entry.detail.get("base")
        for entry in ledger.entries(kind="deposit", dataset=contract.name, state="accepted")
    }
    if manifest.base not in taken:
        raise BaseMissing(
            f"the increment stands on {contract.name}/{manifest.base}, which has not been taken: send that full "
            "deposit first, then this one again; or send a full deposit under this date"
        )
    if taken[manifest.base] is not None:
        raise Refused(
            f"{contract.name}/{manifest.base} is itself an increment: a base is the full deposit that it stands on, "
            f"{taken[manifest.base]}"
        )
    others = [each for each, base in taken.items() if base == manifest.base and each != manifest.version]
    before = (manifest.base, *(each for each in others if each < manifest.version))
    return Beneath(manifest.base, before, tuple(each for each in others if each > manifest.version))


@dataclass(frozen=True)
class EarlierKeys:
    """The keys of the deposits of one base, as far as they are kept: what `check_delivery` calls Earlier."""

    settings: Settings
    contract: Contract
    beneath: Beneath
    keyring: Keyring

    def known(self, session: Session, column: Column, targets: Sequence[Column], *, later_too: bool = False) -> str:
        """SQL for those values of a loaded column that stand in one of `targets` in a deposit of the same base."""
        kept = self._kept(session, targets, later_too)
        table, name = self.contract.table(column[0]), identifier(column[1])
        session.run(
            f"CREATE OR REPLACE TEMP TABLE known_earlier AS SELECT value FROM (SELECT DISTINCT {name} AS value "
            f"FROM {table_name(table)} WHERE {name} IS NOT NULL) WHERE {keyed_digest_sql('value')} IN ({kept})",
            _pads(self.keyring),
            step=f"look up the keys of {table.path} among earlier deposits",
        )
        return "SELECT value FROM known_earlier"

    def assert_no_hash_collision(self, session: Session, relations: Mapping[str, str]) -> None:
        """Refused where a hashed primary key of this deposit and another one of its base meet in one 14-digit hash.

        An increment replaces rows by those hashes, so the one would silently take the other's place. `relations` reads
        the deposit's checked tables.
        """
        for table in self.contract.tables:
            for field in _hashed_primary_key(table.fields, table.table_schema.primary_key):
                kept = self._kept(session, [(table.name, field.name)], later_too=True)
                digest = keyed_digest_sql(identifier(field.name))
                collisions = session.value(
                    f"SELECT count(*) FROM (SELECT DISTINCT {digest} AS digest FROM {relations[table.name]}) AS given "
                    f"JOIN ({kept}) AS kept ON given.digest % {DOMAIN} = kept.digest % {DOMAIN} "
                    "AND given.digest <> kept.digest",
                    _pads(self.keyring),
                    step="look for collisions with earlier keys",
                )
                if collisions:
                    raise Refused(
                        f"{table.path}, column {field.name}: a key has the hash of another key of an earlier deposit; "
                        "the contract must declare a pattern for this key, or scope it by its parent"
                    )

    def _kept(self, session: Session, targets: Sequence[Column], later_too: bool) -> str:
        refreshes = self.beneath.before + (self.beneath.later if later_too else ())
        return " UNION ALL ".join(
            f"SELECT digest FROM {_kept_column(session, self.settings, self.contract, refresh, target, self.keyring)}"
            for target in targets
            for refresh in refreshes
        )


def earlier_keys(settings: Settings, contract: Contract, manifest: Manifest) -> EarlierKeys | None:
    """What an increment's references are looked up in; None for a full deposit.

    Refused as `deposits_beneath` is, and where keys of a deposit of its base were not kept.
    """
    beneath = deposits_beneath(contract, manifest, open_ledger(settings, "provider"))
    if beneath is None:
        return None
    for refresh in beneath.before + beneath.later:
        for column in _kept_columns(contract):
            if not (_folder(settings, contract.name, refresh) / _file(column)).is_file():
                raise Refused(
                    f"the keys of {contract.name}/{refresh}, {column[0]}.{column[1]}, were not kept when it was taken, "
                    "so no increment can stand on it: send a full deposit, and name it as base from then on"
                )
    return EarlierKeys(settings, contract, beneath, open_keyring(settings, "provider"))


def keep_keys(
    session: Session,
    contract: Contract,
    relations: Mapping[str, str],
    settings: Settings,
    refresh: str,
    keyring: Keyring,
) -> None:
    """Keep keyed digests of a deposit's keys, replacing those of an earlier try; `relations` reads its tables."""
    folder = _folder(settings, contract.name, refresh)
    scratch = folder.with_name(f".{refresh}.writing")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True, mode=0o700)
    add_parquet_key(session, "kept_keys", _key(keyring))
    for table, name in _kept_columns(contract):
        column = identifier(name)
        session.run(
            f"COPY (SELECT DISTINCT {keyed_digest_sql(column)} AS digest FROM {relations[table]} "
            f"WHERE {column} IS NOT NULL ORDER BY digest) TO {literal(scratch / _file((table, name)))} ({KEPT})",
            _pads(keyring),
            step=f"keep the keys of {table}",
        )
    move_folder(scratch, folder)


def _kept_columns(contract: Contract) -> list[Column]:
    """What an increment may refer to, people's keys, and the primary keys that are hashed."""
    columns = {
        (key.reference.resource, key.reference.fields)
        for table in contract.tables
        for key in table.table_schema.foreign_keys
    }
    columns |= {(table.name, table.person_key.name) for table in contract.people_tables}
    columns |= {
        (table.name, field.name)
        for table in contract.tables
        for field in _hashed_primary_key(table.fields, table.table_schema.primary_key)
    }
    return sorted(columns)


def _hashed_primary_key(fields: Sequence[FieldContract], primary_key: str | None) -> Iterator[FieldContract]:
    for field in fields:
        hashed = field.role == "key" and field.type == "string" and not field.constraints.pattern
        if hashed and field.name == primary_key:
            yield field


def _kept_column(
    session: Session, settings: Settings, contract: Contract, refresh: str, column: Column, keyring: Keyring
) -> str:
    return parquet_relation(session, _folder(settings, contract.name, refresh) / _file(column), _key(keyring))


def _folder(settings: Settings, dataset: str, refresh: str) -> Path:
    return settings.zone("provider") / "kept_keys" / dataset / refresh


def _file(column: Column) -> str:
    return f"{column[0]}.{column[1]}.parquet"


def _key(keyring: Keyring) -> bytes:
    return keyring.subkey("split", "kept keys")


def _pads(keyring: Keyring) -> dict[str, object]:
    """The same key as that of hashed keys, whose 14 digits follow from the digest."""
    return dict(hash_pads(keyring.subkey("split", "key hash")))
