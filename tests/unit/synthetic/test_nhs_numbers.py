"""Made-up NHS numbers: in the test range and valid by their check digit."""

import numpy as np

from fjo_pipeline.synthetic.register import nhs_numbers
from fjo_pipeline.synthetic.streams import stream


def _valid(number: str) -> bool:
    total = sum(int(digit) * weight for digit, weight in zip(number, range(10, 1, -1), strict=False))
    check = (11 - total % 11) % 11
    return check < 10 and check == int(number[9])


def test_the_check_itself_agrees_with_published_examples() -> None:
    assert _valid("9434765919")
    assert not _valid("9434765918")


def test_numbers_are_distinct_valid_and_in_the_test_range() -> None:
    numbers = nhs_numbers(stream(1, "numbers"), 5_000)
    assert len(np.unique(numbers)) == 5_000
    texts = [str(number) for number in numbers]
    assert all(text.startswith("999") and len(text) == 10 and _valid(text) for text in texts)


def test_numbers_do_not_run_in_the_order_of_people() -> None:
    numbers = nhs_numbers(stream(1, "numbers"), 5_000)
    assert 0.4 < np.mean(np.diff(numbers) > 0) < 0.6


def test_a_register_too_large_for_the_test_range_gets_ten_digit_numbers_still() -> None:
    numbers = nhs_numbers(stream(1, "numbers"), 1_200_000)
    assert len(np.unique(numbers)) == 1_200_000
    assert numbers.min() > 9_900_000_000
