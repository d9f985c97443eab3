"""People and couples: what the population is made of, and who has children with whom."""

from dataclasses import dataclass

import numpy as np

from fjo_pipeline.synthetic.names import POOLS
from fjo_pipeline.synthetic.streams import NEVER, Ints, chance, day

HORIZON = day(2026, 12, 31)
"""The day up to which the world is imagined; a refresh is a view of it at an earlier day, or at this one."""

_YEAR = 365.25
_WIDEST_GAP = 14  # years between partners


@dataclass(frozen=True)
class People:
    """One entry a person, by index: days as integers, `mother` and `father` -1 where they are not in the world."""

    sex: Ints
    born: Ints
    died: Ints
    mother: Ints
    father: Ints
    nation: Ints
    pool: Ints
    forename: Ints
    middle: Ints
    second_middle: Ints
    surname: Ints
    second_surname: Ints

    def __len__(self) -> int:
        return len(self.sex)


@dataclass(frozen=True)
class Unions:
    """One entry a couple who had a child: `ended` and `married` are NEVER where they did not."""

    woman: Ints
    man: Ints
    started: Ints
    ended: Ints
    married: Ints


def union_keys(rng: np.random.Generator, mother: Ints, ordinal: Ints) -> Ints:
    """Twice the mother for a child of her first union, and one more for a child of her second."""
    starts = np.flatnonzero(ordinal == 0)
    lengths = np.diff(np.r_[starts, len(mother)])
    second = chance(rng, len(starts), 0.3) & (lengths > 1)
    switch = np.where(second, 1 + (rng.random(len(starts)) * (lengths - 1)).astype(np.int64), 99)
    return mother * 2 + (ordinal >= np.repeat(switch, lengths))


def partners(rng: np.random.Generator, parents: People, woman: Ints, number: Ints) -> Ints:
    """A man of like nation, pool and age for each union: the next one free in an ordered list of the men."""
    men = np.flatnonzero(parents.sex == 1)
    keys = _sorting_key(parents, men, parents.pool[men], parents.born[men])
    order = np.argsort(keys, kind="stable")
    men, keys = men[order], keys[order]
    result = np.empty(len(woman), dtype=np.int64)
    for which in (0, 1):
        here = np.flatnonzero(number == which)
        mixed = chance(rng, len(here), 0.08)
        pool = np.where(mixed, rng.integers(0, len(POOLS), len(here)), parents.pool[woman[here]])
        born = parents.born[woman[here]] + _older_by(rng, len(here))
        sought = _sorting_key(parents, woman[here], pool, born)
        turn = np.argsort(sought, kind="stable")
        place = np.searchsorted(keys, sought[turn])
        step = np.arange(len(turn))
        place = np.minimum(np.maximum.accumulate(place - step) + step, len(men) - 1)
        kin = (parents.mother[men[place]] == parents.mother[woman[here][turn]]) & (parents.mother[men[place]] >= 0)
        place = np.where(kin, np.maximum(place - 9, 0), place)
        result[here[turn]] = men[place]
    return _of_like_age(rng, parents, woman, result, men)


def _of_like_age(rng: np.random.Generator, parents: People, woman: Ints, man: Ints, men: Ints) -> Ints:
    """Where the ordered list ran out of men of her pool, a man of the woman's age from all of her nation."""
    older = parents.born[woman] - parents.born[man]
    far = np.flatnonzero((older > _WIDEST_GAP * _YEAR) | (older < -3 * _YEAR))
    keys = _sorting_key(parents, men, np.zeros_like(men), parents.born[men])
    order = np.argsort(keys, kind="stable")
    born = parents.born[woman[far]] + _older_by(rng, len(far))
    place = np.searchsorted(keys[order], _sorting_key(parents, woman[far], np.zeros_like(far), born))
    result = man.copy()
    result[far] = men[order][np.minimum(place, len(men) - 1)]
    return result


def _older_by(rng: np.random.Generator, size: int) -> Ints:
    """Days to add to women's dates of birth for those of the men they seek: mostly older ones."""
    return np.asarray(_YEAR - np.abs(rng.normal(2.2 * _YEAR, 3 * _YEAR, size)), dtype=np.int64)


def _sorting_key(parents: People, person: Ints, pool: Ints, born: Ints) -> Ints:
    return (parents.nation[person] * 16 + pool) * 10**6 + born + 10**5


def union_dates(
    rng: np.random.Generator, parents: People, woman: Ints, man: Ints, union_of_child: Ints, born: Ints
) -> Unions:
    """When each couple came together, wed and parted, given their children's unions and days of birth."""
    size = len(woman)
    first = np.full(size, NEVER, dtype=np.int64)
    np.minimum.at(first, union_of_child, born)
    started = first - 200 - rng.exponential(2.0 * _YEAR, size).astype(np.int64)
    started = np.maximum(started, parents.born[woman] + int(15 * _YEAR))
    started = np.minimum(started, first - 150)
    ended = np.where(chance(rng, size, 0.55), first + rng.gamma(1.6, 4.0 * _YEAR, size).astype(np.int64), NEVER)
    following = np.r_[(woman[1:] == woman[:-1]), False] if size else np.zeros(0, dtype=bool)
    ended = np.where(following, np.minimum(ended, np.r_[started[1:], NEVER] - 30), ended)
    ended = np.where(ended > HORIZON, NEVER, np.maximum(ended, started + 30))
    married = started + rng.integers(0, int(5 * _YEAR), size)
    married = np.where(chance(rng, size, 0.5) & (married < ended) & (married <= HORIZON), married, NEVER)
    return Unions(woman, man, started, ended, married)
