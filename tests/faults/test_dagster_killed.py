"""Dagster killed -9 with its runs, and `fjo refresh` in its own, leave no run that others would wait for for ever."""

import subprocess
from typing import Any

import pytest

from tests.faults.dagster_processes import DATASET, PROGRAMS, REFRESHES, Home, Imagined, dagster_running, wait_until

pytestmark = pytest.mark.torture

PATIENCE = 900.0
UNDER_WAY = ("STARTING", "STARTED", "CANCELING")


def test_runs_of_the_dead_are_ended_and_what_they_began_is_done(
    home: Home, world: Imagined, undisturbed: dict[str, Any]
) -> None:
    for refresh in REFRESHES:
        home.land(world.deposit(refresh))
    # As many as may run at once: with these counted as under way nothing else would ever be launched.
    for _ in range(2):
        _kill_a_refresh_in_its_run(home)
    assert "counts as under way and its process is gone" in home.fjo("doctor", succeeds=False).stdout
    with dagster_running(home) as dagster:
        wait_until(lambda: _under_way(dagster.runs()), PATIENCE, "the daemon has launched a run of its own")
        dagster.kill()
    with dagster_running(home) as dagster:
        wait_until(lambda: home.extract.exists() and _is_whole(home), PATIENCE, "all refreshes are provided")
        wait_until(dagster.is_idle, PATIENCE, "no run is under way")
        assert home.provided() == undisturbed
    assert "nothing is due" in home.fjo("refresh").stdout
    assert home.fjo("doctor", "--mend").stdout.strip() == "this home is sound"


def test_doctor_ends_the_runs_of_the_dead(home: Home, world: Imagined) -> None:
    home.land(world.deposit(REFRESHES[0]))
    _kill_a_refresh_in_its_run(home)
    mended = home.fjo("doctor", "--mend")
    assert "is marked as failed" in mended.stderr
    assert mended.stdout.strip() == "this home is sound"


def _kill_a_refresh_in_its_run(home: Home) -> None:
    """Kill it when the splitting has begun: then its run has."""
    process = subprocess.Popen(
        [PROGRAMS / "fjo", "refresh", "--zone", "provider"],
        env=home.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    checked = home.path / "provider" / "work" / "checked"
    before = _names(checked)
    try:
        wait_until(lambda: _names(checked) - before or process.poll() is not None, PATIENCE, "a check", every=0.005)
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


def _names(folder: Any) -> set[str]:
    return {f"{path} {path.stat().st_ino}" for path in folder.rglob("*.parquet") if path.exists()}


def _under_way(runs: list[dict[str, Any]]) -> bool:
    launched = [run for run in runs if run["status"] in UNDER_WAY and "fjo/machine" not in run["tags"]]
    return any(run["status"] == "STARTED" for run in launched)


def _is_whole(home: Home) -> bool:
    return set(home.provided()["refreshes"][DATASET]) == set(REFRESHES)
