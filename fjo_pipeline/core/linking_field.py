"""The linking-field cipher: NIST SP 800-38G FF1 in bulk over 14 decimal digits.

Keys and their versions belong to the keyring, ranking of text keys to `key_ranking`.
"""

import hashlib
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, modes

from fjo_pipeline.core.errors import CipherUnsound, Refused
from fjo_pipeline.core.ff1 import (
    BLOCK,
    ROUNDS,
    UNSOUND,
    assert_reference_sound,
    block_cipher,
    exclusive_or,
    ff1_decrypt,
    ff1_encrypt,
    first_block,
)

__all__ = ["DOMAIN", "Ids", "LinkingFieldCipher", "ff1_decrypt", "ff1_encrypt", "tweak_for"]

DOMAIN = 10**14
KEY_BYTES = 32
TWEAK_BYTES = 12

_HALF = 10**7
# Measured from 4,096 to 131,072: fewer ids a chunk pay for more calls, and two threads then wait for the GIL.
_CHUNK = 65_536
_TWEAK_LABEL = b"fjo_pipeline linking field tweak, version 1"

# Of the bulk form there is no sample of NIST's; the reference form gives these, and a test that it still does.
_KNOWN = [0, 1, 12_345_678_901_234, DOMAIN - 1]
_KNOWN_ENCRYPTED = [38_639_477_415_791, 85_298_403_938_475, 2_227_525_588_292, 50_628_255_837_062]

Ids = npt.NDArray[np.int64]
if TYPE_CHECKING:
    IdColumn: TypeAlias = pa.Array[Any] | pa.ChunkedArray[Any]
else:
    # DuckDB evaluates the annotations of the functions it is given, and pyarrow's classes take no type arguments.
    IdColumn = pa.Array | pa.ChunkedArray
_Halves = npt.NDArray[np.uint32]


def tweak_for(dataset: str | None, entity: str) -> bytes:
    """The tweak of an entity's ids: 12 bytes, the head of a SHA-256 over a label, the dataset and the entity.

    `dataset` is None for ids that mean the same in every dataset (ALF, RALF). Raises ValueError for an empty name.
    """
    if dataset == "" or not entity:
        raise ValueError("a tweak needs the name of an entity, and of a dataset unless the id is common to all")
    digest = hashlib.sha256(_TWEAK_LABEL)
    for part in (dataset, entity):
        name = (part or "").encode()
        # Lengths first, so that no two pairs of names run together into one text.
        digest.update(len(name).to_bytes(4, "big") + name)
    return digest.digest()[:TWEAK_BYTES]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class LinkingFieldCipher:
    """FF1 with AES-256 over the ids 0..10^14-1 under one key and one tweak, in bulk; safe to share between threads.

    `key` has 32 bytes and `tweak` 12 (see `tweak_for`), or ValueError. It is FF1 of radix 10 and length 14: with a
    12-byte tweak the standard's Q is one block, of which only the last four bytes vary, so that a round is one AES
    block an id.
    """

    key: InitVar[bytes]
    tweak: InitVar[bytes]
    _cipher: Cipher[modes.ECB] = field(init=False)
    _fixed_words: tuple[int, int, int] = field(init=False)
    _varying_word: int = field(init=False)

    def __post_init__(self, key: bytes, tweak: bytes) -> None:
        """Encrypts what is the same in every block once; CipherUnsound where the cipher fails its self-test."""
        _assert_sound()
        self._prepare(key, tweak)

    @classmethod
    def _untested(cls, key: bytes, tweak: bytes) -> "LinkingFieldCipher":
        cipher = object.__new__(cls)
        cipher._prepare(key, tweak)
        return cipher

    def _prepare(self, key: bytes, tweak: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a linking-field key has {KEY_BYTES} bytes")
        if len(tweak) != TWEAK_BYTES:
            raise ValueError(f"a linking-field tweak has {TWEAK_BYTES} bytes")
        cipher = block_cipher(key)
        first = cipher.encryptor().update(first_block(radix=10, length=14, tweak_length=TWEAK_BYTES))
        # CBC-MAC: the second block goes into AES exclusive-or the encrypted first.
        masked = exclusive_or(first, tweak + bytes(4))
        words = [int.from_bytes(masked[at : at + 4], "little") for at in (0, 4, 8)]
        object.__setattr__(self, "_cipher", cipher)
        object.__setattr__(self, "_fixed_words", tuple(words))
        object.__setattr__(self, "_varying_word", int.from_bytes(masked[12:], "big"))

    def __repr__(self) -> str:
        """A text without the key."""
        return "LinkingFieldCipher(key and tweak withheld)"

    def encrypt(self, ids: Ids) -> Ids:
        """The encrypted ids, one for one and in order; raises Refused where an id is not within 0..10^14-1."""
        return self._in_chunks(ids, inverse=False)

    def decrypt(self, ids: Ids) -> Ids:
        """The ids that `encrypt` made these of; raises Refused where an id is not within 0..10^14-1."""
        return self._in_chunks(ids, inverse=True)

    def encrypt_arrow(self, ids: IdColumn) -> pa.Int64Array:
        """`encrypt` of an Arrow column of int64; null stays null. Raises TypeError for another type."""
        return _over_arrow(self.encrypt, ids)

    def decrypt_arrow(self, ids: IdColumn) -> pa.Int64Array:
        """`decrypt` of an Arrow column of int64; null stays null. Raises TypeError for another type."""
        return _over_arrow(self.decrypt, ids)

    def _in_chunks(self, ids: Ids, *, inverse: bool) -> Ids:
        _check(ids)
        result = np.empty(ids.size, np.int64)
        if not ids.size:
            return result
        rounds = _BulkRounds(self._cipher.encryptor(), self._fixed_words, self._varying_word, min(ids.size, _CHUNK))
        permute = rounds.decrypt if inverse else rounds.encrypt
        for start in range(0, ids.size, _CHUNK):
            permute(ids[start : start + _CHUNK], result[start : start + _CHUNK])
        if not _in_domain(result):
            raise CipherUnsound("the linking-field cipher gave an id of more than 14 digits; " + UNSOUND)
        return result


class _BulkRounds:
    """FF1's rounds on one chunk at a time, in buffers of their own: one instance a call, so that threads share none."""

    def __init__(self, aes: CipherContext, fixed_words: tuple[int, int, int], varying_word: int, rows: int) -> None:
        self._aes = aes
        self._varying_word = varying_word
        self._blocks = np.empty((rows, 4), np.dtype("<u4"))
        self._blocks[:, :3] = fixed_words
        # update_into asks for a block less one byte more than it writes.
        self._encrypted = np.empty(rows * BLOCK + BLOCK - 1, np.uint8)
        self._wide = np.empty((2, rows), np.uint64)
        self._narrow = np.empty((2, rows), np.uint32)

    def encrypt(self, ids: Ids, out: Ids) -> None:
        """FF1.Encrypt of a chunk into `out`, of the same length."""
        left, right = _split(ids)
        for i in range(ROUNDS):
            addend = self._pseudorandom(i, right)
            left += addend
            self._reduce(left)
            left, right = right, left
        _join(left, right, out)

    def decrypt(self, ids: Ids, out: Ids) -> None:
        """FF1.Decrypt of a chunk into `out`, of the same length."""
        left, right = _split(ids)
        for i in reversed(range(ROUNDS)):
            subtrahend = self._pseudorandom(i, left)
            right += np.uint32(_HALF)
            right -= subtrahend
            self._reduce(right)
            left, right = right, left
        _join(left, right, out)

    def _pseudorandom(self, i: int, half: _Halves) -> _Halves:
        """The first eight bytes of AES over the round's blocks, modulo 10^7; valid until the next call."""
        rows = half.size
        blocks, scratch = self._blocks[:rows], self._narrow[0, :rows]
        np.bitwise_xor(half, np.uint32(self._varying_word ^ i << 24), out=scratch)
        np.copyto(blocks.view(">u4")[:, 3], scratch)
        self._aes.update_into(blocks.reshape(-1).view(np.uint8).data, self._encrypted.data)
        number, multiple = self._wide[0, :rows], self._wide[1, :rows]
        np.copyto(number, self._encrypted[: rows * BLOCK].view(">u8")[::2])
        # NumPy divides by a constant in SIMD but has only a scalar remainder, twelve times slower.
        np.floor_divide(number, np.uint64(_HALF), out=multiple)
        np.multiply(multiple, np.uint64(_HALF), out=multiple)
        np.subtract(number, multiple, out=scratch, casting="unsafe", dtype=np.uint64)
        return scratch

    def _reduce(self, half: _Halves) -> None:
        """Brings numbers under 2 * 10^7 under 10^7, in place."""
        wrapped = self._narrow[1, : half.size]
        # Unsigned: where there is nothing to subtract the difference wraps round and is the larger.
        np.subtract(half, np.uint32(_HALF), out=wrapped)
        np.minimum(half, wrapped, out=half)


@cache
def _assert_sound() -> None:
    """Known answers, once a process, before the first id: CipherUnsound where AES or either form of FF1 errs."""
    assert_reference_sound()
    bulk = LinkingFieldCipher._untested(bytes(range(KEY_BYTES)), bytes(range(TWEAK_BYTES)))
    encrypted = bulk.encrypt(np.array(_KNOWN, np.int64))
    if encrypted.tolist() != _KNOWN_ENCRYPTED or bulk.decrypt(encrypted).tolist() != _KNOWN:
        raise CipherUnsound("FF1 in bulk does not give what the standard's own form gives; " + UNSOUND)


def _check(ids: Ids) -> None:
    if ids.dtype != np.int64 or ids.ndim != 1:
        raise TypeError("linking fields are a one-dimensional array of int64")
    if not _in_domain(ids):
        raise Refused("an id is not a number of at most 14 digits: declare the pattern of the key in the contract")


def _in_domain(ids: Ids) -> bool:
    # As unsigned numbers the negative ones are the largest, so one pass finds both kinds.
    return not ids.size or int(ids.view(np.uint64).max()) < DOMAIN


def _split(ids: Ids) -> tuple[_Halves, _Halves]:
    left = ids // _HALF
    return left.astype(np.uint32), (ids - left * _HALF).astype(np.uint32)


def _join(left: _Halves, right: _Halves, out: Ids) -> None:
    np.multiply(left, _HALF, out=out, dtype=np.int64)
    out += right


def _over_arrow(permute: Callable[[Ids], Ids], ids: IdColumn) -> pa.Int64Array:
    if ids.type != pa.int64():
        raise TypeError("linking fields are an Arrow column of int64")
    column = ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
    if not column.null_count:
        return pa.array(permute(column.to_numpy()), pa.int64())
    # What lies under a null is undefined, and may not even be an id.
    missing = column.is_null().to_numpy(zero_copy_only=False)
    return pa.array(permute(column.fill_null(0).to_numpy()), pa.int64(), mask=missing)
