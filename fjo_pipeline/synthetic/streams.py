"""Independent random streams by name, so that a new draw in one place never changes what another place draws."""

import zlib
from datetime import date
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]
System: TypeAlias = int | str
"""What the streams of one source system's proceedings are named by: its nation's number, or a name of its own."""

NEVER = 2**20 - 1
"""A day so late that nothing reaches it; it still fits the 20 bits that `Timeline` gives a day."""

_ID_PRIME = 999_999_999_989
_DAY_OFFSET = 2**18


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """The generator for one named part of the world that `seed` makes."""
    words = [zlib.crc32(str(name).encode()) for name in names]
    return np.random.default_rng(np.random.SeedSequence([seed, *words]))


def day(year: int, month: int = 1, of_month: int = 1) -> int:
    """A calendar date as days since 1970-01-01, the unit of every date in this package."""
    return (date(year, month, of_month) - date(1970, 1, 1)).days


def scramble(index: Ints, seed: int, *names: str | int) -> Ints:
    """Distinct ids in 1..10^12 for distinct indexes: a line modulo a prime, so unordered in time."""
    rng = stream(seed, "scramble", *names)
    slope, start = int(rng.integers(10**11, 9 * 10**11)), int(rng.integers(0, 10**11))
    # In two parts, for beyond nine million the product leaves 64 bits.
    high, low = np.divmod(index.astype(np.int64), 2**20)
    return np.asarray((high * slope % _ID_PRIME * 2**20 + low * slope + start) % _ID_PRIME + 1)


def choose(rng: np.random.Generator, size: int, weights: Any) -> Ints:
    """`size` draws of 0..n-1 in proportion to `weights`."""
    cumulative = np.cumsum(np.asarray(weights, dtype=np.float64))
    return np.asarray(np.searchsorted(cumulative, rng.random(size) * cumulative[-1], side="right"), dtype=np.int64)


def chance(rng: np.random.Generator, size: int, probability: Any) -> Bools:
    """`size` independent events of the given probability (a number, or one for each)."""
    return np.asarray(rng.random(size) < probability)


def weighted_sample(rng: np.random.Generator, weights: Floats, size: int) -> Ints:
    """Up to `size` distinct indexes, more likely where the weight is higher, best first (Efraimidis and Spirakis)."""
    keys = np.where(weights > 0, rng.exponential(size=len(weights)) / np.maximum(weights, 1e-300), np.inf)
    order = np.argsort(keys, kind="stable")
    return order[: min(size, int(np.count_nonzero(weights > 0)))].astype(np.int64)


def rank_within(groups: Ints) -> Ints:
    """The position 0, 1, 2, … of each element within its run of equal values; `groups` is sorted."""
    if not len(groups):
        return np.zeros(0, dtype=np.int64)
    starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    lengths = np.diff(np.r_[starts, len(groups)])
    return np.arange(len(groups), dtype=np.int64) - np.repeat(starts, lengths)


class Timeline:
    """Which of a subject's dated events is in force on a day; `order` sorts the events by subject, then day."""

    def __init__(self, subject: Ints, since: Ints) -> None:
        keys = self._key(subject, since)
        self.order = np.argsort(keys, kind="stable")
        self._keys = keys[self.order]
        self._subject = np.asarray(subject)[self.order]

    def at(self, subject: Ints, when: Ints) -> Ints:
        """The index of the event in force for each (subject, day); else the subject's first; -1: none."""
        found = np.searchsorted(self._keys, self._key(subject, when), side="right") - 1
        first = np.searchsorted(self._keys, self._key(subject, np.full(len(subject), -_DAY_OFFSET)), side="left")
        position = np.maximum(found, first)
        safe = np.minimum(position, len(self._keys) - 1)
        known = (position < len(self._keys)) & (self._subject[safe] == subject)
        return np.where(known, self.order[safe], -1)

    def ends(self) -> Ints:
        """For each event, by its original index, the day its successor begins; NEVER for a subject's last."""
        following = np.full(len(self.order), NEVER, dtype=np.int64)
        same = self._subject[1:] == self._subject[:-1]
        following[self.order[:-1][same]] = (self._keys[1:][same] & (2**21 - 1)) - _DAY_OFFSET
        return following

    @staticmethod
    def _key(subject: Ints, when: Ints) -> Ints:
        return (np.asarray(subject, dtype=np.int64) << 21) + (np.asarray(when, dtype=np.int64) + _DAY_OFFSET)


def dates_known(days: Ints, until: int) -> Ints:
    """Days as known on the day `until`: NEVER where they lie after it."""
    return np.where(days <= until, days, NEVER)
