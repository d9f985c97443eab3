"""What the linkage benchmarks count and write: tables, the plot, groups that lie too far below the whole."""

from pathlib import Path
from xml.etree import ElementTree

import duckdb
import pytest

from benchmarks.linkage_blocking import BlockingFigures, RuleFigures, blocking_tables
from benchmarks.linkage_groups import EVERYBODY, LACKING, Counts, Groups, groups_table, pool, too_far_below
from benchmarks.linkage_plot import growth_svg
from benchmarks.linkage_speed import Run, Score, Size, comparison_table, growth_plot, growth_table, score_links

SCORES = (Score(0.5, 0.99, 0.98, 0.985), Score(0.9, 1.0, 0.97, 0.9848))
SIZES = [
    Size(300, 3_000, (Run("ours", 2.0, 100.0, SCORES), Run("Splink", 9.0, 300.0, SCORES))),
    Size(3_000, 30_000, (Run("ours", 15.0, 400.0, SCORES),)),
]


def test_others_are_set_against_our_time() -> None:
    rows = comparison_table(SIZES[0]).splitlines()
    assert rows[0].startswith("300 people against 3,000 register people")
    assert rows[-2] == "| Splink | 9.0 | 4.5 | 300 | 0.5 | 0.9900 | 0.9800 | 0.9850 |"
    assert rows[-1] == "| | | | | 0.9 | 1.0000 | 0.9700 | 0.9848 |"


def test_growth_is_shown_for_a_million_people() -> None:
    assert growth_table(SIZES).splitlines()[-1] == "| 3,000 | 30,000 | ours | 15.0 | 5000 | 400 | 0.9850 |"


def test_the_plot_has_a_panel_a_measure_and_a_dot_a_run() -> None:
    drawn = ElementTree.fromstring(growth_plot(SIZES))
    name = "{http://www.w3.org/2000/svg}"
    assert len(drawn.findall(f"{name}g")) == 2
    assert len(drawn.findall(f".//{name}circle")) == 6


def test_proportion_is_a_line_of_slope_one_within_the_panel() -> None:
    drawn = ElementTree.fromstring(growth_svg({"s": {"a": [(10, 1), (100, 10)]}}, "people"))
    (dashed,) = drawn.findall(".//*[@stroke-dasharray]")
    dots = [(float(each.attrib["cx"]), float(each.attrib["cy"])) for each in drawn.iter() if "cx" in each.attrib]
    assert dots == [(float(dashed.attrib[f"x{end}"]), float(dashed.attrib[f"y{end}"])) for end in (1, 2)]


def test_a_link_below_the_least_probability_is_a_missing_one(tmp_path: Path) -> None:
    links = "VALUES ('a', '1', 0.95), ('b', '9', 0.95), ('c', '3', 0.6), ('d', '4', 0.99)"
    truth = "VALUES ('a', '1'), ('b', '2'), ('c', '3'), ('d', NULL), ('e', '5')"
    duckdb.sql(f"FROM ({links}) t(person_id, register_id, probability)").write_parquet(str(tmp_path / "links.parquet"))
    duckdb.sql(f"FROM ({truth}) t(person_id, register_id)").write_parquet(str(tmp_path / "truth.parquet"))
    strict, loose = (score_links(tmp_path / "links.parquet", tmp_path / "truth.parquet", least) for least in (0.9, 0.5))
    assert strict.precision == pytest.approx(1 / 3)
    assert strict.recall == pytest.approx(1 / 4)
    assert (loose.precision, loose.recall, loose.f1) == (0.5, 0.5, 0.5)


def _groups(right: int, of: int) -> Groups:
    return {
        (EVERYBODY, EVERYBODY): Counts(1100, 1000, 990, 990),
        ("role", "child"): Counts(of, of, of, right),
        ("age at the first application", LACKING[1]): Counts(200, 200, 100, 100),
    }


@pytest.mark.parametrize(("right", "of", "below"), [(193, 200, False), (191, 200, True), (20, 99, False)])
def test_only_a_large_group_more_than_three_points_below_is_named(right: int, of: int, below: bool) -> None:
    assert ("child" in too_far_below(_groups(right, of))) == below


def test_groups_of_several_seeds_count_together_and_those_who_lack_an_identifier_apart() -> None:
    both = {11: _groups(191, 200), 12: _groups(199, 200)}
    assert pool(both.values())["role", "child"] == Counts(400, 400, 400, 390)
    rows = groups_table(both).splitlines()
    assert "| role | child | 400 | 400 | 0.9750 | 0.9750 | -1.5 | -3.5 | +0.5 |" in rows
    assert rows[-2].endswith("below: none.")
    assert rows[-1].endswith(f": {LACKING[1]}.")


def test_a_rule_is_shown_with_what_only_it_finds() -> None:
    rule = RuleFigures("postcode", 1_000, 200, 90, 5, 4)
    rows = blocking_tables({"small": BlockingFigures(120, 119, 100, 99, 110, 1_500, (rule,))}).splitlines()
    assert rows[2] == "| small | 120 | 0.9917 | 100 | 0.9900 | 1,500 | 13.6 |"
    assert rows[-1] == "| postcode | 1,000 | 200 | 0.9000 | 5 | 0.0500 | 4 |"
