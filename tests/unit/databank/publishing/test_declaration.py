"""Declarations of published tables: the shipped ones hold, and a mistake is refused with its line."""

from pathlib import Path

import pytest
import yaml

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.databank.dbt import MODELS
from fjo_pipeline.databank.publishing.declaration import load_tables


def test_the_shipped_tables_are_of_marts_that_there_are_and_name_vars_that_there_are() -> None:
    variables = set(yaml.safe_load((MODELS / "dbt_project.yml").read_text())["vars"])
    marts = {path.stem for path in (MODELS / "models" / "marts").glob("*.sql")}
    tables = load_tables()
    assert {table.mart for table in tables} <= marts
    assert {name for table in tables for name in table.parameters} <= variables


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("form: categories", "form: sheets", "babies.yaml, line 8, form: Input should be 'categories' or 'rows'"),
        (
            "    numerator: infants\n    denominator: children\n",
            "",
            "measures.3: Value error, a share needs a numerator",
        ),
        ("of: children", "of: nobody", "line 16, measures.1.of: nobody is no count before it in this table"),
        ("name: sex,", "name: year,", "line 13, dimensions.1: year is the name of another column"),
        ("name: sex,", "name: note,", "line 13, dimensions.1: note is the name of another column"),
        ("denominator: births", "denominator: deaths", "measures.4.denominator: deaths is no count before it"),
        ("unit: weeks,", "", "measures.5.unit: Field required"),
        ("title: Babies", "colour: red", "line 3, colour: Extra inputs are not permitted"),
        ("mart: babies", "mart: babies\ntogether: [[sex, shoe_size]]", "together.0: shoe_size is no dimension"),
        ("form: categories", "form: rows", "measures.2.kind: a reference needs a mart of categories"),
        ("form: categories", "form: categories\ntogether: [[sex, region]]", "has no breakdown by several at once"),
        ("name: babies", "name: toddlers", "the table is called toddlers, so the file is toddlers.yaml"),
    ],
)
def test_a_mistake_is_refused_with_its_place(declared: Path, old: str, new: str, said: str) -> None:
    path = declared / "babies.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(Refused) as refused:
        load_tables(declared)
    assert said in str(refused.value)


def test_a_curve_needs_the_counts_that_let_it_be_shown(declared: Path) -> None:
    path = declared / "mothers_survival.yaml"
    path.write_text(path.read_text().replace("events: returned", "events: gone"))
    with pytest.raises(Refused, match="curve: gone is no count of the table mothers"):
        load_tables(declared)


def test_a_table_has_measures_or_a_curve(declared: Path) -> None:
    path = declared / "mothers_survival.yaml"
    path.write_text(path.read_text()[: path.read_text().index("curve:")])
    with pytest.raises(Refused, match="a table has either measures or a curve"):
        load_tables(declared)
