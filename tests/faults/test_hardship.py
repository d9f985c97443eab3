"""A full disk, too little memory, a store that another holds, a clock that jumps: said clearly, and made good after."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from fjo_pipeline.core.settings import Settings
from fjo_pipeline.core.stores import store_lock
from tests.faults.boundaries import forked
from tests.faults.contents import differing, home_of
from tests.faults.crashing import State, finished, prepared
from tests.faults.hardship import fill, fjo, small_disk
from tests.faults.plain_refresh import refreshed

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def begin(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with two deposits in landing; copied, never used itself."""
    settings: Settings = forked(prepared, tmp_path_factory.mktemp("hardship") / "base").gave
    return settings


@pytest.fixture(scope="module")
def undisturbed(begin: Settings, tmp_path_factory: pytest.TempPathFactory) -> State:
    """What a refresh ends in that met no hardship."""
    state: State = forked(finished, _copy(begin, tmp_path_factory.mktemp("undisturbed") / "home"), refreshed).gave
    return state


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own of 64 MB."""
    try:
        with small_disk(tmp_path / "disk", 64) as folder:
            yield folder
    except OSError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("free", [0, 40_000, 400_000, 2_000_000])
def test_a_full_disk_is_said_and_once_there_is_room_the_refresh_ends_right(
    begin: Settings, undisturbed: State, disk: Path, free: int
) -> None:
    settings = _copy(begin, disk / "home")
    ballast = fill(disk, free)
    ran = fjo(settings, "refresh")
    assert ran.code == 1
    assert "the disk is full, or cannot be written; make room" in ran.err
    assert "unexpected" not in ran.err
    ballast.unlink()
    _ends_right(settings, undisturbed)


@pytest.mark.parametrize(
    ("limit", "name"),
    [
        ("provider_memory_limit", "FJO_PROVIDER_MEMORY_LIMIT"),
        ("memory_limit", "FJO_MEMORY_LIMIT"),
        ("databank_memory_limit", "FJO_DATABANK_MEMORY_LIMIT"),
    ],
)
def test_too_little_memory_names_the_setting(
    begin: Settings, undisturbed: State, tmp_path: Path, limit: str, name: str
) -> None:
    settings = _copy(begin, tmp_path / "home")
    ran = fjo(settings.model_copy(update={limit: "1MB"}), "refresh")
    assert ran.code == 1
    assert f"the memory that {name} allows is not enough: set it higher" in ran.err
    assert set(re.findall(r"FJO_\w+", ran.err)) == {name}
    # Too small a machine is no fault of a deposit.
    assert list(settings.quarantine.glob("*")) == []
    _ends_right(settings, undisturbed)


@pytest.mark.parametrize("zone", ["ttp", "databank"])
def test_a_store_that_another_process_holds_is_said(
    begin: Settings, undisturbed: State, tmp_path: Path, zone: str
) -> None:
    settings = _copy(begin, tmp_path / "home")
    with store_lock(settings.home / zone, wait_seconds=0):
        ran = fjo(settings, "refresh")
    assert ran.code == 1
    assert f"the store of zone {zone} is being written by another process; try again when it ends" in ran.err
    _ends_right(settings, undisturbed)


def test_a_clock_that_jumps_changes_no_table(begin: Settings, undisturbed: State, tmp_path: Path) -> None:
    settings = _copy(_keeping(begin, 1000, tmp_path), tmp_path / "home")
    for zone, days in (("provider", -1), ("ttp", 400), ("databank", -1), ("provider", 0)):
        assert fjo(settings, "refresh", "--zone", zone, days=days).code == 0
    again = _copy(_keeping(begin, 1000, tmp_path / "again"), tmp_path / "again" / "home")
    straight: State = forked(finished, again, refreshed).gave
    after: State = forked(finished, settings, refreshed).gave
    assert differing(after.contents, straight.contents) == []
    assert after.unmended == []
    # What is due is told by digests: nothing, whatever the clock says.
    assert "nothing is due" in fjo(settings, "refresh", days=400).out


def test_a_clock_that_is_ahead_destroys_what_its_date_says_and_nothing_else(
    begin: Settings, undisturbed: State, tmp_path: Path
) -> None:
    settings = _copy(begin, tmp_path / "home")
    assert fjo(settings, "refresh").code == 0
    ran = fjo(settings, "refresh", days=400)
    assert ran.out.count("destroyed, its days are over: raw deposit tiny/") == 2
    assert ran.out.count("destroyed, its days are over: File 1 tiny/") == 2
    assert "nothing is due" in fjo(settings, "refresh").out
    after: State = forked(finished, settings, refreshed).gave
    gone = [name for name in differing(after.contents, undisturbed.contents) if "destroyed" not in name]
    assert gone == [name for name in gone if re.search(r"file_1|ttp\.memory", name)]
    assert [name for name in gone if name.startswith("transfer file_1 ")]
    kept = {path for path in undisturbed.files if "/landing/" not in path and "/checked/" not in path}
    assert {path for path in kept if "transfers/ttp/file_1/" not in path} <= after.files


def _ends_right(settings: Settings, undisturbed: State) -> None:
    after: State = forked(finished, settings, refreshed).gave
    assert differing(after.contents, undisturbed.contents) == []
    assert after.unmended == []
    assert after.files == undisturbed.files


def _keeping(begin: Settings, days: int, folder: Path) -> Settings:
    """The home under a contract that keeps everything for so many days."""
    contracts = folder / "contracts"
    shutil.copytree(begin.contracts, contracts)
    wording = (contracts / "tiny.yaml").read_text()
    kept = f"retention_days: {{raw: {days}, quarantined: {days}, file_1: {days}}}"
    (contracts / "tiny.yaml").write_text(re.sub(r"retention_days: .*", kept, wording))
    return begin.model_copy(update={"contracts": contracts})


def _copy(settings: Settings, home: Path) -> Settings:
    shutil.copytree(settings.home, home)
    return home_of(home, settings)
