"""What stands on the bulletin's pages, as `pages.yaml` declares it: chapters of questions, each with the views of a
table that answer it, and the words in which an answer is said.
"""

import string
from functools import cache
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fjo_pipeline.core.yaml_lines import read_model

PAGES = Path(__file__).parent / "pages.yaml"
PLACES = {
    "line": {"along", "value", "area"},
    "curve": {"along", "value", "area"},
    "curves": {"groups", "area"},
    "bars": {"along", "highest", "highest_value", "lowest", "lowest_value", "area"},
}
"""What the sentence of a view may name, by kind of chart; `curves` are a curve for each group."""


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class View(_Declared):
    """One way to look at a table: a measure along a dimension, for one area, perhaps broken down by a second one.

    `line` goes over time and is compared with the time before; `curve` goes over days since an event, shown as years;
    `bars` are the categories of `along`, in the latest year that has figures. `also` makes the periods finer: quarters
    of years. `beside` are measures that the table has beside the one that is drawn. `title` is said of the measure
    where the table's own title is not enough. `only_in` names the nation whose areas the view is for.
    """

    label: str
    kind: Literal["line", "curve", "bars"]
    measure: str
    says: str
    title: str | None = None
    along: str = "year"
    also: str | None = None
    by: str | None = None
    only_in: Literal["England", "Wales"] | None = None
    where: dict[str, str] = {}
    beside: list[str] = []
    order: list[str] = []
    names: dict[str, str] = {}

    @property
    def broken_down(self) -> bool:
        """Whether the sentence names the highest and the lowest of several categories."""
        return self.kind == "bars" or self.by is not None

    @model_validator(mode="after")
    def _the_sentence_names_what_there_is(self) -> Self:
        named = {name for _, name, _, _ in string.Formatter().parse(self.says) if name is not None}
        allowed = PLACES["curves" if self.by and self.kind == "curve" else "bars" if self.broken_down else self.kind]
        if unknown := named - allowed:
            raise ValueError(f"says names {', '.join(sorted(unknown))}; it may name {', '.join(sorted(allowed))}")
        return self


class Note(_Declared):
    """What a note of the tables means; `short` stands in a cell, `units` are those whose figures it can be of."""

    means: str
    short: str | None = None
    units: list[str] = []


class Chart(_Declared):
    """A question that practitioners ask, the views that answer it, and what the answer does not say."""

    id: str = Field(pattern=r"^[a-z0-9-]+$")
    question: str
    table: str
    does_not_say: list[str]
    views: list[View] = Field(min_length=1)
    headline: bool = False


class Chapter(_Declared):
    """A subject."""

    id: str = Field(pattern=r"^[a-z0-9-]+$")
    title: str
    intro: str
    charts: list[Chart]


class Level(_Declared):
    """What areas of a level are called."""

    one: str
    many: str
    named: str


class Pages(_Declared):
    """The whole bulletin."""

    title: str
    about: str
    levels: dict[str, Level]
    spoken: dict[str, str]
    welsh: dict[str, str]
    notes: dict[str, Note]
    chapters: list[Chapter]


@cache
def declared_pages() -> Pages:
    """The pages as they are declared."""
    return read_model(PAGES, Pages, "the declaration of the bulletin's pages")
