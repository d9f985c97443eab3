"""The project file: an approval, and what it grants of each dataset; checked when read, each mistake with its line."""

from datetime import date
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.table_contracts import AREAS, AreaLevel
from fjo_pipeline.core.yaml_lines import read_model
from fjo_pipeline.databank.projects.cohort_sql import CheckedSql, checked, definition_sql

Written = Field(min_length=1)
Columns = Literal["all"] | tuple[str, ...]
Characteristic = Literal["gender", "year_of_birth", "deprivation_quintile"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Approval(_Model):
    """Who approved, under which reference, and from when until when (both days included)."""

    by: str = Written
    reference: str = Written
    valid_from: date
    valid_until: date

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        _assert_in_order(self.valid_from, self.valid_until, "the approval")
        return self

    def assert_valid(self, today: date, what: str) -> None:
        """Refused, with the dates, where the approval does not hold today."""
        if not self.valid_from <= today <= self.valid_until:
            raise Refused(
                f"{what}: the approval {self.reference} of {self.by} holds from {self.valid_from} until "
                f"{self.valid_until}, not today; it must be renewed before anything is provided"
            )


class FiveSafes(_Model):
    """What the project answered to each of the Five Safes."""

    projects: str = Written
    people: str = Written
    data: str = Written
    settings: str = Written
    outputs: str = Written


class SpecialAccess(_Model):
    """A grant, with a reference of its own, of tables that are not given without one.

    Without days of its own it holds for as long as the data owner's approval does.
    """

    reference: str = Written
    tables: tuple[str, ...] = Field(min_length=1)
    valid_from: date | None = None
    valid_until: date | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.valid_from and self.valid_until:
            _assert_in_order(self.valid_from, self.valid_until, "the special-access grant")
        return self

    def holds(self, today: date) -> bool:
        """Whether the grant's own days, if it has any, include today."""
        return (self.valid_from or today) <= today <= (self.valid_until or today)


class DatasetGrant(_Model):
    """What a project gets of one dataset: its owner's approval, tables and columns by SAIL's names, refreshes."""

    approval: Approval
    tables: Literal["all"] | tuple[str, ...] | dict[str, Columns] = "all"
    special_access: tuple[SpecialAccess, ...] = ()
    refreshes: Literal["all", "latest"] | tuple[str, ...] = "all"

    @field_validator("special_access", mode="before")
    @classmethod
    def _one_is_a_list_of_one(cls, value: Any) -> Any:
        if value is None:
            return ()
        return (value,) if isinstance(value, dict | SpecialAccess) else value

    @property
    def special_tables(self) -> frozenset[str]:
        """The special-access tables that any of the grants names."""
        return frozenset(name for each in self.special_access for name in each.tables)

    def assert_valid(self, today: date, what: str) -> None:
        """Refused where the owner's approval, or every special-access grant of a table, does not hold today."""
        self.approval.assert_valid(today, what)
        held = {name for each in self.special_access if each.holds(today) for name in each.tables}
        for each in self.special_access:
            if lapsed := sorted(set(each.tables) - held):
                raise Refused(
                    f"{what}: the special-access grant {each.reference} of {', '.join(lapsed)} holds from "
                    f"{each.valid_from or 'the start'} until {each.valid_until or 'the end of the approval'}, not "
                    "today; renew it, or take these tables out"
                )


class Definition(_Model):
    """Which people: a definition that is shipped, by name, or SQL of one's own over the harmonised core."""

    definition: str | None = None
    sql: str | None = None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.definition is None) == (self.sql is None):
            raise ValueError("say either definition, the name of a shipped one, or sql")
        return self

    @field_validator("definition")
    @classmethod
    def _is_shipped(cls, name: str | None) -> str | None:
        if name is not None:
            definition_sql(name)
        return name

    @field_validator("sql")
    @classmethod
    def _is_in_the_sub_language(cls, sql: str | None) -> str | None:
        if sql is not None:
            checked(sql)
        return sql

    @property
    def checked(self) -> CheckedSql:
        """The definition, ready to run."""
        return checked(definition_sql(self.definition) if self.definition else self.sql or "")


class Matched(_Model):
    """How many of the comparison group each person of the cohort is given, and alike in what."""

    per_person: int = Field(ge=1, le=20)
    alike_in: tuple[Characteristic, ...] = Field(default=("gender", "year_of_birth"), min_length=1)


class Comparison(Definition):
    """A second group of people, beside the cohort: all that its definition names, or some matched to the cohort."""

    matched: Matched | None = None


class Project(_Model):
    """A research project and all that it may have."""

    number: str = Field(pattern=r"^[0-9]{4}$")
    title: str = Written
    lead: str = Written
    organisation: str = Written
    purpose: str = Written
    approval: Approval
    five_safes: FiveSafes | None = None
    disclosure_policy: str = "sail-2025"
    refresh: Literal["each_release", "on_request"] = "on_request"
    small_area: Literal["none", "region", "local_authority", "lsoa"] = "lsoa"
    match_statuses: Literal["all"] | tuple[str, ...] = "all"
    cohort: Definition | None = None
    comparison: Comparison | None = None
    views: tuple[Literal["case", "case_adult", "case_app", "hearing"], ...] = ()
    datasets: dict[str, DatasetGrant] = Field(min_length=1)

    @field_validator("match_statuses", mode="before")
    @classmethod
    def _statuses_are_text(cls, value: Any) -> Any:
        """`[1, 4, 39]` is what people write, and statuses are text."""
        return tuple(map(str, value)) if isinstance(value, list | tuple) else value

    @model_validator(mode="after")
    def _a_comparison_is_with_a_cohort(self) -> Self:
        if self.comparison and not self.cohort:
            raise ValueError("a comparison group is compared with a cohort: say `cohort` as well")
        if isinstance(self.match_statuses, tuple) and not self.match_statuses:
            raise ValueError("match_statuses: name those that are wanted, or leave it out for all")
        return self

    @property
    def data_schema(self) -> str:
        """The schema of the project's tables."""
        return f"SAIL{self.number}V"

    @property
    def work_schema(self) -> str:
        """The analyst's own writable schema, a file of its own."""
        return f"SAILW{self.number}V"

    def gives_area(self, level: AreaLevel) -> bool:
        """Whether areas of a level, and so larger ones, are given."""
        return self.small_area != "none" and AREAS.index(level) <= AREAS.index(self.small_area)

    def assert_approved(self, today: date) -> None:
        """Refused where the project's or a data owner's approval does not hold today."""
        self.approval.assert_valid(today, f"project {self.number}")
        for name, grant in sorted(self.datasets.items()):
            grant.assert_valid(today, f"project {self.number}, dataset {name}")


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


def _assert_in_order(first: date, last: date, what: str) -> None:
    if last < first:
        raise ValueError(f"{what} ends before it begins")
