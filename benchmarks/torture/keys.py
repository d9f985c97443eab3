"""Keys, attacked: rotated, killed while they rotate, lost one by one, put back from old backups, and taken elsewhere.

Each attack has a small home of its own, of three zones with two refreshes, a register and two projects.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path

import pyrage

from benchmarks.torture import Attack
from fjo_pipeline.core.errors import FjoError
from fjo_pipeline.core.key_backup import back_up, restore
from fjo_pipeline.core.keyring import keyring_path, open_keyring
from fjo_pipeline.core.settings import ZONES, Zone
from fjo_pipeline.databank.flow import release
from fjo_pipeline.databank.projects.extract import make_extract
from fjo_pipeline.databank.projects.verifying import verify_extract
from fjo_pipeline.key_rotation import rotate
from tests.killed_rotation import ended, killed_and_run_again
from tests.lost_keys import LOST, lose, prepared, said_and_so
from tests.tiny_home import LATER, REFRESH, TinyHome, carried_home, copied

TODAY, NEXT = date(2026, 11, 23), "20250111"
ROTATIONS = 2
KILLS = 12
ROTATE = "import sys; from fjo_pipeline.cli import main; sys.argv = ['fjo', *sys.argv[1:]]; main()"
NO_RESTORE = "a backup from before a rotation passes for none"


def attacks() -> Iterator[Attack]:
    """Every attack on the promises about keys, with its figures."""
    with tempfile.TemporaryDirectory(prefix="fjo-torture-keys-") as folder:
        base, carried = Path(folder), carried_home(Path(folder))
        tests = "tests/unit/test_key_rotation.py"
        yield _attack("projects' ids stay", "rotate every key of every zone, twice over", tests,
                      _rotations(copied(carried, base / "rotations")))  # fmt: skip
        yield _attack("nothing is half done", "kill a rotation at each file that it writes, run it again", tests,
                      _kill_points(carried, base))  # fmt: skip
        yield _attack("nothing is half done", "kill -9 a rotation of the databank's keys, run it again",
                      tests, _killed_processes(carried, base))  # fmt: skip
        yield _attack("a lost key says what is lost", "take each key of each zone away, do what needs it and what not",
                      "tests/unit/test_lost_keys.py", _lost(copied(carried, base / "lost"), base))  # fmt: skip
        yield _attack("a key is never made up", NO_RESTORE, "tests/unit/test_key_backup.py",
                      _old_backups(carried, base))  # fmt: skip
        yield _attack("a home is restored", "restore a home and its keyrings elsewhere, go on with a new deposit",
                      "tests/unit/test_key_backup.py", _restored(copied(carried, base / "whole"), base))  # fmt: skip
        yield _attack("keys stand in no argument and no variable", "look at the process and its children as it rotates",
                      "tests/unit/test_key_places.py", _looked_at(copied(carried, base / "seen")))  # fmt: skip


def _attack(promise: str, attack: str, shown_by: str, held: list[bool]) -> Attack:
    return Attack(promise, attack, len(held), sum(held), shown_by)


def _rotations(home: TinyHome) -> list[bool]:
    """By rotation: whether earlier extracts verify, and the new one has the content that the first had."""
    first, held = make_extract(home.databank, "7001", TODAY), []
    for _ in range(ROTATIONS):
        for zone in ZONES:
            rotate(home.settings, zone, None, _silent)
            release(home.databank)
            last = make_extract(home.databank, "7001", TODAY)
            sound = all(verify_extract(home.databank, "7001", serial).sound for serial in range(1, last.serial + 1))
            again = home.at_databank(REFRESH), home.at_databank(LATER)
            held.append(sound and last.content == first.content and not any(each.changed for each in again))
    return held


def _kill_points(carried: TinyHome, base: Path) -> list[bool]:
    return [
        good
        for zone in ZONES
        for good in killed_and_run_again(copied(carried, base / f"k_{zone}"), zone, base / f"s_{zone}").values()
    ]


def _killed_processes(carried: TinyHome, base: Path) -> list[bool]:
    """By instant, spread over the time that a rotation takes: whether it ended as the undisturbed one."""
    undisturbed = copied(carried, base / "undisturbed")
    first = make_extract(undisturbed.databank, "7001", TODAY)
    began = time.monotonic()
    _process(undisturbed).wait()
    lasts, expected, held = time.monotonic() - began, ended(undisturbed), []
    for number in range(KILLS):
        home = copied(carried, base / f"killed_{number}")
        make_extract(home.databank, "7001", TODAY)
        process = _process(home)
        time.sleep(lasts * (number + 0.5) / KILLS)
        process.send_signal(signal.SIGKILL)
        process.wait()
        keyring = open_keyring(home.settings, "databank")
        if keyring.rotations == 0 or keyring.rotation:
            rotate(home.settings, "databank", None, _silent)
        release(home.databank)
        same = make_extract(home.databank, "7001", TODAY).content == first.content
        held.append(same and ended(home) == expected and verify_extract(home.databank, "7001", 1).sound)
        shutil.rmtree(home.settings.home.parent)
    return held


def _lost(home: TinyHome, base: Path) -> list[bool]:
    whole, held = prepared(home), []
    for number, (zone, name) in enumerate(LOST):
        lacking = copied(whole, base / f"lost_{number}")
        lose(lacking, zone, name)
        wrong = said_and_so(lacking, zone, name)
        for each in wrong:
            print(f"  {each}", flush=True)
        held.append(not wrong)
    return held


def _old_backups(carried: TinyHome, base: Path) -> list[bool]:
    """Refused when restored by the command, and, put back by hand, stopped at the next rotation and the next use."""
    held = []
    identity = pyrage.x25519.Identity.generate()
    keys: tuple[tuple[Zone, str], ...] = (("databank", "alf_e"), ("ttp", "store"))
    for zone, key in keys:
        home = copied(carried, base / f"old_{zone}")
        back_up(home.settings, zone, base / f"{zone}.age", identity.to_public())
        rotate(home.settings, zone, key, _silent)
        path = keyring_path(home.settings, zone)
        path.unlink()
        held.append(_stops(partial(restore, home.settings, zone, base / f"{zone}.age", identity)))
        path.write_bytes(bytes(pyrage.decrypt((base / f"{zone}.age").read_bytes(), [identity])))
        held.append(_stops(partial(rotate, home.settings, zone, None, _silent)))
        held.append(_stops(home.at_databank if zone == "databank" else home.at_ttp))
    return held


def _restored(home: TinyHome, base: Path) -> list[bool]:
    first = make_extract(home.databank, "7001", TODAY)
    identity = pyrage.x25519.Identity.generate()
    for zone in ZONES:
        rotate(home.settings, zone, None, _silent)
    # After all: each keyring holds the others' new cards.
    for zone in ZONES:
        back_up(home.settings, zone, base / f"whole_{zone}.age", identity.to_public())
    elsewhere = base / "elsewhere"
    elsewhere.mkdir()
    pack: list[str | Path] = ["tar", "--exclude=keyring.json", "-C", home.settings.home, "-cf", base / "whole.tar", "."]
    subprocess.run(pack, check=True)
    subprocess.run(["tar", "-C", elsewhere, "-xpf", base / "whole.tar"], check=True)
    shutil.rmtree(home.settings.home)
    there = TinyHome(home.settings.model_copy(update={"home": elsewhere}))
    held = [_stops(there.at_databank)]
    for zone in ZONES:
        restore(there.settings, zone, base / f"whole_{zone}.age", identity)
    held.append(there.carry(refresh=NEXT).sound)
    release(there.databank)
    again = make_extract(there.databank, "7001", TODAY)
    held.append(all(again.tables[name] == table for name, table in first.tables.items()))
    held.append(verify_extract(there.databank, "7001", 1).sound)
    return held


def _looked_at(home: TinyHome) -> list[bool]:
    """By look at /proc: whether neither arguments nor environment of the process and its children hold a key."""
    secrets = _secrets(home)
    process, held = _process(home), []
    while process.poll() is None:
        seen = b"".join(_shown(pid) for pid in _family(process.pid))
        held.append(bool(seen) and not any(secret in seen for secret in secrets))
        time.sleep(0.05)
    return held


def _secrets(home: TinyHome) -> list[bytes]:
    ring = open_keyring(home.settings, "databank")
    keys = [ring.key(name, version) for name in ring.fingerprints() for version in ring.versions(name)]
    return [form for key in keys for form in (key, key.hex().encode())]


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        return [pid, *(each for child in children.read_text().split() for each in _family(int(child)))]
    except OSError:
        return [pid]


def _shown(pid: int) -> bytes:
    try:
        return b"".join(Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ"))
    except OSError:
        return b""


def _process(home: TinyHome) -> "subprocess.Popen[bytes]":
    settings = home.settings
    names = ("home", "contracts", "projects", "settle_seconds", "lock_wait_seconds")
    environment = os.environ | {f"FJO_{name.upper()}": str(getattr(settings, name)) for name in names}
    return subprocess.Popen(
        [sys.executable, "-c", ROTATE, "keys", "rotate", "--zone", "databank"],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _stops(step: Callable[[], object]) -> bool:
    try:
        step()
    except FjoError:
        return True
    return False


def _silent(_: str) -> None:
    pass
