"""Deposits that are bad and large: refused in bounded memory, as a process of their own shows."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deposit_builder import CARERS, TINY, write_contracts, write_deposit

pytestmark = pytest.mark.slow

ROWS = 10_000_000
MEMORY_MB = 2_500
# Prints the report and, after it, the most memory that the check took.
CHECK = """
import json, resource, sys
from pathlib import Path
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.provider.landing import check_deposit
report = check_deposit(Settings(), Path(sys.argv[1]))
print(json.dumps([report.as_json(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024]))
"""


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("C0009,Oddcastle,x\n", "the value is no calendar date (YYYY-MM-DD)"),
        ("C0009,Oddcastle,,,x,y\n", "the row has too many columns: a value with a comma needs quotes"),
        ("C0009,Oddcastle\n", "the row has too few columns: it is truncated or a separator is missing"),
    ],
    ids=["values", "too many columns", "too few columns"],
)
def test_ten_million_rows_that_are_all_bad(row: str, rule: str, tmp_path: Path) -> None:
    folder = write_deposit(tmp_path / "deposit", TINY | {"CARERS.csv": CARERS + row * ROWS})
    environment = os.environ | {
        "FJO_CONTRACTS": str(write_contracts(tmp_path / "contracts")),
        "FJO_HOME": str(tmp_path / "home"),
    }
    done = subprocess.run(
        [sys.executable, "-c", CHECK, str(folder)], env=environment, capture_output=True, text=True, check=True
    )
    report, megabytes = json.loads(done.stdout)
    (failure,) = [each for each in report["failures"] if each["file"] == "CARERS.csv"]
    assert (failure["rule"], failure["lines"]) == (rule, [3, 4, 5, 6, 7])
    assert failure["count"] >= 5_000
    assert megabytes < MEMORY_MB
    assert not list(tmp_path.rglob(".plain"))
