"""What folding makes of one value: the macros, looked at one by one."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from fjo_pipeline.core.sessions import Session, open_session
from fjo_pipeline.ttp.linkage.normalise import RegisterRelations
from fjo_pipeline.ttp.linkage.prepare import normalise


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder: Path = tmp_path_factory.mktemp("spill")
    with open_session(folder) as opened:
        opened.run(
            """CREATE TABLE flat AS SELECT 'r' AS register_id, 'p' AS person_id, 'A' AS forename, 'B' AS middle_names,
               'C' AS surname, '1980-01-02' AS date_of_birth, 'F' AS sex, NULL::VARCHAR AS nhs_number,
               'LS1 4AB' AS postcode, '1 Elm Row' AS address""",
            step="make a person",
        )
        normalise(opened, "flat", RegisterRelations("flat", "flat", "flat"))
        yield opened


def _value(session: Session, macro: str, text: str | None) -> object:
    return session.value(f"SELECT {macro}($1::VARCHAR)", [text], step="fold")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("LS1 4AB", "LS14AB"),
        ("ls1 4ab", "LS14AB"),
        ("LSI 4AB", "LS14AB"),
        ("LS2 OAB", "LS20AB"),
        ("LS2O OAB", "LS200AB"),
        ("SW1A 1AA", "SW1A1AA"),
        ("W1A 0AX", "W1A0AX"),
        ("ZZ99 3VZ", None),
        ("4129", "4129"),
        (" ", None),
        (None, None),
    ],
)
def test_postcodes_are_mended(session: Session, typed: str | None, meant: str | None) -> None:
    assert _value(session, "linkage_postcode", typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("1980-01-02", date(1980, 1, 2)),
        ("02/01/1980", date(1980, 1, 2)),
        ("19800102", date(1980, 1, 2)),
        ("1980-13-02", None),
        ("x", None),
        (None, None),
    ],
)
def test_dates_are_read_in_the_usual_ways(session: Session, typed: str | None, meant: date | None) -> None:
    assert _value(session, "linkage_date", typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("  Zoë-Anne  O'Neill ", "zoe anne oneill"),
        ("Łukasz", "lukasz"),
        ("\u0000--", None),
        ("", None),
        ("美玲", "美玲"),
    ],
)
def test_words_lose_case_accents_and_punctuation(session: Session, typed: str, meant: str | None) -> None:
    assert _value(session, "linkage_words", typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Mrs Smith", "smith"),
        ("Lord", "lord"),
        ("Baby", None),
        ("NOT KNOWN", None),
        ("Baby Boy", None),
        ("Child", "child"),
    ],
)
def test_placeholders_go_and_titles_go_where_a_name_is_left(session: Session, typed: str, meant: str | None) -> None:
    assert _value(session, "linkage_meaning", typed) == meant


@pytest.mark.parametrize(
    ("typed", "first", "rest"),
    [
        ("Mr John Paul", "john", "paul"),
        ("Prof. Sir Alastair", "alastair", None),
        ("Mrs.", None, None),
        ("Lord", "lord", None),
        ("Not Known", None, None),
        ("N/K", None, None),
        ("Baby Girl of Ann", None, None),
        ("Twin 2", None, None),
        ("Baby Orla Mae", "orla", "mae"),
        ("  Boyd Drew", "boyd", "drew"),
        ("\uff21\uff4e\uff4e", "ann", None),
    ],
)
def test_titles_and_placeholders_before_a_forename_go(
    session: Session, typed: str, first: str | None, rest: str | None
) -> None:
    word = str(_value(session, "linkage_first_word", typed))
    # The rest is cut off first: to plan one macro within the other takes DuckDB seconds.
    left = session.value("SELECT substr(trim($1), length($2) + 1)", [typed, word], step="cut off the rest")
    assert _value(session, "linkage_meaning", word) == first
    assert _value(session, "linkage_meaning", left) == rest


@pytest.mark.parametrize(
    ("typed", "valid"),
    [("9434765919", True), ("943 476 5919", True), ("9434765918", False), ("0000000000", False), ("123", False)],
)
def test_nhs_numbers_pass_their_check_digit(session: Session, typed: str, valid: bool) -> None:
    assert (_value(session, "linkage_nhs", typed) is not None) == valid


@pytest.mark.parametrize(("typed", "meant"), [("Male", "M"), ("2", "F"), ("f", "F"), ("9", None), ("unknown", None)])
def test_sexes_are_read_from_words_and_codes(session: Session, typed: str, meant: str | None) -> None:
    assert _value(session, "linkage_sex", typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"), [("7980-05-06", 1980), ("2180-05-06", 2180), ("1880-05-06", 1980), ("1980-05-06", 1980)]
)
def test_century_typos_are_mended_where_the_register_says_so(session: Session, typed: str, meant: int) -> None:
    year = session.value("SELECT year(linkage_mended_date($1::DATE))", [typed], step="mend")
    assert year == meant
