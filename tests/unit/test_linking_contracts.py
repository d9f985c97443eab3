"""What a contract says of linking fields beyond the ALF: residences, the second register, what a register lets out."""

from pathlib import Path

import pytest

from fjo_pipeline.core.contracts import Contract, SailNames, contract, load_contract
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.databank.tables import curated_tables
from tests.deposit_builder import TINY_CONTRACT

PEOPLE = "    kind: people\n    schema:"


def changed(folder: Path, *changes: tuple[str, str]) -> Contract:
    text = TINY_CONTRACT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "tiny.yaml"
    path.write_text(text)
    return load_contract(path)


@pytest.mark.parametrize(
    ("alf_table", "ralf_table"),
    [
        ("CAFE_ECMS_ALF", "CAFE_ECMS_RALF"),
        ("CAFW_CAFCASS_ALF", "CAFW_CAFCASS_RALF"),
        ("ALF_OF_ALFRED_ALF", "ALF_OF_ALFRED_RALF"),
        ("LINKS", "LINKS_RALF"),
    ],
)
def test_the_ralf_table_is_named_after_the_alf_table(alf_table: str, ralf_table: str) -> None:
    assert SailNames(dataset="CAFE", table_prefix="CAFE", alf_table=alf_table).ralf_table == ralf_table


def test_a_dataset_has_a_ralf_table_where_its_people_have_addresses(tmp_path: Path) -> None:
    assert "ralf" not in [table.name for table in curated_tables(changed(tmp_path), "20240111")]
    ecms = {table.name: table for table in curated_tables(contract("cafcass_england_ecms"), "20240111")}
    assert ecms["ralf"].table == "CAFE_ECMS_RALF_20240111"
    assert ecms["ralf"].special_access
    assert ecms["ralf"].columns == ("PERSON_ID", "RALF", "AVAIL_FROM_DT")
    assert "RALF" not in ecms["alf"].columns


def test_a_column_with_a_ralf_needs_special_access(tmp_path: Path) -> None:
    linked = "    kind: people\n    linked: {RALF: RALF}\n    schema:"
    with pytest.raises(Refused, match=r"line 12, .*a RALF says who lives together: the table needs special_access"):
        changed(tmp_path, (PEOPLE, linked))
    allowed = changed(tmp_path, (PEOPLE, linked.replace("people\n", "people\n    special_access: true\n", 1)))
    clients = allowed.table("clients")
    assert clients.is_id("RALF")
    assert clients.entity("RALF") == "ralf"


def test_a_register_lets_out_two_tables_and_a_dataset_none_of_a_registers(tmp_path: Path) -> None:
    tables = {table.name: table for table in curated_tables(contract("population_register"), "20240101")}
    assert {name: (table.schema, table.table, table.special_access) for name, table in tables.items()} == {
        "persons": ("SAILWDSDV", "WDSD_AR_PERS_20240101", False),
        "addresses": ("SAILWDSDV", "WDSD_AR_PERS_ADD_20240101", True),
    }
    named = "deidentified: {dataset: WDSD, persons: A, addresses: B}\nretention_days"
    with pytest.raises(Refused, match="only a register has `deidentified`"):
        changed(tmp_path, ("retention_days", named))


def test_the_second_register_is_no_register_and_has_alf2_itself(tmp_path: Path) -> None:
    assert not changed(tmp_path).has_alf2
    assert changed(tmp_path, (PEOPLE, "    kind: people\n    linked: {ALF2: ALF2}\n    schema:")).has_alf2
    assert changed(tmp_path, ("retention_days", "second_register: true\nretention_days")).has_alf2
    with pytest.raises(Refused, match="the second register is a dataset"):
        changed(tmp_path, ("retention_days", "second_register: true\nregister: true\nretention_days"))
