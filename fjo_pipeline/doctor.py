"""What `fjo doctor` looks at: keys, permissions, leftovers of killed steps; each problem with its mend."""

import stat
from collections.abc import Iterator
from pathlib import Path

from fjo_pipeline.core.errors import FjoError
from fjo_pipeline.core.inboxes import strangers
from fjo_pipeline.core.key_notes import assert_as_noted
from fjo_pipeline.core.key_purposes import loss_of
from fjo_pipeline.core.keyring import (
    ADDED_LATER,
    CARD_KEYS,
    ZONE_KEYS,
    Keyring,
    keyring_path,
    open_keyring,
    passphrase,
)
from fjo_pipeline.core.ledger import open_ledger
from fjo_pipeline.core.settings import ZONES, Settings, Zone
from fjo_pipeline.databank.flow import Databank
from fjo_pipeline.databank.projects.lifecycle import known_projects, last_step, remains
from fjo_pipeline.databank.projects.places import project_file, project_keys
from fjo_pipeline.home import zones_here
from fjo_pipeline.leftovers import dead_runs_of, end_dead_runs_of, leftovers, mend
from fjo_pipeline.logs import verify_logs


def examine(settings: Settings) -> list[str]:
    """Every problem of a home in words, with the mend; empty where it is sound."""
    here = zones_here(settings)
    problems = [problem for zone in here for problem in _zone_problems(settings, zone, alone=len(here) == 1)]
    for zone in here:
        problems += [f"{each}: its sender seals it to another zone; delete it" for each in strangers(settings, zone)]
    if "databank" in here:
        problems += _databank_problems(settings)
    locked = {zone for zone in here if not keyring_path(settings, zone).exists()}
    verified = verify_logs(settings, [zone for zone in here if zone not in locked])
    problems += [f"the audit log of zone {each.zone}: {said}" for each in verified for said in each.problems]
    return problems + [
        f"the Dagster run {each} counts as under way and its process is gone: `fjo doctor --mend` or the next "
        "`fjo refresh` ends it"
        for each in dead_runs_of(settings)
    ]


def mend_leftovers(settings: Settings) -> list[str]:
    """Take away what killed steps have left in this home, and nothing else; returns what went, in words."""
    gone = [each for zone in zones_here(settings) for each in mend(settings, zone)]
    return gone + [f"the Dagster run {each} is marked as failed" for each in end_dead_runs_of(settings)]


def _zone_problems(settings: Settings, zone: Zone, *, alone: bool) -> list[str]:
    problems: list[str] = []
    try:
        keyring = open_keyring(settings, zone)
        problems += _key_problems(settings, keyring)
        needed = [other for other in ZONES if other != zone]
        for other in needed:
            keyring.peer(other)
    except FjoError as error:
        if not alone or not keyring_path(settings, zone).exists() or "pinned" in str(error):
            problems.append(str(error))
    problems += [f"{path} can be read by others: chmod go= it" for path in _guarded(settings, zone) if _is_open(path)]
    return problems + [
        f"{each} was left by a step that was killed: `fjo doctor --mend` takes it away"
        for each in leftovers(settings, zone)
    ]


def _key_problems(settings: Settings, keyring: Keyring) -> Iterator[str]:
    """What is wrong with a zone's keys, and what is lost with those that are gone."""
    zone = keyring.zone
    for name in (*ZONE_KEYS[zone], *CARD_KEYS):
        if not keyring.has(name):
            added = "`fjo init` adds it to a home of an earlier version; where it was there before, restore the keyring"
            mend = added if name in ADDED_LATER else "restore the keyring"
            yield f"zone {zone} holds no key '{name}': {mend}; {loss_of(zone, name)}"
    for name in keyring.fingerprints():
        for version in keyring.versions(name):
            try:
                keyring.key(name, version)
            except FjoError as error:
                yield str(error)
    try:
        assert_as_noted(keyring, open_ledger(settings, zone))
    except FjoError as error:
        yield str(error)
    if keyring.rotation:
        yield (
            f"a rotation of zone {zone}'s keys was interrupted, to be done: {', '.join(keyring.rotation)}; "
            f"run `fjo keys rotate --zone {zone}`, which ends it"
        )
    if not keyring.is_protected and passphrase(settings) is not None:
        yield (
            f"there is a passphrase, and the keyring of zone {zone} is not under it: "
            f"`fjo keys rotate --zone {zone} --key kek` puts it there"
        )


def _databank_problems(settings: Settings) -> list[str]:
    databank = Databank(settings)
    if not databank.store.exists:
        return ["the databank has no store: run `fjo init`"]
    try:
        keyring = databank.keyring
    except FjoError:
        return []
    problems = []
    for number in known_projects(databank):
        if last_step(databank, number, "destroyed") is None:
            if project_file(databank, number).is_file() and not keyring.has(project_keys(number)[0]):
                problems.append(f"project {number} has no keys: run `fjo init`")
        elif remains(databank, number):
            problems.append(
                f"project {number} was destroyed and something of it is here still, or again: "
                f"run `fjo project destroy {number} --reason …` again"
            )
    return problems


def _guarded(settings: Settings, zone: Zone) -> list[Path]:
    folder = settings.zone(zone)
    candidates = [folder, keyring_path(settings, zone), folder / "ttp.duckdb", folder / "catalogue", folder / "tmp"]
    candidates += [settings.passphrase_file] if settings.passphrase_file else []
    return [path for path in candidates if path.exists()]


def _is_open(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
