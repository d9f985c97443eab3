"""The databank's layers over ids: `_E` apart from what came in, `_PE` apart between projects and entities."""

import pyarrow as pa
import pytest

from fjo_pipeline.core.errors import KeyMissing
from fjo_pipeline.databank.ciphers import at_rest, for_project
from tests.tiny_home import TinyHome

IDS = pa.array([0, 1, 99_999_999_999_999, None], pa.int64())


def layers(home: TinyHome, entity: str, project: str) -> list[int | None]:
    tiny, keyring = home.databank.contract("tiny"), home.databank.keyring
    resting = at_rest(tiny, entity, keyring).encrypt_arrow(IDS)
    provided: list[int | None] = for_project(tiny, entity, keyring, project, 1)(resting).to_pylist()
    return provided


def test_every_layer_entity_and_project_has_ids_of_its_own(carried: TinyHome) -> None:
    seen = [layers(carried, entity, project) for entity in ("person", "alf") for project in ("7001", "7002")]
    assert all(row[-1] is None for row in seen)
    assert len({tuple(row) for row in seen}) == 4
    assert all(0 <= value < 10**14 for row in seen for value in row if value is not None)


def test_an_alf_means_the_same_in_every_dataset(carried: TinyHome) -> None:
    tiny, keyring = carried.databank.contract("tiny"), carried.databank.keyring
    other = tiny.model_copy(update={"name": "other"})
    assert at_rest(tiny, "alf", keyring).encrypt_arrow(IDS) == at_rest(other, "alf", keyring).encrypt_arrow(IDS)
    assert at_rest(tiny, "person", keyring).encrypt_arrow(IDS) != at_rest(other, "person", keyring).encrypt_arrow(IDS)


def test_a_project_without_a_key_gets_no_ids(carried: TinyHome) -> None:
    with pytest.raises(KeyMissing, match="project/7009/ids"):
        layers(carried, "person", "7009")
