"""What holds of the linking-field cipher for every key, tweak and id."""

import numpy as np
from hypothesis import assume, example, given
from hypothesis import strategies as st

from fjo_pipeline.core.linking_field import DOMAIN, Ids, LinkingFieldCipher, ff1_decrypt, ff1_encrypt, tweak_for

keys = st.binary(min_size=32, max_size=32)
tweaks = st.binary(min_size=12, max_size=12)
names = st.text(min_size=1, max_size=20)
id_lists = st.lists(st.integers(0, DOMAIN - 1), min_size=1, max_size=60)
seeds = st.integers(0, 2**32 - 1)

EDGES = [0, 1, 10**7 - 1, 10**7, DOMAIN - 10**7, DOMAIN - 1]


def digits(number: int) -> list[int]:
    return [int(digit) for digit in f"{number:014d}"]


def sample(seed: int, size: int) -> Ids:
    return np.unique(np.random.default_rng(seed).integers(0, DOMAIN, size))


def chance_agreement(one: Ids, other: Ids) -> int:
    """Places where two columns of ids agree in all or in half of their digits."""
    return int(np.sum((one // 10**7 == other // 10**7) | (one % 10**7 == other % 10**7)))


@given(keys, tweaks, id_lists)
@example(bytes(32), bytes(12), EDGES)
@example(b"\xff" * 32, b"\xff" * 12, EDGES)
def test_bulk_and_reference_form_are_equal_both_ways(key: bytes, tweak: bytes, ids: list[int]) -> None:
    cipher = LinkingFieldCipher(key, tweak)
    encrypted = cipher.encrypt(np.array(ids, np.int64)).tolist()
    assert [digits(number) for number in encrypted] == [ff1_encrypt(key, tweak, digits(number), 10) for number in ids]
    decrypted = cipher.decrypt(np.array(ids, np.int64)).tolist()
    assert [digits(number) for number in decrypted] == [ff1_decrypt(key, tweak, digits(number), 10) for number in ids]


@given(keys, tweaks, seeds)
def test_every_id_comes_back_and_no_two_meet(key: bytes, tweak: bytes, seed: int) -> None:
    ids = np.union1d(sample(seed, 2_000), np.array(EDGES, np.int64))
    cipher = LinkingFieldCipher(key, tweak)
    encrypted = cipher.encrypt(ids)
    assert np.unique(encrypted).size == ids.size
    assert encrypted.min() >= 0
    assert encrypted.max() < DOMAIN
    assert np.array_equal(cipher.decrypt(encrypted), ids)


@given(keys, names, names, names, seeds)
def test_ids_of_two_entities_of_one_dataset_are_unrelated(
    key: bytes, dataset: str, entity: str, other: str, seed: int
) -> None:
    assume(entity != other)
    ids = sample(seed, 1_000)
    one = LinkingFieldCipher(key, tweak_for(dataset, entity)).encrypt(ids)
    two = LinkingFieldCipher(key, tweak_for(dataset, other)).encrypt(ids)
    assert chance_agreement(one, two) <= 3


@given(keys, keys, names, seeds)
def test_ids_of_two_projects_are_unrelated(key: bytes, other: bytes, entity: str, seed: int) -> None:
    assume(key != other)
    ids, tweak = sample(seed, 1_000), tweak_for(None, entity)
    one = LinkingFieldCipher(key, tweak).encrypt(ids)
    two = LinkingFieldCipher(other, tweak).encrypt(ids)
    assert chance_agreement(one, two) <= 3


@given(keys, tweaks, seeds)
def test_ids_are_exact_as_double_precision_numbers(key: bytes, tweak: bytes, seed: int) -> None:
    encrypted = LinkingFieldCipher(key, tweak).encrypt(np.union1d(sample(seed, 500), np.array(EDGES, np.int64)))
    assert np.array_equal(encrypted.astype(np.float64).astype(np.int64), encrypted)


@given(keys, tweaks, st.integers(2, 65_536), st.data())
def test_the_reference_form_comes_back_in_every_radix(
    key: bytes, tweak: bytes, radix: int, data: st.DataObject
) -> None:
    numerals = data.draw(st.lists(st.integers(0, radix - 1), min_size=20, max_size=40))
    assert ff1_decrypt(key, tweak, ff1_encrypt(key, tweak, numerals, radix), radix) == numerals


@given(st.tuples(st.none() | names, names), st.tuples(st.none() | names, names))
def test_two_pairs_of_names_never_share_a_tweak(one: tuple[str | None, str], other: tuple[str | None, str]) -> None:
    assert (tweak_for(*one) == tweak_for(*other)) == (one == other)
