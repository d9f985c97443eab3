"""What the bulletin reads: a published folder, which is a Frictionless Data Package of tidy tables.

Anything that is not as the package says is refused, and so is a table of made-up data that does not say so itself.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.databank.disclosure.policy import ORGANISATIONS

LEVELS = ("nation", "region", "dfj_area", "local_authority")
AREA_COLUMNS = ("area_level", "area_code", "area_name")
DATA_COLUMN = "data"
NOTE_COLUMN = "note"
WELSH_DFJ_AREAS = ("NORTH_WALES", "SOUTH_EAST_WALES", "SWANSEA")
"""From hmcts/fpl-ccd-configuration, MIT: which are Welsh by their names."""

Row = dict[str, str]


class Column(BaseModel):
    """A column of a published table, as its schema describes it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    title: str = ""
    description: str = ""
    role: Literal["dimension", "measure", "note"] = Field(default="dimension", alias="fjo:role")
    unit: str = Field(default="", alias="fjo:unit")


class Schema(BaseModel):
    """The columns of a table in their order."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    fields: list[Column]


class Source(BaseModel):
    """A study whose definition a table follows; `path` is its DOI or address, where one is known."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    title: str
    path: str | None = None

    @property
    def link(self) -> str | None:
        """The address to link to: http(s) only, so that no package can smuggle in a script."""
        path = re.sub("^doi:", "https://doi.org/", self.path or "")
        return path if path.startswith(("https://", "http://")) else None


class Resource(BaseModel):
    """A published table as the package describes it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    title: str
    path: str = Field(pattern=r"^tables/[a-z0-9_]+\.csv$")
    table_schema: Schema = Field(alias="schema")
    description: str = ""
    definition: str = ""
    sources: list[Source] = []
    parameters: dict[str, Any] = {}
    record: str | None = None

    @property
    def stem(self) -> str:
        """What its files are called."""
        return PurePosixPath(self.path).stem


class PublishedUnder(BaseModel):
    """The disclosure policy of the release."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    version: str
    threshold: int
    rounding: int
    area_approval: str | None = None


class Described(BaseModel):
    """The package's descriptor: what the release is, and its tables."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    created: str = ""
    synthetic: bool = Field(strict=True)
    policy: PublishedUnder
    snapshot: int | str = ""
    refreshes: list[str] = []
    code_version: str = ""
    resources: list[Resource] = []


@dataclass(frozen=True, order=True)
class Area:
    """A place that the tables have figures for; sorted by level, then as the tables name it."""

    rank: int
    name: str
    code: str
    level: str = field(compare=False)
    nation: str | None = field(default=None, compare=False)
    """The code of the nation in which it lies; none for a nation."""


@dataclass(frozen=True)
class Table:
    """A published table: its description, and its rows as they are written, by area."""

    resource: Resource
    content: bytes
    rows: dict[tuple[str, str], list[Row]]

    @property
    def columns(self) -> dict[str, Column]:
        """The columns by name."""
        return {column.name: column for column in self.resource.table_schema.fields}

    def values(self, column: str) -> list[str]:
        """The distinct values of a column, in the order in which they first stand."""
        return list(dict.fromkeys(row[column] for rows in self.rows.values() for row in rows))


@dataclass(frozen=True)
class Package:
    """A release: what its descriptor says, and its tables."""

    described: Described
    tables: dict[str, Table]
    areas: list[Area]

    def area(self, level: str, code: str | None) -> Area | None:
        """The area of a level and code, where the tables have it."""
        return next((area for area in self.areas if (area.level, area.code) == (level, code)), None)


def read_package(folder: Path) -> Package:
    """A published folder; Refused where its descriptor or a table is not what it must be."""
    descriptor = folder / "datapackage.json"
    if not descriptor.is_file():
        raise Refused(f"{folder} is no published folder: it has no datapackage.json")
    try:
        described = Described.model_validate_json(descriptor.read_bytes())
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise Refused(f"{descriptor} is not what the bulletin reads: {places}") from None
    tables = {each.stem: _read_table(folder, each, described.synthetic) for each in described.resources}
    areas = sorted(_areas(tables))
    named = sorted({area.level for area in areas if area.level in ORGANISATIONS})
    if named and not described.policy.area_approval:
        raise Refused(
            f"the tables compare areas of level {' and '.join(named)}, and their policy names no approval for it"
        )
    return Package(described, tables, areas)


def file_in(folder: Path, path: str) -> Path:
    """A file that the package names, which must lie inside its folder."""
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or not (folder / parts).is_file():
        raise Refused(f"datapackage.json names {path}, which is no file of the published folder")
    return folder / parts


def _read_table(folder: Path, resource: Resource, synthetic: bool) -> Table:
    content = file_in(folder, resource.path).read_bytes()
    reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
    named = [column.name for column in resource.table_schema.fields]
    if list(reader.fieldnames or []) != named:
        raise Refused(f"{resource.path}: the columns of the file are not those of its schema in datapackage.json")
    if missing := [column for column in AREA_COLUMNS if column not in named]:
        raise Refused(f"{resource.path} has no column {', '.join(missing)}")
    rows: dict[tuple[str, str], list[Row]] = {}
    for row in reader:
        if None in row or None in row.values():
            raise Refused(
                f"{resource.path}, line {reader.line_num}: the line has not as many values as there are columns"
            )
        if row["area_level"] not in LEVELS:
            raise Refused(f"{resource.path}, line {reader.line_num}: area_level is none of {', '.join(LEVELS)}")
        if synthetic and "MADE-UP DATA" not in row.get(DATA_COLUMN, ""):
            raise Refused(f"{resource.path}, line {reader.line_num}: the data are made up and the line does not say so")
        rows.setdefault((row["area_level"], row["area_code"]), []).append(row)
    return Table(resource, content, rows)


def _areas(tables: dict[str, Table]) -> Iterator[Area]:
    """Each area that has a code once, under the name that the first table has for it."""
    names: dict[tuple[str, str], str] = {}
    for table in tables.values():
        for (level, code), rows in table.rows.items():
            if code:
                names.setdefault((level, code), rows[0]["area_name"])
    nations = {name: code for (level, code), name in names.items() if level == "nation"}
    for (level, code), name in names.items():
        yield Area(LEVELS.index(level), name, code, level, nations.get(nation_of(level, code)))


def nation_of(level: str, code: str) -> str:
    """The nation in which an area lies: statistical codes begin with its letter, those of family court areas do not."""
    welsh = code in WELSH_DFJ_AREAS if level == "dfj_area" else code.startswith("W")
    return "" if level == "nation" else ("Wales" if welsh else "England")
