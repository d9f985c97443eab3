"""What the catalogue says of each dataset: its contract, and the counts of it that have been let out.

Nothing else is read: no table about people, and no count that has not gone through disclosure control.
"""

from dataclasses import dataclass, field

from fjo_pipeline.core.contracts import Contract, contract, datasets, registers
from fjo_pipeline.databank.flow import Databank, partitions, released
from fjo_pipeline.databank.projects.describing import describe_contract
from fjo_pipeline.databank.projects.dictionary import Table
from fjo_pipeline.databank.quality.page import SOURCES

COUNTS = "lake.publications.pub_match_rates"


@dataclass(frozen=True)
class Released:
    """The released match rate of a refresh; the counts are None where they were suppressed."""

    refresh: str
    people: int | None
    linked: int | None
    match_rate: float | None
    threshold: int
    rounding: int


@dataclass(frozen=True)
class Entry:
    """A dataset in the catalogue."""

    contract: Contract
    tables: tuple[Table, ...]
    refreshes: tuple[str, ...] = ()
    released: tuple[Released, ...] = ()
    synthetic: bool = False

    @property
    def name(self) -> str:
        """The dataset's name."""
        return self.contract.name

    @property
    def page(self) -> str:
        """The file of its page."""
        return f"{self.name}.html"


@dataclass(frozen=True)
class _Standing:
    refreshes: dict[str, list[str]] = field(default_factory=dict)
    counts: dict[str, list[Released]] = field(default_factory=dict)
    synthetic: frozenset[str] = frozenset()


def entries(databank: Databank) -> list[Entry]:
    """Every dataset and register that has a contract, by name, with what the databank has let out of it."""
    folder = databank.settings.contracts
    # Registers are loaded by their contracts alone; `datasets` refuses contracts that claim one name.
    names = sorted({each.name for each in (*datasets(folder), *registers(folder))})
    standing = _standing(databank)
    found = []
    for name in names:
        each = contract(name, folder)
        found.append(
            Entry(
                each,
                tuple(describe_contract(each)),
                tuple(standing.refreshes.get(name, ())),
                tuple(standing.counts.get(SOURCES.get(name, name), ())),
                name in standing.synthetic,
            )
        )
    return found


def _standing(databank: Databank) -> _Standing:
    """Dates of released refreshes, and match rates of the publication; nothing before the first release."""
    if not databank.store.exists or (release := released(databank)) is None:
        return _Standing()
    standing = _Standing()
    with databank.store.reading(release.snapshot) as session:
        there = partitions(session)
        for each in there:
            standing.refreshes.setdefault(each.dataset, []).append(each.refresh)
        if session.value(
            "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'lake' AND schema_name = 'publications' "
            "AND table_name = 'pub_match_rates'",
            step="look for released counts",
        ):
            for source, *counts in session.rows(
                f"SELECT source, refresh, people, linked, match_rate, threshold, rounding FROM {COUNTS} ORDER BY ALL",
                step="read released counts",
            ):
                standing.counts.setdefault(source, []).append(Released(*counts))
    return _Standing(standing.refreshes, standing.counts, frozenset(each.dataset for each in there if each.synthetic))
