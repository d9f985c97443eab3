"""Strange people and registers end in a right answer, never a crash, and the threads do not change it."""

from pathlib import Path

import pytest

from fjo_pipeline.core.sessions import Session, open_session
from fjo_pipeline.ttp.linkage.link import LinkageResult, link_people
from fjo_pipeline.ttp.linkage.model import load_model
from fjo_pipeline.ttp.linkage.resolve import TWO_ALIKE
from tests.linkage.conftest import FIELDS, REGISTER, Record, load

ANNA: Record = ["r", "Anna", "Winterbourne", "1990-05-06", "F", "LS1 4AB", "1 Elm Row"]


def _link(
    session: Session, *, use_nhs_numbers: bool = False
) -> tuple[LinkageResult, dict[str, tuple[str | None, str]]]:
    result = link_people(session, "people", REGISTER, load_model(), links="links", use_nhs_numbers=use_nhs_numbers)
    rows = session.rows("SELECT person_id, register_id, alf_sts_cd FROM links ORDER BY ALL", step="read the links")
    return result, {person: (register, status) for person, register, status in rows}


@pytest.mark.parametrize(
    "odd",
    [
        ["p", "", "", "", "", "", ""],
        ["p", "x" * 10_000, "y" * 10_000, "z" * 10_000, "w" * 10_000, "v" * 10_000, "u" * 10_000],
        ["p", "An\x00na\x07", "Winter\x1bbourne\n", "1990\t05-06", "\x7f", "LS1\x004AB", "\x01"],
        ["p", "🙂", "١٢٣", "१९९०-०५-०६", "男", "〒100-0001", "東京都"],
        ["p", "O'; DROP TABLE people; --", "%_\\", "0044-03-15 (BC)", "F", "'", "\\"],
        ["p", "Anna", "Winterbourne", "12345-01-01", "F", "LS1 4AB", "1 Elm Row"],
        ["p", "-", ".", "9999-99-99", "?", "-", "-"],
    ],
)
def test_odd_text_is_answered(session: Session, odd: Record) -> None:
    load(session, [odd], [ANNA, ["odd", *odd[1:]]], strangers=20)
    result, links = _link(session)
    assert result.people == 1
    assert set(links) == {"p"}


def test_a_register_of_one_and_a_deposit_of_one(session: Session) -> None:
    load(session, [["p", *ANNA[1:]]], [ANNA], strangers=0)
    assert _link(session)[1] == {"p": ("r", "4")}


@pytest.mark.parametrize(
    "letter", ["美", "ß", "ع", "ÿ", "🙂", "e\u0301", "\u202e", "\u200d", "\x00", "\x1f", "O'", " ", "0"]
)
def test_ten_thousand_characters_of_any_script_are_answered(session: Session, letter: str) -> None:
    odd = [letter * 10_000] * 7
    load(session, [["p", *odd], ["q", *ANNA[1:]]], [ANNA, ["odd", *odd]], strangers=20)
    session.run("UPDATE people SET nhs_number = $1 WHERE person_id = 'p'", [letter * 10_000], step="give a number")
    result, links = _link(session, use_nhs_numbers=True)
    assert result.people == 2
    assert links["p"][0] in (None, "odd")
    assert links["q"] == ("r", "4")


@pytest.mark.parametrize("column", [*FIELDS.split(", "), "nhs_number"])
@pytest.mark.parametrize("side", ["people", "both"])
def test_a_column_without_a_value_is_missing_for_everybody(session: Session, column: str, side: str) -> None:
    load(session, [["p", *ANNA[1:]], ["q", "Zeno", "Nobody", "1950-01-09", "M", "", ""]], [ANNA], strangers=300)
    for table in ("people", "register") if side == "both" else (side,):
        session.run(f"UPDATE {table} SET {column} = NULL", step="empty a column")
    assert _link(session, use_nhs_numbers=True)[1]["q"] == (None, "99")


def test_columns_all_without_a_value_link_nobody(session: Session) -> None:
    nobody: list[Record] = [[str(number)] for number in range(50)]
    load(session, nobody, nobody, strangers=0)
    assert set(_link(session, use_nhs_numbers=True)[1].values()) == {(None, "99")}


def test_empty_strings_and_blanks_are_missing_values(session: Session) -> None:
    for blank in ("''", "'   '", "NULL"):
        load(session, [["p", *ANNA[1:4], "", "", ""], ["nobody"]], [ANNA, ["blank"]])
        for table in ("people", "register"):
            filled = ", ".join(f"{field} = coalesce({field}, {blank})" for field in (*FIELDS.split(", "), "nhs_number"))
            session.run(f"UPDATE {table} SET {filled}", step="fill with blanks")
        assert _link(session, use_nhs_numbers=True)[1] == {"p": ("r", "35"), "nobody": (None, "99")}, blank


@pytest.mark.parametrize("people", [[["p", *ANNA[1:]]], [["p", "Zeno", "Nobody", "1950-01-09", "M", "", ""]], [["p"]]])
def test_a_deposit_of_one_against_a_register_of_one_stranger_or_himself(session: Session, people: list[Record]) -> None:
    load(session, people, [ANNA], strangers=0)
    assert _link(session)[1]["p"] == (("r", "4") if people[0][1:] == ANNA[1:] else (None, "99"))


def test_a_register_row_without_an_id_is_nobody(session: Session) -> None:
    load(session, [["p", *ANNA[1:]]], [ANNA], strangers=20)
    session.run(
        "INSERT INTO register SELECT NULL, * EXCLUDE (register_id) FROM register", step="add rows without an id"
    )
    assert _link(session)[1] == {"p": ("r", "4")}


def test_an_empty_deposit_and_an_empty_register(session: Session) -> None:
    load(session, [], [ANNA], strangers=0)
    assert _link(session)[1] == {}
    load(session, [["p", *ANNA[1:]]], [], strangers=0)
    assert _link(session)[1] == {"p": (None, "99")}


def test_ids_keep_their_leading_noughts(session: Session) -> None:
    load(session, [["007", *ANNA[1:]], ["7", "Zeno", "Nobody", "1950-01-09", "M", "", ""]], [["00042", *ANNA[1:]]], 0)
    assert _link(session)[1]["007"] == ("00042", "4")


def test_ten_thousand_people_of_one_name_and_date(session: Session) -> None:
    load(session, [["p", *ANNA[1:]]], [ANNA], strangers=0)
    for table, key in (("people", "person_id"), ("register", "register_id")):
        session.run(
            f"INSERT INTO {table} SELECT * EXCLUDE (i) REPLACE ({key} || i AS {key}, "
            f"'LS2 ' || i % 10 || 'ZZ' AS postcode, i || ' Elm Row' AS address) FROM {table}, range(10000) t(i)",
            step="make more",
        )
    result, links = _link(session)
    assert result.people == 10_001
    assert links["p"] == ("r", "4")
    assert result.pairs_scored < 10_001 * 250


def test_ten_thousand_copies_of_one_person_are_all_that_person(session: Session) -> None:
    load(session, [["p", *ANNA[1:4], "", *ANNA[5:]]], [ANNA])
    session.run(
        "INSERT INTO people SELECT * EXCLUDE (i) REPLACE (i AS person_id) FROM people, range(10000) t(i)",
        step="make more",
    )
    assert set(_link(session)[1].values()) == {("r", "35")}


def test_ten_thousand_people_of_one_name_and_date_without_an_address_are_nobody(session: Session) -> None:
    load(session, [["p", *ANNA[1:5]]], [ANNA], strangers=0)
    for table, key in (("people", "person_id"), ("register", "register_id")):
        session.run(
            f"INSERT INTO {table} SELECT * EXCLUDE (i) REPLACE ({key} || i AS {key}) FROM {table}, range(10000) t(i)",
            step="add",
        )
    assert set(_link(session)[1].values()) == {(None, "99")}


def test_a_register_person_with_five_hundred_names_and_addresses(session: Session) -> None:
    lives: list[Record] = [
        ["r", f"Anna{chr(97 + i % 26)}", f"Winter{i}", *ANNA[3:5], f"LS{i % 90} {i % 9}AB", f"{i} Elm Row"]
        for i in range(500)
    ]
    load(session, [["p", "Annad", "Winter3", *ANNA[3:5], "LS40 4AB", "400 Elm Row"]], lives)
    assert _link(session)[1]["p"] == ("r", "4")


def test_a_register_person_with_five_hundred_addresses(session: Session) -> None:
    moves: list[Record] = [[*ANNA[:5], f"LS{i % 90} {i % 9}AB", f"{i} Elm Row"] for i in range(500)]
    load(session, [["p", *ANNA[1:5], "LS77 5AB", "77 Elm Row"]], moves)
    assert _link(session)[1]["p"] == ("r", "4")


def test_an_nhs_number_needs_a_second_field_and_must_pass_its_check_digit(session: Session) -> None:
    load(
        session,
        [["same", *ANNA[1:]], ["other", "Bruno", "Falk", "1955-12-24", "M", "", ""], ["typo", *ANNA[1:]]],
        [ANNA, ["s", "Bruno", "Falk", "1955-12-24", "M", "PL1 1AA", "2 Quay"]],
    )
    session.run("UPDATE register SET nhs_number = '9434765919' WHERE register_id = 'r'", step="give a number")
    session.run("UPDATE people SET nhs_number = '943 476 5919' WHERE person_id IN ('same', 'other')", step="give it")
    session.run("UPDATE people SET nhs_number = '9434765918' WHERE person_id = 'typo'", step="give a wrong one")
    result, links = _link(session, use_nhs_numbers=True)
    assert links["same"] == ("r", "1")
    assert links["typo"] == ("r", "4")
    assert links["other"] == ("s", "35")
    assert result.nhs_number_conflicts == 1


def test_links_do_not_depend_on_threads(tmp_path: Path) -> None:
    seen = []
    for threads in (1, 4):
        with open_session(tmp_path / str(threads), threads=threads) as session:
            load(session, [["p", *ANNA[1:4], "", "LS9 9ZZ", ""], ["q", "Ann", *ANNA[2:]]], [ANNA])
            session.run(
                "INSERT INTO people SELECT 'n ' || register_id, * EXCLUDE (register_id) FROM register", step="add"
            )
            _link(session)
            seen.append(session.rows("SELECT * FROM links ORDER BY ALL", step="read the links"))
    assert seen[0] == seen[1]


def test_no_working_table_is_left(session: Session) -> None:
    load(session, [["p", *ANNA[1:]]], [ANNA])
    _link(session)
    left = session.rows(
        "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE '%linkage%' OR table_name LIKE '%splink%'",
        step="list the tables",
    )
    assert left == []


def test_two_equal_candidates_are_counted_as_too_close_to_call(session: Session) -> None:
    load(session, [["p", *ANNA[1:]]], [ANNA, ["other", *ANNA[1:]]])
    result, links = _link(session)
    assert links["p"] == (None, "99")
    assert result.reasons == {TWO_ALIKE: 1}
