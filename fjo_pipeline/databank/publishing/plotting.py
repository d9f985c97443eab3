"""A plot of published counts for the asset's page: bars of each nation's figures by year, after disclosure control."""

import base64
import csv
import json
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from fjo_pipeline.databank.publishing.figures import ALL

WIDTH, ROW, LABEL = 640, 18, 200
PLOTTED = ("born_into_care", "legal_outcomes", "recurrent_mothers")


def plot_of_counts(folder: Path) -> str:
    """Markdown with a picture a table: its first count by nation and year, from the published files alone."""
    package = json.loads((folder / "datapackage.json").read_text())
    resources = [each for each in package["resources"] if each["name"] in PLOTTED]
    mark = "**MADE-UP DATA**\n\n" if package["synthetic"] else ""
    return mark + "\n\n".join(_picture(folder, each, synthetic=package["synthetic"]) for each in resources)


def _picture(folder: Path, resource: dict[str, Any], *, synthetic: bool) -> str:
    measure = next(each for each in resource["schema"]["fields"] if each.get("fjo:kind") == "count")
    named = [each["name"] for each in resource["schema"]["fields"] if each["fjo:role"] == "dimension"]
    divided = [name for name in named if name not in ("area_level", "area_code", "area_name", "year")]
    bars = list(_bars(folder / resource["path"], measure["name"], divided))
    said = f"{resource['title']}: {measure['title'].lower()} by nation and year"
    if not bars:
        return f"{said}: every count is suppressed"
    title = f"MADE-UP DATA: {said}" if synthetic else said
    most = max(count for _, count in bars) or 1
    lines = []
    for place, (label, count) in enumerate(bars):
        top, length = 24 + place * ROW, round((WIDTH - LABEL - 80) * count / most)
        lines.append(
            f'<text x="4" y="{top + 13}">{escape(label)}</text>'
            f'<rect x="{LABEL}" y="{top + 2}" width="{length}" height="{ROW - 4}" fill="#1d70b8"/>'
            f'<text x="{LABEL + length + 6}" y="{top + 13}">{count:,}</text>'
        )
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{24 + len(bars) * ROW + 8}" '
        f'font-family="sans-serif" font-size="12"><text x="4" y="14" font-weight="bold">{escape(title)}</text>'
        f"{''.join(lines)}</svg>"
    )
    return f"![{title}](data:image/svg+xml;base64,{base64.b64encode(drawn.encode()).decode()})"


def _bars(path: Path, measure: str, dimensions: list[str]) -> Iterator[tuple[str, int]]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            whole = row["area_level"] == "nation" and all(row[name] == ALL for name in dimensions)
            if whole and row["year"] != ALL and row[measure]:
                yield f"{row['area_name']} {row['year']}", int(row[measure])
