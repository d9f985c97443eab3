"""Deposits made from a contract alone: what the contract leaves open, hints for it, and links across sources."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from fjo_pipeline.core.contracts import Contract, contract
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.synthetic import World, build_world, write_deposit_and_truth, write_synthetic
from fjo_pipeline.synthetic.streams import day
from tests.deposit_builder import write_contracts

PEOPLE = 400
EARLY, LATE = day(2016), day(2026, 12, 31)


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(5, PEOPLE)


def field(name: str, kind: str = "string", role: str = "content", **more: Any) -> dict[str, Any]:
    limits = {
        key: more.pop(key) for key in ("required", "unique", "enum", "pattern", "minimum", "maximum") if key in more
    }
    return {"name": name, "type": kind, "role": role, "constraints": limits, **more}


def table(name: str, *fields: dict[str, Any], key: str = "ID", **more: Any) -> dict[str, Any]:
    foreign = [
        {"fields": each["name"], "reference": {"resource": each.pop("to"), "fields": "ID"}}
        for each in fields
        if "to" in each
    ]
    schema = {"primaryKey": key, "fields": list(fields), "foreignKeys": foreign}
    return {"name": name, "sail": name.upper(), "schema": schema, **more}


def person(name: str = "patients", *more: dict[str, Any], **hints: Any) -> dict[str, Any]:
    fields = (
        field("ID", "integer", "key", entity="patient", required=True),
        field("NHS", role="identifier", file_1="NHS_NUMBER", pattern="^[0-9]{10}$"),
        field("GIVEN", role="identifier", file_1="FORENAME"),
        field("OTHER_GIVEN", role="identifier", file_1="FORENAME"),
        field("FAMILY", role="identifier", file_1="SURNAME", required=True),
        field("BORN", "date", "identifier", file_1="DATE_OF_BIRTH", required=True),
        field("SEX", role="identifier", file_1="GENDER_CD", enum=["M", "F", "U"]),
        field("POSTCODE", role="identifier", file_1="POSTCODE"),
        *more,
    )
    return table(name, *fields, kind="people", **hints)


def made(*tables: dict[str, Any], name: str = "hospital", **more: Any) -> Contract:
    return Contract.model_validate({
        "name": name, "title": name, "version": "1", "source": "none", "tables": tables,
        "sail": {"dataset": "HOSP", "table_prefix": "HOSP", "alf_table": "HOSP_ALF"},
        "retention_days": {"raw": 1, "quarantined": 1, "file_1": 1}, **more,
    })  # fmt: skip


def row_key(name: str = "ID", **more: Any) -> dict[str, Any]:
    return field(name, "integer", "key", required=True, **more)


def spells(**synthetic: Any) -> dict[str, Any]:
    fields = (
        row_key(entity="spell"), field("PATIENT", "integer", "key", entity="patient", to="patients", required=True),
        field("ADMIS_DT", "date", required=True), field("DISCH_DT", "date"), field("DEATH_YEAR", "integer"),
    )  # fmt: skip
    return table("spells", *fields, synthetic=synthetic)


def test_rows_a_parent_are_as_many_as_the_contract_says(world: World) -> None:
    tables = world.source(made(person(), spells(rows_per="patients", mean=6.7)), PEOPLE).tables(LATE)
    assert 5.7 < len(tables["SPELLS"]) / len(tables["PATIENTS"]) < 7.2
    counts = Counter(tables["SPELLS"]["PATIENT"].to_pylist())
    assert max(counts.values()) > 20, "some people have many"


def test_a_later_refresh_shows_the_same_rows_and_more(world: World) -> None:
    source = world.source(made(person(), spells()), PEOPLE)
    early, late = source.tables(EARLY), source.tables(LATE)
    for name in ("PATIENTS", "SPELLS"):
        before, after = (set(each[name]["ID"].to_pylist()) for each in (early, late))
        assert before < after
    then = dict(zip(*(early["PATIENTS"][name].to_pylist() for name in ("ID", "FAMILY")), strict=True))
    now = dict(zip(*(late["PATIENTS"][name].to_pylist() for name in ("ID", "FAMILY")), strict=True))
    assert then == {key: now[key] for key in then}
    assert pc.max(early["SPELLS"]["DISCH_DT"]).as_py() <= pa.scalar(EARLY, pa.int32()).cast(pa.date32()).as_py()


def test_dates_of_a_row_are_in_order_and_numbers_that_are_years_follow_them(world: World) -> None:
    table = world.source(made(person(), spells()), PEOPLE).tables(LATE)["SPELLS"]
    assert pc.all(pc.less_equal(table["ADMIS_DT"], table["DISCH_DT"])).as_py()
    assert pc.mean(pc.equal(pc.year(table["ADMIS_DT"]), table["DEATH_YEAR"])).as_py() == 1


def test_identifiers_are_recorded_with_errors_and_in_the_contracts_coding(world: World) -> None:
    table = world.source(made(person()), PEOPLE).tables(LATE)["PATIENTS"]
    assert {"M", "F"} <= set(table["SEX"].to_pylist()) <= {"M", "F", "U"}
    assert table["FAMILY"].null_count == table["BORN"].null_count == 0
    assert table["NHS"].null_count > PEOPLE * 0.05
    assert not any(" " in name for name in table["GIVEN"].to_pylist() if name)
    assert 0 < table["OTHER_GIVEN"].null_count < len(table)


def test_people_stand_in_one_table_only_and_have_its_ages(world: World) -> None:
    adult = person("adults", synthetic={"ages": [18, 60]}, curated=False)
    tables = world.source(made(person("children", synthetic={"ages": [0, 17]}), adult), PEOPLE).tables(EARLY)
    ids = [set(tables[name]["ID"].to_pylist()) for name in ("CHILDREN", "ADULTS")]
    assert not ids[0] & ids[1]
    # Century typos and the like apart.
    years = {name: np.median([int(born[:4]) for born in tables[name]["BORN"].to_pylist()]) for name in tables}
    assert years["CHILDREN"] > 1998 > years["ADULTS"]


def test_sources_of_one_world_have_people_in_common_with_cafcass_and_the_truth_says_who(
    world: World, tmp_path: Path
) -> None:
    found = {}
    for name in ("hospital", "clinic"):
        each = made(person(), name=name, match_rate_band=[0.9, 1.0])
        write_deposit_and_truth(world, each, PEOPLE, "20261231", tmp_path / name, tmp_path / f"{name}.parquet")
        found[name] = pq.read_table(tmp_path / f"{name}.parquet")
    world.write_truth("cafcass_england_ecms", "20261231", tmp_path / "cafcass.parquet")
    cafcass = set(pq.read_table(tmp_path / "cafcass.parquet")["register_id"].drop_null().to_pylist())
    people = {name: set(truth["register_id"].drop_null().to_pylist()) for name, truth in found.items()}
    assert len(people["hospital"] & cafcass) > PEOPLE / 10
    assert len(people["hospital"] & people["clinic"]) > PEOPLE / 20
    for truth in found.values():
        # The contract's band is 90 to 100 %.
        assert 0 < truth["register_id"].null_count / len(truth) < 0.06
        assert len(set(truth["person_id"].to_pylist())) == len(truth)


def test_a_shipped_dataset_can_be_made_from_its_contract_alone(world: World) -> None:
    tables = world.source(contract("cafcass_cymru"), PEOPLE).tables(LATE)
    parties, applications = tables["PARTIES"], tables["APPLICATIONS"]
    assert set(parties["APPLICATION_ID"].to_pylist()) <= set(applications["APPLICATION_ID"].to_pylist())
    people = {each for name in ("CHILDREN", "ADULTS") for each in tables[name]["PERSON_ID"].to_pylist()}
    assert set(parties["PERSON_ID"].to_pylist()) <= people
    assert set(parties["PARTY_ROLE"].to_pylist()) == {"Subject", "Applicant", "Respondent", "Other"}


def test_a_lookup_has_the_contracts_rows_or_plainly_made_up_ones(world: World) -> None:
    given = table("wards", field("ID", "integer", required=True), field("NAME"), kind="lookup",
                  synthetic={"values": [[7, "North"], [8, None]]})  # fmt: skip
    open_ = table("needs", field("ID", enum=["a", "b"]), field("NAME"), kind="lookup")
    tables = world.source(made(person("patients", field("WARD", "integer", to="wards")), given, open_), PEOPLE).tables(
        LATE
    )
    assert tables["WARDS"].to_pydict() == {"ID": [7, 8], "NAME": ["North", None]}
    assert set(tables["PATIENTS"]["WARD"].drop_null().to_pylist()) == {7, 8}
    assert tables["NEEDS"].to_pydict() == {"ID": ["a", "b"], "NAME": ["Made-up name 1", "Made-up name 2"]}


def test_what_hints_say_is_checked_and_is_no_part_of_the_contracts_digest() -> None:
    assert made(person(), spells(mean=9)).digest == made(person(), spells()).digest
    with pytest.raises(ValidationError, match="another table of this contract"):
        made(person(), spells(rows_per="wards"))
    with pytest.raises(ValidationError, match="a value for each field"):
        made(person(synthetic={"values": [[1]]}))
    with pytest.raises(ValidationError, match="youngest and the oldest"):
        made(person(synthetic={"ages": [20, 10]}))


def test_tables_that_require_one_another_in_a_circle_are_refused(world: World) -> None:
    one = table("one", row_key(entity="one"), field("TWO", "integer", "key", entity="two", to="two", required=True))
    two = table("two", row_key(entity="two"), field("ONE", "integer", "key", entity="one", to="one", required=True))
    with pytest.raises(Refused, match="require one another in a circle"):
        world.source(made(person(), one, two), PEOPLE).tables(LATE)


def test_more_people_than_a_key_has_values_are_refused(world: World) -> None:
    few = person()
    few["schema"]["fields"][0]["constraints"] |= {"minimum": 1, "maximum": 9}
    with pytest.raises(Refused, match=r"patients\.ID has too few values"):
        world.source(made(few), PEOPLE).tables(LATE)


def test_synth_makes_any_dataset_that_has_a_contract_and_says_which_there_are(tmp_path: Path) -> None:
    contracts = write_contracts(tmp_path / "contracts")
    files = write_synthetic("tiny", 20, 1, "20240111", tmp_path / "made", contracts=contracts)
    assert files.deposit is not None
    assert sorted(path.name for path in files.deposit.glob("*.csv")) == [
        "CARERS.csv", "CLIENTS.csv", "PLACES.csv", "VISITS.csv",
    ]  # fmt: skip
    with pytest.raises(Refused, match="no contract for the dataset 'other'; known are: tiny"):
        write_synthetic("other", 20, 1, "20240111", tmp_path / "none", contracts=contracts)
    assert not (tmp_path / "none").exists()
