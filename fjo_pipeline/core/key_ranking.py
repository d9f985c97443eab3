"""Text keys of a provider as ids of at most 14 digits: ranked by their declared pattern, or hashed under a key.

Whether a column is ranked or hashed is for the contract to say, and refusing what does not fit is for the caller.
"""

import math
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.linking_field import DOMAIN, KEY_BYTES
from fjo_pipeline.core.sessions import literal

_PRINTABLE = frozenset(string.printable) - frozenset(string.whitespace) | {" "}
_LONGEST = 64
_HASH_BLOCK = 64

_IN_CLASS = r"(?:\\[^A-Za-z0-9]|[^]\\[^-])"
_MEMBER = re.compile(rf"(?P<digits>\\d)|(?P<low>{_IN_CLASS})(?:-(?P<high>{_IN_CLASS}))?")
_ATOM = re.compile(
    rf"(?:\[(?P<members>(?:\\d|{_IN_CLASS}(?:-{_IN_CLASS})?)+)\]|(?P<digits>\\d)|(?P<one>\\[^A-Za-z0-9]|[^][\\^$.|?*+(){{}}]))"
    r"(?:\{(?P<times>[0-9]{1,4})\})?"
)
_SUPPORTED = (
    "a key's pattern begins with ^ and ends with $, and between them has 1 to 64 positions: printable ASCII characters "
    r"(the signs of regular expressions after a backslash), classes such as [A-Z0-9] and \d, and repeats {n}"
)


@dataclass(frozen=True, slots=True)
class KeyPattern:
    """The texts of a fixed length that have, at each position, one of that position's characters (sorted)."""

    positions: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many texts have the pattern."""
        return math.prod(len(alphabet) for alphabet in self.positions)

    @property
    def rankable(self) -> bool:
        """Whether each of these texts has a rank of its own within 14 digits."""
        return self.size <= DOMAIN

    @property
    def regex(self) -> str:
        """The pattern as a regular expression that RE2 and Python read alike, for a match in full."""
        return "".join(f"[{_escaped(alphabet)}]{{{length}}}" for alphabet, _, length in self._runs())

    def rank(self, value: str) -> int:
        """The place of a text among all that have the pattern, in order of code points, from 0.

        The plain form of `rank_sql`. Raises Refused where the text does not fit and ValueError where the pattern is not
        rankable.
        """
        self._require_rankable()
        fits = len(value) == len(self.positions) and all(map(str.__contains__, self.positions, value))
        if not fits:
            raise Refused("a key does not have the pattern its contract declares: mend the deposit or the contract")
        rank = 0
        for alphabet, character in zip(self.positions, value, strict=True):
            rank = rank * len(alphabet) + alphabet.index(character)
        return rank

    def rank_sql(self, column: str) -> str:
        """A DuckDB expression, BIGINT, for the rank of `column`, a VARCHAR expression; NULL where it does not fit.

        Raises ValueError where the pattern is not rankable.
        """
        self._require_rankable()
        terms, weight = ["0::BIGINT"], self.size
        for alphabet, start, length in self._runs():
            # DuckDB reads a run of digits as one number far faster than digit by digit.
            step = length if alphabet == string.digits else 1
            for at in range(start, start + length, step):
                weight //= len(alphabet) ** step
                if len(alphabet) > 1:
                    terms.append(f"{weight}::BIGINT * {_digit_sql(alphabet, f'substr(({column}), {at + 1}, {step})')}")
        return f"CASE WHEN regexp_full_match(({column}), {literal(self.regex)}) THEN {' + '.join(terms)} END"

    def _runs(self) -> Iterator[tuple[str, int, int]]:
        """Neighbouring positions of one alphabet, as alphabet, first position and length."""
        start = 0
        for alphabet, same in groupby(self.positions):
            length = len(list(same))
            yield alphabet, start, length
            start += length

    def _require_rankable(self) -> None:
        if not self.rankable:
            raise ValueError("the pattern has more than 10^14 members: its keys cannot be ranked, only hashed")


def parse_pattern(pattern: str) -> KeyPattern:
    """The key pattern that an anchored regular expression of fixed length stands for.

    Raises ValueError, which says what is supported, for any other expression.
    """
    if len(pattern) < 3 or pattern[0] != "^" or pattern[-1] != "$" or not _PRINTABLE.issuperset(pattern):
        raise ValueError(_SUPPORTED)
    body, at, positions = pattern[1:-1], 0, list[str]()
    while at < len(body):
        atom = _ATOM.match(body, at)
        if atom is None:
            raise ValueError(_SUPPORTED)
        positions += [_alphabet(atom)] * int(atom["times"] or 1)
        at = atom.end()
    if not 1 <= len(positions) <= _LONGEST:
        raise ValueError(_SUPPORTED)
    return KeyPattern(tuple(positions))


def keyed_hash_sql(column: str) -> str:
    """A DuckDB expression, BIGINT, for HMAC-SHA256 (RFC 2104) of `column`'s UTF-8 text, reduced to 14 digits.

    `column` is a VARCHAR expression; NULL stays NULL. The key comes in as the named parameters of `hash_pads`. The
    first 64 bits are reduced modulo 10^14, which favours no id by more than one in 180,000. Two keys may meet in one
    id: by the birthday bound about one time in 200 among a million keys, two in five among ten million. So the caller
    must compare distinct ids with distinct keys, and refuse where they differ.
    """
    return f"({keyed_digest_sql(column)} % {DOMAIN})::BIGINT"


def keyed_digest_sql(column: str) -> str:
    """A DuckDB expression, UBIGINT, for the first 64 bits of the same HMAC-SHA256 of `column`; NULL stays NULL."""
    inner = f"sha256($hash_inner::BLOB || encode(({column})::VARCHAR))"
    outer = f"sha256($hash_outer::BLOB || unhex({inner}))"
    return f"('0x' || substr({outer}, 1, 16))::UBIGINT"


def hash_pads(key: bytes) -> dict[str, bytes]:
    """The parameters of `keyed_hash_sql`: HMAC's inner and outer pads of a 32-byte key, secret as the key is.

    Raises ValueError for a key of another length.
    """
    if len(key) != KEY_BYTES:
        raise ValueError(f"a hashing key has {KEY_BYTES} bytes")
    block = key.ljust(_HASH_BLOCK, b"\0")
    return {"hash_inner": bytes(byte ^ 0x36 for byte in block), "hash_outer": bytes(byte ^ 0x5C for byte in block)}


def _alphabet(atom: re.Match[str]) -> str:
    if atom["digits"]:
        return string.digits
    if atom["one"]:
        return atom["one"][-1]
    characters = set[str]()
    for member in _MEMBER.finditer(atom["members"]):
        characters |= _range(member)
    return "".join(sorted(characters))


def _range(member: re.Match[str]) -> set[str]:
    if member["digits"]:
        return set(string.digits)
    low = member["low"][-1]
    high = (member["high"] or low)[-1]
    if low > high:
        raise ValueError(_SUPPORTED)
    return {chr(point) for point in range(ord(low), ord(high) + 1)}


def _escaped(alphabet: str) -> str:
    return "".join(f"\\x{ord(character):02x}" for character in alphabet)


def _digit_sql(alphabet: str, text: str) -> str:
    """The number that a text of digits, or the index that one character of an alphabet, stands for."""
    if alphabet == string.digits:
        # A failing cast would quote the key, should DuckDB ever evaluate it ahead of the match that guards it.
        return f"TRY_CAST({text} AS BIGINT)"
    if ord(alphabet[-1]) - ord(alphabet[0]) == len(alphabet) - 1:
        return f"(ord({text}) - {ord(alphabet[0])})"
    return f"(strpos({literal(alphabet)}, {text}) - 1)"
