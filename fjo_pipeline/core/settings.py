"""Where this home lies and how much of the machine it may use: `FJO_*` variables, no secrets among them."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Zone = Literal["provider", "ttp", "databank"]
ZONES: tuple[Zone, ...] = ("provider", "ttp", "databank")
REPOSITORY = Path(__file__).parent.parent.parent


class Settings(BaseSettings):
    """One home: folders, engine limits, catalogue."""

    model_config = SettingsConfigDict(env_prefix="FJO_", frozen=True, populate_by_name=True)

    home: Path = Path(".fjo")
    transfers: Path | None = None
    projects: Path = REPOSITORY / "projects"
    contracts: Path = REPOSITORY / "fjo_pipeline" / "contracts"
    threads: int = Field(default=2, ge=1)
    memory_limit: str = "4GB"
    provider_memory_limit: str = "1400MB"
    databank_memory_limit: str = "3GB"
    linkage_engine: Literal["duckdb", "spark"] = "duckdb"
    passphrase_file: Path | None = None
    keyrings: Path | None = None
    # What systemd hands to a service; it is systemd's variable, so it has no prefix of ours.
    credentials_directory: Path | None = Field(default=None, validation_alias="CREDENTIALS_DIRECTORY")
    catalogue: str = "sqlite"
    settle_seconds: int = Field(default=60, ge=0)
    lock_wait_seconds: int = Field(default=600, ge=0)

    def zone(self, zone: Zone) -> Path:
        """The folder that belongs to one zone alone."""
        return self.home.absolute() / zone

    def temporary(self, zone: Zone) -> Path:
        """Where a zone's DuckDB sessions may spill, encrypted."""
        return self.zone(zone) / "tmp"

    @property
    def transfer_folder(self) -> Path:
        """The disk between the zones; all that lies there is sealed. Three homes share it and nothing else."""
        return (self.transfers or self.home / "transfers").absolute()

    def inbox(self, zone: Zone) -> Path:
        """Where transfers to a zone arrive."""
        return self.transfer_folder / zone

    @property
    def landing(self) -> Path:
        """Where deposits arrive at the provider: landing/<dataset>/<refresh>/."""
        return self.zone("provider") / "landing"

    @property
    def quarantine(self) -> Path:
        """Where refused deposits go, whole, with their reports."""
        return self.zone("provider") / "quarantine"

    @property
    def extracts(self) -> Path:
        """Where projects' extracts and workspaces stand."""
        return self.zone("databank") / "projects"

    @property
    def publications(self) -> Path:
        """Where what may be let out lies: a folder a publication, and `latest`, which names the last."""
        return self.zone("databank") / "publications"
