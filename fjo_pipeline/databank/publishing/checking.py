"""What is about to be published, checked again: the written files, and what an attacker could work out from them."""

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from fjo_pipeline.core.findings import Finding
from fjo_pipeline.databank.disclosure.policy import Policy
from fjo_pipeline.databank.disclosure.protect import unprotected
from fjo_pipeline.databank.disclosure.statistics import rounded
from fjo_pipeline.databank.publishing.protecting import LetOut

CHECKS = {
    "counts_fit_the_policy": "Every shown count of the written files is zero, or rounded and not under the threshold.",
    "small_counts_stay_unknown": "Shown cells and earlier releases leave each small count the room from 1 to the "
    "threshold.",
    "areas_fit_the_policy": "Only areas are named that the policy lets out.",
}
PEOPLE_OR_CASES = ("count", None)


def check_publication(folder: Path, systems: Sequence[LetOut], policy: Policy) -> list[Finding]:
    """The findings on a publication that lies in a folder, by the names of CHECKS."""
    package = json.loads((folder / "datapackage.json").read_text())
    small, shown, areas = 0, 0, 0
    for resource in package["resources"]:
        counted = [each["name"] for each in resource["schema"]["fields"] if _is_count(each)]
        with (folder / resource["path"]).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                values = [row[name] for name in counted if row[name] != ""]
                shown += len(values)
                small += sum(not _fits(value, policy) for value in values)
                areas += row["area_level"] not in policy.areas
    open_cells = [cell for each in systems for cell in _open(each, policy)]
    return [
        Finding("counts_fit_the_policy", small == 0, {"counts": shown, "that_do_not_fit": small}),
        Finding("small_counts_stay_unknown", not open_cells, {"systems": len(systems), "cells": len(open_cells)}),
        Finding("areas_fit_the_policy", areas == 0, {"rows_of_other_areas": areas}),
    ]


def _is_count(field: dict[str, str]) -> bool:
    counts = field.get("fjo:kind") in PEOPLE_OR_CASES and field.get("fjo:unit") != "percent"
    return field["fjo:role"] == "measure" and counts


def _fits(value: str, policy: Policy) -> bool:
    count = int(value) if value.isdigit() else -1
    return count == 0 or (count >= rounded(policy.threshold, policy) and count % policy.rounding == 0)


def _open(each: LetOut, policy: Policy) -> Iterator[object]:
    hidden = set(each.release.known.counts) - set(each.release.known.shown)
    yield from unprotected(each.system.tables, hidden, policy, each.earlier)
