"""Opt-out and erasure end to end on a small home: gone from files, tables, snapshots and extracts, and nobody else."""

import shutil
from collections.abc import Iterator
from datetime import date

import pyarrow as pa
import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.sessions import Session, identifier, literal
from fjo_pipeline.core.transfers import open_transfer
from fjo_pipeline.databank.ciphers import at_rest
from fjo_pipeline.databank.flow import (
    curate,
    curate_received_register,
    due,
    receive,
    receive_register,
    release,
    release_due,
)
from fjo_pipeline.databank.projects.extract import make_extract
from fjo_pipeline.databank.projects.records import read_record
from fjo_pipeline.databank.projects.verifying import verify_extract
from fjo_pipeline.databank.removals import taking
from fjo_pipeline.databank.removals.taking import removals_due, take_removals
from fjo_pipeline.ttp.file_3 import alf_cipher
from fjo_pipeline.ttp.optout import add_optout
from fjo_pipeline.ttp.register.sending import REGISTER
from fjo_pipeline.ttp.removals import send_removals
from tests.tiny_home import LATER, REFRESH, REGISTER_REFRESH, TinyHome

TODAY = date(2026, 11, 22)
ADA = "register_id: 101"


def opt_out(home: TinyHome, details: str = ADA) -> None:
    add_optout(home.ttp, details, "opt-out", TODAY)
    send_removals(home.ttp, REGISTER_REFRESH)


def erase(home: TinyHome) -> bool:
    """What `fjo refresh` does at the databank once a list has come, but for the views."""
    changed = take_removals(home.databank, REGISTER_REFRESH, TODAY)
    curate_what_is_due(home)
    return changed


def curate_what_is_due(home: TinyHome) -> None:
    for each in list(due(home.databank)):
        if each.dataset == REGISTER:
            receive_register(home.databank, each.dataset, each.refresh)
            assert curate_received_register(home.databank, each.dataset, each.refresh).sound
        else:
            receive(home.databank, each.dataset, each.refresh)
            assert curate(home.databank, each.dataset, each.refresh).sound


def ids_of(home: TinyHome, details: str = ADA) -> set[int]:
    """The person's ids in the databank, as they were before: ALF_E, and PERSON_ID_E."""
    alf = int(details.split(": ")[1])
    alfs = alf_cipher(home.ttp.keyring).encrypt_arrow(pa.array([alf], pa.int64()))
    alf_e = at_rest(home.databank.contract("tiny"), "alf", home.databank.keyring).encrypt_arrow(alfs)[0].as_py()
    with home.databank.store.reading() as session:
        found = session.rows(
            f"SELECT PERSON_ID_E FROM lake.SAILTINYV.TINY_ALF_{REFRESH} WHERE ALF_E = ?", (alf_e,), step="read"
        )
    assert len(found) == 1
    return {alf_e, found[0][0]}


def rows_with(home: TinyHome, ids: set[int]) -> int:
    """Rows of any table of any snapshot in which one of these ids stands."""
    return sum(count for _, _, count in everywhere(home, ids))


def everywhere(home: TinyHome, ids: set[int]) -> Iterator[tuple[int, str, int]]:
    texts = "|".join(rf"\b{each}\b" for each in sorted(ids))
    with home.databank.store.reading() as session:
        snapshots = [row[0] for row in session.rows("SELECT snapshot_id FROM lake.snapshots()", step="list")]
    for snapshot in snapshots:
        with home.databank.store.reading(snapshot) as session:
            for schema, table in tables_of(session):
                name = f"lake.{identifier(schema)}.{identifier(table)}"
                found = session.value(
                    f"SELECT count(*) FROM {name} AS t WHERE regexp_matches(CAST(t AS VARCHAR), '{texts}')", step="look"
                )
                if found:
                    yield snapshot, table, found


def tables_of(session: Session) -> list[tuple[str, str]]:
    return session.rows(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'lake'", step="list tables"
    )


def test_a_person_is_gone_from_every_snapshot_and_the_tables_are_those_of_a_world_without_them(home: TinyHome) -> None:
    ids = ids_of(home)
    make_extract(home.databank, "7001", TODAY)
    assert rows_with(home, ids) > 4
    opt_out(home)
    assert erase(home)
    assert list(everywhere(home, ids)) == []
    assert not list(removals_due(home.databank))


def every_file(home: TinyHome, ids: set[int]) -> list[str]:
    """The files in which one of these ids stands: the lake's, by the catalogue's keys, and the catalogue itself."""
    found, texts = [], [str(each) for each in ids]
    with home.databank.store.reading() as session:
        keys = dict(
            session.rows(
                "SELECT path, encryption_key FROM __ducklake_metadata_lake.ducklake_data_file", step="read the keys"
            )
        )
        for path in sorted(home.databank.store.data_path.rglob("*.parquet")):
            relation = (
                f"read_parquet({literal(path)}, encryption_config = "
                f"{{footer_key_value: from_base64({literal(keys[path.name])})}})"
            )
            pattern = literal("|".join(rf"\b{each}\b" for each in texts))
            if session.value(
                f"SELECT count(*) FROM {relation} AS t WHERE regexp_matches(CAST(t AS VARCHAR), {pattern})", step="look"
            ):
                found.append(path.name)
    catalogue = home.databank.store.sqlite.parent
    found += [each.name for each in catalogue.iterdir() if any(text.encode() in each.read_bytes() for text in texts)]
    return found


def transfers_with(home: TinyHome, raw: set[int]) -> list[str]:
    """The transfers in the databank's inbox in which one of these ids stands, removals apart."""
    found = []
    pattern = literal("|".join(rf"\b{each}\b" for each in sorted(raw)))
    with home.databank.store.reading() as session:
        for envelope in sorted(home.settings.inbox("databank").rglob("envelope.age")):
            transfer = open_transfer(envelope.parent, home.databank.keyring)
            for table in transfer.files:
                relation = transfer.relation(session, table)
                if transfer.subject.kind != "removals" and session.value(
                    f"SELECT count(*) FROM {relation} AS t WHERE regexp_matches(CAST(t AS VARCHAR), {pattern})",
                    step="look",
                ):
                    found.append(f"{transfer.subject.kind}/{transfer.subject.refresh}/{envelope.parent.name}/{table}")
    return found


def raw_ids(home: TinyHome, ids: set[int]) -> set[int]:
    """The same ids as Files 2 and 3 have them."""
    contract, keyring = home.databank.contract("tiny"), home.databank.keyring
    return {
        at_rest(contract, entity, keyring).decrypt_arrow(pa.array([each], pa.int64()))[0].as_py()
        for entity in ("alf", "person")
        for each in ids
    }


def curated(home: TinyHome) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of the dataset, the last snapshot's."""
    with home.databank.store.reading() as session:
        return {
            table: session.rows(f"FROM lake.{identifier(schema)}.{identifier(table)} ORDER BY ALL", step="read")
            for schema, table in tables_of(session)
            if schema.startswith("SAILTINY")
        }


def test_no_file_on_disk_holds_the_rows_any_more(home: TinyHome) -> None:
    home.at_register()
    make_extract(home.databank, "7001", TODAY)
    ids = ids_of(home)
    raw = raw_ids(home, ids)
    assert every_file(home, ids)
    assert len(transfers_with(home, raw)) >= 6
    opt_out(home)
    erase(home)
    release(home.databank)
    assert every_file(home, ids) == []
    assert transfers_with(home, raw) == []
    with home.databank.store.reading() as session:
        known = session.value("SELECT count(*) FROM __ducklake_metadata_lake.ducklake_data_file", step="count")
    assert known == len(list(home.databank.store.data_path.rglob("*.parquet")))


def test_history_is_rewritten_as_curation_writes_the_present_and_nobody_else_loses_a_row(home: TinyHome) -> None:
    before, ids = curated(home), ids_of(home)
    opt_out(home)
    assert take_removals(home.databank, REGISTER_REFRESH, TODAY)
    rewritten = curated(home)
    for each in list(due(home.databank)):
        receive(home.databank, each.dataset, each.refresh)
        assert curate(home.databank, each.dataset, each.refresh).changed
    assert curated(home) == rewritten
    assert rewritten == {name: [row for row in rows if not ids & set(row)] for name, rows in before.items()}
    assert len(rewritten[f"TINY_VISITS_{REFRESH}"]) == 2
    assert len(rewritten[f"TINY_ALF_{REFRESH}"]) == 3
    assert release_due(home.databank)


def test_an_extract_stays_as_provided_until_the_next_and_verifies_but_for_erasures(home: TinyHome) -> None:
    databank = home.databank
    first = make_extract(databank, "7001", TODAY)
    opt_out(home)
    erase(home)
    release(databank)
    assert databank.pins.by_project() == {"7001": {first.snapshot}}
    found = verify_extract(databank, "7001", 1)
    assert found.sound
    assert found.file == "as provided"
    assert {name.split(".")[1] for name, verdict in found.tables.items() if verdict == "equal but for erasures"} == {
        f"TINY_{table}_{refresh}" for table in ("CLIENTS", "VISITS", "ALF") for refresh in (REFRESH, LATER)
    }
    second = make_extract(databank, "7001", TODAY)
    assert (second.serial, first.rows - second.rows) == (2, 8)
    assert read_record(databank, "7001", 1) == first


@pytest.mark.slow
def test_a_later_deposit_comes_without_the_person_even_where_files_are_sent_or_put_back_as_they_were(
    home: TinyHome,
) -> None:
    ids = ids_of(home)
    kept = home.settings.home.parent / "kept"
    inbox = home.settings.inbox("databank")
    shutil.copytree(inbox, kept)
    opt_out(home)
    erase(home)
    home.carry(refresh="20250111")
    assert rows_with(home, ids) == 0
    assert len(curated(home)["TINY_ALF_20250111"]) == 3
    # Somebody puts the inbox back as it was: what comes in again is looked through again.
    for kind in ("file_2", "file_3"):
        shutil.rmtree(inbox / kind / "tiny" / REFRESH)
        shutil.copytree(kept / kind / "tiny" / REFRESH, inbox / kind / "tiny" / REFRESH)
    curate_what_is_due(home)
    assert rows_with(home, ids) == 0
    assert transfers_with(home, raw_ids(home, ids)) == []


def test_a_file_3_that_was_made_before_the_opt_out_and_comes_after_it_brings_nobody_back(home: TinyHome) -> None:
    ids = ids_of(home)
    home.land(refresh="20250111")
    home.at_provider("20250111")
    home.at_ttp("20250111")
    opt_out(home)
    erase(home)
    home.at_databank("20250111")
    assert rows_with(home, ids) == 0


def test_a_list_that_was_taken_away_is_missed(home: TinyHome) -> None:
    opt_out(home)
    erase(home)
    shutil.rmtree(home.settings.inbox("databank") / "removals")
    with pytest.raises(Refused, match="the last list of removals that was taken is not in the inbox any more"):
        list(removals_due(home.databank))
    with pytest.raises(Refused, match="is not in the inbox any more"):
        receive(home.databank, "tiny", REFRESH)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "when"),
    [
        ("_note_erasures", "before"),
        ("_lessen_inbox", "before"),
        ("rewrite_history", "before"),
        ("_forget_in_catalogue", "before"),
        ("_forget_in_catalogue", "after"),
    ],
)
def test_killed_at_any_step_and_run_again_it_ends_the_same(
    home: TinyHome, monkeypatch: pytest.MonkeyPatch, place: str, when: str
) -> None:
    ids = ids_of(home)
    opt_out(home)
    step = getattr(taking, place)

    def dies(*arguments: object) -> object:
        if when == "after":
            step(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(taking, place, dies)
        with pytest.raises(KeyboardInterrupt):
            take_removals(home.databank, REGISTER_REFRESH, TODAY)
    assert len(list(removals_due(home.databank))) == 1
    erase(home)
    assert rows_with(home, ids) == 0
    assert every_file(home, ids) == []
    assert len(curated(home)[f"TINY_VISITS_{REFRESH}"]) == 2
    with home.databank.store.reading() as session:
        noted = session.rows("FROM lake.databank.erasures ORDER BY ALL", step="read")
    assert noted == [("tiny", REFRESH, TODAY), ("tiny", LATER, TODAY)]


def test_what_is_noted_logged_and_audited_says_what_was_done_and_not_to_whom(home: TinyHome) -> None:
    ids = ids_of(home)
    opt_out(home)
    erase(home)
    (entry,) = (each for each in home.databank.audit.entries(kind="removals") if each.step == "erased")
    assert (entry.name, entry.detail) == ("people", {})
    content = (home.settings.zone("databank") / "ledger.sqlite").read_bytes()
    assert not any(str(each).encode() in content for each in ids | raw_ids(home, ids))
