"""History rewritten: every data file of the lake that holds a row that goes, in whatever snapshot, without that row.

DuckLake can delete rows from the present alone: an earlier snapshot's files stay as they are for as long as it is kept.
So files are written anew under keys of their own, and one transaction on the catalogue puts them in the old ones' place
for every snapshot that reads them. Numbers of snapshots, and so pins, stay as they are.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.key_columns import ArrayMap, mapped_keys
from fjo_pipeline.core.keyring import Keyring
from fjo_pipeline.core.sessions import Session, identifier
from fjo_pipeline.databank.ciphers import at_rest
from fjo_pipeline.databank.projects.rows import people_entity
from fjo_pipeline.databank.removals.going import Going, HeldTable, going_rows, id_table
from fjo_pipeline.databank.removals.lake_files import DataFile, Generation, generations, put_in_place, write_without
from fjo_pipeline.databank.tables import CuratedTable, curated_tables

DATED = re.compile(r"_([0-9]{8})$")
ABOUT_NOBODY = re.compile(r"SAIL.*REFR?V", re.IGNORECASE)
"""Schemas of lookups and reference files."""


@dataclass(frozen=True)
class SeenRefresh:
    """The curated tables of one refresh as one snapshot saw them."""

    contract: Contract
    refresh: str
    snapshot: int
    tables: Mapping[str, CuratedTable]


@dataclass
class History:
    """What is to be done: conditions by generation of a table, refreshes that lose rows, ids that must be nowhere."""

    conditions: dict[int, str] = field(default_factory=dict)
    refreshes: set[tuple[str, str]] = field(default_factory=set)
    ids: list[str] = field(default_factory=list)


def people_by_dataset(
    session: Session, contracts: Sequence[Contract], keyring: Keyring, removed: str
) -> dict[str, str]:
    """Tables of File 2's ids of people whom any refresh in any snapshot links to a removed ALF, by dataset."""
    found: dict[str, list[str]] = {}
    for each in _groups(session, contracts):
        version = _key_version(session, each, keyring)
        alfs = _encrypted(session, removed, each.contract, "alf", keyring, version)
        linked = f"SELECT {_person(each)} FROM {_linking(each)} WHERE ALF_E IN (SELECT id FROM {alfs})"
        entity = people_entity(each.contract)
        found.setdefault(each.contract.name, []).append(
            _decrypted(session, id_table(session, linked), each.contract, entity, keyring, version)
        )
    return {
        name: id_table(session, " UNION ".join(f"SELECT id FROM {each}" for each in tables))
        for name, tables in found.items()
    }


def plan_history(
    session: Session, contracts: Sequence[Contract], keyring: Keyring, removed: str, people: Mapping[str, str]
) -> History:
    """What the lake's history loses with the removed ALFs and with these people by dataset; writes nothing."""
    history = History()
    standing = {(each.schema, each.name, each.seen_from): each for each in generations(session)}
    for each in _groups(session, contracts):
        going = _going(session, each, keyring, removed, people[each.contract.name])
        if going is None:
            continue
        history.refreshes.add((each.contract.name, each.refresh))
        history.ids += going.ids
        for name, condition in going.conditions.items():
            table = each.tables[name]
            generation = standing.get((table.schema, table.table, each.snapshot))
            if generation is not None:
                history.conditions[generation.table_id] = condition
    return history


def rewrite_history(session: Session, contracts: Sequence[Contract], history: History, data_path: Path) -> list[Path]:
    """Write every file anew that holds a row that goes; returns the old files, which are for the caller to delete.

    The session must hold the store's lock. In tables that are none of a contract's (views, changes of links) a row goes
    where any id in it is one that went.
    """
    if not history.ids:
        return []
    gone = id_table(session, " UNION ".join(f"SELECT id FROM {each}" for each in history.ids))
    session.run(
        f"CREATE OR REPLACE TABLE memory.main.removal_texts AS SELECT CAST(id AS VARCHAR) AS id FROM {gone}",
        step="write ids as text",
    )
    curated = {table.table for each in _groups(session, contracts) for table in each.tables.values()}
    written = []
    for generation in generations(session):
        condition = history.conditions.get(generation.table_id)
        if condition is None and generation.name not in curated and not ABOUT_NOBODY.fullmatch(generation.schema):
            condition = _names_any(generation, gone)
        if condition is not None:
            written += list(_without(session, generation, condition, data_path))
    return put_in_place(session, written)


def _without(session: Session, generation: Generation, condition: str, data_path: Path) -> Iterator[DataFile]:
    for each in generation.files:
        if new := write_without(session, generation, each, condition, data_path):
            yield new


def _names_any(generation: Generation, gone: str) -> str | None:
    """Whether a row has one of these ids: as a number, or within a text such as `alf 12345` or a list."""
    texts = "(SELECT coalesce(list(id), []) FROM memory.main.removal_texts)"
    conditions = []
    for column, kind in generation.types.items():
        if kind == "int64":
            conditions.append(f"coalesce(given.{identifier(column)} IN (SELECT id FROM {gone}), false)")
        elif kind in ("varchar", "list", "struct", "map"):
            digits = f"regexp_extract_all(CAST(given.{identifier(column)} AS VARCHAR), '[0-9]+')"
            conditions.append(f"coalesce(list_has_any({digits}, {texts}), false)")
    return " OR ".join(conditions) or None


def _groups(session: Session, contracts: Sequence[Contract]) -> Iterator[SeenRefresh]:
    """The curated tables of each refresh, once for each snapshot from which on any of them is seen as it is."""
    seen: dict[tuple[str, str], list[Generation]] = {}
    for generation in generations(session):
        seen.setdefault((generation.schema, generation.name), []).append(generation)
    refreshes = sorted({found[1] for _, name in seen if (found := DATED.search(name))})
    for contract in contracts:
        for refresh in refreshes:
            tables = [each for each in curated_tables(contract, refresh) if not each.lookup]
            there = {
                table.name: seen[table.schema, table.table] for table in tables if (table.schema, table.table) in seen
            }
            for snapshot in sorted({each.seen_from for found in there.values() for each in found}):
                held = {
                    table.name: _held(table, snapshot)
                    for table in tables
                    if any(each.is_seen_at(snapshot) for each in there.get(table.name, []))
                }
                if {"alf", "persons"} & set(held):
                    yield SeenRefresh(contract, refresh, snapshot, held)


def _held(table: CuratedTable, snapshot: int) -> HeldTable:
    relation = f"(FROM {table.qualified()} AT (VERSION => {snapshot}))"
    return HeldTable(**{name: getattr(table, name) for name in CuratedTable.__dataclass_fields__}, relation=relation)


def _going(session: Session, each: SeenRefresh, keyring: Keyring, removed: str, people: str) -> Going | None:
    version = _key_version(session, each, keyring)
    alfs = _encrypted(session, removed, each.contract, "alf", keyring, version)
    ids = _encrypted(session, people, each.contract, people_entity(each.contract), keyring, version)
    linking, person = _linking(each), _person(each)
    goes = f"ALF_E IN (SELECT id FROM {alfs}) OR (ALF_E IS NULL AND {person} IN (SELECT id FROM {ids}))"
    going = id_table(session, f"SELECT {person} FROM {linking} WHERE {goes}")
    if not session.value(f"SELECT count(*) FROM {going}", step="look for people who go"):
        return None
    staying = id_table(session, f"SELECT {person} FROM {linking} WHERE {person} NOT IN (SELECT id FROM {going})")
    others = id_table(
        session, f"SELECT ALF_E FROM {linking} WHERE ALF_E IS NOT NULL AND ALF_E NOT IN (SELECT id FROM {alfs})"
    )
    return going_rows(
        session, each.contract, each.refresh, list(each.tables.values()), (going, alfs), (staying, others)
    )


def _linking(each: SeenRefresh) -> str:
    """The table that says whose ALF is which, as a relation."""
    return (each.tables.get("alf") or each.tables["persons"]).qualified()


def _person(each: SeenRefresh) -> str:
    return "PERSON_ID_E" if "alf" in each.tables else "PERS_ID_E"


def _key_version(session: Session, each: SeenRefresh, keyring: Keyring) -> int:
    """The version of the databank's key under which the ids of a refresh stand in a snapshot."""
    found = session.rows(
        f"SELECT alf_e_key_version FROM lake.databank.partitions AT (VERSION => {each.snapshot}) "
        "WHERE dataset = ? AND refresh = ?",
        (each.contract.name, each.refresh),
        step="look up the key's version",
    )
    return int(found[0][0]) if found else keyring.version("alf_e")


def _encrypted(session: Session, ids: str, contract: Contract, entity: str, keyring: Keyring, version: int) -> str:
    return _mapped(session, ids, at_rest(contract, entity, keyring, version).encrypt_arrow)


def _decrypted(session: Session, ids: str, contract: Contract, entity: str, keyring: Keyring, version: int) -> str:
    return _mapped(session, ids, at_rest(contract, entity, keyring, version).decrypt_arrow)


def _mapped(session: Session, ids: str, how: ArrayMap) -> str:
    with mapped_keys(session, f"FROM {ids}", {"id": how}, step="map ids") as rows:
        return id_table(session, f"SELECT id FROM {rows}")
