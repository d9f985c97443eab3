"""Typing errors on many texts at once: texts as a matrix of code points, edits as index arithmetic."""

import numpy as np
import pyarrow as pa

from fjo_pipeline.synthetic.error_rates import TYPO_MAY_HIT_FIRST_LETTER
from fjo_pipeline.synthetic.streams import Bools, Ints

_ROOM = 2
_SUBSTITUTE, _DELETE, _INSERT, _TRANSPOSE = range(4)
_LETTERS = np.array([ord(letter) for letter in "aeiourstlnmdhckybpgvwfjz"], dtype=np.uint32)
_DIGITS = np.array([ord(digit) for digit in "0123456789"], dtype=np.uint32)


def with_typos(rng: np.random.Generator, texts: pa.Array, where: Bools, digits: bool = False) -> pa.Array:
    """One typing error (substitution, omission, insertion or transposition) in each of the texts at `where`.

    Texts under three characters and nulls stay; the first letter stays but for one error in five.
    """
    at = np.flatnonzero(where & np.asarray(texts.is_valid()))
    if not len(at):
        return texts
    chosen = np.asarray(texts.take(pa.array(at)).to_pylist(), dtype=np.str_)
    width = chosen.dtype.itemsize // 4 + _ROOM
    grid = chosen.astype(f"<U{width}").view(np.uint32).reshape(len(at), width)
    edited = _edited(rng, grid, np.char.str_len(chosen).astype(np.int64), _DIGITS if digits else _LETTERS, digits)
    changed = np.ascontiguousarray(edited).view(f"<U{width}").ravel()
    replacement = np.full(len(texts), -1, dtype=np.int64)
    replacement[at] = np.arange(len(at))
    mask = replacement >= 0
    return _merge(texts, pa.array(changed.tolist(), pa.string()), replacement, mask)


def _edited(
    rng: np.random.Generator, grid: np.ndarray, length: Ints, alphabet: np.ndarray, substitute_only: bool
) -> np.ndarray:
    rows, width = grid.shape
    kind = np.zeros(rows, dtype=np.int64) if substitute_only else rng.integers(0, 4, rows)
    lowest = np.where(rng.random(rows) < TYPO_MAY_HIT_FIRST_LETTER, 0, 1)
    position = lowest + (rng.random(rows) * np.maximum(length - 1 - lowest, 1)).astype(np.int64)
    column = np.arange(width)[None, :]
    place = position[:, None]
    source = np.broadcast_to(column, grid.shape).copy()
    source = np.where((kind == _DELETE)[:, None] & (column >= place), column + 1, source)
    source = np.where((kind == _INSERT)[:, None] & (column > place), column - 1, source)
    transposed = (kind == _TRANSPOSE)[:, None]
    source = np.where(transposed & (column == place), place + 1, source)
    source = np.where(transposed & (column == place + 1), place, source)
    padded = np.pad(grid, ((0, 0), (0, 1)))
    result = np.take_along_axis(padded, source, axis=1)
    written = ((kind == _SUBSTITUTE) | (kind == _INSERT))[:, None] & (column == place)
    result = np.where(written, rng.choice(alphabet, rows)[:, None], result)
    return np.where((length < 3)[:, None], grid, result)


def _merge(texts: pa.Array, replacements: pa.Array, index: Ints, mask: Bools) -> pa.Array:
    both = pa.concat_arrays([texts.cast(pa.string()), replacements])
    at = np.where(mask, len(texts) + np.maximum(index, 0), np.arange(len(texts)))
    return both.take(pa.array(at))
