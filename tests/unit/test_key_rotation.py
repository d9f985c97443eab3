"""Rotation: new keys for every zone, the same ids for every project, and the same end wherever it is killed."""

import json
import shutil
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from fjo_pipeline.core.errors import FjoError, KeyMissing, Refused
from fjo_pipeline.core.keyring import keyring_path, open_keyring
from fjo_pipeline.core.settings import ZONES, Settings, Zone
from fjo_pipeline.databank.flow import Databank, curate, due, partitions, release, release_due
from fjo_pipeline.databank.projects.extract import make_extract
from fjo_pipeline.databank.projects.records import Extract
from fjo_pipeline.databank.projects.verifying import verify_extract
from fjo_pipeline.home import trust_card
from fjo_pipeline.key_rotation import Rotated, rotate
from fjo_pipeline.ttp.store import TtpStore
from tests.killed_rotation import killed_and_run_again
from tests.tiny_home import LATER, REFRESH, TinyHome

TODAY = date(2026, 11, 23)
NEXT = "20250111"


def rotated(settings: Settings, zone: Zone, key: str | None = None, **more: bytes) -> Rotated:
    return rotate(settings, zone, key, lambda _: None, new_passphrase=more.get("new_passphrase"))


def content(extract: Extract) -> dict[str, str]:
    return {name: table["digest"] for name, table in extract.tables.items()}


def at_rest(databank: Databank) -> dict[str, set[tuple[object, ...]]]:
    """All that stands in the store of refreshes, ids at rest among it."""
    with databank.store.reading() as session:
        tables = session.rows(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'lake' "
            "AND table_name NOT LIKE 'refresh_%' AND table_name <> 'published_tables'",
            step="list",
        )
        return {
            f"{schema}.{table}": set(session.rows(f'FROM lake."{schema}"."{table}"', step="read"))
            for schema, table in tables
        }


def ttp_rows(settings: Settings) -> list[tuple[object, ...]]:
    with TtpStore(settings, open_keyring(settings, "ttp")).reading() as session:
        return session.rows("FROM ttp.register.person ORDER BY ALL", step="read") + session.rows(
            f"FROM ttp.file_1.tiny_{REFRESH} ORDER BY ALL", step="read"
        )


def test_projects_ids_stay_and_earlier_extracts_verify_when_the_key_at_rest_is_another(home: TinyHome) -> None:
    databank = home.databank
    first = make_extract(databank, "7001", TODAY)
    before = at_rest(databank)
    done = rotated(home.settings, "databank", "alf_e")
    assert (done.versions, done.resumed, done.wrapped_anew, done.to_be_told) == ({"alf_e": 2}, False, False, ())
    after = at_rest(databank)
    links = f"SAILTINYV.TINY_ALF_{REFRESH}"
    assert {row[2:] for row in before[links]} == {row[2:] for row in after[links]}
    assert not {row[0] for row in before[links]} & {row[0] for row in after[links]}
    # Provided extracts read the snapshot to which they are pinned, under the version that stands there.
    assert verify_extract(databank, "7001").sound
    release(databank)
    second = make_extract(databank, "7001", TODAY)
    assert (second.serial, second.keys[f"alf_e tiny/{REFRESH}"]) == (2, 2)
    assert content(second) == content(first)
    assert verify_extract(databank, "7001", 1).sound
    assert verify_extract(databank, "7001", 2).sound


def test_what_was_up_to_date_is_not_due_and_what_is_re_encrypted_is_what_curation_would_write(home: TinyHome) -> None:
    databank = home.databank
    rotated(home.settings, "databank", "alf_e")
    assert list(due(databank)) == []
    assert release_due(databank) is not None
    found = at_rest(databank)
    with databank.store.writing() as session:
        assert {each.alf_e_key_version for each in partitions(session)} == {2}
        session.run("UPDATE lake.databank.partitions SET digest = 'another'", step="have all curated again")
    for refresh in (REFRESH, LATER):
        assert curate(databank, "tiny", refresh).changed
    assert at_rest(databank) == found
    home.carry(refresh=NEXT)


def test_a_refresh_whose_files_are_gone_is_re_encrypted_too(home: TinyHome) -> None:
    databank = home.databank
    first = make_extract(databank, "7001", TODAY)
    shutil.rmtree(home.settings.inbox("databank") / "file_2" / "tiny" / REFRESH)
    rotated(home.settings, "databank", "alf_e")
    assert list(due(databank)) == []
    release(databank)
    assert content(make_extract(databank, "7001", TODAY)) == content(first)


def test_ids_that_no_contract_knows_stop_the_rotation_before_anything_is_written(home: TinyHome) -> None:
    with home.databank.store.writing() as session:
        session.run("CREATE TABLE lake.databank.forgotten (PERSON_ID_E BIGINT)", step="make")
    before = at_rest(home.databank)
    with pytest.raises(Refused, match=r"the table databank\.forgotten has the id PERSON_ID_E and is of no refresh"):
        rotated(home.settings, "databank", "alf_e")
    assert at_rest(home.databank) == before
    with pytest.raises(Refused, match=r"rotation of the key 'alf_e' of zone databank is under way or was interrupted"):
        curate(home.databank, "tiny", REFRESH)
    with home.databank.store.writing() as session:
        session.run("DROP TABLE lake.databank.forgotten", step="mend")
    assert rotated(home.settings, "databank").resumed
    assert not curate(home.databank, "tiny", REFRESH).changed


def test_the_ttps_store_opens_under_the_new_key_alone_and_holds_the_same(home: TinyHome) -> None:
    settings, before = home.settings, ttp_rows(home.settings)
    old = open_keyring(settings, "ttp")
    done = rotated(settings, "ttp", "store")
    assert (done.versions, done.tables > 5) == ({"store": 2}, True)
    assert ttp_rows(settings) == before
    with pytest.raises(FjoError, match="could not open the TTP's store"), TtpStore(settings, old).reading():
        pass
    assert [path.name for path in settings.zone("ttp").glob("*ttp.duckdb*")] == ["ttp.duckdb"]
    home.carry(refresh=NEXT)


@pytest.mark.parametrize("zone", ZONES)
def test_after_every_key_of_a_zone_was_rotated_old_transfers_open_and_new_ones_flow(zone: Zone, home: TinyHome) -> None:
    old = open_keyring(home.settings, zone)
    done = rotated(home.settings, zone)
    new = open_keyring(home.settings, zone)
    assert done.wrapped_anew
    assert done.card == new.card.fingerprint != old.card.fingerprint
    assert set(done.taken_by) == set(ZONES) - {zone}
    assert json.loads((home.settings.zone(zone) / "card.json").read_text())["succeeds"]
    stay = set(new.fingerprints()) - {"alf_e", "store", "signing", "age"}
    assert {name: new.key(name) for name in stay} == {name: old.key(name) for name in stay}
    assert old._kek != new._kek
    for refresh in (REFRESH, LATER):
        assert not home.at_databank(refresh).changed
    assert home.carry(refresh=NEXT).changed


@pytest.mark.parametrize(
    ("zone", "key", "said"),
    [
        ("provider", "split", "signed translation transfer to the databank, from the old ids to the new ones"),
        ("ttp", "alf", "every ALF in the databank would be another: that needs a signed translation transfer"),
        ("ttp", "ralf", "needs a signed translation transfer"),
        ("ttp", "alf2", "needs a signed translation transfer"),
        ("databank", "project/7001/ids", "a new id space that joins nothing it has: that is a new project"),
        ("databank", "project/7001/extract", "opens what the researcher has been given"),
    ],
)
def test_a_key_that_makes_ids_does_not_rotate_in_place_and_what_it_would_mean_is_said(
    zone: Zone, key: str, said: str, home: TinyHome
) -> None:
    before = keyring_path(home.settings, zone).read_bytes()
    with pytest.raises(Refused, match=f"the key '{key}' does not rotate in place: .*{said}"):
        rotated(home.settings, zone, key)
    with pytest.raises(Refused, match=f"zone {zone} has no key 'other'; those that rotate are "):
        rotated(home.settings, zone, "other")
    assert keyring_path(home.settings, zone).read_bytes() == before


def test_a_rotation_is_entered_once_with_versions_and_nothing_else(home: TinyHome) -> None:
    rotated(home.settings, "databank")
    rotate(home.settings, "databank", "kek", lambda _: None, reason="a keeper has left")
    log = home.databank.audit
    entries = [each for each in log.entries("keys", "databank") if each.step == "rotated"]
    versions = {"alf_e": 2, "signing": 2, "age": 2}
    assert [(each.why, each.detail) for each in entries] == [
        ("keys are rotated", {"rotation": 1, "versions": versions}),
        ("a keeper has left", {"rotation": 2, "versions": versions}),
    ]
    assert log.verify() == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("zone", "points"),
    # At the TTP the third write is the store itself; at the databank the second comes after its transaction.
    [("provider", range(12)), ("ttp", (1, 2, 3, 4)), ("databank", (1, 2))],
)
def test_killed_at_any_write_and_run_again_it_ends_in_the_same(
    zone: Zone, points: Sequence[int], home: TinyHome, tmp_path: Path
) -> None:
    first = content(make_extract(home.databank, "7001", TODAY))
    rows = ttp_rows(home.settings)
    found = killed_and_run_again(home, zone, tmp_path / "saved", points)
    assert found == dict.fromkeys(points, True)
    assert ttp_rows(home.settings) == rows
    release(home.databank)
    assert content(make_extract(home.databank, "7001", TODAY)) == first


# ---- cards, passphrases, backups


def test_another_zone_takes_the_new_card_by_its_line_of_signatures_alone(home: TinyHome, tmp_path: Path) -> None:
    elsewhere, settings = tmp_path / "elsewhere", home.settings
    apart = settings.model_copy(update={"home": elsewhere, "transfers": settings.transfer_folder})
    shutil.move(settings.zone("ttp"), apart.zone("ttp"))
    first = rotated(settings, "provider", "signing")
    assert (first.taken_by, first.to_be_told) == (("databank",), ("ttp",))
    second = rotated(settings, "provider")
    card = settings.zone("provider") / "card.json"
    home.land(refresh=NEXT)
    home.at_provider(NEXT)
    ttp = TinyHome(apart)
    with pytest.raises(Refused, match="has rotated its keys, get its new card from its keeper and run `fjo keys trust"):
        ttp.ttp.file_1("tiny", NEXT)
    good = json.loads(card.read_text())
    changes: list[Callable[[dict[str, Any]], object]] = [
        lambda written: written.pop("succeeds"),
        lambda written: written["succeeds"].pop(),
        lambda written: written["succeeds"][0].update(signature=written["succeeds"][1]["signature"]),
        lambda written: written.update(age_recipient=open_keyring(settings, "databank").card.age_recipient),
    ]
    for change in changes:
        forged = json.loads(card.read_text())
        change(forged)
        (tmp_path / "forged.json").write_text(json.dumps(forged))
        with pytest.raises(Refused, match="were not signed by their holder"):
            trust_card(apart, "ttp", tmp_path / "forged.json")
    assert trust_card(apart, "ttp", card) == second.card
    assert len(good["succeeds"]) == 2
    assert ttp.ttp.file_1("tiny", NEXT).subject.refresh == NEXT
    assert ttp.ttp.file_1("tiny", REFRESH).subject.refresh == REFRESH
    trust_card(apart, "ttp", card, forget_earlier=True)
    assert ttp.ttp.file_1("tiny", NEXT).subject.refresh == NEXT
    with pytest.raises(Refused, match="does not carry the signature of zone provider"):
        ttp.ttp.file_1("tiny", REFRESH)


def test_a_passphrase_is_set_and_changed_by_rotation(home: TinyHome, tmp_path: Path) -> None:
    settings = home.settings
    before = open_keyring(settings, "ttp").key("alf")
    assert rotated(settings, "ttp", "store", new_passphrase=b"first words").wrapped_anew
    with pytest.raises(KeyMissing, match="FJO_PASSPHRASE_FILE"):
        open_keyring(settings, "ttp")
    words = tmp_path / "words"
    words.write_text("first words\n")
    guarded = settings.model_copy(update={"passphrase_file": words})
    # The passphrase that was given by the settings stays where no other one is.
    assert rotate(guarded, "ttp", "kek", lambda _: None).wrapped_anew
    assert open_keyring(guarded, "ttp").key("alf") == before
    assert rotate(guarded, "ttp", None, lambda _: None, new_passphrase=b"other words").wrapped_anew
    words.write_text("other words\n")
    assert open_keyring(guarded, "ttp").key("alf") == before


def test_a_keyring_from_before_a_rotation_passes_for_no_later_one(home: TinyHome, tmp_path: Path) -> None:
    settings = home.settings
    keys: dict[Zone, str] = {"databank": "alf_e", "ttp": "store"}
    for zone, key in keys.items():
        path = keyring_path(settings, zone)
        old = path.read_bytes()
        rotated(settings, zone, key)
        path.write_bytes(old)
        with pytest.raises(KeyMissing, match=f"had a key '{key}' of version 2 .* restore a later backup"):
            rotated(settings, zone)
    with pytest.raises(Refused, match="version 2 of the key 'alf_e', the keyring's is 1; the keyring is from before"):
        curate(home.databank, "tiny", REFRESH)


def test_a_store_from_before_a_rotation_is_brought_under_the_keyrings_version(home: TinyHome, tmp_path: Path) -> None:
    settings = home.settings
    first = content(make_extract(home.databank, "7001", TODAY))
    for name in ("catalogue", "lake"):
        shutil.copytree(settings.zone("databank") / name, tmp_path / name)
    rotated(settings, "databank", "alf_e")
    for name in ("catalogue", "lake"):
        shutil.rmtree(settings.zone("databank") / name)
        shutil.copytree(tmp_path / name, settings.zone("databank") / name)
    with pytest.raises(Refused, match=r"version 1 of the key 'alf_e', the keyring's is 2; .*fjo keys rotate"):
        curate(home.databank, "tiny", REFRESH)
    assert rotated(settings, "databank", "alf_e").versions == {"alf_e": 3}
    assert not curate(home.databank, "tiny", REFRESH).changed
    release(home.databank)
    assert content(make_extract(home.databank, "7001", TODAY)) == first


def test_what_another_process_changed_in_the_keyring_meanwhile_is_not_lost(home: TinyHome) -> None:
    one, other = (open_keyring(home.settings, "databank") for _ in range(2))
    one.add("project/8001/ids")
    with pytest.raises(Refused, match="was changed by another process meanwhile: nothing was changed now"):
        other.add("project/8002/ids")
    kept = open_keyring(home.settings, "databank")
    assert (kept.has("project/8001/ids"), kept.has("project/8002/ids")) == (True, False)
