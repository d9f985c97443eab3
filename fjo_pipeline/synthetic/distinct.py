"""Distinct values for distinct numbers: ids, keys within a declared pattern, and codes, as a contract's field has them.

Also the examples of patterns that are no key's: texts that a regular expression matches, few but valid.
"""

import math
import random
import string
import zlib
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fjo_pipeline.core.key_ranking import KeyPattern, parse_pattern
from fjo_pipeline.core.linking_field import DOMAIN
from fjo_pipeline.core.table_contracts import MAXIMUM_KEY, FieldContract
from fjo_pipeline.synthetic.streams import Ints, stream

# The standard library's own reader of regular expressions, for which no types are published.
sre: Any = import_module("re._constants")
sre_parser: Any = import_module("re._parser")

_EXAMPLES = 400
_TRIES = 4_000
_MOST_REPEATS = 3
_PLAIN_KEYS = 10**9
_NUMBERED = 10**12
_CHUNK = 16


def permuted(index: Ints, size: int, seed: int, *names: str | int) -> Ints:
    """Distinct numbers in 0..size-1 for distinct indexes below `size`: a line modulo `size`, at most 10^14."""
    rng = stream(seed, "permuted", *names)
    slope, start = (int(number) for number in rng.integers(0, size, 2))
    slope = max(slope, 1)
    while math.gcd(slope, size) != 1:
        slope += 1
    # In parts of 16 bits, for beyond that the product leaves 64.
    result = np.zeros(len(index), dtype=np.int64)
    for shift in range(3 * _CHUNK, -1, -_CHUNK):
        part = (index.astype(np.int64) >> shift) & (2**_CHUNK - 1)
        result = ((result << _CHUNK) % size + part * slope % size) % size
    return np.asarray((result + start) % size)


def unranked(pattern: KeyPattern, rank: Ints) -> pa.Array:
    """The texts of a key's pattern by rank, the inverse of `KeyPattern.rank`; of a larger pattern, distinct texts."""
    grid = np.empty((len(rank), len(pattern.positions)), dtype=np.uint8)
    rest, left = rank.astype(np.int64), DOMAIN
    for at in range(len(pattern.positions) - 1, -1, -1):
        alphabet = np.frombuffer(pattern.positions[at].encode(), dtype=np.uint8)
        # What is beyond 14 digits tells no two ranks apart, and is drawn from the rank itself.
        digit = rest % len(alphabet) if left else (rank * 31 + at) // 7 % len(alphabet)
        grid[:, at] = alphabet[digit]
        rest, left = rest // len(alphabet), left // len(alphabet)
    return pa.array(grid.view(f"S{grid.shape[1]}").ravel()).cast(pa.string())


def capacity(field: FieldContract) -> int:
    """How many distinct values of a field there are, as far as made-up data go."""
    limits = field.constraints
    if limits.enum is not None:
        return len(codes_of(field))
    if field.type == "integer":
        low, high = _bounds(field)
        return max(0, high - low + 1)
    if field.type == "string" and limits.pattern:
        pattern = key_pattern(limits.pattern)
        return min(pattern.size, DOMAIN) if pattern else len(examples(limits.pattern))
    return 2 if field.type == "boolean" else _PLAIN_KEYS


def distinct_values(field: FieldContract, index: Ints, seed: int, *names: str | int) -> pa.Array:
    """A value of the field for each index, distinct for distinct indexes below `capacity`; keys in no order."""
    limits = field.constraints
    if limits.enum is not None:
        return pa.array(codes_of(field)).take(pa.array(index))
    if field.type == "integer":
        low, high = _bounds(field)
        return pa.array(low + (permuted(index, high - low + 1, seed, *names) if field.role == "key" else index))
    if field.type == "string":
        return _distinct_texts(field, index, seed, *names)
    if field.type == "boolean":
        return pa.array(index == 0)
    return pa.array((index + 1).astype(np.int32)).cast(pa.date32()) if field.type == "date" else pa.array(index + 0.5)


def _distinct_texts(field: FieldContract, index: Ints, seed: int, *names: str | int) -> pa.Array:
    if field.constraints.pattern:
        pattern = key_pattern(field.constraints.pattern)
        if pattern is None:
            return pa.array(examples(field.constraints.pattern)).take(pa.array(index))
        return unranked(pattern, permuted(index, min(pattern.size, DOMAIN), seed, *names))
    if field.role != "key":
        word = field.name.lower().replace("_", " ")
        return pc.binary_join_element_wise(f"Made-up {word}", pa.array(index + 1).cast(pa.string()), " ")
    number = pa.array(permuted(index, _PLAIN_KEYS, seed, *names)).cast(pa.string())
    return pc.binary_join_element_wise((field.entity or "k")[0].upper(), pc.utf8_lpad(number, 9, "0"), "")


def _bounds(field: FieldContract) -> tuple[int, int]:
    limits = field.constraints
    low = 1 if limits.minimum is None else limits.minimum
    high = max(low, 0) + _NUMBERED - 1 if limits.maximum is None else limits.maximum
    if limits.minimum is None and high < low:
        low = 0 if field.role == "key" or high >= 0 else high - 100
    return (max(low, 0), min(high, MAXIMUM_KEY)) if field.role == "key" else (low, high)


def codes_of(field: FieldContract) -> list[Any]:
    """The field's codes as values of its type: of its enum, those that its other rules let pass."""
    limits = field.constraints
    said: tuple[str, ...] = limits.enum if limits.enum is not None else tuple(field.codes)
    if field.type == "string":
        return [each for each in said if limits.pattern is None or _matches(limits.pattern, each)]
    if field.type == "boolean":
        return [each == "true" for each in said if each in ("true", "false")]
    if field.type == "date":
        return list(pa.array(said).cast(pa.date32()).to_pylist())
    kind = int if field.type == "integer" else float
    numbers = [kind(each) for each in said]
    low = -math.inf if limits.minimum is None else limits.minimum
    high = math.inf if limits.maximum is None else limits.maximum
    return [number for number in numbers if low <= number <= high]


def key_pattern(pattern: str) -> KeyPattern | None:
    """A pattern of fixed length, which can be ranked; None for any other regular expression."""
    try:
        return parse_pattern(pattern)
    except ValueError:
        return None


def _matches(pattern: str, text: str) -> bool:
    return bool(conforming(pa.array([text]), pattern)[0].as_py())


def conforming(texts: pa.Array, pattern: str) -> pa.Array:
    """Which texts match a pattern in full, as DuckDB's RE2 reads it."""
    return pc.match_substring_regex(texts, f"^(?:{pattern})$")


@cache
def examples(pattern: str) -> list[str]:
    """Up to 400 different texts that a regular expression matches, always the same; empty where none were found."""
    key = key_pattern(pattern)
    if key is not None and key.size > _EXAMPLES:
        step = np.arange(_EXAMPLES)
        return list(unranked(key, permuted(step, min(key.size, DOMAIN), 1, pattern)).to_pylist())
    parsed = sre_parser.parse(pattern)
    draw = random.Random(zlib.crc32(pattern.encode()))  # noqa: S311 - examples, no secrets
    found: dict[str, None] = {}
    for _ in range(_TRIES):
        found[_drawn(parsed, draw)] = None
        if len(found) == _EXAMPLES:
            break
    texts = [text for text in found if text]
    return [
        text
        for text, fits in zip(texts, conforming(pa.array(texts, pa.string()), pattern).to_pylist(), strict=True)
        if fits
    ]


def _drawn(parsed: Any, draw: random.Random) -> str:
    return "".join(_piece(kind, value, draw) for kind, value in parsed)


def _piece(kind: Any, value: Any, draw: random.Random) -> str:
    """One element of a parsed regular expression as a text; nothing for anchors and what is not known here."""
    if kind is sre.LITERAL:
        return chr(value)
    if kind in (sre.IN, sre.ANY, sre.NOT_LITERAL, sre.CATEGORY):
        return draw.choice(_alphabet(kind, value))
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        least, most, inner = value
        return "".join(_drawn(inner, draw) for _ in range(draw.randint(least, min(most, least + _MOST_REPEATS))))
    if kind is sre.SUBPATTERN:
        return _drawn(value[3], draw)
    if kind is sre.BRANCH:
        return _drawn(draw.choice(value[1]), draw)
    return ""


def _alphabet(kind: Any, value: Any) -> str:
    plain = string.ascii_uppercase + string.digits
    if kind is sre.CATEGORY:
        return {sre.CATEGORY_DIGIT: string.digits, sre.CATEGORY_SPACE: " "}.get(value, plain)
    if kind is not sre.IN:
        return plain if kind is sre.ANY else plain.replace(chr(value), "")
    if value[0][0] is sre.NEGATE:
        barred = set(_members(value[1:]))
        return "".join(each for each in plain + string.ascii_lowercase if each not in barred)
    return _members(value)


def _members(items: Any) -> str:
    parts = []
    for kind, value in items:
        if kind is sre.RANGE:
            parts.append("".join(map(chr, range(value[0], value[1] + 1))))
        else:
            parts.append(chr(value) if kind is sre.LITERAL else _alphabet(kind, value))
    return "".join(parts)
