"""A process of the pipeline leaves nothing of its memory behind, and opens its files to nobody else."""

import subprocess
import sys
from pathlib import Path

import pytest

GUARDED = """
import ctypes, os, resource
from fjo_pipeline.core.processes import guard_process
guard_process()
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), oct(os.umask(0)))
"""
STARTED_BY_IT = """
import subprocess, sys
from fjo_pipeline.core.processes import guard_process
guard_process()
print(subprocess.run([sys.executable, "-c", "import resource; print(resource.getrlimit(resource.RLIMIT_CORE))"],
    capture_output=True, text=True, check=True).stdout)
"""
ABORTS = """
import os
from fjo_pipeline.core.processes import guard_process
guard_process()
os.abort()
"""


def run(code: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=folder)


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
def test_no_core_is_dumped_and_nobody_may_attach(tmp_path: Path) -> None:
    assert run(GUARDED, tmp_path).stdout.strip() == "(0, 0) 0 0o77"


def test_what_it_starts_dumps_no_core_either(tmp_path: Path) -> None:
    assert run(STARTED_BY_IT, tmp_path).stdout.strip() == "(0, 0)"


def test_a_process_that_aborts_leaves_no_core(tmp_path: Path) -> None:
    assert run(ABORTS, tmp_path).returncode < 0
    assert list(tmp_path.iterdir()) == []
