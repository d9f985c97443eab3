"""Three users of one machine, each with a zone's home, and folders between them whose groups follow docs/operations.md.

No entry in /etc/passwd is needed: processes are started under numbers that nobody has. Only root can do so.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import dagster

from fjo_pipeline.core.settings import REPOSITORY, ZONES, Zone
from tests.faults.dagster_processes import Home

FIRST_USER, FIRST_GROUP = 61_001, 61_101
WRITES_TO: Mapping[Zone, tuple[Zone, ...]] = {
    "provider": ("ttp", "databank"), "ttp": ("provider", "databank"), "databank": ()
}  # fmt: skip
"""Whose inboxes each zone lays transfers into."""


@dataclass(frozen=True)
class User:
    """A user of the machine who keeps one zone."""

    zone: Zone
    base: Path

    @property
    def uid(self) -> int:
        """The user's number, and that of its own group."""
        return FIRST_USER + ZONES.index(self.zone)

    @property
    def groups(self) -> list[int]:
        """The groups of its own inbox and of those it writes to."""
        return [group_of(zone) for zone in (self.zone, *WRITES_TO[self.zone])]

    @property
    def home(self) -> Home:
        """The zone's home, unlocked by a passphrase that lies outside it."""
        own = self.base / f"user_of_{self.zone}"
        settings = {"FJO_PASSPHRASE_FILE": str(own / "passphrase"), "HOME": str(own), "TMPDIR": str(own)}
        return Home(own / "home", self.base / "transit", settings)

    def run(self, *command: str, stdin: str = "", succeeds: bool | None = True) -> subprocess.CompletedProcess[str]:
        """Run the interpreter under this user; None where it may end in any way."""
        python = self.base / "bin" / "python"
        packages = os.pathsep.join((str(REPOSITORY), str(Path(dagster.__file__).parents[1])))
        done = subprocess.run(
            [python, *command], input=stdin, env=self.home.environment | {"PYTHONPATH": packages},
            cwd=self.base / f"user_of_{self.zone}", user=self.uid, group=self.uid, extra_groups=self.groups,
            capture_output=True, text=True, check=False, timeout=900,
        )  # fmt: skip
        assert succeeds is None or (done.returncode == 0) is succeeds, f"{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done

    def fjo(self, *words: str | Path, succeeds: bool | None = True) -> subprocess.CompletedProcess[str]:
        """Run an `fjo` command under this user."""
        return self.run("-m", "fjo_pipeline.cli", *map(str, words), succeeds=succeeds)

    def given(self, path: Path) -> Path:
        """A file or folder that root has laid down here, made this user's own."""
        for each in (path, *path.rglob("*")):
            os.chown(each, self.uid, self.uid)
        return path


def group_of(zone: Zone) -> int:
    """The group whose members may write to a zone's inbox."""
    return FIRST_GROUP + ZONES.index(zone)


def interpreter_for_all() -> Path | None:
    """A Python of this minor version that every user may run; None where there is none."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for path in (Path(sys.executable).resolve(), Path("/usr/bin") / version, Path("/usr/local/bin") / version):
        if path.is_file() and all(each.stat().st_mode & 0o001 for each in (path, *path.resolve().parents)):
            return path
    return None


def make_users(base: Path, python: Path) -> dict[Zone, User]:
    """The three users' folders, a program folder that all can read, and the folders between them."""
    base.chmod(0o755)
    programs = base / "bin"
    programs.mkdir()
    (programs / "python").symlink_to(python)
    # What Dagster starts dbt with stands beside the interpreter.
    (programs / "dbt").write_text(f"#!{programs}/python\nfrom dbt.cli.main import cli\ncli()\n")
    (programs / "dbt").chmod(0o755)
    (base / "transit").mkdir(mode=0o755)
    users: dict[Zone, User] = {zone: User(zone, base) for zone in ZONES}
    for zone, user in users.items():
        own, inbox = base / f"user_of_{zone}", base / "transit" / zone
        own.mkdir(mode=0o700)
        (own / "passphrase").write_text(f"the passphrase of {zone} alone\n")
        (own / "passphrase").chmod(0o400)
        user.given(own)
        inbox.mkdir()
        os.chown(inbox, user.uid, group_of(zone))
        inbox.chmod(0o2770)
    return users


def copied_to(user: User, source: Path, name: str) -> Path:
    """A copy, made by root, of anything, as the user's own."""
    target = user.base / f"user_of_{user.zone}" / name
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)
    return user.given(target)
