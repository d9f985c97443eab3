"""Where a project's things lie, and what its keys are called."""

from base64 import b64encode
from pathlib import Path

from fjo_pipeline.core.keyring import Keyring
from fjo_pipeline.databank.flow import Databank


def project_file(databank: Databank, number: str) -> Path:
    """The file of a project's grants."""
    return databank.settings.projects / f"{number}.yaml"


def project_folder(databank: Databank, number: str) -> Path:
    """The folder of all that is made for a project."""
    return databank.settings.extracts / number


def extract_path(databank: Databank, number: str) -> Path:
    """Where a project's extract lies."""
    return project_folder(databank, number) / "extract.duckdb"


def project_keys(number: str) -> tuple[str, str]:
    """The names of a project's keys: of its ids, and of its extract."""
    return f"project/{number}/ids", f"project/{number}/extract"


def extract_key(keyring: Keyring, number: str) -> str:
    """The key that opens a project's extract, for ATTACH; KeyMissing where the project has none."""
    return b64encode(keyring.key(project_keys(number)[1])).decode()
