"""Transfers: only the one recipient opens them, and nobody can forge, alter, swap, cut or put back one unseen."""

import json
import shutil
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyrage
import pytest

from fjo_pipeline.core.errors import KeyMissing, Refused, StatementFailed
from fjo_pipeline.core.inboxes import RECIPIENTS, refuse_strangers, strangers
from fjo_pipeline.core.keyring import Keyring
from fjo_pipeline.core.ledger import open_ledger
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.core.settings import Settings, Zone
from fjo_pipeline.core.transfers import (
    ENVELOPE,
    SENDERS,
    Draft,
    Kind,
    Subject,
    accept,
    heads_noted,
    latest,
    open_transfer,
    waiting,
)
from fjo_pipeline.logs import verify_logs
from tests.keyrings import Keyrings

ROWS = "SELECT i AS id, 'Quillfeather' AS surname FROM range(1000) AS t(i)"


class Wire:
    """Sends transfers of a home's provider, and reads them as its trusted third party."""

    def __init__(self, settings: Settings, keyrings: Keyrings, session: Session) -> None:
        self.settings, self.keyrings, self.session = settings, keyrings, session
        self.sent = open_ledger(settings, "provider")
        self.received = open_ledger(settings, "ttp")
        self.inbox = settings.inbox("ttp")

    def draft(self, kind: Kind = "file_1", refresh: str = "20240111", rows: str = ROWS) -> Draft:
        draft = Draft.begin(
            self.settings.zone("provider") / "work" / refresh, Subject(kind, "tiny", refresh, "1", True)
        )
        draft.write(self.session, "file_1", rows)
        return draft

    def send(self, digest: str = "d1", kind: Kind = "file_1", sender: Zone = "provider", **draft: str) -> Path:
        self.draft(kind, **draft).send(self.keyrings[sender], "ttp", self.inbox, self.sent, digest)
        return latest(self.inbox, kind, "tiny", draft.get("refresh", "20240111"))

    def open(self, folder: Path) -> Any:
        return open_transfer(folder, self.keyrings["ttp"])


@pytest.fixture
def wire(settings: Settings, keyrings: Keyrings, shared_session: Session) -> Iterator[Wire]:
    yield Wire(settings, keyrings, shared_session)


def resealed(folder: Path, recipient: Keyring, change: Callable[[dict[str, Any]], object]) -> None:
    """An envelope altered by one who could open it, sealed to the recipient again under the old signature."""
    outer = json.loads(pyrage.decrypt((folder / ENVELOPE).read_bytes(), [recipient.age_identity]))
    change(outer)
    sealed = pyrage.encrypt(json.dumps(outer).encode(), [recipient.age_identity.to_public()])
    (folder / ENVELOPE).write_bytes(sealed)


def test_what_is_sent_arrives(wire: Wire, shared_session: Session) -> None:
    draft = wire.draft()
    draft.facts.update(exact_copies={"people": 2})
    entry = draft.send(wire.keyrings["provider"], "ttp", wire.inbox, wire.sent, "d1")
    assert entry is not None
    assert entry.rows == 1000
    transfer = wire.open(latest(wire.inbox, "file_1", "tiny", "20240111"))
    assert transfer.subject == Subject("file_1", "tiny", "20240111", "1", True)
    assert (transfer.sender, transfer.sequence, transfer.digest, transfer.rows) == ("provider", 1, "d1", 1000)
    assert transfer.facts == {"exact_copies": {"people": 2}}
    relation = transfer.relation(shared_session, "file_1")
    assert shared_session.row(f"SELECT count(*), sum(id), min(surname) FROM {relation}", step="read") == (
        1000,
        499_500,
        "Quillfeather",
    )
    with pytest.raises(Refused, match="has no table people"):
        transfer.relation(shared_session, "people")


def test_nothing_lies_in_plain_on_the_way(wire: Wire) -> None:
    draft = wire.draft()
    key = draft._key
    draft.save(wire.keyrings["provider"])
    draft.send(wire.keyrings["provider"], "ttp", wire.inbox, wire.sent, "d1")
    files = [path for path in wire.settings.home.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {ENVELOPE, "file_1.parquet", "ledger.sqlite"}
    for path in files:
        content = path.read_bytes()
        for secret in (b"Quillfeather", b"surname", key, key.hex().encode(), b64encode(key)):
            assert secret not in content, path.name


def test_no_repr_shows_the_key_of_a_transfer(wire: Wire) -> None:
    transfer = wire.open(wire.send())
    assert b64encode(transfer._key).decode() not in repr(transfer)
    assert repr(transfer._key) not in repr(transfer)


def test_a_draft_is_taken_up_by_a_later_step(wire: Wire, shared_session: Session) -> None:
    draft = wire.draft()
    draft.save(wire.keyrings["provider"])
    resumed = Draft.resume(draft.folder, wire.keyrings["provider"])
    assert (resumed.subject, resumed.rows) == (draft.subject, {"file_1": 1000})
    assert shared_session.value(f"SELECT count(*) FROM {resumed.relation(shared_session, 'file_1')}", step="n") == 1000
    with pytest.raises(Refused, match="there is no draft of"):
        Draft.resume(draft.folder.parent / "20990101", wire.keyrings["provider"])


def test_a_draft_that_is_begun_again_forgets_what_was_left(wire: Wire) -> None:
    (wire.draft().folder / "left.parquet").touch()
    assert not (wire.draft().folder / "left.parquet").exists()


def test_each_transfer_has_a_key_of_its_own(wire: Wire) -> None:
    assert wire.open(wire.send("d1"))._key != wire.open(wire.send("d2"))._key


def test_a_query_that_fails_names_the_step_and_no_value(wire: Wire) -> None:
    with pytest.raises(StatementFailed, match="file_1 table file_1") as caught:
        wire.draft(rows="SELECT CAST('Quillfeather' AS INTEGER)")
    assert "Quillfeather" not in str(caught.value)


def test_the_same_digest_again_sends_nothing(wire: Wire) -> None:
    first = wire.send("d1")
    assert wire.draft().send(wire.keyrings["provider"], "ttp", wire.inbox, wire.sent, "d1") is None
    assert wire.send("d1") == first
    assert not (wire.settings.zone("provider") / "work" / "20240111").exists()


def test_other_content_has_the_next_sequence_and_is_what_waits(wire: Wire) -> None:
    wire.send("d1")
    second = wire.send("d2")
    other = wire.send("d3", refresh="20230101")
    assert (second.name, other.name) == ("00000002", "00000003")
    assert list(waiting(wire.inbox, "file_1")) == [other, second]
    assert list(waiting(wire.inbox, "file_2")) == []


def test_a_folder_without_an_envelope_does_not_wait(wire: Wire) -> None:
    (wire.send() / ENVELOPE).unlink()
    assert list(waiting(wire.inbox, "file_1")) == []
    with pytest.raises(Refused, match="no file_1 of tiny/20240111 has arrived"):
        latest(wire.inbox, "file_1", "tiny", "20240111")


@pytest.mark.parametrize("at", [4, 300, -5])
def test_an_altered_file_is_refused_before_it_is_read(at: int, wire: Wire) -> None:
    folder = wire.send()
    content = bytearray((folder / "file_1.parquet").read_bytes())
    content[at] ^= 1
    (folder / "file_1.parquet").write_bytes(content)
    with pytest.raises(Refused, match="table file_1 is missing or not the one that was signed"):
        wire.open(folder)


def test_a_truncated_or_missing_file_is_refused(wire: Wire) -> None:
    folder = wire.send()
    path = folder / "file_1.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Refused, match="missing or not the one"):
        wire.open(folder)
    path.unlink()
    with pytest.raises(Refused, match="missing or not the one"):
        wire.open(folder)


def test_an_altered_truncated_or_missing_envelope_is_refused(wire: Wire) -> None:
    folder = wire.send()
    whole = (folder / ENVELOPE).read_bytes()
    altered = bytearray(whole)
    altered[-20] ^= 1
    for content in (bytes(altered), whole[:-10], b"", b"not age at all"):
        (folder / ENVELOPE).write_bytes(content)
        with pytest.raises(Refused, match="not sealed to zone ttp, or was altered on the way"):
            wire.open(folder)
    (folder / ENVELOPE).unlink()
    with pytest.raises(Refused, match="no usable envelope"):
        wire.open(folder)


def test_an_envelope_larger_than_any_is_refused_unread(wire: Wire) -> None:
    folder = wire.send()
    with (folder / ENVELOPE).open("r+b") as file:
        file.truncate(9_000_000)
    with pytest.raises(Refused, match="no usable envelope"):
        wire.open(folder)


def test_another_zone_cannot_open_it(wire: Wire) -> None:
    folder = wire.send()
    with pytest.raises(Refused, match="not sealed to zone databank"):
        open_transfer(folder, wire.keyrings["databank"])


def test_what_was_signed_for_another_cannot_be_sealed_on(wire: Wire) -> None:
    """The TTP cannot pass the provider's signed envelope on to the databank as if it were meant for it."""
    folder = wire.send()
    outer = pyrage.decrypt((folder / ENVELOPE).read_bytes(), [wire.keyrings["ttp"].age_identity])
    databank = wire.keyrings["databank"]
    (folder / ENVELOPE).write_bytes(pyrage.encrypt(outer, [databank.age_identity.to_public()]))
    with pytest.raises(Refused, match="was signed for another recipient"):
        open_transfer(folder, databank)


@pytest.mark.parametrize(("old", "new"), [("20240111", "20240112"), ('"digest": "d1"', '"digest": "d2"')])
def test_a_changed_word_breaks_the_signature(old: str, new: str, wire: Wire) -> None:
    folder = wire.send()

    def change(outer: dict[str, Any]) -> None:
        assert old in outer["signed"]
        outer["signed"] = outer["signed"].replace(old, new)

    resealed(folder, wire.keyrings["ttp"], change)
    with pytest.raises(Refused, match="does not carry the signature of zone provider"):
        wire.open(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda outer: outer.update(signature="AAAA"),
        lambda outer: outer.update(signature=7),
        lambda outer: outer.pop("signature"),
        lambda outer: outer.update(signed="[]"),
        lambda outer: outer.update(signed='{"sender": ["provider"]}'),
        lambda outer: outer.update(signed='{"sender": "nobody"}'),
        lambda outer: outer.pop("signed"),
    ],
)
def test_whatever_a_forger_seals_is_refused_in_words(change: Callable[[dict[str, Any]], object], wire: Wire) -> None:
    folder = wire.send()
    resealed(folder, wire.keyrings["ttp"], change)
    with pytest.raises(Refused, match=r"transfer 00000001"):
        wire.open(folder)


def test_a_stranger_with_the_public_keys_cannot_send(wire: Wire, tmp_path: Path) -> None:
    stranger = Keyring.create("provider", tmp_path / "stranger.json")
    stranger.trust(wire.keyrings["ttp"].card)
    wire.draft().send(stranger, "ttp", wire.inbox, wire.sent, "d1")
    with pytest.raises(Refused, match="does not carry the signature of zone provider"):
        wire.open(latest(wire.inbox, "file_1", "tiny", "20240111"))


def test_a_zone_may_send_its_own_kinds_only(wire: Wire) -> None:
    folder = wire.send(sender="databank")
    with pytest.raises(Refused, match="comes from zone databank, which may not send it"):
        wire.open(folder)
    with pytest.raises(Refused, match="lies where a file_2 is expected"):
        open_transfer(wire.send("d2"), wire.keyrings["ttp"], "file_2")


def test_a_zone_that_is_not_pinned_cannot_be_sent_to(wire: Wire, tmp_path: Path) -> None:
    lonely = Keyring.create("provider", tmp_path / "lonely.json")
    with pytest.raises(KeyMissing, match="has not pinned the public keys of ttp"):
        wire.draft().send(lonely, "ttp", wire.inbox, wire.sent, "d1")
    assert not wire.inbox.exists()


def test_files_swapped_between_two_transfers_are_refused(wire: Wire) -> None:
    first = wire.send("d1")
    second = wire.send("d2", rows=ROWS.replace("Quillfeather", "Oddcastle"))
    shutil.copyfile(first / "file_1.parquet", second / "file_1.parquet")
    with pytest.raises(Refused, match="not the one that was signed"):
        wire.open(second)


def test_a_transfer_is_taken_once(wire: Wire) -> None:
    transfer = wire.open(wire.send("d1"))
    assert accept(transfer, wire.received)
    assert not accept(transfer, wire.received)


def test_an_older_transfer_that_is_put_back_is_refused(wire: Wire) -> None:
    first = wire.open(wire.send("d1"))
    second = wire.open(wire.send("d2"))
    assert accept(second, wire.received)
    with pytest.raises(Refused, match="sequence 1, below the 2 that was taken before"):
        accept(first, wire.received)


def test_one_between_two_of_the_same_content_cannot_be_put_back(wire: Wire) -> None:
    sent = [wire.open(wire.send(digest)) for digest in ("d1", "d2", "d1")]
    assert accept(sent[0], wire.received)
    assert not accept(sent[2], wire.received)
    with pytest.raises(Refused, match="an old transfer was put back"):
        accept(sent[1], wire.received)


def test_an_older_refresh_is_no_older_transfer(wire: Wire) -> None:
    assert accept(wire.open(wire.send("d1", refresh="20240111")), wire.received)
    assert accept(wire.open(wire.send("d2", refresh="20230101")), wire.received)


def test_a_whole_transfer_in_another_ones_place_is_refused_by_name(wire: Wire) -> None:
    first, other = wire.send("d1"), wire.send("d2", refresh="20230101")
    shutil.copytree(first, first.with_name("00000009"))
    with pytest.raises(Refused, match=r"in another one's place, .*\(transfer 00000009\)"):
        wire.open(first.with_name("00000009"))
    shutil.rmtree(other)
    shutil.copytree(first, other)
    with pytest.raises(Refused, match=r"file_1 tiny/20240111 .* lies in another one's place, file_1 tiny/20230101"):
        wire.open(other)


def test_what_is_refused_is_entered_once_until_a_sound_one_is_taken(wire: Wire) -> None:
    folder = wire.send("d1")
    whole = (folder / ENVELOPE).read_bytes()
    (folder / ENVELOPE).write_bytes(whole[:-9])
    for _ in range(2):
        with pytest.raises(Refused, match=r"file_1 tiny/20240111 \(transfer 00000001\) is not sealed to zone ttp"):
            open_transfer(folder, wire.keyrings["ttp"], "file_1", wire.received)
    (refused,) = wire.received.entries(state="refused")
    assert (refused.kind, refused.dataset, refused.refresh) == ("file_1", "tiny", "20240111")
    (entry,) = wire.received.log.entries("file_1")
    assert "was altered on the way" in entry.why
    (folder / ENVELOPE).write_bytes(whole)
    assert accept(open_transfer(folder, wire.keyrings["ttp"], "file_1", wire.received), wire.received)
    assert wire.received.entries(state="refused") == []
    assert [each.step for each in wire.received.log.entries("file_1")] == ["refused", "received", "forgotten"]


def test_a_transfer_carries_the_head_of_its_senders_log(wire: Wire) -> None:
    accept(wire.open(wire.send("d1")), wire.received)
    (head,) = heads_noted(wire.received)["provider"]
    assert wire.sent.verify(head) == []
    assert [each.step for each in wire.sent.log.entries("file_1")] == ["sealed", "sent"]
    # The provider's whole ledger is put back to what it was before: only the TTP can tell.
    (wire.settings.zone("provider") / "ledger.sqlite").unlink()
    wire.sent.record("deposit", "tiny", "20240111", "accepted", "aa")
    assert wire.sent.verify() == []
    cut = f"the entry {head} that was noted is not there: the log was cut, or an old one put back"
    assert wire.sent.verify(head) == [cut]
    (problem,) = verify_logs(wire.settings, ["provider"])[0].problems
    assert head in problem


@pytest.mark.parametrize(("kind", "zone"), [("file_1", "databank"), ("file_2", "ttp"), ("nothing_known", "provider")])
def test_what_a_zone_does_not_take_is_refused_by_name_and_never_opened(kind: str, zone: Zone, wire: Wire) -> None:
    folder = wire.settings.inbox(zone) / kind / "tiny" / "20240111" / "00000001"
    shutil.copytree(wire.send("d1"), folder)
    for _ in range(2):
        (said,) = refuse_strangers(wire.settings, zone)
        name = f"{kind} tiny/20240111 (transfer 00000001)"
        assert said.startswith(f"{name} lies in the inbox of zone {zone}, which takes no {kind}")
    (entry,) = open_ledger(wire.settings, zone).log.entries(kind)
    assert entry.step == "refused"
    assert strangers(wire.settings, "ttp" if zone != "ttp" else "databank") == []


def test_every_kind_has_a_sender_and_one_recipient() -> None:
    assert RECIPIENTS.keys() == SENDERS.keys()
    assert all(RECIPIENTS[kind] != sender for kind, sender in SENDERS.items())


def test_a_shared_inbox_opens_what_is_laid_there_to_its_group_alone(wire: Wire) -> None:
    assert {path.stat().st_mode & 0o7777 for path in wire.send("d1").parents[:3]} == {0o700}
    shutil.rmtree(wire.inbox)
    wire.inbox.mkdir()
    wire.inbox.chmod(0o2770)
    folder = wire.send("d2")
    assert {path.stat().st_mode & 0o7777 for path in folder.iterdir()} == {0o640}
    assert {path.stat().st_mode & 0o7777 for path in (folder, *folder.parents[:3])} == {0o2770}
