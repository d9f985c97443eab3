"""A person as a court file has them at a day: names, date of birth, sex and address, with the errors of error_rates."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fjo_pipeline.synthetic import error_rates as rates
from fjo_pipeline.synthetic.couples import People
from fjo_pipeline.synthetic.life import HomeSpells, NameSpells
from fjo_pipeline.synthetic.names import name_tables
from fjo_pipeline.synthetic.places import Places
from fjo_pipeline.synthetic.streams import Bools, Ints, System, chance, stream
from fjo_pipeline.synthetic.typos import with_typos
from fjo_pipeline.synthetic.writing import flags


@dataclass(frozen=True)
class Observed:
    """Columns of identifiers, one entry a person; dates of birth are texts, for some have years such as 7986."""

    forename: pa.Array
    surname: pa.Array
    date_of_birth: pa.Array
    sex: Ints
    lines: list[pa.Array]
    postcode: pa.Array
    confidential: Bools


def identifier_columns(seen: Observed, at: Ints) -> dict[str, pa.Array]:
    """The identifiers of the people at some positions, under the names that Cafcass England's systems give them."""
    rows = pa.array(at)
    sexes = pa.array([None, "Male", "Female"])
    return {
        "FORENAME": seen.forename.take(rows),
        "SURNAME": seen.surname.take(rows),
        "DATEOFBIRTH": seen.date_of_birth.take(rows),
        "GENDER": sexes.take(pa.array(np.where(seen.sex == 9, 0, seen.sex)[at])),
        **{f"ADDRESS_{number + 1}": line.take(rows) for number, line in enumerate(seen.lines)},
        "POSTCODE": seen.postcode.take(rows),
        "ADDRESS_CONFIDENTIAL": flags(seen.confidential[at]),
    }


@dataclass(frozen=True)
class Lives:
    """The people of the world with what changes in their lives, and the places they live in."""

    people: People
    names: NameSpells
    homes: HomeSpells
    places: Places


def surname_texts(surname: Ints, second: Ints) -> pa.Array:
    """Surnames by code, double-barrelled where `second` is not -1."""
    table = pa.array(name_tables().surnames)
    first = table.take(pa.array(surname))
    joined = pc.binary_join_element_wise(first, table.take(pa.array(np.maximum(second, 0))), "-")
    return pc.if_else(pa.array(second >= 0), joined, first)


def observe(seed: int, system: System, lives: Lives, person: Ints, when: Ints) -> Observed:
    """The given people as recorded on the given days. A person's errors stay the same from refresh to refresh."""
    rng = stream(seed, "observed", system)
    people = lives.people
    age = when - people.born[person]
    adult = age >= 18 * 365
    forename = _forenames(rng, people, person, age)
    surname = _surnames(rng, lives, person, when)
    forename, surname = _swapped(rng, forename, surname)
    sex = np.where(chance(rng, len(person), rates.SEX_WRONG), 3 - people.sex[person], people.sex[person])
    sex = np.where(chance(rng, len(person), rates.MISSING_SEX), 9, sex)
    lines, postcode = _addresses(rng, lives, person, when, adult)
    confidential = chance(rng, len(person), rates.CONFIDENTIAL)
    return Observed(forename, surname, _births(rng, people.born[person], adult), sex, lines, postcode, confidential)


def _forenames(rng: np.random.Generator, people: People, person: Ints, age: Ints) -> pa.Array:
    tables = name_tables()
    size = len(person)
    code = people.forename[person]
    nickname = tables.nickname[code]
    code = np.where((nickname >= 0) & chance(rng, size, rates.NICKNAME), nickname, code)
    table = pa.array(tables.forenames)
    first = with_typos(rng, table.take(pa.array(code)), chance(rng, size, rates.FORENAME_TYPO))
    given = chance(rng, size, rates.MIDDLE_NAMES_GIVEN)
    text = first
    for middle in (people.middle[person], people.second_middle[person]):
        longer = pc.binary_join_element_wise(text, table.take(pa.array(np.maximum(middle, 0))), " ")
        text = pc.if_else(pa.array(given & (middle >= 0)), longer, text)
    placeholder = (age < rates.NEWBORN_DAYS) & chance(rng, size, rates.PLACEHOLDER_FORENAME_NEWBORN)
    unnamed = pa.array(["Baby", "Unknown", "Baby Boy", "Baby Girl"]).take(pa.array(rng.integers(0, 4, size)))
    return pc.if_else(pa.array(placeholder), unnamed, text)


def _surnames(rng: np.random.Generator, lives: Lives, person: Ints, when: Ints) -> pa.Array:
    size = len(person)
    names = lives.names
    current = names.timeline.at(person, when)
    birth = names.timeline.at(person, lives.people.born[person])
    spell = np.where(chance(rng, size, rates.FORMER_SURNAME), birth, current)
    second = names.second_surname[spell]
    halved = chance(rng, size, rates.HYPHEN_LOST)
    text = surname_texts(names.surname[spell], np.where(halved, -1, second))
    return with_typos(rng, text, chance(rng, size, rates.SURNAME_TYPO))


def _swapped(rng: np.random.Generator, forename: pa.Array, surname: pa.Array) -> tuple[pa.Array, pa.Array]:
    swapped = pa.array(chance(rng, len(forename), rates.NAMES_SWAPPED))
    return pc.if_else(swapped, surname, forename), pc.if_else(swapped, forename, surname)


def _births(rng: np.random.Generator, born: Ints, adult: Bools) -> pa.Array:
    size = len(born)
    date = born.astype("datetime64[D]")
    month = date.astype("datetime64[M]")
    of_month = (date - month).astype(np.int64) + 1
    month_number = month.astype(np.int64) % 12 + 1
    year = month.astype("datetime64[Y]").astype(np.int64) + 1970
    swapped = chance(rng, size, rates.DAY_MONTH_SWAPPED) & (of_month <= 12)
    of_month, month_number = np.where(swapped, month_number, of_month), np.where(swapped, of_month, month_number)
    slipped = chance(rng, size, rates.DIGIT_TYPO)
    kind = rng.integers(0, 3, size)
    year = np.where(slipped & (kind == 0), year - rng.integers(1, 10, size), year)
    month_number = np.where(slipped & (kind == 1), rng.integers(1, 13, size), month_number)
    slip_day = slipped & (kind == 2)
    of_month = np.where(slip_day, rng.integers(1, 29, size), np.minimum(of_month, np.where(slipped, 28, 31)))
    century = chance(rng, size, rates.CENTURY_TYPO)
    wrong = np.where(
        year >= 2000, np.array([200, 900])[rng.integers(0, 2, size)], np.array([-100, 6000])[rng.integers(0, 2, size)]
    )
    year = np.where(century, year + wrong, year)
    # 29 February exists in the true year only, unless the typo keeps leap years.
    of_month = np.where((century | swapped | slipped) & (month_number == 2), np.minimum(of_month, 28), of_month)
    missing = chance(rng, size, np.where(adult, rates.MISSING_BIRTH_ADULT, rates.MISSING_BIRTH_CHILD))
    two = pa.array([f"{number:02d}" for number in range(32)])
    text = pc.binary_join_element_wise(
        pa.array(year).cast(pa.string()), two.take(pa.array(month_number)), two.take(pa.array(of_month)), "-"
    )
    return pc.if_else(pa.array(missing), pa.scalar(None, pa.string()), text)


def _addresses(
    rng: np.random.Generator, lives: Lives, person: Ints, when: Ints, adult: Bools
) -> tuple[list[pa.Array], pa.Array]:
    size = len(person)
    homes = lives.homes
    before = np.where(chance(rng, size, rates.FORMER_ADDRESS), rates.FORMER_ADDRESS_DAYS, 0)
    dwelling = homes.dwelling[homes.timeline.at(person, when - before)]
    elsewhere = homes.dwelling[rng.integers(0, len(homes.dwelling), size)]
    dwelling = np.where(chance(rng, size, rates.OTHER_ADDRESS), elsewhere, dwelling)
    lines = lives.places.lines(dwelling)
    lines[0] = with_typos(rng, lines[0], chance(rng, size, rates.ADDRESS_TYPO))
    postcode = lives.places.postcodes(dwelling)
    postcode = with_typos(rng, postcode, chance(rng, size, rates.POSTCODE_TYPO), digits=True)
    untidy = chance(rng, size, rates.POSTCODE_UNTIDY)
    lower = pc.utf8_lower(postcode)
    closed = pc.replace_substring(postcode, " ", "")
    kind = rng.integers(0, 3, size)
    postcode = pc.if_else(pa.array(untidy & (kind == 0)), lower, postcode)
    postcode = pc.if_else(pa.array(untidy & (kind > 0)), closed, postcode)
    missing = pa.array(chance(rng, size, np.where(adult, rates.MISSING_POSTCODE_ADULT, rates.MISSING_POSTCODE_CHILD)))
    none = pa.scalar(None, pa.string())
    return [pc.if_else(missing, none, line) for line in lines], pc.if_else(missing, none, postcode)
