"""A released table: counts as they may be shown, and the machine-readable record of what was done to them.

The record is what SATRE 3.3.09 asks for: policy and version, what was suppressed, rounded and checked, by which code,
from which snapshot.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from fjo_pipeline.core.files import sha256_of_texts
from fjo_pipeline.databank.disclosure.cells import Cell, FrequencyTable
from fjo_pipeline.databank.disclosure.policy import Policy
from fjo_pipeline.databank.disclosure.protect import Earlier, protect
from fjo_pipeline.databank.disclosure.statistics import rounded


@dataclass(frozen=True)
class ReleasedTable:
    """Every cell of a table, margins included: its rounded count, or None with the reason why not."""

    name: str
    dimensions: tuple[str, ...]
    shown: dict[Cell, int | None]
    why: dict[Cell, str]

    def rows(self) -> list[tuple[str | int | None, ...]]:
        """Tidy rows: a value a dimension (None: all of it), the count, and why there is none."""
        return [
            (*(dict(cell).get(dimension) for dimension in self.dimensions), count, self.why.get(cell))
            for cell, count in self.shown.items()
        ]


@dataclass(frozen=True)
class Release:
    """Tables let out together, what they were made from, and what the next release must know of them."""

    tables: tuple[ReleasedTable, ...]
    record: dict[str, Any]
    known: Earlier


def release_tables(
    tables: Sequence[FrequencyTable],
    policy: Policy,
    snapshot: int,
    earlier: Sequence[Earlier] = (),
    never: Collection[Cell] = (),
) -> Release:
    """Protect, round and record tables of one subject that are let out together, but for the cells of `never`.

    Refused where an earlier release makes it impossible to protect them. `known` holds true counts: it stays in the
    databank.
    """
    protection = protect(tables, policy, earlier, never)
    released = tuple(_released(table, protection.counts, protection.suppressed, policy) for table in tables)
    record = {
        "policy": policy.name,
        "policy_version": policy.version,
        "threshold": policy.threshold,
        "rounding": policy.rounding,
        "area_approval": policy.area_approval,
        "snapshot": snapshot,
        "code_version": version("fjo-pipeline"),
        "earlier_releases_checked": len(earlier),
        "checks": ["primary suppression", "secondary suppression by linear programme", "differencing", "full cells"],
        "tables": [_record(table) for table in released],
    }
    shown = {cell for cell in protection.counts if cell not in protection.suppressed}
    relations = [relation for table in tables for relation in table.relations]
    return Release(released, record, Earlier(protection.counts, relations, shown))


def _released(
    table: FrequencyTable, counts: Mapping[Cell, int], suppressed: Mapping[Cell, str], policy: Policy
) -> ReleasedTable:
    shown = {cell: None if cell in suppressed else rounded(counts[cell], policy) for cell in table.cells}
    why = {cell: suppressed[cell] for cell in table.cells if cell in suppressed}
    return ReleasedTable(table.name, table.dimensions, shown, why)


def _record(table: ReleasedTable) -> dict[str, Any]:
    return {
        "table": table.name,
        "dimensions": list(table.dimensions),
        "cells": len(table.shown),
        "suppressed": dict(sorted(Counter(table.why.values()).items())),
        "digest": sha256_of_texts(*("|".join(str(each) for each in row) for row in table.rows())),
    }
