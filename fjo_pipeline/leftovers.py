"""What killed steps leave behind: half-written files, spill, files of no table of the lake, and Dagster's dead runs.

A later step of the same kind replaces most of it by itself. `mend` takes the rest away, and waits for nobody: a zone in
which something is at work is left alone, and `fjo doctor` goes on naming what lies there.
"""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from fjo_pipeline.core.errors import FjoError, StoreBusy
from fjo_pipeline.core.held_folders import PREFIX, abandoned, remove_abandoned
from fjo_pipeline.core.living import is_alive
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.core.settings import Settings, Zone
from fjo_pipeline.core.stores import file_lock, store_lock
from fjo_pipeline.databank.flow import Databank
from fjo_pipeline.databank.retention import leftover_files, remove_leftover_files
from fjo_pipeline.home import MADE_UP_HOMES, dagster_home, refresh_lock
from fjo_pipeline.provider.landing import UNPACKED, plain_places

NUMBERED = re.compile(r"\.(\d+)\.tmp$")
"""A file that is being written carries the number of the process that writes it."""


def leftovers(settings: Settings, zone: Zone) -> list[str]:
    """What dead processes have left in a zone, in words; what lives is not among it."""
    found = [str(path) for path in (*_files(settings, zone), *_folders(settings, zone))]
    if zone == "databank":
        found += [f"{name} in the lake" for name in _of_the_lake(settings)]
    return found


def mend(settings: Settings, zone: Zone) -> list[str]:
    """Take away what dead processes have left in a zone; returns what went. Nothing goes where something is at work."""
    gone = [str(path) for parent, prefix in _places(settings, zone) for path in remove_abandoned(parent, prefix)]
    try:
        with _nobody_else_in(settings, zone):
            for path in _files(settings, zone):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                gone.append(str(path))
        if zone == "databank" and (names := _of_the_lake(settings)):
            with _lake(settings) as session:
                remove_leftover_files(session)
            gone += [f"{name} in the lake" for name in names]
    except StoreBusy:
        return gone
    return gone


def dead_runs_of(settings: Settings) -> list[str]:
    """The ids of Dagster's runs of this machine's `fjo` whose process is gone."""
    if not _any_under_way(settings):
        return []
    import dagster as dg

    from fjo_pipeline.core.dead_runs import dead_runs

    with dg.DagsterInstance.from_config(str(dagster_home(settings))) as instance:
        return [run.run_id for run in dead_runs(instance)]


def end_dead_runs_of(settings: Settings) -> list[str]:
    """Mark these runs as failed and give their places in pools back; returns their ids."""
    if found := dead_runs_of(settings):
        import dagster as dg

        from fjo_pipeline.core.dead_runs import end_dead_runs

        with dg.DagsterInstance.from_config(str(dagster_home(settings))) as instance:
            end_dead_runs(instance)
    return found


def _places(settings: Settings, zone: Zone) -> Iterator[tuple[Path, str]]:
    """Where processes hold folders of their own, and what those are called."""
    yield settings.temporary(zone), PREFIX
    if zone == "provider":
        yield from ((place, UNPACKED) for place in plain_places(settings))
    if zone == "databank":
        yield settings.home.absolute(), MADE_UP_HOMES


def _folders(settings: Settings, zone: Zone) -> list[Path]:
    return [path for parent, prefix in _places(settings, zone) for path in abandoned(parent, prefix)]


def _files(settings: Settings, zone: Zone) -> list[Path]:
    """Files and folders that were to be renamed into place, and spill of versions that shared a folder for it."""
    folder = settings.zone(zone)
    found = [*folder.glob("**/.*.tmp*"), *settings.inbox(zone).glob("**/.*.tmp*")]
    return sorted(path for path in found if not _is_being_written(path)) + sorted(folder.glob("tmp/duckdb_temp_*"))


def _is_being_written(path: Path) -> bool:
    written_by = NUMBERED.search(path.name)
    try:
        return written_by is not None and is_alive(int(written_by[1]), path.stat().st_mtime)
    except FileNotFoundError:
        return True  # It was renamed between two looks.


def _of_the_lake(settings: Settings) -> list[str]:
    """Files of no snapshot; of none where a step writes now, whose files could not be told from them."""
    if not Databank(settings).store.exists:
        return []
    try:
        with _lake(settings) as session:
            return [Path(each).name for each in leftover_files(session)]
    except FjoError:
        return []


@contextmanager
def _lake(settings: Settings) -> Iterator[Session]:
    with Databank(settings.model_copy(update={"lock_wait_seconds": 0})).store.writing() as session:
        yield session


@contextmanager
def _nobody_else_in(settings: Settings, zone: Zone) -> Iterator[None]:
    with ExitStack() as held:
        held.enter_context(file_lock(refresh_lock(settings, zone), wait_seconds=0, busy=f"zone {zone} is at work"))
        held.enter_context(store_lock(settings.zone(zone), wait_seconds=0))
        for lock in sorted(settings.zone(zone).glob("locks/*.lock")):
            held.enter_context(file_lock(lock, wait_seconds=0, busy=f"zone {zone} is at work"))
        yield


def _any_under_way(settings: Settings) -> bool:
    """Whether Dagster takes any run for under way: Dagster itself takes seconds to load."""
    path = dagster_home(settings) / "history" / "runs.db"
    if not path.is_file():
        return False
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as runs:
        try:
            found = runs.execute("select count(*) from runs where status in ('STARTED', 'CANCELING')").fetchone()
        except sqlite3.OperationalError:
            return False  # Dagster has not laid out its tables yet.
    return bool(found[0])
