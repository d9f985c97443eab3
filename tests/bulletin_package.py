"""Published folders for the tests of the bulletin: made-up tables of the columns that its pages read, as `fjo publish`
writes them.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from fjo_pipeline.databank.bulletin.declared import Chart, View, declared_pages

ENGLAND = ("nation", "E92000001", "England")
WALES = ("nation", "W92000004", "Wales")
SOUTH_WEST = ("region", "E12000009", "South West")
LONDON = ("region", "E12000007", "London")
DFJ_SWANSEA = ("dfj_area", "SWANSEA", "Swansea")
YNYS_MON = ("local_authority", "W06000001", "Isle of Anglesey")
NATIONS_AND_REGIONS = (ENGLAND, WALES, SOUTH_WEST, LONDON)
YEARS = [str(year) for year in range(2008, 2020)]
MADE_UP = "MADE-UP DATA"

Column = tuple[str, str, str]
"""Name, role, unit."""


def write_package(
    folder: Path,
    tables: dict[str, tuple[Sequence[Column], Iterable[Sequence[str]]]],
    *,
    synthetic: bool = True,
    policy: dict[str, Any] | None = None,
) -> Path:
    """A published folder of these tables: their columns beside the area, and rows that begin with the area."""
    resources = []
    (folder / "tables").mkdir(parents=True)
    for name, (columns, rows) in tables.items():
        area: list[Column] = [(each, "dimension", "") for each in ("area_level", "area_code", "area_name")]
        end: list[Column] = [("note", "note", "")] + ([("data", "note", "")] if synthetic else [])
        every = [*area, *columns, *end]
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(each[0] for each in every)
        writer.writerows([*row, MADE_UP] if synthetic else row for row in rows)
        (folder / "tables" / f"{name}.csv").write_text(text.getvalue(), encoding="utf-8")
        (folder / "tables" / f"{name}.record.json").write_text(json.dumps({"table": name}))
        resources.append(
            {
                "name": name,
                "title": f"Table of {name.replace('_', ' ')}",
                "description": f"What {name} counts.",
                "definition": f"How {name} is defined.",
                "path": f"tables/{name}.csv",
                "record": f"tables/{name}.record.json",
                "parameters": {"newborn_days": {"England": 7, "Wales": 14}},
                "sources": [{"title": "A study", "path": "https://doi.org/10.1000/made-up"}],
                "schema": {
                    "fields": [
                        {"name": each, "type": "string", "title": each.replace("_", " ").capitalize(), "fjo:role": role}
                        | ({"fjo:unit": unit} if unit else {})
                        for each, role, unit in every
                    ]
                },
            }
        )
    described = {
        "name": "release-1",
        "title": "Publications",
        "created": "2026-01-01T00:00:00Z",
        "synthetic": synthetic,
        "policy": {"name": "sail-2025", "version": "1", "threshold": 10, "rounding": 5} | (policy or {}),
        "snapshot": 7,
        "code_version": "0.1.0",
        "refreshes": ["cafcass_england_ecms/20240111"],
        "resources": resources,
    }
    (folder / "datapackage.json").write_text(json.dumps(described, indent=1))
    return folder


def every_table(folder: Path, areas: Sequence[tuple[str, str, str]] = NATIONS_AND_REGIONS, **options: Any) -> Path:
    """A package that has a figure for everything that the declared pages show, a few of them suppressed."""
    charts: dict[str, list[Chart]] = {}
    for chapter in declared_pages().chapters:
        for chart in chapter.charts:
            charts.setdefault(chart.table, []).append(chart)
    return write_package(folder, {name: _table(name, of, areas) for name, of in charts.items()}, **options)


def _table(
    name: str, charts: list[Chart], areas: Sequence[tuple[str, str, str]]
) -> tuple[list[Column], list[tuple[str, ...]]]:
    views = [view for chart in charts for view in chart.views]
    measures = sorted({measure for view in views for measure in (view.measure, *view.beside)})
    dimensions = _dimensions(views)
    columns: list[Column] = [(each, "dimension", "") for each in dimensions]
    columns += [(each, "measure", _unit(each)) for each in measures]
    rows = []
    for area in areas:
        for point in _points(dimensions, views):
            figures = [_figure(name, area, point, measure) for measure in measures]
            rows.append((*area, *point, *figures, "suppressed" if "" in figures else ""))
    return columns, rows


def _dimensions(views: list[View]) -> list[str]:
    named = {"year"} if any(view.along == "year" or view.kind == "bars" for view in views) else set()
    for view in views:
        named |= {view.along, *view.where} | {each for each in (view.by, view.also) if each}
    return sorted(named, key=lambda each: (each != "year", each))


def _points(dimensions: list[str], views: list[View]) -> list[tuple[str, ...]]:
    """What some view reads: one breakdown beside others, as publications have them."""
    wanted: dict[tuple[str, ...], None] = {}
    for view in views:
        through = {view.along, view.also, view.by} | ({"year"} if view.kind == "bars" else set())
        wanted |= dict.fromkeys(
            product(
                *(
                    [view.where[each]] if each in view.where else _values(each, view) if each in through else ["All"]
                    for each in dimensions
                )
            )
        )
    return list(wanted)


def _values(dimension: str, view: View) -> list[str]:
    known = {"year": YEARS, "days": ["0", "364", "728", "1183", "1820", "2548"], "quarter": ["Q1", "Q2", "Q3", "Q4"]}
    if dimension in known:
        return known[dimension]
    return view.order or list(view.names) or ["care", "special guardianship", "supervision"]


def _unit(measure: str) -> str:
    if measure.endswith("_rate") and measure != "match_rate":
        return "per 10,000"
    if measure.endswith("_weeks"):
        return "weeks"
    return "percent" if measure.endswith("_share") or measure in ("returned", "match_rate") else "people"


def _figure(name: str, area: tuple[str, str, str], point: tuple[str, ...], measure: str) -> str:
    """A figure that depends on nothing but where it stands and grows with time; one in some thirty is suppressed."""
    drawn = int.from_bytes(hashlib.sha256("|".join((name, *area, *point, measure)).encode()).digest()[:4], "big")
    if "survival" in name:
        return f"{sum(int(each) for each in point if each.isdigit() and len(each) != 1) / 100:.1f}"
    if drawn % 29 == 0:
        return ""
    base = 20 + int(hashlib.sha256(f"{name}{area[2]}{measure}".encode()).hexdigest()[:2], 16) % 30
    figure = base + drawn % 9 + (int(point[0][:4]) - 2008 if point[0][:2] == "20" else 0)
    if _unit(measure) == "people":
        return str(figure * (100 if area[0] == "nation" else 5))
    return f"{figure + drawn % 10 / 10:.1f}"
