"""Ethnicity, religion, nationality, language and disability as ECMS records them: special-access tables."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from fjo_pipeline.synthetic import error_rates as rates
from fjo_pipeline.synthetic.couples import People
from fjo_pipeline.synthetic.dirt import copied
from fjo_pipeline.synthetic.docket import Docket
from fjo_pipeline.synthetic.lookups import type_ids
from fjo_pipeline.synthetic.names import POOLS
from fjo_pipeline.synthetic.streams import Bools, Ints, chance, choose, day, scramble, stream

_DATASET = "cafcass_england_ecms"
_ETHNICITY_FROM = day(2017)

# The likely values by name pool, the first the likeliest [R].
_LIKELY: dict[str, tuple[tuple[int, ...], ...]] = {
    "ETHNICITIES": ((1, 1, 1, 4, 5), (1, 1, 1, 1, 2), (10, 9, 11, 10, 13), (14, 15, 16, 5, 6), (4, 4, 4, 20, 4),
                    (12, 12, 12, 7, 13), (3, 17, 18, 8, 4)),
    "RELIGIONS": ((13, 13, 3, 20, 14), (13, 13, 4, 10, 14), (12, 12, 6, 22, 12), (14, 17, 12, 12, 20),
                  (20, 20, 21, 13, 20), (13, 2, 13, 14, 13), (20, 12, 12, 15, 20)),
    "NATIONALITIES": ((1, 1, 1, 1, 84), (1, 1, 1, 1, 1), (1, 1, 140, 80, 15), (1, 1, 131, 67, 175),
                      (148, 153, 104, 24, 1), (1, 33, 33, 1, 1), (1, 84, 200, 83, 149)),
    "LANGUAGES": ((1, 1, 1, 1, 1), (1, 1, 1, 2, 2), (1, 1, 725, 549, 70), (1, 1, 1, 618, 790), (544, 571, 424, 1, 95),
                  (1, 120, 451, 1, 1), (1, 33, 705, 545, 380)),
}  # fmt: skip
_COLUMNS = {"ETHNICITIES": "ETHNICITYTYPE_ID", "RELIGIONS": "RELIGIONTYPE_ID", "NATIONALITIES": "NATIONALITYTYPE_ID",
            "LANGUAGES": "LANGUAGETYPE_ID", "DISABILITIES": "DISABILITYTYPE_ID"}  # fmt: skip
_RECORDED = {"RELIGIONS": rates.RELIGION_RECORDED, "NATIONALITIES": rates.NATIONALITY_RECORDED,
             "LANGUAGES": rates.LANGUAGE_RECORDED, "DISABILITIES": rates.DISABILITY_RECORDED}  # fmt: skip
_UNKNOWN = {"ETHNICITIES": (19, 22), "RELIGIONS": (23, 24), "NATIONALITIES": (229, 230), "LANGUAGES": (814, 815),
            "DISABILITIES": (12, 20, 23)}  # fmt: skip
_NO_DISABILITY = 19
_DISABLED = 0.16


@dataclass(frozen=True)
class Recorded:
    """One entry a recorded value: the position of the person in the docket, the value, who said so."""

    at: Ints
    value: Ints
    source: Ints


def characteristic_tables(seed: int, docket: Docket, people: People, until: int) -> dict[str, pa.Table]:
    """The five tables at a refresh."""
    return {name: _table(seed, docket, people, until, name) for name in _COLUMNS}


def _table(seed: int, docket: Docket, people: People, until: int, name: str) -> pa.Table:
    rows = _recorded(stream(seed, _DATASET, name), docket, people, name)
    row = copied(seed, _DATASET, name, len(rows.at))
    shown = (docket.first_seen[rows.at] <= until)[row]
    at = row[shown]
    return pa.table({
        "ID": scramble(np.flatnonzero(shown), seed, _DATASET, name),
        "PERSON_ID": scramble(docket.person[rows.at[at]], seed, _DATASET, "person"),
        _COLUMNS[name]: rows.value[at],
        "SOURCE_ID": rows.source[at],
    })  # fmt: skip


def _recorded(rng: np.random.Generator, docket: Docket, people: People, name: str) -> Recorded:
    size = len(docket.person)
    share = _RECORDED.get(name, 0.0)
    if name == "ETHNICITIES":
        late = docket.first_seen >= _ETHNICITY_FROM
        has = chance(rng, size, np.where(late, rates.ETHNICITY_RECORDED, rates.ETHNICITY_RECORDED_BEFORE))
    else:
        has = chance(rng, size, share)
    at = np.flatnonzero(has)
    value = (
        _disabilities(rng, len(at)) if name == "DISABILITIES" else _values(rng, people.pool[docket.person[at]], name)
    )
    unknown = chance(rng, len(at), rates.CHARACTERISTIC_UNKNOWN)
    value = np.where(unknown, rng.choice(_UNKNOWN[name], len(at)), value)
    more_at, more = _more_values(rng, at, value, name)
    at, value = np.r_[at, more_at], np.r_[value, more]
    return Recorded(at, value, rng.integers(1, 6, len(at)))


def recorded_value(rng: np.random.Generator, person: Ints, people: People, name: str) -> tuple[Ints, Bools]:
    """One value for each person, as a system with a column a characteristic has it before 2017, and who has one."""
    size = len(person)
    value = _disabilities(rng, size) if name == "DISABILITIES" else _values(rng, people.pool[person], name)
    value = np.where(chance(rng, size, rates.CHARACTERISTIC_UNKNOWN), rng.choice(_UNKNOWN[name], size), value)
    return value, chance(rng, size, _RECORDED.get(name, rates.ETHNICITY_RECORDED_BEFORE))


def _values(rng: np.random.Generator, pool: Ints, name: str) -> Ints:
    table = np.array(_LIKELY[name])
    assert len(table) == len(POOLS)
    value = table[pool, choose(rng, len(pool), (0.62, 0.14, 0.10, 0.08, 0.06))]
    any_value = np.setdiff1d(type_ids(name.lower()), _UNKNOWN[name])
    return np.where(chance(rng, len(pool), rates.CHARACTERISTIC_OF_ANYBODY), rng.choice(any_value, len(pool)), value)


def _disabilities(rng: np.random.Generator, size: int) -> Ints:
    every = np.setdiff1d(type_ids("disabilities"), [*_UNKNOWN["DISABILITIES"], _NO_DISABILITY])
    return np.where(chance(rng, size, _DISABLED), rng.choice(every, size), _NO_DISABILITY)


def _more_values(rng: np.random.Generator, at: Ints, value: Ints, name: str) -> tuple[Ints, Ints]:
    """Second entries: another known value only where domain.md allows one, else an unknown beside the known."""
    known = ~np.isin(value, _UNKNOWN[name])
    both = known & chance(rng, len(at), rates.SECOND_CHARACTERISTIC.get(name, 0.0))
    others = np.setdiff1d(type_ids(name.lower()), _UNKNOWN[name])
    other = rng.choice(others, len(at))
    both &= other != value
    beside = known & ~both & chance(rng, len(at), rates.UNKNOWN_BESIDE_KNOWN) & (name != "NATIONALITIES")
    unknown = np.full(int(beside.sum()), _UNKNOWN[name][-1])
    return np.r_[at[both], at[beside]], np.r_[other[both], unknown]
