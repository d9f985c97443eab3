"""The bulletin's pages ask for tables, columns and values that are published: both are declared, and must not part."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from fjo_pipeline.databank import bulletin
from fjo_pipeline.databank.bulletin.declared import View, declared_pages

TABLES = Path(bulletin.__file__).parent.parent / "publishing" / "tables"
CURVE = {"days", "at_risk", "events", "survival", "returned"}
VIEWS = [
    pytest.param(chart.table, view, id=f"{chart.id}, {view.label}, {view.measure}")
    for chapter in declared_pages().chapters
    for chart in chapter.charts
    for view in chart.views
]


def declared(table: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((TABLES / f"{table}.yaml").read_text(encoding="utf-8"))
    return content


@pytest.mark.skipif(not TABLES.is_dir(), reason="there is no declaration of published tables in this tree")
@pytest.mark.parametrize(("table", "view"), VIEWS)
def test_a_view_asks_for_what_its_table_publishes(table: str, view: View) -> None:
    published = declared(table)
    dimensions = {each["name"]: each for each in published.get("dimensions", [])}
    measures = {each["name"] for each in published.get("measures", [])} | (CURVE if "curve" in published else set())
    assert {view.measure, *view.beside} <= measures
    through = {each for each in (view.along, view.also, view.by) if each}
    assert through | {*view.where} <= {*dimensions} | CURVE
    # What a view goes through in several ways at once must be published together; each way apart has to be picked.
    assert len([each for each in through if dimensions.get(each, {}).get("use") == "alone"]) <= 1
    apart = {name for name, each in dimensions.items() if each["use"] == "apart"}
    assert apart <= {*view.where, *through}
    assert not [name for name, value in view.where.items() if value == "All" and dimensions[name].get("total") is False]
