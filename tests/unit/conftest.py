"""What unit tests of the TTP, the databank and the command share: tiny homes, to read or to change."""

from pathlib import Path

import pytest

from tests.command import Fjo, fjo_command
from tests.tiny_home import TinyHome, carried_home, copied, loaded_home


@pytest.fixture(scope="session")
def carried(tmp_path_factory: pytest.TempPathFactory) -> TinyHome:
    """Two refreshes curated and released; not to be changed."""
    return carried_home(tmp_path_factory.getbasetemp())


@pytest.fixture
def home(carried: TinyHome, tmp_path: Path) -> TinyHome:
    """The same, the test's own."""
    return copied(carried, tmp_path / "base")


@pytest.fixture
def empty_home(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> TinyHome:
    """Register and postcodes loaded, no deposit yet; the test's own."""
    return copied(loaded_home(tmp_path_factory.getbasetemp()), tmp_path / "base")


@pytest.fixture
def fjo(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Fjo:
    """The `fjo` command on a home: its exit code, and what it printed."""
    return fjo_command(monkeypatch, capfd)
