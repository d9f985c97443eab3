"""What dbt is given: the environment and the refreshes to build for, and the digest of the models themselves."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import write_atomically
from fjo_pipeline.core.settings import REPOSITORY, Settings
from fjo_pipeline.databank.store import DatabankStore

MODELS = REPOSITORY / "dbt_models"
SOURCES = (".sql", ".yml", ".csv")


def dbt_environment(store: DatabankStore, settings: Settings) -> dict[str, str]:
    """The variables that `profiles.yml` reads; no secret is among them."""
    home = settings.zone("databank")
    return {
        "FJO_DBT_CATALOGUE": store.catalogue,
        "FJO_DBT_DATA_PATH": str(store.data_path),
        "FJO_DBT_LOCK": str(store.dbt_lock),
        "FJO_DBT_TEMPORARY": str(settings.temporary("databank")),
        "FJO_DBT_THREADS": str(settings.threads),
        "FJO_DBT_MEMORY_LIMIT": settings.databank_memory_limit,
        "DBT_TARGET_PATH": str(home / "dbt" / "target"),
        "DBT_LOG_PATH": str(home / "dbt" / "logs"),
        # By default dbt's log file takes every statement and event, 8 MB a build: a seventh of its processor time.
        "DBT_LOG_LEVEL_FILE": "info",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def dbt_variables(refreshes: Sequence[tuple[str, str]], datasets: Sequence[str]) -> str:
    """dbt's `--vars`: every refresh, by dataset; a dataset without one has an empty list."""
    by_dataset = {name: [refresh for dataset, refresh in refreshes if dataset == name] for name in datasets}
    return json.dumps({"refreshes": by_dataset}, sort_keys=True)


def models_digest(folder: Path = MODELS) -> str:
    """SHA-256 over the models' sources: changes where any model, macro, seed or definition changes."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in SOURCES and "target" not in path.parts:
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def manifest_path(settings: Settings) -> Path:
    """Where `fjo init` has dbt put the manifest from which Dagster makes the views' assets."""
    return settings.zone("databank") / "dbt" / "manifest" / "manifest.json"


def manifest_is_current(settings: Settings) -> bool:
    """Whether the manifest was made from the models as they are now."""
    path = manifest_path(settings)
    mark = path.with_name("models.sha256")
    return path.is_file() and mark.is_file() and mark.read_text() == models_digest()


def ensure_manifest(store: DatabankStore, settings: Settings) -> None:
    """Make the manifest where it is missing or older than the models."""
    if not manifest_is_current(settings):
        parse_models(store, settings)


def parse_models(store: DatabankStore, settings: Settings) -> None:
    """Have dbt parse the models and write the manifest; Refused where they do not parse."""
    target = manifest_path(settings).parent
    environment = dbt_environment(store, settings) | {"DBT_TARGET_PATH": str(target)}
    done = subprocess.run(  # noqa: S603 - our own interpreter, on our own models
        [
            sys.executable,
            "-m",
            "dbt.cli.main",
            "parse",
            "--quiet",
            "--project-dir",
            str(MODELS),
            "--profiles-dir",
            str(MODELS),
        ],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Refused(f"dbt cannot parse the models:\n{done.stdout}{done.stderr}")
    write_atomically(target / "models.sha256", models_digest().encode())
