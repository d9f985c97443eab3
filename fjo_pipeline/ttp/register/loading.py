"""A register delivery becomes the three relations that linkage reads, people, their names and their addresses, and
two that only the databank's address history is made from: records, and stays at addresses.
"""

from pathlib import Path

from fjo_pipeline.core.checking import check_delivery
from fjo_pipeline.core.contracts import contract
from fjo_pipeline.core.deposits import read_deposit
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import sha256_of_texts
from fjo_pipeline.core.refreshes import parse_refresh
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.core.stores import one_transaction
from fjo_pipeline.ttp.store import OPTED_OUT, TtpStore

LONGEST_MERGE_CHAIN = 20
FORMAT = "register 2"
"""Of the tables that a delivery is loaded into; a delivery loaded into others is loaded again."""

# The record that a merged one lives on in. An adoption is no merge: the old record stays a person of its own.
SURVIVORS = f"""
CREATE OR REPLACE TEMP TABLE survivor AS
WITH RECURSIVE step AS (
    SELECT PERS_ID, PERS_ID AS survivor_id, 0 AS merges FROM deposited_persons
    UNION ALL
    SELECT step.PERS_ID, person.MERGED_INTO, step.merges + 1
    FROM step JOIN deposited_persons AS person ON person.PERS_ID = step.survivor_id
    WHERE person.MERGED_INTO IS NOT NULL AND step.merges < {LONGEST_MERGE_CHAIN}
)
SELECT PERS_ID, CAST(arg_max(survivor_id, merges) AS VARCHAR) AS register_id, max(merges) AS merges FROM step GROUP BY 1
"""

PEOPLE = """
SELECT CAST(PERS_ID AS VARCHAR) AS register_id, CAST(DATE_OF_BIRTH AS VARCHAR) AS date_of_birth, SEX AS sex,
    NHS_NUMBER AS nhs_number
FROM deposited_persons WHERE MERGED_INTO IS NULL ORDER BY ALL
"""

NAMES = """
SELECT DISTINCT register_id, FORENAME AS forename, MIDDLE_NAMES AS middle_names, SURNAME AS surname
FROM deposited_names JOIN survivor USING (PERS_ID) ORDER BY ALL
"""

ADDRESSES = """
SELECT DISTINCT register_id, POSTCODE AS postcode,
    nullif(concat_ws(', ', ADDRESS_1, ADDRESS_2, ADDRESS_3, ADDRESS_4, ADDRESS_5), '') AS address
FROM deposited_addresses JOIN survivor USING (PERS_ID) ORDER BY ALL
"""


RECORDS = """
SELECT register_id, max(DATE_OF_DEATH) AS date_of_death, bool_or(RECORD_STATUS <> 'current') AS address_withheld
FROM deposited_persons JOIN survivor USING (PERS_ID) GROUP BY register_id ORDER BY ALL
"""

STAYS = """
SELECT DISTINCT register_id, POSTCODE AS postcode,
    nullif(concat_ws(', ', ADDRESS_1, ADDRESS_2, ADDRESS_3, ADDRESS_4, ADDRESS_5), '') AS address,
    FROM_DT AS from_date, TO_DT AS to_date
FROM deposited_addresses JOIN survivor USING (PERS_ID) ORDER BY ALL
"""

# Who has opted out stays so where the record is merged into another one. An adoption is no merge: nobody follows it.
FOLLOWED = f"""
INSERT INTO {OPTED_OUT}
SELECT number, survivor.register_id, min(reason), min(added_on)
FROM {OPTED_OUT} AS listed JOIN survivor ON CAST(survivor.PERS_ID AS VARCHAR) = listed.register_id
WHERE survivor.register_id NOT IN (SELECT register_id FROM {OPTED_OUT}) GROUP BY ALL ORDER BY ALL
"""

TABLES = {"person": PEOPLE, "name": NAMES, "address": ADDRESSES, "record": RECORDS, "stay": STAYS}


def add_register(store: TtpStore, folder: Path) -> tuple[str, bool, int]:
    """Load a register delivery in place of the one that is there; returns its version, if made up, and its people.

    Refused where the delivery breaks the contract or is not whole, with the first places of each failure.
    """
    deposit = read_deposit(folder)
    each = contract("population_register", store.settings.contracts)
    if deposit.manifest.name != each.name:
        raise Refused(f"this is a delivery of {deposit.manifest.name}, not of {each.name}")
    parse_refresh(deposit.manifest.version)
    deposit.assert_whole()
    version = f"{deposit.manifest.version}-{sha256_of_texts(FORMAT, each.digest, deposit.manifest.digest)[:12]}"
    with store.writing() as session:
        loaded = session.rows("SELECT version, people FROM ttp.register.version", step="read the register's version")
        if loaded and loaded[0][0] == version:
            return version, deposit.manifest.synthetic, loaded[0][1]
        report = check_delivery(session, each, folder)
        if not report.good:
            raise Refused(f"the register was refused:\n  {report}")
        _replace(session, version, deposit.manifest.synthetic)
        people: int = session.value("SELECT people FROM ttp.register.version", step="count the register's people")
        return version, deposit.manifest.synthetic, people


def register_version(session: Session) -> tuple[str, bool]:
    """Version of the register that is loaded, and whether its people are made up; Refused where none is."""
    found = session.rows("SELECT version, synthetic FROM ttp.register.version", step="read the register's version")
    if not found:
        raise Refused("no population register is loaded: load one with `fjo register add PATH`")
    return found[0][0], found[0][1]


def _replace(session: Session, version: str, synthetic: bool) -> None:
    session.run(SURVIVORS, step="follow merged records")
    if session.value("SELECT max(merges) FROM survivor", step="look at merges") == LONGEST_MERGE_CHAIN:
        raise Refused("PERSONS.csv, column MERGED_INTO: merged records lead in a circle, or over too many records")
    with one_transaction(session):
        for table, query in TABLES.items():
            session.run(f"DELETE FROM ttp.register.{table}", step="make room for the register")
            session.run(f"INSERT INTO ttp.register.{table} {query}", step=f"load the register's {table} table")
        session.run(FOLLOWED, step="follow opt-outs over merged records")
        session.run("DELETE FROM ttp.register.version", step="make room for the register's version")
        session.run(
            "INSERT INTO ttp.register.version SELECT ?, ?, count(*) FROM ttp.register.person",
            (version, synthetic),
            step="record the register's version",
        )
