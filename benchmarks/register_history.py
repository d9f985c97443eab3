"""What taking the register's people and addresses to the databank costs: `python -m benchmarks.register_history`.

CPU seconds and the peak memory of the process so far, by step; a made-up register is written straight into the store.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from fjo_pipeline.core.contracts import contract
from fjo_pipeline.core.keyring import Keyring, keyring_path
from fjo_pipeline.core.settings import ZONES, Settings
from fjo_pipeline.databank.flow import Databank, curate_received_register, receive_register
from fjo_pipeline.ttp.flow import Ttp
from fjo_pipeline.ttp.register.loading import TABLES
from fjo_pipeline.ttp.register.sending import REGISTER, check_made_history, make_history, send_history
from fjo_pipeline.ttp.store import TtpStore

REFRESH = "20260701"
VERSION = f"{REFRESH}-benchmark"
STAYS_A_PERSON, PEOPLE_A_HOME, HOMES_A_POSTCODE = 3, 3, 15
STREETS = "['High Street', 'Church Lane', 'Station Road', 'Mill Hill', 'Heol y Parc']"
POSTCODE = """'S' || chr(65 + CAST({unit} % 26 AS INTEGER)) || (1 + {unit} // 26 % 90) || ' ' || {unit} // 2340 % 10
    || chr(65 + CAST({unit} // 23400 % 26 AS INTEGER)) || chr(65 + CAST({unit} // 608400 % 26 AS INTEGER))"""


def main() -> None:
    """Make a home and a register, run each step once, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--memory-limit", default="4GB")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        limit = arguments.memory_limit
        settings = Settings(home=Path(scratch) / "home", memory_limit=limit, databank_memory_limit=limit)
        keyrings = {zone: Keyring.create(zone, keyring_path(settings, zone)) for zone in ZONES}
        for keyring in keyrings.values():
            for other in keyrings.values():
                if other is not keyring:
                    keyring.trust(other.card)
        ttp, databank = Ttp(settings), Databank(settings)
        databank.store.create()
        _fill(ttp.store, arguments.people)
        ttp.ledger.record("register", REGISTER, "latest", "accepted", VERSION, detail={"synthetic": True})
        contract(REGISTER)
        print(f"{arguments.people:,} people, {arguments.people * STAYS_A_PERSON:,} stays")
        _timed("write", lambda: make_history(ttp, REFRESH))
        _timed("check", lambda: check_made_history(ttp, REFRESH))
        _timed("send", lambda: send_history(ttp, REFRESH))
        _timed("receive", lambda: receive_register(databank, REGISTER, REFRESH))
        _timed("curate", lambda: curate_received_register(databank, REGISTER, REFRESH))


def _fill(store: TtpStore, people: int) -> None:
    """A register of numbered people with stays in homes of three, in the tables that a delivery is loaded into."""
    unit = f"(home // {HOMES_A_POSTCODE})"
    homes = people // PEOPLE_A_HOME + 1
    filled = {
        "person": f"""SELECT CAST(i AS VARCHAR), CAST(DATE '1940-01-01' + CAST(i * 7919 % 30000 AS INTEGER) AS VARCHAR),
            CAST(1 + i % 2 AS VARCHAR), NULL FROM range({people}) t(i)""",
        "record": f"SELECT CAST(i AS VARCHAR), NULL, i % 500 = 0 FROM range({people}) t(i)",
        "stay": f"""SELECT person, {POSTCODE.format(unit=unit)}, home % {HOMES_A_POSTCODE} * 2 + 1 || ' ' ||
                {STREETS}[1 + CAST({unit} % 5 AS INTEGER)] || ', Locality ' || {unit} % 700 || ', Town, Authority',
                DATE '2000-01-01' + CAST(move * 2000 AS INTEGER),
                CASE WHEN move < {STAYS_A_PERSON - 1} THEN DATE '2000-01-01' + CAST((move + 1) * 2000 AS INTEGER) END
            FROM (SELECT CAST(i AS VARCHAR) AS person, move, (i // {PEOPLE_A_HOME} + move * 104729) % {homes} AS home
                  FROM range({people}) t(i), range({STAYS_A_PERSON}) m(move))""",
    }
    assert set(filled) <= set(TABLES)
    with store.writing() as session:
        for table, query in filled.items():
            session.run(f"INSERT INTO ttp.register.{table} {query}", step="make up a register")
        session.run(
            "INSERT INTO ttp.reference.postcode_to_lsoa SELECT DISTINCT replace(postcode, ' ', ''), 'W01000001' "
            "FROM ttp.register.stay",
            step="make up a postcode directory",
        )
        session.run("INSERT INTO ttp.register.version VALUES (?, true, ?)", (VERSION, people), step="name it")
        session.run("INSERT INTO ttp.reference.version VALUES ('postcode_to_lsoa', 'made up', '2011')", step="name it")


def _timed(step: str, call: Callable[[], object]) -> None:
    cpu, wall = time.process_time(), time.perf_counter()
    call()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{step:<8} {time.process_time() - cpu:6.1f} CPU s  {time.perf_counter() - wall:6.1f} s  peak {peak:,.0f} MB",
        flush=True,
    )


if __name__ == "__main__":
    main()
