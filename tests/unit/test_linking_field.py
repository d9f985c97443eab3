"""The linking-field cipher against NIST's samples, and its behaviour at the borders of its input."""

import string
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

import duckdb
import numpy as np
import numpy.typing
import pyarrow as pa
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from duckdb.func import PythonUDFType

from fjo_pipeline.core import ff1, linking_field
from fjo_pipeline.core.errors import CipherUnsound, Refused
from fjo_pipeline.core.linking_field import DOMAIN, LinkingFieldCipher, ff1_decrypt, ff1_encrypt, tweak_for

KEY = bytes(range(32))
TWEAK = tweak_for("cafcass_england_ecms", "person")

NIST_SAMPLE = "2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F7F036D6F04FC6A94"
NIST_TWEAK = "39383736353433323130"
NIST_TWEAK_36 = "3737373770717273373737"
DIGITS = "0123456789"
NINETEEN = "0123456789abcdefghi"
NIST_SAMPLES = [
    (1, 16, "", 10, DIGITS, "2433477484"),
    (2, 16, NIST_TWEAK, 10, DIGITS, "6124200773"),
    (3, 16, NIST_TWEAK_36, 36, NINETEEN, "a9tv40mll9kdu509eum"),
    (4, 24, "", 10, DIGITS, "2830668132"),
    (5, 24, NIST_TWEAK, 10, DIGITS, "2496655549"),
    (6, 24, NIST_TWEAK_36, 36, NINETEEN, "xbj3kv35jrawxv32ysr"),
    (7, 32, "", 10, DIGITS, "6657667009"),
    (8, 32, NIST_TWEAK, 10, DIGITS, "1001623463"),
    (9, 32, NIST_TWEAK_36, 36, NINETEEN, "xs8a0azh2avyalyzuwd"),
]


def numerals(text: str) -> list[int]:
    alphabet = string.digits + string.ascii_lowercase
    return [alphabet.index(character) for character in text]


@pytest.mark.parametrize(("sample", "key_bytes", "tweak", "radix", "plain", "encrypted"), NIST_SAMPLES)
def test_the_reference_form_gives_nists_samples_both_ways(
    sample: int, key_bytes: int, tweak: str, radix: int, plain: str, encrypted: str
) -> None:
    key = bytes.fromhex(NIST_SAMPLE)[:key_bytes]
    assert ff1_encrypt(key, bytes.fromhex(tweak), numerals(plain), radix) == numerals(encrypted)
    assert ff1_decrypt(key, bytes.fromhex(tweak), numerals(encrypted), radix) == numerals(plain)


def test_the_reference_form_takes_halves_longer_than_one_block_of_the_stream() -> None:
    message = [position % 10 for position in range(120)]
    encrypted = ff1_encrypt(KEY, TWEAK, message, 10)
    assert encrypted != message
    assert ff1_decrypt(KEY, TWEAK, encrypted, 10) == message


@pytest.mark.parametrize(
    ("message", "radix"),
    [([1] * 5, 10), ([1], 65_536), ([0] * 14, 1), ([0] * 14, 65_537), ([9] * 14, 9), ([-1] * 14, 9)],
)
def test_the_reference_form_refuses_what_the_standard_excludes(message: list[int], radix: int) -> None:
    with pytest.raises(ValueError, match=r"radix"):
        ff1_encrypt(KEY, TWEAK, message, radix)


def test_the_bulk_form_equals_the_reference_across_chunks() -> None:
    ids = np.random.default_rng(20170401).integers(0, DOMAIN, 150_001)
    encrypted = LinkingFieldCipher(KEY, TWEAK).encrypt(ids)
    for at in (0, 1, 65_535, 65_536, 131_071, 131_072, 150_000):
        assert f"{encrypted[at]:014d}" == "".join(map(str, ff1_encrypt(KEY, TWEAK, numerals(f"{ids[at]:014d}"), 10)))
    assert np.array_equal(LinkingFieldCipher(KEY, TWEAK).decrypt(encrypted), ids)


def test_strided_and_read_only_ids_are_taken_and_left_alone() -> None:
    ids = np.arange(20, dtype=np.int64)
    ids.flags.writeable = False
    cipher = LinkingFieldCipher(KEY, TWEAK)
    assert np.array_equal(cipher.encrypt(ids[::3]), cipher.encrypt(ids)[::3])
    assert np.array_equal(ids, np.arange(20))


def test_no_ids_give_no_ids() -> None:
    assert LinkingFieldCipher(KEY, TWEAK).encrypt(np.empty(0, np.int64)).size == 0


@pytest.mark.parametrize("outside", [-1, DOMAIN, np.iinfo(np.int64).min, np.iinfo(np.int64).max])
def test_an_id_out_of_range_is_refused_without_being_named(outside: int) -> None:
    ids = np.array([1, outside, 2], np.int64)
    for permute in (LinkingFieldCipher(KEY, TWEAK).encrypt, LinkingFieldCipher(KEY, TWEAK).decrypt):
        with pytest.raises(Refused) as refusal:
            permute(ids)
        assert str(outside) not in str(refusal.value)


@pytest.mark.parametrize("ids", [np.zeros(3), np.zeros(3, np.int32), np.zeros((2, 2), np.int64)])
def test_other_types_of_array_are_an_error(ids: np.typing.NDArray[np.generic]) -> None:
    with pytest.raises(TypeError, match="int64"):
        LinkingFieldCipher(KEY, TWEAK).encrypt(ids)  # type: ignore[arg-type]


@pytest.mark.parametrize(("key", "tweak"), [(KEY[:16], TWEAK), (KEY + b"0", TWEAK), (KEY, b""), (KEY, TWEAK + b"0")])
def test_a_key_or_tweak_of_another_length_is_an_error(key: bytes, tweak: bytes) -> None:
    with pytest.raises(ValueError, match="bytes"):
        LinkingFieldCipher(key, tweak)


def test_neither_text_nor_attributes_of_a_cipher_show_its_key() -> None:
    cipher = LinkingFieldCipher(KEY, TWEAK)
    shown = repr(cipher) + str(cipher) + "".join(repr(getattr(cipher, name)) for name in LinkingFieldCipher.__slots__)
    assert repr(KEY) not in shown
    assert KEY.hex() not in shown


@pytest.mark.parametrize("chunked", [False, True])
def test_arrow_columns_keep_their_nulls_whatever_lies_under_them(chunked: bool) -> None:
    values = pa.array(np.array([5, -1, 7, DOMAIN], np.int64), mask=np.array([False, True, False, True]))
    column = pa.chunked_array([values[:1], values[1:]]) if chunked else values
    cipher = LinkingFieldCipher(KEY, TWEAK)
    five, seven = cipher.encrypt(np.array([5, 7], np.int64)).tolist()
    encrypted = cipher.encrypt_arrow(column)
    assert encrypted.to_pylist() == [five, None, seven, None]
    assert encrypted.type == pa.int64()
    assert cipher.decrypt_arrow(encrypted).to_pylist() == [5, None, 7, None]


def test_an_arrow_slice_without_nulls_and_an_empty_column_are_taken() -> None:
    cipher = LinkingFieldCipher(KEY, TWEAK)
    column = pa.array([1, 2, 3, 4], pa.int64())
    assert cipher.encrypt_arrow(column[1:3]).to_pylist() == cipher.encrypt_arrow(column).to_pylist()[1:3]
    assert cipher.encrypt_arrow(pa.chunked_array([], pa.int64())).to_pylist() == []


def test_an_arrow_column_of_another_type_is_an_error() -> None:
    with pytest.raises(TypeError, match="int64"):
        LinkingFieldCipher(KEY, TWEAK).encrypt_arrow(pa.array(["1"]))


def test_two_threads_on_one_cipher_get_what_one_gets() -> None:
    cipher = LinkingFieldCipher(KEY, TWEAK)
    parts = np.array_split(np.random.default_rng(7).integers(0, DOMAIN, 400_000), 8)
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(cipher.encrypt, parts))
    assert all(np.array_equal(ids, cipher.encrypt(part)) for ids, part in zip(together, parts, strict=True))


def test_the_cipher_serves_as_a_duckdb_function() -> None:
    cipher = LinkingFieldCipher(KEY, TWEAK)
    with duckdb.connect() as db:
        db.create_function("alf_e", cipher.encrypt_arrow, ["BIGINT"], "BIGINT", type=PythonUDFType.ARROW)
        ids = "SELECT CASE WHEN range % 3 = 0 THEN NULL ELSE range END AS id FROM range(5000)"
        rows = db.execute(f"SELECT id, alf_e(id) FROM ({ids}) ORDER BY id NULLS LAST").fetchall()
    present = np.array([plain for plain, _ in rows if plain is not None], np.int64)
    assert [encrypted for _, encrypted in rows] == [*cipher.encrypt(present).tolist(), *[None] * (5000 - present.size)]


def test_a_tweak_tells_dataset_and_entity_apart() -> None:
    names = [("a", "person"), ("a", "case"), ("b", "person"), (None, "person"), ("ap", "erson"), (None, "aperson")]
    tweaks = {tweak_for(dataset, entity) for dataset, entity in names}
    assert len(tweaks) == len(names)
    assert {len(tweak) for tweak in tweaks} == {12}


def test_the_tweaks_never_change_since_stored_ids_rest_on_them() -> None:
    assert tweak_for(None, "alf").hex() == "842ca925ff1d3b5dd87dabb1"
    assert tweak_for("cafcass_england_ecms", "person").hex() == "8a5cae13d0e926cd95abb74b"


@pytest.mark.parametrize(("dataset", "entity"), [("", "person"), ("a", ""), (None, "")])
def test_a_tweak_without_a_name_is_an_error(dataset: str | None, entity: str) -> None:
    with pytest.raises(ValueError, match="name"):
        tweak_for(dataset, entity)


BORDERS = [0, 1, DOMAIN - 1]


def test_ids_at_the_borders_of_the_domain_stay_within_it_and_come_back_in_both_forms() -> None:
    cipher, ids = LinkingFieldCipher(KEY, TWEAK), np.array(BORDERS, np.int64)
    encrypted = cipher.encrypt(ids)
    assert ((encrypted >= 0) & (encrypted < DOMAIN)).all()
    assert cipher.decrypt(encrypted).tolist() == BORDERS
    assert cipher.decrypt(ids).tolist() != BORDERS
    for plain, made in zip(BORDERS, encrypted.tolist(), strict=True):
        assert ff1_encrypt(KEY, TWEAK, numerals(f"{plain:014d}"), 10) == numerals(f"{made:014d}")


@pytest.mark.parametrize("outside", [-1, DOMAIN])
def test_an_id_out_of_range_is_refused_in_an_arrow_column_too(outside: int) -> None:
    cipher = LinkingFieldCipher(KEY, TWEAK)
    for permute in (cipher.encrypt_arrow, cipher.decrypt_arrow):
        with pytest.raises(Refused, match="at most 14 digits"):
            permute(pa.array([1, None, outside], pa.int64()))


def test_an_output_out_of_range_stops_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    cipher = LinkingFieldCipher(KEY, TWEAK)
    monkeypatch.setattr(linking_field, "_join", lambda left, right, out: out.fill(DOMAIN))
    for permute in (cipher.encrypt, cipher.decrypt):
        with pytest.raises(CipherUnsound, match="gave an id of more than 14 digits"):
            permute(np.array([1], np.int64))


@pytest.fixture
def untested() -> Iterator[None]:
    """A process that has made no cipher yet, and that makes none of this test's afterwards."""
    linking_field._assert_sound.cache_clear()
    yield
    linking_field._assert_sound.cache_clear()


def backwards(key: bytes) -> Cipher[modes.ECB]:
    """AES, but under the key read backwards."""
    return Cipher(algorithms.AES(key[::-1]), modes.ECB())


@pytest.mark.usefixtures("untested")
@pytest.mark.parametrize(
    ("where", "what", "broken", "said"),
    [
        (ff1, "block_cipher", backwards, "AES-256 does not give the known answer"),
        (ff1, "ROUNDS", 8, "FF1 does not give the known answer"),
        (linking_field, "block_cipher", backwards, "FF1 in bulk does not give"),
        (linking_field, "ROUNDS", 8, "FF1 in bulk does not give"),
        (linking_field, "_HALF", 10**7 - 1, "FF1 in bulk does not give"),
    ],
)
def test_a_cipher_that_is_broken_on_this_machine_makes_no_id(
    where: ModuleType, what: str, broken: object, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, what, broken)
    for _ in range(2):
        with pytest.raises(CipherUnsound, match=f"{said}.*no id is made or read on this machine"):
            LinkingFieldCipher(KEY, TWEAK)


@pytest.mark.usefixtures("untested")
def test_the_known_answers_are_asked_for_once_a_process_and_are_the_reference_forms(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[None] = []
    monkeypatch.setattr(linking_field, "assert_reference_sound", lambda: asked.append(None))
    for _ in range(3):
        LinkingFieldCipher(KEY, TWEAK)
    assert len(asked) == 1
    for plain, known in zip(linking_field._KNOWN, linking_field._KNOWN_ENCRYPTED, strict=True):
        assert ff1_encrypt(bytes(range(32)), bytes(range(12)), numerals(f"{plain:014d}"), 10) == numerals(
            f"{known:014d}"
        )
