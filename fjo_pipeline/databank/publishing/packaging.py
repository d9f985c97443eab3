"""A publication as files: tidy CSV, a disclosure record a table, and the Frictionless Data Package that names them."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from fjo_pipeline.core.files import write_atomically
from fjo_pipeline.databank.publishing.curves import COLUMNS, DAYS
from fjo_pipeline.databank.publishing.declaration import PublishedTable
from fjo_pipeline.databank.publishing.figures import Row

MADE_UP = "MADE-UP DATA"
AREA_FIELDS = (
    ("area_level", "Level of area", "nation, region, dfj_area (designated family judge area) or local_authority"),
    ("area_code", "Code of the area", "ONS code; of a DFJ area that of HMCTS; empty where no list has the area"),
    ("area_name", "Area", "Name of the area; Not known where the data name none"),
)
CURVE_FIELDS = {
    "at_risk": ("People followed", "People followed up to the step without the event, rounded"),
    "events": ("Events", "Events in the step, rounded"),
    "survival": ("Without the event", "Share without the event by the end of the step, of rounded counts"),
    "returned": ("With the event", "Share with the event by the end of the step, of rounded counts"),
}


@dataclass(frozen=True)
class TableFiles:
    """A table as it is published: its rows, what was done to them, and the parameters that defined it."""

    table: PublishedTable
    rows: Sequence[Row]
    record: dict[str, Any]
    parameters: dict[str, Any]


def write_package(folder: Path, header: dict[str, Any], tables: Iterable[TableFiles], *, synthetic: bool) -> None:
    """Write the tables with their records, and datapackage.json, into a folder of their own."""
    resources = []
    for each in tables:
        path, record = f"tables/{each.table.name}.csv", f"tables/{each.table.name}.record.json"
        write_atomically(folder / path, _csv(each, synthetic=synthetic).encode(), mode=0o644)
        _write_json(folder / record, each.record)
        resources.append(_resource(each, path, record, synthetic=synthetic))
    _write_json(folder / "datapackage.json", header | {"resources": resources})


def fields(table: PublishedTable, *, synthetic: bool) -> list[dict[str, Any]]:
    """The table's columns with their types, what they say, and their role: dimension, measure or note."""
    found = [_field(name, "string", title, said, "dimension") for name, title, said in AREA_FIELDS]
    found += [_field(each.name, "string", each.title, each.description, "dimension") for each in table.dimensions]
    if table.curve:
        said = "Days since the beginning, at the end of the step; All where the curve is not shown"
        found.append(_field(DAYS, "string", "Days", said, "dimension"))
        for name in COLUMNS:
            unit = table.curve.unit if name in ("at_risk", "events") else "percent"
            found.append(_field(name, "number", *CURVE_FIELDS[name], "measure") | {"fjo:unit": unit})
    found += [
        _field(each.name, "number", each.title, each.description, "measure")
        | {"fjo:unit": each.unit, "fjo:kind": each.kind}
        for each in table.measures
    ]
    found.append(_field("note", "string", "Note", "Why a figure is missing", "note"))
    if synthetic:
        found.append(_field("data", "string", "Data", f"{MADE_UP}: nothing here is about real people", "note"))
    return found


def _field(name: str, kind: str, title: str, description: str, role: str) -> dict[str, Any]:
    return {"name": name, "type": kind, "title": title, "description": description, "fjo:role": role}


def _resource(each: TableFiles, path: str, record: str, *, synthetic: bool) -> dict[str, Any]:
    table = each.table
    return {
        "name": table.name,
        "title": table.title,
        "description": table.description,
        "path": path,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": {"fields": fields(table, synthetic=synthetic), "missingValues": [""]},
        "sources": [source.model_dump(exclude_none=True) for source in table.sources],
        "definition": table.definition,
        "subject": table.subject,
        "parameters": each.parameters,
        "record": record,
    }


def _csv(each: TableFiles, *, synthetic: bool) -> str:
    names = [field["name"] for field in fields(each.table, synthetic=synthetic)]
    written = StringIO()
    lines = csv.DictWriter(written, names, lineterminator="\n")
    lines.writeheader()
    for row in each.rows:
        area = {"area_level": row.area.level, "area_code": row.area.code, "area_name": row.area.name}
        figures = {name: _plain(value) for name, value in row.figures.items()}
        mark = {"data": MADE_UP} if synthetic else {}
        lines.writerow(area | row.values | figures | {"note": "; ".join(row.notes)} | mark)
    return written.getvalue()


def _plain(value: int | float | None) -> str:
    if value is None:
        return ""
    return str(int(value)) if float(value).is_integer() else f"{value}"


def _write_json(path: Path, content: dict[str, Any]) -> None:
    write_atomically(path, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode(), mode=0o644)
