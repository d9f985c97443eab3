"""Who belongs to a set of proceedings: its children, their parents and grandparents, and how many in all."""

from dataclasses import dataclass

import numpy as np

from fjo_pipeline.synthetic.cafcass_families import PRIVATE, PUBLIC, Children, Episodes
from fjo_pipeline.synthetic.couples import People, Unions
from fjo_pipeline.synthetic.error_rates import (
    FATHER_NAMED_PUBLIC,
    MOTHER_NAMED_PUBLIC,
    PEOPLE_ON_NO_APPLICATION_OF_RELATIVES,
)
from fjo_pipeline.synthetic.streams import NEVER, Bools, Ints, System, chance, stream

SUBJECT, MOTHER, FATHER, OTHER_CHILD, GRANDPARENT = range(5)
_YEAR = 365.25


@dataclass(frozen=True)
class Members:
    """Who belongs to a case and as what: SUBJECT, MOTHER, FATHER, OTHER_CHILD or GRANDPARENT."""

    case: Ints
    person: Ints
    part: Ints


def find_members(
    seed: int, system: System, people: People, unions: Unions, children: Children, episodes: Episodes
) -> Members:
    """The members of each episode: its subjects, some of their brothers and sisters, and the adults."""
    rng = stream(seed, "members", system)
    case, child = children.of(episodes.mother)
    age = episodes.opened[case] - people.born[child]
    private = episodes.law[case] == PRIVATE
    man = np.where(private, unions.man[np.maximum(episodes.union[case], 0)], -1)
    of_couple = ~private | (people.father[child] == man)
    living = (age >= 0) & (age < np.where(private, 16, 18) * _YEAR) & (people.died[child] > episodes.opened[case])
    index = child == episodes.child[case]
    sibling = living & of_couple & ~index
    extra = np.array(
        [0.0, 0.75, 0.50]
    )  # 1.72 children per s31 case, 1.49 per private application [D], after the adopted are out
    share = np.zeros(3)
    for law in (PUBLIC, PRIVATE):
        of_law = sibling & (episodes.law[case] == law)
        share[law] = min(1.0, extra[law] * np.count_nonzero(episodes.law == law) / max(np.count_nonzero(of_law), 1))
    subject = index | (sibling & chance(rng, len(child), share[episodes.law[case]]))
    older = np.clip(age / (14 * _YEAR), 0, 1)
    beside = ~subject & living & chance(rng, len(child), 0.09 + 0.36 * older)
    subjects = Members(case[subject], child[subject], np.full(int(subject.sum()), SUBJECT))
    others = Members(case[beside], child[beside], np.full(int(beside.sum()), OTHER_CHILD))
    return _join_members([subjects, others, *_adults(rng, people, episodes, subjects)])


def _adults(rng: np.random.Generator, people: People, episodes: Episodes, subjects: Members) -> list[Members]:
    everyone = np.arange(len(episodes))
    public = episodes.law == PUBLIC
    with_mother = everyone[chance(rng, len(everyone), MOTHER_NAMED_PUBLIC) | ~public]
    pair = np.unique((subjects.case << 32) + np.maximum(people.father[subjects.person], 0))
    case, father = pair >> 32, pair & (2**32 - 1)
    known = (people.died[father] > episodes.opened[case]) & (people.born[father] < episodes.opened[case] - 15 * _YEAR)
    known &= chance(rng, len(case), np.where(public[case], FATHER_NAMED_PUBLIC, 1.0))
    grandmother = people.mother[episodes.mother]
    alive = (grandmother >= 0) & (people.died[np.maximum(grandmother, 0)] > episodes.opened)
    called = everyone[alive & chance(rng, len(everyone), np.where(public, 0.24, 0.06))]
    grandfather = people.father[episodes.mother]
    with_her = called[(people.died[grandfather[called]] > episodes.opened[called]) & chance(rng, len(called), 0.5)]
    return [
        Members(with_mother, episodes.mother[with_mother], np.full(len(with_mother), MOTHER)),
        Members(case[known], father[known], np.full(int(known.sum()), FATHER)),
        Members(called, grandmother[called], np.full(len(called), GRANDPARENT)),
        Members(with_her, grandfather[with_her], np.full(len(with_her), GRANDPARENT)),
    ]


def _join_members(parts: list[Members]) -> Members:
    case, person, part = (np.concatenate([getattr(p, name) for p in parts]) for name in ("case", "person", "part"))
    order = np.lexsort((person, part, case))
    return Members(case[order], person[order], part[order])


def within(seed: int, system: System, limit: int, episodes: Episodes, members: Members) -> tuple[Episodes, Members]:
    """Whole families, in random order, as long as no more than `limit` people come in."""
    mothers, family = np.unique(episodes.mother, return_inverse=True)
    rank = stream(seed, "families", system).permutation(len(mothers))[family]
    order = np.argsort(rank[members.case], kind="stable")
    people_in_order = members.person[order]
    _, first = np.unique(people_in_order, return_index=True)
    new = np.zeros(len(order), dtype=np.int64)
    new[first] = 1
    reached = np.cumsum(np.bincount(rank[members.case[order]], weights=new, minlength=len(mothers)))
    kept = reached[rank] <= limit
    number = np.cumsum(kept) - 1
    inside = kept[members.case]
    chosen = Episodes(*(column[kept] for column in (
        episodes.law, episodes.mother, episodes.union, episodes.child, episodes.opened)))  # fmt: skip
    return chosen, Members(number[members.case[inside]], members.person[inside], members.part[inside])


def without_placed(opened: Ints, closed: Ints, placed: Bools, members: Members) -> Members:
    """Without children who had been placed for adoption: they come no more to their first mother's cases.

    `opened`, `closed` and `placed` (this case ended so for its subjects) have one entry a case.
    """
    child = np.isin(members.part, (SUBJECT, OTHER_CHILD))
    ending = np.flatnonzero(placed[members.case] & (members.part == SUBJECT))
    end = np.full(int(members.person.max(initial=0)) + 1, NEVER, dtype=np.int64)
    np.minimum.at(end, members.person[ending], closed[members.case[ending]])
    gone = child & (opened[members.case] > end[members.person])
    return Members(members.case[~gone], members.person[~gone], members.part[~gone])


def named_on_applications(seed: int, system: System, size: int, members: Members) -> Members:
    """All but a few relatives, who are in the records of people and on no application."""
    absent = chance(stream(seed, "on no application", system), size, PEOPLE_ON_NO_APPLICATION_OF_RELATIVES)
    kept = ~(absent[members.person] & np.isin(members.part, (OTHER_CHILD, GRANDPARENT)))
    return Members(members.case[kept], members.person[kept], members.part[kept])
