"""File 1 as it arrives: verified, its columns checked, and laid into the store in place of an earlier one."""

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.core.stores import one_transaction
from fjo_pipeline.core.table_contracts import FILE_1_COLUMNS
from fjo_pipeline.core.transfers import Transfer
from fjo_pipeline.ttp.store import FILE_1_TYPES, partition

# The TTP's own reading of File 1: FORENAME carries all given names, which part at the first space.
ADDRESS = "nullif(concat_ws(', ', ADDRESS_1, ADDRESS_2, ADDRESS_3, ADDRESS_4, ADDRESS_5), '')"
PEOPLE = """
SELECT SYSTEM_ID AS person_id, NHS_NUMBER AS nhs_number,
    split_part(trim(FORENAME), ' ', 1) AS forename,
    nullif(trim(substr(trim(FORENAME), length(split_part(trim(FORENAME), ' ', 1)) + 1)), '') AS middle_names,
    SURNAME AS surname, CAST(DATE_OF_BIRTH AS VARCHAR) AS date_of_birth, GENDER_CD AS sex, POSTCODE AS postcode,
    {address} AS address
FROM ttp.file_1.{partition}
"""
CONFIDENTIAL = "ADDRESS_CONFIDENTIAL IS NOT DISTINCT FROM 'true'"


def load_file_1(session: Session, transfer: Transfer) -> int:
    """Lay a verified File 1 into the store, replacing its refresh; returns its rows. Refused for other columns."""
    relation = transfer.relation(session, "file_1")
    columns = [row[0] for row in session.rows(f"DESCRIBE SELECT * FROM {relation}", step="describe File 1")]
    if columns != list(FILE_1_COLUMNS):
        raise Refused("File 1 does not have exactly the columns of its layout")
    rows, keys = session.row(f"SELECT count(*), count(DISTINCT SYSTEM_ID) FROM {relation}", step="count File 1")
    if rows != keys:
        raise Refused("File 1: a SYSTEM_ID is missing or stands twice")
    typed = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in FILE_1_TYPES.items())
    name = partition(transfer.subject.dataset, transfer.subject.refresh)
    with one_transaction(session):
        session.run(
            f"CREATE OR REPLACE TABLE ttp.file_1.{name} AS SELECT {typed} FROM {relation} ORDER BY SYSTEM_ID",
            step="load File 1",
        )
    return int(rows)


def people_query(dataset: str, refresh: str) -> str:
    """SQL for a refresh's people in the linkage's standard columns."""
    return PEOPLE.format(partition=partition(dataset, refresh), address=ADDRESS)


def homes_query(dataset: str, refresh: str) -> str:
    """SQL for File 1 with `home_postcode` and `home_address` beside it, both null where the address is confidential."""
    return (
        f"SELECT *, CASE WHEN NOT ({CONFIDENTIAL}) THEN POSTCODE END AS home_postcode, "
        f"CASE WHEN NOT ({CONFIDENTIAL}) THEN {ADDRESS} END AS home_address "
        f"FROM ttp.file_1.{partition(dataset, refresh)}"
    )


def confidential_query(dataset: str, refresh: str) -> str:
    """SQL for the people of a refresh whose address is confidential: they lend no shared-address evidence."""
    return f"SELECT SYSTEM_ID AS person_id FROM ttp.file_1.{partition(dataset, refresh)} WHERE {CONFIDENTIAL}"


def carries_nhs_numbers(session: Session, dataset: str, refresh: str) -> bool:
    """Whether the source gives NHS numbers, so that linkage begins with them."""
    return bool(
        session.value(
            f"SELECT count(NHS_NUMBER) FROM ttp.file_1.{partition(dataset, refresh)}", step="count NHS numbers"
        )
    )
