"""File 3 on the wire: its layout, who gets which status, and what of a person it says; and the receipt's counts."""

from datetime import date
from typing import Any

from fjo_pipeline.core.keyring import open_keyring
from fjo_pipeline.core.sessions import open_session
from fjo_pipeline.core.table_contracts import FILE_3_COLUMNS
from fjo_pipeline.core.transfers import Kind, Transfer, latest, open_transfer
from fjo_pipeline.ttp.flow import make_file_3, send_file_3
from tests.deposit_builder import CLIENTS, TINY, TINY_IDENTIFIERS, with_lines
from tests.tiny_home import LATER, REFRESH, TinyHome


def sent(home: TinyHome, kind: Kind = "file_3", refresh: str = REFRESH) -> Transfer:
    keyring = open_keyring(home.settings, "databank" if kind == "file_3" else "provider")
    return open_transfer(latest(home.settings.inbox(keyring.zone), kind, "tiny", refresh), keyring, kind)


def rows(home: TinyHome, transfer: Transfer, sql: str) -> list[tuple[Any, ...]]:
    with open_session(home.settings.temporary("databank")) as session:
        table = next(iter(transfer.files))
        return session.rows(sql.format(transfer.relation(session, table)), step="look")


def test_it_has_exactly_its_columns_and_types(carried: TinyHome) -> None:
    described = rows(carried, sent(carried), "SELECT column_name, column_type FROM (DESCRIBE FROM {})")
    assert tuple(name for name, _ in described) == FILE_3_COLUMNS
    assert [kind for _, kind in described] == [
        "VARCHAR",
        "BIGINT",
        "VARCHAR",
        "DECIMAL(7,6)",
        "DATE",
        "VARCHAR",
        "VARCHAR",
        "BIGINT",
        "BIGINT",
    ]


def test_everybody_is_in_it_linked_or_not_with_file_1s_own_demographics(carried: TinyHome) -> None:
    found = rows(carried, sent(carried), "SELECT ALF_STS_CD, WOB, GNDR_CD, LSOA_CD FROM {} ORDER BY WOB")
    assert found == [
        ("99", date(1979, 11, 5), "9", None),
        ("99", date(1985, 1, 28), "9", None),
        ("4", date(2012, 7, 16), "1", "W01000001"),
        ("4", date(2015, 3, 2), "2", "W01000001"),
    ]
    assert all(wob.isoweekday() == 1 for _, wob, _, _ in found)


def test_an_alf_stands_where_somebody_was_found_and_is_no_register_id(carried: TinyHome) -> None:
    found = rows(carried, sent(carried), "SELECT ALF_STS_CD, ALF FROM {} ORDER BY ALF")
    linked = [alf for status, alf in found if status == "4"]
    assert all(alf is None for status, alf in found if status == "99")
    assert len(set(linked)) == 2
    assert not {101, 102} & set(linked)
    assert all(0 <= alf < 10**14 for alf in linked)


def test_an_alf_stays_the_same_over_refreshes_and_the_join_key_does_not(carried: TinyHome) -> None:
    query = "SELECT ALF, SYSTEM_ID FROM {} WHERE ALF IS NOT NULL ORDER BY ALF"
    first, second = (rows(carried, sent(carried, refresh=each), query) for each in (REFRESH, LATER))
    assert [alf for alf, _ in first] == [alf for alf, _ in second]
    assert not {key for _, key in first} & {key for _, key in second}


def test_a_confidential_address_gives_no_small_area(home: TinyHome) -> None:
    with home.ttp.store.writing() as session:
        session.run(
            f"UPDATE ttp.file_1.tiny_{REFRESH} SET ADDRESS_CONFIDENTIAL = 'true' WHERE FORENAME = 'Bo'", step="hide"
        )
    make_file_3(home.ttp, "tiny", REFRESH)
    with home.ttp.store.reading() as session:
        draft, _ = make_file_3(home.ttp, "tiny", REFRESH)
        found = session.rows(
            f"SELECT GNDR_CD, LSOA_CD FROM {draft.relation(session, 'file_3')} WHERE ALF IS NOT NULL ORDER BY 1",
            step="look",
        )
    assert found == [("1", None), ("2", "W01000001")]


def test_made_up_people_on_the_register_make_the_result_made_up(empty_home: TinyHome) -> None:
    folder = empty_home.land()
    manifest = folder / "datapackage.json"
    manifest.write_text(manifest.read_text().replace('"synthetic": true', '"synthetic": false'))
    empty_home.at_provider()
    empty_home.at_ttp()
    assert sent(empty_home).subject.synthetic
    with empty_home.ttp.store.writing() as session:
        session.run("UPDATE ttp.register.version SET synthetic = false", step="call the register real")
    draft, receipt = make_file_3(empty_home.ttp, "tiny", REFRESH)
    assert not draft.subject.synthetic
    assert not receipt.subject.synthetic


def test_the_vintage_of_the_small_areas_and_the_digest_travel_along(carried: TinyHome) -> None:
    transfer = sent(carried)
    assert transfer.facts["lsoa_vintage"] == "2011"
    assert transfer.digest != sent(carried, refresh=LATER).digest


def test_no_identifier_stands_in_plain_between_the_zones(carried: TinyHome) -> None:
    files = [path for path in carried.settings.transfer_folder.rglob("*") if path.is_file()]
    assert len(files) >= 10
    found = [value for path in files for value in TINY_IDENTIFIERS if value.encode() in path.read_bytes()]
    assert found == []


def test_the_receipt_counts_and_shows_no_small_number(empty_home: TinyHome) -> None:
    more = [f"C{number:04d},Quillfeather,Bo{number},2001-01-01,,M" for number in range(100, 120)]
    empty_home.land(TINY | {"CLIENTS.csv": with_lines(CLIENTS, *more)})
    empty_home.at_provider()
    empty_home.at_ttp()
    counts = {
        (measure, item): (people, of)
        for measure, item, people, of in rows(empty_home, sent(empty_home, "receipt"), "FROM {}")
    }
    assert counts["missing", "SURNAME"] == (0, 24)
    assert counts["missing", "NHS_NUMBER"] == (24, 24)
    assert counts["missing", "FORENAME"] == (None, 24)
    assert counts["missing", "POSTCODE"] == (None, 24)
    assert ("linked by gender", "2") not in counts
    assert all(of >= 10 for _, of in counts.values())
    shown = [(people, of) for people, of in counts.values() if people is not None]
    assert all(people == 0 or people >= 10 for people, of in shown)
    assert all(of == people or of - people >= 10 for people, of in shown)
    entry = empty_home.provider.ledger.last("receipt", "tiny", REFRESH, "consumed")
    assert entry is not None
    assert len(entry.detail["counts"]) == len(counts)
    assert send_file_3(empty_home.ttp, "tiny", REFRESH)["receipt"] == 0
