"""What a project's extract would hold and what is refused, before anything is made: `fjo project check`."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import partial
from typing import Any, TypeVar

from fjo_pipeline.core.errors import FjoError
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.databank.disclosure.policy import load_policy
from fjo_pipeline.databank.flow import Databank, Partition, assert_released
from fjo_pipeline.databank.projects.extract import pinned_refreshes
from fjo_pipeline.databank.projects.grants import granted_tables
from fjo_pipeline.databank.projects.project_file import Project, load_project
from fjo_pipeline.databank.projects.provide import queries
from fjo_pipeline.databank.projects.selection import Given, select

T = TypeVar("T")


@dataclass(frozen=True)
class TablePreview:
    """A table that would be given; `rows` is None where there are some, but fewer than the policy lets be shown."""

    dataset: str
    refresh: str
    table: str
    columns: list[str]
    rows: int | None


@dataclass(frozen=True)
class PeoplePreview:
    """The people of a refresh that would be given, by the same rule."""

    dataset: str
    refresh: str
    people: int | None


@dataclass
class Preview:
    """What an extract would hold, and why it is refused, if it is: one reason is enough for the whole extract."""

    project: str
    threshold: int
    people: list[PeoplePreview] = field(default_factory=list)
    tables: list[TablePreview] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For a script."""
        return asdict(self)

    def shown(self, number: int | None) -> str:
        """A count as a person may see it."""
        return f"under {self.threshold}" if number is None else f"{number:,}"


def preview(databank: Databank, number: str, today: date) -> Preview:
    """Say what a project would be given today; Refused only where its file cannot be read at all."""
    project = load_project(number, databank.settings.projects)
    policy = load_policy(project.disclosure_policy)
    found = Preview(number, policy.threshold)
    _tried(found, partial(project.approval.assert_valid, today, f"project {number}"))
    for name, grant in sorted(project.datasets.items()):
        _tried(found, partial(grant.assert_valid, today, f"project {number}, dataset {name}"))
    release = _tried(found, partial(assert_released, databank))
    if release is None:
        return found
    with databank.store.reading(release.snapshot) as session:
        pinned = [
            each for name in sorted(project.datasets) for each in _usable(databank, session, project, name, found)
        ]
        for given in _tried(found, partial(select, session, databank, project, pinned, release.snapshot)) or []:
            _count(session, given, found)
    return found


def _usable(databank: Databank, session: Session, project: Project, name: str, found: Preview) -> list[Partition]:
    """The refreshes of a dataset that would be given, where its grant fits it."""
    alone = project.model_copy(update={"datasets": {name: project.datasets[name]}})
    pinned = _tried(found, partial(pinned_refreshes, session, alone, None))
    if not pinned:
        return []
    contract, grant = databank.contract(name), project.datasets[name]
    fits = _tried(found, partial(granted_tables, contract, grant, pinned[0].refresh))
    return pinned if fits else []


def _count(session: Session, given: Given, found: Preview) -> None:
    dataset, refresh = given.partition.dataset, given.partition.refresh
    people = given.people_query()
    found.people.append(PeoplePreview(dataset, refresh, _rows(session, people, found.threshold)))
    for table, query in queries(given):
        columns = [table.named(each, "_PE") for each in table.columns]
        found.tables.append(
            TablePreview(dataset, refresh, table.table, columns, _rows(session, query, found.threshold))
        )


def _rows(session: Session, query: str, threshold: int) -> int | None:
    rows = int(session.value(f"SELECT count(*) FROM ({query})", step="count what would be given"))
    return None if 0 < rows < threshold else rows


def _tried(found: Preview, step: Callable[[], T]) -> T | None:
    """The step's result, or None and its refusal noted."""
    try:
        return step()
    except FjoError as error:
        found.refused.append(str(error))
        return None
