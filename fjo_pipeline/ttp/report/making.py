"""Make a refresh's linkage report: a table in the TTP's store, a page in its folder, a draft for the databank."""

from dataclasses import dataclass, replace
from pathlib import Path

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.linkage_counts import read_counts, write_counts
from fjo_pipeline.core.pages import write_page
from fjo_pipeline.core.stores import one_transaction
from fjo_pipeline.core.transfers import Draft
from fjo_pipeline.ttp.flow import Ttp, subject_of_results, truth_version
from fjo_pipeline.ttp.linkage.model import load_model
from fjo_pipeline.ttp.report.counts import count_linkage
from fjo_pipeline.ttp.report.page import linkage_page
from fjo_pipeline.ttp.store import has_partition, partition


@dataclass(frozen=True)
class ReportMade:
    """What a report shows in figures of its own: rows, whether truth was at hand, and the page's digest."""

    rows: int
    against_truth: bool
    page: str


def page_path(ttp: Ttp, dataset: str, refresh: str) -> Path:
    """Where the page on a refresh's linkage lies."""
    return ttp.settings.zone("ttp") / "reports" / dataset / f"{refresh}.html"


def make_linkage_report(ttp: Ttp, dataset: str, refresh: str) -> ReportMade:
    """Count, keep, show and draft; nothing leaves the zone yet. Refused before the refresh is linked."""
    keyring, model = ttp.keyring, load_model()
    file_1, name = ttp.file_1(dataset, refresh), f"ttp.report.{partition(dataset, refresh)}"
    with ttp.store.writing() as session:
        if not all(has_partition(session, schema, dataset, refresh) for schema in ("file_1", "links")):
            raise Refused(f"{dataset}/{refresh} has not been linked: link it first")
        truth = truth_version(ttp, dataset, refresh)
        counts = count_linkage(session, ttp.contract(dataset), refresh, model, truth)
        with one_transaction(session):
            rows = write_counts(session, name, counts)
        subject = replace(subject_of_results(session, file_1), kind="linkage_report")
        draft = Draft.begin(ttp.work(dataset, refresh, "linkage_report"), subject)
        draft.write(session, "linkage_report", f"SELECT * FROM {name} ORDER BY section, place")
        draft.save(keyring)
        sections = read_counts(session, name)
    page = write_page(page_path(ttp, dataset, refresh), linkage_page(subject, sections, model))
    return ReportMade(rows, truth is not None, page)
