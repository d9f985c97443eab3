"""Each key of each zone with what its loss stops and what it leaves, as steps of a small home."""

import json
from collections.abc import Callable
from datetime import date

from fjo_pipeline.core.errors import FjoError, KeyMissing
from fjo_pipeline.core.key_purposes import loss_of
from fjo_pipeline.core.keyring import keyring_path
from fjo_pipeline.core.settings import Zone
from fjo_pipeline.databank.flow import curate, query, release
from fjo_pipeline.databank.projects import analyst
from fjo_pipeline.databank.projects.extract import make_extract
from fjo_pipeline.databank.projects.verifying import verify_extract
from fjo_pipeline.provider.flow import send_files, split_deposit, take_deposit, take_receipt
from fjo_pipeline.ttp.flow import link, make_file_3, receive_file_1, send_file_3
from fjo_pipeline.ttp.register.sending import make_history
from tests.tiny_home import LATER, REFRESH, REGISTER_REFRESH, TinyHome

TODAY, NEXT = date(2026, 11, 23), "20250111"
Step = Callable[[TinyHome], object]
COUNT = f"SELECT count(*) AS n FROM SAIL7001V.TINY_ALF_{REFRESH}"


def prepared(home: TinyHome) -> TinyHome:
    """An extract is there; a deposit has been split, and an earlier one linked, but neither sent."""
    make_extract(home.databank, "7001", TODAY)
    home.land(refresh=NEXT)
    take_deposit(home.provider, "tiny", NEXT)
    split_deposit(home.provider, "tiny", NEXT)
    for refresh in (REFRESH, LATER):
        make_file_3(home.ttp, "tiny", refresh)
    return home


def _read_ttp(home: TinyHome) -> object:
    with home.ttp.store.reading() as session:
        return session.rows("FROM ttp.register.person", step="read the register")


def _look_at_tables(home: TinyHome) -> object:
    return query(home.databank, f"SELECT count(*) FROM SAILTINYV.TINY_ALF_{REFRESH}")


def _analyse(home: TinyHome) -> object:
    return analyst.query(home.databank, "7001", COUNT)


def _extract_of(number: str) -> Step:
    return lambda home: make_extract(home.databank, number, TODAY)


def _take(home: TinyHome) -> object:
    return take_deposit(home.provider, "tiny", NEXT)


def _send(home: TinyHome) -> object:
    return send_files(home.provider, "tiny", NEXT)


LOST: dict[tuple[Zone, str], tuple[list[Step], list[Step]]] = {
    ("provider", "split"): (
        [lambda home: split_deposit(home.provider, "tiny", NEXT)],
        [lambda home: take_receipt(home.provider, "tiny", REFRESH), lambda home: home.at_databank()],
    ),
    ("provider", "signing"): (
        [_send, lambda home: take_receipt(home.provider, "tiny", REFRESH)],
        [_take, lambda home: receive_file_1(home.ttp, "tiny", REFRESH)],
    ),
    ("provider", "age"): (
        [
            lambda home: take_receipt(home.provider, "tiny", REFRESH),
            lambda home: send_files(home.provider, "tiny", NEXT),
        ],
        [
            lambda home: take_deposit(home.provider, "tiny", NEXT),
            lambda home: receive_file_1(home.ttp, "tiny", REFRESH),
        ],
    ),
    ("ttp", "alf"): (
        [lambda home: make_file_3(home.ttp, "tiny", REFRESH), lambda home: make_history(home.ttp, REGISTER_REFRESH)],
        [_read_ttp, lambda home: home.at_databank()],
    ),
    ("ttp", "alf2"): (
        [lambda home: make_file_3(home.ttp, "tiny", REFRESH)],
        [_read_ttp, lambda home: make_history(home.ttp, REGISTER_REFRESH), lambda home: home.at_databank()],
    ),
    ("ttp", "ralf"): (
        [lambda home: make_file_3(home.ttp, "tiny", REFRESH), lambda home: make_history(home.ttp, REGISTER_REFRESH)],
        [_read_ttp, lambda home: home.at_databank()],
    ),
    ("ttp", "store"): ([_read_ttp], [lambda home: home.ttp.file_1("tiny", REFRESH), lambda home: home.at_databank()]),
    ("ttp", "signing"): (
        [lambda home: send_file_3(home.ttp, "tiny", REFRESH), lambda home: receive_file_1(home.ttp, "tiny", REFRESH)],
        [_read_ttp, lambda home: link(home.ttp, "tiny", REFRESH), lambda home: home.at_databank()],
    ),
    ("ttp", "age"): (
        [lambda home: home.ttp.file_1("tiny", REFRESH), lambda home: send_file_3(home.ttp, "tiny", REFRESH)],
        [_read_ttp],
    ),
    ("databank", "alf_e"): (
        [
            _extract_of("7002"),
            lambda home: verify_extract(home.databank, "7001"),
            lambda home: curate(home.databank, "tiny", REFRESH),
        ],
        [_analyse, _look_at_tables],
    ),
    ("databank", "signing"): (
        [
            _extract_of("7002"),
            lambda home: home.databank.audit.add("project", "7001", "looked at", "a test"),
            lambda home: curate(home.databank, "tiny", REFRESH),
        ],
        [_look_at_tables, _analyse],
    ),
    ("databank", "age"): (
        [lambda home: curate(home.databank, "tiny", REFRESH)],
        [_analyse, _look_at_tables, lambda home: release(home.databank), _extract_of("7002")],
    ),
    ("databank", "project/7001/ids"): ([_extract_of("7001")], [_analyse, _extract_of("7002")]),
    ("databank", "project/7001/extract"): ([_analyse, _extract_of("7001")], [_extract_of("7002")]),
}
"""Of each key the steps that stop without it, and steps that still work."""


def lose(home: TinyHome, zone: Zone, name: str) -> None:
    """Take a key out of a zone's keyring, every version of it."""
    path = keyring_path(home.settings, zone)
    document = json.loads(path.read_text())
    del document["keys"][name]
    path.write_text(json.dumps(document))


def said_and_so(home: TinyHome, zone: Zone, name: str) -> list[str]:
    """What is not as the error of a lost key says: a step that goes on or stops otherwise; empty where all is so."""
    wrong, said = [], f": {loss_of(zone, name)}; restore its keyring"
    stopped, possible = LOST[zone, name]
    for number, step in enumerate(stopped):
        try:
            step(home)
            wrong.append(f"{name}: step {number} went on")
        except FjoError as error:
            if (
                not isinstance(error, KeyMissing)
                or f"holds no key '{name}'" not in str(error)
                or said not in str(error)
            ):
                wrong.append(f"{name}: step {number} stopped with {error}")
    for number, step in enumerate(possible):
        try:
            step(home)
        except FjoError as error:
            wrong.append(f"{name}: step {number} should go on: {error}")
    return wrong
