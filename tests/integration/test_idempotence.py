"""Deposits in any order, twice, or after the databank's store was lost, end in the same tables."""

import shutil
from pathlib import Path

import pytest

from fjo_pipeline.databank.curate import Curated
from fjo_pipeline.databank.flow import due, partitions, release, state_digest
from fjo_pipeline.databank.store import current_snapshot
from tests.deposit_builder import CLIENTS, TINY, VISITS, Csvs, with_lines
from tests.tiny_home import LATER, REFRESH, TinyHome, make_tiny_home

LAST = "20250111"
DEPOSITS: dict[str, Csvs] = {
    REFRESH: TINY,
    LATER: TINY | {"CLIENTS.csv": CLIENTS.replace("C0002,Quillfeather,Bo", "C0002,Unheardof,Zed")},
    LAST: TINY | {"VISITS.csv": with_lines(VISITS, "v-5,C0003,,office,1,,,,2024-05-05,2,,")},
}


def content(home: TinyHome) -> dict[str, tuple[int, str]]:
    """Rows and digest of every table of the store, whatever order its rows stand in."""
    with home.databank.store.reading() as session:
        names = session.rows(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'lake' ORDER BY ALL",
            step="list tables",
        )
        # Not a sum of hashes: over many rows that is a floating one, which depends on the order after all.
        digest = "md5(coalesce(string_agg(CAST(each AS VARCHAR), chr(10) ORDER BY CAST(each AS VARCHAR)), ''))"
        return {
            f"{schema}.{table}": session.row(
                f"SELECT count(*), {digest} FROM lake.{schema}.{table} AS each", step="digest a table"
            )
            for schema, table in names
            if (schema, table) != ("databank", "partitions")
        }


def snapshot(home: TinyHome) -> int:
    with home.databank.store.reading() as session:
        return current_snapshot(session)


@pytest.fixture(scope="module")
def in_order(tmp_path_factory: pytest.TempPathFactory) -> TinyHome:
    """Three refreshes, carried in the order of their dates."""
    home = make_tiny_home(tmp_path_factory.mktemp("in_order") / "base")
    for refresh, csvs in DEPOSITS.items():
        home.carry(csvs, refresh)
    return home


def test_link_changes_name_each_refresh_in_which_a_link_changed(in_order: TinyHome) -> None:
    with in_order.databank.store.reading() as session:
        found = session.rows(
            "SELECT REFRESH, PREVIOUS_REFRESH, OLD_ALF_STS_CD, NEW_ALF_STS_CD, REASON "
            "FROM lake.databank.link_changes ORDER BY REFRESH",
            step="look",
        )
    assert found == [(LATER, REFRESH, "4", "99", "no longer linked"), (LAST, LATER, "99", "4", "linked now")]


def test_deposits_in_another_order_and_twice_end_in_the_same_tables(in_order: TinyHome, tmp_path: Path) -> None:
    other = make_tiny_home(tmp_path / "base", keys_of=in_order.settings)
    for refresh in (LAST, REFRESH, LATER):
        other.carry(DEPOSITS[refresh], refresh)
    assert content(other) == content(in_order)
    before = snapshot(other)
    again: list[Curated] = []
    for refresh in (LATER, LAST, REFRESH):
        other.at_provider(refresh)
        other.at_ttp(refresh)
        again.append(other.at_databank(refresh))
    assert not any(each.changed for each in again)
    assert snapshot(other) == before
    assert content(other) == content(in_order)


def test_a_store_that_was_lost_is_curated_anew_from_the_transfers(in_order: TinyHome, tmp_path: Path) -> None:
    shutil.copytree(in_order.settings.home.parent, tmp_path / "base")
    names = ("home", "contracts", "projects")
    home = TinyHome(in_order.settings.model_copy(update={name: tmp_path / "base" / name for name in names}))
    for folder in ("lake", "catalogue"):
        shutil.rmtree(home.settings.zone("databank") / folder)
    home.databank.store.create()
    assert [each.refresh for each in due(home.databank)] == [REFRESH, LATER, LAST]
    for refresh in (LATER, LAST, REFRESH):
        home.at_databank(refresh)
    assert list(due(home.databank)) == []
    assert content(home) == content(in_order)


def test_a_release_again_changes_nothing_that_users_see(in_order: TinyHome) -> None:
    first = release(in_order.databank)
    before = content(in_order)
    second = release(in_order.databank)
    assert (second.snapshot, second.digest) == (first.snapshot, first.digest)
    assert content(in_order) == before
    with in_order.databank.store.reading() as session:
        assert state_digest(session) == first.digest
        assert [each.refresh for each in partitions(session)] == [REFRESH, LATER, LAST]
