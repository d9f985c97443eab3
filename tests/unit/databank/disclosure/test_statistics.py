"""Statistics that may be let out: from rounded counts, from enough people, or not at all."""

import pytest

from fjo_pipeline.databank.disclosure.policy import load_policy
from fjo_pipeline.databank.disclosure.statistics import median, rate, rounded, survival_steps

POLICY = load_policy("sail-2025")


@pytest.mark.parametrize(("count", "expected"), [(0, 0), (10, 10), (12, 10), (13, 15), (17, 15), (18, 20)])
def test_counts_are_rounded_to_the_nearest_five(count: int, expected: int) -> None:
    assert rounded(count, POLICY) == expected


def test_a_rate_is_made_of_the_rounded_counts() -> None:
    assert rate(37, 998, POLICY, per=10_000) == pytest.approx(350.0)


@pytest.mark.parametrize(("numerator", "denominator"), [(None, 100), (10, None), (1, 9)])
def test_there_is_no_rate_of_a_hidden_count_or_of_few_people(numerator: int | None, denominator: int | None) -> None:
    assert rate(numerator, denominator, POLICY) is None


def test_a_median_is_a_whole_unit_of_at_least_twice_the_threshold() -> None:
    assert median(24.5, 20, POLICY) == 25
    assert median(24.5, 19, POLICY) is None


def test_each_step_of_a_curve_stands_for_the_threshold_and_has_its_risk_table() -> None:
    observed = [(10, 200, 6), (20, 190, 7), (30, 180, 12), (40, 100, 3)]
    steps = survival_steps(observed, POLICY)
    assert [(step.day, step.at_risk, step.events) for step in steps] == [(20, 200, 15), (30, 180, 10)]
    assert [step.survival for step in steps] == pytest.approx([0.925, 0.925 * (1 - 10 / 180)])


def test_a_curve_ends_before_few_people_are_left_at_risk() -> None:
    assert survival_steps([(10, 18, 10)], POLICY) == []
    assert [step.survival for step in survival_steps([(10, 12, 12)], POLICY)] == [0.0]
