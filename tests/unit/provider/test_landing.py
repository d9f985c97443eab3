"""Landing: deposits are put there once and whole, left alone while they arrive, and moved whole to quarantine."""

import json
import time
from datetime import date
from pathlib import Path

import pytest

from fjo_pipeline.core.deposits import MANIFEST
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.ledger import open_ledger
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.provider.landing import (
    Landed,
    add_deposit,
    check_deposit,
    find_landed,
    landed,
    quarantine,
)
from tests.deposit_builder import CLIENTS, TINY, write_csvs, write_deposit, write_zip, zipped_deposit
from tests.keyrings import Keyrings

OTHER = TINY | {"CLIENTS.csv": CLIENTS.replace("Bo,", "Bob,")}


def in_landing(settings: Settings, now: float | None = None) -> list[Landed]:
    return list(landed(settings, now))


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture(autouse=True)
def made(settings: Settings, keyrings: Keyrings) -> None:
    """The home has been made, as `fjo init` does."""
    settings.landing.mkdir(parents=True)


@pytest.fixture
def patient(settings: Settings) -> Settings:
    """A home that waits a minute before it takes what is not whole."""
    return settings.model_copy(update={"settle_seconds": 60})


def test_a_deposit_is_put_into_landing_once(settings: Settings, tmp_path: Path) -> None:
    source = write_deposit(tmp_path / "in")
    assert add_deposit(settings, source) == ("tiny", "20240111", True)
    assert files(settings.landing) == sorted(f"tiny/20240111/{name}" for name in (MANIFEST, *TINY))
    before = {path: path.stat().st_mtime_ns for path in settings.landing.rglob("*")}
    assert add_deposit(settings, source) == ("tiny", "20240111", False)
    assert {path: path.stat().st_mtime_ns for path in settings.landing.rglob("*") if path in before} == before
    assert source.is_dir()


def test_a_zip_is_put_there_unpacked(settings: Settings, tmp_path: Path) -> None:
    assert add_deposit(settings, zipped_deposit(tmp_path / "in.zip")) == ("tiny", "20240111", True)
    assert files(settings.landing / "tiny") == sorted(f"20240111/{name}" for name in (MANIFEST, *TINY))
    assert [path.name for path in settings.landing.iterdir()] == ["tiny"]
    assert not in_landing(settings)[0].why


def test_the_same_date_with_other_content_is_refused_and_nothing_changes(settings: Settings, tmp_path: Path) -> None:
    add_deposit(settings, write_deposit(tmp_path / "in"))
    with pytest.raises(Refused, match="another deposit of tiny/20240111 is in landing already, with other content"):
        add_deposit(settings, write_deposit(tmp_path / "other", OTHER))
    assert (settings.landing / "tiny" / "20240111" / "CLIENTS.csv").read_text() == CLIENTS


@pytest.mark.parametrize(
    ("dataset", "refresh", "message"),
    [("nowhere", "20240111", "no contract for the dataset 'nowhere'"), ("tiny", "20240230", "calendar date")],
)
def test_an_unknown_dataset_or_date_is_refused(
    dataset: str, refresh: str, message: str, settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match=message):
        add_deposit(settings, write_deposit(tmp_path / "in", TINY, dataset, refresh))
    assert files(settings.landing) == []


def test_nothing_is_put_into_a_home_that_was_never_made(settings: Settings, tmp_path: Path) -> None:
    settings.landing.rmdir()
    with pytest.raises(Refused, match="make one with `fjo init`"):
        add_deposit(settings, write_deposit(tmp_path / "in"))
    assert not settings.landing.exists()


def test_what_is_not_whole_or_not_there_is_not_put_into_landing(settings: Settings, tmp_path: Path) -> None:
    source = write_deposit(tmp_path / "in")
    (source / "VISITS.csv").write_text("VISIT\n")
    with pytest.raises(Refused, match=r"VISITS\.csv has 6 of \d+ bytes: it is truncated; send the file again"):
        add_deposit(settings, source)
    with pytest.raises(Refused, match="there is no deposit at"):
        add_deposit(settings, tmp_path / "nothing")
    (tmp_path / "broken.zip").write_bytes(b"PK")
    with pytest.raises(Refused, match="no usable zip"):
        add_deposit(settings, tmp_path / "broken.zip")
    assert files(settings.landing) == []


@pytest.mark.parametrize("packed", [False, True])
def test_a_deposit_is_checked_where_it_lies_and_nothing_is_taken(
    packed: bool, settings: Settings, tmp_path: Path
) -> None:
    for name, csvs in (("good", TINY), ("bad", TINY | {"CLIENTS.csv": CLIENTS.replace("2015-03-02", "2015-02-30")})):
        path = tmp_path / (f"{name}.zip" if packed else name)
        (zipped_deposit if packed else write_deposit)(path, csvs)
        assert check_deposit(settings, path).good == (name == "good")
        assert path.exists()
    assert files(settings.landing) == []


def test_a_deposit_is_checked_only_where_its_files_are_the_promised_ones(settings: Settings, tmp_path: Path) -> None:
    folder = write_deposit(tmp_path / "in")
    (folder / "CLIENTS.csv").unlink()
    with pytest.raises(Refused, match=r"CLIENTS\.csv is not there"):
        check_deposit(settings, folder)
    with pytest.raises(Refused, match="there is no deposit at"):
        check_deposit(settings, tmp_path / "nothing")


def test_deposits_are_found_in_order_and_nothing_else_is(settings: Settings) -> None:
    for refresh in ("20240711", "20230111", "20240111"):
        write_deposit(settings.landing / "tiny" / refresh, refresh=refresh)
    write_deposit(settings.landing / "nowhere" / "20240111", dataset="nowhere")
    (settings.landing / "tiny" / "notes").mkdir()
    (settings.landing / "tiny" / "20250111").symlink_to(settings.landing / "tiny" / "20240111")
    found = in_landing(settings)
    assert [each.refresh for each in found] == ["20230111", "20240111", "20240711"]
    assert all(each.deposit and not each.still_arriving and not each.why for each in found)
    assert len({each.digest for each in found}) == 3


def test_an_empty_landing_folder_holds_nothing(settings: Settings) -> None:
    assert in_landing(settings) == []
    with pytest.raises(Refused, match="no deposit tiny/20240111 lies in landing; put one there with `fjo deposit add"):
        find_landed(settings, "tiny", "20240111")


def test_without_its_manifest_a_deposit_is_still_arriving_however_long_it_takes(settings: Settings) -> None:
    write_csvs(settings.landing / "tiny" / "20240111", TINY)
    assert in_landing(settings, time.time() + 1e6)[0].still_arriving


def test_files_that_still_grow_are_left_alone_until_they_have_settled(patient: Settings) -> None:
    folder = write_deposit(patient.landing / "tiny" / "20240111")
    (folder / "VISITS.csv").write_text("VISIT\n")
    (fresh,) = in_landing(patient)
    assert fresh.still_arriving
    (settled,) = in_landing(patient, fresh.last_change + 61)
    assert (settled.still_arriving, "it is truncated" in settled.why) == (False, True)
    write_deposit(folder)
    (whole,) = in_landing(patient)
    assert (whole.still_arriving, whole.why) == (False, "")


def test_a_manifest_that_is_half_written_is_left_alone_until_it_has_settled(patient: Settings) -> None:
    folder = write_csvs(patient.landing / "tiny" / "20240111", TINY)
    (folder / MANIFEST).write_text('{"name": "ti')
    (fresh,) = in_landing(patient)
    assert (fresh.still_arriving, fresh.deposit) == (True, None)
    (settled,) = in_landing(patient, fresh.last_change + 61)
    assert (settled.still_arriving, "no JSON" in settled.why) == (False, True)


def test_a_deposit_in_the_wrong_place_is_told_so(settings: Settings) -> None:
    write_deposit(settings.landing / "tiny" / "20240112")
    write_deposit(settings.landing / "tiny" / "20240230", refresh="20240230")
    wrong, impossible = in_landing(settings)
    assert wrong.why == f"{MANIFEST} says tiny/20240111 but lies under tiny/20240112"
    assert "calendar date" in impossible.why


def test_a_zip_in_landing_is_unpacked_when_it_has_settled(patient: Settings) -> None:
    archive = zipped_deposit(patient.landing / "tiny" / "20240111.zip")
    assert in_landing(patient) == []
    (found,) = in_landing(patient, archive.stat().st_mtime + 61)
    assert found.deposit is not None
    assert files(patient.landing / "tiny") == sorted(f"20240111/{name}" for name in (MANIFEST, *TINY))


@pytest.mark.parametrize("content", [b"PK no zip", None], ids=["broken", "leads out"])
def test_a_zip_that_cannot_be_unpacked_is_kept_whole_for_quarantine(content: bytes | None, settings: Settings) -> None:
    archive = write_zip(settings.landing / "tiny" / "20240111.zip", {"../../out.csv": "x"})
    if content is not None:
        archive.write_bytes(content)
    (found,) = in_landing(settings)
    assert (found.deposit, found.still_arriving) == (None, False)
    assert "cannot be unpacked" in found.why
    assert files(settings.landing) == ["tiny/20240111/20240111.zip"]


def test_another_zip_beside_a_deposit_is_reported_in_quarantine(settings: Settings) -> None:
    write_deposit(settings.landing / "tiny" / "20240111")
    for content in (OTHER, OTHER | {"PLACES.csv": "ID,NAME\n1,North\n"}):
        archive = zipped_deposit(settings.landing / "tiny" / "20240111.zip", content)
        assert len(in_landing(settings)) == 1
        assert not archive.exists()
    for name in ("20240111-zip", "20240111-zip-2"):
        aside = settings.quarantine / "tiny" / name
        assert files(aside) == ["20240111.zip", "report.json", "report.txt"]
        assert "beside the folder 20240111 with other content" in (aside / "report.txt").read_text()
    assert (settings.landing / "tiny" / "20240111" / "CLIENTS.csv").read_text() == CLIENTS
    assert open_ledger(settings, "provider").last("deposit", "tiny", "20240111", "quarantined") is not None


def test_the_same_deposit_again_as_a_zip_changes_nothing(settings: Settings) -> None:
    write_deposit(settings.landing / "tiny" / "20240111")
    archive = zipped_deposit(settings.landing / "tiny" / "20240111.zip")
    before = files(settings.landing / "tiny" / "20240111")
    assert len(in_landing(settings)) == 1
    assert not archive.exists()
    assert files(settings.landing / "tiny" / "20240111") == before
    assert not settings.quarantine.exists()


def test_a_zip_beside_a_folder_that_is_still_arriving_is_left_alone(patient: Settings) -> None:
    write_csvs(patient.landing / "tiny" / "20240111", TINY)
    archive = zipped_deposit(patient.landing / "tiny" / "20240111.zip")
    assert [each.still_arriving for each in in_landing(patient, time.time() + 1e6)] == [True]
    assert archive.is_file()


def test_what_was_refused_before_is_never_overwritten(settings: Settings, keyrings: Keyrings) -> None:
    lain = []
    for words in ("first", "second", "third"):
        write_deposit(settings.landing / "tiny" / "20240111")
        lain.append(quarantine(settings, in_landing(settings)[0], None, words, open_ledger(settings, "provider")))
    assert len(set(lain)) == 3
    assert ["first\n" in (each / "report.txt").read_text() for each in lain] == [True, False, False]


def test_quarantine_takes_the_whole_folder_and_adds_why(settings: Settings, keyrings: Keyrings) -> None:
    folder = write_deposit(settings.landing / "tiny" / "20240111")
    (folder / "notes.txt").write_text("by hand")
    (found,) = in_landing(settings)
    where = quarantine(settings, found, None, "it may not be", open_ledger(settings, "provider"))
    assert not folder.exists()
    assert where.parent == settings.quarantine / "tiny"
    assert where.name.startswith("20240111-")
    assert files(where) == sorted([MANIFEST, *TINY, "notes.txt", "report.json", "report.txt"])
    text = (where / "report.txt").read_text()
    assert "tiny/20240111 was refused. Mend what stands below and send it again." in text
    assert text.endswith("it may not be\n")
    report = json.loads((where / "report.json").read_text())
    assert date.fromisoformat(report.pop("taken_on")) <= date.today()
    assert report == {"failures": [], "why": "it may not be"}
    entry = open_ledger(settings, "provider").last("deposit", "tiny", "20240111", "quarantined")
    assert entry is not None
    assert (entry.digest, entry.detail["failures"]) == (found.digest, 1)


def test_two_bad_deposits_of_one_date_lie_in_quarantine_side_by_side(settings: Settings, keyrings: Keyrings) -> None:
    for csvs in (TINY, OTHER):
        write_deposit(settings.landing / "tiny" / "20240111", csvs)
        quarantine(settings, in_landing(settings)[0], None, "bad", open_ledger(settings, "provider"))
    assert len(list((settings.quarantine / "tiny").iterdir())) == 2
