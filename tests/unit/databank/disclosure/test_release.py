"""Tables let out: what is hidden and why, what is rounded, and what an earlier release has to do with it."""

import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.databank.disclosure.cells import Cell, FrequencyTable
from fjo_pipeline.databank.disclosure.policy import load_policy
from fjo_pipeline.databank.disclosure.release import Release, release_tables

POLICY = load_policy("sail-2025")


def table(counts: dict[str, int], name: str = "by sex") -> FrequencyTable:
    return FrequencyTable(name, ("sex",), {(key,): count for key, count in counts.items()})


def cell(value: str) -> Cell:
    return (("sex", value),)


def shown(release: Release) -> dict[str, int | None]:
    return {dict(each).get("sex", "all"): count for each, count in release.tables[0].shown.items()}


def test_large_counts_are_shown_to_the_nearest_five_with_their_total() -> None:
    assert shown(release_tables([table({"F": 62, "M": 88})], POLICY, 1)) == {"all": 150, "F": 60, "M": 90}


def test_a_small_count_takes_a_second_one_with_it_and_everybody_stays() -> None:
    release = release_tables([table({"F": 100, "M": 80, "X": 3})], POLICY, 1)
    assert shown(release) == {"all": 185, "F": 100, "M": None, "X": None}
    assert release.tables[0].why == {cell("M"): "secondary", cell("X"): "count under the threshold"}


def test_two_small_counts_hide_each_other_only_where_they_are_not_few_together() -> None:
    assert shown(release_tables([table({"F": 100, "M": 8, "X": 7})], POLICY, 1))["F"] == 100
    assert shown(release_tables([table({"F": 100, "M": 3, "X": 4})], POLICY, 1))["F"] is None


def test_a_total_of_few_people_is_hidden_with_all_of_its_table() -> None:
    assert set(shown(release_tables([table({"F": 3, "M": 4})], POLICY, 1)).values()) == {None}


def test_nobody_in_a_cell_is_shown_where_it_gives_nobody_away() -> None:
    assert shown(release_tables([table({"F": 100, "M": 80, "X": 0})], POLICY, 1))["X"] == 0


def test_a_cell_that_holds_all_of_a_group_is_hidden_where_the_policy_says_so() -> None:
    full = table({"F": 100, "M": 0})
    assert shown(release_tables([full], POLICY, 1)) == {"all": 100, "F": None, "M": None}
    lenient = POLICY.model_copy(update={"full_cells": "show"})
    assert shown(release_tables([full], lenient, 1)) == {"all": 100, "F": 100, "M": 0}


def test_areas_are_counted_under_their_regions() -> None:
    areas = FrequencyTable(
        "by area", ("area",), {("A",): 20, ("B",): 3, ("C",): 50, ("D",): 60}, {"area": {"A": "N", "B": "N"}}
    )
    found = {
        dict(each).get("area", "all"): count
        for each, count in release_tables([areas], POLICY, 1).tables[0].shown.items()
    }
    assert found == {"all": 135, "A": None, "B": None, "C": 50, "D": 60, "N": 25}


def test_two_tables_that_share_a_margin_are_protected_together() -> None:
    by_sex = table({"F": 100, "M": 80, "X": 20})
    both = FrequencyTable(
        "by sex and year", ("sex", "year"), {("X", "1"): 4, ("X", "2"): 16, ("F", "1"): 100, ("M", "2"): 80}
    )
    release = release_tables([by_sex, both], POLICY, 1)
    for each in release.tables:
        assert each.shown[cell("X")] == 20
    assert release.tables[1].shown[("sex", "X"), ("year", "1")] is None


def test_tables_of_two_different_populations_are_no_one_release() -> None:
    with pytest.raises(Refused, match="has two counts"):
        release_tables([table({"F": 10, "M": 20}), table({"F": 11, "M": 20}, "another")], POLICY, 1)


def test_a_few_people_more_than_before_are_not_shown() -> None:
    before = release_tables([table({"F": 100, "M": 200, "X": 300})], POLICY, 1)
    after = release_tables([table({"F": 103, "M": 250, "X": 340})], POLICY, 2, [before.known])
    assert shown(after)["F"] is None
    assert after.tables[0].why[cell("F")] == "difference to an earlier release"
    assert sum(count is None for count in shown(after).values()) >= 2


def test_what_an_earlier_release_hid_is_not_given_away_by_a_later_one_of_the_same_people() -> None:
    counts = {"F": 100, "M": 80, "X": 3, "Y": 60}
    first = release_tables([table(counts)], POLICY, 1)
    second = release_tables([table(counts)], POLICY, 2, [first.known])
    assert {each for each, count in shown(second).items() if count is None} == {
        each for each, count in shown(first).items() if count is None
    }


def test_the_record_says_what_was_done_under_which_policy() -> None:
    record = release_tables([table({"F": 100, "M": 80, "X": 3})], POLICY, 7).record
    assert (record["policy"], record["policy_version"], record["threshold"], record["snapshot"]) == (
        "sail-2025",
        "1",
        10,
        7,
    )
    (made,) = record["tables"]
    assert made["suppressed"] == {"count under the threshold": 1, "secondary": 1}
    assert made["cells"] == 4


def test_tidy_rows_name_every_dimension_and_say_why_a_count_is_missing() -> None:
    (released,) = release_tables([table({"F": 100, "M": 80, "X": 3})], POLICY, 1).tables
    assert (None, 185, None) in released.rows()
    assert ("X", None, "count under the threshold") in released.rows()
