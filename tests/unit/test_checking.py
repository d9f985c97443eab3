"""The contract's rules on a delivery: each failure with file, line, column, rule and count, and never the value."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fjo_pipeline.core.checking import CheckReport, Failure, check_delivery
from fjo_pipeline.core.contracts import Contract, contract, load_contract
from fjo_pipeline.core.sessions import Session
from tests.deposit_builder import (
    CARERS,
    CLIENTS,
    PLACES,
    TINY,
    TINY_CONTRACT,
    TINY_IDENTIFIERS,
    VISITS,
    Row,
    ecms_csvs,
    with_lines,
    write_csvs,
)

Check = Callable[..., CheckReport]
UNIQUE_NAME = "{name: NAME, type: string, role: content, constraints: {unique: true}}"
# What spreadsheets make of keys, and what DuckDB would read as a number or date all the same.
MANGLED_NUMBERS = ("2e0", "1.0", "1.23E+13", "007", "1e2", "1.5e4", "0xFFFFFFFF", "+3", "1_0", "3.", "-03")
MANGLED_DATES = (
    "85-1-1", "1985-1-01", "1985/01/01", "1985 01 01", "12985-1-01", "12985-01-01", "0000-01-01", "infinity", "epoch",
    "-985-01-01", "85-1-1(BC)", "1985-01-01 00:00:00",
)  # fmt: skip


@pytest.fixture
def check(shared_session: Session, tiny: Contract, tmp_path: Path) -> Check:
    def run(**csvs: str | bytes) -> CheckReport:
        folder = write_csvs(tmp_path / "delivery", TINY | {f"{name}.csv": csv for name, csv in csvs.items()})
        return check_delivery(shared_session, tiny, folder)

    return run


def visit(**values: str) -> str:
    """One more row of VISITS, good but for these values; it stands on line 6."""
    columns = VISITS.splitlines()[0].split(",")
    return with_lines(
        VISITS, ",".join(({"VISIT": "v-9", "PERSON": "C0001"} | values).get(each, "") for each in columns)
    )


def test_a_good_delivery_is_counted_and_nothing_is_found(check: Check) -> None:
    report = check()
    assert report.good
    assert str(report).startswith("the deposit keeps its contract: ")
    assert report.rows == {"clients": 3, "carers": 1, "visits": 4, "places": 2}
    assert report.exact_copies == {"clients": 0, "carers": 0, "visits": 0, "places": 0}
    assert report.implausible_years == 0


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"VISIT": ""}, "a required value is empty"),
        ({"PERSON": ""}, "a required value is empty"),
        ({"KIND": "castle"}, "the value is none of the contract's codes"),
        ({"SCORE": "-1"}, "the number is below 0"),
        ({"SCORE": "11"}, "the number is above 10"),
        ({"SCORE": "three"}, "the value is no whole number"),
        *(({"SCORE": text}, "the value is no whole number") for text in MANGLED_NUMBERS),
        *(({"SEEN": text}, "the value is no calendar date (YYYY-MM-DD)") for text in MANGLED_DATES),
        ({"PRICE": "dear"}, "the value is no number"),
        ({"PRICE": "inf"}, "the value is no number"),
        ({"OPEN": "perhaps"}, "the value is neither true nor false"),
        ({"CODE": "ABCD"}, "the value does not have the contract's pattern"),
        ({"CODE": "abc"}, "the value does not have the contract's pattern"),
        ({"PERSON": "C01"}, "the key does not have the contract's pattern"),
        ({"PERSON": "D0001"}, "the key does not have the contract's pattern"),
        ({"FAMILY": "100000000000000"}, "a key is a whole number of at most 14 digits"),
        ({"FAMILY": "-5"}, "a key is a whole number of at most 14 digits"),
        ({"FAMILY": "99999999999999999999"}, "the value is no whole number"),
        ({"SEEN": "2023-02-29"}, "the value is no calendar date (YYYY-MM-DD)"),
        ({"PLACE": "7"}, "the value refers to no row of PLACES.csv, column ID"),
        ({"PERSON": "C0004"}, "the value refers to no row of CLIENTS.csv or CARERS.csv"),
    ],
)
def test_each_rule_names_file_line_column_and_no_value(values: dict[str, str], rule: str, check: Check) -> None:
    report = check(VISITS=visit(**values))
    column, value = next(iter(values.items()))
    assert report.failures == (Failure("VISITS.csv", column, rule, 1, (6,)),)
    assert str(report) == f"VISITS.csv, line 6, column {column}: {rule}"
    assert not report.good
    if len(value) > 3:
        assert value not in str(report)


def test_unreadable_values_of_one_row_are_each_told_and_the_row_is_not_checked_further(check: Check) -> None:
    report = check(VISITS=visit(SCORE="1.0", PRICE="dear", SEEN="85-1-1", KIND="castle"))
    assert [(failure.column, failure.lines) for failure in report.failures] == [
        ("SCORE", (6,)),
        ("PRICE", (6,)),
        ("SEEN", (6,)),
    ]


def test_spaces_around_a_number_or_date_are_told(check: Check) -> None:
    report = check(VISITS=visit(SCORE=" 3", SEEN="1985-01-1 "))
    assert [failure.column for failure in report.failures] == ["SCORE", "SEEN"]


def test_implausible_years_pass_and_are_counted(check: Check) -> None:
    born = ("1872", "2215", "2962", "7985", "0001", "9999", "1985")
    clients = "".join(f"C10{at:02},Quillfeather,,{year}-02-28,,\n" for at, year in enumerate(born))
    report = check(CLIENTS=CLIENTS + clients)
    assert report.good
    assert report.implausible_years == 6


def test_the_largest_key_of_14_digits_passes(check: Check) -> None:
    assert check(VISITS=visit(FAMILY="99999999999999")).good


def test_a_rule_behind_a_quoted_line_break_or_empty_line_names_the_physical_line(check: Check) -> None:
    broken = VISITS.replace(",fine,", ',"fine\n\nindeed",') + "\n"
    report = check(VISITS=with_lines(broken, "v-9,C0001,,castle,,,,,,,,"))
    assert [failure.lines for failure in report.failures] == [(9,)]


def test_lines_of_a_re_ordered_file_with_windows_line_ends_are_right(check: Check) -> None:
    places = "NAME,ID\r\nNorth,1\r\nSouth,2\r\nEast,\r\n"
    assert check(PLACES=places).failures == (Failure("PLACES.csv", "ID", "a required value is empty", 1, (4,)),)


def test_an_unreadable_value_is_not_taken_for_an_empty_one(check: Check) -> None:
    report = check(PLACES=with_lines(PLACES, "x,East", ",West"))
    assert [(failure.rule, failure.lines) for failure in report.failures] == [
        ("the value is no whole number", (4,)),
        ("a required value is empty", (5,)),
    ]


def test_a_file_with_broken_rows_is_not_checked_further(check: Check) -> None:
    """The rows left over would be counted on lines that are not theirs."""
    report = check(VISITS=with_lines(VISITS, "v-9,C0001", "v-9,C0001,,castle,,,,,,,,"))
    assert {failure.rule for failure in report.failures} == {
        "the row has too few columns: it is truncated or a separator is missing"
    }
    assert "visits" not in report.rows


def test_the_first_lines_are_named_and_the_rest_counted(check: Check) -> None:
    report = check(PLACES=with_lines(PLACES, *[",Nowhere"] * 8))
    assert str(report) == "PLACES.csv, line 4, 5, 6, 7, 8, column ID: a required value is empty (8 times)"
    assert report.as_json()["failures"][0]["count"] == 8


def test_several_failures_are_all_told(check: Check) -> None:
    report = check(VISITS=visit(KIND="castle", SCORE="11"), PLACES=with_lines(PLACES, ",Nowhere"))
    assert [(failure.file, failure.column) for failure in report.failures] == [
        ("VISITS.csv", "KIND"),
        ("VISITS.csv", "SCORE"),
        ("PLACES.csv", "ID"),
    ]


def test_a_missing_and_an_unknown_table_are_named(check: Check, tmp_path: Path) -> None:
    check()
    (tmp_path / "delivery" / "CARERS.csv").unlink()
    report = check(EXTRA="ID\n1\n", CARERS=CARERS)
    assert report.failures == (Failure("EXTRA.csv", "", "the contract tiny has no such table", 1, ()),)
    assert str(report) == "EXTRA.csv: the contract tiny has no such table"


def test_a_missing_table_is_told_and_the_rest_still_checked(
    shared_session: Session, tiny: Contract, tmp_path: Path
) -> None:
    csvs = {name: csv for name, csv in TINY.items() if name != "CARERS.csv"} | {"PLACES.csv": PLACES + ",x\n"}
    report = check_delivery(shared_session, tiny, write_csvs(tmp_path / "delivery", csvs))
    assert [(failure.file, failure.rule) for failure in report.failures] == [
        ("CARERS.csv", "the table is missing from the deposit"),
        ("PLACES.csv", "a required value is empty"),
    ]


def test_exact_copies_pass_and_are_counted(check: Check) -> None:
    first = CLIENTS.splitlines()[1]
    report = check(CLIENTS=with_lines(CLIENTS, first, first, CLIENTS.splitlines()[2]))
    assert report.good
    assert report.exact_copies["clients"] == 3
    assert report.rows["clients"] == 6


def test_a_key_on_rows_that_differ_is_refused_with_its_lines(check: Check) -> None:
    first = CLIENTS.splitlines()[1]
    report = check(CLIENTS=with_lines(CLIENTS, first, first.replace("Ada Mary", "Ada")))
    assert report.failures == (Failure("CLIENTS.csv", "ID", "the key stands on rows that differ", 1, (2, 5, 6)),)


def test_rows_that_differ_in_an_empty_value_differ(check: Check) -> None:
    report = check(CLIENTS=with_lines(CLIENTS, CLIENTS.splitlines()[2].replace("2012-07-19", "")))
    assert [failure.lines for failure in report.failures] == [(3, 5)]


def test_empty_references_pass(check: Check) -> None:
    assert check(VISITS=visit(PLACE="")).good


def test_a_person_stands_in_one_table_only(check: Check) -> None:
    report = check(CARERS=with_lines(CARERS, "C0001,Oddcastle,"))
    assert report.failures == (Failure("CLIENTS.csv", "ID", "the person stands in CARERS.csv too", 1, ()),)


@pytest.mark.parametrize("born", ["1885-01-31", "2285-01-31", "2985-01-31", "7985-01-31", "1899-12-31"])
def test_a_century_typo_passes_and_is_counted(born: str, check: Check) -> None:
    report = check(CLIENTS=CLIENTS.replace("1985-01-31", born))
    assert report.good
    assert report.implausible_years == 1


def test_no_report_shows_a_value(check: Check) -> None:
    csvs = {
        "CLIENTS": with_lines(CLIENTS, "C0001,Quillfeather,Ada Mary,2015-03-02,,F", "Quillfeather,,,x,,"),
        "CARERS": CARERS.removeprefix("ID,SURNAME,BORN\n"),
        "VISITS": visit(KIND="Quillfeather", CODE="Thimble", SEEN="born 2015-03-02", FAMILY="Oddcastle"),
    }
    report = check(**csvs)
    assert len(report.failures) > 5
    told = str(report) + repr(report.as_json())
    assert not [value for value in TINY_IDENTIFIERS if value in told]


def test_ecms_s_foreign_keys_are_checked(shared_session: Session, tmp_path: Path) -> None:
    """People of one table need no list of their own: the contract's foreign keys say where they stand."""
    ecms = contract("cafcass_england_ecms")
    people = [{"ID": 5, "SURNAME": "Thimble", "DATEOFBIRTH": "2015-03-02"}]
    applications = [{"ID": 8, "APPLICATIONTYPE1_ID": 1, "DATEOFAPPLICATION": "2015-03-05"}]
    roles: list[Row] = [
        {"PERSON_ID": 5, "APPLICATION_ID": 8, "ISSUBJECT": "true"},
        {"PERSON_ID": 6, "APPLICATION_ID": 8},
    ]
    good = check_delivery(
        shared_session, ecms, write_csvs(tmp_path / "good", ecms_csvs(people, applications, roles[:1]))
    )
    assert str(good).startswith("the deposit keeps its contract: ")
    bad = check_delivery(shared_session, ecms, write_csvs(tmp_path / "bad", ecms_csvs(people, applications, roles)))
    assert str(bad) == (
        "PERSONSONAPPLICATIONS.csv, line 3, column PERSON_ID: the value refers to no row of PEOPLE.csv, column ID"
    )


def test_a_table_without_key_and_rules_may_hold_anything(shared_session: Session, tmp_path: Path) -> None:
    notes = "  - {name: notes, sail: NOTES, schema: {fields: [{name: TEXT, type: string, role: content}]}}\n"
    (tmp_path / "tiny.yaml").write_text(TINY_CONTRACT + notes)
    folder = write_csvs(tmp_path / "delivery", TINY | {"NOTES.csv": "TEXT\na\na\nb\n"})
    report = check_delivery(shared_session, load_contract(tmp_path / "tiny.yaml"), folder)
    assert report.good
    assert (report.rows["notes"], report.exact_copies["notes"]) == (3, 0)


def test_a_primary_key_is_required_and_a_unique_value_stands_on_one_row_or_its_copies(
    shared_session: Session, tmp_path: Path
) -> None:
    text = TINY_CONTRACT.replace("{name: NAME, type: string, role: content}", UNIQUE_NAME)
    (tmp_path / "tiny.yaml").write_text(text.replace("role: content, constraints: {required: true}}", "role: content}"))
    tiny = load_contract(tmp_path / "tiny.yaml")
    places = PLACES + "2,South\n3,North\n4,\n5,\n,East\n"
    report = check_delivery(shared_session, tiny, write_csvs(tmp_path / "in", TINY | {"PLACES.csv": places}))
    assert report.failures == (
        Failure("PLACES.csv", "ID", "a required value is empty", 1, (8,)),
        Failure("PLACES.csv", "NAME", "the value stands on rows that differ", 1, (2, 5)),
    )
    assert report.exact_copies["places"] == 1


ENUM = "constraints: {enum: [home, office]}"


@pytest.mark.parametrize(("outgrown", "good"), [("refuse", False), ("warn", True)])
def test_codes_that_the_data_outgrow_are_refused_or_counted_as_the_contract_says(
    session: Session, tmp_path: Path, outgrown: str, good: bool
) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY_CONTRACT.replace(ENUM, f"{ENUM}, outgrown: {outgrown}"))
    grown = VISITS.replace(",office,", ",Quillfeather,")
    report = check_delivery(session, load_contract(path), write_csvs(tmp_path / "csvs", TINY | {"VISITS.csv": grown}))
    assert report.good is good
    assert report.beyond_codes == ({"VISITS.csv, column KIND": 1} if good else {})
    said = "warning: VISITS.csv, column KIND: values that are none of the contract's codes: 1"
    assert (said in str(report)) is good
    assert "Quillfeather" not in str(report) + str(report.as_json())


def test_what_is_empty_is_beyond_no_code(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY_CONTRACT.replace(ENUM, f"{ENUM}, outgrown: warn"))
    assert check_delivery(session, load_contract(path), write_csvs(tmp_path / "csvs", TINY)).beyond_codes == {}
