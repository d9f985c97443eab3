"""A home of the tiny contract whose steps run one by one, without Dagster and dbt, with a register and two projects."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from fjo_pipeline.core.contracts import contract
from fjo_pipeline.core.keyring import keyring_path
from fjo_pipeline.core.ledger import open_ledger
from fjo_pipeline.core.settings import ZONES, Settings
from fjo_pipeline.databank.curate import Curated
from fjo_pipeline.databank.differences.keeping import renew_differences
from fjo_pipeline.databank.flow import Databank, curate, curate_received_register, receive, receive_register, release
from fjo_pipeline.databank.projects.extract import make_extract, make_project_keys
from fjo_pipeline.databank.quality.page import make_quality_pages
from fjo_pipeline.databank.quality.receiving import take_linkage_report
from fjo_pipeline.provider.flow import Provider, check_split, send_files, split_deposit, take_deposit, take_receipt
from fjo_pipeline.ttp.flow import (
    Ttp,
    check_file_3,
    link,
    load_postcode_directory,
    load_register,
    make_file_3,
    receive_file_1,
    send_file_3,
)
from fjo_pipeline.ttp.register.sending import REGISTER, check_made_history, make_history, send_history
from fjo_pipeline.ttp.report.making import make_linkage_report
from tests.deposit_builder import TINY, Csvs, Row, csvs_of, write_contracts, write_deposit
from tests.keyrings import make_keyrings

REFRESH = "20240111"
LATER = "20240711"
REGISTER_REFRESH = "20240101"
TODAY = date(2026, 11, 22)
POSTCODES = "postcode,lsoa2011_cd\nSA2 8PP,W01000001\nCF10 1AA,W01000002\n"
PROJECT = """number: "{number}"
title: A project of the tests
lead: Nobody
organisation: None
purpose: To be tested
approval: {{by: Panel, reference: P-{number}, valid_from: 2024-01-01, valid_until: 2099-12-31}}
datasets:
  tiny:
    approval: {{by: Owner, reference: O-{number}, valid_from: 2024-01-01, valid_until: 2099-12-31}}
    tables: all
    refreshes: all
"""

PERSONS: list[Row] = [
    {"PERS_ID": 101, "DATE_OF_BIRTH": "2015-03-02", "SEX": "2", "RECORD_STATUS": "current"},
    {"PERS_ID": 102, "DATE_OF_BIRTH": "2012-07-19", "SEX": "1", "RECORD_STATUS": "current"},
    {"PERS_ID": 103, "DATE_OF_BIRTH": "1979-11-05", "SEX": "2", "RECORD_STATUS": "current"},
    {"PERS_ID": 104, "DATE_OF_BIRTH": "2015-03-02", "SEX": "2", "RECORD_STATUS": "current", "MERGED_INTO": 101},
    {"PERS_ID": 105, "DATE_OF_BIRTH": "1999-09-09", "SEX": "1", "RECORD_STATUS": "closed_by_adoption"},
]
NAMES: list[Row] = [
    {"PERS_ID": 101, "FORENAME": "Ada", "MIDDLE_NAMES": "Mary", "SURNAME": "Quillfeather"},
    {"PERS_ID": 102, "FORENAME": "Bo", "SURNAME": "Quillfeather"},
    {"PERS_ID": 103, "FORENAME": "Dee", "SURNAME": "Oddcastle"},
    {"PERS_ID": 104, "FORENAME": "Ada", "SURNAME": "Formerly"},
    {"PERS_ID": 105, "FORENAME": "Flo", "SURNAME": "Elsewhere"},
]
ADDRESSES: list[Row] = [
    {"PERS_ID": person, "ADDRESS_1": "1 Made Up Row", "POSTCODE": "SA2 8PP"} for person in (101, 102, 104)
]


@dataclass(frozen=True)
class TinyHome:
    """The three zones of one small home, and where its inputs lie."""

    settings: Settings

    @property
    def provider(self) -> Provider:
        """The provider's zone."""
        return Provider(self.settings)

    @property
    def ttp(self) -> Ttp:
        """The TTP's zone."""
        return Ttp(self.settings)

    @property
    def databank(self) -> Databank:
        """The databank's zone."""
        return Databank(self.settings)

    def land(self, csvs: Csvs = TINY, refresh: str = REFRESH, dataset: str = "tiny", base: str | None = None) -> Path:
        """Put a deposit into landing."""
        return write_deposit(self.settings.landing / dataset / refresh, csvs, dataset, refresh, base=base)

    def at_provider(self, refresh: str = REFRESH, dataset: str = "tiny") -> None:
        """Take, split, check and send."""
        take_deposit(self.provider, dataset, refresh)
        split_deposit(self.provider, dataset, refresh)
        assert all(each.passed for each in check_split(self.provider, dataset, refresh))
        send_files(self.provider, dataset, refresh)

    def at_ttp(self, refresh: str = REFRESH, dataset: str = "tiny") -> dict[str, int]:
        """Receive, link, report, make File 3 and send it all; returns File 3's counts."""
        receive_file_1(self.ttp, dataset, refresh)
        link(self.ttp, dataset, refresh)
        make_linkage_report(self.ttp, dataset, refresh)
        make_file_3(self.ttp, dataset, refresh)
        counts = check_file_3(self.ttp, dataset, refresh)
        send_file_3(self.ttp, dataset, refresh)
        take_receipt(self.provider, dataset, refresh)
        return counts

    def at_databank(self, refresh: str = REFRESH, dataset: str = "tiny") -> Curated:
        """Receive, keep the linkage report, curate, and compare with the refresh before."""
        receive(self.databank, dataset, refresh)
        take_linkage_report(self.databank, dataset, refresh)
        curated = curate(self.databank, dataset, refresh)
        renew_differences(self.databank, dataset)
        return curated

    def at_register(self, refresh: str = REGISTER_REFRESH) -> Curated:
        """The loaded register's people and addresses to the databank, and curated there."""
        make_history(self.ttp, refresh)
        assert all(each.passed for each in check_made_history(self.ttp, refresh))
        send_history(self.ttp, refresh)
        receive_register(self.databank, REGISTER, refresh)
        return curate_received_register(self.databank, REGISTER, refresh)

    def carry(
        self, csvs: Csvs = TINY, refresh: str = REFRESH, dataset: str = "tiny", base: str | None = None
    ) -> Curated:
        """A deposit through all three zones."""
        self.land(csvs, refresh, dataset, base)
        self.at_provider(refresh, dataset)
        self.at_ttp(refresh, dataset)
        return self.at_databank(refresh, dataset)


def write_register(folder: Path, persons: Sequence[Row] = PERSONS, refresh: str = REGISTER_REFRESH) -> Path:
    """A register delivery of these persons, with the names and addresses of whoever is among them."""
    register = contract("population_register")
    there = {row["PERS_ID"] for row in persons}
    rows = {
        "persons": persons,
        "names": [row for row in NAMES if row["PERS_ID"] in there],
        "addresses": [row for row in ADDRESSES if row["PERS_ID"] in there],
    }
    return write_deposit(folder, csvs_of(register, rows), "population_register", refresh)


def write_postcodes(path: Path, content: str = POSTCODES) -> Path:
    """A postcode directory."""
    path.write_text(content)
    return path


def make_tiny_home(base: Path, *, keys_of: Settings | None = None, loaded: bool = True) -> TinyHome:
    """A home under `base`, with keys of its own or another home's; its register and postcodes loaded unless told."""
    projects = base / "projects"
    projects.mkdir(parents=True)
    for number in ("7001", "7002"):
        (projects / f"{number}.yaml").write_text(PROJECT.format(number=number))
    settings = Settings(
        home=base / "home",
        contracts=write_contracts(base / "contracts", "population_register"),
        projects=projects,
        settle_seconds=0,
        lock_wait_seconds=0,
    )
    home = TinyHome(settings)
    if keys_of is None:
        make_keyrings(settings)
    else:
        copy_keys(keys_of, settings)
    settings.landing.mkdir(parents=True, mode=0o700)
    home.databank.store.create()
    for number in ("7001", "7002"):
        make_project_keys(home.databank, number)
    if loaded:
        load_register(home.ttp, write_register(base / "register"))
        load_postcode_directory(home.ttp, write_postcodes(base / "postcodes.csv"))
    return home


@lru_cache(maxsize=1)
def loaded_home(folder: Path) -> TinyHome:
    """The one home of a test run into which no deposit has come; nobody may change it."""
    return make_tiny_home(folder / "tiny_loaded")


@lru_cache(maxsize=1)
def carried_home(folder: Path) -> TinyHome:
    """The one home of a test run with two refreshes curated and released; nobody may change it."""
    home = copied(loaded_home(folder), folder / "tiny_carried")
    home.carry()
    home.carry(refresh=LATER)
    release(home.databank)
    make_quality_pages(home.databank)
    return home


@lru_cache(maxsize=1)
def provided_home(folder: Path) -> TinyHome:
    """The one home of a test run in which project 7001 has its first extract; nobody may change it."""
    home = copied(carried_home(folder), folder / "tiny_provided")
    make_extract(home.databank, "7001", TODAY)
    return home


def copied(home: TinyHome, base: Path) -> TinyHome:
    """A copy of a home under `base`, for a test to change."""
    shutil.copytree(home.settings.home.parent, base)
    names = ("home", "contracts", "projects")
    return TinyHome(home.settings.model_copy(update={name: base / name for name in names}))


def copy_keys(source: Settings, target: Settings) -> None:
    """Give a home the keys of another, and the databank's note of which projects have keys."""
    for zone in ZONES:
        target.zone(zone).mkdir(parents=True, mode=0o700)
        shutil.copyfile(keyring_path(source, zone), keyring_path(target, zone))
    for entry in open_ledger(source, "databank").entries(kind="keys"):
        open_ledger(target, "databank").record("keys", entry.dataset, entry.refresh, "accepted", entry.digest)
