"""Plaintext on its way into landing: gone with its step, or wiped at the next start where the step was killed."""

import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fjo_pipeline.core.deposits import MANIFEST
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.held_folders import abandoned, held_folder
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.home import init_home
from fjo_pipeline.provider.landing import UNPACKED, add_deposit, check_deposit, landed
from tests.deposit_builder import TINY, write_deposit

REFRESH = "20240111"
HOLD = """
import sys, time
from pathlib import Path
from fjo_pipeline.core.held_folders import held_folder
from fjo_pipeline.provider.landing import UNPACKED
with held_folder(Path(sys.argv[1]), UNPACKED) as scratch:
    (scratch / "CLIENTS.csv").write_text("in plain")
    print("held", flush=True)
    sys.stdin.read()
"""

DIES = """
import os, shutil, sys
from pathlib import Path
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.home import init_home
from fjo_pipeline.provider.landing import add_deposit
# Dies after the first file: nothing of Python's own clearing up runs.
shutil.copyfile = lambda source, target: (Path(target).write_text("in plain"), os._exit(9))
add_deposit(Settings(), Path(sys.argv[1]))
"""


@pytest.fixture
def home(settings: Settings) -> Settings:
    init_home(settings, ("provider",))
    return settings


def zipped(folder: Path) -> Path:
    archive = folder.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w") as opened:
        for path in sorted(folder.iterdir()):
            opened.write(path, path.name)
    return archive


def in_plain(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if any(part.startswith(UNPACKED) for part in path.parts)]


def test_nothing_in_plain_is_left_by_a_step_that_ends_well_or_badly(home: Settings, tmp_path: Path) -> None:
    archive = zipped(write_deposit(tmp_path / "given" / REFRESH, TINY, "tiny", REFRESH))
    assert check_deposit(home, archive).good
    assert add_deposit(home, archive) == ("tiny", REFRESH, True)
    assert add_deposit(home, archive) == ("tiny", REFRESH, False)
    broken = tmp_path / "given" / "broken.zip"
    broken.write_bytes(archive.read_bytes()[:-400])
    for take in (check_deposit, add_deposit):
        with pytest.raises(Refused, match="no usable zip"):
            take(home, broken)
    (home.landing / "tiny" / "20240711.zip").write_bytes(archive.read_bytes())
    assert [each.refresh for each in landed(home)] == [REFRESH, "20240711"]
    assert sorted(path.name for path in home.landing.iterdir()) == ["tiny"]
    assert not in_plain(tmp_path)


def test_a_zip_that_is_checked_where_there_is_no_home_leaves_nothing_beside_it(
    settings: Settings, tmp_path: Path
) -> None:
    archive = zipped(write_deposit(tmp_path / "given" / REFRESH, TINY, "tiny", REFRESH))
    assert check_deposit(settings, archive).good
    assert not in_plain(tmp_path)


def test_what_a_killed_process_left_is_wiped_at_the_next_start_and_what_another_one_holds_is_not(
    home: Settings,
) -> None:
    killed, living = (hold(home.landing) for _ in range(2))
    try:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        (left,) = abandoned(home.landing, UNPACKED)
        assert (left / "CLIENTS.csv").read_text() == "in plain"
        assert list(landed(home)) == []
        assert abandoned(home.landing, UNPACKED) == []
        (held,) = home.landing.glob(f"{UNPACKED}*")
        assert (held / "CLIENTS.csv").is_file()
    finally:
        living.communicate("")
    assert not in_plain(home.landing)


def hold(parent: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_deposit_killed_while_it_is_copied_is_no_deposit_and_the_next_start_wipes_it(
    home: Settings, tmp_path: Path
) -> None:
    source = write_deposit(tmp_path / "given" / REFRESH, TINY, "tiny", REFRESH)
    settings = ("home", "contracts", "projects")
    environment = os.environ | {f"FJO_{name.upper()}": str(getattr(home, name)) for name in settings}
    assert subprocess.run([sys.executable, "-c", DIES, source], env=environment, check=False).returncode == 9
    assert [path.name for path in abandoned(home.landing, UNPACKED)[0].rglob("*") if path.is_file()] == [MANIFEST]
    assert add_deposit(home, source) == ("tiny", REFRESH, True)
    assert not in_plain(home.landing)


def test_two_at_once_each_have_their_own(tmp_path: Path) -> None:
    with held_folder(tmp_path, UNPACKED) as one, held_folder(tmp_path, UNPACKED) as other:
        assert one != other
        assert one.is_dir()
        assert oct(one.stat().st_mode)[-3:] == "700"
    assert list(tmp_path.iterdir()) == []
