"""How long care cases take, against the published series (domain.md §3)."""

import numpy as np
import pytest

from fjo_pipeline.synthetic.durations import public_weeks
from fjo_pipeline.synthetic.streams import day, stream


def _completed_in(first: int, last: int) -> np.ndarray:
    opened = np.repeat(np.arange(day(2008), day(2025)), 40)
    weeks = public_weeks(stream(1, "durations"), opened)
    done = opened + weeks * 7
    return weeks[(done >= first) & (done < last)]


@pytest.mark.parametrize(
    ("first", "last", "mean"),
    [
        (day(2011), day(2011, 4), 55.5),
        (day(2013, 7), day(2013, 10), 35.8),
        (day(2014, 4), day(2014, 7), 29.6),
        (day(2016), day(2017), 26.9),
        (day(2019, 4), day(2019, 7), 33),
        (day(2021), day(2021, 4), 43),
        (day(2021, 10), day(2022), 47),
        (day(2024, 4), day(2024, 7), 41),
    ],
)
def test_mean_weeks_follow_the_published_series(first: int, last: int, mean: float) -> None:
    assert abs(_completed_in(first, last).mean() / mean - 1) < 0.12


def test_cases_heap_below_the_limit_in_2016_and_not_in_2010() -> None:
    weeks = _completed_in(day(2016), day(2017))
    assert abs(np.mean(weeks <= 26) - 0.61) < 0.04
    assert abs(np.median(weeks) - 24.9) < 1.0
    early = _completed_in(day(2010), day(2011))
    assert np.mean((early > 24) & (early <= 26)) < 0.06


def test_few_cases_end_in_time_in_2021() -> None:
    assert abs(np.mean(_completed_in(day(2021), day(2021, 4)) <= 26) - 0.22) < 0.06
