"""A page a refresh that says what changed against the last: first what lies beyond its band, then all of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.pages import render, write_page
from fjo_pipeline.databank.differences.judging import DETAILS, Judged
from fjo_pipeline.databank.differences.keeping import Comparison, comparison, read_differences, renew_differences
from fjo_pipeline.databank.flow import Databank, partitions
from fjo_pipeline.databank.tables import CuratedTable, curated_tables

MEASURES = {
    "rows": "Rows by table",
    "keys": "Keys that are new, gone or changed",
    "columns": "Columns",
    "column": "Columns by name",
    "lookup_rows": "Rows of lookups",
    "lookup_names": "Names in lookups",
    "lookup_row": "Lookup rows by code",
    "code_share": "Shares of codes",
    "missing": "Missing values by field",
    "match_rate": "Match rate",
    "match_status": "Match statuses",
    "link_changes": "People whose link is another one",
}
"""What is compared, in the order of the page."""


def differences_path(databank: Databank, dataset: str, refresh: str) -> Path:
    """Where the page on what a refresh changed lies."""
    return databank.settings.zone("databank") / "differences" / dataset / f"{refresh}.html"


@dataclass(frozen=True)
class Compared:
    """A refresh's comparison, and how many differences are beyond their bands: by measure, and in other refreshes.

    The others are those that had to be compared anew, because this refresh came between or was made again.
    """

    against: str | None
    digest: str
    judged: int
    beyond: int
    beyond_by_measure: dict[str, int]
    beyond_in_others: dict[str, int]

    @property
    def within_bands(self) -> bool:
        """Whether nothing that was compared now lies beyond its band."""
        return not self.beyond and not any(self.beyond_in_others.values())


def compare_refresh(databank: Databank, dataset: str, refresh: str) -> Compared:
    """Bring a dataset's differences and their pages up to date; returns what is kept of this refresh.

    Refused where the refresh is not curated.
    """
    renewed = renew_differences(databank, dataset)
    others = {each.refresh: each.beyond for each in renewed if each.refresh != refresh}
    for other in others:
        make_differences_page(databank, dataset, other)
    make_differences_page(databank, dataset, refresh)
    with databank.store.reading() as session:
        kept, found = comparison(session, dataset, refresh), read_differences(session, dataset, refresh)
    beyond = Counter(each.measure for each in found if each.within_band is False)
    return Compared(kept.against, kept.digest, kept.judged, kept.beyond, dict(sorted(beyond.items())), others)


def make_differences_page(databank: Databank, dataset: str, refresh: str) -> str:
    """Write the page of a refresh from the differences that are kept; returns its SHA-256."""
    with databank.store.reading() as session:
        about, found = comparison(session, dataset, refresh), read_differences(session, dataset, refresh)
        synthetic = any(
            each.synthetic for each in partitions(session) if each.dataset == dataset and each.refresh in _two(about)
        )
    page = differences_page(databank.contract(dataset), about, found, synthetic=synthetic)
    return write_page(differences_path(databank, dataset, refresh), page)


def differences_page(contract: Contract, about: Comparison, found: Sequence[Judged], *, synthetic: bool) -> str:
    """The page as HTML; of special-access tables' shares of codes it says only how many moved beyond their bands."""
    order = {
        table.table.removesuffix(f"_{about.refresh}"): place for place, table in enumerate(_tables(contract, about))
    }
    ordered = sorted(found, key=lambda each: (order.get(each.table_name, len(order)), _place(each)))
    shown = [each for each in ordered if not (each.special_access and each.measure == "code_share")]
    return render(
        "fjo_pipeline.databank.differences",
        "differences.html.j2",
        synthetic=synthetic,
        dataset=contract.name,
        title=contract.title,
        about=about,
        measures=MEASURES,
        details=DETAILS,
        beyond=[each for each in shown if each.within_band is False],
        withheld=sum(each.within_band is False for each in ordered) - sum(each.within_band is False for each in shown),
        by_measure={name: [each for each in shown if each.measure == name] for name in MEASURES},
    )


def _tables(contract: Contract, about: Comparison) -> list[CuratedTable]:
    return list(curated_tables(contract, about.refresh))


def _two(about: Comparison) -> tuple[str | None, str]:
    return about.against, about.refresh


def _place(each: Judged) -> tuple[str, bool, int, str]:
    """By item, codes that are numbers as numbers."""
    number = int(each.category) if each.category.isascii() and each.category.isdigit() else -1
    return each.item, number < 0, number, each.category
