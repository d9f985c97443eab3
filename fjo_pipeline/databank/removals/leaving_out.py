"""Files 2 and 3, and a register's files, as they lie in the inbox: written anew without the people who go.

What the databank curates from then has no row of them, now and in every later backfill. Which rows those are is said by
the ALFs of the `removals` transfer, and by File 3's own list of join keys that the TTP left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.keyring import Keyring
from fjo_pipeline.core.sessions import Session, identifier
from fjo_pipeline.core.transfers import Transfer, lessened, replace_transfer
from fjo_pipeline.databank.increments import Pair
from fjo_pipeline.databank.removals.going import HeldTable, going_rows, id_table, key_columns
from fjo_pipeline.databank.tables import person_entity

LEFT_OUT = "left_out"
"""File 3's table of the join keys of people whom the TTP left out."""
PERSONS = "memory.main.removal_persons"


def leave_out(
    session: Session,
    contract: Contract,
    deposits: Sequence[Pair],
    removed: str,
    also: str,
    keyring: Keyring,
    scratch: Path,
) -> bool:
    """Write the files of one state anew without the people who go; False where nobody in them goes.

    `deposits` are the pairs of Files 2 and 3 that make the state, base first. `removed` is a table of ALFs, `also` one
    of File 2's ids of people who go although this state does not link them.
    """
    _note_persons(session, contract, deposits, removed, also)
    if not session.value(f"SELECT count(*) FROM {PERSONS} WHERE goes", step="look for people who go"):
        return False
    # Over several deposits the last that has a person says who it is, as it does in the tables.
    last = f"SELECT person_id, arg_max(goes, place) AS goes FROM {PERSONS} WHERE person_id IS NOT NULL GROUP BY 1"
    people = id_table(session, f"SELECT person_id FROM ({last}) WHERE goes")
    others = id_table(session, f"SELECT person_id FROM ({last}) WHERE NOT goes")
    session.run(
        f"UPDATE {PERSONS} SET goes = true WHERE person_id IN (SELECT id FROM {people})",
        step="let people go from every deposit of the state",
    )
    nobody = id_table(session, "SELECT CAST(NULL AS BIGINT) WHERE false")
    tables = list(_held(session, contract, deposits))
    going = going_rows(session, contract, "", tables, (people, nobody), (others, nobody))
    written = [
        (each, lessened(each, session, keyring, scratch / str(place), queries))
        for place, (file_2, file_3) in enumerate(deposits)
        for each, queries in (
            (file_2, _file_2(session, contract, file_2, place, going.conditions)),
            (file_3, _file_3(session, file_3, place)),
        )
        if _has_changed(session, each, queries)
    ]
    for each, folder in written:
        replace_transfer(each, folder)
    return bool(written)


def leave_out_of_register(session: Session, register: Transfer, removed: str, keyring: Keyring, scratch: Path) -> bool:
    """The same of a register's people and addresses."""
    persons, addresses = register.relation(session, "persons"), register.relation(session, "addresses")
    goes = f"coalesce(ALF IN (SELECT id FROM {removed}), false)"
    queries = {
        "persons": f"FROM {persons} WHERE NOT {goes} ORDER BY ALL",
        "addresses": f"FROM {addresses} WHERE PERS_ID NOT IN (SELECT PERS_ID FROM {persons} WHERE {goes}) ORDER BY ALL",
    }
    if not session.value(f"SELECT count(*) FROM {persons} WHERE {goes}", step="look for people who go"):
        return False
    replace_transfer(register, lessened(register, session, keyring, scratch, queries))
    return True


def _note_persons(session: Session, contract: Contract, deposits: Sequence[Pair], removed: str, also: str) -> None:
    """`PERSONS`: place of the deposit, join key, person's id in File 2, and whether the person goes."""
    parts = []
    for place, (file_2, file_3) in enumerate(deposits):
        people = " UNION ".join(
            f"SELECT SYSTEM_ID, {identifier(table.person_key.name)} AS person_id "
            f"FROM {file_2.relation(session, table.name)}"
            for table in contract.people_tables
        )
        left = _left_out(session, file_3)
        parts.append(f"""SELECT {place} AS place, SYSTEM_ID, person_id, ALF,
                coalesce(ALF IN (SELECT id FROM {removed}), false) OR SYSTEM_ID IN ({left})
                OR (ALF IS NULL AND coalesce(person_id IN (SELECT id FROM {also}), false)) AS goes
            FROM ({people}) FULL JOIN (SELECT SYSTEM_ID, ALF FROM {file_3.relation(session, "file_3")})
            USING (SYSTEM_ID)""")
    session.run(f"CREATE OR REPLACE TABLE {PERSONS} AS {' UNION ALL '.join(parts)}", step="look for people who go")
    # Linked in one deposit and in another one not found by the linkage: the provider's id says that it is one person.
    session.run(
        f"UPDATE {PERSONS} SET goes = true "
        f"WHERE ALF IS NULL AND person_id IN (SELECT person_id FROM {PERSONS} WHERE goes)",
        step="let people go whom another deposit links",
    )


def _held(session: Session, contract: Contract, deposits: Sequence[Pair]) -> Iterator[HeldTable]:
    """The tables of File 2 over all deposits, their keys alone."""
    for table in contract.tables:
        entities = {field.name: field.entity or "" for field in table.file_2_fields if field.role == "key"}
        yield _gathered(session, deposits, table.name, entities, lookup=table.kind == "lookup")
    if contract.derived:
        key = contract.people_tables[0].person_key.name
        yield _gathered(session, deposits, "derived", {key: person_entity(contract)}, lookup=False)


def _gathered(
    session: Session, deposits: Sequence[Pair], name: str, entities: dict[str, str], *, lookup: bool
) -> HeldTable:
    relation = f"memory.main.removal_held_{name}"
    held = HeldTable(name, "", name, tuple(entities), entities, False, lookup, relation=relation, suffixed=False)
    columns = key_columns(held) or "1"
    parts = [f"SELECT {columns} FROM {file_2.relation(session, name)}" for file_2, _ in deposits]
    session.run(f"CREATE OR REPLACE TABLE {relation} AS {' UNION ALL '.join(parts)}", step="read File 2's keys")
    return held


def _file_2(
    session: Session, contract: Contract, file_2: Transfer, place: int, conditions: Mapping[str, str]
) -> dict[str, str]:
    """SQL for each table of a File 2 without the rows that go."""
    queries = {}
    people = {table.name for table in contract.people_tables}
    for name in file_2.files:
        goes = conditions.get(name, "false")
        if name in people:
            # In each deposit those go whom it has under a join key that goes: Files 2 and 3 stay about the same people.
            goes += f" OR given.SYSTEM_ID IN (SELECT SYSTEM_ID FROM {PERSONS} WHERE goes AND place = {place})"
        queries[name] = f"SELECT * FROM {file_2.relation(session, name)} AS given WHERE NOT ({goes}) ORDER BY ALL"
    return queries


def _file_3(session: Session, file_3: Transfer, place: int) -> dict[str, str]:
    goes = f"SELECT SYSTEM_ID FROM {PERSONS} WHERE goes AND place = {place}"
    return {
        "file_3": f"FROM {file_3.relation(session, 'file_3')} WHERE SYSTEM_ID NOT IN ({goes}) ORDER BY SYSTEM_ID",
        # Kept with the file, so that a File 2 that is sent again is known to lack them, too.
        LEFT_OUT: f"SELECT SYSTEM_ID FROM ({goes} UNION {_left_out(session, file_3)}) ORDER BY SYSTEM_ID",
    }


def _has_changed(session: Session, transfer: Transfer, queries: Mapping[str, str]) -> bool:
    return any(
        (transfer.files[name].rows if name in transfer.files else 0)
        != session.value(f"SELECT count(*) FROM ({query})", step="count the rows that stay")
        for name, query in queries.items()
    )


def _left_out(session: Session, file_3: Transfer) -> str:
    """SQL for the join keys that a File 3 lists as left out; one of an earlier version has no list."""
    if LEFT_OUT not in file_3.files:
        return "SELECT CAST(NULL AS VARCHAR) AS SYSTEM_ID WHERE false"
    return f"SELECT SYSTEM_ID FROM {file_3.relation(session, LEFT_OUT)}"
