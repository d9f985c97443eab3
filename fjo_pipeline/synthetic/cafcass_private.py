"""Which couples come to court in private law, when and about which child, and who of them returns."""

from dataclasses import dataclass

import numpy as np

from fjo_pipeline.synthetic.areas import authority_regions, deprivation_quintiles
from fjo_pipeline.synthetic.cafcass_families import PRIVATE, Children, Episodes, Scope, join_episodes
from fjo_pipeline.synthetic.couples import HORIZON, People, Unions
from fjo_pipeline.synthetic.life import HomeSpells
from fjo_pipeline.synthetic.names import load_data
from fjo_pipeline.synthetic.places import Places
from fjo_pipeline.synthetic.streams import NEVER, Floats, Ints, chance, stream, weighted_sample

_YEAR = 365.25
# Fitted so that 30 % of the cases of 2016/17 have an earlier one [V domain.md §4].
_RETURN = 0.345
_MAXIMUM_AGE = 16
_LEAST_PARENT_AGE = 15


@dataclass(frozen=True)
class Areas:
    """Where people live, and how much likelier couples of each region and deprivation are to come to court."""

    homes: HomeSpells
    places: Places

    def likelier(self, woman: Ints, man: Ints, when: Ints) -> Floats:
        """By how much each couple is likelier: by her region, and by the deprivation of her home and of his."""
        series = load_data("england_series.yaml")
        fifths = deprivation_quintiles(self.places.lsoa)
        by_fifth = np.array(series["private_law_by_deprivation"])
        by_region = np.array(
            [series["private_law_by_region"].get(name, 1.0) for name in authority_regions().to_pylist()]
        )
        homes = [self.homes.dwelling[self.homes.timeline.at(person, when)] for person in (woman, man)]
        result = by_region[self.places.authority(homes[0])]
        for home in homes:
            result = result * by_fifth[fifths[self.places.lsoa_of(home)]]
        return np.asarray(result)


def private_episodes(
    seed: int, nation: int, people: People, unions: Unions, children: Children, scope: Scope, areas: Areas,
    families: int,
) -> Episodes:  # fmt: skip
    """Private-law sets of proceedings after a couple part, and their returns to court."""
    rng = stream(seed, "private", scope.stream_name(nation))
    first, last = scope.first, scope.last
    index_child = _eldest_of_union(people, unions, children)
    size = len(index_child)
    safe = np.maximum(index_child, 0)
    born = people.born[safe]
    parted = unions.ended < NEVER
    after = np.where(parted, unions.ended, born + 200) + rng.exponential(1.3 * _YEAR, size).astype(np.int64)
    opened = np.maximum(after, born + 30)
    possible = (index_child >= 0) & (people.nation[safe] == nation) & (opened >= first)
    possible &= (opened <= min(last, HORIZON)) & (opened - born < _MAXIMUM_AGE * _YEAR)
    possible &= opened - np.maximum(people.born[unions.woman], people.born[unions.man]) > _LEAST_PARENT_AGE * _YEAR
    possible &= (people.died[unions.woman] > opened) & (people.died[unions.man] > opened) & (people.died[safe] > opened)
    # Couples who have not parted are taken only where too few others are left.
    weights = np.where(possible, np.where(parted, 1.0, 0.02), 0.0) * scope.likelier(unions.woman)
    weights *= areas.likelier(unions.woman, unions.man, opened)
    chosen = weighted_sample(rng, weights, families)
    index = _private(unions, chosen, safe[chosen], opened[chosen])
    return join_episodes([index, *_returns(rng, people, unions, index, last)])


def _private(unions: Unions, union: Ints, child: Ints, opened: Ints) -> Episodes:
    return Episodes(np.full(len(union), PRIVATE), unions.woman[union], union, child, opened)


def _eldest_of_union(people: People, unions: Unions, children: Children) -> Ints:
    eldest = np.full(len(unions.woman), -1, dtype=np.int64)
    pair = (unions.woman << 32) + unions.man
    order = np.argsort(pair, kind="stable")
    of_child = (children.mother << 32) + people.father[children.child]
    at = np.minimum(np.searchsorted(pair[order], of_child), len(order) - 1)
    known = pair[order][at] == of_child
    # Written youngest first, so that the eldest stays.
    eldest[order[at[known]][::-1]] = children.child[known][::-1]
    return eldest


def _returns(rng: np.random.Generator, people: People, unions: Unions, index: Episodes, last: int) -> list[Episodes]:
    rounds, before = [], index
    for _ in range(3):
        opened = before.opened + 200 + rng.exponential(1.6 * _YEAR, len(before)).astype(np.int64)
        happens = chance(rng, len(before), _RETURN) & (opened <= min(last, HORIZON))
        happens &= opened - people.born[before.child] < _MAXIMUM_AGE * _YEAR
        happens &= (people.died[before.mother] > opened) & (people.died[before.child] > opened)
        before = _private(unions, before.union[happens], before.child[happens], opened[happens])
        rounds.append(before)
    return rounds
