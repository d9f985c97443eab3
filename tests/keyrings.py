"""A home's settings and keys, as tests make them."""

from pathlib import Path

from fjo_pipeline.core.keyring import Keyring, keyring_path
from fjo_pipeline.core.settings import ZONES, Settings, Zone

Keyrings = dict[Zone, Keyring]


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
