"""The RECORD checklist of one extract: what the platform knows of each item, and what the researcher has to write.

Items and what they ask: Benchimol and others 2015, the RECORD statement, doi:10.1371/journal.pmed.1001885 (CC BY).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.databank.flow import Partition
from fjo_pipeline.databank.projects.dictionary import Table
from fjo_pipeline.databank.projects.grants import Project

YOURS = "to be written by the researcher"


@dataclass(frozen=True)
class Item:
    """One item: what RECORD asks, what the platform knows of it, and what is left to the researcher."""

    item: str
    asks: str
    known: tuple[str, ...] = ()
    left: str = YOURS


def record_checklist(
    project: Project, contracts: Mapping[str, Contract], pinned: Sequence[Partition], tables: Sequence[Table]
) -> list[Item]:
    """Every item of RECORD that goes beyond STROBE, in its order."""
    dates = {name: ", ".join(each.refresh for each in pinned if each.dataset == name) for name in contracts}
    named = tuple(f"{each.title}, refreshed {dates[name]}" for name, each in contracts.items())
    sources = tuple(f"{each.title}. {each.source.strip()}" for each in contracts.values())
    lookups = sum(each.kind == "lookup" for each in tables)
    linked = [each for each in pinned if not contracts[each.dataset].register_]
    method = (
        "Person-level linkage of each dataset to a population register by a trusted third party, by the split-file "
        "method: exact tiers, then probabilistic, to one register person or none; ALF_STS_CD and ALF_MTCH_PCT say how "
        "each person was linked (docs/linkage.md)."
    )
    refreshes = ", ".join(f"{each.dataset}/{each.refresh}" for each in linked)
    return [
        Item(
            "1.1",
            "The type of data used, in the title or abstract; where possible the names of the databases.",
            (f"Administrative records. Databases: {'; '.join(named)}.",),
            "name them in the title or abstract",
        ),
        Item(
            "1.2",
            "The geographic region and the timeframe of the study, in the title or abstract.",
            tuple(f"{each.title}, as deposited." for each in contracts.values()),
            "region and timeframe of the analysis: " + YOURS,
        ),
        Item(
            "1.3",
            "If databases were linked for the study, so stated in the title or abstract.",
            (method,),
            "say so in the title or abstract, where links are used",
        ),
        Item(
            "6.1",
            "How the study population was selected: codes or algorithms, in detail.",
            (f"What project {project.number} is given is said in its project file and in data-dictionary.html.",),
            "the codes and rules by which the population of the analysis was chosen from it: " + YOURS,
        ),
        Item("6.2", "Validation studies of the codes or algorithms that selected the population."),
        Item(
            "6.3",
            "The linkage process, as a flow diagram, with the number of people linked at each stage.",
            (f"Numbers by match status and by group of exactly these people: linkage-quality.html ({refreshes}).",),
            "the flow diagram of the analysis: " + YOURS,
        ),
        Item(
            "7.1",
            "The complete list of codes and algorithms that classify exposures, outcomes, confounders and effect "
            "modifiers.",
            (f"Every code of the extract with its name: {lookups} lookups, in data-dictionary.json.",),
            "which codes were used for what: " + YOURS,
        ),
        Item(
            "12.1",
            "To what extent the investigators had access to the database population.",
            (
                "Only to the tables, columns and rows of data-dictionary.html, under ids of the project's own, by "
                f"approval {project.approval.reference} of {project.approval.by}, {project.approval.valid_from} to "
                f"{project.approval.valid_until}.",
            ),
            "nothing, unless other data were used besides",
        ),
        Item(
            "12.2",
            "The methods of data cleaning.",
            (
                "A deposit is checked against its contract before it is taken. Exact copies, and birth years with a "
                "century typo, are kept as they came; tables are provided as deposited, codes as codes.",
            ),
            "the cleaning done in the analysis: " + YOURS,
        ),
        Item(
            "12.3",
            "Whether data were linked, at which level, by which methods, and how the linkage was evaluated.",
            (method, "Evaluation: linkage-quality.html, by group of people."),
            "further evaluation, such as other thresholds: " + YOURS,
        ),
        Item(
            "13.1",
            "The selection of the people in the study, including filtering by data quality, availability and linkage.",
            ("Who was linked and who was not, by group: linkage-quality.html.",),
            "who was left out of the analysis, and why: " + YOURS,
        ),
        Item(
            "19.1",
            "What it implies that the data were not collected to answer the research question: misclassification, "
            "unmeasured confounding, missing data, eligibility that changes over time.",
            sources,
        ),
        Item(
            "22.1",
            "How to get supplemental information: protocol, raw data, programming code.",
            (
                "The data are provided to approved projects only. The software that made the extract is open "
                "(fjo-pipeline, MIT licence). A made-up extract of the same shape: "
                f"fjo project synth {project.number}.",
            ),
            "where protocol and analysis code can be got: " + YOURS,
        ),
    ]
