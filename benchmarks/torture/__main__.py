"""`python -m benchmarks.torture [SUBJECT …]`: run attacks and put their figures into docs/torture.csv."""

import argparse
import csv
import io
import sys
from dataclasses import asdict, fields
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import benchmarks.torture
from benchmarks.torture import Attack
from fjo_pipeline.core.files import write_atomically

TABLE = Path(__file__).parents[2] / "docs" / "torture.csv"
COLUMNS = ("subject", *(field.name for field in fields(Attack)))
SUBJECTS = tuple(sorted(each.name for each in iter_modules(benchmarks.torture.__path__) if each.name != "__main__"))


def main() -> int:
    """1 where a promise did not hold once; subjects that are not run keep their rows of the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    # Not `default=`: with `nargs="*"` argparse holds a default against the choices as if it were one subject.
    parser.add_argument("subjects", nargs="*", choices=SUBJECTS, metavar="SUBJECT", help=", ".join(SUBJECTS))
    chosen = parser.parse_args().subjects or SUBJECTS
    rows = [row for row in _written() if row["subject"] in {*SUBJECTS} - {*chosen}]
    for subject in chosen:
        for attack in import_module(f"benchmarks.torture.{subject}").attacks():
            print(f"{subject}: {attack.attack}: held {attack.held} of {attack.tried}", flush=True)
            rows.append({"subject": subject} | {name: str(value) for name, value in asdict(attack).items()})
        # After each: what is cut off later has its figures all the same.
        _write(rows)
    return 1 if any(row["tried"] != row["held"] or row["tried"] == "0" for row in rows) else 0


def _written() -> list[dict[str, str]]:
    if not TABLE.exists():
        return []
    with TABLE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _write(rows: list[dict[str, str]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: SUBJECTS.index(row["subject"])))
    write_atomically(TABLE, text.getvalue().encode(), mode=0o644)


if __name__ == "__main__":
    sys.exit(main())
