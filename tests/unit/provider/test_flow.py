"""The provider's steps, each safe to run again; what is due; and what a failure leaves behind."""

import shutil
from pathlib import Path

import pytest

from fjo_pipeline.core.errors import KeyMissing, Refused
from fjo_pipeline.core.findings import Finding
from fjo_pipeline.core.keyring import keyring_path
from fjo_pipeline.core.ledger import open_ledger
from fjo_pipeline.core.sessions import open_session
from fjo_pipeline.core.transfers import Draft, Subject, latest, open_transfer
from fjo_pipeline.provider.checked import read_checked
from fjo_pipeline.provider.flow import (
    Provider,
    check_split,
    due,
    receipts_due,
    send_files,
    split_deposit,
    take_deposit,
    take_receipt,
)
from tests.deposit_builder import CLIENTS, TINY, TINY_IDENTIFIERS, VISITS, Csvs, with_lines, write_deposit
from tests.keyrings import Keyrings

REFRESH = "20240111"
OTHER = TINY | {"CLIENTS.csv": CLIENTS.replace("Bo,", "Bob,")}


def land(provider: Provider, csvs: Csvs = TINY, refresh: str = REFRESH) -> Path:
    return write_deposit(provider.settings.landing / "tiny" / refresh, csvs, refresh=refresh)


def send(provider: Provider, refresh: str = REFRESH) -> dict[str, int]:
    take_deposit(provider, "tiny", refresh)
    split_deposit(provider, "tiny", refresh)
    return send_files(provider, "tiny", refresh)


def due_refreshes(provider: Provider) -> list[str]:
    return [lies.refresh for lies in due(provider)]


def sent_folders(provider: Provider) -> list[str]:
    root = provider.settings.transfer_folder
    return sorted(str(path.parent.relative_to(root)) for path in root.rglob("envelope.age"))


def test_a_deposit_goes_to_both_recipients_and_each_can_open_its_own(provider: Provider, keyrings: Keyrings) -> None:
    land(provider)
    assert due_refreshes(provider) == [REFRESH]
    assert send(provider) == {"file_1": 4, "file_2": 10}
    assert due_refreshes(provider) == []
    assert sent_folders(provider) == [
        "databank/file_2/tiny/20240111/00000001",
        "ttp/file_1/tiny/20240111/00000001",
    ]
    file_1 = open_transfer(latest(provider.settings.inbox("ttp"), "file_1", "tiny", REFRESH), keyrings["ttp"], "file_1")
    folder = latest(provider.settings.inbox("databank"), "file_2", "tiny", REFRESH)
    file_2 = open_transfer(folder, keyrings["databank"], "file_2")
    assert set(file_1.files) == {"file_1"}
    assert set(file_2.files) == {"clients", "carers", "visits", "places"}
    assert file_1.subject.synthetic
    assert file_2.subject.contract_version == "1"
    with pytest.raises(Refused):
        open_transfer(folder, keyrings["ttp"])


def test_a_real_deposit_is_not_called_synthetic(provider: Provider) -> None:
    folder = land(provider)
    text = (folder / "datapackage.json").read_text()
    (folder / "datapackage.json").write_text(text.replace('"synthetic": true', '"synthetic": false'))
    assert not take_deposit(provider, "tiny", REFRESH).synthetic
    assert not any(draft.subject.synthetic for draft in split_deposit(provider, "tiny", REFRESH))


def test_all_again_sends_nothing_new(provider: Provider) -> None:
    land(provider)
    send(provider)
    before = sent_folders(provider)
    assert send_files(provider, "tiny", REFRESH) == {"file_1": 0, "file_2": 0}
    assert send(provider) == {"file_1": 0, "file_2": 0}
    assert sent_folders(provider) == before
    assert due_refreshes(provider) == []


def test_a_transfer_that_was_lost_is_sent_again_with_the_next_sequence(provider: Provider) -> None:
    land(provider)
    send(provider)
    shutil.rmtree(provider.settings.inbox("ttp"))
    assert send(provider) == {"file_1": 4, "file_2": 0}
    assert sent_folders(provider)[-1] == "ttp/file_1/tiny/20240111/00000002"


def test_a_changed_contract_makes_a_deposit_due_again(provider: Provider, tmp_path: Path) -> None:
    land(provider)
    send(provider)
    contracts = tmp_path / "contracts"
    contracts.mkdir()
    text = (provider.settings.contracts / "tiny.yaml").read_text()
    (contracts / "tiny.yaml").write_text(text.replace('version: "1"', 'version: "2"'))
    changed = Provider(provider.settings.model_copy(update={"contracts": contracts}))
    assert due_refreshes(changed) == [REFRESH]
    assert send(changed) == {"file_1": 4, "file_2": 10}
    assert due_refreshes(changed) == []


def test_deposits_are_due_in_the_order_of_their_dates_and_not_while_arriving(provider: Provider) -> None:
    for refresh in ("20240711", "20230111"):
        land(provider, refresh=refresh)
    (land(provider) / "datapackage.json").unlink()
    assert due_refreshes(provider) == ["20230111", "20240711"]
    with pytest.raises(Refused, match="tiny/20240111 is still arriving"):
        take_deposit(provider, "tiny", REFRESH)
    assert (provider.settings.landing / "tiny" / REFRESH).is_dir()


def test_a_broken_deposit_is_due_so_that_it_comes_to_quarantine(provider: Provider) -> None:
    (land(provider) / "datapackage.json").write_text("{")
    assert due_refreshes(provider) == [REFRESH]
    with pytest.raises(Refused, match=r"tiny/20240111 is now in quarantine, 20240111-unreadable: .*no JSON"):
        take_deposit(provider, "tiny", REFRESH)
    assert due_refreshes(provider) == []


def test_the_split_of_a_good_deposit_holds(provider: Provider) -> None:
    land(provider, TINY | {"CLIENTS.csv": with_lines(CLIENTS, CLIENTS.splitlines()[1])})
    checked = take_deposit(provider, "tiny", REFRESH)
    assert (checked.rows["clients"], checked.exact_copies["clients"]) == (4, 1)
    split_deposit(provider, "tiny", REFRESH)
    findings = check_split(provider, "tiny", REFRESH)
    assert {finding.name: finding.passed for finding in findings} == {
        "rows_conserved": True,
        "one_row_a_join_key": True,
        "no_identifier_columns": True,
        "no_identifier_values": True,
    }


def test_identifiers_in_a_remark_are_found_before_anything_is_sent(provider: Provider) -> None:
    visits = "".join(f"v-{number},C0001,,,,,,,,,Quillfeather,\n" for number in range(8))
    visits += "".join(f"w-{number},C0001,,,,,,,,,SA{number} 8PP,\n" for number in range(8))
    land(provider, TINY | {"VISITS.csv": VISITS.splitlines()[0] + "\n" + visits})
    with pytest.raises(Refused, match="column REMARK: identifiers under a content column: the value looks like a full"):
        take_deposit(provider, "tiny", REFRESH)
    (report,) = (provider.settings.quarantine / "tiny").glob("*/report.txt")
    assert "SA1" not in report.read_text()


DATES = "".join(f"v-{number},C0001,,,,,,,,,0{number + 1}/02/2023,\n" for number in range(8))
"""Dates in a remark, none of them anybody's date of birth: the check of the deposit lets them through."""


def test_dates_in_a_remark_are_found_before_anything_is_sent(provider: Provider) -> None:
    land(provider, TINY | {"VISITS.csv": VISITS.splitlines()[0] + "\n" + DATES})
    take_deposit(provider, "tiny", REFRESH)
    split_deposit(provider, "tiny", REFRESH)
    failed = [finding for finding in check_split(provider, "tiny", REFRESH) if not finding.passed]
    assert [(finding.name, finding.counts) for finding in failed] == [("no_identifier_values", {"visits.REMARK": 1})]


def test_nothing_is_sent_of_a_split_that_the_guards_have_not_passed(provider: Provider) -> None:
    land(provider, TINY | {"VISITS.csv": VISITS.splitlines()[0] + "\n" + DATES})
    with pytest.raises(Refused, match="nothing of tiny/20240111 was sent: the split does not hold no_identifier_valu"):
        send(provider)
    assert sent_folders(provider) == []
    with pytest.raises(Refused, match="run the step before this one"):
        send_files(provider, "tiny", REFRESH)


def test_a_draft_that_was_changed_after_the_guards_is_looked_at_again(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(provider)
    take_deposit(provider, "tiny", REFRESH)
    split_deposit(provider, "tiny", REFRESH)
    check_split(provider, "tiny", REFRESH)
    looked: list[str] = []

    def look(provider: Provider, dataset: str, refresh: str) -> list[Finding]:
        looked.append(refresh)
        return check_split(provider, dataset, refresh)

    monkeypatch.setattr("fjo_pipeline.provider.flow.check_split", look)
    split_deposit(provider, "tiny", REFRESH)
    assert send_files(provider, "tiny", REFRESH) == {"file_1": 4, "file_2": 10}
    assert looked == [REFRESH]


def test_guards_that_have_passed_these_drafts_are_not_run_again(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(provider)
    take_deposit(provider, "tiny", REFRESH)
    split_deposit(provider, "tiny", REFRESH)
    check_split(provider, "tiny", REFRESH)
    monkeypatch.delattr("fjo_pipeline.provider.flow.check_split")
    assert send_files(provider, "tiny", REFRESH) == {"file_1": 4, "file_2": 10}


def test_two_keys_of_one_hash_bring_a_deposit_to_quarantine(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(provider)
    monkeypatch.setattr("fjo_pipeline.provider.splitting.keyed_hash_sql", lambda column: f"length({column})")
    with pytest.raises(Refused, match=r"in quarantine, .*VISITS.csv, column VISIT: two keys have one hash"):
        take_deposit(provider, "tiny", REFRESH)
    assert len(list((provider.settings.quarantine / "tiny").iterdir())) == 1
    with pytest.raises(Refused, match="has not been checked"):
        split_deposit(provider, "tiny", REFRESH)


def test_a_mended_deposit_of_the_same_date_is_taken(provider: Provider) -> None:
    land(provider, TINY | {"CLIENTS.csv": CLIENTS.replace("2015-03-02", "2015-02-30")})
    with pytest.raises(Refused, match=r"line 2, column BORN: the value is no calendar date"):
        take_deposit(provider, "tiny", REFRESH)
    assert provider.ledger.last("deposit", "tiny", REFRESH, "quarantined") is not None
    land(provider)
    assert send(provider) == {"file_1": 4, "file_2": 10}
    assert provider.ledger.last("deposit", "tiny", REFRESH, "quarantined") is None
    assert len(list((provider.settings.quarantine / "tiny").iterdir())) == 1


def test_a_second_deposit_of_a_date_with_other_content_is_refused_and_changes_nothing(provider: Provider) -> None:
    shutil.rmtree(provider.settings.landing, ignore_errors=True)
    folder = land(provider)
    send(provider)
    before, taken = sent_folders(provider), read_checked(provider.work("tiny", REFRESH, "checked"))
    shutil.rmtree(folder)
    land(provider, OTHER)
    assert due_refreshes(provider) == [REFRESH]
    with pytest.raises(
        Refused, match="another deposit of tiny/20240111 with other content was taken before; a correct"
    ):
        take_deposit(provider, "tiny", REFRESH)
    assert sent_folders(provider) == before
    assert read_checked(provider.work("tiny", REFRESH, "checked")) == taken
    assert not folder.exists()


def test_a_missing_keyring_stops_every_step_and_moves_nothing(provider: Provider) -> None:
    folder = land(provider)
    keyring_path(provider.settings, "provider").unlink()
    for step in (take_deposit, split_deposit, check_split, send_files):
        with pytest.raises(KeyMissing, match="keyring of zone provider is not there"):
            step(provider, "tiny", REFRESH)
    with pytest.raises(KeyMissing):
        list(due(provider))
    assert folder.is_dir()
    assert not keyring_path(provider.settings, "provider").exists()


def test_steps_out_of_order_say_what_is_missing(provider: Provider) -> None:
    land(provider)
    with pytest.raises(Refused, match="has not been checked"):
        send_files(provider, "tiny", REFRESH)
    take_deposit(provider, "tiny", REFRESH)
    with pytest.raises(Refused, match="run the step before this one"):
        send_files(provider, "tiny", REFRESH)
    assert sent_folders(provider) == []


def test_an_unknown_dataset_is_refused(provider: Provider) -> None:
    with pytest.raises(Refused, match=r"no contract for the dataset 'nowhere'; known are: .*tiny"):
        provider.contract("nowhere")


def test_outside_landing_and_quarantine_nothing_lies_in_plain(provider: Provider) -> None:
    land(provider)
    send(provider)
    split_deposit(provider, "tiny", REFRESH)
    settings = provider.settings
    looked = [path for path in settings.home.rglob("*") if path.is_file() and settings.landing not in path.parents]
    assert len(looked) > 10
    for path in looked:
        content = path.read_bytes()
        assert not [value for value in TINY_IDENTIFIERS if value.encode() in content], path.name


def test_a_receipt_is_read_once_and_its_counts_are_kept(provider: Provider, keyrings: Keyrings) -> None:
    settings = provider.settings
    assert list(receipts_due(provider)) == []
    with open_session(settings.temporary("ttp")) as session:
        draft = Draft.begin(settings.zone("ttp") / "work" / REFRESH, Subject("receipt", "tiny", REFRESH, "1", True))
        draft.write(session, "receipt", "SELECT * FROM (VALUES ('linked', 3), ('all', 4)) AS t (measure, people)")
    draft.send(keyrings["ttp"], "provider", settings.inbox("provider"), open_ledger(settings, "ttp"), "d1")
    assert list(receipts_due(provider)) == [("tiny", REFRESH, "00000001")]
    assert take_receipt(provider, "tiny", REFRESH) == 2
    assert list(receipts_due(provider)) == []
    entry = provider.ledger.last("receipt", "tiny", REFRESH, "consumed")
    assert entry is not None
    assert entry.detail == {"counts": [["all", 4], ["linked", 3]]}
