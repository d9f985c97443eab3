"""dbt on a databank's store that has curated tables and nothing else, as a refresh runs it."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.sources import Stage, measure
from fjo_pipeline.core.contracts import datasets
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.databank.dbt import MODELS, dbt_environment, dbt_variables
from fjo_pipeline.databank.store import DatabankStore


def run_dbt(settings: Settings, refreshes: Mapping[str, str], command: str, *options: str) -> Stage:
    """One dbt command on the refreshes, one a dataset, measured; SystemExit where it fails."""
    variables = dbt_variables(sorted(refreshes.items()), [each.name for each in datasets(settings.contracts)])
    arguments = [str(Path(sys.executable).with_name("dbt")), command, "--quiet", "--vars", variables, *options]
    arguments += ["--project-dir", str(MODELS), "--profiles-dir", str(MODELS)]
    return measure(f"dbt {command}", arguments, os.environ | dbt_environment(DatabankStore(settings), settings))
