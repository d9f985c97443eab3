"""A published table as a YAML file declares it: which mart it counts, by what, and which measures it shows."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.table_contracts import mistake
from fjo_pipeline.core.yaml_lines import read_model
from fjo_pipeline.databank.disclosure.policy import Area

TABLES = Path(__file__).parent / "tables"
NAME = r"^[a-z][a-z0-9_]*$"
SUBNATIONAL: tuple[Area, ...] = ("region", "dfj_area", "local_authority")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Strict):
    """A paper or report whose definition the table follows."""

    title: str
    path: str | None = Field(default=None, pattern=r"^https://", description="its DOI or address, where one is known")


class Dimension(_Strict):
    """What the table counts by, beside the area.

    `always` divides every row, `alone` is one breakdown beside others, `apart` tells rows of the mart apart that count
    the same people in another way, so that each way is a table of its own.
    """

    name: str = Field(pattern=NAME)
    title: str
    description: str
    use: Literal["always", "alone", "apart"]
    values: str = Field(description="SQL on the mart; alone, of a mart of categories: the name of its dimension")
    total: bool = Field(default=True, description="whether its sum is shown: not where one person is in several values")


class Measure(_Strict):
    """One column of figures.

    count: whole units, protected and rounded, a part of the count named in `of`. share, rate: of two columns, made of
    rounded counts. reference: public figures that nobody needs to protect. median: of the units of the count in `of`.
    """

    name: str = Field(pattern=NAME)
    kind: Literal["count", "share", "rate", "reference", "median"]
    title: str
    description: str
    unit: str
    value: str | None = Field(default=None, description="SQL on the mart: an aggregate, or a column of categories")
    of: str | None = Field(default=None, description="count: what it is a part of; median: whose it is")
    numerator: str | None = None
    denominator: str | None = Field(
        default=None, description="a count or reference; left out: the numerator over `over`"
    )
    over: tuple[str, ...] = Field(default=(), description="dimensions over which the denominator is summed")
    per: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        made_of = self.kind in ("share", "rate")
        if made_of and (self.numerator is None or (self.denominator is None and not self.over)):
            raise ValueError(f"a {self.kind} needs a numerator, and a denominator or the dimensions it is over")
        if not made_of and self.value is None:
            raise ValueError(f"a {self.kind} needs value, the SQL that counts it")
        if self.kind == "median" and self.of is None:
            raise ValueError("a median needs of: the count of those whose median it is")
        return self


class Curve(_Strict):
    """Survival by Kaplan and Meier from a mart of days, at risk and events; a group's curve is shown where both the
    group and its events are shown in another table, with which they are protected."""

    table: str
    people: str
    events: dict[str, str] | str = Field(description="the count of events, by value of the dimension that is apart")
    step_days: int = Field(ge=1, description="days that are put together before the policy's threshold is looked at")
    unit: str


class PublishedTable(_Strict):
    """A table that may leave, under a policy."""

    name: str = Field(pattern=NAME)
    title: str
    description: str = Field(min_length=40, description="plain English, for a practitioner")
    definition: str = Field(min_length=40)
    sources: tuple[Source, ...] = ()
    subject: str = Field(description="what the bulletin puts together")
    mart: str = Field(pattern=NAME)
    form: Literal["categories", "rows"] = Field(
        description="categories: a mart of counts by dimension and category; rows: one row a unit that is counted"
    )
    query: str | None = Field(default=None, description="SQL on {mart}, where not the mart itself is counted")
    where: str = "true"
    nation: str = "nation"
    edition: str = Field(default="nation", description="the newest refresh is taken of each value of this")
    parameters: tuple[str, ...] = Field(default=(), description="dbt vars that define it")
    areas: tuple[Area, ...] = ("nation", "region")
    overlapping: bool = Field(default=False, description="whether one person may be in several areas or categories")
    dimensions: tuple[Dimension, ...] = ()
    together: tuple[tuple[str, ...], ...] = Field(default=(), description="breakdowns by several dimensions at once")
    measures: tuple[Measure, ...] = ()
    curve: Curve | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if (self.curve is None) == (not self.measures):
            raise ValueError("a table has either measures or a curve")
        if not any(each.kind == "count" for each in self.measures) and not self.curve:
            raise mistake("a table needs a count: nothing else can be protected", "measures")
        names: set[str] = set()
        for place, name in self._names():
            if name in names | {"area_level", "area_code", "area_name", "note", "data"}:
                raise mistake(f"{name} is the name of another column", *place)
            names.add(name)
        dimensions = {each.name for each in self.dimensions} | set(self.areas)
        for index, breakdown in enumerate(self.together):
            if unknown := sorted(set(breakdown) - dimensions):
                raise mistake(f"{unknown[0]} is no dimension or area of this table", "together", index)
            if self.form == "categories":
                raise mistake("a mart of categories has no breakdown by several at once", "together", index)
        for index, measure in enumerate(self.measures):
            self._refers_to_what_is_there(measure, index)
        return self

    def _names(self) -> Iterator[tuple[tuple[int | str, ...], str]]:
        yield from ((("dimensions", index), each.name) for index, each in enumerate(self.dimensions))
        yield from ((("measures", index), each.name) for index, each in enumerate(self.measures))

    def _refers_to_what_is_there(self, measure: Measure, index: int) -> None:
        before = {each.name: each.kind for each in self.measures[:index]}
        counts = {name for name, kind in before.items() if kind == "count"}
        for said, known in (
            ("of", counts),
            ("numerator", counts),
            ("denominator", counts | {name for name, kind in before.items() if kind == "reference"}),
        ):
            name = getattr(measure, said)
            if name is not None and name not in known:
                raise mistake(f"{name} is no count before it in this table", "measures", index, said)
        if unknown := sorted(set(measure.over) - {each.name for each in self.dimensions}):
            raise mistake(f"{unknown[0]} is no dimension of this table", "measures", index, "over")
        if measure.kind in ("reference", "median") and self.form == "rows":
            raise mistake(f"a {measure.kind} needs a mart of categories", "measures", index, "kind")

    def used(self, use: str) -> tuple[Dimension, ...]:
        """The dimensions of one use."""
        return tuple(each for each in self.dimensions if each.use == use)

    @cached_property
    def counts(self) -> tuple[Measure, ...]:
        """The measures that are counts."""
        return tuple(each for each in self.measures if each.kind == "count")

    def roots(self) -> tuple[Measure, ...]:
        """The counts that are no part of another one."""
        return tuple(each for each in self.counts if each.of is None)

    def parts(self, name: str) -> tuple[Measure, ...]:
        """The counts that are a part of this one."""
        return tuple(each for each in self.counts if each.of == name)


def load_tables(folder: Path = TABLES) -> tuple[PublishedTable, ...]:
    """Every published table, by name; Refused names file, line, place and rule of a mistake."""
    tables = tuple(read_model(path, PublishedTable, "the published table") for path in sorted(folder.glob("*.yaml")))
    counted = {each.name: {measure.name for measure in each.counts} for each in tables}
    for path, table in zip(sorted(folder.glob("*.yaml")), tables, strict=True):
        if table.name != path.stem:
            raise Refused(f"{path.name}: the table is called {table.name}, so the file is {table.name}.yaml")
        if table.curve:
            events = table.curve.events
            needed = {table.curve.people, *(events.values() if isinstance(events, dict) else [events])}
            if missing := sorted(needed - counted.get(table.curve.table, set())):
                raise Refused(f"{path.name}, curve: {missing[0]} is no count of the table {table.curve.table}")
    return tables
