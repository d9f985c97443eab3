"""Sessions: values stay out of errors and spill, nothing is fetched, and nobody can switch that off."""

import os
import shutil
import socket
import traceback
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from fjo_pipeline.core import sessions
from fjo_pipeline.core.errors import StatementFailed
from fjo_pipeline.core.held_folders import abandoned, held_folder
from fjo_pipeline.core.sessions import (
    Session,
    add_parquet_key,
    confine,
    extension_path,
    identifier,
    literal,
    open_session,
)

VALUE = "Quillfeather"
FAILING = f"SELECT CAST('{VALUE}' AS INTEGER)"
FAILING_LATE = f"SELECT CASE WHEN i = 150000 THEN CAST('{VALUE}' || i AS INTEGER) END AS x FROM range(200000) AS t(i)"


def read_late(session: Session) -> object:
    return session.reader(FAILING_LATE, step="read names").read_all()


CALLS: dict[str, Callable[[Session], object]] = {
    "run": lambda session: session.run(FAILING, step="read names"),
    "rows": lambda session: session.rows(FAILING, step="read names"),
    "row": lambda session: session.row(FAILING, step="read names"),
    "value": lambda session: session.value(FAILING, step="read names"),
    "reader": lambda session: session.reader(FAILING, step="read names").read_all(),
    "a later batch": read_late,
}


@pytest.mark.parametrize("name", CALLS)
def test_an_error_names_the_step_and_carries_no_value_anywhere(name: str, shared_session: Session) -> None:
    with pytest.raises(StatementFailed, match="read names") as caught:
        CALLS[name](shared_session)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    told = "".join(traceback.format_exception_only(caught.value)) + repr(caught.value.args)
    assert VALUE not in told


def test_duckdb_itself_would_have_quoted_the_value(shared_session: Session) -> None:
    with pytest.raises(duckdb.Error, match=VALUE):
        shared_session.connection.execute(FAILING)


def test_a_parameter_that_is_not_asked_for_is_an_error_without_its_value(shared_session: Session) -> None:
    with pytest.raises(StatementFailed) as caught:
        shared_session.value("SELECT 1", {"name": VALUE}, step="count")
    assert VALUE not in str(caught.value)


def test_one_row_is_asked_for_and_one_row_is_given(shared_session: Session) -> None:
    assert shared_session.row("SELECT 1, 'a'", step="read") == (1, "a")
    assert shared_session.value("SELECT $x + 1", {"x": 4}, step="read") == 5
    assert shared_session.rows("SELECT ?", [7], step="read") == [(7,)]
    with pytest.raises(StatementFailed, match="expected one row, got 2"):
        shared_session.value("SELECT unnest([1, 2])", step="read")


def test_a_reader_streams_in_batches(shared_session: Session) -> None:
    batches = list(shared_session.reader("SELECT i FROM range(5000) AS t(i)", step="read", batch_rows=2048))
    assert sum(batch.num_rows for batch in batches) == 5000
    assert len(batches) > 1


def test_spill_lies_in_the_named_folder_and_holds_no_plain_value(tmp_path: Path) -> None:
    folder = tmp_path / "spill"
    with open_session(folder, memory_limit="60MB", threads=1) as session:
        session.run(
            f"CREATE TEMP TABLE people AS SELECT i, '{VALUE}' || hash(i) || '{VALUE}' AS name "
            "FROM range(1500000) AS t(i)",
            step="spill",
        )
        spilled = [path for path in folder.rglob("*") if path.is_file()]
        assert sum(path.stat().st_size for path in spilled) > 10_000_000, "the query was to spill"
        assert not any(VALUE.encode() in path.read_bytes() for path in spilled)
    assert not [path for path in folder.rglob("*") if path.is_file()]


def test_the_spill_folder_is_its_owners_alone(tmp_path: Path) -> None:
    with open_session(tmp_path / "spill"):
        assert (tmp_path / "spill").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "statement",
    [
        "SET temp_file_encryption = false",
        "SET autoinstall_known_extensions = true",
        "SET disabled_filesystems = ''",
        "SET temp_directory = '/tmp'",
        "SET lock_configuration = false",
    ],
)
def test_what_protects_a_session_is_locked(statement: str, shared_session: Session) -> None:
    with pytest.raises(StatementFailed):
        shared_session.run(statement, step="loosen")


def test_nothing_is_installed_or_loaded_by_itself(shared_session: Session) -> None:
    settings = dict(
        shared_session.rows(
            "SELECT name, value FROM duckdb_settings() WHERE name LIKE 'auto%_known_extensions' "
            "OR name = 'temp_file_encryption'",
            step="read settings",
        )
    )
    assert settings == {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "temp_file_encryption": "true",
    }


def test_a_session_opens_no_connection(shared_session: Session) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        with pytest.raises(StatementFailed, match="PermissionException"):
            shared_session.rows(f"FROM read_csv('http://127.0.0.1:{port}/x.csv')", step="fetch")
        with pytest.raises(BlockingIOError):
            server.accept()


def test_an_extension_that_is_not_installed_is_named_with_the_mend() -> None:
    with pytest.raises(FileNotFoundError, match="spatial extension is not installed: run `make setup`"):
        extension_path("spatial")


def test_a_parquet_key_has_32_bytes_and_is_never_shown(shared_session: Session) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        add_parquet_key(shared_session, "short", b"0" * 16)


def test_texts_and_names_are_quoted(shared_session: Session) -> None:
    text, name = "O'Brien''; DROP", 'a "b"'
    assert shared_session.rows(f"SELECT {literal(text)} AS {identifier(name)}", step="quote") == [(text,)]
    assert shared_session.reader(f"SELECT 1 AS {identifier(name)}", step="quote").schema.names == [name]


def test_new_files_are_their_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        sessions.restrict_new_files()
        (tmp_path / "file").touch()
        assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_a_confined_session_reads_its_folders_and_nothing_else_for_good(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "x.csv").write_text("a\n1\n")
    with open_session(tmp_path / "spill", lock=False) as session:
        confine(session, [inside])
        assert session.rows(f"FROM read_csv({literal(inside / 'x.csv')})", step="read") == [(1,)]
        for statement in (
            f"FROM read_csv({literal(outside / 'x.csv')})",
            f"FROM read_csv({literal(inside / '..' / 'outside' / 'x.csv')})",
            f"COPY (SELECT 1) TO {literal(outside / 'y.csv')}",
            f"ATTACH {literal(outside / 'y.duckdb')} AS y",
            "SET enable_external_access = true",
            "SET allowed_directories = ['/']",
        ):
            with pytest.raises(StatementFailed):
                session.run(statement, step="get out")
    assert [path.name for path in outside.iterdir()] == ["x.csv"]


def test_two_sessions_of_one_zone_spill_without_touching_one_another(tmp_path: Path) -> None:
    made = f"CREATE TEMP TABLE many AS SELECT i, '{VALUE}' || hash(i) AS name FROM range(1500000) AS t(i)"
    read = "SELECT count(*), bit_xor(hash(i, name)) FROM (FROM many ORDER BY name)"
    with open_session(tmp_path, memory_limit="60MB", threads=1) as first:
        first.run(made, step="spill")
        with open_session(tmp_path, memory_limit="60MB", threads=1) as second:
            second.run(made, step="spill beside the first")
            assert second.row(read, step="read it back") == first.row(read, step="read it back")
        # The second has ended and cleared up after itself, and after nobody else.
        assert first.value("SELECT count(*) FROM many", step="count") == 1_500_000
    assert list(tmp_path.iterdir()) == []


def test_what_a_dead_session_spilled_is_known_and_goes_with_the_next(tmp_path: Path) -> None:
    left, held = tmp_path / "session-dead", tmp_path / "other"
    left.mkdir()
    (left / "duckdb_temp_storage_DEFAULT-0.tmp").write_bytes(b"spilled")
    held.mkdir()
    with held_folder(held) as alive:
        assert abandoned(tmp_path) == [left]
        assert abandoned(held) == []
        with held_folder(held):
            assert alive.is_dir()
    with open_session(tmp_path):
        assert not left.exists()


def test_a_session_without_enough_memory_names_the_setting(tmp_path: Path) -> None:
    with (
        open_session(tmp_path, memory_limit="20MB", threads=1, limited_by="FJO_PROVIDER_MEMORY_LIMIT") as session,
        pytest.raises(StatementFailed) as caught,
    ):
        session.value(f"SELECT list('{VALUE}' || hash(i) ORDER BY i) FROM range(3000000) AS t(i)", step="gather")
    assert str(caught.value) == (
        "could not gather: the memory that FJO_PROVIDER_MEMORY_LIMIT allows is not enough: set it higher"
    )


def test_an_extension_that_was_altered_is_refused_also_after_the_right_one_was_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "httpfs.duckdb_extension"
    shutil.copyfile(extension_path("httpfs"), copy)
    monkeypatch.setattr(sessions, "extension_path", lambda name: copy)
    for _ in range(2):
        with open_session(tmp_path / "spill") as session:
            # The signature is checked once a process; in no session may SQL load what is not signed.
            assert session.value("SELECT current_setting('allow_unsigned_extensions')", step="look") is False
            with pytest.raises(StatementFailed):
                session.run("SET allow_unsigned_extensions = true", step="loosen")
    with copy.open("r+b") as file:
        file.seek(5_000_000)
        file.write(b"altered")
    with pytest.raises(duckdb.IOException, match="signature"), open_session(tmp_path / "spill"):
        pass
