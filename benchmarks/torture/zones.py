"""Zones against one another: sealed files damaged, cut, swapped, put back; identifiers hidden in innocent columns."""

import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.torture import Attack
from fjo_pipeline.core.contracts import load_contract
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.inboxes import RECIPIENTS, refuse_strangers
from fjo_pipeline.core.ledger import open_ledger
from fjo_pipeline.core.sessions import Session, open_session
from fjo_pipeline.core.settings import ZONES, Settings
from fjo_pipeline.core.transfers import ENVELOPE, SENDERS, Draft, Kind, Subject, accept, latest, open_transfer
from tests.deposit_builder import write_contracts
from tests.keyrings import Keyrings, home_settings, make_keyrings
from tests.unit.provider.test_identifying import IDENTIFIERS, INNOCENT, Checked, population, visit

ROWS = "SELECT i AS id, 'Quillfeather' AS surname FROM range(500) AS t(i)"
FLIPS, CUTS, SEED = 100, 25, 11
SEALED = "a transfer cannot be forged, altered, swapped or replayed"
TRANSFERS, USERS = "tests/unit/test_transfers.py", "tests/faults/test_three_users.py"
Tried = Iterator[bool]
"""One `True` for each try that the promise withstood."""


class Wires:
    """A home with all three zones' keys, from which any kind is sent by the zone that may, to the one that takes it."""

    def __init__(self, settings: Settings, keyrings: Keyrings, session: Session) -> None:
        self.settings, self.keyrings, self.session = settings, keyrings, session

    def send(self, kind: Kind, digest: str, refresh: str = "20240111") -> Path:
        """A transfer, sealed, and where it lies."""
        sender, recipient = SENDERS[kind], RECIPIENTS[kind]
        draft = Draft.begin(
            self.settings.zone(sender) / "work" / f"{kind}_{refresh}", Subject(kind, "tiny", refresh, "1", True)
        )
        draft.write(self.session, "rows", ROWS)
        inbox = self.settings.inbox(recipient)
        draft.send(self.keyrings[sender], recipient, inbox, open_ledger(self.settings, sender), digest)
        return latest(inbox, kind, "tiny", refresh)

    def take(self, kind: Kind, folder: Path) -> None:
        """Open and accept a transfer as its recipient does; Refused where it is not sound."""
        ledger = open_ledger(self.settings, RECIPIENTS[kind])
        accept(open_transfer(folder, self.keyrings[RECIPIENTS[kind]], kind, ledger), ledger)

    def refuses(self, kind: Kind, folder: Path) -> bool:
        """Whether the transfer is refused with its name."""
        try:
            self.take(kind, folder)
        except Refused as refusal:
            return f"{kind} tiny/" in str(refusal)
        return False


def attacks() -> list[Attack]:
    """Every attack on every kind of transfer, and identifiers of every shape in innocent columns."""
    with tempfile.TemporaryDirectory() as scratch, open_session(Path(scratch) / "spill") as session:
        settings = home_settings(Path(scratch) / "home", write_contracts(Path(scratch) / "contracts"))
        wires = Wires(settings, make_keyrings(settings), session)
        return [
            _attack(SEALED, "one bit of a sealed file flipped, anywhere", _flipped(wires), TRANSFERS),
            _attack(SEALED, "a sealed file cut, anywhere", _cut(wires), TRANSFERS),
            _attack(SEALED, "a file or envelope of another transfer put in its place", _swapped(wires), TRANSFERS),
            _attack(SEALED, "an older transfer put back, or under a higher number", _replayed(wires), TRANSFERS),
            _attack(SEALED, "opened by a zone that it was not sealed to", _opened_by_others(wires), TRANSFERS),
            _attack("no zone sees what it must not", "laid into another zone's inbox", _astray(wires), USERS),
            _attack(
                "no identifier leaves the provider unsplit", "a content column that holds identifiers, in all rows "
                "and in 1 of 100", _hidden(session, Path(scratch)), "tests/unit/provider/test_identifying.py",
            ),
        ]  # fmt: skip


def _attack(promise: str, attack: str, tries: Tried, shown_by: str) -> Attack:
    held = list(tries)
    return Attack(promise, attack, len(held), sum(held), shown_by)


def _damaged(wires: Wires, damage: Callable[[bytes, random.Random], bytes], times: int) -> Tried:
    chance = random.Random(SEED)
    for kind in SENDERS:
        folder = wires.send(kind, "damaged")
        for path in (folder / ENVELOPE, folder / "rows.parquet"):
            whole = path.read_bytes()
            for _ in range(times):
                path.write_bytes(damage(whole, chance))
                yield wires.refuses(kind, folder)
            path.write_bytes(whole)
        # Undamaged it is taken: what was refused was refused for the damage.
        wires.take(kind, folder)


def _flipped(wires: Wires) -> Tried:
    def flip(whole: bytes, chance: random.Random) -> bytes:
        content = bytearray(whole)
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        return bytes(content)

    return _damaged(wires, flip, FLIPS)


def _cut(wires: Wires) -> Tried:
    return _damaged(wires, lambda whole, chance: whole[: chance.randrange(len(whole))], CUTS)


def _swapped(wires: Wires) -> Tried:
    for kind in SENDERS:
        one, other = wires.send(kind, "one", "20230101"), wires.send(kind, "other", "20230202")
        for name in (ENVELOPE, "rows.parquet"):
            whole = (one / name).read_bytes()
            shutil.copyfile(other / name, one / name)
            yield wires.refuses(kind, one)
            (one / name).write_bytes(whole)
        shutil.rmtree(one)
        shutil.copytree(other, one)
        yield wires.refuses(kind, one)


def _replayed(wires: Wires) -> Tried:
    for kind in SENDERS:
        first, second = wires.send(kind, "first", "20220101"), wires.send(kind, "second", "20220101")
        wires.take(kind, second)
        yield wires.refuses(kind, first)
        again = first.with_name("00000099")
        shutil.copytree(first, again)
        yield wires.refuses(kind, again)


def _opened_by_others(wires: Wires) -> Tried:
    for kind, recipient in RECIPIENTS.items():
        folder = wires.send(kind, "for one alone", "20210101")
        for zone in ZONES:
            if zone != recipient:
                try:
                    open_transfer(folder, wires.keyrings[zone])
                    yield False
                except Refused as refusal:
                    yield f"{kind} tiny/20210101" in str(refusal)


def _astray(wires: Wires) -> Tried:
    for kind, recipient in RECIPIENTS.items():
        folder = wires.send(kind, "astray", "20200101")
        for zone in ZONES:
            if zone != recipient:
                target = wires.settings.inbox(zone) / folder.relative_to(wires.settings.inbox(recipient))
                shutil.copytree(folder, target)
                said = refuse_strangers(wires.settings, zone)
                yield any(f"{kind} tiny/20200101" in each and "it was not opened" in each for each in said)


def _hidden(session: Session, scratch: Path) -> Tried:
    checked = Checked(session, load_contract(scratch / "contracts" / "tiny.yaml"), scratch / "deposit")
    for seed in range(3):
        people, chance = population(seed), random.Random(seed)
        for make in IDENTIFIERS.values():
            for innocent in INNOCENT.values():
                for one_in in (1, 100):
                    visits = [
                        visit(
                            row, person, REMARK=make(person, chance) if row % one_in == seed % one_in else innocent(row)
                        )
                        for row, person in enumerate(people)
                    ]
                    report = checked.report(people, visits)
                    yield any((each.file, each.column) == ("VISITS.csv", "REMARK") for each in report.failures)
