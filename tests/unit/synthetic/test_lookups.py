"""ECMS lookups: the positions and codes that users' code names."""

import pytest

from fjo_pipeline.synthetic.lookups import lookup_tables, output_ids
from fjo_pipeline.synthetic.streams import day

BEFORE, AFTER = day(2024, 6, 30), day(2024, 7, 1)


@pytest.mark.parametrize("until", [BEFORE, AFTER])
def test_legal_outputs_stand_where_users_code_mends_their_names(until: int) -> None:
    names = sorted((name for name in lookup_tables(until)["LEGALOUTPUTTYPES"]["NAME"].to_pylist()), key=str.encode)
    assert len(names) >= 115
    assert all(name.startswith("DR at FHDRA") for name in names[44:47])
    assert names[112] == "Referred to LA/PSU - SPH"
    assert names[114] == "Referred to LA/PSU - SPH\u00a0"
    assert sum(name.startswith("DR at FHDRA") for name in names) == 3


def test_the_twentieth_disability_by_id_is_downs_syndrome() -> None:
    rows = lookup_tables(BEFORE)["DISABILITYTYPES"].sort_by("ID").to_pylist()
    assert rows[19]["NAME"] == "Downs Syndrome"
    by_id = {row["ID"]: row["NAME"] for row in rows}
    assert by_id[19] == "None"
    assert {12, 20, 23} <= set(by_id)


@pytest.mark.parametrize(
    ("table", "codes"),
    [
        ("ETHNICITYTYPES", {19, 22}),
        ("RELIGIONTYPES", {23, 24}),
        ("NATIONALITYTYPES", {229, 230}),
        ("LANGUAGETYPES", {814, 815}),
        ("RELATIONSHIPTYPES", {1, 34, 35, 40, 41, 51, 52}),
        ("LAWTYPES", {1, 2}),
        ("CASESTATUS", {1, 2, 3}),
    ],
)
def test_lookups_have_the_codes_that_users_code_names(table: str, codes: set[int]) -> None:
    assert codes <= set(lookup_tables(BEFORE)[table]["ID"].to_pylist())


def test_ids_are_unique_in_every_lookup() -> None:
    for name, table in lookup_tables(AFTER).items():
        ids = table["ID"].to_pylist()
        assert len(set(ids)) == len(ids), name


def test_lookups_change_at_the_fixed_day_and_not_before() -> None:
    early, before, after = (lookup_tables(until) for until in (day(2015), BEFORE, AFTER))
    changed = {name for name in before if not before[name].equals(after[name])}
    assert {"LEGALOUTPUTTYPES", "APPLICATIONTYPES", "SOURCES", "RELIGIONTYPES"} <= changed
    assert all(before[name].equals(early[name]) for name in before)
    assert set(before["LEGALOUTPUTTYPES"]["ID"].to_pylist()) < set(after["LEGALOUTPUTTYPES"]["ID"].to_pylist())


def test_some_names_carry_stray_unicode() -> None:
    texts = [
        text
        for table in lookup_tables(BEFORE).values()
        for column in table.columns
        for text in column.to_pylist()
        if isinstance(text, str)
    ]
    assert sum(not text.isascii() for text in texts) >= 5


def test_a_relationship_and_its_inverse_name_each_other() -> None:
    inverse = {row["ID"]: row["INVERSEREF"] for row in lookup_tables(AFTER)["RELATIONSHIPTYPES"].to_pylist()}
    assert all(inverse[inverse[number]] == number for number in inverse)


def test_courts_hang_together() -> None:
    tables = lookup_tables(BEFORE)
    courts = set(tables["COURTS"]["ID"].to_pylist())
    assert set(tables["COURTCOURTLEVELREFS"]["COURT_ID"].to_pylist()) == courts
    assert set(tables["COURTS"]["DJAREAREF_ID"].to_pylist()) == set(tables["DJAREAREFS"]["ID"].to_pylist())
    assert set(tables["COURTS"]["CIRCUITREF_ID"].to_pylist()) == set(tables["CIRCUITREFS"]["ID"].to_pylist())


def test_output_ids_are_not_in_the_order_of_names() -> None:
    ids = list(output_ids().values())
    assert ids != sorted(ids)
