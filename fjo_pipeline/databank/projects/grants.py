"""The project file: an approval, and what it grants of each dataset; checked when read, each mistake with its line."""

from datetime import date
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.yaml_lines import read_model
from fjo_pipeline.databank.tables import CuratedTable, curated_tables


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Approval(_Model):
    """Who approved, under which reference, and from when until when (both days included)."""

    by: str
    reference: str
    valid_from: date
    valid_until: date

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.valid_until < self.valid_from:
            raise ValueError("the approval ends before it begins")
        return self

    def assert_valid(self, today: date, what: str) -> None:
        """Refused, with the dates, where the approval does not hold today."""
        if not self.valid_from <= today <= self.valid_until:
            raise Refused(
                f"{what}: the approval {self.reference} of {self.by} holds from {self.valid_from} until "
                f"{self.valid_until}, not today; it must be renewed before anything is provided"
            )


class SpecialAccess(_Model):
    """A grant, with a reference of its own, of tables that are not given without one."""

    reference: str
    tables: tuple[str, ...] = Field(min_length=1)


class DatasetGrant(_Model):
    """What a project gets of one dataset: its owner's approval, tables by the contract's names, refreshes."""

    approval: Approval
    tables: Literal["all"] | tuple[str, ...] = "all"
    special_access: SpecialAccess | None = None
    refreshes: Literal["all", "latest"] | tuple[str, ...] = "all"


class Project(_Model):
    """A research project and all that it may have."""

    number: str = Field(pattern=r"^[0-9]{4}$")
    title: str
    lead: str
    organisation: str
    purpose: str
    approval: Approval
    disclosure_policy: str = "sail-2025"
    datasets: dict[str, DatasetGrant] = Field(min_length=1)
    views: tuple[Literal["case", "case_adult", "case_app", "hearing"], ...] = ()

    @property
    def data_schema(self) -> str:
        """The schema of the project's tables."""
        return f"SAIL{self.number}V"

    @property
    def work_schema(self) -> str:
        """The analyst's own writable schema, a file of its own."""
        return f"SAILW{self.number}V"

    def assert_approved(self, today: date) -> None:
        """Refused where the project's or a data owner's approval does not hold today."""
        self.approval.assert_valid(today, f"project {self.number}")
        for name, grant in sorted(self.datasets.items()):
            grant.approval.assert_valid(today, f"project {self.number}, dataset {name}")


def load_project(number: str, folder: Path) -> Project:
    """Read and check a project's file; Refused where there is none, or with line and rule of each mistake."""
    path = folder / f"{number}.yaml"
    if not (number.isascii() and number.isdigit() and path.is_file()):
        known = ", ".join(sorted(each.stem for each in folder.glob("[0-9]*.yaml"))) or "none"
        raise Refused(f"there is no project {number}; known are: {known}. A project is a file projects/<nnnn>.yaml")
    project = read_model(path, Project, "the project file")
    if project.number != number:
        raise Refused(f"{path.name}: the file says that it is of project {project.number}")
    return project


def project_numbers(folder: Path) -> list[str]:
    """The numbers of all projects that have a file, in order."""
    return sorted(path.stem for path in folder.glob("[0-9][0-9][0-9][0-9].yaml"))


def granted_tables(contract: Contract, grant: DatasetGrant, refresh: str) -> list[CuratedTable]:
    """The tables that a grant gives of one refresh; Refused for an unknown one, or special access without a grant."""
    tables = {table.name: table for table in curated_tables(contract, refresh)}
    special = set(grant.special_access.tables) if grant.special_access else set()
    wanted = {name for name, table in tables.items() if not table.special_access} | special
    if grant.tables != "all":
        wanted = set(grant.tables) | special
    if unknown := sorted(wanted - set(tables)):
        raise Refused(f"{contract.name} has no table '{unknown[0]}'; it has: {', '.join(tables)}")
    ungranted = sorted(name for name in wanted if tables[name].special_access and name not in special)
    if ungranted:
        raise Refused(f"the table '{ungranted[0]}' of {contract.name} needs a special-access grant of its own")
    return [table for name, table in tables.items() if name in wanted]
