"""SAIL's names that contracts claim: in a project every dataset's tables stand side by side, so no two may share one.

What a single contract must be like is in `contracts`, which asks here; nothing is read here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fjo_pipeline.core.contracts import Contract

Location = tuple[int | str, ...]


@dataclass(frozen=True)
class Clash:
    """One name that two contracts claim, and where the second of them does."""

    name: str
    first: str
    second: str
    place: Location

    def __str__(self) -> str:
        return f"the contracts {self.first} and {self.second} both claim the name {self.name}"


def claimed_names(contract: "Contract") -> Iterator[tuple[str, Location]]:
    """Every table name without its date, lookups with their schema, and where in the contract it is said."""
    if contract.sail is None:
        return
    for index, table in enumerate(contract.tables):
        if table.curated:
            # Databank schemas differ by dataset, but a project has one schema for the tables of all of them.
            schema = f"{contract.names.lookup_schema}." if table.kind == "lookup" else ""
            yield (schema + contract.curated_name(table, "")).upper(), ("tables", index, "sail")
    yield contract.names.alf_table, ("sail", "alf_table")
    if contract.derived:
        yield f"{contract.names.table_prefix}_{contract.derived.table}".upper(), ("derived",)


def names_said_twice(contract: "Contract") -> Iterator[tuple[str, Location]]:
    """Names that one contract claims twice, and file names of its deposit that two tables have."""
    files = [(table.path, ("tables", index, "sail")) for index, table in enumerate(contract.tables)]
    for names in (files, list(claimed_names(contract))):
        seen: set[str] = set()
        for name, place in names:
            if name in seen:
                yield name, place
            seen.add(name)


def name_clashes(contracts: Sequence["Contract"]) -> Iterator[Clash]:
    """Names that two of these contracts claim, in their order."""
    claimed: dict[str, str] = {}
    for contract in contracts:
        for name, place in claimed_names(contract):
            first = claimed.setdefault(name, contract.name)
            if first != contract.name:
                yield Clash(name, first, contract.name, place)
