"""The register's people and addresses in the databank: ids encrypted again, one transaction a version of the register.

What comes is already without identifiers; a version stands beside the earlier ones, as refreshes of a dataset do.
"""

from contextlib import suppress

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import sha256_of_texts
from fjo_pipeline.core.findings import Finding
from fjo_pipeline.core.key_columns import mapped_keys
from fjo_pipeline.core.keyring import Keyring
from fjo_pipeline.core.sessions import Session, identifier
from fjo_pipeline.core.stores import one_transaction
from fjo_pipeline.core.transfers import Transfer
from fjo_pipeline.databank.checks import ids_out_of_range
from fjo_pipeline.databank.ciphers import at_rest
from fjo_pipeline.databank.curate import Curated, Unsound, assert_one_key_version, record_partition
from fjo_pipeline.databank.tables import CuratedTable, register_tables

FORMAT = "curated register 1"
REGISTER_CHECKS = {
    "rows_conserved": "Both tables have the rows that were sent, no more and no fewer.",
    "one_alf_a_person": "Every register person has one row and an ALF of its own.",
    "ids_in_range": "Every id has at most 14 digits.",
    "addresses_have_a_person": "Every address is that of a person of the same version.",
}


def register_digest(contract: Contract, transfer: Transfer, keyring: Keyring, key_version: int | None = None) -> str:
    """What a version's tables are made from, under the current version of the key of ids at rest unless told."""
    key = keyring.fingerprint("alf_e", key_version)
    return sha256_of_texts(FORMAT, contract.digest, transfer.digest, key, str(transfer.subject.synthetic))


def curate_register(session: Session, contract: Contract, transfer: Transfer, keyring: Keyring) -> Curated:
    """Write a version's tables in one transaction; nothing is written where they stand as they should.

    The checks are part of the transaction: where one fails it is rolled back, and the findings say which. Refused
    where a table has other columns than its layout's.
    """
    assert_one_key_version(session, keyring)
    refresh, digest = transfer.subject.refresh, register_digest(contract, transfer, keyring)
    tables = {table.name: table for table in register_tables(contract, refresh)}
    if _stands(session, contract, refresh, digest):
        curated = _curated(session, tables, transfer, digest, changed=False)
        if curated.sound:
            return curated
    for table in tables.values():
        _assert_layout(session, table, transfer)
    with suppress(Unsound), one_transaction(session):
        schema = next(iter(tables.values())).schema
        session.run(f"CREATE SCHEMA IF NOT EXISTS lake.{identifier(schema)}", step="make a schema")
        for table in tables.values():
            _write(session, contract, table, transfer, keyring)
        curated = _curated(session, tables, transfer, digest, changed=True)
        if not curated.sound:
            raise Unsound
        record_partition(
            session, contract, refresh, curated, keyring, transfer.facts.get("lsoa_vintage"), transfer.subject.synthetic
        )
    return curated


def _stands(session: Session, contract: Contract, refresh: str, digest: str) -> bool:
    return bool(
        session.rows(
            "SELECT digest FROM lake.databank.partitions WHERE dataset = ? AND refresh = ? AND digest = ?",
            (contract.name, refresh, digest),
            step="look for the register's version",
        )
    )


def _assert_layout(session: Session, table: CuratedTable, transfer: Transfer) -> None:
    relation = transfer.relation(session, table.name)
    columns = tuple(row[0] for row in session.rows(f"DESCRIBE SELECT * FROM {relation}", step="describe the register"))
    if columns != table.columns:
        raise Refused(f"the register's table {table.name} does not have exactly the columns of its layout")


def _write(session: Session, contract: Contract, table: CuratedTable, transfer: Transfer, keyring: Keyring) -> None:
    maps = {column: at_rest(contract, entity, keyring).encrypt_arrow for column, entity in table.entities.items()}
    columns = ", ".join(f"{column} AS {table.named(column, '_E')}" for column in table.columns)
    query = f"FROM {transfer.relation(session, table.name)}"
    with mapped_keys(session, query, maps, step=f"curate {table.table}") as rows:
        session.run(
            f"CREATE OR REPLACE TABLE {table.qualified()} AS SELECT {columns} FROM {rows} ORDER BY ALL",
            step=f"write {table.table}",
        )


def _curated(
    session: Session, tables: dict[str, CuratedTable], transfer: Transfer, digest: str, *, changed: bool
) -> Curated:
    rows = {
        table.table: int(session.value(f"SELECT count(*) FROM {table.qualified()}", step=f"count {table.table}"))
        for table in tables.values()
    }
    persons, addresses = tables["persons"].qualified(), tables["addresses"].qualified()
    people, alfs, ids = session.row(
        f"SELECT count(*), count(DISTINCT ALF_E), count(DISTINCT PERS_ID_E) FROM {persons}", step="count people"
    )
    differing = sum(rows[table.table] != transfer.files[table.name].rows for table in tables.values())
    outside = sum(
        ids_out_of_range(session, table.qualified(), [table.named(column, "_E") for column in table.entities])
        for table in tables.values()
    )
    strangers = session.value(
        f"SELECT count(*) FROM {addresses} ANTI JOIN {persons} USING (PERS_ID_E)", step="look for whose addresses are"
    )
    findings = (
        Finding("rows_conserved", differing == 0, {"rows": sum(rows.values()), "tables_that_differ": differing}),
        Finding("one_alf_a_person", people == alfs == ids, {"people": people, "alfs": alfs}),
        Finding("ids_in_range", outside == 0, {"ids_out_of_range": outside}),
        Finding("addresses_have_a_person", strangers == 0, {"addresses_of_nobody": strangers}),
    )
    return Curated(digest, rows, people, alfs, changed, findings)
