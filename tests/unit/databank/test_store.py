"""The databank's store: nothing in plain, readers beside a writer, snapshots that stay, users' SQL confined."""

import sqlite3
import stat
from pathlib import Path

import pytest

from fjo_pipeline.core.errors import FjoError, Refused, StatementFailed, StoreBusy
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.core.stores import one_transaction
from fjo_pipeline.databank.flow import query
from fjo_pipeline.databank.store import DatabankStore, current_snapshot
from tests.tiny_home import TinyHome

COUNT = "SELECT count(*) FROM lake.databank.partitions"


def files(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_what_it_holds_is_its_users_alone(carried: TinyHome) -> None:
    store = carried.databank.store
    folder = carried.settings.zone("databank")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "catalogue").stat().st_mode) == 0o700
    assert stat.S_IMODE(store.data_path.stat().st_mode) == 0o700


def test_no_value_stands_in_plain_in_its_parquet_files(carried: TinyHome) -> None:
    files = list(carried.databank.store.data_path.rglob("*.parquet"))
    assert len(files) >= 10
    content = b"".join(path.read_bytes() for path in files)
    assert not [value for value in (b"W01000001", b"office", b"cafcass", b"North") if value in content]
    with pytest.raises(StatementFailed):
        query(carried.databank, f"SELECT count(*) FROM read_parquet('{files[0]}')")


def test_the_catalogue_holds_no_rows(carried: TinyHome) -> None:
    path = carried.settings.zone("databank") / "catalogue" / "catalogue.sqlite"
    with sqlite3.connect(path) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    connection.close()
    assert "ducklake_data_file" in tables
    assert not [name for name in tables if name.startswith("ducklake_inlined_data_") and name[-1].isdigit()]
    assert mode == "wal"


def test_making_it_again_leaves_it_as_it_is(home: TinyHome) -> None:
    with home.databank.store.reading() as session:
        before = current_snapshot(session), session.value(COUNT, step="count")
    home.databank.store.create()
    with home.databank.store.reading() as session:
        assert (current_snapshot(session), session.value(COUNT, step="count")) == before


def test_readers_are_not_blocked_by_a_writer_and_see_the_state_before(home: TinyHome) -> None:
    store = home.databank.store
    with store.writing() as writer:
        with one_transaction(writer):
            writer.run("DELETE FROM lake.databank.partitions", step="delete")
            with store.reading() as reader:
                assert reader.value(COUNT, step="count") == 2
        with store.reading() as reader:
            assert reader.value(COUNT, step="count") == 0


def test_a_pinned_snapshot_is_read_whatever_came_after(home: TinyHome) -> None:
    store = home.databank.store
    with store.writing() as session:
        pinned = current_snapshot(session)
        session.run("DELETE FROM lake.databank.partitions", step="delete")
    with store.reading(pinned) as session:
        assert session.value(COUNT, step="count") == 2
        with pytest.raises(StatementFailed):
            session.run("DELETE FROM lake.databank.partitions", step="write through a reader")


def test_one_writes_and_nobody_else_meanwhile(home: TinyHome) -> None:
    store = home.databank.store
    with store.writing():
        with pytest.raises(StoreBusy, match="zone databank is being written"), store.writing():
            pass
        with pytest.raises(StoreBusy), store.locked():
            pass
    with store.locked():
        pass


def test_a_store_that_is_not_there_is_not_made_on_the_way(tmp_path: Path) -> None:
    store = DatabankStore(Settings(home=tmp_path / "home"))
    for opened in (store.writing(), store.reading(), store.for_users(1)):
        with pytest.raises(Refused, match="no store yet: run `fjo init`"), opened:
            pass
    assert not store.exists
    assert not (tmp_path / "home").exists()


def test_a_postgresql_catalogue_is_named_as_it_is_and_taken_to_be_there(tmp_path: Path) -> None:
    store = DatabankStore(Settings(home=tmp_path / "home", catalogue="postgres:dbname=lake"))
    assert store.catalogue == "postgres:dbname=lake"
    assert store.exists


READS = [
    "SELECT count(*) AS n FROM databank.partitions",
    "FROM databank.partitions",
    "DESCRIBE databank.partitions",
    "SELECT count(*) FROM SAILTINYV.TINY_CLIENTS_20240111",
    "PIVOT databank.partitions ON dataset USING sum(rows)",
]
REACHES = [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('{home}/provider/keyring.json')",
    "SELECT * FROM glob('/etc/*')",
    "COPY (SELECT 1 AS a) TO '{lake}/x.csv'",
    "COPY (SELECT 1 AS a) TO '{home}/databank/catalogue/catalogue.sqlite'",
    "EXPLAIN ANALYZE COPY (SELECT 1 AS a) TO '{lake}/x.csv'",
    "SELECT 1; COPY (SELECT 1 AS a) TO '{lake}/x.csv'",
    "ATTACH '{lake}/x.duckdb' AS x",
    "ATTACH '{home}/databank/catalogue/catalogue.sqlite' AS x (TYPE sqlite)",
    "CREATE TABLE databank.x AS SELECT 1 AS a",
    "DELETE FROM databank.partitions",
    "CALL ducklake_expire_snapshots('lake', versions => [1])",
    "SELECT * FROM __ducklake_metadata_lake.ducklake_data_file",
    "SELECT * FROM query('SELECT * FROM __duck' || 'lake_metadata_lake.duck' || 'lake_data_file')",
    "SET allowed_directories = ['/']",
    "CREATE PERSISTENT SECRET x (TYPE s3)",
    "",
    "SELEC 'Quillfeather'",
]


@pytest.mark.parametrize("sql", READS)
def test_users_sql_reads_the_released_snapshot(sql: str, carried: TinyHome) -> None:
    assert query(carried.databank, sql).num_rows >= 1


@pytest.mark.parametrize("sql", REACHES)
def test_users_sql_reaches_no_file_and_writes_nothing(sql: str, carried: TinyHome) -> None:
    home, lake = carried.settings.home, carried.databank.store.data_path
    before = files(lake)
    with pytest.raises(FjoError) as caught:
        query(carried.databank, sql.format(home=home, lake=lake))
    assert "Quillfeather" not in str(caught.value)
    assert files(lake) == before
    assert query(carried.databank, "SELECT count(*) FROM databank.partitions").to_pylist() == [{"count_star()": 2}]


def test_users_are_told_which_name_is_wrong(carried: TinyHome) -> None:
    with pytest.raises(StatementFailed, match="nowhere does not exist"):
        query(carried.databank, "SELECT * FROM nowhere WHERE x = 'Quillfeather'")
    with pytest.raises(StatementFailed, match="colour") as caught:
        query(carried.databank, "SELECT colour FROM databank.partitions WHERE dataset = 'Quillfeather'")
    assert "Quillfeather" not in str(caught.value)
