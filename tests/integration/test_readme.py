"""The README's commands, run as they stand, in their order, in one fresh home."""

import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
LONG_RUNNING = {"make ui"}


def commands() -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", (REPOSITORY / "README.md").read_text(), re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def shown_in_the_readme() -> list[str]:
    """What the README says that the demo prints, times and gaps left out."""
    (block,) = re.findall(r"```text\n(.*?)```", (REPOSITORY / "README.md").read_text(), re.DOTALL)
    return [line for line in block.splitlines() if line.strip(" …") and not line.startswith(("seconds", "in all"))]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("readme") / "home"
    return os.environ | {"FJO_HOME": str(home), "FJO_SETTLE_SECONDS": "0"}


def test_every_command_of_the_readme_runs_as_it_stands(environment: dict[str, str], tmp_path: Path) -> None:
    steps = [command for command in commands() if command not in LONG_RUNNING]
    assert "make demo" in steps
    # The commands are given at the repository's root; the world that they make goes elsewhere.
    script = "set -e\n" + "\n".join(f"echo '$ {step.split()[0]} …'\n{step}" for step in steps)
    script = script.replace(" world", f" {tmp_path}/world")
    done = subprocess.run(
        ["bash", "-c", script], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert [line for line in shown_in_the_readme() if line not in done.stdout] == []
    assert "nothing to do" not in done.stdout


@pytest.mark.slow
def test_the_ui_comes_up(environment: dict[str, str]) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", 3000)) == 0:
            pytest.skip("something else is listening on port 3000")
    process = subprocess.Popen(
        ["make", "ui"],
        cwd=REPOSITORY,
        env=environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert wait_for_page("http://127.0.0.1:3000/server_info", deadline=time.monotonic() + 180)
    finally:
        # make ends before what it started: the whole group is asked, and then made, to end.
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=60)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def wait_for_page(url: str, deadline: float) -> bool:
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            time.sleep(0.5)
    return False
