"""Recombination and curation: Files 2 and 3 meet on the join key, ids are encrypted again, SAIL's tables written.

One transaction replaces a refresh's tables; the order in which refreshes come makes no difference at the end.
"""

from contextlib import suppress
from dataclasses import dataclass

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import sha256_of_texts
from fjo_pipeline.core.findings import Finding
from fjo_pipeline.core.key_columns import ArrayMap, mapped_keys
from fjo_pipeline.core.keyring import Keyring
from fjo_pipeline.core.refreshes import parse_refresh
from fjo_pipeline.core.sessions import Session, identifier, literal
from fjo_pipeline.core.stores import one_transaction
from fjo_pipeline.core.table_contracts import FILE_3_COLUMNS, Linked
from fjo_pipeline.core.transfers import Transfer
from fjo_pipeline.databank.checks import check_curated
from fjo_pipeline.databank.ciphers import at_rest
from fjo_pipeline.databank.increments import one_by_one
from fjo_pipeline.databank.link_changes import rebuild_link_changes
from fjo_pipeline.databank.tables import CuratedTable, alf_table, curated_tables

FORMAT = "curated 2"
ABOUT_PEOPLE = {
    "alf": "ALF, CAST(ALF_STS_CD AS VARCHAR) AS ALF_STS_CD, ALF_MTCH_PCT, WOB, GNDR_CD, LSOA_CD",
    "ralf": "RALF",
}
"""What of File 3 stands in each of the tables that are made of it alone."""


@dataclass(frozen=True)
class Curated:
    """What a curation wrote: counts and digest only."""

    digest: str
    rows: dict[str, int]
    people: int
    linked: int
    changed: bool
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether every check passed; where one did not, nothing was committed."""
        return all(each.passed for each in self.findings)


class Unsound(Exception):
    """Leaves the transaction, so that it is rolled back."""


def curated_digest(
    contract: Contract, file_2: Transfer, file_3: Transfer, keyring: Keyring, key_version: int | None = None
) -> str:
    """What a refresh's tables are made from, under the current version of the key of ids at rest unless told."""
    return sha256_of_texts(
        FORMAT,
        contract.digest,
        file_2.digest,
        file_3.digest,
        keyring.fingerprint("alf_e", key_version),
        str(file_3.subject.synthetic),
    )


def recombine_and_curate(
    session: Session, contract: Contract, file_2: Transfer, file_3: Transfer, keyring: Keyring
) -> Curated:
    """Write every table of a refresh in one transaction; nothing is written where they stand as they should.

    The checks are part of the transaction: where one fails it is rolled back, and the findings say which.
    The files of an increment come together with those that it stands on, `counted`. Refused where Files 2 and 3 are not
    about the same people, or a table has other columns than the contract's.
    """
    assert_one_key_version(session, keyring)
    refresh, digest = file_2.subject.refresh, curated_digest(contract, file_2, file_3, keyring)
    standing = _standing(session, contract, refresh, _expected(session, contract, file_2, file_3))
    if standing and standing.digest == digest and standing.sound:
        return standing
    for each in zip(one_by_one(file_2), one_by_one(file_3), strict=True):
        _assert_same_people(session, contract, *each)
    people = file_3.files["file_3"].rows
    with suppress(Unsound), one_transaction(session):
        curated = _write_all(session, contract, file_2, file_3, keyring, people, digest)
        if not curated.sound:
            raise Unsound
        synthetic = file_2.subject.synthetic or file_3.subject.synthetic
        record_partition(session, contract, refresh, curated, keyring, file_3.facts.get("lsoa_vintage"), synthetic)
        rebuild_link_changes(session, contract)
    return curated


def assert_one_key_version(session: Session, keyring: Keyring) -> None:
    """Refused where refreshes stand under another version of the key of ids at rest than the keyring's current one.

    Their ids would not join those that are about to be written, though each were right by itself.
    """
    current = keyring.version("alf_e")
    others = session.rows(
        "SELECT DISTINCT alf_e_key_version FROM lake.databank.partitions WHERE alf_e_key_version <> ? ORDER BY ALL",
        (current,),
        step="look for other versions of the key",
    )
    for (version,) in others:
        mend = (
            "the keyring is from before a rotation: restore a later backup of it"
            if version > current
            else "the store is from before a rotation: run `fjo keys rotate --zone databank --key alf_e`"
        )
        raise Refused(
            f"the store's ids are under version {version} of the key 'alf_e', the keyring's is {current}; {mend}"
        )


def _write_all(
    session: Session,
    contract: Contract,
    file_2: Transfer,
    file_3: Transfer,
    keyring: Keyring,
    people: int,
    digest: str,
) -> Curated:
    refresh = file_2.subject.refresh
    for schema in (contract.names.data_schema, contract.names.lookup_schema):
        session.run(f"CREATE SCHEMA IF NOT EXISTS lake.{identifier(schema)}", step="make a schema")
    rows = {
        table.table: _write(session, contract, table, file_2, file_3, keyring)
        for table in _own_tables(session, contract, refresh)
    }
    findings = check_curated(session, contract, refresh, _expected(session, contract, file_2, file_3))
    return Curated(digest, rows, people, _count_linked(session, contract, refresh), True, tuple(findings))


def _own_tables(session: Session, contract: Contract, refresh: str) -> list[CuratedTable]:
    """The tables that are this refresh's to write: one without a date in its name is the newest refresh's alone."""
    later = session.value(
        "SELECT count(*) FROM lake.databank.partitions WHERE dataset = ? AND refresh > ?",
        (contract.name, refresh),
        step="look for later refreshes",
    )
    return [table for table in curated_tables(contract, refresh) if table.dated or not later]


def _expected(session: Session, contract: Contract, file_2: Transfer, file_3: Transfer) -> dict[str, int]:
    """Rows that each curated table of the refresh must have, by its name."""
    files = dict.fromkeys(ABOUT_PEOPLE, file_3.files["file_3"]) | dict(file_2.files)
    return {table.name: files[table.name].rows for table in _own_tables(session, contract, file_2.subject.refresh)}


def _standing(session: Session, contract: Contract, refresh: str, expected: dict[str, int]) -> Curated | None:
    found = session.rows(
        "SELECT digest, people, linked FROM lake.databank.partitions WHERE dataset = ? AND refresh = ?",
        (contract.name, refresh),
        step="look for the refresh",
    )
    if not found:
        return None
    digest, people, linked = found[0]
    rows = {
        table.table: session.value(f"SELECT count(*) FROM {table.qualified()}", step=f"count {table.table}")
        for table in _own_tables(session, contract, refresh)
    }
    findings = check_curated(session, contract, refresh, expected)
    return Curated(digest, rows, people, linked, False, tuple(findings))


def _assert_same_people(session: Session, contract: Contract, file_2: Transfer, file_3: Transfer) -> None:
    relation = file_3.relation(session, "file_3")
    columns = tuple(row[0] for row in session.rows(f"DESCRIBE SELECT * FROM {relation}", step="describe File 3"))
    if columns != FILE_3_COLUMNS:
        raise Refused("File 3 does not have exactly the columns of its layout")
    people = " UNION ALL ".join(
        f"SELECT SYSTEM_ID FROM {file_2.relation(session, table.name)}" for table in contract.people_tables
    )
    only_2, only_3 = session.row(
        f"""SELECT count(*) FILTER (WHERE file_3.SYSTEM_ID IS NULL), count(*) FILTER (WHERE file_2.SYSTEM_ID IS NULL)
        FROM (SELECT DISTINCT SYSTEM_ID FROM ({people})) AS file_2
        FULL JOIN {relation} AS file_3 ON file_2.SYSTEM_ID = file_3.SYSTEM_ID""",
        step="compare the people of Files 2 and 3",
    )
    if only_2 or only_3:
        raise Refused(
            f"Files 2 and 3 of {contract.name}/{file_2.subject.refresh} are not about the same people: "
            f"{only_2} are in File 2 alone, {only_3} in File 3 alone; one of them belongs to another split"
        )


def _write(
    session: Session, contract: Contract, table: CuratedTable, file_2: Transfer, file_3: Transfer, keyring: Keyring
) -> int:
    maps: dict[str, ArrayMap] = {
        column: at_rest(contract, entity, keyring).encrypt_arrow for column, entity in table.entities.items()
    }
    query = _query(session, contract, table, file_2, file_3)
    columns = ", ".join(f"{identifier(column)} AS {identifier(table.named(column, '_E'))}" for column in table.columns)
    with mapped_keys(session, query, maps, step=f"curate {table.table}") as rows:
        session.run(
            f"CREATE OR REPLACE TABLE {table.qualified()} AS SELECT {columns} FROM {rows} ORDER BY ALL",
            step=f"write {table.table}",
        )
    return int(session.value(f"SELECT count(*) FROM {table.qualified()}", step=f"count {table.table}"))


def _query(session: Session, contract: Contract, table: CuratedTable, file_2: Transfer, file_3: Transfer) -> str:
    available = f"DATE {literal(parse_refresh(file_2.subject.refresh).isoformat())} AS AVAIL_FROM_DT"
    linking = file_3.relation(session, "file_3")
    if table.name in ABOUT_PEOPLE:
        # MATERIALIZED: a UNION ALL that is streamed while it is read back was seen to wait for ever.
        return f"""WITH person AS MATERIALIZED ({_people(session, contract, file_2)})
            SELECT person.PERSON_ID, {ABOUT_PEOPLE[table.name]}, {available}
            FROM person JOIN {linking} AS linking USING (SYSTEM_ID)"""
    relation = file_2.relation(session, table.name)
    if table.name == "derived":
        key = identifier(contract.people_tables[0].person_key.name)
        assert contract.derived is not None
        return f"SELECT {key} AS PERSON_ID, {identifier(contract.derived.name)}, {available} FROM {relation}"
    content = contract.table(table.name)
    given = [f"{_said(linked)} AS {identifier(column)}" for column, linked in content.linked.items()]
    kept = [f"content.{identifier(field.name)}" for field in content.file_2_fields]
    joins = [
        _linking_join(session, contract, file_2, linking, person)
        for person in sorted({linked.person for linked in content.linked.values()}, key=str)
    ]
    return f"SELECT {', '.join([*kept, *given, available])} FROM {relation} AS content{''.join(joins)}"


def _said(linked: Linked) -> str:
    """SQL for what File 3 says of a linked column's person."""
    return f"{_alias(linked.person)}.{linked.said}"


def _alias(person: str | None) -> str:
    return identifier(f"linking {person or ''}")


def _linking_join(session: Session, contract: Contract, file_2: Transfer, linking: str, person: str | None) -> str:
    """SQL that joins File 3 to content: by the row's own join key, or by that of the person whose key a field holds."""
    alias = _alias(person)
    if person is None:
        return f" JOIN {linking} AS {alias} USING (SYSTEM_ID)"
    return f""" LEFT JOIN (SELECT person.PERSON_ID, linking.* FROM ({_people(session, contract, file_2)}) AS person
        JOIN {linking} AS linking USING (SYSTEM_ID)) AS {alias} ON {alias}.PERSON_ID = content.{identifier(person)}"""


def _people(session: Session, contract: Contract, file_2: Transfer) -> str:
    """SQL for the join key and the encrypted key of each person of a File 2."""
    return " UNION ALL ".join(
        f"SELECT DISTINCT SYSTEM_ID, {identifier(each.person_key.name)} AS PERSON_ID "
        f"FROM {file_2.relation(session, each.name)}"
        for each in contract.people_tables
    )


def _count_linked(session: Session, contract: Contract, refresh: str) -> int:
    table = alf_table(contract, refresh).qualified()
    return int(session.value(f"SELECT count(ALF_E) FROM {table}", step="count linked people"))


def record_partition(
    session: Session,
    contract: Contract,
    refresh: str,
    curated: Curated,
    keyring: Keyring,
    vintage: str | None,
    synthetic: bool,
) -> None:
    """Note a refresh as curated, in place of an earlier note; call it inside the transaction that wrote its tables."""
    session.run(
        "DELETE FROM lake.databank.partitions WHERE dataset = ? AND refresh = ?",
        (contract.name, refresh),
        step="make room for the refresh",
    )
    session.run(
        "INSERT INTO lake.databank.partitions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            contract.name,
            refresh,
            curated.digest,
            synthetic,
            contract.version,
            keyring.version("alf_e"),
            vintage,
            sum(curated.rows.values()),
            curated.people,
            curated.linked,
        ),
        step="record the refresh",
    )
