"""What tests of several kinds share: sessions, a home with keys that trust one another, and its provider."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from fjo_pipeline.core.contracts import Contract, load_contract
from fjo_pipeline.core.sessions import Session, open_session
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.provider.flow import Provider
from tests.command import Fjo, fjo_command
from tests.deposit_builder import write_contracts
from tests.keyrings import Keyrings, home_settings, make_keyrings
from tests.tiny_home import TinyHome, carried_home, copied, loaded_home, provided_home

# A property's first example may load an extension or wait for a busy machine: slowness is not what it tests.
hypothesis_settings.register_profile("fjo", deadline=None)
hypothesis_settings.load_profile("fjo")


@pytest.fixture(scope="session")
def shared_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """One session for all tests that leave nothing behind which another could mistake for its own."""
    with open_session(tmp_path_factory.mktemp("spill")) as session:
        yield session


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A session of the test's own."""
    with open_session(tmp_path / "spill") as session:
        yield session


@pytest.fixture(scope="session")
def contracts_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Contracts of the tests' own."""
    return write_contracts(tmp_path_factory.mktemp("contracts"))


@pytest.fixture(scope="session")
def tiny(contracts_folder: Path) -> Contract:
    """The tiny contract."""
    return load_contract(contracts_folder / "tiny.yaml")


@pytest.fixture
def settings(tmp_path: Path, contracts_folder: Path) -> Settings:
    """A home of the test's own, in which a deposit may be taken at once."""
    return home_settings(tmp_path / "home", contracts_folder)


@pytest.fixture
def keyrings(settings: Settings) -> Keyrings:
    """The three zones' keyrings, each of which has pinned the others' cards."""
    return make_keyrings(settings)


@pytest.fixture
def provider(settings: Settings, keyrings: Keyrings) -> Provider:
    """The provider's zone of the test's home."""
    return Provider(settings)


@pytest.fixture(scope="session")
def carried(tmp_path_factory: pytest.TempPathFactory) -> TinyHome:
    """Two refreshes of the tiny dataset curated and released; not to be changed."""
    return carried_home(tmp_path_factory.getbasetemp())


@pytest.fixture
def home(carried: TinyHome, tmp_path: Path) -> TinyHome:
    """The same, the test's own."""
    return copied(carried, tmp_path / "base")


@pytest.fixture
def provided(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> TinyHome:
    """The same with project 7001's first extract; the test's own."""
    return copied(provided_home(tmp_path_factory.getbasetemp()), tmp_path / "base")


@pytest.fixture
def empty_home(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> TinyHome:
    """Register and postcodes loaded, no deposit yet; the test's own."""
    return copied(loaded_home(tmp_path_factory.getbasetemp()), tmp_path / "base")


@pytest.fixture
def fjo(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Fjo:
    """The `fjo` command on a home: its exit code, and what it printed."""
    return fjo_command(monkeypatch, capfd)
