"""Residences: one home written in several ways has one number, neighbours have two, and no home has none."""

from pathlib import Path

import pytest

from fjo_pipeline.core.key_ranking import keyed_hash_sql
from fjo_pipeline.core.keyring import Keyring
from fjo_pipeline.core.sessions import Session, literal
from fjo_pipeline.ttp import residences
from fjo_pipeline.ttp.residences import RESIDENCES, Numbered, number_residences

SAME = {
    "punctuation, case and the town": ("1 Made Up Row, Swansea", "1, MADE-UP ROW"),
    "a flat in words and in lines": ("Flat 2, 10 High Street, Swansea", "apartment 2 10 high st."),
    "a letter at the number": ("10 A High Road, Town", "10a High Rd"),
    "the word number": ("No. 10 High Street", "10 High Street, Town"),
    "a saint's road": ("3 Saint David's Road", "3 St Davids Rd., Town"),
}
OTHERS = {
    "next door": ("10 High Street", "12 High Street"),
    "the flat above": ("Flat 1, 10 High Street", "Flat 2, 10 High Street"),
    "the flat behind the street": ("10 High Street, Flat A", "10 High Street, Flat B"),
    "the other floor": ("Ground Floor Flat, 10 High Street", "First Floor Flat, 10 High Street"),
    "houses with names": ("Rose Cottage, Church Lane", "Lily Cottage, Church Lane"),
    "names with a thoroughfare in them": ("Rose Hill Farm, Village", "Rose Hill Barn, Village"),
    "blocks with names": ("Flat 2, Rose House, Town", "Flat 2, Lily House, Town"),
    "the same number in two streets": ("10 High Street, Town", "10 Church Lane, Town"),
}
NOWHERE = ("No fixed abode", "NFA", "unknown", "Confidential address", "Women's Refuge, 1 High Street", "", " , ")


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return Keyring.create("ttp", tmp_path_factory.mktemp("keys") / "keyring.json")


def numbers(session: Session, keyring: Keyring, *homes: tuple[str, str]) -> list[int | None]:
    """The number of each (postcode, address), in their order."""
    listed = ", ".join(f"({place}, {literal(code)}, {literal(text)})" for place, (code, text) in enumerate(homes))
    session.run(
        f"CREATE OR REPLACE TEMP TABLE homes AS FROM (VALUES {listed}) t(place, postcode, address)", step="make"
    )
    number_residences(session, "SELECT postcode, address FROM homes", keyring)
    query = f"SELECT number FROM homes LEFT JOIN {RESIDENCES} USING (postcode, address) ORDER BY place"
    return [number for (number,) in session.rows(query, step="look")]


@pytest.mark.parametrize("way", SAME)
def test_one_residence_written_in_two_ways_has_one_number(session: Session, keyring: Keyring, way: str) -> None:
    one, other = numbers(session, keyring, ("SA2 8PP", SAME[way][0]), ("sa28pp", SAME[way][1]))
    assert one == other
    assert one is not None
    assert 0 <= one < 10**14


@pytest.mark.parametrize("way", OTHERS)
def test_neighbours_have_two(session: Session, keyring: Keyring, way: str) -> None:
    one, other = numbers(session, keyring, *(("SA2 8PP", address) for address in OTHERS[way]))
    assert None not in (one, other)
    assert one != other


def test_the_same_lines_at_another_postcode_are_another_residence(session: Session, keyring: Keyring) -> None:
    found = numbers(session, keyring, ("SA2 8PP", "10 High Street"), ("SA2 8PQ", "10 High Street"))
    assert len(set(found)) == 2


def test_without_a_usable_address_and_postcode_there_is_none(session: Session, keyring: Keyring) -> None:
    homes = [*(("SA2 8PP", each) for each in NOWHERE), ("", "10 High Street"), ("ZZ99 3VZ", "10 High Street")]
    assert set(numbers(session, keyring, *homes)) == {None}


def test_a_number_depends_on_neither_order_nor_company_but_on_the_key(
    session: Session, keyring: Keyring, tmp_path: Path
) -> None:
    homes = [("SA2 8PP", f"{number} High Street") for number in range(1, 40)]
    alone = numbers(session, keyring, homes[7])[0]
    assert numbers(session, keyring, *homes)[7] == alone
    assert numbers(session, keyring, *reversed(homes))[-8] == alone
    other = Keyring.create("ttp", tmp_path / "keyring.json")
    assert numbers(session, other, homes[7])[0] != alone


def test_two_residences_that_meet_in_one_number_both_have_none(
    session: Session, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = keyed_hash_sql
    monkeypatch.setattr(
        residences, "keyed_hash_sql", lambda column: f"CASE WHEN {column} LIKE '%high%' THEN 7 ELSE {whole(column)} END"
    )
    homes = [("SA2 8PP", address) for address in ("1 High Street", "2 High Street", "1 Church Lane", "1 church ln")]
    found = numbers(session, keyring, *homes)
    assert found[:2] == [None, None]
    assert found[2] == found[3]
    assert found[2] is not None
    assert number_residences(session, "SELECT postcode, address FROM homes", keyring) == Numbered(1, 2)
