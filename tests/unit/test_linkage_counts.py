"""Rows of a linkage's quality: what of them may be shown, and that they come back as they were written."""

from pathlib import Path

from fjo_pipeline.core.linkage_counts import Count, read_counts, suppressed, write_counts
from fjo_pipeline.core.sessions import open_session


def shown(rows: list[tuple[str, int, int]], margins: list[set[int]] | None = None) -> list[tuple[object, ...]]:
    return [(each.item, each.people, each.linked) for each in suppressed("sex", rows, margins)]


def test_a_small_group_is_hidden_and_takes_the_next_smallest_with_it() -> None:
    assert shown([("Male", 200, 150), ("Female", 300, 250), ("Unknown", 4, 1)]) == [
        ("Male", None, None),
        ("Female", 300, 250),
        ("Unknown", None, None),
    ]


def test_few_unlinked_people_hide_the_linked_but_not_the_group() -> None:
    assert shown([("Male", 200, 195), ("Female", 300, 250), ("Unknown", 40, 20)]) == [
        ("Male", 200, None),
        ("Female", 300, 250),
        ("Unknown", 40, None),
    ]


def test_rows_without_a_known_sum_are_judged_one_by_one() -> None:
    rows = [("POSTCODE", 200, 150), ("SURNAME", 4, 1), ("FORENAME", 0, 0)]
    assert shown(rows, []) == [("POSTCODE", 200, 150), ("SURNAME", None, None), ("FORENAME", 0, 0)]


def test_a_rate_is_that_of_what_is_shown() -> None:
    assert Count("sex", 0, "Male", 200, 150).rate == 0.75
    assert Count("sex", 0, "Male", 200, 150).unlinked == 50
    assert Count("sex", 0, "Male", 200, None).rate is None
    assert Count("sex", 0, "Male", 200, None).unlinked is None
    assert Count("sex", 0, "Male", 0, 0).rate is None


def test_counts_come_back_as_they_were_written_by_section(tmp_path: Path) -> None:
    counts = [Count("sex", 0, "Male", 20, 10), Count("sex", 1, "Female"), Count("about", 0, "model", said="x")]
    with open_session(tmp_path) as session:
        assert write_counts(session, "counts", counts) == 3
        assert write_counts(session, "counts", counts) == 3
        assert read_counts(session, "counts") == {"about": counts[2:], "sex": counts[:2]}
