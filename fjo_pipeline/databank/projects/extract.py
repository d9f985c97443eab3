"""A project's extract: one encrypted, read-only DuckDB file with SAIL's tables under the project's own ids."""

import json
from base64 import b64encode
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from fjo_pipeline.core.errors import KeyMissing, Refused
from fjo_pipeline.core.files import sha256_of_file, sha256_of_texts, write_atomically
from fjo_pipeline.core.keyring import Keyring
from fjo_pipeline.core.sessions import Session, literal
from fjo_pipeline.databank.flow import Databank, Partition, assert_released, partitions
from fjo_pipeline.databank.projects.beside import write_beside
from fjo_pipeline.databank.projects.grants import DatasetGrant, Project, load_project
from fjo_pipeline.databank.projects.provide import MADE_UP, provide

__all__ = ["MADE_UP"]


@dataclass(frozen=True)
class Extract:
    """What an extract holds: pins, and rows and digest of each table."""

    project: str
    snapshot: int
    synthetic: bool
    refreshes: dict[str, list[str]]
    tables: dict[str, dict[str, Any]]

    @property
    def rows(self) -> int:
        """Rows over all its tables."""
        return sum(int(table["rows"]) for table in self.tables.values())


def extract_path(databank: Databank, number: str) -> Path:
    """Where a project's extract lies."""
    return databank.settings.extracts / number / "extract.duckdb"


def extract_key(keyring: Keyring, number: str) -> str:
    """The key that opens a project's extract, for ATTACH; KeyMissing where the project has none."""
    return b64encode(keyring.key(f"project/{number}/extract")).decode()


def make_extract(databank: Databank, number: str, today: date, refresh: str | None = None) -> Extract:
    """Write a project's extract anew, whole or not at all, from the released snapshot.

    Refused where the project is not approved today, asks for what is not granted, or for a refresh that is not there;
    KeyMissing where the project has no keys.
    """
    project = load_project(number, databank.settings.projects)
    project.assert_approved(today)
    release, keyring = assert_released(databank), databank.keyring
    path = extract_path(databank, number)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = path.with_name(".extract.duckdb.tmp")
    for leftover in path.parent.glob(".extract.duckdb.tmp*"):
        leftover.unlink()
    with databank.store.reading(release.snapshot) as session:
        pinned = _pinned(session, project, refresh)
        session.run(
            f"ATTACH {literal(scratch)} AS extract (ENCRYPTION_KEY {literal(extract_key(keyring, number))})",
            step="begin the extract",
        )
        tables = provide(session, databank, project, pinned, release.snapshot)
        session.run("DETACH extract", step="close the extract")
    scratch.replace(path)
    refreshes: dict[str, list[str]] = {}
    for partition in pinned:
        refreshes.setdefault(partition.dataset, []).append(partition.refresh)
    extract = Extract(number, release.snapshot, any(each.synthetic for each in pinned), refreshes, tables)
    write_atomically(path.with_suffix(".json"), json.dumps(asdict(extract), indent=1, sort_keys=True).encode())
    write_beside(databank, project, extract)
    databank.ledger.record(
        "extract", "project", number, "provided", _made_from(databank, number), sequence=release.snapshot
    )
    return extract


def read_extract(databank: Databank, number: str) -> Extract:
    """What the last extract of a project holds; Refused where there is none."""
    path = extract_path(databank, number).with_suffix(".json")
    if not path.is_file():
        raise Refused(f"project {number} has no extract yet: make one with `fjo project extract {number}`")
    return Extract(**json.loads(path.read_text()))


def project_keys(number: str) -> tuple[str, str]:
    """The names of a project's keys: of its ids, and of its extract."""
    return f"project/{number}/ids", f"project/{number}/extract"


def make_project_keys(databank: Databank, number: str) -> bool:
    """Give a new project its keys; False where it has them. KeyMissing where it had keys that are gone.

    A new key would be a new id space, so keys are made once, and never made up for lost ones.
    """
    keyring, ledger = databank.keyring, databank.ledger
    names = project_keys(number)
    if all(keyring.has(name) for name in names):
        return False
    if ledger.last("keys", "project", number, "accepted") is not None:
        raise KeyMissing(f"project {number} had keys that the keyring no longer holds; restore the databank's keyring")
    for name in names:
        if not keyring.has(name):
            keyring.add(name)
    ledger.record("keys", "project", number, "accepted", keyring.fingerprint(names[0]))
    return True


def _pinned(session: Session, project: Project, refresh: str | None) -> list[Partition]:
    """The refreshes to provide, by dataset and date."""
    standing = partitions(session)
    pinned: list[Partition] = []
    for dataset, grant in sorted(project.datasets.items()):
        there = [each for each in standing if each.dataset == dataset]
        wanted = _wanted(grant, there, refresh)
        if not wanted:
            raise Refused(f"project {project.number}: no refresh of {dataset} is in the released store yet")
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
    return last is None or last.digest != _made_from(databank, number)


def _made_from(databank: Databank, number: str) -> str:
    grants = sha256_of_file(databank.settings.projects / f"{number}.yaml")
    return sha256_of_texts(
        assert_released(databank).digest, grants, databank.keyring.fingerprint(f"project/{number}/ids")
    )
