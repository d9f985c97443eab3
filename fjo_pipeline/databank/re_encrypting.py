"""The `_E` layer under another version of the databank's key: every id at rest, in one transaction.

Each refresh's ids are taken off the version that its note names, so that a killed rotation, or a store restored from
before one, ends in the same. Views are made of these tables and are due again; snapshots to which extracts are pinned
stay as they are, under the version that stands in them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import sha256_of_texts
from fjo_pipeline.core.key_columns import mapped_keys
from fjo_pipeline.core.keyring import Keyring
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.core.stores import one_transaction
from fjo_pipeline.databank.ciphers import at_rest
from fjo_pipeline.databank.flow import Databank, Partition, arrived_digests, partitions
from fjo_pipeline.databank.link_changes import rebuild_link_changes
from fjo_pipeline.databank.tables import curated_tables

KEY = "alf_e"
LINK_CHANGES = ("databank", "link_changes")
"""Made anew of the tables of links."""


@dataclass(frozen=True)
class _Layer:
    """From one version of the key at rest to the next."""

    contract: Contract
    entity: str
    keyring: Keyring
    before: int
    after: int

    def __call__(self, ids: pa.Array) -> pa.Array:
        old = at_rest(self.contract, self.entity, self.keyring, self.before)
        new = at_rest(self.contract, self.entity, self.keyring, self.after)
        return new.encrypt_arrow(old.decrypt_arrow(ids))


def re_encrypt(databank: Databank, keyring: Keyring, version: int) -> int:
    """Put all ids of the store under a version of the key; returns the number of tables written, 0 where all stand so.

    Refused, with nothing written, where a table has an id of which no contract says what it is of.
    """
    if not databank.store.exists:
        return 0
    with databank.store.writing() as session:
        standing = partitions(session)
        changing = [each for each in standing if each.alf_e_key_version != version]
        if not changing:
            return 0
        digests = {
            number: arrived_digests(databank, number)
            for number in sorted({version, *(each.alf_e_key_version for each in changing)})
        }
        columns = _id_columns(session)
        with one_transaction(session):
            written = {
                place for each in changing for place in _rewrite(session, databank, each, keyring, version, columns)
            }
            for dataset in sorted({each.dataset for each in changing}):
                rebuild_link_changes(session, databank.contract(dataset))
            _assert_all_known(databank, standing, columns)
            for each in changing:
                _note(session, each, keyring.fingerprint(KEY, version), version, digests)
    return len(written)


def assert_opens(databank: Databank, keyring: Keyring) -> None:
    """KeyMissing where refreshes stand under a version of the key that the keyring does not hold."""
    if not databank.store.exists:
        return
    with databank.store.reading() as session:
        for each in partitions(session):
            keyring.key(KEY, each.alf_e_key_version)


_Table = tuple[str, str]
"""Schema and name of a table of the store."""


def _id_columns(session: Session) -> dict[_Table, list[str]]:
    """The columns with ids at rest of every table that is the databank's own, in order; dbt's are made anew of them."""
    found: dict[_Table, list[str]] = {}
    for schema, table, column in session.rows(
        "SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE database_name = 'lake' "
        "AND data_type = 'BIGINT' AND column_name LIKE '%\\_E' ESCAPE '\\' ORDER BY ALL",
        step="list the columns of ids",
    ):
        # dbt writes names in lower case; whatever else ends so is curated, or the databank's own.
        found.setdefault((schema, table), []).append(column)
    return found


def _rewrite(
    session: Session,
    databank: Databank,
    partition: Partition,
    keyring: Keyring,
    version: int,
    columns: dict[_Table, list[str]],
) -> Iterator[_Table]:
    """Write the tables of a refresh; a table without a date in its name belongs to the newest."""
    contract = databank.contract(partition.dataset)
    for table in curated_tables(contract, partition.refresh):
        place = (table.schema, table.table)
        ids = {table.named(column, "_E"): entity for column, entity in table.entities.items()}
        there = columns.get(place, [])
        if not there or not (table.dated or _is_newest(session, partition)):
            continue
        if unknown := sorted(set(there) - set(ids)):
            raise Refused(
                f"the table {table.table} has the id {unknown[0]}, which the contract does not know any more: run "
                "`fjo refresh`, which writes it anew, and rotate then"
            )
        maps = {name: _Layer(contract, ids[name], keyring, partition.alf_e_key_version, version) for name in there}
        with mapped_keys(session, f"FROM {table.qualified()}", maps, step=f"re-encrypt {table.table}") as rows:
            session.run(
                f"CREATE OR REPLACE TABLE {table.qualified()} AS FROM {rows} ORDER BY ALL", step=f"write {table.table}"
            )
        yield place


def _is_newest(session: Session, partition: Partition) -> bool:
    return not session.value(
        "SELECT count(*) FROM lake.databank.partitions WHERE dataset = ? AND refresh > ?",
        (partition.dataset, partition.refresh),
        step="look for later refreshes",
    )


def _assert_all_known(databank: Databank, standing: list[Partition], columns: dict[_Table, list[str]]) -> None:
    known = {
        (table.schema, table.table)
        for each in standing
        for table in curated_tables(databank.contract(each.dataset), each.refresh)
    }
    if left := sorted(set(columns) - known - {LINK_CHANGES}):
        schema, table = left[0]
        raise Refused(
            f"the table {schema}.{table} has the id {columns[left[0]][0]} and is of no refresh that stands: nothing "
            "was re-encrypted; drop that table, or curate its refresh, and rotate then"
        )


def _note(
    session: Session,
    partition: Partition,
    fingerprint: str,
    version: int,
    digests: dict[int, dict[tuple[str, str], str]],
) -> None:
    """Note the version and what the tables are made from now: what was up to date stays so, what was due stays due."""
    refresh = (partition.dataset, partition.refresh)
    digest = sha256_of_texts("re-encrypted", partition.digest, fingerprint)
    if digests[partition.alf_e_key_version].get(refresh) == partition.digest:
        digest = digests[version][refresh]
    session.run(
        "UPDATE lake.databank.partitions SET alf_e_key_version = ?, digest = ? WHERE dataset = ? AND refresh = ?",
        (version, digest, partition.dataset, partition.refresh),
        step="note the key's version",
    )
