"""Who is what to whom in a nation's cases: relationships stored both ways, with the oddities of real records."""

from dataclasses import dataclass

import numpy as np

from fjo_pipeline.synthetic import error_rates as rates
from fjo_pipeline.synthetic.cafcass_cases import Court
from fjo_pipeline.synthetic.cafcass_families import PRIVATE
from fjo_pipeline.synthetic.cafcass_members import FATHER, MOTHER, SUBJECT
from fjo_pipeline.synthetic.couples import People
from fjo_pipeline.synthetic.streams import NEVER, Bools, Ints, chance, rank_within, stream

PARENT, CHILD, GRANDPARENT_OF, GRANDCHILD, STEP_PARENT, STEP_CHILD = 1, 2, 3, 4, 14, 15
PARTNER, FORMER_PARTNER, FRIEND, SIBLING, TWIN, HALF_SIBLING = 20, 21, 24, 34, 35, 40
_INVERSE = {PARENT: CHILD, CHILD: PARENT, GRANDPARENT_OF: GRANDCHILD, GRANDCHILD: GRANDPARENT_OF,
            STEP_PARENT: STEP_CHILD, STEP_CHILD: STEP_PARENT}  # fmt: skip


@dataclass(frozen=True)
class Relationships:
    """One entry a directed pair: `kind` says what `related` is to `person`; `since` is the day of record."""

    person: Ints
    related: Ints
    kind: Ints
    since: Ints


def build_relationships(seed: int, people: People, court: Court) -> Relationships:
    """The relationships of a court's people, at most fourteen a person, and somebody with exactly fourteen."""
    rng = stream(seed, "relationships", court.system)
    person, related, kind, since = _pairs(rng, people, court)
    extra = _second_parents(rng, people, court)
    parts = [np.concatenate(both) for both in zip((person, related, kind, since), extra, strict=True)]
    low, high, kind, since = _capped(*parts)
    low, high, kind, since = _fullest(court, low, high, kind, since)
    inverse = _inverses(kind)
    both = Relationships(np.r_[low, high], np.r_[high, low], np.r_[kind, inverse], np.r_[since, since])
    order = np.lexsort((both.kind, both.related, both.person))
    return Relationships(both.person[order], both.related[order], both.kind[order], both.since[order])


def first_seen(court: Court, size: int) -> Ints:
    """The day each person of the world first came into a case of this court; NEVER for all others."""
    result = np.full(size, NEVER, dtype=np.int64)
    np.minimum.at(result, court.members.person, court.cases.opened[court.members.case])
    return result


def _inverses(kind: Ints) -> Ints:
    table = np.arange(100)
    table[list(_INVERSE)] = list(_INVERSE.values())
    return table[kind]


def _pairs(rng: np.random.Generator, people: People, court: Court) -> tuple[Ints, Ints, Ints, Ints]:
    """Each unordered pair of a case's members once, at its first case, with what the second is to the first."""
    members = court.members
    _, first, count = np.unique(members.case, return_index=True, return_counts=True)
    repeats = np.repeat(count, count)
    left = np.repeat(np.arange(len(members.case)), repeats)
    right = (
        np.repeat(np.repeat(first, count), repeats)
        + np.arange(len(left))
        - np.repeat(np.cumsum(repeats) - repeats, repeats)
    )
    below = members.person[left] < members.person[right]
    left, right = left[below], right[below]
    since = court.cases.opened[members.case[left]]
    kind = _kinds(people, court, left, right)
    key = (members.person[left] << 32) + members.person[right]
    order = np.lexsort((since, key))
    order = order[kind[order] > 0]
    fresh = np.r_[True, key[order][1:] != key[order][:-1]] if len(order) else np.zeros(0, dtype=bool)
    order = order[fresh]
    order = order[~chance(rng, len(order), rates.RELATIONSHIP_MISSING)]
    kind = kind[order]
    recorded = rates.HALF_SIBLING_RECORDED_AS
    drawn = rng.choice(list(recorded), len(kind), p=list(recorded.values()))
    kind = np.where(kind == HALF_SIBLING, drawn, kind)
    return members.person[left][order], members.person[right][order], kind, since[order]


def _kinds(people: People, court: Court, left: Ints, right: Ints) -> Ints:
    members = court.members
    a, b = members.person[left], members.person[right]
    private = court.cases.law[members.case[left]] == PRIVATE
    adults = np.isin(members.part[left], (MOTHER, FATHER)) & np.isin(members.part[right], (MOTHER, FATHER))
    couple = adults & (members.part[left] != members.part[right])
    same_mother = (people.mother[a] == people.mother[b]) & (people.mother[a] >= 0)
    same_father = (people.father[a] == people.father[b]) & (people.father[a] >= 0)
    twins = same_mother & (np.abs(people.born[a] - people.born[b]) <= 1)
    rules = [
        ((people.mother[a] == b) | (people.father[a] == b), PARENT),
        ((people.mother[b] == a) | (people.father[b] == a), CHILD),
        (twins, TWIN),
        (same_mother & same_father, SIBLING),
        (same_mother | same_father, HALF_SIBLING),
        (_mothers_parent(people, a, b), GRANDPARENT_OF),
        (_mothers_parent(people, b, a), GRANDCHILD),
        (couple & private, FORMER_PARTNER),
        (couple, PARTNER),
        ((members.part[right] == FATHER) & ~adults & (members.part[left] <= SUBJECT), STEP_PARENT),
        ((members.part[left] == FATHER) & ~adults & (members.part[right] <= SUBJECT), STEP_CHILD),
    ]
    return np.select([rule for rule, _ in rules], [kind for _, kind in rules], 0)


def _mothers_parent(people: People, child: Ints, other: Ints) -> Bools:
    mother = np.maximum(people.mother[child], 0)
    grandparent = (people.mother[mother] == other) | (people.father[mother] == other)
    return np.asarray((people.mother[child] >= 0) & grandparent)


def _second_parents(rng: np.random.Generator, people: People, court: Court) -> tuple[Ints, Ints, Ints, Ints]:
    """A second mother or father for some children: another adult who was known to the court before."""
    members = court.members
    since = court.cases.opened[members.case]
    child, first = np.unique(members.person[members.part == SUBJECT], return_index=True)
    from_day = since[members.part == SUBJECT][first]
    parts = []
    for part, share in ((MOTHER, rates.SECOND_MOTHER), (FATHER, rates.SECOND_FATHER)):
        chosen = np.flatnonzero(chance(rng, len(child), share))
        adults = np.flatnonzero(members.part == part)
        if not len(adults) or not len(chosen):
            continue
        adults = adults[np.argsort(since[adults], kind="stable")]
        reach = np.searchsorted(since[adults], from_day[chosen], side="right")
        other = members.person[adults[(rng.random(len(chosen)) * reach).astype(np.int64)]]
        stranger = (reach > 0) & (people.mother[child[chosen]] != other) & (people.father[child[chosen]] != other)
        stranger &= child[chosen] != other
        parts.append((child[chosen][stranger], other[stranger], from_day[chosen][stranger]))
    if not parts:
        return tuple(np.zeros(0, dtype=np.int64) for _ in range(4))  # type: ignore[return-value]
    person, related, when = (np.concatenate(column) for column in zip(*parts, strict=True))
    return person, related, np.full(len(person), PARENT), when


def _capped(low: Ints, high: Ints, kind: Ints, since: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Without the latest relationships of anybody who has more than the most that users' loops allow for."""
    keep = np.ones(len(low), dtype=bool)
    pair = np.arange(len(low))
    person, of = np.r_[low, high], np.r_[pair, pair]
    order = np.lexsort((of, np.r_[since, since], person))
    over = rank_within(person[order]) >= rates.MOST_RELATIONSHIPS
    keep[of[order][over]] = False
    return low[keep], high[keep], kind[keep], since[keep]


def _fullest(court: Court, low: Ints, high: Ints, kind: Ints, since: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Friends for one early child, up to exactly the most: users reshape wide and name all fourteen columns."""
    members = court.members
    order = np.lexsort((members.person, court.cases.opened[members.case]))
    distinct, first = np.unique(members.person[order], return_index=True)
    early = distinct[np.argsort(first, kind="stable")][:200]
    if len(early) < 2 * rates.MOST_RELATIONSHIPS:
        return low, high, kind, since
    seen = first_seen(court, int(members.person.max()) + 1)
    subjects = np.isin(early, members.person[members.part == SUBJECT]) & (np.arange(len(early)) >= 20)
    child = int(early[np.flatnonzero(subjects)[0]])
    when = int(seen[child])
    stale = ((low == child) | (high == child)) & (since > when)
    low, high, kind, since = low[~stale], high[~stale], kind[~stale], since[~stale]
    count = np.bincount(np.r_[low, high], minlength=len(seen))
    own = np.r_[high[low == child], low[high == child]]
    strangers = early[(early != child) & ~np.isin(early, own) & (seen[early] <= when)]
    strangers = strangers[count[strangers] < rates.MOST_RELATIONSHIPS]
    friends = strangers[: rates.MOST_RELATIONSHIPS - int(count[child])]
    new = len(friends)
    return (
        np.r_[low, np.full(new, child)], np.r_[high, friends], np.r_[kind, np.full(new, FRIEND)],
        np.r_[since, np.full(new, when)],
    )  # fmt: skip
