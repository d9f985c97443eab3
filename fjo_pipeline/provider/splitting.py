"""The split: a checked deposit becomes File 1 (who people are) and File 2 (what happened), under one join key."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import sha256_of_texts
from fjo_pipeline.core.key_columns import ArrayMap, mapped_keys
from fjo_pipeline.core.key_ranking import hash_pads, keyed_hash_sql, ranking
from fjo_pipeline.core.keyring import Keyring
from fjo_pipeline.core.linking_field import LinkingFieldCipher, tweak_for
from fjo_pipeline.core.refreshes import parse_refresh
from fjo_pipeline.core.sessions import Session, identifier, literal
from fjo_pipeline.core.table_contracts import FILE_1_COLUMNS, FieldContract, TableContract
from fjo_pipeline.core.transfers import Draft, Kind, Subject
from fjo_pipeline.provider.age_bands import age_bands_query
from fjo_pipeline.provider.checked import CheckedDeposit

FORMAT = "split 1"


def write_file_1(
    session: Session, contract: Contract, checked: CheckedDeposit, keyring: Keyring, folder: Path
) -> Draft:
    """File 1 as a draft: one row a person under its join key, in the order of the join key, which tells nothing."""
    draft = Draft.begin(folder, _subject("file_1", contract, checked))
    maps = {"SYSTEM_ID": _join_key(contract, checked, keyring)}
    with ExitStack() as open_streams:
        streams = []
        for table in contract.people_tables:
            query = _file_1_query(session, table, checked, keyring)
            # A stream each: DuckDB waits for ever on a streamed UNION ALL whose first part is larger than its buffer.
            stream = mapped_keys(session, query, maps, step="split File 1", parameters=_pads(query, keyring))
            streams.append(f"FROM {open_streams.enter_context(stream)}")
        # By the number and not its text, which a sort compares more slowly.
        text = f"SELECT * REPLACE ({_text('SYSTEM_ID')} AS SYSTEM_ID) FROM people ORDER BY people.SYSTEM_ID"
        draft.write(session, "file_1", f"WITH people AS ({' UNION ALL '.join(streams)}) {text}")
    draft.save(keyring)
    return draft


def write_file_2(
    session: Session, contract: Contract, checked: CheckedDeposit, keyring: Keyring, folder: Path
) -> Draft:
    """File 2 as a draft: every table without its identifiers, keys encrypted, the join key beside people."""
    draft = Draft.begin(folder, _subject("file_2", contract, checked))
    draft.facts.update(exact_copies=checked.exact_copies, implausible_years=checked.implausible_years)
    if checked.base:
        draft.facts.update(base=checked.base, stands_on=list(checked.stands_on))
    for table in contract.tables:
        query, maps = _file_2_query(session, contract, table, checked, keyring)
        with mapped_keys(session, query, maps, step=f"split {table.name}", parameters=_pads(query, keyring)) as rows:
            order = f" ORDER BY {rows}.SYSTEM_ID" if table.kind == "people" else ""
            draft.write(session, table.name, f"SELECT {_file_2_columns(table)} FROM {rows}{order}")
    if contract.derived:
        _write_derived(session, contract, checked, keyring, draft)
    draft.save(keyring)
    return draft


def split_digest(kind: Kind, checked_digest: str, keyring: Keyring) -> str:
    """What a File 1 or File 2 is made from: the checked deposit, the split key, and this form of the split."""
    return sha256_of_texts(FORMAT, kind, checked_digest, keyring.fingerprint("split"))


def entity_cipher(contract: Contract, entity: str, keyring: Keyring) -> LinkingFieldCipher:
    """The provider's cipher for one entity's keys: the same over all deposits, so that histories can be followed."""
    return LinkingFieldCipher(keyring.subkey("split", "file 2"), tweak_for(contract.name, entity))


def join_key_cipher(dataset: str, refresh: str, keyring: Keyring) -> LinkingFieldCipher:
    """The cipher of the join key, another one for each deposit."""
    return LinkingFieldCipher(keyring.subkey("split", "join key"), tweak_for(dataset, f"join key {refresh}"))


def rank_expression(field: FieldContract) -> str:
    """SQL that makes an integer of at most 14 digits from a provider's key; texts by pattern, else by keyed hash."""
    column = identifier(field.name)
    if field.type == "integer":
        return column
    if pattern := ranking(field.constraints.pattern):
        return pattern.rank_sql(column)
    return keyed_hash_sql(column)


def _subject(kind: Kind, contract: Contract, checked: CheckedDeposit) -> Subject:
    return Subject(kind, contract.name, checked.refresh, contract.version, checked.synthetic)


def _join_key(contract: Contract, checked: CheckedDeposit, keyring: Keyring) -> ArrayMap:
    return join_key_cipher(contract.name, checked.refresh, keyring).encrypt_arrow


def _file_1_query(session: Session, table: TableContract, checked: CheckedDeposit, keyring: Keyring) -> str:
    """SQL for File 1 in its published layout, exact copies of a person once; SYSTEM_ID still the provider's rank."""
    given = {field.file_1: _file_1_value(field) for field in table.fields if field.file_1}
    values = {
        "SYSTEM_ID": f"CAST({rank_expression(table.person_key)} AS BIGINT)",
        "CREATE_DATE": f"DATE {literal(parse_refresh(checked.refresh).isoformat())}",
        "DATE_OF_BIRTH": "CAST(NULL AS DATE)",
        **given,
    }
    # The same where a contract has no such field and where a person has no such value.
    for name, unknown in (("GENDER_CD", "'9'"), ("ADDRESS_CONFIDENTIAL", "'false'")):
        values[name] = f"coalesce({values.get(name, 'NULL')}, {unknown})"
    columns = ", ".join(f"{values.get(name, 'CAST(NULL AS VARCHAR)')} AS {name}" for name in FILE_1_COLUMNS)
    read, key = checked.relation(session, keyring, table.name), identifier(table.person_key.name)
    if not checked.exact_copies.get(table.name):
        return f"SELECT {columns} FROM {read}"
    # Few people stand there twice, and to compare all rows in every column would cost more than the rest of File 1.
    twice = f"FROM {read} GROUP BY {key} HAVING count(*) > 1"
    return (
        f"SELECT {columns} FROM {read} WHERE {key} NOT IN (SELECT {key} {twice}) "
        f"OR file_row_number IN (SELECT min(file_row_number) {twice})"
    )


def _file_1_value(field: FieldContract) -> str:
    column = identifier(field.name)
    if not field.codes:
        return column
    cases = " ".join(f"WHEN {literal(said)} THEN {literal(code)}" for said, code in sorted(field.codes.items()))
    return f"CASE {column} {cases} ELSE '9' END"


def _file_2_query(
    session: Session, contract: Contract, table: TableContract, checked: CheckedDeposit, keyring: Keyring
) -> tuple[str, Mapping[str, ArrayMap]]:
    maps: dict[str, ArrayMap] = {}
    columns = []
    for field in table.file_2_fields:
        if field.role == "key":
            columns.append(f"CAST({rank_expression(field)} AS BIGINT) AS {identifier(field.name)}")
            maps[field.name] = entity_cipher(contract, field.entity or "", keyring).encrypt_arrow
        else:
            columns.append(identifier(field.name))
    if table.kind == "people":
        columns.append(f"CAST({rank_expression(table.person_key)} AS BIGINT) AS SYSTEM_ID")
        maps["SYSTEM_ID"] = _join_key(contract, checked, keyring)
    return f"SELECT {', '.join(columns)} FROM {checked.relation(session, keyring, table.name)}", maps


def _file_2_columns(table: TableContract) -> str:
    columns = [identifier(field.name) for field in table.file_2_fields]
    return ", ".join([*columns, f"{_text('SYSTEM_ID')} AS SYSTEM_ID"] if table.kind == "people" else columns)


def _write_derived(
    session: Session, contract: Contract, checked: CheckedDeposit, keyring: Keyring, draft: Draft
) -> None:
    assert contract.derived is not None
    rule = contract.derived
    relations = {
        name: checked.relation(session, keyring, name)
        for name in (rule.people, rule.roles, rule.applications, rule.types)
    }
    person = contract.table(rule.people).person_key
    query = age_bands_query(contract, relations, rank_expression(person))
    maps = {person.name: entity_cipher(contract, person.entity or "", keyring).encrypt_arrow}
    with mapped_keys(session, query, maps, step="derive age bands", parameters=_pads(query, keyring)) as rows:
        draft.write(session, "derived", f"SELECT * FROM {rows}")


def _text(column: str) -> str:
    """A 14-digit id as text, as File 1's layout has it, leading zeros kept."""
    return f"lpad(CAST({column} AS VARCHAR), 14, '0')"


def _pads(query: str, keyring: Keyring) -> dict[str, object] | None:
    """The parameters of a query's keyed hashes; None where it has none, for DuckDB refuses parameters not asked for."""
    return dict(hash_pads(keyring.subkey("split", "key hash"))) if "$hash_inner" in query else None


def assert_no_hash_collision(session: Session, contract: Contract, checked: CheckedDeposit, keyring: Keyring) -> None:
    """Refused where two different text keys of one column have one keyed hash: they would become one entity."""
    for table in contract.tables:
        for field in table.fields:
            if field.role == "key" and field.type == "string" and not ranking(field.constraints.pattern):
                query = (
                    f"SELECT count(DISTINCT {identifier(field.name)}) - count(DISTINCT {rank_expression(field)}) "
                    f"FROM {checked.relation(session, keyring, table.name)}"
                )
                collisions = session.value(query, _pads(query, keyring), step="look for collisions of hashed keys")
                if collisions:
                    raise Refused(
                        f"{table.path}, column {field.name}: two keys have one hash; "
                        "the contract must declare a pattern for this key, or scope it by its parent"
                    )
