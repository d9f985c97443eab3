"""The landing folder: which deposits lie there, how one is put there, and how a bad one is moved to quarantine."""

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from fjo_pipeline.core.checking import CheckReport, check_delivery
from fjo_pipeline.core.contracts import contract, datasets
from fjo_pipeline.core.deposits import MANIFEST, Deposit, last_change, read_deposit, unpack
from fjo_pipeline.core.errors import FjoError, Refused
from fjo_pipeline.core.files import move_folder, write_atomically
from fjo_pipeline.core.held_folders import held_folder, remove_abandoned
from fjo_pipeline.core.keyring import open_keyring
from fjo_pipeline.core.ledger import Ledger, open_ledger
from fjo_pipeline.core.refreshes import parse_refresh
from fjo_pipeline.core.retention import taken_today
from fjo_pipeline.core.sessions import open_session
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.provider.identifying import without_identifiers
from fjo_pipeline.provider.increments import earlier_keys

UNPACKED = ".fjo-deposit-"
"""What folders are called in which a deposit lies in plain for as long as a command looks at it or copies it."""


@dataclass(frozen=True)
class Landed:
    """A folder in landing: whose deposit it is, and whether it can be taken yet."""

    dataset: str
    refresh: str
    folder: Path
    deposit: Deposit | None
    still_arriving: bool
    why: str

    @property
    def digest(self) -> str:
        """What a sensor remembers it by: the manifest's digest, or that there is no usable one."""
        return self.deposit.manifest.digest if self.deposit else "unreadable"

    @property
    def stands_on(self) -> frozenset[tuple[str, str]]:
        """Dataset and date of an increment's base; of nothing for a full deposit."""
        base = self.deposit.manifest.base if self.deposit else None
        return frozenset({(self.dataset, base)} if base else ())

    @property
    def last_change(self) -> float:
        """When (seconds since the epoch) anything in the folder was last written."""
        return last_change(self.folder)


def landed(settings: Settings, now: float | None = None) -> Iterator[Landed]:
    """Every deposit folder in landing, datasets and dates in order, its files compared with its manifest."""
    for dataset, folder in landing_folders(settings, now):
        yield look(dataset, folder, settings, now)


def landing_folders(settings: Settings, now: float | None = None) -> Iterator[tuple[str, Path]]:
    """Dataset and folder of everything in landing, in order; zips that lie there are unpacked first.

    What a killed process left there in plain is wiped.
    """
    for place in plain_places(settings):
        remove_abandoned(place, UNPACKED)
    for each in datasets(settings.contracts):
        folder = settings.landing / each.name
        for archive in sorted(folder.glob("*.zip")) if folder.is_dir() else []:
            _unpack_in_place(archive, settings, now)
        for path in sorted(folder.glob("[0-9]*")) if folder.is_dir() else []:
            if path.is_dir() and not path.is_symlink():
                yield each.name, path


def plain_places(settings: Settings) -> tuple[Path, Path]:
    """Where there may be folders called `UNPACKED` in the provider's zone."""
    return settings.temporary("provider"), settings.landing


def add_deposit(settings: Settings, path: Path) -> tuple[str, str, bool]:
    """Copy a deposit (folder or zip) into landing; returns dataset, refresh, and False where it was there already.

    Refused where its files are not what its manifest says, or another deposit of the same date has been taken.
    """
    if not path.exists():
        raise Refused(f"there is no deposit at {path}")
    if not settings.landing.is_dir():
        raise Refused(f"there is no provider's zone at {settings.home}: make one with `fjo init`, or set FJO_HOME")
    # A zone without its keys takes nothing, for it could not say that it did.
    open_keyring(settings, "provider")
    with held_folder(settings.temporary("provider"), UNPACKED) as scratch:
        deposit = read_deposit(unpack(path, scratch / "deposit") if path.is_file() else path)
        contract(deposit.manifest.name, settings.contracts)
        parse_refresh(deposit.manifest.version)
        deposit.assert_whole()
        is_new = _copy_in(settings, deposit)
        about, ledger = ("deposit", deposit.manifest.name, deposit.manifest.version), open_ledger(settings, "provider")
        # After it is there, and again where nothing was made of it yet: so a step killed in between is made good.
        if is_new or ledger.last(*about, "accepted") is None:
            ledger.record(*about, "landed", deposit.manifest.digest, why="it was put there")
        return (deposit.manifest.name, deposit.manifest.version, is_new)


def check_deposit(settings: Settings, path: Path) -> CheckReport:
    """Check a deposit (folder or zip) wherever it lies, taking nothing; Refused where its manifest or hashes fail."""
    if not path.exists():
        raise Refused(f"there is no deposit at {path}")
    with held_folder(_scratch_folder(settings, path), UNPACKED) as scratch:
        deposit = read_deposit(unpack(path, scratch / "deposit") if path.is_file() else path)
        each = contract(deposit.manifest.name, settings.contracts)
        parse_refresh(deposit.manifest.version)
        deposit.assert_whole()
        earlier = earlier_keys(settings, each, deposit.manifest)
        with open_session(
            scratch / "tmp",
            memory_limit=settings.provider_memory_limit,
            limited_by="FJO_PROVIDER_MEMORY_LIMIT",
            threads=settings.threads,
        ) as session:
            report = check_delivery(session, each, deposit.folder, earlier)
            return without_identifiers(session, each, deposit.folder, report)


def _scratch_folder(settings: Settings, path: Path) -> Path:
    """Where a zip may lie unpacked, in plain: in the provider's zone, or where there is none beside the zip itself."""
    return settings.temporary("provider") if settings.zone("provider").is_dir() else path.absolute().parent


def quarantine(settings: Settings, landed: Landed, report: CheckReport | None, why: str, ledger: Ledger) -> Path:
    """Move a bad deposit to quarantine, whole, with a report in JSON and in words; returns where it lies now."""
    target = _new_folder(settings.quarantine / landed.dataset, f"{landed.refresh}-{landed.digest[:12]}")
    move_folder(landed.folder, target)
    _report(target, landed.dataset, landed.refresh, landed.digest, report, why, ledger)
    return target


def end_quarantine(dataset: str, folder: Path, ledger: Ledger) -> None:
    """Write the report of a deposit in quarantine where the step that moved it there was killed before it could."""
    if (folder / "report.json").is_file():
        return
    why = "the step that refused it was killed before it wrote why: `fjo deposit check` on this folder tells"
    refresh = folder.name.split("-")[0]
    _report(folder, dataset, refresh, "unreadable", None, why, ledger)


def _new_folder(parent: Path, name: str) -> Path:
    """A folder of this name that is not there yet: what was refused before is kept for as long as retention says."""
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(parent / each for each in names if not (parent / each).exists())


def _report(
    target: Path, dataset: str, refresh: str, digest: str, report: CheckReport | None, why: str, ledger: Ledger
) -> None:
    """Say beside a refused deposit, in words and in JSON, and in the ledger that it was refused."""
    words = str(report) if report else why
    text = f"The deposit {dataset}/{refresh} was refused. Mend what stands below and send it again.\n\n"
    write_atomically(target / "report.txt", (text + words + "\n").encode())
    content = (report.as_json() if report else {"failures": [], "why": why}) | taken_today()
    write_atomically(target / "report.json", json.dumps(content, indent=1, sort_keys=True).encode())
    failures = len(report.failures) if report else 1
    ledger.record(
        "deposit", dataset, refresh, "quarantined", digest, detail={"failures": failures},
        why=f"it was refused: the report lies in quarantine/{dataset}/{target.name}",
    )  # fmt: skip


def find_landed(settings: Settings, dataset: str, refresh: str) -> Landed:
    """The deposit of a refresh in landing; Refused where there is none."""
    folder = settings.landing / dataset / refresh
    if not folder.is_dir():
        raise Refused(f"no deposit {dataset}/{refresh} lies in landing; put one there with `fjo deposit add PATH`")
    return look(dataset, folder, settings, None)


def look(dataset: str, folder: Path, settings: Settings, now: float | None = None) -> Landed:
    """What lies in one landing folder, its files compared with its manifest."""
    if not (folder / MANIFEST).is_file() and any(folder.glob("*.zip")):
        return Landed(
            dataset,
            folder.name,
            folder,
            None,
            False,
            f"the .zip cannot be unpacked, or holds no {MANIFEST}: pack it again",
        )
    try:
        parse_refresh(folder.name)
        deposit = read_deposit(folder)
        _assert_in_its_place(deposit, dataset, folder.name)
        standing, why = deposit.standing()
    except FjoError as error:
        arriving = not (folder / MANIFEST).is_file() or _touched_lately(folder, settings, now)
        return Landed(dataset, folder.name, folder, None, arriving, str(error))
    arriving = standing != "whole" and _touched_lately(folder, settings, now)
    return Landed(dataset, folder.name, folder, deposit, arriving, why)


def _assert_in_its_place(deposit: Deposit, dataset: str, refresh: str) -> None:
    said = (deposit.manifest.name, deposit.manifest.version)
    if said != (dataset, refresh):
        raise Refused(f"{MANIFEST} says {said[0]}/{said[1]} but lies under {dataset}/{refresh}")


def _touched_lately(folder: Path, settings: Settings, now: float | None) -> bool:
    return (now if now is not None else time.time()) - last_change(folder) < settings.settle_seconds


def _unpack_in_place(archive: Path, settings: Settings, now: float | None) -> None:
    target = archive.with_suffix("")
    if (now or time.time()) - archive.stat().st_mtime < settings.settle_seconds:
        return
    with held_folder(settings.landing, UNPACKED) as scratch:
        try:
            if target.exists():
                _set_aside(archive, target, scratch / "deposit", settings)
                return
            unpacked = unpack(archive, scratch / "deposit")
            if not (unpacked / MANIFEST).is_file():
                # A zip comes whole: none is still on its way.
                raise Refused(f"there is no {MANIFEST} in {archive.name}")
            move_folder(unpacked, target)
            archive.unlink()
        except Refused:
            target.mkdir(mode=0o700)
            archive.rename(target / archive.name)


def _set_aside(archive: Path, folder: Path, scratch: Path, settings: Settings) -> None:
    """A zip beside a folder of its name goes to quarantine with a report; the same deposit once more just goes."""
    if not (folder / MANIFEST).is_file():
        return
    try:
        digest = read_deposit(unpack(archive, scratch)).manifest.digest
        known = read_deposit(folder).manifest.digest
    except Refused:
        digest, known = "unreadable", ""
    if digest == known:
        archive.unlink()
        return
    dataset, refresh = archive.parent.name, folder.name
    target = _new_folder(settings.quarantine / dataset, f"{refresh}-zip")
    target.mkdir(parents=True, mode=0o700)
    archive.rename(target / archive.name)
    why = f"{archive.name} lay beside the folder {refresh} with other content: a correction takes a new refresh date"
    _report(target, dataset, refresh, digest, None, why, open_ledger(settings, "provider"))


def _copy_in(settings: Settings, deposit: Deposit) -> bool:
    name, version = deposit.manifest.name, deposit.manifest.version
    target = settings.landing / name / version
    if target.is_dir():
        _assert_same(target, deposit)
        return False
    # In landing itself, so that it can be renamed; of a name that nothing there is looked for by.
    with held_folder(settings.landing, UNPACKED) as scratch:
        copied = scratch / version
        copied.mkdir(mode=0o700)
        for file in [MANIFEST, *(resource.path for resource in deposit.manifest.resources)]:
            shutil.copyfile(deposit.folder / file, copied / file)
        move_folder(copied, target)
    return True


def _assert_same(target: Path, deposit: Deposit) -> None:
    name, version = deposit.manifest.name, deposit.manifest.version
    if read_deposit(target).manifest.digest != deposit.manifest.digest:
        raise Refused(
            f"another deposit of {name}/{version} is in landing already, with other content; "
            "a correction takes a new refresh date, or the first one must be withdrawn by its depositor"
        )
