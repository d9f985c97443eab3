"""Refresh dates: calendar dates as YYYYMMDD and nothing else."""

from datetime import date

import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.refreshes import parse_refresh


def test_a_refresh_is_its_date() -> None:
    assert parse_refresh("20240229") == date(2024, 2, 29)


@pytest.mark.parametrize(
    "text",
    ["", "2024011", "202401111", "20240230", "20230229", "2024-1-1", "../../ab", "\uff12\uff10240111", " 2024011"],
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Refused, match="for example 20240111") as caught:
        parse_refresh(text)
    assert caught.value.__context__ is None or not text or text not in str(caught.value)
