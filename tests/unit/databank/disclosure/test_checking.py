"""A researcher's table against the policy: each kind of verdict, and what a hidden cell gives away."""

from pathlib import Path

import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.databank.disclosure.checking import Counts, check_table
from fjo_pipeline.databank.disclosure.policy import load_policy
from fjo_pipeline.databank.disclosure.reading import read_tables

POLICY = load_policy("sail-2025")


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def verdicts(tmp_path: Path, *lines: str, earlier: tuple[Counts, ...] = ()) -> dict[int, str]:
    """What is said of each line that does not fit."""
    (table,) = read_tables(written(tmp_path, *lines))
    return {each.place.line: each.said for each in check_table(table, POLICY, earlier) if not each.fits}


def test_a_rounded_table_of_large_counts_fits(tmp_path: Path) -> None:
    assert verdicts(tmp_path, "sex,people", "F,60", "M,90", "Total,150") == {}


def test_a_small_count_and_one_that_is_not_rounded_are_named_by_their_line(tmp_path: Path) -> None:
    found = verdicts(tmp_path, "sex,people", "F,61", "M,5", "X,0", "Total,200")
    assert found[2].startswith("not a multiple of 5")
    assert found[3].startswith("fewer than 10")
    assert set(found) == {2, 3}


def test_a_total_that_shows_by_its_difference_that_few_are_left_is_named(tmp_path: Path) -> None:
    assert verdicts(tmp_path, "sex,people", "F,145", "M,*", "Total,150")[2].startswith("its total less it is under 10")


def test_a_hidden_cell_that_the_total_gives_away_is_named_with_what_is_left(tmp_path: Path) -> None:
    assert verdicts(tmp_path, "sex,people", "F,100", "M,*", "Total,110") == {
        3: "hidden, but the shown counts leave only 6 to 14: hide another one beside it"
    }


def test_two_hidden_cells_that_share_enough_people_fit(tmp_path: Path) -> None:
    assert verdicts(tmp_path, "sex,people", "F,100", "M,*", "X,<10", "Total,185") == {}


def test_a_cell_that_holds_all_of_its_group_is_named(tmp_path: Path) -> None:
    assert verdicts(tmp_path, "sex,people", "F,100", "M,0", "Total,100")[2].startswith("holds all of its group")


def test_a_few_more_than_the_project_let_out_before_are_named(tmp_path: Path) -> None:
    before: Counts = {(("sex", "F"),): 95, (("sex", "M"),): 80, (): 175}
    found = verdicts(tmp_path, "sex,people", "F,100", "M,90", "Total,190", earlier=(before,))
    assert found == {2: "differs by fewer than 10 from what this project has let out before"}


def test_what_was_let_out_before_is_known_of_a_hidden_cell(tmp_path: Path) -> None:
    before: Counts = {(("sex", "M"),): 80}
    found = verdicts(tmp_path, "sex,people", "F,100", "M,*", "X,*", "Total,400", earlier=(before,))
    assert found[3] == "hidden, but the shown counts leave only 78 to 82: hide another one beside it"


def test_counts_that_do_not_add_up_get_no_verdict_of_being_safe(tmp_path: Path) -> None:
    assert "do not add up" in verdicts(tmp_path, "sex,people", "F,500", "M,*", "Total,100")[3]


def test_each_column_of_counts_is_a_table_and_a_year_before_text_is_none(tmp_path: Path) -> None:
    path = written(tmp_path, "year,sex,people,cases", "2019,F,100,50", "2019,M,200,60")
    assert [(table.measure, table.dimensions) for table in read_tables(path)] == [
        ("people", ("year", "sex")),
        ("cases", ("year", "sex")),
    ]


def test_columns_of_counts_can_be_named(tmp_path: Path) -> None:
    path = written(tmp_path, "sex,year,people", "F,2019,100", "M,2019,200")
    assert [table.dimensions for table in read_tables(path, ("people",))] == [("sex", "year")]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("sex,people",), "no table in it"),
        (("sex,sex", "F,1"), "line 1: every column needs a name"),
        (("sex,people", "F"), "line 2: 1 values under 2 columns"),
        (("sex,people", "F,many"), "no column of counts"),
        (("sex,people", "F,10", "F,20"), "line 3: line 2 counts the same"),
    ],
)
def test_what_is_no_table_of_counts_is_refused_with_its_line(tmp_path: Path, lines: tuple[str, ...], said: str) -> None:
    with pytest.raises(Refused) as refused:
        read_tables(written(tmp_path, *lines))
    assert said in str(refused.value)


def test_a_named_column_that_is_no_count_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="line 2, column sex: a count is a whole number"):
        read_tables(written(tmp_path, "sex,people", "F,10"), ("sex",))
    with pytest.raises(Refused, match="no column of counts persons"):
        read_tables(written(tmp_path, "sex,people", "F,10"), ("persons",))


@pytest.mark.parametrize("name", ["table.xlsx", "absent.csv"])
def test_another_kind_of_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused, match=r"table\.xlsx: save the table as CSV|absent\.csv: the file cannot be read"):
        read_tables(tmp_path / name)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"sex,people\nF\xff,10\n")
    with pytest.raises(Refused, match="no CSV file in UTF-8"):
        read_tables(path)
