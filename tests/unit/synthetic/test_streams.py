"""Named streams, ids and timelines: what keeps a world the same from run to run and from refresh to refresh."""

import numpy as np

from fjo_pipeline.synthetic.streams import (
    NEVER,
    Timeline,
    choose,
    dates_known,
    day,
    rank_within,
    scramble,
    stream,
    weighted_sample,
)


def test_a_stream_depends_on_its_seed_and_its_name() -> None:
    first = stream(1, "a").random(5)
    assert np.array_equal(first, stream(1, "a").random(5))
    assert not np.array_equal(first, stream(2, "a").random(5))
    assert not np.array_equal(first, stream(1, "b").random(5))


def test_scrambled_ids_are_distinct_in_range_and_out_of_order() -> None:
    ids = scramble(np.arange(200_000), 7, "case")
    assert len(np.unique(ids)) == len(ids)
    assert ids.min() >= 1
    assert ids.max() <= 10**12
    assert 0.3 < np.mean(np.diff(ids) > 0) < 0.98


def test_scrambled_ids_do_not_overflow_at_the_largest_index() -> None:
    assert scramble(np.array([8_999_999]), 7, "case")[0] > 0


def test_choices_follow_their_weights() -> None:
    drawn = np.bincount(choose(stream(1, "choice"), 100_000, [1, 0, 3]), minlength=3) / 100_000
    assert drawn[1] == 0
    assert abs(drawn[0] - 0.25) < 0.01


def test_a_weighted_sample_is_distinct_and_leaves_out_what_has_no_weight() -> None:
    weights = np.array([0.0, 1.0, 1.0, 0.0, 5.0])
    assert sorted(weighted_sample(stream(1, "sample"), weights, 9).tolist()) == [1, 2, 4]


def test_ranks_begin_again_with_each_group() -> None:
    assert rank_within(np.array([4, 4, 4, 9, 11, 11])).tolist() == [0, 1, 2, 0, 0, 1]
    assert rank_within(np.zeros(0, dtype=np.int64)).tolist() == []


def test_a_timeline_finds_the_event_in_force() -> None:
    timeline = Timeline(np.array([5, 2, 5, 5]), np.array([100, -50, 300, 200]))
    when = np.array([150, 250, 999, 100, 20, 0])
    assert timeline.at(np.array([5, 5, 5, 5, 5, 2]), when).tolist() == [0, 3, 2, 0, 0, 1]


def test_a_timeline_knows_nothing_of_strangers() -> None:
    timeline = Timeline(np.array([5, 5]), np.array([100, 200]))
    assert timeline.at(np.array([4, 6]), np.array([150, 150])).tolist() == [-1, -1]


def test_a_spell_ends_where_the_next_of_its_subject_begins() -> None:
    timeline = Timeline(np.array([5, 2, 5]), np.array([200, 10, 100]))
    assert timeline.ends().tolist() == [NEVER, NEVER, 200]


def test_what_lies_after_a_refresh_is_not_known_at_it() -> None:
    assert dates_known(np.array([10, 20, 30]), 20).tolist() == [10, 20, NEVER]
    assert day(1970, 1, 2) == 1
