"""What the catalogue says of each dataset: its contract, and the counts of it that have been let out.

Nothing else is read: no table about people, and no count that has not gone through disclosure control.
"""

from dataclasses import dataclass, field

from fjo_pipeline.core.contracts import Contract, contract, datasets, registers
from fjo_pipeline.databank.bulletin.package import AREA_COLUMNS, read_package
from fjo_pipeline.databank.flow import Databank, partitions, released
from fjo_pipeline.databank.projects.describing import describe_contract
from fjo_pipeline.databank.projects.dictionary import Table
from fjo_pipeline.databank.publishing.publish import latest_publication
from fjo_pipeline.databank.quality.page import SOURCES

NOT_GROUPS = (*AREA_COLUMNS, "source")
"""The dimensions of the published match rates that say whose they are."""


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
    """Dates of released refreshes, and match rates of the latest publication; nothing before the first release."""
    if not databank.store.exists or (release := released(databank)) is None:
        return _Standing()
    standing = _Standing()
    with databank.store.reading(release.snapshot) as session:
        there = partitions(session)
        for each in there:
            standing.refreshes.setdefault(each.dataset, []).append(each.refresh)
    synthetic = frozenset(each.dataset for each in there if each.synthetic)
    return _Standing(standing.refreshes, _let_out(databank), synthetic)


def _let_out(databank: Databank) -> dict[str, list[Released]]:
    """By source system, the match rate in all that the latest publication lets be known; nothing before the first."""
    folder = latest_publication(databank)
    if folder is None:
        return {}
    package = read_package(folder)
    table, policy = package.tables["match_rates"], package.described.policy
    apart = [name for name, each in table.columns.items() if each.role == "dimension" and name not in NOT_GROUPS]
    dated = (each.split("/") for each in sorted(package.described.refreshes))
    newest = {SOURCES.get(dataset, dataset): refresh for dataset, refresh in dated}
    found: dict[str, list[Released]] = {}
    for row in (row for rows in table.rows.values() for row in rows if {row[each] for each in apart} == {"All"}):
        people, linked, rate = (float(row[each]) if row[each] else None for each in ("people", "linked", "match_rate"))
        found.setdefault(row["source"], []).append(
            Released(
                refresh=newest[row["source"]],
                people=None if people is None else int(people),
                linked=None if linked is None else int(linked),
                match_rate=None if rate is None else rate / 100,
                threshold=policy.threshold,
                rounding=policy.rounding,
            )
        )
    return found
