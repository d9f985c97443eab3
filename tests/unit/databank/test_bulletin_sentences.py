"""What the bulletin says of figures, worked out by hand."""

from pathlib import Path

import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.databank.bulletin.declared import Note, View
from fjo_pipeline.databank.bulletin.package import Area, read_package
from fjo_pipeline.databank.bulletin.sentences import Wording, number, place, sentences
from fjo_pipeline.databank.bulletin.views import ViewOfTable
from tests.bulletin_package import ENGLAND, SOUTH_WEST, Column, write_package

Counted = tuple[tuple[str, ...], str, str, str, str, str]
"""Area, year, sex, children, rate, note."""
NOTES = {
    "suppressed": Note(means="too few people"),
    "no births": Note(means="births are not known", short="not known", units=["per"]),
}
RATE = View(label="Rate", kind="line", measure="rate", says="In {along}, {value} of 10,000 in {area}.")
COUNT = RATE.model_copy(update={"measure": "children", "says": "In {along}, {value} children in {area}."})
COLUMNS: list[Column] = [
    ("year", "dimension", ""),
    ("sex", "dimension", ""),
    ("children", "measure", "people"),
    ("rate", "measure", "per 10,000"),
]


def said(folder: Path, view: View, *rows: Counted, rounding: int = 5) -> list[str]:
    """What is said of the South West; rows are area, year, sex, children, rate, note."""
    package = read_package(
        write_package(folder / "package", {"counted": (COLUMNS, [(*a, *rest) for a, *rest in rows])})
    )
    area = package.area("region", SOUTH_WEST[1])
    assert area is not None
    asked = ViewOfTable(package.tables["counted"], view, NOTES)
    figures = asked.figures(area, package.area("nation", area.nation))
    return sentences(view, figures, Wording("the South West", asked.unit, rounding, NOTES))


def row(
    year: str, children: str, rate: str, *, area: tuple[str, ...] = SOUTH_WEST, sex: str = "All", note: str = ""
) -> Counted:
    return (area, year, sex, children, rate, note)


@pytest.mark.parametrize(
    ("before", "word"),
    [
        ("40", "more than"),
        ("61", "less than"),
        ("49.5", "about the same as"),
        ("50", "about the same as"),
        ("52.7", "less than"),
    ],
)
def test_a_rate_is_held_against_the_year_before(tmp_path: Path, before: str, word: str) -> None:
    answer = said(tmp_path, RATE, row("2018", "100", before), row("2019", "100", "50"))
    assert answer[0] == "In 2019, 50 of 10,000 in the South West."
    assert answer[1].startswith(f"That was {word} in 2018 (")


def test_the_first_of_several_years_and_the_nation_are_told(tmp_path: Path) -> None:
    years = [row("2017", "1", "20"), row("2018", "1", "30"), row("2019", "1", "50")]
    answer = said(tmp_path, RATE, *years, row("2019", "900", "35.4", area=ENGLAND))
    assert answer[2:] == ["In 2017 it was 20.", "In England as a whole it was 35."]


def test_counts_no_further_apart_than_their_rounding_are_about_the_same(tmp_path: Path) -> None:
    answer = said(tmp_path, COUNT, row("2018", "1000", "1"), row("2019", "1005", "1"))
    assert answer[1] == "That was about the same as in 2018 (1,000)."


def test_a_difference_that_chance_can_bring_about_is_called_so_and_a_larger_one_is_not(tmp_path: Path) -> None:
    # 60 and 40: 20 apart, 1.96 x sqrt(100) = 19.6, so no chance; 55 and 40: 15 apart, 1.96 x sqrt(95) = 19.1.
    small = said(tmp_path / "a", COUNT, row("2018", "55", "1"), row("2019", "40", "1"))
    large = said(tmp_path / "b", COUNT, row("2018", "60", "1"), row("2019", "40", "1"))
    assert small[1] == "That was fewer than in 2018 (55), but a difference this small can come about by chance."
    assert large[1] == "That was fewer than in 2018 (60)."


def test_one_year_alone_is_compared_with_nothing(tmp_path: Path) -> None:
    answer = said(tmp_path, RATE, row("2019", "1", "50"))
    assert answer[1:] == ["There is no other year to compare it with."]


def test_a_suppressed_year_is_passed_over_and_said(tmp_path: Path) -> None:
    answer = said(tmp_path, RATE, row("2018", "1", "30"), row("2019", "", "", note="suppressed"))
    assert answer[0] == "In 2018, 30 of 10,000 in the South West."
    assert answer[-1] == "Some figures are not shown: too few people."


def test_where_everything_is_suppressed_there_are_words_and_no_failure(tmp_path: Path) -> None:
    answer = said(tmp_path, RATE, row("2019", "", "", note="suppressed"))
    assert answer == ["There is no figure to show for the South West: too few people."]


def test_of_a_rows_notes_only_those_that_can_be_of_the_figure_are_told(tmp_path: Path) -> None:
    rows = [row("2018", "10", "", note="no births loaded"), row("2019", "", "", note="suppressed; no births loaded")]
    assert said(tmp_path / "a", COUNT, *rows)[-1] == "Some figures are not shown: too few people."
    answer = said(tmp_path / "b", RATE, *rows)
    assert answer == ["There is no figure to show for the South West: births are not known; or too few people."]


def test_an_area_without_a_row_has_words_too(tmp_path: Path) -> None:
    answer = said(tmp_path, RATE, row("2019", "5", "9", sex="F"), row("2019", "5", "9", area=ENGLAND))
    assert answer == ["No figures about this were published for the South West."]


def test_of_a_breakdown_the_highest_and_the_lowest_are_told_and_never_the_margin(tmp_path: Path) -> None:
    view = COUNT.model_copy(
        update={
            "by": "sex",
            "says": "{along}: {highest} {highest_value}, {lowest} {lowest_value}.",
            "names": {"F": "girls"},
        }
    )
    rows = [row("2019", "90", "1"), row("2019", "60", "1", sex="F"), row("2019", "30", "1", sex="M")]
    assert said(tmp_path, view, *rows) == ["2019: girls 60, M 30."]


def test_bars_are_of_the_latest_year_that_has_figures(tmp_path: Path) -> None:
    view = COUNT.model_copy(update={"kind": "bars", "along": "sex", "says": "{along}: {highest} {highest_value}."})
    rows = [
        row("2018", "60", "1", sex="F"),
        row("2018", "30", "1", sex="M"),
        row("2019", "", "", sex="F", note="suppressed"),
    ]
    assert said(tmp_path, view, *rows) == ["2018: F 60."]


def test_groups_that_are_about_the_same_have_no_highest(tmp_path: Path) -> None:
    view = COUNT.model_copy(update={"by": "sex", "says": "{highest}"})
    rows = [row("2019", "100", "1", sex="F"), row("2019", "105", "1", sex="M")]
    assert said(tmp_path, view, *rows) == ["In 2019, the figures of all groups were about the same: 100 to 105."]


def test_a_column_that_a_view_says_nothing_of_must_have_a_margin(tmp_path: Path) -> None:
    rows = [row("2019", "60", "1", sex="F"), row("2019", "30", "1", sex="M")]
    with pytest.raises(Refused, match="which value of sex"):
        said(tmp_path, RATE, *rows)


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [(2447.0, "people", "2,447"), (12.34, "percent", "12.3"), (0.5, "weeks", "0.5"), (120.6, "per 10,000", "121")],
)
def test_numbers_are_written_as_people_read_them(value: float, unit: str, written: str) -> None:
    assert number(value, unit) == written


def test_a_place_is_said_as_people_say_it() -> None:
    spoken = {"South West": "the South West"}
    assert place(Area(1, "South West", "E12000009", "region"), spoken, "{name}") == "the South West"
    assert (
        place(Area(2, "Swansea", "S", "dfj_area"), spoken, "the {name} family court area")
        == "the Swansea family court area"
    )


def test_a_sentence_may_name_only_what_its_chart_has() -> None:
    with pytest.raises(ValueError, match="says names lowest"):
        View(label="x", kind="line", measure="m", says="{lowest}")
