"""Recombination and curation: SAIL's columns, ids encrypted again, whole or not at all."""

from datetime import date
from typing import Any

import pytest

from fjo_pipeline.core.errors import FjoError, Refused
from fjo_pipeline.core.keyring import Keyring, open_keyring
from fjo_pipeline.core.ledger import open_ledger
from fjo_pipeline.core.sessions import open_session
from fjo_pipeline.core.transfers import Draft, Subject, latest, open_transfer
from fjo_pipeline.databank.checks import CURATED_CHECKS
from fjo_pipeline.databank.flow import curate, due, partitions, release
from fjo_pipeline.databank.projects.extract import make_extract
from fjo_pipeline.databank.store import current_snapshot
from tests.deposit_builder import TINY
from tests.tiny_home import LATER, REFRESH, TinyHome

COLUMNS = {
    "SAILTINYV.TINY_CLIENTS": ["ID_E", "GENDER", "AVAIL_FROM_DT"],
    "SAILTINYV.TINY_CARERS": ["ID_E", "AVAIL_FROM_DT"],
    "SAILTINYV.TINY_VISITS": [
        "VISIT_E", "PERSON_E", "FAMILY_E", "KIND", "SCORE", "PRICE", "OPEN", "CODE", "SEEN", "PLACE", "REMARK",
        "AVAIL_FROM_DT",
    ],
    "SAILTINYREFV.PLACES": ["ID", "NAME", "AVAIL_FROM_DT"],
    "SAILTINYV.TINY_ALF": [
        "PERSON_ID_E", "ALF_E", "ALF_STS_CD", "ALF_MTCH_PCT", "WOB", "GNDR_CD", "LSOA_CD", "AVAIL_FROM_DT",
    ],
}  # fmt: skip


def rows(home: TinyHome, sql: str) -> list[tuple[Any, ...]]:
    with home.databank.store.reading() as session:
        return session.rows(sql, step="look")


def snapshot(home: TinyHome) -> int:
    with home.databank.store.reading() as session:
        return current_snapshot(session)


def file_3_keyring(home: TinyHome) -> Keyring:
    return open_keyring(home.settings, "ttp")


def send_file_3(home: TinyHome, change: str, refresh: str = REFRESH) -> None:
    """Another File 3 of the TTP's, made of the last by a query on `{}`."""
    databank, ttp = open_keyring(home.settings, "databank"), file_3_keyring(home)
    last = open_transfer(latest(home.settings.inbox("databank"), "file_3", "tiny", refresh), databank)
    scratch = home.settings.zone("ttp") / "forged"
    draft = Draft.begin(scratch, Subject("file_3", "tiny", refresh, "1", True))
    with open_session(home.settings.temporary("ttp")) as session:
        draft.write(session, "file_3", change.format(last.relation(session, "file_3")))
    draft.send(ttp, "databank", home.settings.inbox("databank"), open_ledger(home.settings, "ttp"), "forged")


@pytest.mark.parametrize("name", COLUMNS)
def test_each_table_has_exactly_its_columns(name: str, carried: TinyHome) -> None:
    for refresh in (REFRESH, LATER):
        described = rows(carried, f"SELECT column_name FROM (DESCRIBE lake.{name}_{refresh})")
        assert [column for (column,) in described] == COLUMNS[name]


def test_there_are_no_other_tables(carried: TinyHome) -> None:
    found = rows(
        carried,
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() "
        "WHERE database_name = 'lake' AND schema_name LIKE 'SAILTINY%' ORDER BY 1",
    )
    assert [name for (name,) in found] == sorted(f"{name}_{each}" for name in COLUMNS for each in (REFRESH, LATER))


def test_the_day_of_availability_is_the_refresh_and_never_the_clock(carried: TinyHome) -> None:
    for refresh in (REFRESH, LATER):
        (day,) = rows(carried, f"SELECT DISTINCT AVAIL_FROM_DT FROM lake.SAILTINYV.TINY_VISITS_{refresh}")[0]
        assert day.strftime("%Y%m%d") == refresh


def test_ids_are_encrypted_again_and_joins_hold(carried: TinyHome) -> None:
    keyring = open_keyring(carried.settings, "databank")
    file_2 = open_transfer(latest(carried.settings.inbox("databank"), "file_2", "tiny", REFRESH), keyring)
    with open_session(carried.settings.temporary("databank")) as session:
        relation = file_2.relation(session, "visits")
        incoming = {value for (value,) in session.rows(f"SELECT PERSON FROM {relation}", step="look")}
    at_rest = {value for (value,) in rows(carried, f"SELECT PERSON_E FROM lake.SAILTINYV.TINY_VISITS_{REFRESH}")}
    people = {value for (value,) in rows(carried, f"SELECT PERSON_ID_E FROM lake.SAILTINYV.TINY_ALF_{REFRESH}")}
    assert not incoming & at_rest
    assert len(at_rest) == 3
    assert at_rest <= people


def test_the_same_person_keeps_its_ids_over_refreshes(carried: TinyHome) -> None:
    query = "SELECT PERSON_ID_E, ALF_E FROM lake.SAILTINYV.TINY_ALF_{} ORDER BY 1"
    assert rows(carried, query.format(REFRESH)) == rows(carried, query.format(LATER))


def test_a_refresh_is_noted_with_what_it_was_made_from(carried: TinyHome) -> None:
    with carried.databank.store.reading() as session:
        noted = {each.refresh: each for each in partitions(session)}
    assert set(noted) == {REFRESH, LATER}
    each = noted[REFRESH]
    assert (each.synthetic, each.rows, each.people, each.linked, each.alf_e_key_version) == (True, 14, 4, 2, 1)
    assert each.digest != noted[LATER].digest


def test_curating_again_writes_nothing(home: TinyHome) -> None:
    before = snapshot(home)
    again = curate(home.databank, "tiny", REFRESH)
    assert not again.changed
    assert again.sound
    assert {each.name for each in again.findings} == set(CURATED_CHECKS)
    assert snapshot(home) == before
    assert list(due(home.databank)) == []


def test_files_about_other_people_are_refused_with_how_many(home: TinyHome) -> None:
    send_file_3(home, "SELECT * REPLACE ('x' || SYSTEM_ID AS SYSTEM_ID) FROM {} ORDER BY 1 LIMIT 3")
    before = snapshot(home)
    assert [each.refresh for each in due(home.databank)] == [REFRESH]
    with pytest.raises(Refused, match="not about the same people: 4 are in File 2 alone, 3 in File 3 alone"):
        home.at_databank()
    assert snapshot(home) == before


def test_a_file_3_of_other_columns_is_refused(home: TinyHome) -> None:
    send_file_3(home, "SELECT *, 'Quillfeather' AS SURNAME FROM {}")
    with pytest.raises(Refused, match="File 3 does not have exactly the columns of its layout"):
        home.at_databank()


def test_where_a_check_fails_nothing_is_written_and_the_findings_say_which(home: TinyHome) -> None:
    table = f"SELECT * FROM lake.SAILTINYV.TINY_ALF_{REFRESH} ORDER BY ALL"
    before, rows_before = snapshot(home), rows(home, table)
    send_file_3(home, "SELECT * FROM {0} UNION ALL (FROM {0} WHERE ALF IS NOT NULL ORDER BY SYSTEM_ID LIMIT 1)")
    result = home.at_databank()
    assert not result.sound
    assert [each.name for each in result.findings if not each.passed] == ["one_alf_a_person"]
    assert snapshot(home) == before
    assert rows(home, table) == rows_before
    assert [each.refresh for each in due(home.databank)] == [REFRESH]


def test_an_id_that_no_float_would_hold_is_stopped(home: TinyHome) -> None:
    before = snapshot(home)
    send_file_3(home, "SELECT * REPLACE (ALF + 100000000000000 AS ALF) FROM {}")
    with pytest.raises(FjoError):
        home.at_databank()
    assert snapshot(home) == before
    assert [each.refresh for each in due(home.databank)] == [REFRESH]


def test_another_file_3_replaces_the_refresh(home: TinyHome) -> None:
    send_file_3(home, "SELECT * REPLACE (CAST(NULL AS BIGINT) AS ALF, '99' AS ALF_STS_CD) FROM {}")
    result = home.at_databank()
    assert (result.changed, result.linked) == (True, 0)
    assert rows(home, f"SELECT count(ALF_E) FROM lake.SAILTINYV.TINY_ALF_{REFRESH}") == [(0,)]
    assert rows(home, f"SELECT count(ALF_E) FROM lake.SAILTINYV.TINY_ALF_{LATER}") == [(2,)]
    changes = rows(home, "SELECT REFRESH, PREVIOUS_REFRESH, REASON FROM lake.databank.link_changes")
    assert changes == [(LATER, REFRESH, "linked now")] * 2


def test_a_lookup_without_a_date_in_its_name_is_that_of_the_newest_refresh(empty_home: TinyHome) -> None:
    path = empty_home.settings.contracts / "tiny.yaml"
    path.write_text(path.read_text().replace("    sail: PLACES\n", "    sail: PLACES\n    dated: false\n"))
    home = TinyHome(empty_home.settings)
    names = "SELECT NAME FROM lake.SAILTINYREFV.PLACES ORDER BY 1"
    home.carry()
    assert rows(home, names) == [("North",), ("South",)]
    home.carry(dict(TINY) | {"PLACES.csv": "ID,NAME\n1,North\n2,Southern\n3,West\n"}, LATER)
    assert rows(home, names) == [("North",), ("Southern",), ("West",)]
    # The earlier refresh stands as it should, and curated anew it leaves the newer lookup alone.
    assert not curate(home.databank, "tiny", REFRESH).changed
    send_file_3(home, "SELECT * REPLACE (CAST(NULL AS BIGINT) AS ALF, '99' AS ALF_STS_CD) FROM {}")
    result = home.at_databank()
    assert (result.changed, result.sound) == (True, True)
    assert rows(home, names) == [("North",), ("Southern",), ("West",)]
    # A project that pins both refreshes gets it once.
    release(home.databank)
    assert make_extract(home.databank, "7001", date.today()).tables["SAILTINYREFV.PLACES"]["rows"] == 3
