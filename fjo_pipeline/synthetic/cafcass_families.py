"""Which families come to court, when and for which child: the episodes that the cases of one nation are made of."""

from dataclasses import dataclass, fields

import numpy as np

from fjo_pipeline.synthetic.couples import HORIZON, People
from fjo_pipeline.synthetic.names import POOLS, load_data
from fjo_pipeline.synthetic.streams import (
    Bools,
    Floats,
    Ints,
    System,
    chance,
    choose,
    stream,
    weighted_sample,
)

PUBLIC, PRIVATE = 1, 2
_YEAR = 365.25

# Under 1 at the first s31: 27 % (White, Mixed), 19 % (Black), 16 % (Asian) [V domain.md §3]; lower here, for young
# mothers, who have young children, are drawn more often, and siblings come to court later on.
_UNDER_ONE = {"black": 0.085, "south_asian": 0.065, "chinese": 0.065}
_UNDER_ONE_OTHERS = 0.14
# Of the candidates under 1, before they are brought to the series of data/england_series.yaml [R].
_NEWBORN_SHARE = (0.35, 0.47)
_OLDER_INFANT_DAYS = ((7, 14, 0.14), (14, 28, 0.13), (28, 365, 0.73))
_OLDER_YEARS = ((1, 5, 0.37), (5, 10, 0.30), (10, 16, 0.29), (16, 18, 0.04))
# Mothers' ages at the first application: 19 % 14-19, 50 % up to 24 [V]; asked for more, as small worlds run out.
_MOTHER_AGES = ((0, 20, 0.23), (20, 25, 0.335), (25, 30, 0.20), (30, 35, 0.13), (35, 99, 0.105))
_RECURRENCE_WITH_BABY, _RECURRENCE_WITHOUT = 0.52, 0.09
_AGE_CLASSES = (7, 365)  # days: newborns, other infants, older children
# So that a good part of the families of an older system are seen again in its successor [R].
_FAMILIAR_LIKELIER = 12.0


@dataclass(frozen=True)
class Episodes:
    """One entry a set of proceedings: the mother, the union (private law; -1 in public), the index child, the day."""

    law: Ints
    mother: Ints
    union: Ints
    child: Ints
    opened: Ints

    def __len__(self) -> int:
        return len(self.law)


def join_episodes(parts: list[Episodes]) -> Episodes:
    """Several groups of episodes as one, in order."""
    return Episodes(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Episodes)))


class Children:
    """Children by mother, ordered by birth, so that a family's are found by binary search."""

    def __init__(self, people: People) -> None:
        everyone = np.flatnonzero(people.mother >= 0)
        order = np.lexsort((everyone, people.born[everyone], people.mother[everyone]))
        self.child = everyone[order]
        self.mother = people.mother[self.child]
        self._key = (self.mother << 21) + people.born[self.child] + 2**18

    def next_born(self, mother: Ints, after: Ints) -> Ints:
        """The first child each mother has after a day; -1 where none."""
        at = np.searchsorted(self._key, (mother << 21) + after + 2**18, side="right")
        safe = np.minimum(at, len(self.child) - 1)
        return np.where((at < len(self.child)) & (self.mother[safe] == mother), self.child[safe], -1)

    def of(self, mother: Ints) -> tuple[Ints, Ints]:
        """(position in `mother`, child) for every child of each mother."""
        first = np.searchsorted(self.mother, mother, side="left")
        count = np.searchsorted(self.mother, mother, side="right") - first
        position = np.repeat(np.arange(len(mother)), count)
        step = np.arange(len(position)) - np.repeat(np.cumsum(count) - count, count)
        return position, self.child[first[position] + step]


@dataclass(frozen=True)
class Scope:
    """How much happens: about `people` people in proceedings, cases opened between two days, the private-law share.

    `system` names the streams where two systems are of one nation; `familiar` says of each person of the world whether
    they are a mother in another system, and so likelier to be in this one.
    """

    people: int
    first: int
    last: int
    private_share: float
    system: str = ""
    familiar: Bools | None = None

    def stream_name(self, nation: int) -> System:
        """What the streams of this scope's proceedings in a nation are named by."""
        return self.system or nation

    def likelier(self, mother: Ints) -> Floats | float:
        """By how much each mother is likelier to be in this system."""
        return 1.0 if self.familiar is None else np.where(self.familiar[mother], _FAMILIAR_LIKELIER, 1.0)


def public_episodes(
    seed: int, nation: int, people: People, children: Children, scope: Scope, families: int
) -> Episodes:
    """Public-law sets of proceedings between two days: each mother's index case and her recurrences."""
    rng = stream(seed, "public", scope.stream_name(nation))
    first, last = scope.first, scope.last
    here = np.flatnonzero(people.nation[children.child] == nation)
    child, mother = children.child[here], children.mother[here]
    opened = people.born[child] + _age_at_first(rng, people, child)
    possible = (opened >= first) & (opened <= min(last, HORIZON)) & (opened - people.born[mother] > 14 * _YEAR)
    possible &= (people.died[mother] > opened) & (people.died[child] > opened)
    child, mother, opened = child[possible], mother[possible], opened[possible]
    weights = _case_weights(opened, opened - people.born[child], (opened - people.born[mother]) / _YEAR)
    weights *= scope.likelier(mother)
    order = weighted_sample(rng, weights, len(weights))
    _, earliest = np.unique(mother[order], return_index=True)
    chosen = order[np.sort(earliest)[:families]]
    index = _public(mother[chosen], child[chosen], opened[chosen])
    return join_episodes([index, *_recurrences(rng, people, children, index, last)])


def _public(mother: Ints, child: Ints, opened: Ints) -> Episodes:
    size = len(mother)
    return Episodes(np.full(size, PUBLIC), mother, np.full(size, -1), child, opened)


def _age_at_first(rng: np.random.Generator, people: People, child: Ints) -> Ints:
    """An age in days at the first application."""
    size = len(child)
    infant_share = np.array([_UNDER_ONE.get(name, _UNDER_ONE_OTHERS) for name in POOLS])[people.pool[child]]
    infant = chance(rng, size, infant_share)
    newborn_share = np.interp(people.born[child] / _YEAR + 1970, (2008, 2016), _NEWBORN_SHARE)
    newborn = chance(rng, size, newborn_share)
    days = np.where(newborn, rng.integers(0, 7, size), _in_bands(rng, size, _OLDER_INFANT_DAYS))
    years = _in_bands(rng, size, _OLDER_YEARS) * _YEAR
    return np.where(infant, days, years).astype(np.int64)


def _in_bands(rng: np.random.Generator, size: int, bands: tuple[tuple[int, int, float], ...]) -> Floats:
    band = choose(rng, size, [share for _, _, share in bands])
    low, high = (np.array([edges[side] for edges in bands])[band] for side in (0, 1))
    return np.asarray(low + (high - low) * rng.random(size))


def _case_weights(opened: Ints, child_days: Ints, mother_age: Floats) -> Floats:
    """Weights that bring the candidates to the published series of years, newborns and mothers' ages (raking)."""
    index_cases = load_data("england_series.yaml")["index_cases"]
    years = np.array(list(index_cases))
    series = np.array([index_cases[year] for year in index_cases], dtype=np.float64)
    year = np.clip((opened / _YEAR).astype(np.int64) + 1970, years[0], years[-1]) - years[0]
    year_band = year * series.shape[1] + np.searchsorted(_AGE_CLASSES, child_days, side="right")
    age_band = np.searchsorted([high for _, high, _ in _MOTHER_AGES[:-1]], mother_age, side="right")
    weights = np.ones(len(opened))
    for _ in range(4):
        for band, target in (
            (year_band, series.ravel()),
            (age_band, np.array([share for _, _, share in _MOTHER_AGES])),
        ):
            held = np.bincount(band, weights=weights, minlength=len(target))
            weights *= (target / np.maximum(held, 1e-9))[band]
            weights /= max(weights.sum(), 1e-9)
    return weights


def _recurrences(
    rng: np.random.Generator, people: People, children: Children, index: Episodes, last: int
) -> list[Episodes]:
    """Later cases of the same mothers: usually another child, 61 % of whom are under a month old at issue [V]."""
    rounds, before = [], index
    for _ in range(4):
        baby = children.next_born(before.mother, before.opened)
        safe = np.maximum(baby, 0)
        has_baby = (baby >= 0) & (people.born[safe] < before.opened + 7 * _YEAR)
        size = len(before)
        soon = rng.integers(0, 24, size)
        late = rng.exponential(420, size).astype(np.int64)
        with_baby = people.born[safe] + np.where(chance(rng, size, 0.68), soon, 28 + late)
        without = before.opened + 240 + rng.exponential(600, size).astype(np.int64)
        opened = np.maximum(np.where(has_baby, with_baby, without), before.opened + 30)
        child = np.where(has_baby, safe, before.child)
        happens = chance(rng, size, np.where(has_baby, _RECURRENCE_WITH_BABY, _RECURRENCE_WITHOUT))
        happens &= (
            (opened <= min(last, HORIZON)) & (people.died[child] > opened) & (people.died[before.mother] > opened)
        )
        happens &= opened - people.born[child] < 18 * _YEAR
        before = _public(before.mother[happens], child[happens], opened[happens])
        rounds.append(before)
    return rounds
