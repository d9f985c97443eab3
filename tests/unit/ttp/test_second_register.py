"""ALF2: people found among another dataset's people, under a key of its own, and joined on it in the databank."""

from typing import Any

import pytest

from fjo_pipeline.core.contracts import second_register
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.databank.flow import curate, receive
from fjo_pipeline.provider.flow import send_files, split_deposit, take_deposit
from fjo_pipeline.ttp.flow import due, link, make_file_3, receive_file_1, send_file_3
from fjo_pipeline.ttp.report.making import make_linkage_report
from tests.deposit_builder import CLIENTS, TINY, TINY_CONTRACT, Csvs, with_lines, write_deposit
from tests.tiny_home import REFRESH, TinyHome

ZED = "Unregistered,Zed Alan,1990-05-05,CF10 1AA,M"
LINKED = TINY_CONTRACT.replace(
    "    kind: people\n    schema:", "    kind: people\n    linked: {ALF: ALF, ALF2: ALF2}\n    schema:", 1
)
COURT = """
name: court
title: A court whose people are the second register
version: "1"
source: none
second_register: true
sail: {dataset: CRTX, table_prefix: CRTX, alf_table: CRTX_ALF}
retention_days: {raw: 1, quarantined: 1, file_1: 1}
tables:
  - name: people
    sail: PEOPLE
    kind: people
    linked: {ALF: ALF, ALF2: ALF2}
    schema:
      primaryKey: ID
      fields:
        - {name: ID, type: integer, role: key, entity: person, constraints: {required: true}}
        - {name: SURNAME, type: string, role: identifier, file_1: SURNAME}
        - {name: FORENAME, type: string, role: identifier, file_1: FORENAME}
        - {name: BORN, type: date, role: identifier, file_1: DATE_OF_BIRTH}
        - {name: POSTCODE, type: string, role: identifier, file_1: POSTCODE}
        - {name: GENDER, type: string, role: content, file_1: GENDER_CD, codes: {M: "1", F: "2"}}
"""
# Ada stands in the court's files twice, Zed is on no register, Moe in no other file.
COURT_PEOPLE = f"""ID,SURNAME,FORENAME,BORN,POSTCODE,GENDER
1,Quillfeather,Ada,2015-03-02,SA2 8PP,F
2,Quillfeather,Ada Mary,2015-03-02,SA2 8PP,F
3,{ZED}
4,Elseways,Moe,1970-02-02,SA2 8PP,M
"""
CLIENTS_AND_ZED: Csvs = TINY | {"CLIENTS.csv": with_lines(CLIENTS, f"C0004,{ZED}")}


@pytest.fixture
def two(empty_home: TinyHome) -> TinyHome:
    """A home with the court's contract beside the tiny one, and the tiny dataset carried through."""
    (empty_home.settings.contracts / "tiny.yaml").write_text(LINKED)
    (empty_home.settings.contracts / "court.yaml").write_text(COURT)
    empty_home.carry(CLIENTS_AND_ZED)
    return empty_home


def carry_court(home: TinyHome) -> None:
    write_deposit(home.settings.landing / "court" / REFRESH, {"PEOPLE.csv": COURT_PEOPLE}, "court", REFRESH)
    take_deposit(home.provider, "court", REFRESH)
    split_deposit(home.provider, "court", REFRESH)
    send_files(home.provider, "court", REFRESH)
    receive_file_1(home.ttp, "court", REFRESH)
    link(home.ttp, "court", REFRESH)
    make_linkage_report(home.ttp, "court", REFRESH)
    make_file_3(home.ttp, "court", REFRESH)
    send_file_3(home.ttp, "court", REFRESH)
    receive(home.databank, "court", REFRESH)
    assert curate(home.databank, "court", REFRESH).sound


def rows(home: TinyHome, sql: str) -> list[tuple[Any, ...]]:
    with home.databank.store.reading() as session:
        return session.rows(sql, step="look")


def test_without_the_second_register_nobody_has_an_alf2(two: TinyHome) -> None:
    assert rows(two, f"SELECT count(*), count(ALF2_E) FROM lake.SAILTINYV.TINY_CLIENTS_{REFRESH}") == [(4, 0)]
    assert list(due(two.ttp)) == []


def test_people_join_on_alf2_with_and_without_an_alf(two: TinyHome) -> None:
    carry_court(two)
    assert [(each.dataset, each.refresh) for each in due(two.ttp)] == [("tiny", REFRESH)]
    two.at_ttp()
    assert list(due(two.ttp)) == []
    two.at_databank()
    court, clients = f"lake.SAILCRTXV.CRTX_PEOPLE_{REFRESH}", f"lake.SAILTINYV.TINY_CLIENTS_{REFRESH}"
    assert rows(two, f"SELECT count(ALF2_E), count(DISTINCT ALF2_E), count(ALF_E) FROM {court}") == [(4, 3, 2)]
    joined = f"""SELECT client.GENDER, client.ALF_E IS NULL, count(*), count(DISTINCT client.ID_E)
        FROM {clients} AS client JOIN {court} AS court USING (ALF2_E) GROUP BY ALL ORDER BY 1"""
    assert rows(two, joined) == [("F", False, 2, 1), ("M", True, 1, 1)]
    assert rows(two, f"SELECT count(*) FROM {clients} WHERE ALF2_E = ALF_E") == [(0,)]


def test_only_one_dataset_may_be_the_second_register(two: TinyHome) -> None:
    (two.settings.contracts / "other.yaml").write_text(
        COURT.replace("name: court", "name: other", 1).replace("CRTX", "OTHX")
    )
    with pytest.raises(Refused, match="only one contract may say second_register: court and other do"):
        second_register(two.settings.contracts)
