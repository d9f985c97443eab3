"""Typing errors made on whole columns."""

import numpy as np
import pyarrow as pa
import pytest

from fjo_pipeline.synthetic.streams import stream
from fjo_pipeline.synthetic.typos import with_typos


def _distance_class(before: str, after: str) -> str:
    if len(after) == len(before) - 1 and any(before[:i] + before[i + 1 :] == after for i in range(len(before))):
        return "omission"
    if len(after) == len(before) + 1 and any(after[:i] + after[i + 1 :] == before for i in range(len(after))):
        return "insertion"
    if len(after) == len(before):
        differing = [i for i in range(len(before)) if before[i] != after[i]]
        if len(differing) <= 1:
            return "substitution"
        if len(differing) == 2 and sorted(before) == sorted(after) and differing[1] == differing[0] + 1:
            return "transposition"
    return "something else"


@pytest.mark.parametrize("name", ["Montgomery", "Nia", "Saint-John"])
def test_each_text_gets_one_typing_error_of_each_kind_in_turn(name: str) -> None:
    changed = with_typos(stream(3, "typos"), pa.array([name] * 2_000), np.ones(2_000, dtype=bool)).to_pylist()
    kinds = {_distance_class(name, text) for text in changed}
    assert kinds == {"omission", "insertion", "substitution", "transposition"}


def test_only_the_chosen_texts_change_and_nulls_and_short_ones_stay() -> None:
    texts = pa.array(["Margaret", None, "Al", "Margaret"])
    changed = with_typos(stream(1, "typos"), texts, np.array([True, True, True, False])).to_pylist()
    assert changed[1:] == [None, "Al", "Margaret"]


def test_a_digit_error_keeps_the_length() -> None:
    changed = with_typos(stream(1, "typos"), pa.array(["CF10 1AB"] * 500), np.ones(500, dtype=bool), digits=True)
    assert {len(text) for text in changed.to_pylist()} == {8}
    assert len(set(changed.to_pylist())) > 10


def test_nothing_chosen_leaves_the_column_as_it_is() -> None:
    texts = pa.array(["Margaret"])
    assert with_typos(stream(1, "typos"), texts, np.array([False])) is texts
