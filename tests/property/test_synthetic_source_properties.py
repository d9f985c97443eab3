"""Any contract of the grammar gives a made-up deposit that the deposit check takes, at any refresh, always the same."""

import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from fjo_pipeline.core.checking import check_delivery
from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.synthetic import World, build_world
from fjo_pipeline.synthetic.streams import day
from fjo_pipeline.synthetic.writing import write_delivery

PEOPLE = 40
CONTENT_PATTERNS = (
    "^[A-Z][0-9]{2}$",
    "^[A-Z]{1,2}[0-9]{3,4}[a-z]?$",
    "^(?:yes|no|[0-9]{2}:[0-5][0-9])$",
    r"^\d{3}-[^a-f]$",
)
KEYS: dict[str, dict[str, Any]] = {
    "number": {"type": "integer"},
    "bounded": {"type": "integer", "constraints": {"minimum": 5, "maximum": 99_999}},
    "ranked": {"type": "string", "constraints": {"pattern": "^K[0-9]{7}$"}},
    "long": {"type": "string", "constraints": {"pattern": "^[A-Z0-9]{30}$"}},
    "hashed": {"type": "string"},
}
FILE_1 = (
    "NHS_NUMBER",
    "FORENAME",
    "SURNAME",
    "ADDRESS_1",
    "ADDRESS_5",
    "POSTCODE",
    "GENDER_CD",
    "ADDRESS_CONFIDENTIAL",
)


@lru_cache(maxsize=1)
def world() -> World:
    return build_world(1, PEOPLE)


def key(kind: str, name: str, entity: str, *, required: bool = True) -> dict[str, Any]:
    limits = {**KEYS[kind].get("constraints", {}), "required": required}
    return {"name": name, "role": "key", "entity": entity, "type": KEYS[kind]["type"], "constraints": limits}


@st.composite
def content_fields(draw: st.DrawFn, prefix: str) -> list[dict[str, Any]]:
    kinds = draw(
        st.lists(st.sampled_from(("text", "enum", "number", "integer", "date", "boolean", "pattern")), max_size=5)
    )
    fields = []
    for at, kind in enumerate(kinds):
        limits: dict[str, Any] = {"required": draw(st.booleans())}
        if kind == "enum":
            limits["enum"] = draw(st.lists(st.sampled_from(("a", "B, b", 'c"c', "4")), min_size=1, unique=True))
        if kind == "pattern":
            limits["pattern"] = draw(st.sampled_from(CONTENT_PATTERNS))
        if kind in ("integer", "number"):
            bounds = draw(st.sampled_from(((None, None), (0, 10), (-5, None), (None, -3), (7, 7))))
            limits |= {"minimum": bounds[0], "maximum": bounds[1]}
        if kind in ("text", "date", "pattern"):
            limits["unique"] = draw(st.booleans()) and not limits["required"]
        fields.append({
            "name": f"{prefix}_{at}", "type": kind if kind in ("number", "integer", "date", "boolean") else "string",
            "role": draw(st.sampled_from(("content", "drop"))), "constraints": limits,
        })  # fmt: skip
    return fields


@st.composite
def people_tables(draw: st.DrawFn, person: str, lookups: list[str]) -> list[dict[str, Any]]:
    tables = []
    for number in range(draw(st.integers(1, 2))):
        born = {
            "name": "BORN", "type": "date", "role": "identifier", "file_1": "DATE_OF_BIRTH",
            "constraints": {"required": draw(st.booleans())},
        }  # fmt: skip
        known = [
            {"name": f"ID_{column}", "type": "string", "role": "identifier", "file_1": column,
             "constraints": {"required": draw(st.booleans()), "unique": draw(st.booleans())}}
            for column in draw(st.lists(st.sampled_from(FILE_1), unique=True))
        ]  # fmt: skip
        place = [{"name": "PLACE", "type": "integer", "role": "content"}] if lookups else []
        tables.append({
            "name": f"people{number}", "sail": f"PEOPLE{number}", "kind": "people",
            "synthetic": {"ages": draw(st.sampled_from((None, [0, 17], [18, 90])))},
            "schema": {
                "primaryKey": "PERSON", "fields": [key(person, "PERSON", "person"), born, *known, *place],
                "foreignKeys": [
                    {"fields": "PLACE", "reference": {"resource": each, "fields": "ID"}} for each in lookups
                ],
            },
        })  # fmt: skip
    return tables


@st.composite
def data_table(draw: st.DrawFn, number: int, kinds: list[str], person: str) -> dict[str, Any]:
    fields, foreign = [key(kinds[number], "ROW", f"row{number}")], []
    if draw(st.booleans()):
        fields.append(key(person, "WHO", "person", required=draw(st.booleans())))
    if draw(st.booleans()):
        fields.append(key(person, "OTHER", "person", required=False))
    for before in draw(st.lists(st.integers(0, number), unique=True, max_size=2)):
        own = before == number
        fields.append(key(kinds[before], f"OF{before}", f"row{before}", required=not own and draw(st.booleans())))
        if draw(st.booleans()):
            foreign.append({"fields": f"OF{before}", "reference": {"resource": f"data{before}", "fields": "ROW"}})
    fields += draw(content_fields(f"F{number}"))
    return {
        "name": f"data{number}", "sail": f"DATA{number}",
        "schema": {"primaryKey": "ROW", "fields": fields, "foreignKeys": foreign},
        "synthetic": {"mean": draw(st.sampled_from((0.2, 3.0)))},
    }  # fmt: skip


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    person = draw(st.sampled_from(sorted(KEYS)))
    lookups = ["places"] if draw(st.booleans()) else []
    tables: list[dict[str, Any]] = [
        {"name": name, "sail": name.upper(), "kind": "lookup", "schema": {"primaryKey": "ID", "fields": [
            {"name": "ID", "type": "integer", "role": "content", "constraints": {"required": True}},
            {"name": "NAME", "type": "string", "role": "content"},
        ]}, "synthetic": {"values": draw(st.sampled_from(([], [[3, "North"], [9, "South"]])))}}
        for name in lookups
    ]  # fmt: skip
    tables += draw(people_tables(person, lookups))
    kinds = draw(st.lists(st.sampled_from(sorted(KEYS)), max_size=3))
    tables += [draw(data_table(number, kinds, person)) for number in range(len(kinds))]
    return Contract.model_validate({
        "name": "any", "title": "Any", "version": "1", "source": "none",
        "sail": {"dataset": "ANYY", "table_prefix": "ANYY", "alf_table": "ANYY_ALF"},
        "retention_days": {"raw": 1, "quarantined": 1, "file_1": 1},
        "tables": draw(st.permutations(tables)),
    })  # fmt: skip


@settings(max_examples=60)
@given(contracts(), st.sampled_from((day(2014, 1, 2), day(2020), day(2026, 12, 31))))
def test_any_contract_gives_a_deposit_that_the_check_takes(
    shared_session: Session, contract: Contract, until: int
) -> None:
    source = world().source(contract, PEOPLE)
    tables = source.tables(until)
    with tempfile.TemporaryDirectory() as folder:
        write_delivery(Path(folder), contract.name, "20240111", tables)
        report = check_delivery(shared_session, contract, Path(folder))
    assert report.good, str(report)
    again = world().source(contract, PEOPLE).tables(until)
    assert all(tables[name].equals(again[name]) for name in tables)
    people = [tables[table.sail] for table in contract.people_tables]
    ids = {each for table in people for each in table["PERSON"].cast(pa.string()).to_pylist()}
    assert ids == set(source.person_ids(until)[1].to_pylist())
