"""A project's extract: one encrypted, read-only DuckDB file with SAIL's tables under the project's own ids."""

from contextlib import AbstractContextManager, ExitStack
from datetime import date
from pathlib import Path
from typing import Any

from fjo_pipeline.core.errors import KeyMissing, Refused
from fjo_pipeline.core.files import sha256_of_file, sha256_of_texts, write_atomically
from fjo_pipeline.core.sessions import Session, literal
from fjo_pipeline.core.stores import file_lock
from fjo_pipeline.databank.flow import Databank, Partition, Release, assert_released, partitions
from fjo_pipeline.databank.projects.beside import write_beside
from fjo_pipeline.databank.projects.grants import DatasetGrant, Project, load_project
from fjo_pipeline.databank.projects.lifecycle import (
    assert_not_destroyed,
    note_approval,
    note_expired,
    note_provided,
    note_request,
)
from fjo_pipeline.databank.projects.places import extract_key, extract_path, project_file, project_keys
from fjo_pipeline.databank.projects.provide import MADE_UP, provide
from fjo_pipeline.databank.projects.records import Extract, as_json, described, keep_record, numbered, read_extract

KEYS_MADE = "a project's own keys are made once"
__all__ = ["MADE_UP", "Extract", "extract_key", "extract_path", "read_extract"]


def make_extract(databank: Databank, number: str, today: date, refresh: str | None = None) -> Extract:
    """Write a project's extract anew, whole or not at all, from the released snapshot, and pin it to that.

    Where nothing that is provided has changed it keeps its number and its pin. Refused where the project was destroyed,
    is not approved today, asks for what is not granted, or for a refresh that is not there; KeyMissing where the
    project has no keys.
    """
    project = _asked_for(databank, number, today)
    release, path = assert_released(databank), extract_path(databank, number)
    # Said of this release and these grants, should either change while the extract is being made.
    origin = made_from(databank, number, release)
    with ExitStack() as held:
        # One at a time writes a project's file: two would take what the other has begun for a leftover.
        held.enter_context(extract_lock(databank, number))
        held.enter_context(databank.pins.holding(number, release.snapshot))
        session = held.enter_context(databank.store.reading(release.snapshot))
        pinned = pinned_refreshes(session, project, refresh)
        scratch = path.with_name(".extract.duckdb.tmp")
        tables = write_tables(session, databank, project, pinned, release.snapshot, scratch)
        extract = numbered(databank, described(databank, project, release.snapshot, pinned, tables, today))
        keep_record(databank, extract)
        databank.pins.keep(number, extract.serial, extract.snapshot)
        scratch.replace(path)
        write_atomically(path.with_suffix(".json"), as_json(extract))
        write_beside(databank, project, extract)
        databank.ledger.record("extract", "project", number, "provided", origin, sequence=extract.snapshot)
        note_provided(databank, number, {"extract": extract.serial, "content": extract.content})
    return extract


def extract_lock(databank: Databank, number: str) -> AbstractContextManager[None]:
    """The lock on a project's extract; StoreBusy where another process makes it for longer than is waited."""
    return file_lock(
        databank.settings.zone("databank") / "locks" / f"extract-{number}.lock",
        wait_seconds=databank.settings.lock_wait_seconds,
        busy=f"the extract of project {number} is being made by another process; try again when it ends",
    )


def write_tables(
    session: Session, databank: Databank, project: Project, pinned: list[Partition], snapshot: int, target: Path
) -> dict[str, dict[str, Any]]:
    """Write all that a project is granted of these refreshes into a new file under the project's key; rows and digests.

    A leftover of an earlier try is replaced.
    """
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for leftover in target.parent.glob(f"{target.name}*"):
        leftover.unlink()
    key = extract_key(databank.keyring, project.number)
    session.run(f"ATTACH {literal(target)} AS extract (ENCRYPTION_KEY {literal(key)})", step="begin the extract")
    tables = provide(session, databank, project, pinned, snapshot)
    session.run("DETACH extract", step="close the extract")
    return tables


def _asked_for(databank: Databank, number: str, today: date) -> Project:
    """The project, its request and approvals entered; Refused where it may have nothing today."""
    assert_not_destroyed(databank, number)
    project = load_project(number, databank.settings.projects)
    note_request(databank, project)
    note_expired(databank, today, [number])
    project.assert_approved(today)
    note_approval(databank, project)
    return project


def make_project_keys(databank: Databank, number: str) -> bool:
    """Give a new project its keys; False where it has them. Refused for a destroyed project; KeyMissing where it had
    keys that are gone.

    A new key would be a new id space, so keys are made once, and never made up for lost ones.
    """
    assert_not_destroyed(databank, number)
    keyring, ledger = databank.keyring, databank.ledger
    names = project_keys(number)
    if all(keyring.has(name) for name in names):
        # Again, for a step killed in between: what was made and is lost must be known as made.
        ledger.record("keys", "project", number, "accepted", keyring.fingerprint(names[0]), why=KEYS_MADE)
        return False
    if ledger.last("keys", "project", number, "accepted") is not None:
        raise KeyMissing(f"project {number} had keys that the keyring no longer holds; restore the databank's keyring")
    for name in names:
        if not keyring.has(name):
            keyring.add(name)
    ledger.record("keys", "project", number, "accepted", keyring.fingerprint(names[0]), why=KEYS_MADE)
    return True


def pinned_refreshes(session: Session, project: Project, refresh: str | None) -> list[Partition]:
    """The refreshes to provide, by dataset and date."""
    standing = partitions(session)
    pinned: list[Partition] = []
    for dataset, grant in sorted(project.datasets.items()):
        there = [each for each in standing if each.dataset == dataset]
        wanted = _wanted(grant, there, refresh)
        if not wanted:
            which = f"under {refresh}; there are: {', '.join(each.refresh for each in there)}" if refresh else "yet"
            raise Refused(f"project {project.number}: no refresh of {dataset} is in the released store {which}")
        pinned += wanted
    return pinned


def _wanted(grant: DatasetGrant, there: list[Partition], refresh: str | None) -> list[Partition]:
    if refresh is not None:
        if grant.refreshes not in ("all", "latest") and refresh not in grant.refreshes:
            raise Refused(f"the refresh {refresh} is not granted; granted are: {', '.join(grant.refreshes)}")
        there = [each for each in there if each.refresh == refresh]
    if grant.refreshes == "latest":
        return there[-1:]
    if grant.refreshes == "all":
        return there
    known = {each.refresh for each in there}
    if refresh is None and (missing := [each for each in grant.refreshes if each not in known]):
        raise Refused(f"the refresh {missing[0]} that the project pins is not there")
    return [each for each in there if each.refresh in grant.refreshes]


def extract_is_due(databank: Databank, number: str) -> bool:
    """Whether a project's extract is missing, or older than what is released or its own file of grants."""
    path = extract_path(databank, number)
    if not path.is_file() or not path.with_suffix(".json").is_file():
        return True
    last = databank.ledger.last("extract", "project", number, "provided")
    return last is None or last.digest != made_from(databank, number)


def made_from(databank: Databank, number: str, release: Release | None = None) -> str:
    """What an extract would be made from now: the release, the project's file and its key; KeyMissing without that."""
    grants = sha256_of_file(project_file(databank, number))
    digest = (release or assert_released(databank)).digest
    return sha256_of_texts(digest, grants, databank.keyring.fingerprint(project_keys(number)[0]))
