"""Wrong deposits, each put into landing, taken and refused with its own message; nothing else of the home changes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fjo_pipeline.core.deposits import MANIFEST
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.provider.flow import Provider, take_deposit
from tests.deposit_builder import TINY_IDENTIFIERS, ecms_csvs, write_contracts, write_deposit

DATASET, REFRESH = "cafcass_england_ecms", "20240111"
PEOPLE: list[dict[str, object]] = [
    {"ID": 5, "SURNAME": "Quillfeather", "FORENAME": "Ada", "DATEOFBIRTH": "2015-03-02", "POSTCODE": "SA2 8PP"},
    {"ID": 6, "SURNAME": "Oddcastle", "DATEOFBIRTH": "1979-11-05", "GENDER": "Female"},
]
APPLICATIONS = [{"ID": 8, "APPLICATIONTYPE1_ID": 1, "DATEOFAPPLICATION": "2015-03-08"}]
ROLES = [{"PERSON_ID": 5, "APPLICATION_ID": 8, "ISSUBJECT": "true"}]
GOOD = ecms_csvs(PEOPLE, APPLICATIONS, ROLES)
PEOPLE_CSV = str(GOOD["PEOPLE.csv"])


@pytest.fixture(scope="module")
def contracts_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped contract instead of the tests' own."""
    return write_contracts(tmp_path_factory.mktemp("contracts"), DATASET)


def changed(name: str, old: str, new: str) -> dict[str, str | bytes]:
    text = str(GOOD[name])
    assert old in text
    return GOOD | {name: text.replace(old, new)}


def without(name: str) -> dict[str, str | bytes]:
    return {each: csv for each, csv in GOOD.items() if each != name}


def with_another_column(name: str, column: str) -> str:
    header = str(GOOD[name]).splitlines()[0]
    return f"{header},{column}\n" + "," * (header.count(",") + 1) + "\n"


BAD_CONTENT = {
    "a missing table": (without("HEARINGS.csv"), "HEARINGS.csv: the table is missing from the deposit"),
    "an unknown table": (GOOD | {"SECRETS.csv": "ID\n"}, f"SECRETS.csv: the contract {DATASET} has no such table"),
    "an unknown column": (
        GOOD | {"HEARINGS.csv": with_another_column("HEARINGS.csv", "JUDGE")},
        "HEARINGS.csv, line 1, column JUDGE: the contract has no such column",
    ),
    "a bad date": (
        changed("PEOPLE.csv", "1979-11-05", "1979-11-31"),
        "PEOPLE.csv, line 3, column DATEOFBIRTH: the value is no calendar date (YYYY-MM-DD)",
    ),
    "a bad code": (
        changed("PEOPLE.csv", "Female", "Woman"),
        "PEOPLE.csv, line 3, column GENDER: the value is none of the contract's codes",
    ),
    "a key whose rows differ": (
        GOOD | {"PEOPLE.csv": PEOPLE_CSV + PEOPLE_CSV.splitlines()[1].replace("Ada", "Eda") + "\n"},
        "PEOPLE.csv, line 2, 4, column ID: the key stands on rows that differ",
    ),
    "a row cut off": (
        GOOD | {"PEOPLE.csv": PEOPLE_CSV + "7,Thimble"},
        "PEOPLE.csv, line 4, column ADDRESS_1: the row has too few columns: it is truncated or a separator is missing",
    ),
    "a person that is not there": (
        changed("PERSONSONAPPLICATIONS.csv", ",5,8,", ",55,8,"),
        "PERSONSONAPPLICATIONS.csv, line 2, column PERSON_ID: the value refers to no row of PEOPLE.csv, column ID",
    ),
    "another alphabet": (
        GOOD | {"PEOPLE.csv": PEOPLE_CSV.replace("Odd", "Zoë").encode("latin-1")},
        "PEOPLE.csv, line 3, column SURNAME: the text is not UTF-8",
    ),
}


def state(provider: Provider) -> dict[str, int]:
    """Every file of the home outside quarantine, ledger and spill folder, with its time of change."""
    home, settings = provider.settings.home, provider.settings
    aside = (settings.quarantine, settings.temporary("provider"))
    return {
        str(path.relative_to(home)): path.stat().st_mtime_ns
        for path in home.rglob("*")
        if path.is_file() and path.name != "ledger.sqlite" and not any(each in path.parents for each in aside)
    }


def refuse(provider: Provider) -> str:
    with pytest.raises(Refused) as caught:
        take_deposit(provider, DATASET, REFRESH)
    return str(caught.value)


def assert_quarantined(provider: Provider, message: str, names: set[str]) -> None:
    (where,) = (provider.settings.quarantine / DATASET).iterdir()
    assert {path.name for path in where.iterdir()} == names | {"report.txt", "report.json"}
    reports = (where / "report.txt").read_text() + (where / "report.json").read_text() + message
    assert not [value for value in (*TINY_IDENTIFIERS, "1979-11-31", "Woman", "Eda") if value in reports]
    assert not (provider.settings.landing / DATASET / REFRESH).exists()
    entry = provider.ledger.last("deposit", DATASET, REFRESH, "quarantined")
    assert entry is not None
    assert entry.detail["failures"] == max(1, len(json.loads((where / "report.json").read_text())["failures"]))


@pytest.mark.parametrize("name", BAD_CONTENT)
def test_a_deposit_that_breaks_its_contract_goes_to_quarantine_whole(name: str, provider: Provider) -> None:
    csvs, expected = BAD_CONTENT[name]
    before = state(provider)
    write_deposit(provider.settings.landing / DATASET / REFRESH, csvs, DATASET, REFRESH)
    message = refuse(provider)
    assert f"the deposit {DATASET}/{REFRESH} is now in quarantine" in message
    assert expected in message
    assert_quarantined(provider, message, {*csvs, MANIFEST})
    assert state(provider) == before


def truncate(folder: Path) -> None:
    content = (folder / "PEOPLE.csv").read_bytes()
    (folder / "PEOPLE.csv").write_bytes(content[:-7])


def alter(folder: Path) -> None:
    text = (folder / "PEOPLE.csv").read_text()
    (folder / "PEOPLE.csv").write_text(text.replace("Ada", "Eda"))


BAD_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a truncated file": (truncate, r"PEOPLE.csv has \d+ of \d+ bytes: it is truncated"),
    "a wrong hash": (alter, f"PEOPLE.csv has another SHA-256 than {MANIFEST} says"),
    "a missing file": (lambda folder: (folder / "PEOPLE.csv").unlink(), "PEOPLE.csv is not there, though"),
    "no usable manifest": (lambda folder: (folder / MANIFEST).write_text("[]"), f"{MANIFEST} is not usable"),
    "a file that is not named": (
        lambda folder: (folder / "EXTRA.csv").write_text("ID\n"),
        f"a CSV file lies in the deposit that {MANIFEST} does not name",
    ),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_deposit_whose_files_are_not_the_promised_ones_goes_to_quarantine(name: str, provider: Provider) -> None:
    spoil, expected = BAD_FILES[name]
    before = state(provider)
    folder = write_deposit(provider.settings.landing / DATASET / REFRESH, GOOD, DATASET, REFRESH)
    spoil(folder)
    names = {path.name for path in folder.iterdir()}
    with pytest.raises(Refused, match=expected) as caught:
        take_deposit(provider, DATASET, REFRESH)
    assert_quarantined(provider, str(caught.value), names)
    assert state(provider) == before


def test_the_deposit_from_which_these_are_made_is_good(provider: Provider) -> None:
    write_deposit(provider.settings.landing / DATASET / REFRESH, GOOD, DATASET, REFRESH)
    checked = take_deposit(provider, DATASET, REFRESH)
    assert (checked.rows["people"], checked.exact_copies["people"]) == (2, 0)


def test_exact_copies_pass_and_are_counted(provider: Provider) -> None:
    copied = GOOD | {"PEOPLE.csv": PEOPLE_CSV + PEOPLE_CSV.splitlines()[1] + "\n"}
    write_deposit(provider.settings.landing / DATASET / REFRESH, copied, DATASET, REFRESH)
    checked = take_deposit(provider, DATASET, REFRESH)
    assert (checked.rows["people"], checked.exact_copies["people"]) == (3, 1)
    entry = provider.ledger.last("deposit", DATASET, REFRESH, "accepted")
    assert entry is not None
    assert entry.detail["rows"]["people"] == 3
