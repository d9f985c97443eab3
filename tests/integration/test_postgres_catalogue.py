"""The lake with a PostgreSQL catalogue: the same tables, read by users, as with SQLite."""

import getpass
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fjo_pipeline.core.errors import FjoError
from fjo_pipeline.databank.flow import query, release
from fjo_pipeline.databank.store import DatabankStore
from tests.tiny_home import TinyHome, copied, loaded_home

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
SUPERUSER = "postgres"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not BINARIES, reason="PostgreSQL's server is not installed (Debian: postgresql)"),
]


def as_postgres(*command: str) -> None:
    """Run a command of the server's, which refuses to run as root, as its own user."""
    prefix = ["runuser", "-u", SUPERUSER, "--"] if getpass.getuser() == "root" else []
    subprocess.run([*prefix, *command], check=True, capture_output=True, cwd="/")


@pytest.fixture
def catalogue() -> Iterator[str]:
    """A database on a server of the test's own, reached over loopback by a user without a password."""
    # Not under pytest's own folders, which the server's user may not enter.
    base = Path(tempfile.mkdtemp(prefix="fjo-postgres-"))
    if getpass.getuser() == "root":
        shutil.chown(base, SUPERUSER)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server, control = str(base / "data"), str(BINARIES[-1] / "pg_ctl")
    as_postgres(str(BINARIES[-1] / "initdb"), "-D", server, "-A", "trust", "-U", SUPERUSER)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {base}"
    as_postgres(control, "-D", server, "-o", options, "-l", str(base / "log"), "-w", "start")
    try:
        yield f"postgres:host=127.0.0.1 port={port} user={SUPERUSER} dbname=postgres"
    finally:
        as_postgres(control, "-D", server, "-m", "immediate", "stop")
        shutil.rmtree(base, ignore_errors=True)


def test_a_lake_on_postgresql_is_curated_released_and_read(
    catalogue: str, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    home = copied(loaded_home(tmp_path_factory.getbasetemp()), tmp_path / "base")
    settings = home.settings.model_copy(update={"catalogue": catalogue})
    on_postgres = TinyHome(settings)
    DatabankStore(settings).create()
    on_postgres.carry()
    (sqlite,) = (settings.zone("databank") / "catalogue").glob("*.sqlite")
    with DatabankStore(home.settings).reading() as session:
        assert session.value("SELECT count(*) FROM lake.databank.partitions", step="look") == 0, sqlite
    release(on_postgres.databank)
    assert query(on_postgres.databank, "SELECT count(*) AS n FROM databank.partitions").to_pylist() == [{"n": 1}]
    with pytest.raises(FjoError):
        query(on_postgres.databank, "SELECT * FROM read_csv('/etc/passwd')")
