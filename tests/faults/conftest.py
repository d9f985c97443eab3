"""One made-up world and one prepared home for all fault tests, and what an undisturbed refresh makes of them."""

from pathlib import Path
from typing import Any

import pytest

from tests.faults.dagster_processes import REFRESHES, Home, Imagined, imagine, prepare


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Imagined:
    """A register and three deposits of one small world."""
    return imagine(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, world: Imagined) -> Home:
    """A home with keys and references and nothing deposited; copied, never used itself."""
    return prepare(Home(tmp_path_factory.mktemp("prepared") / "home"), world)


@pytest.fixture
def home(prepared: Home, tmp_path: Path) -> Home:
    """A copy of the prepared home, for one test."""
    return prepared.copy(tmp_path / "home")


@pytest.fixture(scope="session")
def undisturbed(prepared: Home, world: Imagined, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the project is provided with when all three deposits go through one undisturbed `fjo refresh`."""
    home = prepared.copy(tmp_path_factory.mktemp("undisturbed") / "home")
    for refresh in REFRESHES:
        home.land(world.deposit(refresh))
    home.fjo("refresh")
    return home.provided()
