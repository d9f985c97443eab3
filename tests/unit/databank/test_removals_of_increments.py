"""Erasure where a dataset comes in increments: every deposit of the state goes without the person."""

from pathlib import Path

import pytest

from fjo_pipeline.databank.removals.taking import take_removals
from tests.growing_home import BASE, FIRST, SECOND, THIRD, carry_all, growing_home
from tests.tiny_home import REGISTER_REFRESH, TinyHome, loaded_home
from tests.unit.databank.test_removals import (
    TODAY,
    curate_what_is_due,
    curated,
    every_file,
    ids_of,
    opt_out,
    raw_ids,
    transfers_with,
)

pytestmark = pytest.mark.slow
ALL = (BASE, FIRST, SECOND, THIRD)


@pytest.fixture
def grown(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> TinyHome:
    home = growing_home(loaded_home(tmp_path_factory.getbasetemp()), tmp_path / "base")
    return carry_all(home, *ALL)


@pytest.mark.parametrize(
    "details",
    [
        # Her calls and visits come in increments that do not bring herself.
        "register_id: 101",
        # The third increment brings him under other names, by which the linkage does not find him.
        "register_id: 102",
    ],
)
def test_a_person_goes_from_every_deposit_of_the_state_and_nobody_else_loses_a_row(
    grown: TinyHome, details: str
) -> None:
    ids, before = ids_of(grown, details), curated(grown)
    raw = raw_ids(grown, ids)
    assert every_file(grown, ids)
    assert transfers_with(grown, raw)
    opt_out(grown, details)
    assert take_removals(grown.databank, REGISTER_REFRESH, TODAY)
    rewritten = curated(grown)
    assert rewritten == {name: [row for row in rows if not ids & set(row)] for name, rows in before.items()}
    curate_what_is_due(grown)
    assert curated(grown) == rewritten
    assert every_file(grown, ids) == []
    assert transfers_with(grown, raw) == []
