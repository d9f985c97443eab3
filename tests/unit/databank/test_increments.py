"""Increments: a refresh holds the state as of its date, whatever the order in which deposits came."""

import shutil
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.ledger import open_ledger
from fjo_pipeline.databank.differences.keeping import renew_differences
from fjo_pipeline.databank.flow import curate, due, held_up, partitions
from fjo_pipeline.databank.increments import NotAllHere
from fjo_pipeline.status import home_status, shown
from tests.deposit_builder import GROWING_CONTRACT, Csvs
from tests.growing_home import BASE, DEPOSITS, EMPTY, FIRST, SECOND, THIRD, WHOLE, carry_all, growing_home, rows
from tests.tiny_home import TinyHome, copied, loaded_home
from tests.unit.databank.test_curate import send_file_3

WHOLE_REFRESH, LATE = "20240412", "20240301"
ALL = (BASE, FIRST, SECOND, THIRD)
ORDERS = list(permutations(ALL))
FAST = ((THIRD, SECOND, FIRST, BASE),)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> TinyHome:
    """A base and three increments, carried in the order of their dates; not to be changed."""
    home = growing_home(loaded_home(tmp_path_factory.getbasetemp()), tmp_path_factory.mktemp("grown") / "base")
    return carry_all(home, *ALL)


def rows_of_a_late_one() -> Csvs:
    """An increment of one call, of a person whom an earlier one brought."""
    return EMPTY | rows("CALLS.csv", "C0004,3")


def look(home: TinyHome, sql: str) -> list[tuple[Any, ...]]:
    with home.databank.store.reading() as session:
        return session.rows(sql, step="look")


def content(home: TinyHome, refresh: str | None = None) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every table in order, of one refresh without its date or of all; not what the TTP reported."""
    with home.databank.store.reading() as session:
        names = session.rows(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'lake' ORDER BY ALL", step="list"
        )
        return {
            table.removesuffix(f"_{refresh}"): session.rows(f"FROM lake.{schema}.{table} ORDER BY ALL", step="read")
            for schema, table in names
            if table != "linkage_report" and (refresh is None or table.endswith(f"_{refresh}"))
        }


def emptied(home: TinyHome, base: Path) -> tuple[TinyHome, Path]:
    """A copy of a home whose databank has taken nothing, and the transfers that were on their way to it."""
    copy = copied(home, base)
    for folder in ("lake", "catalogue"):
        shutil.rmtree(copy.settings.zone("databank") / folder)
    copy.databank.store.create()
    transfers = base / "on their way"
    copy.settings.inbox("databank").rename(transfers)
    ledger = open_ledger(copy.settings, "databank")
    for entry in ledger.entries(state="received"):
        ledger.forget(entry.kind, entry.dataset, entry.refresh, "received")
    return copy, transfers


def arrive(home: TinyHome, transfers: Path, refresh: str) -> list[str]:
    """The files of one refresh come into the databank's inbox, and what is due is curated; returns what was due."""
    for kind in ("file_2", "file_3"):
        target = home.settings.inbox("databank") / kind / "tiny" / refresh
        shutil.copytree(transfers / kind / "tiny" / refresh, target)
    found = list(due(home.databank))
    for each in found:
        assert curate(home.databank, each.dataset, each.refresh).changed
    return [each.refresh for each in found]


def test_a_refresh_of_increments_holds_what_a_full_deposit_of_its_date_would(grown: TinyHome, tmp_path: Path) -> None:
    home = copied(grown, tmp_path / "base")
    assert home.carry(WHOLE, WHOLE_REFRESH).people == 5
    whole = {name: [row[:-1] for row in found] for name, found in content(home, WHOLE_REFRESH).items()}
    state = {name: [row[:-1] for row in found] for name, found in content(home, THIRD).items()}
    assert state == whole
    assert set(whole) == {"TINY_CLIENTS", "TINY_CARERS", "TINY_VISITS", "TINY_CALLS", "PLACES", "TINY_ALF"}


def test_each_refresh_stands_with_its_own_date_and_rows(grown: TinyHome) -> None:
    with grown.databank.store.reading() as session:
        noted = {each.refresh: (each.people, each.linked, each.rows) for each in partitions(session)}
    # Rows by table: clients, carers, visits, places, calls, and the people of the ALF table.
    assert noted == {
        BASE: (4, 2, 3 + 1 + 4 + 2 + 2 + 4),
        FIRST: (5, 2, 4 + 1 + 6 + 3 + 4 + 5),
        SECOND: (5, 2, 4 + 1 + 7 + 3 + 5 + 5),
        THIRD: (5, 1, 4 + 1 + 7 + 3 + 5 + 5),
    }
    for refresh in ALL:
        days = look(
            grown, f"SELECT DISTINCT strftime(AVAIL_FROM_DT, '%Y%m%d') FROM lake.SAILTINYV.TINY_VISITS_{refresh}"
        )
        assert days == [(refresh,)]


def test_a_row_says_the_alf_that_its_person_has_in_the_state(grown: TinyHome) -> None:
    for refresh in ALL:
        said, known = (
            look(grown, f"SELECT DISTINCT {person} AS person, ALF_E FROM lake.SAILTINYV.{table}_{refresh} ORDER BY ALL")
            for person, table in (("PERSON_E", "TINY_CALLS"), ("PERSON_ID_E", "TINY_ALF"))
        )
        assert said
        assert set(said) <= set(known)


def test_a_link_that_an_increment_changes_is_told_of(grown: TinyHome) -> None:
    found = look(grown, "SELECT REFRESH, PREVIOUS_REFRESH, REASON FROM lake.databank.link_changes")
    assert found == [(THIRD, SECOND, "no longer linked")]


@pytest.mark.parametrize("order", [pytest.param(o, marks=() if o in FAST else pytest.mark.slow) for o in ORDERS])
def test_whatever_the_order_of_arrival_the_tables_are_the_same(
    order: tuple[str, ...], grown: TinyHome, tmp_path: Path
) -> None:
    home, transfers = emptied(grown, tmp_path / "base")
    for refresh in order:
        arrive(home, transfers, refresh)
    renew_differences(home.databank, "tiny")
    assert list(due(home.databank)) == []
    assert content(home) == content(grown)


def test_an_increment_whose_base_is_not_there_is_not_due_and_refused(grown: TinyHome, tmp_path: Path) -> None:
    home, transfers = emptied(grown, tmp_path / "base")
    assert arrive(home, transfers, SECOND) == []
    with pytest.raises(
        NotAllHere, match=f"increment on {BASE}, and Files 2 and 3 of {BASE}, {FIRST} are not both here"
    ):
        home.databank.files("tiny", SECOND)
    (waits,) = held_up(home.databank)
    assert f"waits: {waits}" in shown(home_status(home.settings))
    # The provider had taken the first increment before the second one, so the second waits for it too.
    assert arrive(home, transfers, BASE) == [BASE]
    assert arrive(home, transfers, FIRST) == [FIRST, SECOND]
    assert held_up(home.databank) == []


def test_an_older_increment_makes_the_later_ones_due_and_leaves_the_earlier_ones(
    grown: TinyHome, tmp_path: Path
) -> None:
    home = copied(grown, tmp_path / "base")
    home.carry(rows_of_a_late_one(), LATE, base=BASE)
    assert [each.refresh for each in due(home.databank)] == [SECOND, THIRD]
    assert curate(home.databank, "tiny", THIRD).rows["TINY_CALLS_20240411"] == 6
    assert curate(home.databank, "tiny", SECOND).changed
    assert list(due(home.databank)) == []
    for refresh in (BASE, FIRST):
        assert not curate(home.databank, "tiny", refresh).changed


def test_a_file_3_made_again_makes_its_increment_and_the_later_ones_due(grown: TinyHome, tmp_path: Path) -> None:
    home = copied(grown, tmp_path / "base")
    send_file_3(home, "SELECT * REPLACE ('2' AS GNDR_CD) FROM {}", FIRST)
    assert [each.refresh for each in due(home.databank)] == [FIRST, SECOND, THIRD]
    assert home.at_databank(THIRD).changed
    assert [each.refresh for each in due(home.databank)] == [FIRST, SECOND]
    women = "SELECT count(*) FROM lake.SAILTINYV.TINY_ALF_{} WHERE GNDR_CD = '2'"
    assert [look(home, women.format(each)) for each in (SECOND, THIRD)] == [[(2,)], [(3,)]]


def test_an_older_full_deposit_changes_its_own_refresh_only(grown: TinyHome, tmp_path: Path) -> None:
    home = copied(grown, tmp_path / "base")
    home.carry(DEPOSITS[BASE], "20240301")
    assert list(due(home.databank)) == []
    before, after = (content(each, THIRD) for each in (grown, home))
    assert before == after


def test_increments_with_a_person_whose_link_is_no_longer_told_twice_fail_the_check(
    grown: TinyHome, tmp_path: Path
) -> None:
    home = copied(grown, tmp_path / "base")
    before = content(home)
    send_file_3(home, "SELECT * FROM {0} UNION ALL (FROM {0} ORDER BY SYSTEM_ID LIMIT 1)", FIRST)
    result = home.at_databank(SECOND)
    assert sorted(each.name for each in result.findings if not each.passed) == ["one_alf_a_person", "rows_conserved"]
    assert content(home) == before


def test_deposits_of_two_forms_are_refused_with_the_table(grown: TinyHome, tmp_path: Path) -> None:
    home = copied(grown, tmp_path / "base")
    path = home.settings.contracts / "tiny.yaml"
    path.write_text(GROWING_CONTRACT.replace("- {name: MINUTES, type: integer", "- {name: MINUTES, type: number"))
    shutil.rmtree(home.settings.landing / "tiny" / BASE)
    home.at_provider(SECOND)
    home.at_ttp(SECOND)
    with pytest.raises(Refused, match=r"CALLS.csv has other columns in tiny/20240311 .* send a full deposit"):
        home.at_databank(SECOND)


def test_a_contract_that_takes_no_more_increments_refuses_those_that_come(grown: TinyHome, tmp_path: Path) -> None:
    home = copied(grown, tmp_path / "base")
    path = home.settings.contracts / "tiny.yaml"
    path.write_text(GROWING_CONTRACT.replace("delivery: increment", "delivery: full"))
    with pytest.raises(Refused, match="takes full deposits only"):
        home.databank.files("tiny", FIRST)
    assert home.databank.files("tiny", BASE)[0].subject.refresh == BASE
