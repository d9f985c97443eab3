"""The published series of England come back from the marts of a made-up England, smaller than the one of the page."""

from pathlib import Path

import pytest

from benchmarks.england_measures import Compared, Measure
from benchmarks.england_series import modelled, table
from fjo_pipeline.core.settings import REPOSITORY

PEOPLE = 50_000


@pytest.mark.slow
def test_the_published_series_come_back_within_their_tolerance(tmp_path: Path) -> None:
    found, scale = modelled(tmp_path / "home", PEOPLE, seed=2)
    assert 0.02 < scale < 0.2
    assert len(found) > 30
    assert not [line for line in table(found, scale) if "**no**" in line]


def test_a_figure_outside_its_tolerance_is_said_to_be_so() -> None:
    share = Measure("a_mart", "a share", "§4", "share", 0.24, "", 0.02)
    assert [Compared(share, modelled, 0.02).agrees for modelled in (0.23, 0.25, 0.27)] == [True, True, False]
    assert "**no**" in table([Compared(share, 0.27, 0.02)], 1.0)[-1]


def test_the_page_says_what_it_was_fitted_to_and_holds_every_measure() -> None:
    page = (REPOSITORY / "docs" / "england-series.md").read_text()
    assert "were fitted to these published figures" in page
    assert "**no**" not in page
