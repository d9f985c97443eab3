"""The TTP's page on a refresh's linkage: the report's counts, the model, and Splink's charts of it."""

from fjo_pipeline.core.linkage_counts import Sections
from fjo_pipeline.core.pages import render
from fjo_pipeline.core.transfers import Subject
from fjo_pipeline.ttp.linkage.model import LinkageModel
from fjo_pipeline.ttp.report.charts import KIND, chart_scripts, level_weights, splink_charts

GUIDELINES = (
    {
        "item": "RECORD 6.3",
        "asks": "the linkage process, with the number of people at each stage",
        "where": "Who was linked, and how",
    },
    {
        "item": "RECORD 12.3",
        "asks": "the level of linkage, its methods, and how its quality was evaluated",
        "where": "people, to a population register: Model, thresholds and versions; What another threshold would do; "
        "Against truth; the method in words: docs/linkage.md",
    },
    {
        "item": "GUILD, data provision",
        "asks": "how the identifiers were recorded, and how good they are",
        "where": "What File 1 lacks, and for whom",
    },
    {
        "item": "GUILD, data linkage",
        "asks": "methods, thresholds and the errors to expect, for whom links are missed",
        "where": "What another threshold would do; Match rate by what File 1 says; Against truth",
    },
)


def linkage_page(subject: Subject, sections: Sections, model: LinkageModel) -> str:
    """The page as HTML."""
    return render(
        "fjo_pipeline.ttp.report",
        "linkage_report.html.j2",
        synthetic=subject.synthetic,
        dataset=subject.dataset,
        refresh=subject.refresh,
        sections=sections,
        charts=splink_charts(model),
        scripts=chart_scripts(),
        levels=level_weights(model),
        kind=KIND,
        guidelines=GUIDELINES,
    )
