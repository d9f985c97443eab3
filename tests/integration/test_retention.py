"""Identifiers are destroyed when their contract's days are over, and not before."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from fjo_pipeline.core.contracts import contract
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.keyring import Keyring, PublicCard
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.home import init_home
from fjo_pipeline.provider.flow import Provider, check_split, due, send_files, split_deposit, take_deposit
from fjo_pipeline.provider.landing import add_deposit
from fjo_pipeline.provider.retention import destroy_expired as destroy_at_provider
from fjo_pipeline.synthetic import build_world
from fjo_pipeline.ttp.flow import Ttp, load_postcode_directory, load_register, receive_file_1
from fjo_pipeline.ttp.retention import destroy_expired as destroy_at_ttp
from fjo_pipeline.ttp.store import has_partition

DATASET, REFRESH = "cafcass_cymru", "20240111"


def home_with_a_file_1(folder: Path) -> Settings:
    settings = Settings(home=folder / "home", settle_seconds=0)
    init_home(settings, ("provider", "ttp"))
    provider = Provider(settings)
    provider.keyring.trust(databank_card(folder))
    world = build_world(3, 60, 2_000)
    world.write_deposit(DATASET, REFRESH, folder / "deposit")
    world.write_register(REFRESH, folder / "register")
    world.write_postcodes(folder / "postcodes.csv")
    load_register(Ttp(settings), folder / "register")
    load_postcode_directory(Ttp(settings), folder / "postcodes.csv")
    add_deposit(settings, folder / "deposit")
    take_deposit(provider, DATASET, REFRESH)
    split_deposit(provider, DATASET, REFRESH)
    check_split(provider, DATASET, REFRESH)
    send_files(provider, DATASET, REFRESH)
    receive_file_1(Ttp(settings), DATASET, REFRESH)
    return settings


def databank_card(folder: Path) -> PublicCard:
    return Keyring.create("databank", folder / "databank.json").card


def test_raw_deposits_and_file_1_go_after_their_days_and_not_a_day_before(tmp_path: Path) -> None:
    settings = home_with_a_file_1(tmp_path)
    days, today = contract(DATASET).retention_days, date.today()
    provider, ttp = Provider(settings), Ttp(settings)
    landing = settings.landing / DATASET / REFRESH

    assert list(destroy_at_provider(provider, today + timedelta(days=days.raw))) == []
    assert list(destroy_at_ttp(ttp, today + timedelta(days=days.file_1))) == []
    assert landing.exists()

    over = [str(each) for each in destroy_at_provider(provider, today + timedelta(days=days.raw + 1))]
    over += [str(each) for each in destroy_at_ttp(ttp, today + timedelta(days=days.file_1 + 1))]
    assert over == [f"raw deposit {DATASET}/{REFRESH}", f"File 1 {DATASET}/{REFRESH}"]
    assert not landing.exists()
    assert not provider.work(DATASET, REFRESH, "checked").exists()
    assert not (settings.inbox("ttp") / "file_1" / DATASET / REFRESH).exists()
    with ttp.store.reading() as session:
        assert not has_partition(session, "file_1", DATASET, REFRESH)
    assert provider.ledger.last("deposit", DATASET, REFRESH, "destroyed") is not None
    assert list(due(provider)) == []
    assert list(destroy_at_provider(provider, today + timedelta(days=days.raw + 1))) == []


def test_a_quarantined_deposit_goes_after_its_days_even_when_a_mended_one_was_taken(tmp_path: Path) -> None:
    settings = home_with_a_file_1(tmp_path)
    bad = settings.landing / DATASET / "20240711"
    shutil.copytree(tmp_path / "deposit", bad)
    with pytest.raises(Refused, match="quarantine"):
        take_deposit(Provider(settings), DATASET, "20240711")
    Provider(settings).ledger.forget("deposit", DATASET, "20240711", "quarantined")
    days = contract(DATASET).retention_days.quarantined
    assert list(destroy_at_provider(Provider(settings), date.today() + timedelta(days=days))) == []
    over = list(destroy_at_provider(Provider(settings), date.today() + timedelta(days=days + 1)))
    assert [each.what for each in over] == ["quarantined deposit"]
    assert list((settings.quarantine / DATASET).iterdir()) == []


def test_what_was_destroyed_by_a_step_that_was_killed_before_it_said_so_is_said(tmp_path: Path) -> None:
    settings = home_with_a_file_1(tmp_path)
    provider, ttp = Provider(settings), Ttp(settings)
    later = date.today() + timedelta(days=5000)
    # All that such a step does before its last.
    shutil.rmtree(settings.landing / DATASET / REFRESH)
    shutil.rmtree(provider.work(DATASET, REFRESH, "checked"))
    shutil.rmtree(settings.inbox("ttp") / "file_1" / DATASET / REFRESH)
    assert [each.what for each in destroy_at_provider(provider, later)] == ["raw deposit"]
    assert [each.what for each in destroy_at_ttp(ttp, later)] == ["File 1"]
    for ledger, kind in ((provider.ledger, "deposit"), (ttp.ledger, "file_1")):
        said = ledger.last(kind, DATASET, REFRESH, "destroyed")
        assert said is not None
        assert said.detail == {"destroyed_on": later.isoformat()}
    assert not list(destroy_at_provider(provider, later))
    assert not list(destroy_at_ttp(ttp, later))


def test_a_deposit_that_was_moved_to_quarantine_by_a_killed_step_gets_a_report_and_goes_after_its_days(
    tmp_path: Path,
) -> None:
    settings = Settings(home=tmp_path / "home", settle_seconds=0)
    init_home(settings, ("provider",))
    provider, days = Provider(settings), contract(DATASET).retention_days.quarantined
    moved = settings.quarantine / DATASET / f"{REFRESH}-0123456789ab"
    moved.mkdir(parents=True)
    assert not list(destroy_at_provider(provider, date.today()))
    assert "killed before it wrote why: `fjo deposit check`" in (moved / "report.txt").read_text()
    assert provider.ledger.last("deposit", DATASET, REFRESH, "quarantined") is not None
    gone = destroy_at_provider(provider, date.today() + timedelta(days=days + 1))
    assert [each.what for each in gone] == ["quarantined deposit"]
