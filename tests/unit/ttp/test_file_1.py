"""File 1 at the TTP: taken only with its exact layout, one row a person, and read in the linkage's columns."""

from pathlib import Path

import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.keyring import open_keyring
from fjo_pipeline.core.ledger import open_ledger
from fjo_pipeline.core.sessions import Session, open_session
from fjo_pipeline.core.table_contracts import FILE_1_COLUMNS
from fjo_pipeline.core.transfers import Draft, Subject
from fjo_pipeline.ttp.file_1 import carries_nhs_numbers, people_query
from fjo_pipeline.ttp.flow import link, receive_file_1
from tests.tiny_home import REFRESH, TinyHome


def send_file_1(home: TinyHome, query: str, scratch: Path) -> None:
    """A File 1 of this content, sealed and signed by the provider."""
    keyring = open_keyring(home.settings, "provider")
    draft = Draft.begin(scratch / "file_1", Subject("file_1", "tiny", REFRESH, "1", True))
    with open_session(scratch / "spill") as session:
        draft.write(session, "file_1", query)
    draft.send(keyring, "ttp", home.settings.inbox("ttp"), open_ledger(home.settings, "provider"), "forged")


def file_1_row(system_id: str, **values: str) -> str:
    said = {"SYSTEM_ID": f"'{system_id}'"} | {name: f"'{value}'" for name, value in values.items()}
    return "SELECT " + ", ".join(f"CAST({said.get(name, 'NULL')} AS VARCHAR) AS {name}" for name in FILE_1_COLUMNS)


def people(session: Session) -> list[tuple[str, ...]]:
    columns = "forename, middle_names, surname, date_of_birth, address"
    return session.rows(f"SELECT {columns} FROM ({people_query('tiny', REFRESH)})", step="look")


def test_given_names_part_at_the_first_space(empty_home: TinyHome, tmp_path: Path) -> None:
    row = file_1_row(
        "1", FORENAME=" Ada Mary  Lou ", SURNAME="Q", DATE_OF_BIRTH="2015-03-02", ADDRESS_1="1 Row", ADDRESS_3="Town"
    )
    send_file_1(empty_home, row, tmp_path)
    assert receive_file_1(empty_home.ttp, "tiny", REFRESH)["rows"] == 1
    with empty_home.ttp.store.reading() as session:
        assert people(session) == [("Ada", "Mary  Lou", "Q", "2015-03-02", "1 Row, Town")]
        assert not carries_nhs_numbers(session, "tiny", REFRESH)


def test_other_columns_are_refused(empty_home: TinyHome, tmp_path: Path) -> None:
    send_file_1(empty_home, "SELECT '1' AS SYSTEM_ID, 'x' AS SURNAME", tmp_path)
    with pytest.raises(Refused, match="exactly the columns of its layout"):
        receive_file_1(empty_home.ttp, "tiny", REFRESH)


def test_a_join_key_that_stands_twice_is_refused(empty_home: TinyHome, tmp_path: Path) -> None:
    send_file_1(empty_home, f"{file_1_row('1')} UNION ALL {file_1_row('1')}", tmp_path)
    with pytest.raises(Refused, match="a SYSTEM_ID is missing or stands twice"):
        receive_file_1(empty_home.ttp, "tiny", REFRESH)


def test_an_nhs_number_that_the_source_gives_is_used(empty_home: TinyHome, tmp_path: Path) -> None:
    send_file_1(empty_home, file_1_row("1", NHS_NUMBER="9434765919", SURNAME="Q"), tmp_path)
    receive_file_1(empty_home.ttp, "tiny", REFRESH)
    with empty_home.ttp.store.reading() as session:
        assert carries_nhs_numbers(session, "tiny", REFRESH)


def test_nothing_can_be_linked_before_it_is_received(empty_home: TinyHome) -> None:
    with pytest.raises(Refused, match=f"no file_1 of tiny/{REFRESH} has arrived"):
        receive_file_1(empty_home.ttp, "tiny", REFRESH)
    with pytest.raises(Refused, match="not in the store: receive it first"):
        link(empty_home.ttp, "tiny", REFRESH)
