"""The `fjo` command in a process of its own where something is short or wrong: a disk, memory, the clock."""

import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

from fjo_pipeline import cli, materialising
from fjo_pipeline.core.settings import Settings
from tests.command import Ran
from tests.faults.boundaries import forked
from tests.faults.plain_refresh import run_task

DAY = timedelta(days=1)


def fjo(settings: Settings, *arguments: str, days: int = 0) -> Ran:
    """Run a command of `fjo`, without Dagster and dbt, under a clock that is so many days ahead."""
    outcome = forked(_fjo, settings, arguments, days)
    assert isinstance(outcome.gave, Ran), f"the process ended with {outcome.code}"
    return outcome.gave


def _fjo(settings: Settings, arguments: tuple[str, ...], days: int) -> Ran:
    for name, value in settings.model_dump(exclude_none=True).items():
        os.environ[f"FJO_{name.upper()}"] = str(value)
    materialising.materialise = run_task
    set_clock(days * DAY)
    sys.argv = ["fjo", *arguments]
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            cli.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Ran(code, out.getvalue(), err.getvalue())


def set_clock(ahead: timedelta) -> None:
    """Have every module of the pipeline in this process see another time; there is no way back."""
    real = time.time

    class Day(date):
        @classmethod
        def today(cls) -> Self:
            day = date.fromtimestamp(real()) + ahead
            return cls(day.year, day.month, day.day)

    class Moment(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromtimestamp(real() + ahead.total_seconds(), tz)

    time.time = lambda: real() + ahead.total_seconds()
    for module in [each for name, each in sys.modules.items() if name.startswith("fjo_pipeline")]:
        for name, stand_in in (("date", Day), ("datetime", Moment)):
            if getattr(module, name, None) in (date, datetime):
                setattr(module, name, stand_in)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of so many megabytes in memory; OSError where this machine does not let us mount one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        raise OSError("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path, but: int) -> Path:
    """Fill a disk but for so many bytes with a file that can be removed again."""
    ballast = disk / "ballast"
    free = os.statvfs(disk)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(free.f_bavail * free.f_frsize - but, 4096))
    return ballast
