"""Which projects ask for a new extract with each release, and are due for one; what others get nothing new for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from fjo_pipeline.core.errors import FjoError
from fjo_pipeline.databank.flow import Databank, released
from fjo_pipeline.databank.projects.extract import extract_is_due, made_from
from fjo_pipeline.databank.projects.grants import load_project, project_numbers
from fjo_pipeline.databank.projects.lifecycle import assert_not_destroyed


@dataclass(frozen=True)
class Asked:
    """A project that asks for an extract: `token` changes whenever there is a new reason to make it; or why it gets
    none."""

    number: str
    token: str = ""
    refused: str = ""


def projects_asking(databank: Databank, today: date) -> Iterator[Asked]:
    """Every project that asks for an extract with each release and is due for one, or that gets nothing new."""
    if released(databank) is None:
        return
    for number in project_numbers(databank.settings.projects):
        try:
            project = load_project(number, databank.settings.projects)
            if project.refresh != "each_release":
                continue
            assert_not_destroyed(databank, number)
            project.assert_approved(today)
            if extract_is_due(databank, number):
                yield Asked(number, token=made_from(databank, number))
        except FjoError as error:
            yield Asked(number, refused=str(error))
