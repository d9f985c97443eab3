"""A page a refresh on the quality of its linkage, from the marts as users read them and the TTP's counts."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.errors import FjoError
from fjo_pipeline.core.files import sha256_of_file, sha256_of_texts
from fjo_pipeline.core.linkage_counts import Sections, read_counts, suppressed
from fjo_pipeline.core.pages import render, write_page
from fjo_pipeline.core.sessions import Session, literal
from fjo_pipeline.databank.flow import Databank, Partition, assert_released, dataset_partitions, released
from fjo_pipeline.databank.quality.receiving import TABLE

FORMAT = "quality page 1"
TEMPLATES = Path(__file__).parent / "templates"
SOURCES = {"cafcass_england_cms": "cms", "cafcass_england_ecms": "ecms", "cafcass_cymru": "cymru"}
"""Datasets by the name under which the models carry their rows."""
DIMENSIONS = {
    "role": "role",
    "law_type": "law type",
    "year_of_first_application": "year of the first application",
    "region": "region of the first application's court",
    "deprivation_quintile": "deprivation quintile of the person's LSOA within its nation, 1 most deprived",
    "age_band": "age at the first application",
    "sex": "sex",
    "ethnicity": "ethnicity",
}
OVERLAPPING = ("role", "law_type", "ethnicity")
"""A person may be in several of their categories, so those have no known sum."""
GUIDELINES = (
    {
        "item": "RECORD 6.3",
        "asks": "the linkage process, with the number of people at each stage",
        "where": "Who was linked, and how",
    },
    {
        "item": "RECORD 12.3",
        "asks": "the level of linkage, its methods, and how its quality was evaluated",
        "where": "people, to a population register: What another threshold would do; Against truth; Model, thresholds "
        "and versions; the method in words: docs/linkage.md",
    },
    {
        "item": "RECORD 13.1",
        "asks": "who is in the study, and who was lost by data quality, availability and linkage",
        "where": "Match rate by group; Linked compared with unlinked; What File 1 lacks, and for whom",
    },
    {
        "item": "GUILD, data provision",
        "asks": "how the identifiers were recorded, and how good they are",
        "where": "What File 1 lacks, and for whom; the fields themselves: docs/data-dictionary.md",
    },
    {
        "item": "GUILD, data linkage",
        "asks": "methods, thresholds and the errors to expect, for whom links are missed",
        "where": "What another threshold would do; Against truth; Match rate by group",
    },
    {
        "item": "GUILD, analysis and reporting",
        "asks": "what an analyst needs to allow for linkage error",
        "where": "Linked compared with unlinked; candidates at other thresholds; ALF_STS_CD and ALF_MTCH_PCT beside "
        "each person",
    },
)


@dataclass(frozen=True)
class Difference:
    """One category among linked and unlinked people; None where suppressed."""

    item: str
    share_of_linked: float | None
    share_of_unlinked: float | None
    standardised_difference: float | None


def page_path(databank: Databank, dataset: str, refresh: str) -> Path:
    """Where the page on a refresh's linkage lies."""
    return databank.settings.zone("databank") / "quality" / dataset / f"{refresh}.html"


def make_quality_pages(databank: Databank) -> int:
    """Write the page of every refresh that is released; returns their number, 0 before the first release.

    The TTP's report of the first refresh comes before there is a release: the pages then follow the release.
    """
    release = released(databank)
    if release is None:
        return 0
    digest = _made_from(databank)
    # The marts as users read them; the TTP's counts as they stand, since a report may come after the release.
    with databank.store.reading(release.snapshot) as session:
        standing = dataset_partitions(databank, session)
        rates = {each: match_rates(session, databank.contract(each.dataset), each.refresh) for each in standing}
        apart = {each: differences(session, each, rates[each]) for each in standing}
    with databank.store.reading() as session:
        reports = {each: _report(session, each) for each in standing}
    for each in standing:
        page = quality_page(databank.contract(each.dataset), each, reports[each], rates[each], apart[each])
        write_page(page_path(databank, each.dataset, each.refresh), page)
    databank.ledger.record("quality", "databank", "latest", "released", digest, sequence=release.snapshot)
    return len(standing)


def pages_are_due(databank: Databank) -> bool:
    """Whether a page is missing or shows other than what is released and reported; false before the first release."""
    release = released(databank)
    if release is None:
        return False
    last = databank.ledger.last("quality", "databank", "latest", "released")
    try:
        return last is None or last.digest != _made_from(databank)
    except FjoError:
        # Due all the same: the step says what is wrong.
        return True


def quality_page(
    contract: Contract, refresh: Partition, report: Sections, rates: Sections, apart: dict[str, list[Difference]]
) -> str:
    """The page of one refresh as HTML."""
    everybody = suppressed("everybody", [("people", refresh.people, refresh.linked)], [])[0]
    return render(
        "fjo_pipeline.databank.quality",
        "quality.html.j2",
        synthetic=refresh.synthetic,
        dataset=contract.name,
        title=contract.title,
        refresh=refresh.refresh,
        everybody=everybody,
        band=contract.match_rate_band,
        outside=refresh.people > 0
        and not contract.match_rate_band[0] <= refresh.linked / refresh.people <= contract.match_rate_band[1],
        report=report,
        rates=rates,
        apart=apart,
        dimensions=DIMENSIONS,
        guidelines=GUIDELINES,
    )


def match_rates(session: Session, contract: Contract, refresh: str) -> Sections:
    """Match rates by dimension as they may be shown; ethnicity only where the contract grants it."""
    found: dict[str, list[tuple[str, int, int]]] = {}
    if not _stands(session, "match_rates"):
        return {}
    for dimension, category, people, linked in session.rows(
        f"""SELECT dimension, category, people, linked FROM lake.marts.match_rates
        WHERE source = {literal(SOURCES.get(contract.name, contract.name))} AND refresh = {literal(refresh)}
        ORDER BY dimension, {natural_order()}, category""",
        step="read match rates",
    ):
        found.setdefault(dimension, []).append((category, people, linked))
    granted = [name for name in DIMENSIONS if name != "ethnicity" or contract.quality_by_ethnicity]
    return {
        name: suppressed(name, found[name], [] if name in OVERLAPPING else None) for name in granted if name in found
    }


def differences(session: Session, refresh: Partition, rates: Sections) -> dict[str, list[Difference]]:
    """Linked compared with unlinked, for the categories whose match rate may be shown."""
    result: dict[str, list[Difference]] = {}
    if not _stands(session, "linked_unlinked"):
        return result
    found = {
        (dimension, category): values
        for dimension, category, *values in session.rows(
            f"""SELECT dimension, category, share_of_linked, share_of_unlinked, standardised_difference
            FROM lake.marts.linked_unlinked
            WHERE source = {literal(SOURCES.get(refresh.dataset, refresh.dataset))}
                AND refresh = {literal(refresh.refresh)} ORDER BY ALL""",
            step="compare linked with unlinked people",
        )
    }
    for name, rows in rates.items():
        result[name] = [
            Difference(row.item, *(found.get((name, row.item), [None] * 3) if row.linked is not None else [None] * 3))
            for row in rows
        ]
    return result


def _stands(session: Session, mart: str) -> bool:
    """Whether a mart is in the snapshot; one that was released before the models had it has none."""
    return bool(
        session.value(
            "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'lake' AND schema_name = 'marts' "
            "AND table_name = ?",
            (mart,),
            step="look for a mart",
        )
    )


def _report(session: Session, refresh: Partition) -> Sections:
    about = f"dataset = {literal(refresh.dataset)} AND refresh = {literal(refresh.refresh)}"
    return read_counts(session, f"(FROM {TABLE} WHERE {about})")


def natural_order() -> str:
    """Bands of age by their lower bound, not as text; everything else by name."""
    return "CASE WHEN dimension = 'age_band' THEN try_cast(regexp_extract(category, '^[0-9]+') AS INTEGER) END"


def _made_from(databank: Databank) -> str:
    """What the pages show: the release, the reports that were kept, what contracts grant, and the templates."""
    reports = [
        f"{each.dataset}|{each.refresh}|{each.digest}"
        for each in databank.ledger.entries(kind="linkage_report", state="consumed")
    ]
    return sha256_of_texts(FORMAT, assert_released(databank).digest, *reports, *_templates())


def _templates() -> Iterator[str]:
    yield from (sha256_of_file(path) for path in sorted(TEMPLATES.glob("*.j2")))
