"""An extract made again from its pins: the project file, refreshes and snapshot of that time, the code of today."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.sessions import Session, identifier
from fjo_pipeline.databank.flow import Databank, Partition, partitions
from fjo_pipeline.databank.projects.extract import write_tables
from fjo_pipeline.databank.projects.grants import load_project
from fjo_pipeline.databank.projects.lifecycle import assert_not_destroyed
from fjo_pipeline.databank.projects.places import extract_path
from fjo_pipeline.databank.projects.records import Extract, kept_projects


@contextmanager
def made_again(databank: Databank, extract: Extract) -> Iterator[tuple[Path, dict[str, dict[str, Any]]]]:
    """A file of what an extract's pins give now, under the project's key, and its tables; it is removed afterwards.

    Refused where the project was destroyed, or the snapshot or a refresh of it is not there any more; KeyMissing where
    a key is gone that it was made under.
    """
    assert_not_destroyed(databank, extract.project)
    project = load_project(extract.project, kept_projects(databank, extract))
    target = extract_path(databank, extract.project).with_name(f".extract_{extract.serial}.duckdb.tmp")
    try:
        with _pinned_store(databank, extract) as (session, snapshot):
            pinned = list(_pinned(session, extract))
            tables = write_tables(session, databank, project, pinned, snapshot, target)
        yield target, tables
    finally:
        for leftover in target.parent.glob(f"{target.name}*"):
            leftover.unlink()


def qualified(catalogue: str, name: str) -> str:
    """A table of an extract, `SCHEMA.TABLE`, in the file that was opened under a name, as SQL."""
    schema, table = name.split(".")
    return f"{catalogue}.{identifier(schema)}.{identifier(table)}"


@contextmanager
def _pinned_store(databank: Databank, extract: Extract) -> Iterator[tuple[Session, int]]:
    snapshot = databank.pins.snapshot(extract.project, extract.serial)
    if snapshot is not None:
        with databank.store.reading() as session:
            there = session.rows("SELECT 1 FROM lake.snapshots() WHERE snapshot_id = ?", [snapshot], step="look it up")
        if not there:
            snapshot = None
    if snapshot is None:
        raise Refused(
            f"extract {extract.serial} of project {extract.project} is pinned to no snapshot that is here: "
            "it cannot be made again"
        )
    with databank.store.reading(snapshot) as session:
        yield session, snapshot


def _pinned(session: Session, extract: Extract) -> Iterator[Partition]:
    standing = {(each.dataset, each.refresh): each for each in partitions(session)}
    for dataset, refreshes in sorted(extract.refreshes.items()):
        for refresh in refreshes:
            if (dataset, refresh) not in standing:
                raise Refused(
                    f"the refresh {refresh} of {dataset} is not in the snapshot that the extract is pinned to"
                )
            yield standing[dataset, refresh]
