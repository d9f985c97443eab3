"""What it costs to link people again: `python -m benchmarks.linkage_again --people 300000 --register 3000000`.

One after the other against one prepared register: everybody for the first time, then a refresh in which one person in
twenty is new or has changed, then one in which nobody has. Seconds are of the linkage itself, writing the memory
included; preparing the register is shown apart, as it is done when a register is loaded.
"""

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.linkage_data import write_standard
from benchmarks.linkage_train import REGISTER, load_standard
from benchmarks.report import write_section
from fjo_pipeline.core.sessions import Session, open_session
from fjo_pipeline.ttp.linkage.link import link_prepared
from fjo_pipeline.ttp.linkage.memory import SCHEMA, Memory, keep
from fjo_pipeline.ttp.linkage.model import load_model
from fjo_pipeline.ttp.linkage.prepare import prepare_register

TITLE, REFRESH, SEED = "Linking again", "20261231", 11
CHANGED = 0.05
REFRESHES = {"everybody new": "people", "one in twenty new or changed": "changed", "nobody changed": "changed"}


def change(session: Session) -> None:
    """Make `changed`: `people` with one in forty under another surname, and one in forty whom nobody has seen."""
    session.run(
        f"""CREATE OR REPLACE TABLE changed AS SELECT * REPLACE (
            CASE WHEN hash(person_id) % 1000 < {CHANGED * 500} THEN 'New' || surname ELSE surname END AS surname,
            CASE WHEN hash(person_id) % 1000 BETWEEN {CHANGED * 500} AND {CHANGED * 1000 - 1}
                 THEN CAST(CAST(date_of_birth AS DATE) + 400 AS VARCHAR) ELSE date_of_birth END AS date_of_birth)
        FROM people""",
        step="change some people",
    )


def measure(session: Session) -> list[tuple[str, int, int, float]]:
    """Refresh, people, people looked for, and seconds of each."""
    rows = []
    session.run(SCHEMA.format(schema="findings"), step="lay out the memory")
    for number, (name, people) in enumerate(REFRESHES.items()):
        memory = Memory("findings", "1", "made_up", f"2026010{number + 1}")
        start = time.perf_counter()
        result = link_prepared(session, people, load_model(), links="links", use_nhs_numbers=True, memory=memory)
        keep(session, memory)
        rows.append((name, result.people, result.asked, time.perf_counter() - start))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=300_000)
    parser.add_argument("--register", type=int, default=3_000_000)
    parser.add_argument("--data", type=Path, help="a folder of benchmarks.linkage_data to use again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, open_session(Path(scratch) / "spill") as session:
        folder = options.data or Path(scratch)
        if not (folder / "people.parquet").is_file():
            write_standard(options.people, options.register, SEED, folder, REFRESH)
        load_standard(session, folder)
        change(session)
        start = time.perf_counter()
        prepare_register(session, REGISTER)
        prepared = time.perf_counter() - start
        rows = measure(session)
    first = prepared + rows[0][3]
    lines = [
        f"| {name} | {people:,} | {asked:,} | {seconds:.1f} | {seconds / first:.0%} |"
        for name, people, asked, seconds in rows
    ]
    write_section(
        TITLE,
        f"python -m benchmarks.linkage_again --people {options.people} --register {options.register}",
        "\n".join(
            [
                "| refresh | people | looked for | seconds | of preparing and linking everybody |",
                "|---|---:|---:|---:|---:|",
                f"| the register prepared | | | {prepared:.1f} | |",
                *lines,
            ]
        ),
    )


if __name__ == "__main__":
    main()
