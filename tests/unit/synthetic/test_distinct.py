"""Distinct values: permutations of any size, texts of a key's pattern by rank, examples of other patterns."""

import re

import numpy as np
import pytest

from fjo_pipeline.core.key_ranking import parse_pattern
from fjo_pipeline.core.table_contracts import FieldContract
from fjo_pipeline.synthetic.distinct import capacity, distinct_values, examples, permuted, unranked


@pytest.mark.parametrize("size", [1, 2, 10, 97, 1000])
def test_a_permutation_takes_each_number_once(size: int) -> None:
    assert sorted(permuted(np.arange(size), size, 3, "any").tolist()) == list(range(size))


def test_large_permutations_stay_exact() -> None:
    size = 10**14
    index = np.r_[np.arange(1000), size - 1 - np.arange(1000)]
    found = permuted(index, size, 3, "any")
    assert len(set(found.tolist())) == len(index)
    assert found.min() >= 0
    assert found.max() < size
    step = int(permuted(np.array([1]), size, 3, "any")[0]) - int(permuted(np.array([0]), size, 3, "any")[0])
    start = int(permuted(np.array([0]), size, 3, "any")[0])
    assert found.tolist() == [(start + step * int(each)) % size for each in index]


def test_unranked_is_the_inverse_of_rank() -> None:
    pattern = parse_pattern("^[A-C][0-9]{3}x[a-f]$")
    ranks = np.arange(pattern.size)
    assert [pattern.rank(text) for text in unranked(pattern, ranks).to_pylist()] == ranks.tolist()


def test_a_pattern_beyond_14_digits_still_gives_distinct_texts_that_have_it() -> None:
    pattern = parse_pattern("^[A-Z0-9]{30}$")
    texts = unranked(pattern, permuted(np.arange(5000), 10**14, 1, "long")).to_pylist()
    assert len(set(texts)) == 5000
    assert all(re.fullmatch("[A-Z0-9]{30}", text) for text in texts)


@pytest.mark.parametrize(
    "pattern", ["^[A-Z][0-9]{2}[0-9X]?$", r"^(?:E|W)\d{8}$", "^[^0-9]{2,4}$", r"^\d{2}:[0-5]\d$", "^(a|bc)+-.$", "^7$"]
)
def test_examples_match_their_pattern_and_are_always_the_same(pattern: str) -> None:
    found = examples(pattern)
    assert found
    assert all(re.fullmatch(pattern, text) for text in found)
    examples.cache_clear()
    assert examples(pattern) == found


@pytest.mark.parametrize(
    ("rules", "most"),
    [
        ({"type": "string", "constraints": {"enum": ["a", "b", "1"], "pattern": "[a-z]"}}, 2),
        ({"type": "integer", "constraints": {"minimum": 3, "maximum": 7}}, 5),
        ({"type": "integer", "constraints": {"enum": ["3", "12"], "maximum": 7}}, 1),
        ({"type": "boolean"}, 2),
        ({"type": "string", "constraints": {"pattern": "^[AB][0-9]$"}}, 20),
    ],
)
def test_a_field_has_as_many_distinct_values_as_its_rules_let_pass(rules: dict[str, object], most: int) -> None:
    field = FieldContract.model_validate({"name": "CODE", "role": "content", **rules})
    assert capacity(field) == most
    values = distinct_values(field, np.arange(most), 1, "any").to_pylist()
    assert len(set(values)) == most
