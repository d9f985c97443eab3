"""What dbt's DuckDB connection needs before it attaches the lake: its lock, extensions from wheels, encrypted spill."""

import atexit
import os
from contextlib import ExitStack
from pathlib import Path

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from fjo_pipeline.core.held_folders import held_folder
from fjo_pipeline.core.processes import guard_process
from fjo_pipeline.core.sessions import configure, literal
from fjo_pipeline.core.stores import store_lock
from fjo_pipeline.databank.store import lake_extensions

_UNTIL_THIS_PROCESS_ENDS = ExitStack()
atexit.register(_UNTIL_THIS_PROCESS_ENDS.close)


class Plugin(BasePlugin):
    """Found by its name in the module that `dbt_models/profiles.yml` names under `plugins`."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Configure as every session of the pipeline is; FileNotFoundError where an extension's wheel is missing.

        dbt's lock is held from here to the end of the process, so that a dbt whose starter was killed is waited for;
        StoreBusy where another dbt holds it.
        """
        guard_process()
        # Taken out of the environment, because dbt may connect more than once and the lock is taken once.
        lock = os.environ.pop("FJO_DBT_LOCK", None)
        if lock is not None:
            _UNTIL_THIS_PROCESS_ENDS.enter_context(store_lock(Path(lock), wait_seconds=60))
        folder = _UNTIL_THIS_PROCESS_ENDS.enter_context(held_folder(Path(os.environ["FJO_DBT_TEMPORARY"])))
        conn.execute(f"SET temp_directory = {literal(folder)}")
        configure(conn, lake_extensions(os.environ["FJO_DBT_CATALOGUE"]))
