"""The TTP's store: encrypted, its user's alone, one writer at a time."""

import stat
from pathlib import Path

import duckdb
import pytest

from fjo_pipeline.core.errors import KeyMissing, Refused, StatementFailed, StoreBusy
from fjo_pipeline.core.keyring import keyring_path
from tests.deposit_builder import TINY_IDENTIFIERS
from tests.tiny_home import TinyHome, make_tiny_home


def test_no_identifier_stands_in_plain_in_the_file(carried: TinyHome) -> None:
    content = carried.ttp.store.path.read_bytes()
    assert len(content) > 100_000
    assert not [value for value in (*TINY_IDENTIFIERS, "Formerly", "Made Up Row") if value.encode() in content]


def test_the_file_cannot_be_opened_without_its_key(home: TinyHome) -> None:
    with duckdb.connect() as connection:
        with pytest.raises(duckdb.Error):
            connection.execute(f"ATTACH '{home.ttp.store.path}' AS x (READ_ONLY)")
        with pytest.raises(duckdb.Error):
            connection.execute(f"ATTACH '{home.ttp.store.path}' AS x (READ_ONLY, ENCRYPTION_KEY 'bm90IHRoZSBrZXk=')")


def test_only_its_user_can_read_it(carried: TinyHome) -> None:
    assert stat.S_IMODE(carried.ttp.store.path.parent.stat().st_mode) == 0o700


def test_one_writes_and_nobody_else_meanwhile(home: TinyHome) -> None:
    with (
        home.ttp.store.writing(),
        pytest.raises(StoreBusy, match="zone ttp is being written"),
        home.ttp.store.writing(),
    ):
        pass
    with home.ttp.store.reading() as one:
        assert one.value("SELECT count(*) FROM ttp.register.person", step="count") == 4
        with pytest.raises(StatementFailed):
            one.run("DELETE FROM ttp.register.person", step="write through a reader")


def test_an_empty_store_says_how_to_fill_it(tmp_path: Path) -> None:
    store = make_tiny_home(tmp_path / "base", loaded=False).ttp.store
    with pytest.raises(Refused, match="fjo register add PATH"), store.reading():
        pass


def test_without_its_keyring_nothing_of_the_zone_opens(home: TinyHome) -> None:
    keyring_path(home.settings, "ttp").unlink()
    with pytest.raises(KeyMissing, match="keyring of zone ttp is not there; restore it"):
        home.ttp.store.path.stat()
