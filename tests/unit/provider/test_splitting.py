"""The split: File 1 says who people are, File 2 what happened; only the join key of that one deposit joins them."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.core.table_contracts import FILE_1_COLUMNS
from fjo_pipeline.core.transfers import Draft
from fjo_pipeline.provider import splitting
from fjo_pipeline.provider.flow import Provider, split_deposit, take_deposit
from tests.deposit_builder import (
    CLIENTS,
    TINY,
    TINY_IDENTIFIERS,
    Csvs,
    ecms_csvs,
    with_lines,
    write_contracts,
    write_deposit,
)
from tests.keyrings import home_settings, make_keyrings

FIRST, SECOND = "20240111", "20240711"
WITH_COPIES = TINY | {"CLIENTS.csv": with_lines(CLIENTS, CLIENTS.splitlines()[1])}


@dataclass
class Split:
    """One deposit's drafts, read as their recipients will read them."""

    session: Session
    file_1: Draft
    file_2: Draft

    def rows(self, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
        draft = self.file_1 if table == "file_1" else self.file_2
        return self.session.rows(f"SELECT {columns} FROM {draft.relation(self.session, table)}", step="read")

    def columns(self, table: str) -> list[tuple[str, str]]:
        draft = self.file_1 if table == "file_1" else self.file_2
        found = self.session.rows(f"DESCRIBE FROM {draft.relation(self.session, table)}", step="describe")
        return [(row[0], row[1]) for row in found]

    def names(self, table: str) -> list[str]:
        return [name for name, _ in self.columns(table)]


def split(provider: Provider, session: Session, csvs: Csvs, refresh: str, dataset: str = "tiny") -> Split:
    write_deposit(provider.settings.landing / dataset / refresh, csvs, dataset, refresh)
    take_deposit(provider, dataset, refresh)
    return Split(session, *split_deposit(provider, dataset, refresh))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Provider:
    contracts = write_contracts(tmp_path_factory.mktemp("contracts"), "cafcass_england_ecms")
    settings = home_settings(tmp_path_factory.mktemp("home"), contracts)
    make_keyrings(settings)
    return Provider(settings)


@pytest.fixture(scope="module")
def first(home: Provider, shared_session: Session) -> Split:
    return split(home, shared_session, WITH_COPIES, FIRST)


@pytest.fixture(scope="module")
def second(home: Provider, shared_session: Session) -> Split:
    return split(home, shared_session, TINY, SECOND)


def test_file_1_has_exactly_its_published_columns(first: Split) -> None:
    assert first.names("file_1") == list(FILE_1_COLUMNS)
    types = dict(first.columns("file_1"))
    assert (types["SYSTEM_ID"], types["DATE_OF_BIRTH"], types["CREATE_DATE"]) == ("VARCHAR", "DATE", "DATE")


def test_file_1_holds_what_the_deposit_says_of_each_person_once(first: Split) -> None:
    columns = "SURNAME, FORENAME, DATE_OF_BIRTH, POSTCODE, GENDER_CD, NHS_NUMBER, CREATE_DATE, ADDRESS_CONFIDENTIAL"
    created = date(2024, 1, 11)
    assert sorted(first.rows("file_1", columns), key=lambda row: row[2]) == [
        ("Oddcastle", None, date(1979, 11, 5), None, "9", None, created, "false"),
        ("Thimble, Jr", "Cy", date(1985, 1, 31), None, "9", None, created, "false"),
        ("Quillfeather", "Bo", date(2012, 7, 19), "SA2 8PP", "1", None, created, "false"),
        ("Quillfeather", "Ada Mary", date(2015, 3, 2), "SA2 8PP", "2", None, created, "false"),
    ]


def test_the_join_key_has_14_digits_stands_once_and_orders_file_1(first: Split) -> None:
    keys = [key for (key,) in first.rows("file_1", "SYSTEM_ID")]
    assert all(len(key) == 14 and key.isdigit() for key in keys)
    assert len(set(keys)) == len(keys) == 4
    assert keys == sorted(keys)


def test_the_join_key_is_another_one_in_each_deposit(first: Split, second: Split) -> None:
    one, two = ({key for (key,) in each.rows("file_1", "SYSTEM_ID")} for each in (first, second))
    assert len(one) == len(two) == 4
    assert not one & two


def test_file_2_has_no_identifier_and_nothing_that_is_to_be_dropped(first: Split) -> None:
    assert first.names("clients") == ["ID", "GENDER", "SYSTEM_ID"]
    assert first.names("carers") == ["ID", "SYSTEM_ID"]
    assert first.names("places") == ["ID", "NAME"]
    kept = "VISIT PERSON FAMILY KIND SCORE PRICE OPEN CODE SEEN PLACE REMARK"
    assert first.names("visits") == kept.split()
    told = repr([first.rows(table) for table in ("clients", "carers", "visits", "places")])
    assert not [value for value in TINY_IDENTIFIERS if value in told]


def test_no_row_of_file_2_is_lost_and_copies_stay(first: Split) -> None:
    counts = {table: len(first.rows(table)) for table in ("clients", "carers", "visits", "places")}
    assert counts == {"clients": 4, "carers": 1, "visits": 4, "places": 2}
    assert first.file_2.rows == counts
    assert first.file_2.facts["exact_copies"]["clients"] == 1


def test_content_passes_unchanged(first: Split) -> None:
    columns = "KIND, SCORE, PRICE, OPEN, CODE, SEEN, PLACE, REMARK"
    rows = sorted(first.rows("visits", columns), key=str)
    assert ("home", 3, 1.5, True, "ABC", date(2023, 1, 2), 1, "fine") in rows
    assert (None, 0, 0.0, None, "XYZ", None, 1, None) in rows
    assert sorted(first.rows("places")) == [(1, "North"), (2, "South")]


def test_keys_of_file_2_are_ids_of_14_digits_that_show_nothing_of_the_providers(first: Split) -> None:
    types = dict(first.columns("visits"))
    assert (types["VISIT"], types["PERSON"], types["FAMILY"]) == ("BIGINT", "BIGINT", "BIGINT")
    keys = {key for row in first.rows("visits", "VISIT, PERSON, FAMILY") for key in row if key is not None}
    assert all(0 <= key < 10**14 for key in keys)
    assert not keys & {1, 2, 3, 9, 70}


def test_an_empty_key_stays_empty(first: Split) -> None:
    assert [key for (key,) in first.rows("visits", "FAMILY")].count(None) == 1


def test_keys_of_file_2_are_the_same_over_refreshes(first: Split, second: Split) -> None:
    for table, columns in (("visits", "VISIT, PERSON, FAMILY"), ("clients", "ID"), ("carers", "ID")):
        assert {*first.rows(table, columns)} == {*second.rows(table, columns)}


def test_joins_between_tables_hold(first: Split) -> None:
    clients, carers = ({key for (key,) in first.rows(table, "ID")} for table in ("clients", "carers"))
    visitors = [key for (key,) in first.rows("visits", "PERSON")]
    assert len(clients) == 3
    assert not clients & carers
    assert set(visitors) <= clients | carers
    assert sorted(visitors.count(key) for key in clients) == [0, 1, 2]


def test_the_join_key_joins_each_person_to_its_own_row(first: Split) -> None:
    said = {"1": "M", "2": "F", "9": None}
    file_1 = {key: said[code] for key, code in first.rows("file_1", "SYSTEM_ID, GENDER_CD")}
    clients = dict(first.rows("clients", "SYSTEM_ID, GENDER"))
    carers = {key for (key,) in first.rows("carers", "SYSTEM_ID")}
    assert file_1 == clients | dict.fromkeys(carers)


def test_people_stand_in_the_order_of_the_join_key_which_tells_nothing(second: Split) -> None:
    keys = [key for (key,) in second.rows("clients", "SYSTEM_ID")]
    assert keys == sorted(keys)


def test_one_number_gives_different_ids_as_different_entities(home: Provider) -> None:
    tiny, keyring = home.contract("tiny"), home.keyring
    ciphers = [splitting.entity_cipher(tiny, entity, keyring) for entity in ("person", "family", "visit")]
    ciphers += [splitting.join_key_cipher("tiny", refresh, keyring) for refresh in (FIRST, SECOND)]
    assert len({int(cipher.encrypt(np.array([70], dtype=np.int64))[0]) for cipher in ciphers}) == 5


def test_another_split_key_gives_other_ids(provider: Provider, first: Split, shared_session: Session) -> None:
    other = split(provider, shared_session, TINY, FIRST)
    assert not {*first.rows("visits", "PERSON")} & {*other.rows("visits", "PERSON")}
    assert splitting.split_digest("file_2", "x", provider.keyring) != splitting.split_digest(
        "file_1", "x", provider.keyring
    )


def test_the_same_deposit_splits_alike(home: Provider, second: Split, session: Session) -> None:
    """Read in a session of its own: DuckDB keeps what it read of a file, and within a second takes it for the same."""
    before = {table: sorted(second.rows(table), key=str) for table in ("file_1", "clients", "visits")}
    again = Split(session, *split_deposit(home, "tiny", SECOND))
    assert before == {table: sorted(again.rows(table), key=str) for table in before}


def test_two_keys_with_one_hash_are_refused(home: Provider, first: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    """A true collision of 14 digits cannot be made to order, so the hash is cut to the text's length."""
    monkeypatch.setattr(splitting, "keyed_hash_sql", lambda column: f"length({column})")
    write_deposit(home.settings.landing / "tiny" / "20250111", TINY, refresh="20250111")
    with pytest.raises(Refused, match=r"VISITS\.csv, column VISIT: two keys have one hash; .* must declare a pattern"):
        take_deposit(home, "tiny", "20250111")


def test_an_integer_key_is_its_own_rank_and_a_text_key_goes_by_its_pattern(home: Provider) -> None:
    visits = home.contract("tiny").table("visits")
    assert splitting.rank_expression(visits.field("FAMILY")) == '"FAMILY"'
    assert "$hash" not in splitting.rank_expression(visits.field("PERSON"))
    assert "$hash_inner" in splitting.rank_expression(visits.field("VISIT"))


def test_a_text_key_whose_pattern_is_too_large_to_rank_is_hashed(home: Provider) -> None:
    visit = home.contract("tiny").table("visits").field("VISIT")
    long = visit.model_copy(update={"constraints": visit.constraints.model_copy(update={"pattern": "^[A-Z0-9]{30}$"})})
    assert "$hash_inner" in splitting.rank_expression(long)


def test_ecms_splits_with_its_age_bands_under_the_persons_key(home: Provider, shared_session: Session) -> None:
    people = [
        {"ID": 5, "SURNAME": "Thimble", "DATEOFBIRTH": "2015-03-02", "GENDER": "Female", "POSTCODE": "SA2 8PP"},
        {"ID": 6, "SURNAME": "Thimble", "DATEOFBIRTH": "1885-03-02", "ADDRESS_CONFIDENTIAL": "true"},
    ]
    applications = [{"ID": 8, "APPLICATIONTYPE1_ID": 1, "DATEOFAPPLICATION": "2015-03-08"}]
    roles = [
        {"PERSON_ID": 5, "APPLICATION_ID": 8, "ISSUBJECT": "true"},
        {"PERSON_ID": 6, "APPLICATION_ID": 8, "ISRESPONDENT": "true"},
    ]
    made = split(home, shared_session, ecms_csvs(people, applications, roles), FIRST, "cafcass_england_ecms")
    assert "COURTCASENUMBER" not in made.names("cases")
    assert made.names("people") == ["ID", "GENDER", "MOB_LINKAGE", "SYSTEM_ID"]
    assert made.names("derived") == ["ID", "AGE_BAND_FIRST_S31"]
    child = made.rows("people", "ID, GENDER, MOB_LINKAGE")
    assert made.rows("derived") == [(next(key for key, gender, _ in child if gender == "Female"), "0-6 days")]
    assert sorted(made.rows("file_1", "ADDRESS_CONFIDENTIAL, GENDER_CD"), key=str) == [("false", "2"), ("true", "9")]
    assert made.file_2.facts["implausible_years"] == 1
    assert made.file_2.subject.synthetic


def test_a_split_before_the_check_says_which_step_is_missing(provider: Provider) -> None:
    with pytest.raises(Refused, match="the deposit tiny/20240111 has not been checked: materialise it first"):
        split_deposit(provider, "tiny", FIRST)


def test_nothing_of_the_split_lies_in_plain(home: Provider, first: Split) -> None:
    files = [path for path in (home.settings.zone("provider") / "work").rglob("*") if path.is_file()]
    assert any(path.suffix == ".parquet" for path in files)
    for path in files:
        content = path.read_bytes()
        assert not [value for value in TINY_IDENTIFIERS if value.encode() in content]
