"""dbt writes from a process of its own, which outlives a starter that is killed: nobody writes beside it."""

import os
import subprocess
import sys

import pytest

from fjo_pipeline.core.errors import StoreBusy
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.core.stores import store_lock
from fjo_pipeline.databank.dbt import dbt_environment
from fjo_pipeline.databank.store import DatabankStore

CONNECT_TWICE_AND_WAIT = """
import duckdb
from fjo_pipeline.databank.dbt_plugin import Plugin

for _ in range(2):
    Plugin.configure_connection(None, duckdb.connect())
print("connected", flush=True)
input()
"""


@pytest.fixture
def store(settings: Settings) -> DatabankStore:
    """A store that waits for nobody."""
    made = DatabankStore(settings)
    made.create()
    return made


def test_a_dbt_that_still_runs_keeps_writers_out_and_readers_in(store: DatabankStore) -> None:
    with store_lock(store.dbt_lock, wait_seconds=0):
        with pytest.raises(StoreBusy), store.writing():
            pytest.fail("a second process may write")
        with pytest.raises(StoreBusy), store.locked():
            pytest.fail("a second dbt may begin")
        with store.reading() as session:
            assert session.value("SELECT 1", step="read") == 1
    with store.writing() as session:
        assert session.value("SELECT 1", step="read") == 1


def test_dbt_holds_its_lock_from_its_first_connection_to_its_end(store: DatabankStore, settings: Settings) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", CONNECT_TWICE_AND_WAIT],
        env=os.environ | dbt_environment(store, settings),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"connected\n"
        with pytest.raises(StoreBusy), store.locked():
            pytest.fail("the lock was not taken")
    finally:
        process.kill()
        process.communicate()
    with store.locked():
        pass
