"""What tests of several kinds share: sessions, a home with keys that trust one another, and its provider."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from fjo_pipeline.core.contracts import Contract, load_contract
from fjo_pipeline.core.keyring import Keyring, keyring_path
from fjo_pipeline.core.sessions import Session, open_session
from fjo_pipeline.core.settings import ZONES, Settings, Zone
from fjo_pipeline.provider.flow import Provider
from tests.deposit_builder import write_contracts

# A property's first example may load an extension or wait for a busy machine: slowness is not what it tests.
hypothesis_settings.register_profile("fjo", deadline=None)
hypothesis_settings.load_profile("fjo")

Keyrings = dict[Zone, Keyring]


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


def home_settings(home: Path, contracts: Path) -> Settings:
    """A home in which a deposit may be taken at once."""
    return Settings(home=home, contracts=contracts, settle_seconds=0, lock_wait_seconds=0)


def make_keyrings(settings: Settings) -> Keyrings:
    """The three zones' keyrings of a home, each of which has pinned the others' cards."""
    made = {zone: Keyring.create(zone, keyring_path(settings, zone)) for zone in ZONES}
    for keyring in made.values():
        for other in made.values():
            if other is not keyring:
                keyring.trust(other.card)
    return made
