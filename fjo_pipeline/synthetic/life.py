"""What changes in a life: surnames by marriage and divorce, and homes by leaving, moving in and moving on."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fjo_pipeline.synthetic.couples import HORIZON, People, Unions
from fjo_pipeline.synthetic.names import ENGLAND
from fjo_pipeline.synthetic.streams import NEVER, Ints, Timeline, chance, day, stream

_YEAR = 365.25
_MOVES_A_YEAR = 0.085
_FIRST_RECORDED = day(1996)


@dataclass(frozen=True)
class NameSpells:
    """The surnames a person has borne: one entry a spell, -1 where the surname is not double-barrelled."""

    person: Ints
    since: Ints
    surname: Ints
    second_surname: Ints

    @cached_property
    def timeline(self) -> Timeline:
        """The spells ordered in time."""
        return Timeline(self.person, self.since)


@dataclass(frozen=True)
class HomeSpells:
    """The homes a person has had: one entry a spell, since 1996 or before."""

    person: Ints
    since: Ints
    dwelling: Ints

    @cached_property
    def timeline(self) -> Timeline:
        """The spells ordered in time."""
        return Timeline(self.person, self.since)


def build_names(seed: int, people: People, unions: Unions) -> NameSpells:
    """Surnames at birth, after marriage (taken, joined by a hyphen, or kept) and after divorce."""
    rng = stream(seed, "surnames")
    wed = np.flatnonzero(unions.married < NEVER)
    style = rng.random(len(wed))
    woman, man = unions.woman[wed], unions.man[wed]
    taken, joined = style < 0.72, (style >= 0.72) & (style < 0.80)
    changes = taken | joined
    own, his = people.surname[woman], people.surname[man]
    reverts = changes & (unions.ended[wed] < NEVER) & chance(rng, len(wed), 0.35)
    everyone = np.arange(len(people))
    return NameSpells(
        np.concatenate([everyone, woman[changes], woman[reverts]]),
        np.concatenate([people.born, unions.married[wed][changes], unions.ended[wed][reverts] + 90]),
        np.concatenate([people.surname, np.where(taken, his, own)[changes], own[reverts]]),
        np.concatenate(
            [people.second_surname, np.where(taken, -1, his)[changes], people.second_surname[woman[reverts]]]
        ),
    )


def build_homes(seed: int, people: People, unions: Unions, dwellings: tuple[int, int]) -> HomeSpells:
    """Homes over time. Children live where their mother lives, partners where the woman lives, others by themselves."""
    rng = stream(seed, "homes")
    leaves = _leaving(rng, people, unions)
    moves = _moves(rng, people, leaves, dwellings)
    person, since, owner = _hosts(people, unions, leaves)
    until = Timeline(person, since).ends()
    recent = (until > _FIRST_RECORDED) & (since < until)
    return _expand(person[recent], since[recent], until[recent], owner[recent], moves)


def _leaving(rng: np.random.Generator, people: People, unions: Unions) -> Ints:
    leaves = people.born + ((17.5 + rng.gamma(2.0, 2.0, len(people))) * _YEAR).astype(np.int64)
    np.minimum.at(leaves, unions.woman, unions.started)
    np.minimum.at(leaves, unions.man, unions.started)
    return np.where(people.mother < 0, people.born, leaves)


def _moves(rng: np.random.Generator, people: People, leaves: Ints, dwellings: tuple[int, int]) -> HomeSpells:
    """A home of one's own from leaving on, and the moves after it, most of them not far."""
    size = len(people)
    start = np.maximum(leaves, _FIRST_RECORDED)
    end = np.minimum(people.died, HORIZON)
    count = rng.poisson(np.maximum(end - start, 0) / _YEAR * _MOVES_A_YEAR)
    person = np.concatenate([np.arange(size), np.repeat(np.arange(size), count)])
    later = np.repeat(start, count) + (rng.random(int(count.sum())) * np.repeat(end - start, count)).astype(np.int64)
    near = _neighbourhoods(rng, people)
    nation = people.nation[person]
    room = np.array(dwellings)[nation]
    far = chance(rng, len(person), 0.2)
    nearby = np.maximum(0.002, 300 / np.array(dwellings))
    place = np.where(far, rng.random(len(person)), near[person] + rng.normal(0, 1, len(person)) * nearby[nation]) % 1.0
    offset = np.where(nation == ENGLAND, 0, dwellings[ENGLAND])
    return HomeSpells(person, np.concatenate([leaves, later]), offset + (place * room).astype(np.int64))


def _neighbourhoods(rng: np.random.Generator, people: People) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    near = rng.random(len(people))
    step = rng.normal(0, 0.003, len(people))
    for _ in range(5):  # once a generation
        near = np.where(people.mother >= 0, near[people.mother] + step, near)
    return np.asarray(near % 1.0)


def _hosts(people: People, unions: Unions, leaves: Ints) -> tuple[Ints, Ints, Ints]:
    """(person, since, owner): in whose home each person lives from when on."""
    child = np.flatnonzero(people.mother >= 0)
    everyone = np.arange(len(people))
    split = np.flatnonzero(unions.ended < NEVER)
    person = np.concatenate([child, everyone, unions.man, unions.man[split]])
    since = np.concatenate([people.born[child], leaves, unions.started, unions.ended[split]])
    owner = np.concatenate([people.mother[child], everyone, unions.woman, unions.man[split]])
    return person, since, owner


def _expand(person: Ints, since: Ints, until: Ints, owner: Ints, moves: HomeSpells) -> HomeSpells:
    """Each stay split at its owner's moves."""
    order = moves.timeline.order
    own, day_of = moves.person[order], moves.since[order]
    key = (own << 21) + (day_of + 2**18)
    first = np.searchsorted(key, (owner << 21) + (since + 2**18), side="right") - 1
    first = np.maximum(first, np.searchsorted(own, owner, side="left"))
    last = np.searchsorted(key, (owner << 21) + (until + 2**18), side="left")
    count = np.maximum(last - first, 1)
    stay = np.repeat(np.arange(len(person)), count)
    step = np.arange(len(stay)) - np.repeat(np.cumsum(count) - count, count)
    at = first[stay] + step
    begins = np.where(step == 0, since[stay], np.maximum(day_of[at], since[stay]))
    kept = np.where(step + 1 < count[stay], day_of[np.minimum(at + 1, len(order) - 1)], until[stay]) > _FIRST_RECORDED
    return HomeSpells(person[stay][kept], begins[kept], moves.dwelling[order][at][kept])
