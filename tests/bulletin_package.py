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
        "refreshes": {"cafcass_england_ecms": "20240111"},
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
    measures = sorted({view.measure for view in views})
    values = {dimension: _values(dimension, views) for dimension in _dimensions(views)}
    columns: list[Column] = [(each, "dimension", "") for each in values]
    columns += [(each, "measure", _unit(each)) for each in measures]
    rows = [
        (*area, *point, *(_figure(name, area, point, measure) for measure in measures), "")
        for area in areas
        for point in _wanted(values, views)
    ]
    return columns, [(*row[:-1], "suppressed") if "" in row[:-1] else row for row in rows]


def _dimensions(views: list[View]) -> list[str]:
    named = {"year"} if any(view.along == "year" or view.kind == "bars" for view in views) else set()
    for view in views:
        named |= {view.along, *view.where} | ({view.by} if view.by else set())
    return sorted(named, key=lambda each: (each != "year", each))


def _values(dimension: str, views: list[View]) -> list[str]:
    """The margin, what views pick out or order, and else a few groups."""
    picked = [view.where[dimension] for view in views if dimension in view.where]
    through = [view for view in views if dimension in (view.along, view.by)]
    found = picked if picked else ["All"]
    for view in through:
        found += view.order or (YEARS if dimension == "year" else ["1", "2", "3"])
    if dimension == "year":
        found += YEARS
    return list(dict.fromkeys(found if dimension != "year" or "All" in picked else [each for each in found if each != "All"]))


def _wanted(values: dict[str, list[str]], views: list[View]) -> list[tuple[str, ...]]:
    """Points that some view reads: one breakdown beside others, as publications have them."""
    wanted: dict[tuple[str, ...], None] = {}
    for view in views:
        through = {view.along, view.by, "year"} if view.kind == "bars" else {view.along, view.by}
        lists = [
            [view.where[each]]
            if each in view.where
            else ([value for value in of if value != "All"] if each in through else of[:1])
            for each, of in values.items()
        ]
        wanted |= dict.fromkeys(product(*lists))
    return list(wanted)


def _unit(measure: str) -> str:
    if "per_10000" in measure:
        return "per 10,000"
    if "weeks" in measure:
        return "weeks"
    return "percent" if measure.startswith(("share", "cumulative", "match_rate")) or "share" in measure else "people"


def _figure(name: str, area: tuple[str, str, str], point: tuple[str, ...], measure: str) -> str:
    """A figure that depends on nothing but where it stands; one in some thirty is suppressed."""
    drawn = int.from_bytes(hashlib.sha256("|".join((name, *area, *point, measure)).encode()).digest()[:4], "big")
    if drawn % 29 == 0:
        return ""
    base = 20 + int(hashlib.sha256(f"{name}{area[2]}{measure}".encode()).hexdigest()[:2], 16) % 30
    figure = base + drawn % 9 + (int(point[0]) - 2008 if point and point[0].isdigit() and len(point[0]) == 4 else 0)
    if _unit(measure) == "people":
        return str(figure * (100 if area[0] == "nation" else 5))
    return f"{figure + drawn % 10 / 10:.1f}"
