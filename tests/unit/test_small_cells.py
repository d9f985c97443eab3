"""Small-cell suppression, by hand: what is small, and what would give a small count away."""

from fjo_pipeline.core.small_cells import SMALLEST_COUNT, hidden, is_small
from fjo_pipeline.databank.disclosure.policy import load_policy
from fjo_pipeline.databank.publishing.publish import DEFAULT_POLICY


def test_from_one_to_nine_is_small_and_nobody_is_not() -> None:
    assert [count for count in range(0, 13) if is_small(count)] == [1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_the_databanks_publications_use_the_same_smallest_count() -> None:
    assert load_policy(DEFAULT_POLICY).threshold == SMALLEST_COUNT


def test_without_a_known_sum_only_the_small_rows_are_hidden() -> None:
    assert hidden([(3,), (50,), (0,), (10,)]) == {0}


def test_any_small_part_hides_its_row() -> None:
    assert hidden([(95, 4), (90, 0), (50, 20)]) == {0}


def test_one_hidden_row_takes_the_next_smallest_with_it_where_their_sum_is_known() -> None:
    assert hidden([(3,), (50,), (12,), (100,)], [{0, 1, 2, 3}]) == {0, 2}


def test_two_hidden_rows_that_together_are_still_small_take_a_third() -> None:
    assert hidden([(3,), (4,), (40,), (100,)], [{0, 1, 2, 3}]) == {0, 1, 2}


def test_two_hidden_rows_that_together_are_enough_take_no_third() -> None:
    assert hidden([(6,), (7,), (40,)], [{0, 1, 2}]) == {0, 1}


def test_an_empty_row_hides_nobody_so_it_is_taken_last() -> None:
    assert hidden([(3,), (0,), (40,)], [{0, 1, 2}]) == {0, 2}


def test_what_one_margin_hides_may_give_away_a_row_of_another() -> None:
    # Rows 0 to 2 sum to a known 34, rows 1 to 3 to a known 133: hiding 1 beside 0 needs another in the second margin.
    assert hidden([(2,), (11,), (21,), (101,)], [{0, 1, 2}, {1, 2, 3}]) == {0, 1, 2}


def test_where_a_whole_margin_is_hidden_there_is_nothing_more_to_hide() -> None:
    assert hidden([(2,), (3,)], [{0, 1}]) == {0, 1}
