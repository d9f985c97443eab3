"""Increments at the provider: only on a base that was taken, with references into the deposits they stand on."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import dagster as dg
import pytest

from fjo_pipeline.core.deposits import MANIFEST
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.core.transfers import Draft
from fjo_pipeline.provider import increments
from fjo_pipeline.provider.flow import Provider, due, split_deposit, take_deposit
from fjo_pipeline.provider.landing import check_deposit
from fjo_pipeline.provider.sensors import requests
from tests.deposit_builder import GROWING_CONTRACT, TINY_IDENTIFIERS, Csvs, write_contracts, write_deposit
from tests.growing_home import BASE, DEPOSITS, EMPTY, FIRST, SECOND, base_of, rows
from tests.keyrings import home_settings

DANGLING = EMPTY | rows("VISITS.csv", "v-9,C0001,,,,,,,,1,,", "v-8,C0777,,,,,,,,9,,")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home whose tiny dataset comes in increments."""
    contracts = write_contracts(tmp_path / "contracts")
    (contracts / "tiny.yaml").write_text(GROWING_CONTRACT)
    return home_settings(tmp_path / "home", contracts)


def land(provider: Provider, refresh: str, csvs: Csvs | None = None, base: str | None = None) -> Path:
    """Put a deposit into landing: one of the shared ones unless told."""
    folder = provider.settings.landing / "tiny" / refresh
    return write_deposit(folder, csvs or DEPOSITS[refresh], refresh=refresh, base=base or base_of(refresh))


def take(provider: Provider, *refreshes: str) -> None:
    for refresh in refreshes:
        land(provider, refresh)
        take_deposit(provider, "tiny", refresh)


def quarantined(provider: Provider, refresh: str) -> str:
    """The report on the one deposit of a date that lies in quarantine."""
    (folder,) = (provider.settings.quarantine / "tiny").glob(f"{refresh}-*")
    assert not (provider.settings.landing / "tiny" / refresh).exists()
    return (folder / "report.txt").read_text()


def reworded(folder: Path, change: Mapping[str, object]) -> None:
    """Change what a deposit's manifest says; None takes a property out."""
    said = json.loads((folder / MANIFEST).read_text()) | change
    (folder / MANIFEST).write_text(json.dumps({name: value for name, value in said.items() if value is not None}))


def test_an_increment_without_its_base_comes_to_quarantine_with_what_to_do(provider: Provider) -> None:
    land(provider, FIRST)
    with pytest.raises(Refused, match=f"stands on tiny/{BASE}, which has not been taken: send that full deposit first"):
        take_deposit(provider, "tiny", FIRST)
    assert f"stands on tiny/{BASE}" in quarantined(provider, FIRST)
    take(provider, BASE, FIRST)


def test_references_are_found_in_earlier_deposits_even_once_these_were_destroyed(provider: Provider) -> None:
    take(provider, BASE, FIRST)
    for folder in (provider.settings.landing, provider.settings.zone("provider") / "work"):
        shutil.rmtree(folder)
    take(provider, SECOND)
    file_2 = split_deposit(provider, "tiny", SECOND)[1]
    assert {name: file_2.facts[name] for name in ("base", "stands_on")} == {"base": BASE, "stands_on": [BASE, FIRST]}
    assert isinstance(file_2, Draft)


def test_a_full_deposit_says_nothing_of_a_base(provider: Provider) -> None:
    take(provider, BASE)
    assert not {"base", "stands_on"} & set(split_deposit(provider, "tiny", BASE)[1].facts)


def test_a_reference_to_nothing_is_refused_with_its_place_and_without_its_value(provider: Provider) -> None:
    take(provider, BASE)
    land(provider, SECOND, DANGLING)
    with pytest.raises(Refused, match="in quarantine") as refused:
        take_deposit(provider, "tiny", SECOND)
    report = quarantined(provider, SECOND)
    nowhere = ", neither of this deposit nor of those it stands on"
    assert f"VISITS.csv, line 3, column PLACE: the value refers to no row of PLACES.csv, column ID{nowhere}" in report
    assert (
        f"VISITS.csv, line 3, column PERSON: the value refers to no row of CLIENTS.csv or CARERS.csv{nowhere}" in report
    )
    assert "C0777" not in report + str(refused.value)


def test_a_deposit_of_a_later_date_is_none_that_an_increment_stands_on(provider: Provider) -> None:
    take(provider, BASE)
    land(provider, FIRST, EMPTY | rows("PLACES.csv", "9,Far"))
    take_deposit(provider, "tiny", FIRST)
    land(provider, "20240115", EMPTY | rows("VISITS.csv", "v-8,C0001,,,,,,,,9,,"), BASE)
    with pytest.raises(Refused, match=r"PLACES\.csv"):
        take_deposit(provider, "tiny", "20240115")


def test_a_person_may_not_move_to_another_table_of_people(provider: Provider) -> None:
    take(provider, BASE)
    land(provider, SECOND, EMPTY | rows("CARERS.csv", "C0001,Quillfeather,2015-03-02"))
    with pytest.raises(Refused, match="in quarantine"):
        take_deposit(provider, "tiny", SECOND)
    report = quarantined(provider, SECOND)
    assert "CARERS.csv, column ID: the person stands in another table of people in a deposit of the same base" in report
    assert not any(name in report for name in TINY_IDENTIFIERS)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"delivery": None, "base": None}, 'it is not clear what this is: datapackage.json says "delivery": "full"'),
        ({"base": None}, "it is not clear what this is"),
        ({"delivery": "full"}, "it is not clear what this is"),
        ({"base": "20240801"}, "an earlier date than its own"),
        ({"base": FIRST}, f"tiny/{FIRST} is itself an increment: a base is the full deposit .*, {BASE}"),
        ({"delivery": "daily"}, "datapackage.json is not usable: delivery"),
    ],
)
def test_a_manifest_says_clearly_what_a_deposit_is(change: dict[str, object], why: str, provider: Provider) -> None:
    take(provider, BASE, FIRST)
    reworded(land(provider, SECOND), change)
    with pytest.raises(Refused, match=why):
        take_deposit(provider, "tiny", SECOND)


def test_a_dataset_that_comes_whole_takes_no_increment(provider: Provider) -> None:
    contract = provider.settings.contracts / "tiny.yaml"
    contract.write_text(contract.read_text().replace("delivery: increment", "delivery: full"))
    take(provider, BASE)
    land(provider, FIRST)
    with pytest.raises(Refused, match="the contract tiny takes full deposits only"):
        take_deposit(provider, "tiny", FIRST)


def test_an_increment_waits_for_a_base_that_lies_in_landing(provider: Provider) -> None:
    for refresh in (BASE, FIRST, SECOND):
        land(provider, refresh)
    with pytest.raises(Refused, match="has not been taken"):
        take_deposit(provider, "tiny", FIRST)
    assert (provider.settings.landing / "tiny" / FIRST).is_dir()
    assert [each.refresh for each in due(provider)] == [BASE, FIRST, SECOND]
    with dg.DagsterInstance.ephemeral() as instance:
        assert [each.partition_key for each in requests(provider, instance)] == [BASE]


def test_an_increment_waits_for_a_base_that_is_still_arriving(provider: Provider) -> None:
    (land(provider, BASE) / MANIFEST).unlink()
    land(provider, FIRST)
    assert list(due(provider)) == []


def test_the_check_alone_looks_earlier_deposits_up_too(provider: Provider, tmp_path: Path) -> None:
    outside = write_deposit(tmp_path / "outside", DEPOSITS[SECOND], refresh=SECOND, base=BASE)
    with pytest.raises(Refused, match="has not been taken"):
        check_deposit(provider.settings, outside)
    take(provider, BASE)
    assert not check_deposit(provider.settings, outside).good
    take(provider, FIRST)
    assert check_deposit(provider.settings, outside).good


def test_a_base_whose_keys_were_not_kept_is_none(provider: Provider) -> None:
    take(provider, BASE)
    shutil.rmtree(provider.settings.zone("provider") / "kept_keys")
    land(provider, FIRST)
    with pytest.raises(Refused, match=f"the keys of tiny/{BASE}, .* were not kept .*: send a full deposit"):
        take_deposit(provider, "tiny", FIRST)
    assert "send a full deposit" in quarantined(provider, FIRST)


def test_two_deposits_keys_with_one_hash_are_refused(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    take(provider, BASE)
    monkeypatch.setattr(increments, "DOMAIN", 2)
    land(provider, FIRST)
    with pytest.raises(Refused, match=r"VISITS.csv, column VISIT: a key has the hash of another key"):
        take_deposit(provider, "tiny", FIRST)
    assert "must declare a pattern" in quarantined(provider, FIRST)


def test_what_is_kept_of_keys_can_be_read_with_the_providers_key_alone(provider: Provider) -> None:
    take(provider, BASE)
    kept = sorted((provider.settings.zone("provider") / "kept_keys" / "tiny" / BASE).iterdir())
    assert [path.name for path in kept] == [
        "carers.ID.parquet", "clients.ID.parquet", "places.ID.parquet", "visits.VISIT.parquet",
    ]  # fmt: skip
    # An encrypted Parquet file ends so; a plain one with PAR1.
    assert all(path.read_bytes().endswith(b"PARE") for path in kept)
