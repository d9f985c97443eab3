"""What dbt's DuckDB connection needs before it attaches the lake: extensions from wheels, encrypted spill."""

import os

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from fjo_pipeline.core.sessions import configure
from fjo_pipeline.databank.store import lake_extensions


class Plugin(BasePlugin):
    """Found by its name in the module that `dbt_models/profiles.yml` names under `plugins`."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Configure as every session of the pipeline is; FileNotFoundError where an extension's wheel is missing."""
        configure(conn, lake_extensions(os.environ["FJO_DBT_CATALOGUE"]))
