"""What stands beside an extract in the project's folder: dictionary, linkage quality, RECORD checklist, README.

They are made with the extract, from the same snapshot, of exactly its tables and people, and made again with it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from fjo_pipeline.core.files import write_atomically
from fjo_pipeline.core.linkage_counts import Sections
from fjo_pipeline.core.pages import MADE_UP, render
from fjo_pipeline.core.sessions import Session, literal
from fjo_pipeline.databank.disclosure.policy import load_policy
from fjo_pipeline.databank.flow import Databank, Partition, partitions
from fjo_pipeline.databank.projects.cohort_quality import cohort_rates, words
from fjo_pipeline.databank.projects.describing import describe
from fjo_pipeline.databank.projects.dictionary import Lookup, Table, all_code_names
from fjo_pipeline.databank.projects.grants import Project
from fjo_pipeline.databank.projects.places import extract_key, extract_path
from fjo_pipeline.databank.projects.record_checklist import record_checklist
from fjo_pipeline.databank.projects.records import Extract
from fjo_pipeline.databank.projects.worked import Opening, Question, opening, questions

PACKAGE = "fjo_pipeline.databank.projects"
DICTIONARY = "data-dictionary.json"
PAGES = ("data-dictionary.html", "linkage-quality.html", "record-checklist.html")


def write_beside(databank: Databank, project: Project, extract: Extract) -> None:
    """Write everything that belongs beside an extract that has just been made."""
    path = extract_path(databank, project.number)
    policy = load_policy(project.disclosure_policy)
    key = literal(extract_key(databank.keyring, project.number))
    with databank.store.reading(extract.snapshot) as session:
        session.run(f"ATTACH {literal(path)} AS extract (ENCRYPTION_KEY {key}, READ_ONLY)", step="open the extract")
        tables = described(databank, session, extract)
        names = all_code_names(session, tables)
        pinned = [each for each in partitions(session) if each.refresh in extract.refreshes.get(each.dataset, [])]
        rates = {
            each: cohort_rates(session, databank, project.number, each, tables, policy)
            for each in pinned
            if not databank.contract(each.dataset).register_
        }
    contracts = {dataset: databank.contract(dataset) for dataset in sorted(extract.refreshes)}
    checklist = record_checklist(project, contracts, pinned, tables)
    pages = {
        "data-dictionary.html": _page("dictionary", project, extract, tables=tables, names=names),
        "linkage-quality.html": _page("quality", project, extract, rates=rates, words=words, policy=policy),
        "record-checklist.html": _page("record", project, extract, checklist=checklist),
        DICTIONARY: dictionary_json(extract, tables, names),
        "linkage-quality.json": _json(extract, policy=policy.name, match_rates=_rates_json(rates)),
        "record-checklist.json": _json(extract, items=[asdict(each) for each in checklist]),
        "README.txt": readme(project, extract.synthetic, opened(project), questions(tables)),
    }
    for name, content in pages.items():
        write_atomically(path.parent / name, content.encode())


def described(databank: Databank, session: Session, extract: Extract) -> list[Table]:
    """What each table of an open extract holds."""
    return describe(
        session,
        {dataset: databank.contract(dataset) for dataset in extract.refreshes},
        extract.refreshes,
        {name: int(table["rows"]) for name, table in extract.tables.items()},
        f"SAIL{extract.project}V",
    )


def dictionary_json(extract: Extract, tables: Sequence[Table], names: Mapping[Lookup, Mapping[Any, str]]) -> str:
    """The data dictionary for machines: every table, its columns, and the names of the codes that they use."""
    lookups = {each.table: {str(code): name for code, name in codes.items()} for each, codes in names.items()}
    return _json(extract, tables=[each.as_json() for each in tables], codes=lookups)


def opened(project: Project) -> Opening:
    """How the project's two files are attached by somebody in its folder."""
    return opening(
        "extract.duckdb",
        work=f"{project.work_schema}.duckdb",
        work_schema=project.work_schema,
        csv="workspace/csv",
        stata="workspace/stata",
    )


def readme(project: Project, synthetic: bool, how: Opening, asked: Sequence[Question]) -> str:
    """The README of an extract: how to attach it, and the first questions in four languages."""
    return render(
        PACKAGE,
        "README.txt.j2",
        synthetic=synthetic,
        project=project,
        how=how,
        questions=asked,
        duckdb_version=version("duckdb"),
    )


def _page(template: str, project: Project, extract: Extract, **content: Any) -> str:
    return render(
        PACKAGE, f"{template}.html.j2", synthetic=extract.synthetic, project=project, extract=extract, **content
    )


def _json(extract: Extract, **content: Any) -> str:
    made_up = {"made_up": MADE_UP} if extract.synthetic else {}
    about = {"project": extract.project, "snapshot": extract.snapshot, "refreshes": extract.refreshes}
    return json.dumps(made_up | about | content, indent=1) + "\n"


def _rates_json(rates: Mapping[Partition, Sections]) -> list[dict[str, Any]]:
    return [
        {
            "dataset": each.dataset, "refresh": each.refresh, "dimension": name,
            "category": row.item, "people": row.people, "linked": row.linked,
        }
        for each, sections in rates.items()
        for name, rows in sections.items()
        for row in rows
    ]  # fmt: skip
