"""What stands on one area's page: chapters, charts and views with their words and figures, ready for the templates."""

from collections.abc import Sequence
from dataclasses import dataclass

from fjo_pipeline.databank.bulletin.declared import Chapter, Chart, Note, Pages
from fjo_pipeline.databank.bulletin.package import Area, Column, Package, Resource
from fjo_pipeline.databank.bulletin.sentences import Wording, meaning_of, number, place, sentences
from fjo_pipeline.databank.bulletin.views import Cell, Figures, Series, ViewOfTable


@dataclass(frozen=True)
class ShownView:
    """A view of one area: its words, and the table that the chart is drawn from."""

    label: str
    kind: str
    measure: str
    unit: str
    along: str
    says: list[str]
    figures: Figures
    notes: dict[str, Note]

    @property
    def lines(self) -> list[tuple[str, bool, list[tuple[Cell, str]]]]:
        """The table's lines: what each is of, whether the chart leaves it out, its figures and how they are written."""
        columns = [list(zip(series.cells, _written(series), strict=True)) for series in self.figures.series]
        heads = zip(self.figures.along, self.figures.undrawn, strict=True)
        return [(along, undrawn, [cells[index] for cells in columns]) for index, (along, undrawn) in enumerate(heads)]

    @property
    def reasons(self) -> list[tuple[str, str]]:
        """Each note of the table, and what it means."""
        parts = dict.fromkeys(part for note in self.figures.notes for part in note.split("; "))
        return [(part, meaning_of(part, self.notes)) for part in parts]


def _titled(column: Column) -> str:
    """The title of a measure, with the unit where it is a share."""
    title = column.title or column.name
    return f"{title}, percent" if column.unit == "percent" else title


def _written(series: Series) -> list[str]:
    """Figures with as many decimals each, so that they stand under one another; or why there is none, told below
    the table where its row gives several reasons."""
    numbers = [number(cell.value, series.column.unit) for cell in series.cells if cell.value is not None]
    places = int(any("." in each for each in numbers))
    return [
        ("not shown" if "; " in cell.note else cell.note) if cell.value is None else f"{cell.value:,.{places}f}"
        for cell in series.cells
    ]


@dataclass(frozen=True)
class ShownChart:
    """A question with the views that answer it for one area; where nothing was published, why."""

    declared: Chart
    resource: Resource
    views: list[ShownView]
    nothing: str


@dataclass(frozen=True)
class ShownChapter:
    """A chapter with what can be shown of it; `left_out` are the questions whose tables are not in the release."""

    declared: Chapter
    charts: list[ShownChart]
    left_out: list[str]


class Bulletin:
    """A release laid out by the declared pages; asked for the chapters of one area at a time."""

    def __init__(self, package: Package, pages: Pages) -> None:
        self.package, self.pages = package, pages
        self._views = {
            chart.id: [
                ViewOfTable(package.tables[chart.table], view, pages.notes)
                for view in chart.views
                if view.measure in package.tables[chart.table].columns
            ]
            for chapter in pages.chapters
            for chart in chapter.charts
            if chart.table in package.tables
        }

    def chapters(self, area: Area) -> list[ShownChapter]:
        """The chapters that have at least one chart."""
        shown = [self._chapter(chapter, area) for chapter in self.pages.chapters]
        return [chapter for chapter in shown if chapter.charts]

    @property
    def left_out(self) -> list[str]:
        """Titles of the chapters none of whose tables is in the release."""
        return [
            chapter.title
            for chapter in self.pages.chapters
            if not any(self._views.get(chart.id) for chart in chapter.charts)
        ]

    def headlines(self, chapters: Sequence[ShownChapter]) -> list[tuple[str, str, str]]:
        """Of each headline chart its id, its question and the first words of its answer."""
        return [
            (chart.declared.id, chart.declared.question, chart.views[0].says[0])
            for chapter in chapters
            for chart in chapter.charts
            if chart.declared.headline and chart.views and chart.views[0].figures.are_any
        ]

    def place(self, area: Area) -> str:
        """An area as it stands in a sentence."""
        return place(area, self.pages.spoken, self.pages.levels[area.level].named)

    def _chapter(self, chapter: Chapter, area: Area) -> ShownChapter:
        there = [chart for chart in chapter.charts if self._views.get(chart.id)]
        left_out = [chart.question for chart in chapter.charts if chart not in there]
        return ShownChapter(chapter, [self._chart(chart, area) for chart in there], left_out)

    def _chart(self, chart: Chart, area: Area) -> ShownChart:
        nation = self.package.area("nation", area.nation) or area
        views = [self._view(view, area) for view in self._views[chart.id] if view.view.only_in in (None, nation.name)]
        views = [view for view in views if view.figures.along]
        nothing = "" if views else f"No figures about this were published for {self.place(area)}."
        return ShownChart(chart, self.package.tables[chart.table].resource, views, nothing)

    def _view(self, view: ViewOfTable, area: Area) -> ShownView:
        figures = view.figures(area, self.package.area("nation", area.nation))
        columns = view.table.columns
        wording = Wording(self.place(area), view.unit, self.package.described.policy.rounding, self.pages.notes)
        return ShownView(
            label=view.view.label,
            kind=view.view.kind,
            measure=view.view.title or _titled(columns[view.view.measure]),
            unit=view.unit,
            along="Years" if view.view.kind == "curve" else columns[view.view.along].title or view.view.along,
            says=sentences(view.view, figures, wording),
            figures=figures,
            notes=self.pages.notes,
        )
