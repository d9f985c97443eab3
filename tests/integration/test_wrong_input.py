"""Wrong input through the `fjo` command: each with its own message and exit code 1, and nothing changed."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from fjo_pipeline.core.keyring import keyring_path
from fjo_pipeline.core.ledger import open_ledger
from fjo_pipeline.core.settings import ZONES, Zone
from fjo_pipeline.databank.store import current_snapshot
from fjo_pipeline.home import init_home
from tests.command import Fjo, Ran
from tests.deposit_builder import CLIENTS, TINY, TINY_IDENTIFIERS, VISITS, Csvs, with_lines, write_deposit
from tests.tiny_home import REFRESH, TinyHome, make_tiny_home

NEW = "20250111"


def state(home: TinyHome) -> dict[str, object]:
    """What must not change: landing, transfers, the TTP's store, the released snapshot, and what the ledgers hold."""
    settings = home.settings
    kept = [settings.landing, settings.transfer_folder, settings.extracts, settings.zone("ttp") / "ttp.duckdb"]
    files = [path for each in kept for path in ([each] if each.is_file() else sorted(each.rglob("*")))]
    with home.databank.store.reading() as session:
        snapshot = current_snapshot(session)
    entries = [entry for zone in ZONES for entry in open_ledger(settings, zone).entries()]
    return {
        "files": {str(path): path.stat().st_mtime_ns for path in files if path.is_file()},
        "snapshot": snapshot,
        "ledgers": [str(entry) for entry in entries if entry.state != "quarantined"],
    }


def assert_refused(ran: Ran, *expected: str) -> None:
    assert ran.code == 1, ran
    for each in expected:
        assert each in ran.err + ran.out
    assert "Traceback" not in ran.err
    assert not [value for value in TINY_IDENTIFIERS if value in ran.err + ran.out]


def changed(name: str, old: str, new: str) -> Csvs:
    text = str(TINY[name])
    assert old in text
    return TINY | {name: text.replace(old, new)}


CONTENT: Mapping[str, tuple[Csvs, str]] = {
    "a missing table": (
        {name: csv for name, csv in TINY.items() if name != "VISITS.csv"},
        "VISITS.csv: the table is missing from the deposit",
    ),
    "an unknown column": (
        changed("PLACES.csv", "ID,NAME", "ID,TITLE"),
        "PLACES.csv, line 1, column TITLE: the contract has no such column",
    ),
    "a bad date": (
        changed("CLIENTS.csv", "2012-07-19", "2012-02-30"),
        "CLIENTS.csv, line 3, column BORN: the value is no calendar date (YYYY-MM-DD)",
    ),
    "a key whose rows differ": (
        TINY | {"CLIENTS.csv": with_lines(CLIENTS, "C0002,Oddcastle,Bo,2012-07-19,SA2 8PP,M")},
        "CLIENTS.csv, line 3, 5, column ID: the key stands on rows that differ",
    ),
}


@pytest.mark.parametrize("name", CONTENT)
def test_a_bad_deposit_is_told_by_check(name: str, carried: TinyHome, fjo: Fjo, tmp_path: Path) -> None:
    csvs, expected = CONTENT[name]
    folder = write_deposit(tmp_path / "deposit", csvs, refresh=NEW)
    before = state(carried)
    assert_refused(fjo(carried.settings, "deposit", "check", str(folder)), expected)
    report = json.loads(fjo(carried.settings, "deposit", "check", str(folder), "--json").out)
    assert report["failures"]
    assert state(carried) == before


def test_a_bad_deposit_in_landing_goes_to_quarantine_and_the_rest_stays(home: TinyHome, fjo: Fjo) -> None:
    init_home(home.settings, ("provider",))
    before = state(home)
    home.land(CONTENT["a bad date"][0], NEW)
    ran = fjo(home.settings, "refresh", "--zone", "provider")
    assert_refused(ran, f"fjo: split tiny/{NEW}: the deposit tiny/{NEW} is now in quarantine", CONTENT["a bad date"][1])
    assert state(home) == before
    assert len(list((home.settings.quarantine / "tiny").iterdir())) == 1
    assert fjo(home.settings, "refresh", "--zone", "provider").out == "nothing is due\n"


def truncate(folder: Path) -> None:
    (folder / "VISITS.csv").write_bytes((folder / "VISITS.csv").read_bytes()[:-7])


def alter(folder: Path) -> None:
    (folder / "CLIENTS.csv").write_text(CLIENTS.replace("C0001", "C0005"))


FILES: Mapping[str, tuple[Callable[[Path], object], str]] = {
    "a truncated CSV": (truncate, "VISITS.csv has "),
    "a wrong hash": (alter, "CLIENTS.csv has another SHA-256 than datapackage.json says"),
    "no manifest": (lambda folder: (folder / "datapackage.json").unlink(), "there is no datapackage.json in deposit"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("command", ["check", "add"])
def test_files_that_are_not_the_promised_ones(
    command: str, name: str, carried: TinyHome, fjo: Fjo, tmp_path: Path
) -> None:
    spoil, expected = FILES[name]
    folder = write_deposit(tmp_path / "deposit", refresh=NEW)
    spoil(folder)
    before = state(carried)
    assert_refused(fjo(carried.settings, "deposit", command, str(folder)), expected)
    assert state(carried) == before


def test_exact_copies_pass_and_are_counted(carried: TinyHome, fjo: Fjo, tmp_path: Path) -> None:
    copies = TINY | {"CLIENTS.csv": with_lines(CLIENTS, CLIENTS.splitlines()[1])}
    folder = str(write_deposit(tmp_path / "deposit", copies, refresh=NEW))
    ran = fjo(carried.settings, "deposit", "check", folder)
    assert ran.code == 0
    assert "keeps its contract: 11 rows, 1 of them exact copies" in ran.out
    report = json.loads(fjo(carried.settings, "deposit", "check", folder, "--json").out)
    assert report["exact_copies"]["clients"] == 1


def test_a_second_deposit_of_the_same_date_with_other_content(home: TinyHome, fjo: Fjo, tmp_path: Path) -> None:
    init_home(home.settings, ("provider",))
    folder = write_deposit(tmp_path / "deposit", changed("CLIENTS.csv", "Bo,", "Bob,"), refresh=REFRESH)
    before = state(home)
    expected = f"another deposit of tiny/{REFRESH} is in landing already, with other content"
    assert_refused(fjo(home.settings, "deposit", "add", str(folder)), expected)
    assert state(home) == before
    shutil.rmtree(home.settings.landing / "tiny" / REFRESH)
    assert fjo(home.settings, "deposit", "add", str(folder)).code == 0
    ran = fjo(home.settings, "refresh", "--dataset", "tiny", "--deposit", REFRESH, "--zone", "provider")
    assert_refused(ran, "with other content was taken before; a correction takes a new refresh date")


def test_the_same_deposit_again_is_nothing_to_do(home: TinyHome, fjo: Fjo, tmp_path: Path) -> None:
    folder = write_deposit(tmp_path / "deposit", refresh=REFRESH)
    before = state(home)
    ran = fjo(home.settings, "deposit", "add", str(folder))
    assert (ran.code, ran.out) == (0, f"tiny/{REFRESH} was there already: nothing to do\n")
    assert state(home) == before


@pytest.mark.parametrize("zone", ZONES)
def test_a_missing_key_file(zone: Zone, home: TinyHome, fjo: Fjo) -> None:
    init_home(home.settings, ("provider",))
    before = state(home)
    keyring_path(home.settings, zone).unlink()
    assert_refused(
        fjo(home.settings, "refresh", "--zone", zone), f"the keyring of zone {zone} is not there; restore it"
    )
    assert not keyring_path(home.settings, zone).exists()
    assert state(home) == before


def test_a_register_that_is_not_loaded(tmp_path: Path, fjo: Fjo) -> None:
    home = make_tiny_home(tmp_path / "base", loaded=False)
    init_home(home.settings, ("provider", "ttp"))
    home.land()
    home.at_provider()
    before = state(home)["files"]
    ran = fjo(home.settings, "refresh", "--zone", "ttp")
    assert_refused(ran, "no population register is loaded: load one with `fjo register add PATH`")
    after = state(home)["files"]
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert {path for path in after if "ttp.duckdb" not in path} == set(before)


REFUSALS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "a project that does not exist": (
        ("project", "extract", "9999"),
        "there is no project 9999; known are: 7001, 7002",
    ),
    "its SQL": (("project", "sql", "9999", "select 1"), "there is no project 9999"),
    "its export": (("project", "export", "9999", "--format", "csv"), "there is no project 9999"),
    "a project outside its folder": (("project", "export", "../x", "--format", "csv"), "there is no project ../x"),
    "a project without an extract": (("project", "sql", "7001", "select 1"), "project 7001 has no extract yet"),
    "an unknown refresh": (("project", "extract", "7001", "--refresh", "20200101"), "no refresh of tiny"),
    "a register that is no register": (
        ("register", "add", "{landed}"),
        "a delivery of tiny, not of population_register",
    ),
    "a register that is not there": (("register", "add", "nowhere"), "there is no datapackage.json in nowhere"),
    "an unknown reference": (
        ("reference", "add", "houses", "{landed}/PLACES.csv"),
        "there is no reference file 'houses'",
    ),
    "a deposit that is not there": (("deposit", "add", "nowhere"), "there is no deposit at nowhere"),
    "an unknown synthetic dataset": (
        ("synth", "--dataset", "x", "--out", "{out}"),
        "there is no contract for the dataset 'x'",
    ),
    "SQL that does not run": (("sql", "SELEC 'Quillfeather'"), "could not read the SQL"),
    "SQL that writes": (("sql", "DELETE FROM databank.partitions"), "DELETE cannot be run here"),
    "a card that is none": (("keys", "trust", "--zone", "ttp", "nowhere"), "is no zone's card"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_each_wrong_request_has_its_own_message(name: str, home: TinyHome, fjo: Fjo, tmp_path: Path) -> None:
    # A home of its own: whoever asks for an extract is entered in the audit log, refused or not.
    arguments, expected = REFUSALS[name]
    names = {"landed": home.settings.landing / "tiny" / REFRESH, "out": tmp_path / "out"}
    before = state(home)
    assert_refused(fjo(home.settings, *(each.format(**names) for each in arguments)), expected)
    assert state(home) == before


def test_an_unknown_dataset_is_refused(home: TinyHome, fjo: Fjo, tmp_path: Path) -> None:
    folder = write_deposit(tmp_path / "deposit", dataset="houses")
    for command in ("add", "check"):
        assert_refused(fjo(home.settings, "deposit", command, str(folder)), "houses")


USAGE = [
    ("nonsense",),
    ("refresh", "--zone", "moon"),
    ("sql", "select 1", "--csv", "--json"),
    ("project", "export", "7001", "--format", "xlsx"),
    ("synth", "--dataset", "cafcass_cymru"),
    ("deposit", "add"),
    ("linkage", "evaluate", "--register", "x"),
]


@pytest.mark.parametrize("arguments", USAGE, ids=" ".join)
def test_wrong_usage_ends_in_2(arguments: tuple[str, ...], carried: TinyHome, fjo: Fjo) -> None:
    ran = fjo(carried.settings, *arguments)
    assert ran.code == 2
    assert ran.err


def test_the_installed_command_ends_alike(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("fjo")
    environment = {"FJO_HOME": str(tmp_path / "none"), "PATH": ""}
    ran = subprocess.run([command, "status"], env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert ran.stderr.startswith("fjo: there is no home at ")
    assert VISITS not in ran.stderr
