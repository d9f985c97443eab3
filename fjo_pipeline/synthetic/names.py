"""Name pools: forenames by pool, sex and era, and surnames by pool, each with a Zipf-like frequency."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import yaml

from fjo_pipeline.synthetic.streams import Floats, Ints, choose

POOLS = ("british", "welsh", "south_asian", "black", "east_european", "chinese", "mixed_traveller")
ENGLAND, WALES = 0, 1


@cache
def load_data(name: str) -> dict[str, Any]:
    """One of the YAML files that stand in this package's data folder, read once a process."""
    loaded: dict[str, Any] = yaml.safe_load((files("fjo_pipeline.synthetic") / "data" / name).read_text("utf-8"))
    return loaded


@dataclass(frozen=True)
class NameTables:
    """Texts by code, and for each (pool, sex, era) the codes in falling order of frequency."""

    forenames: tuple[str, ...]
    surnames: tuple[str, ...]
    forename_lists: dict[tuple[int, int], list[tuple[int, Ints]]]
    surname_lists: dict[int, Ints]
    nickname: Ints
    twin_name: Ints


@cache
def name_tables() -> NameTables:
    """The tables, read once a process from data/names.yaml."""
    data = load_data("names.yaml")
    forenames: dict[str, int] = {}
    surnames: dict[str, int] = {}
    forename_lists: dict[tuple[int, int], list[tuple[int, Ints]]] = {}
    for pool, name in enumerate(POOLS):
        for sex, word in ((1, "male"), (2, "female")):
            eras = data["forenames"][name][word]
            forename_lists[pool, sex] = [(year, _codes(forenames, eras[year].split())) for year in sorted(eras)]
    surname_lists = {pool: _codes(surnames, _surname_texts(data["surnames"][name])) for pool, name in enumerate(POOLS)}
    nickname = _mapping(forenames, data["nicknames"])
    twin_name = _mapping(forenames, data["twin_names"])
    return NameTables(
        tuple(forenames), tuple(surnames), forename_lists, surname_lists,
        _padded(nickname, len(forenames)), _padded(twin_name, len(forenames)),
    )  # fmt: skip


def _surname_texts(entry: dict[str, str]) -> list[str]:
    listed = entry["listed"].split()
    second = entry.get("second", "").split()
    return listed + [first + end for end in second for first in entry.get("first", "").split()]


def _codes(codes: dict[str, int], texts: list[str]) -> Ints:
    distinct = list(dict.fromkeys(texts))
    return np.array([codes.setdefault(text, len(codes)) for text in distinct], dtype=np.int64)


def _mapping(codes: dict[str, int], pairs: dict[str, str]) -> dict[int, int]:
    return {
        codes.setdefault(name, len(codes)): codes.setdefault(other, len(codes)) for name, other in pairs.items()
    }  # fmt: skip


def _padded(mapping: dict[int, int], size: int) -> Ints:
    result = np.full(size, -1, dtype=np.int64)
    result[list(mapping)] = list(mapping.values())
    return result


def _zipf(size: int, offset: float) -> Floats:
    return np.asarray(1.0 / (np.arange(size, dtype=np.float64) + offset) ** 0.9)


def draw_pools(rng: np.random.Generator, nation: Ints, migrants: bool) -> Ints:
    """A name pool for each person: by nation, or as among migrants."""
    shares = load_data("names.yaml")["pools"]
    columns = ("migrants", "migrants") if migrants else ("england", "wales")
    result = np.empty(len(nation), dtype=np.int64)
    for code, column in enumerate(columns):
        here = np.flatnonzero(nation == code)
        result[here] = choose(rng, len(here), [shares[pool][column] for pool in POOLS])
    return result


def draw_forenames(rng: np.random.Generator, pool: Ints, sex: Ints, born_year: Ints) -> Ints:
    """A forename code for each person, by pool, sex and the era of birth."""
    tables = name_tables()
    result = np.empty(len(pool), dtype=np.int64)
    for (of_pool, of_sex), eras in tables.forename_lists.items():
        last_year = -1
        for year, codes in eras:
            upper = 9999 if year == eras[-1][0] else year
            here = np.flatnonzero((pool == of_pool) & (sex == of_sex) & (born_year > last_year) & (born_year <= upper))
            result[here] = codes[choose(rng, len(here), _zipf(len(codes), 6.0))]
            last_year = upper
    return result


def draw_surnames(rng: np.random.Generator, pool: Ints) -> Ints:
    """A surname code for each person, by pool."""
    result = np.empty(len(pool), dtype=np.int64)
    for of_pool, codes in name_tables().surname_lists.items():
        here = np.flatnonzero(pool == of_pool)
        result[here] = codes[choose(rng, len(here), _zipf(len(codes), 8.0))]
    return result
