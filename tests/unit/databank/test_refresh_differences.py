"""What a refresh changed against the last: counted, judged, hidden where few, and the same in any order of deposits."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fjo_pipeline.core.contracts import Contract, DifferenceBands
from fjo_pipeline.databank.differences.comparing import Difference
from fjo_pipeline.databank.differences.judging import judge
from fjo_pipeline.databank.differences.keeping import (
    COMPARISONS,
    TABLE,
    comparison,
    differences_due,
    renew_differences,
)
from fjo_pipeline.databank.differences.page import compare_refresh, differences_path
from fjo_pipeline.databank.flow import curate, receive
from fjo_pipeline.databank.store import current_snapshot
from tests.deposit_builder import CLIENTS, TINY, TINY_IDENTIFIERS, with_lines
from tests.tiny_home import LATER, REFRESH, TinyHome, copied

BETWEEN = "20240401"
MORE = TINY | {"CLIENTS.csv": with_lines(CLIENTS, *(f"C1{n:03},Quillfeather,Ada,2010-01-01,,F" for n in range(20)))}


def visits(count: int, *, office: int) -> str:
    """So many visits of one person, the first of them to the office."""
    header = "VISIT,PERSON,FAMILY,KIND,SCORE,PRICE,OPEN,CODE,SEEN,PLACE,REMARK,NOTES\n"
    kinds = ("office" if number <= office else "home" for number in range(1, count + 1))
    rows = (f"v-{number},C0001,70,{kind},5,1,true,ABC,2023-01-02,1,,\n" for number, kind in enumerate(kinds, 1))
    return header + "".join(rows)


def kept(home: TinyHome, refresh: str = LATER) -> dict[tuple[str, ...], tuple[Any, ...]]:
    """The differences of a refresh: before, after, within band, by measure, table, item and category."""
    with home.databank.store.reading() as session:
        rows = session.rows(
            f"SELECT MEASURE, TABLE_NAME, ITEM, CATEGORY, BEFORE, AFTER, WITHIN_BAND FROM {TABLE} WHERE REFRESH = ? "
            "ORDER BY ALL",
            (refresh,),
            step="look",
        )
    assert len({row[:4] for row in rows}) == len(rows)
    return {row[:4]: row[4:] for row in rows}


@pytest.fixture
def two(empty_home: TinyHome) -> Callable[[dict[str, str], dict[str, str]], TinyHome]:
    """Two refreshes carried one after the other, with these files in place of the tiny ones."""

    def carry(first: dict[str, str], second: dict[str, str]) -> TinyHome:
        empty_home.carry(TINY | first, REFRESH)
        empty_home.carry(TINY | second, LATER)
        return empty_home

    return carry


Two = Callable[[dict[str, str], dict[str, str]], TinyHome]


def test_rows_keys_codes_missing_values_and_lookups_are_told(two: Two) -> None:
    before = {"VISITS.csv": visits(60, office=20), "PLACES.csv": "ID,NAME\n1,North\n2,South\n3,West\n"}
    after = {
        "VISITS.csv": visits(80, office=40).replace("v-60,C0001,70", "v-60,C0001,71"),
        "PLACES.csv": "ID,NAME\n1,North\u00a0\n2,Southern\n4,East\n",
    }
    found = kept(two(before, after))
    assert found["rows", "TINY_VISITS", "", ""] == (60, 80, False)
    assert found["keys", "TINY_VISITS", "gone", ""] == (0, None, None)
    assert found["keys", "TINY_VISITS", "new", ""] == (None, 20, False)
    # 20 of the 60 became visits to the office, and one of another family is among the others: 21 have changed.
    assert found["keys", "TINY_VISITS", "changed", ""] == (21, 21, False)
    assert ("keys", "TINY_VISITS", "same", "") not in found
    assert found["code_share", "TINY_VISITS", "KIND", "office"] == (20, 40, False)
    assert found["code_share", "TINY_VISITS", "PLACE", "1"] == (60, 80, True)
    assert found["missing", "TINY_VISITS", "REMARK", ""] == (60, 80, True)
    assert found["missing", "TINY_VISITS", "SCORE", ""] == (0, 0, None)
    assert found["rows", "PLACES", "lookup", ""] == (3, 3, True)
    assert found["lookup_rows", "PLACES", "gone", ""] == (1, None, False)
    assert found["lookup_rows", "PLACES", "new", ""] == (None, 1, False)
    assert found["lookup_names", "PLACES", "renamed", ""] == (None, 2, False)
    assert not any(measure.startswith("column") for measure, *_ in found)


def test_lookup_rows_are_named_and_what_nobody_sees_is_said(two: Two) -> None:
    home = two(
        {"PLACES.csv": "ID,NAME\n1,North\n2,South\n3,West\n"}, {"PLACES.csv": "ID,NAME\n1,North\u00a0\n2,Southern\n"}
    )
    with home.databank.store.reading() as session:
        rows = session.rows(
            f"SELECT ITEM, CATEGORY, SAID FROM {TABLE} WHERE MEASURE = 'lookup_row' ORDER BY CATEGORY", step="look"
        )
    assert rows == [
        ("renamed", "1", "North → North\u00a0 (only characters that nobody sees)"),
        ("renamed", "2", "South → Southern"),
        ("gone", "3", "West"),
    ]


def test_few_are_suppressed_and_judged_by_what_they_are(two: Two) -> None:
    found = kept(two({"VISITS.csv": visits(60, office=20)}, {"VISITS.csv": visits(58, office=3)}))
    # Two keys are gone: with the sums known, what would give them away is hidden too.
    assert {found["keys", "TINY_VISITS", item, ""][:2] for item in ("gone", "changed")} == {(None, None)}
    assert found["code_share", "TINY_VISITS", "KIND", "office"] == (None, None, False)
    assert found["code_share", "TINY_VISITS", "KIND", "home"] == (None, None, False)
    assert found["rows", "TINY_CLIENTS", "", ""] == (None, None, None)


def test_a_code_that_was_never_used_before_is_judged_against_none(two: Two) -> None:
    found = kept(two({"VISITS.csv": visits(60, office=0)}, {"VISITS.csv": visits(60, office=40)}))
    assert found["code_share", "TINY_VISITS", "KIND", "office"] == (0, 40, False)
    assert found["code_share", "TINY_VISITS", "KIND", "home"] == (60, 20, False)


def test_columns_that_the_new_contract_has_are_told(two: Two) -> None:
    home = two({}, {})
    with home.databank.store.writing() as session:
        session.run(f"ALTER TABLE lake.SAILTINYV.TINY_VISITS_{REFRESH} DROP COLUMN REMARK", step="as of before")
        session.run(f"UPDATE {COMPARISONS} SET digest = 'old'", step="make it due")
    renew_differences(home.databank, "tiny")
    found = kept(home)
    assert found["columns", "TINY_VISITS", "new", ""] == (None, 1, False)
    assert ("column", "TINY_VISITS", "new", "REMARK") in found
    assert found["missing", "TINY_VISITS", "REMARK", ""][0] is None


def test_the_first_refresh_has_no_comparison_and_is_not_due_again(carried: TinyHome) -> None:
    with carried.databank.store.reading() as session:
        first, second = (comparison(session, "tiny", refresh) for refresh in (REFRESH, LATER))
    assert (first.against, first.judged, first.beyond) == (None, 0, 0)
    assert second.against == REFRESH
    assert kept(carried, REFRESH) == {}
    assert list(differences_due(carried.databank)) == []


def test_comparing_again_writes_nothing(home: TinyHome) -> None:
    with home.databank.store.reading() as session:
        before = current_snapshot(session)
    assert renew_differences(home.databank, "tiny") == []
    with home.databank.store.reading() as session:
        assert current_snapshot(session) == before


@pytest.mark.slow
def test_the_order_of_deposits_makes_no_difference(empty_home: TinyHome, carried: TinyHome, tmp_path: Path) -> None:
    for refresh, csvs in ((LATER, TINY), (BETWEEN, MORE), (REFRESH, TINY)):
        empty_home.carry(csvs, refresh)
    home = copied(carried, tmp_path / "other")
    home.carry(MORE, BETWEEN)
    assert [kept(home, each) for each in (REFRESH, BETWEEN, LATER)] == [
        kept(empty_home, each) for each in (REFRESH, BETWEEN, LATER)
    ]
    with home.databank.store.reading() as session:
        assert comparison(session, "tiny", LATER).against == BETWEEN
    assert kept(home, LATER)["keys", "TINY_CLIENTS", "gone", ""][2] is False


def test_a_late_refresh_has_its_later_neighbour_warned_of_too(home: TinyHome) -> None:
    home.land(MORE, BETWEEN)
    home.at_provider(BETWEEN)
    home.at_ttp(BETWEEN)
    receive(home.databank, "tiny", BETWEEN)
    curate(home.databank, "tiny", BETWEEN)
    assert [each.refresh for each in differences_due(home.databank)] == [BETWEEN, LATER]
    found = compare_refresh(home.databank, "tiny", BETWEEN)
    assert set(found.beyond_in_others) == {LATER}
    assert found.beyond_in_others[LATER] > 0
    assert not found.within_bands
    assert BETWEEN in differences_path(home.databank, "tiny", LATER).read_text()


def test_the_page_says_it_is_made_up_and_shows_no_value_of_a_person(two: Two) -> None:
    home = two({"VISITS.csv": visits(60, office=20)}, {"VISITS.csv": visits(80, office=60)})
    counted = compare_refresh(home.databank, "tiny", LATER)
    page = differences_path(home.databank, "tiny", LATER).read_text()
    assert counted.beyond == sum(counted.beyond_by_measure.values()) > 0
    assert "MADE-UP DATA" in page
    assert f"Compared with the refresh {REFRESH}" in page
    assert "office" in page
    assert "North" not in page.split('id="code_share"')[0]
    assert [value for value in (*TINY_IDENTIFIERS, "C0001", "v-1") if value in page] == []
    compare_refresh(home.databank, "tiny", REFRESH)
    assert "It is the first refresh" in differences_path(home.databank, "tiny", REFRESH).read_text()


BASE = Difference("rows", "T", "", "", None, 1000, 1000, None, None, False)


@pytest.mark.parametrize(
    ("difference", "within"),
    [
        (replace(BASE, after=1250), True),
        (replace(BASE, after=1251), False),
        (replace(BASE, before=None, after=50), False),
        (replace(BASE, before=0, after=9), None),
        (replace(BASE, measure="keys", item="gone", before=11, after=None, before_of=1000), False),
        (replace(BASE, measure="match_rate", before=900, after=879, before_of=1000, after_of=1000), False),
        (replace(BASE, measure="match_rate", before=900, after=881, before_of=1000, after_of=1000), True),
        (replace(BASE, measure="missing", before=0, after=30, before_of=0, after_of=1000), None),
        (replace(BASE, measure="link_changes", item="linked now", before=None, after=21, after_of=1000), False),
        (replace(BASE, measure="column", item="new", before=None, after=None), None),
    ],
)
def test_a_change_is_judged_by_its_measures_own_band(
    tiny: Contract, difference: Difference, within: bool | None
) -> None:
    assert judge(tiny, [difference])[0].within_band is within


def test_a_contract_sets_its_own_bands(tiny: Contract) -> None:
    wider = tiny.model_copy(update={"difference_bands": DifferenceBands(rows=0.5)})
    assert judge(wider, [replace(BASE, after=1500)])[0].within_band


def test_statuses_do_not_give_a_small_one_away(tiny: Contract) -> None:
    def status(code: str, before: int, after: int) -> Difference:
        return replace(
            BASE, measure="match_status", item="ALF_STS_CD", category=code, before=before, after=after,
            before_of=1000, after_of=1000,
        )  # fmt: skip

    linked = replace(BASE, measure="match_rate", item="linked", before=905, after=906, before_of=1000, after_of=1000)
    found = judge(tiny, [linked, status("1", 900, 900), status("4", 5, 6), status("99", 95, 94)])
    assert [each.before for each in found] == [905, None, None, 95]
