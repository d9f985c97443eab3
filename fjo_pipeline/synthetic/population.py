"""The people of England and Wales in miniature: generations, unions, children, twins, names and deaths."""

from dataclasses import fields

import numpy as np

from fjo_pipeline.synthetic.couples import HORIZON, People, Unions, partners, union_dates, union_keys
from fjo_pipeline.synthetic.names import draw_forenames, draw_pools, draw_surnames, name_tables
from fjo_pipeline.synthetic.streams import NEVER, Ints, chance, choose, day, rank_within, stream

_YEAR = 365.25
_GENERATIONS = 5
_WELSH_SHARE = 0.25
_PARITY = (0.18, 0.19, 0.34, 0.17, 0.08, 0.03, 0.01)
# More young mothers than in the country: a small world has to supply as many as courts see [R].
_FIRST_BIRTH = ((15, 5, 0.24), (20, 5, 0.28), (25, 5, 0.24), (30, 5, 0.16), (35, 7, 0.08))


def join(parts: list[People]) -> People:
    """Several groups of people as one, in order."""
    return People(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(People)))


def build_people(seed: int, size: int) -> tuple[People, Unions]:
    """Exactly `size` people, families first, the rest without kin in the world, and the couples among them."""
    founders = 0.26 * size
    people, unions = _families(seed, int(founders))
    while len(people) > size:
        founders *= 0.97 * size / len(people)
        people, unions = _families(seed, int(founders))
    return join([people, _founders(stream(seed, "singles"), size - len(people), 1935, 2000, migrants=True)]), unions


def _families(seed: int, size: int) -> tuple[People, Unions]:
    generation = _founders(stream(seed, "founders", 0), size, 1930, 1965, migrants=False)
    everyone, couples, offset = [generation], [], 0
    for number in range(1, _GENERATIONS):
        rng = stream(seed, "generation", number)
        unions, children = _next_generation(rng, generation, offset)
        couples.append(unions)
        offset += len(generation)
        arrivals = _founders(rng, int(size * (0.12, 0.16, 0.04, 0.0)[number - 1]), 1945 + 18 * number, 1990, True)
        generation = join([children, arrivals])
        everyone.append(generation)
    columns = (np.concatenate([getattr(part, field.name) for part in couples]) for field in fields(Unions))
    return _named_apart(join(everyone)), Unions(*columns)


def _founders(rng: np.random.Generator, size: int, first: int, last: int, migrants: bool) -> People:
    nation = chance(rng, size, _WELSH_SHARE).astype(np.int64)
    pool = draw_pools(rng, nation, migrants)
    sex = rng.integers(1, 3, size)
    born = rng.integers(day(min(first, last - 5)), day(last), size)
    none = np.full(size, -1, dtype=np.int64)
    return _person(rng, sex, born, none, none, nation, pool, draw_surnames(rng, pool), none)


def _person(
    rng: np.random.Generator, sex: Ints, born: Ints, mother: Ints, father: Ints, nation: Ints, pool: Ints,
    surname: Ints, second_surname: Ints,
) -> People:  # fmt: skip
    year = 1970 + (born / _YEAR).astype(np.int64)
    size = len(sex)
    middle = np.where(chance(rng, size, 0.74), draw_forenames(rng, pool, sex, year), -1)
    second = np.where((middle >= 0) & chance(rng, size, 0.15), draw_forenames(rng, pool, sex, year - 25), -1)
    forename = draw_forenames(rng, pool, sex, year)
    return People(
        sex, born, _deaths(rng, born), mother, father, nation, pool, forename, middle, second, surname, second_surname
    )


def _deaths(rng: np.random.Generator, born: Ints) -> Ints:
    size = len(born)
    age = np.where(chance(rng, size, 0.004), rng.random(size), 88.0 - 9.5 * rng.gumbel(size=size))
    died = born + np.maximum(age * _YEAR, 0).astype(np.int64)
    return np.where(died > HORIZON, NEVER, died)


def _next_generation(rng: np.random.Generator, parents: People, offset: int) -> tuple[Unions, People]:
    women = np.flatnonzero(parents.sex == 2)
    parity = choose(rng, len(women), _PARITY)
    mother = np.repeat(women, parity)
    ordinal = rank_within(mother)
    born, twin = _births(rng, parents.born[mother], ordinal)
    age = (born - parents.born[mother]) / _YEAR
    keep = (born <= HORIZON) & (age < 46)
    mother, ordinal, born, twin = mother[keep], ordinal[keep], born[keep], twin[keep]
    union_key, union_of_child = np.unique(union_keys(rng, mother, ordinal), return_inverse=True)
    woman = union_key // 2
    man = partners(rng, parents, woman, union_key % 2)
    unions = union_dates(rng, parents, woman, man, union_of_child, born)
    children = _children(rng, parents, unions, union_of_child, born, twin)
    shifted = Unions(unions.woman + offset, unions.man + offset, unions.started, unions.ended, unions.married)
    moved = {field.name: getattr(children, field.name) for field in fields(People)}
    moved["mother"], moved["father"] = children.mother + offset, children.father + offset
    return shifted, People(**moved)


def _births(rng: np.random.Generator, mother_born: Ints, ordinal: Ints) -> tuple[Ints, Ints]:
    size = len(ordinal)
    band = choose(rng, size, [share for _, _, share in _FIRST_BIRTH])
    base = np.array([start for start, _, _ in _FIRST_BIRTH])[band]
    width = np.array([width for _, width, _ in _FIRST_BIRTH])[band]
    twin = (ordinal > 0) & chance(rng, size, 0.015)
    later = (1.0 + rng.gamma(2.0, 1.05, size)) * _YEAR
    step = np.where(ordinal == 0, (base + width * rng.random(size)) * _YEAR, np.where(twin, 0, later)).astype(np.int64)
    total = np.cumsum(step)
    starts = np.flatnonzero(ordinal == 0)
    before = np.repeat((total - step)[starts], np.diff(np.r_[starts, size])) if size else total
    return mother_born + total - before, twin.astype(np.int64)


def _children(
    rng: np.random.Generator, parents: People, unions: Unions, union_of_child: Ints, born: Ints, twin: Ints
) -> People:
    size = len(born)
    mother, father = unions.woman[union_of_child], unions.man[union_of_child]
    sex = 1 + chance(rng, size, 0.488).astype(np.int64)
    pool = np.where(chance(rng, size, 0.5), parents.pool[mother], parents.pool[father])
    nation = parents.nation[mother]
    # One draw a couple, so that full siblings share their surname.
    style = rng.random(len(unions.woman))[union_of_child]
    married = unions.married[union_of_child] < NEVER
    from_mother = ~married & (style < 0.32)
    doubled = (style > 0.93) & (parents.surname[mother] != parents.surname[father])
    surname = np.where(from_mother | doubled, parents.surname[mother], parents.surname[father])
    second = np.where(doubled, parents.surname[father], -1)
    people = _person(rng, sex, born, mother, father, nation, pool, surname, second)
    forename = people.forename
    named_for_father = (sex == 1) & chance(rng, size, 0.04)
    forename = np.where(named_for_father, parents.forename[father], forename)
    moved = {field.name: getattr(people, field.name) for field in fields(People)}
    moved["forename"], moved["sex"] = _twin_names(rng, forename, sex, twin)
    return People(**moved)


def _twin_names(rng: np.random.Generator, forename: Ints, sex: Ints, twin: Ints) -> tuple[Ints, Ints]:
    """Some twins of one sex are named alike (Ella and Ellie): the pairs that linkage must keep apart."""
    before = np.r_[-1, forename[:-1]] if len(forename) else forename
    sex_before = np.r_[0, sex[:-1]] if len(sex) else sex
    sex = np.where((twin == 1) & chance(rng, len(sex), 0.35), sex_before, sex)
    alike = name_tables().twin_name[before]
    chosen = (twin == 1) & (sex == sex_before) & (alike >= 0) & chance(rng, len(sex), 0.5)
    return np.where(chosen, alike, forename), sex


def _named_apart(people: People) -> People:
    """Siblings of one forename exchange it for the first one's middle name, or the next name in the table."""
    key = people.mother * 10**6 + people.forename
    order = np.argsort(key, kind="stable")
    again = np.zeros(len(people), dtype=bool)
    again[order[1:]] = (key[order][1:] == key[order][:-1]) & (people.mother[order][1:] >= 0)
    swap = again & (people.middle >= 0)
    moved = {field.name: getattr(people, field.name) for field in fields(People)}
    moved["forename"] = np.where(swap, people.middle, people.forename)
    moved["middle"] = np.where(swap, people.forename, people.middle)
    return People(**moved)
