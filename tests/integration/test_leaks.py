"""Nothing that names a person, and no key, lies outside the provider's and the TTP's stores: every byte is searched.

That the search finds what is there is shown beside it: in every encoding (`tests/unit/leaks`), in landing, and planted.
"""

import json
import shutil
import zlib
from base64 import b64encode
from pathlib import Path

import pytest

from fjo_pipeline.core.keyring import open_keyring
from fjo_pipeline.leaks.hunting import STORES, hunt
from fjo_pipeline.leaks.identifiers import held_by_provider
from fjo_pipeline.leaks.matching import Matcher
from fjo_pipeline.leaks.searching import Searched
from tests.browser.chromium import CHROMIUM
from tests.command import Fjo
from tests.deposit_builder import TINY_IDENTIFIERS
from tests.leak_chain import SPOILT, LeakChain, run_chain, search, search_landing
from tests.tiny_home import TinyHome

PEOPLE = 150


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files that nobody else writes to."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_a_home_through_which_deposits_went_leaks_nothing(carried: TinyHome, scratch: Path) -> None:
    found = hunt(carried.settings)
    assert found.hits == []
    looked_for = {kind: count["looked_for"] for kind, count in found.looked_for.items()}
    assert looked_for["full name"] >= 5
    assert looked_for["rare name"] >= 2
    assert looked_for["key"] >= 15
    assert {"transfers", "databank/lake", "databank/catalogue"} <= {each.area for each in found.areas if each.files}


def test_what_the_databank_holds_encrypted_is_searched_inside(home: TinyHome, scratch: Path) -> None:
    with home.databank.store.writing() as session:
        session.run("CREATE TABLE lake.databank.careless AS SELECT 'of Quillfeather' AS remark", step="be careless")
    hits = hunt(home.settings).hits
    inside, shown = (
        [hit for hit in hits if Path(hit.where).is_relative_to(folder)]
        for folder in (home.databank.store.data_path, home.settings.zone("databank") / "catalogue")
    )
    assert [(hit.kind, hit.encoding, hit.values) for hit in inside] == [("rare name", "plain in Parquet", 1)]
    # The catalogue holds every column's minimum and maximum in plain.
    assert {hit.kind for hit in shown} == {"rare name"}
    assert len(inside + shown) == len(hits)


def test_each_kind_that_is_left_lying_is_told_with_its_place_and_never_its_value(
    home: TinyHome, scratch: Path, fjo: Fjo
) -> None:
    key = open_keyring(home.settings, "ttp").subkey("store", "ttp.duckdb")
    planted = {
        "dagster/event": b'{"cursor": "' + b64encode(zlib.compress(b"{'Quillfeather', 'Ada'}")) + b'"}',
        "databank/dbt/logs/dbt.log": b"could not cast 'Quillfeather' of SA2 8PP",
        "databank/key": b"the key is " + key.hex().encode(),
        "transfers/note.txt": "Ada Quillfeather".encode("utf-16"),
    }
    for name, content in planted.items():
        path = home.settings.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (scratch / "tmp1").write_bytes(key)
    ran = fjo(home.settings, "doctor", "--leaks", "--json")
    hits = json.loads(ran.out)["hits"]
    assert ran.code == 1
    assert {Path(hit["where"]).name for hit in hits} == {"event", "dbt.log", "key", "note.txt", "tmp1"}
    assert {"rare name", "postcode", "full name", "ttp's key store, ttp.duckdb"} == {hit["kind"] for hit in hits}
    shown = fjo(home.settings, "doctor", "--leaks")
    assert "FOUND 1 x postcode, plain: " in shown.out
    assert not [value for value in TINY_IDENTIFIERS if value in ran.out + ran.err + shown.out + shown.err]


def test_a_zone_alone_looks_for_what_it_holds(home: TinyHome, scratch: Path) -> None:
    for zone in STORES:
        shutil.rmtree(home.settings.zone(zone))
    assert set(hunt(home.settings).looked_for) == {"key"}


def test_a_deposit_whose_raw_files_were_destroyed_is_looked_for_as_it_was_staged(home: TinyHome) -> None:
    before = held_by_provider(home.settings).values
    shutil.rmtree(home.settings.landing / "tiny")
    after = held_by_provider(home.settings).values
    dropped = {"free text"}
    assert {kind: values for kind, values in before.items() if kind not in dropped} == {
        kind: values for kind, values in after.items() if kind not in dropped
    }
    assert after["rare name"]


def test_the_doctor_says_that_folders_go_with_leaks(carried: TinyHome, fjo: Fjo) -> None:
    assert fjo(carried.settings, "doctor", "--also", "/tmp").code == 2


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> LeakChain:
    """The whole chain by real processes, everything that can be forced to fail having failed."""
    return run_chain(tmp_path_factory.mktemp("leaks"), PEOPLE, every_page=False)


@pytest.fixture(scope="module")
def searched(chain: LeakChain) -> tuple[Matcher, list[Searched], list[Searched]]:
    """What the search found outside the stores, and inside them without their keys."""
    return search(chain)


@pytest.mark.torture
def test_nothing_of_anybody_and_no_key_is_outside_the_stores(
    searched: tuple[Matcher, list[Searched], list[Searched]],
) -> None:
    matcher, outside, _ = searched
    assert [hit for area in outside for hit in area.hits] == []
    assert len(matcher.canaries) > 2000
    seen = {each.area: each.files for each in outside}
    assert seen["what commands said"] > 30
    assert seen["arguments and environment as they ran"] > 30
    assert seen["dagster"] > 5
    assert seen["databank/publications"] > 10
    assert seen["catalogue"] > 10
    assert CHROMIUM is None or seen["pages of Dagster's UI"] > 20


@pytest.mark.torture
def test_inside_the_stores_nothing_is_readable_without_their_keys(
    searched: tuple[Matcher, list[Searched], list[Searched]],
) -> None:
    _, _, inside = searched
    assert [hit for area in inside for hit in area.hits] == []
    assert all(area.files > 3 for area in inside)


@pytest.mark.torture
def test_the_same_search_finds_the_canaries_where_they_lie(
    chain: LeakChain, searched: tuple[Matcher, list[Searched], list[Searched]]
) -> None:
    matcher, _, _ = searched
    kinds = {matcher.canaries[number].kind for number in search_landing(chain, matcher).found}
    assert kinds == {"NHS number", "postcode", "date of birth", "word", "free text"}


@pytest.mark.torture
def test_every_failure_was_forced(chain: LeakChain) -> None:
    # Looked at and taken back, refused in landing; what only looks good fails once; then the ways between the zones.
    assert len(chain.failures) >= len(SPOILT) + 10


@pytest.mark.torture
def test_the_doctor_finds_nothing_and_then_what_is_planted(chain: LeakChain) -> None:
    assert "nothing was found outside" in chain.fjo("doctor", "--leaks", "--also", chain.base / "catalogue")
    name = next(iter(chain.world.values["word"]))
    (chain.home.path / "dagster" / "careless.log").write_text(f"could not read {name}")
    told = chain.fjo("doctor", "--leaks", succeeds=False)
    assert "careless.log" in told
    assert name not in told
