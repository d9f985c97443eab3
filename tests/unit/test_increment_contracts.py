"""Contracts of datasets that come as increments: what such a dataset cannot have is refused with its line."""

from pathlib import Path

import pytest

from fjo_pipeline.core.contracts import load_contract
from fjo_pipeline.core.errors import Refused
from tests.deposit_builder import GROWING_CONTRACT

WRONG = {
    "a primary key that is not sent": (
        "role: key, entity: visit",
        "role: drop, entity: visit",
        "increments replace rows by VISIT, so its role is key or content",
    ),
    "a reference to what is dropped": (
        "{fields: PLACE, reference: {resource: places, fields: ID}}",
        "{fields: NOTES, reference: {resource: visits, fields: NOTES}}",
        "increments may not refer to a field that is dropped",
    ),
    "a register": ("delivery: increment", "delivery: increment\nregister: true", "needs whole deposits: full"),
}


def load(folder: Path, text: str) -> str:
    path = folder / "tiny.yaml"
    path.write_text(text)
    return load_contract(path).delivery


def test_a_dataset_may_come_as_increments(tmp_path: Path) -> None:
    assert load(tmp_path, GROWING_CONTRACT) == "increment"


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_come_as_increments_is_refused_with_its_line(name: str, tmp_path: Path) -> None:
    good, bad, why = WRONG[name]
    assert GROWING_CONTRACT.count(good) == 1
    with pytest.raises(Refused, match=rf"tiny\.yaml, line \d+, .*{why}"):
        load(tmp_path, GROWING_CONTRACT.replace(good, bad))
