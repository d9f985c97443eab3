"""The Dagster UI, in a real browser: every code location is there and the asset graph draws itself."""

import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fjo_pipeline.core.settings import ZONES
from tests.browser.chromium import CHROMIUM, FLAGS, WITHOUT_CHROMIUM
from tests.faults.dagster_processes import Dagster, Home, dagster_running

WINDOW = "--window-size=1800,1200"

pytestmark = [pytest.mark.slow, WITHOUT_CHROMIUM]


@pytest.fixture(scope="module")
def dagster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dagster]:
    """The three code locations on a home that is new."""
    home = Home(tmp_path_factory.mktemp("ui") / "home")
    home.fjo("init")
    with dagster_running(home) as running:
        yield running


def test_the_three_zones_are_there_without_an_error(dagster: Dagster) -> None:
    assert dagster.locations() == dict.fromkeys(ZONES, "RepositoryLocation")


@pytest.mark.parametrize(
    ("page", "texts"),
    [
        ("asset-groups", ("Global asset lineage", *ZONES, "staging", "marts")),
        ("locations/provider/asset-groups/provider/lineage", ("deposit", "file_1", "file_2", "receipt")),
        ("overview/automation", ("provider_inbox", "databank_inbox", "databank_views")),
    ],
)
def test_a_page_draws_itself(dagster: Dagster, tmp_path: Path, page: str, texts: tuple[str, ...]) -> None:
    url = f"{dagster.url}/{page}"
    drawn = _chromium(tmp_path, "--dump-dom", url)
    assert "Unexpected GraphQL error" not in drawn
    assert "Join the Dagster community" not in drawn
    assert [text for text in texts if text not in drawn] == []
    picture = tmp_path / "page.png"
    _chromium(tmp_path, f"--screenshot={picture}", url)
    assert _size(picture) == (1800, 1200)
    # An empty page packs into a few kilobytes.
    assert picture.stat().st_size > 30_000


def _chromium(scratch: Path, *arguments: str) -> str:
    """What a browser with a new profile prints; the page gets 30 s of its own clock to draw itself."""
    assert CHROMIUM is not None
    done = subprocess.run(
        [CHROMIUM, *FLAGS, WINDOW, f"--user-data-dir={scratch / 'profile'}", "--virtual-time-budget=30000", *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )
    return done.stdout


def _size(picture: Path) -> tuple[int, int]:
    """Width and height of a PNG, from its header."""
    head = picture.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", head[16:24])
    return width, height
