"""Rotations killed at each file that they put into its place, and what must be the same when they are run again."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from unittest.mock import patch

from fjo_pipeline.core.audit import AuditLog
from fjo_pipeline.core.keyring import open_keyring
from fjo_pipeline.core.ledger import ledger_path
from fjo_pipeline.core.settings import ZONES, Settings, Zone
from fjo_pipeline.key_rotation import rotate
from tests.tiny_home import TinyHome


class Killed(BaseException):
    """What stands for kill -9 within a process: nothing handles it."""


def killed_and_run_again(
    home: TinyHome, zone: Zone, saved: Path, points: Sequence[int] | None = None
) -> dict[int, bool]:
    """Kill a rotation of a zone's keys at these points (all there are, unless told) and run it again, each in a copy.

    Point 2n is before the n-th file is renamed into place, 2n + 1 after it. By point: whether it ended as undisturbed.
    The home is left as after the last.
    """
    shutil.copytree(home.settings.home, saved)
    _rotate(home.settings, zone)
    undisturbed, found = ended(home), {}
    for point in points if points is not None else count():
        shutil.rmtree(home.settings.home)
        shutil.copytree(saved, home.settings.home)
        with _killed_at(point) as died:
            _rotate(home.settings, zone)
        if not died:
            break
        keyring = open_keyring(home.settings, zone)
        # The last file is the keyring under its new key-encryption key: after that there is nothing to end.
        if keyring.rotations == 0 or keyring.rotation:
            _rotate(home.settings, zone)
        found[point] = ended(home) == undisturbed
    return found


def ended(home: TinyHome) -> dict[str, object]:
    """What must be the same wherever a rotation was killed: versions, steps left, entries, trust and leftovers."""
    rings = {zone: open_keyring(home.settings, zone) for zone in ZONES}
    return {
        zone: (
            {name: (sorted(versions), ring.version(name)) for name, versions in ring.fingerprints().items()},
            (ring.rotation, ring.rotations, len(ring.card.succeeds)),
            _entries(home.settings, zone),
            [ring.peer(other) == rings[other].card for other in ZONES if other != zone],
            sorted(path.name for path in home.settings.zone(zone).rglob("*.tmp*")),
        )
        for zone, ring in rings.items()
    }


def _entries(settings: Settings, zone: Zone) -> list[object]:
    log = AuditLog(ledger_path(settings, zone), lambda: open_keyring(settings, zone))
    assert log.verify() == []
    return [each.detail for each in log.entries("keys", zone)]


def _rotate(settings: Settings, zone: Zone) -> None:
    rotate(settings, zone, None, lambda _: None)


@contextmanager
def _killed_at(point: int) -> Iterator[list[bool]]:
    """What is filled where the block died at the point; it stays empty where there is no such point any more."""
    number, replace, died = count(), Path.replace, list[bool]()

    def dying(self: Path, target: Path) -> Path:
        here = next(number) == point // 2
        if here and point % 2 == 0:
            raise Killed
        result = replace(self, target)
        if here:
            raise Killed
        return result

    try:
        with patch.object(Path, "replace", dying):
            yield died
    except Killed:
        died.append(True)
