"""A refresh killed -9 before exactly the n-th write, commit or rename, run again, ends in an undisturbed one's tables.

`python -m benchmarks.torture crashes` does the same at more of the boundaries, and with Dagster and dbt.
"""

from pathlib import Path

import pytest

from tests.faults.crashing import Scenario, scenarios, torture

pytestmark = pytest.mark.slow

INSTANTS = 3


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Scenario]:
    """The chain zone by zone, a backfill and a rewrite, each with its boundaries and its undisturbed end."""
    return scenarios(tmp_path_factory.mktemp("scenarios"))


def test_a_killed_refresh_ends_in_the_tables_of_an_undisturbed_one_and_leaves_nothing(
    found: list[Scenario], tmp_path: Path
) -> None:
    assert [len(each.boundaries) > 100 for each in found] == [True] * 5
    wrong = {name: faults for each in found for name, faults in torture(each, INSTANTS, tmp_path).items() if faults}
    assert wrong == {}
