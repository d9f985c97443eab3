"""ACRO's verdicts and ours on the same tables: where they differ, the difference is one of those that are argued."""

import os
import shutil
from pathlib import Path

import pytest

from benchmarks.acro_verdicts import ARGUED, compare
from fjo_pipeline.databank.disclosure.policy import load_policy

PYTHON = os.environ.get("FJO_ACRO_PYTHON", "")


@pytest.mark.skipif(not shutil.which(PYTHON), reason="FJO_ACRO_PYTHON names no interpreter that has acro")
@pytest.mark.parametrize("name", ["sail-2025", "sail-2020"])
def test_acro_and_we_agree_or_the_difference_is_argued(name: str) -> None:
    pairs = compare(load_policy(name), Path(PYTHON))
    assert set(pairs) <= set(ARGUED)
    assert sum(count for pair, count in pairs.items() if "must not" in ARGUED[pair]) == 0
    assert pairs["under the threshold", "threshold"] > 100
    assert pairs["shown", "ok"] > 100
