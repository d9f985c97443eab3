"""People's rights attacked: whoever is erased looked for, erasures killed, files put back, identities crossed."""

import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from itertools import chain, combinations
from pathlib import Path
from unittest.mock import patch

from benchmarks.torture import Attack
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.sessions import open_session
from fjo_pipeline.databank.projects.extract import make_extract
from fjo_pipeline.databank.removals import history, taking
from fjo_pipeline.databank.removals.taking import removals_due, take_removals
from fjo_pipeline.ttp.linkage.link import link_people
from fjo_pipeline.ttp.linkage.model import load_model
from fjo_pipeline.ttp.optout import add_optout
from tests.linkage.conftest import REGISTER as LINKED_REGISTER
from tests.linkage.conftest import load
from tests.linkage.test_adoption import CLOSED, FAMILIES, NEW
from tests.tiny_home import REFRESH, REGISTER_REFRESH, TinyHome, carried_home, copied
from tests.unit.databank.test_removals import (
    curate_what_is_due,
    erase,
    every_file,
    everywhere,
    ids_of,
    opt_out,
    raw_ids,
    transfers_with,
)
from tests.unit.ttp.test_optout import BY_NAME

GONE = "who opted out is gone"
STEPS = ("_note_erasures", "_lessen_inbox", "rewrite_history", "put_in_place", "_forget_in_catalogue")
WRONG = (
    "register_id: 999", "register_id: 104", "surname: Quillfeather", "Quillfeather", "", "name: Ada",
    "nhs_number: 9434765919", BY_NAME.replace("03-02", "03-03"), BY_NAME.replace("Ada", "Adah"),
    BY_NAME.replace("sa28pp", "sa28pq"), BY_NAME + "register_id: 102", BY_NAME + BY_NAME,
)  # fmt: skip
DROPPED = range(1, 9)
"""Places of a record's fields: each identity is told without every set of up to four of them."""


def attacks() -> list[Attack]:
    """Every attack, on a small home of made-up people that is made for it and removed."""
    with tempfile.TemporaryDirectory(prefix="fjo-rights-") as folder:
        base = Path(folder)
        home = carried_home(base)
        homes = (copied(home, base / f"copy_{number}") for number in range(100))
        return [
            _looked_for(next(homes)),
            _killed(homes),
            _put_back(next(homes)),
            _wrong_details(next(homes)),
            _crossed_identities(base / "spill"),
        ]


def _looked_for(home: TinyHome) -> Attack:
    home.at_register()
    make_extract(home.databank, "7001", date(2026, 11, 22))
    ids = ids_of(home)
    raw = raw_ids(home, ids)
    places = len(every_file(home, ids)) + len(transfers_with(home, raw)) + len(list(everywhere(home, ids)))
    opt_out(home)
    erase(home)
    left = len(every_file(home, ids)) + len(transfers_with(home, raw)) + len(list(everywhere(home, ids)))
    said = "looked for in every place (file, transfer, table of a snapshot) that held the person before"
    return Attack(GONE, said, places, places - left, "tests/unit/databank/test_removals.py")


def _killed(homes: Iterator[TinyHome]) -> Attack:
    tried = held = 0
    for step in STEPS:
        for after in (False, True):
            home = next(homes)
            ids = ids_of(home)
            opt_out(home)
            _killed_at(home, step, after=after)
            due = len(list(removals_due(home.databank)))
            erase(home)
            tried, held = tried + 1, held + (due == 1 and not every_file(home, ids) and not list(everywhere(home, ids)))
    said = "the erasure stopped before or after each of its steps, and run again"
    return Attack(GONE, said, tried, held, "tests/unit/databank/test_removals.py::test_killed_at_any_step")


def _killed_at(home: TinyHome, step: str, *, after: bool) -> None:
    names = vars(taking if hasattr(taking, step) else history)
    original = names[step]

    def dies(*arguments: object) -> None:
        if after:
            original(*arguments)
        raise KeyboardInterrupt

    with patch.dict(names, {step: dies}):
        try:
            take_removals(home.databank, REGISTER_REFRESH, date(2026, 11, 22))
        except KeyboardInterrupt:
            return
    raise AssertionError(step)


def _put_back(home: TinyHome) -> Attack:
    ids, inbox, kept = ids_of(home), home.settings.inbox("databank"), home.settings.home / "kept"
    shutil.copytree(inbox, kept)
    opt_out(home)
    erase(home)
    tried = held = 0
    for kinds in (("file_2",), ("file_3",), ("file_2", "file_3")):
        for kind in kinds:
            shutil.rmtree(inbox / kind / "tiny" / REFRESH)
            shutil.copytree(kept / kind / "tiny" / REFRESH, inbox / kind / "tiny" / REFRESH)
        curate_what_is_due(home)
        tried, held = tried + 1, held + (not list(everywhere(home, ids)))
    said = "files of before put back into the inbox"
    return Attack(GONE, said, tried, held, "tests/unit/databank/test_removals.py::test_a_later_deposit")


def _wrong_details(home: TinyHome) -> Attack:
    held = 0
    for details in WRONG:
        try:
            add_optout(home.ttp, details, "opt-out", date(2026, 11, 22))
        except Refused as refusal:
            values = [line.partition(": ")[2] for line in details.splitlines() if ": " in line]
            held += not any(value and value in str(refusal) for value in values)
    said = "details that are not exactly one person's: refused without a value"
    return Attack("nobody can tell who opted out", said, len(WRONG), held, "tests/unit/ttp/test_optout.py")


def _crossed_identities(spill: Path) -> Attack:
    left_out = list(chain.from_iterable(combinations(DROPPED, number) for number in range(5)))
    people = [
        [f"{record[0]} {number}", *("" if place in fields else record[place] for place in range(1, 9))]
        for record in (CLOSED, NEW)
        for number, fields in enumerate(left_out)
    ]
    with open_session(spill) as session:
        load(session, people, FAMILIES)
        link_people(session, "people", LINKED_REGISTER, load_model(), links="links", use_nhs_numbers=True)
        links = session.rows("SELECT person_id, register_id FROM links", step="read the links")
    held = sum(register in (None, person.split()[0]) for person, register in links)
    said = "either identity of an adopted child told without up to four details"
    promise = "an adopted child's two identities stay two people"
    return Attack(promise, said, len(people), held, "tests/linkage/test_adoption.py")
