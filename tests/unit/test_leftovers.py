"""What killed steps leave: named, taken away, and never what somebody still works on."""

import os
import shutil
import subprocess
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import EngineEventData
from dagster._core.storage.dagster_run import DagsterRun, DagsterRunStatus

from fjo_pipeline.core.dead_runs import MACHINE, dead_runs, end_dead_runs, this_machine
from fjo_pipeline.core.held_folders import held_folder
from fjo_pipeline.core.living import is_alive
from fjo_pipeline.core.stores import file_lock
from fjo_pipeline.doctor import examine, mend_leftovers
from fjo_pipeline.home import refresh_lock
from fjo_pipeline.leftovers import leftovers, mend
from tests.tiny_home import TinyHome
from tests.unit.test_doctor import guard


@pytest.fixture
def dead() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_everything_that_a_killed_step_leaves_is_named_and_mended(home: TinyHome, dead: int) -> None:
    settings = home.settings
    table = next((settings.zone("databank") / "lake").rglob("*.parquet"))
    left = [
        settings.temporary("ttp") / "session-dead" / "duckdb_temp_storage_DEFAULT-0.tmp",
        settings.temporary("databank") / "duckdb_temp_storage_DEFAULT-0.tmp",
        settings.landing / ".fjo-deposit-dead" / "CLIENTS.csv",
        settings.zone("provider") / "work" / "file_1" / "tiny" / ".20240111.replaced.tmp" / "file_1.parquet",
        settings.zone("ttp") / f".keyring.json.{dead}.tmp",
        settings.home / ".made-up-dead" / "anything",
    ]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"left")
    orphan = table.with_name("ducklake-orphan.parquet")
    shutil.copyfile(table, orphan)
    guard(home)
    named = "\n".join(examine(settings))
    expected = [
        "session-dead", "duckdb_temp_storage", ".fjo-deposit-dead", ".replaced.tmp", ".keyring.json.", ".made-up-dead",
        orphan.name,
    ]  # fmt: skip
    assert [each for each in expected if each not in named] == []
    assert named.count("was left by a step that was killed: `fjo doctor --mend` takes it away") == len(expected)
    assert len(mend_leftovers(settings)) == len(expected)
    assert examine(settings) == []
    assert not [path for path in (*left, orphan) if path.exists()]
    assert table.exists()


def test_what_somebody_works_on_is_neither_named_nor_taken(home: TinyHome) -> None:
    settings = home.settings
    being_written = settings.zone("ttp") / f".card.json.{os.getpid()}.tmp"
    being_written.write_bytes(b"")
    with held_folder(settings.temporary("ttp")) as held:
        assert leftovers(settings, "ttp") == []
        mend(settings, "ttp")
        assert held.is_dir()
        assert being_written.exists()
    with home.databank.store.writing():
        assert leftovers(settings, "databank") == []


def test_where_a_refresh_is_at_work_its_files_are_left_alone(home: TinyHome) -> None:
    half = home.settings.zone("provider") / ".something.tmp"
    half.write_bytes(b"")
    with file_lock(refresh_lock(home.settings, "provider"), wait_seconds=0, busy="held"):
        assert mend(home.settings, "provider") == []
    assert half.exists()
    assert mend(home.settings, "provider") == [str(half)]


def test_a_process_is_known_by_its_number_and_its_beginning(dead: int) -> None:
    began = Path(f"/proc/{os.getpid()}").stat().st_ctime
    assert is_alive(os.getpid(), began + 3600)
    assert not is_alive(os.getpid(), began - 3600)
    assert not is_alive(dead, began)


def test_runs_of_dead_processes_are_ended_and_no_others(tmp_path: Path, dead: int) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        runs = {
            "dead": (this_machine(), dead),
            "alive": (this_machine(), os.getpid()),
            "elsewhere": ({MACHINE: "another machine"}, dead),
        }
        for name, (tags, process) in runs.items():
            run = DagsterRun(job_name=name, status=DagsterRunStatus.STARTED, tags=tags)
            instance.add_run(run)
            instance.report_engine_event("it runs", run, EngineEventData.in_process(process))
        assert [run.job_name for run in dead_runs(instance)] == ["dead"]
        assert end_dead_runs(instance) == 1
        assert {run.job_name: run.status.value for run in instance.get_runs()} == {
            "dead": "FAILURE",
            "alive": "STARTED",
            "elsewhere": "STARTED",
        }
        assert end_dead_runs(instance) == 0
