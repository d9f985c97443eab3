"""The `fjo` command run in this process on a home: its exit code, and what it printed."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from fjo_pipeline import cli
from fjo_pipeline.core.settings import Settings


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str


Fjo = Callable[..., Ran]


def fjo_command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Fjo:
    """A function of settings and arguments that runs the command as its script does."""

    def run(settings: Settings, *arguments: str) -> Ran:
        for name in ("home", "contracts", "projects", "settle_seconds", "lock_wait_seconds"):
            monkeypatch.setenv(f"FJO_{name.upper()}", str(getattr(settings, name)))
        monkeypatch.setattr(sys, "argv", ["fjo", *arguments])
        capfd.readouterr()
        former = os.umask(0o077)
        try:
            with pytest.raises(SystemExit) as ended:
                cli.main()
        finally:
            os.umask(former)
        shown = capfd.readouterr()
        return Ran(int(ended.value.code or 0), shown.out, shown.err)

    return run
