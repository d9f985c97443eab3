"""The population register as the trusted third party gets it: people, names, addresses, NHS numbers over time."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fjo_pipeline.synthetic import error_rates as rates
from fjo_pipeline.synthetic.names import POOLS, draw_surnames, name_tables
from fjo_pipeline.synthetic.observed import Lives, surname_texts
from fjo_pipeline.synthetic.streams import (
    NEVER,
    Bools,
    Floats,
    Ints,
    Timeline,
    chance,
    dates_known,
    scramble,
    stream,
    weighted_sample,
)
from fjo_pipeline.synthetic.typos import with_typos
from fjo_pipeline.synthetic.writing import dates, texts

DATASET = "population_register"
_NHS_BODIES = 999_999_999
_NUMBER_CHANGES_AFTER = 1500  # days
_HISTORY_FROM = 9496  # 1996-01-01: older spells are not on the register


@dataclass(frozen=True)
class Entries:
    """One entry a register person: `person` is who it is in the world; `since` when the entry was made.

    `merged_into` is the entry that replaced it, else -1; `closed` the day of an adoption, else NEVER; `adopted` marks
    the entry that a child gets under a new name.
    """

    person: Ints
    since: Ints
    merged_into: Ints
    merged: Ints
    closed: Ints
    adopted: Bools
    sensitive: Bools
    nhs_number: Ints
    former_nhs_number: Ints


def off_register(seed: int, lives: Lives, count: int) -> Bools:
    """Which `count` people of the world the register does not have."""
    people = lives.people
    by_pool = np.array([rates.MISSED_BY_POOL[name] for name in POOLS])
    weight: Floats = by_pool[people.pool] * np.where(people.mother < 0, rates.MISSED_NEWCOMER, rates.MISSED_WITH_KIN)
    missed = weighted_sample(stream(seed, "off the register"), weight, count)
    result = np.zeros(len(people), dtype=bool)
    result[missed] = True
    return result


def build_entries(seed: int, lives: Lives, missed: Bools, adopted: Ints, adopted_on: Ints) -> Entries:
    """The register's entries: everybody's, then adopted children's new ones, then duplicates that get merged."""
    rng = stream(seed, "register")
    born = lives.people.born
    own = np.flatnonzero(~missed)
    entry_of = np.full(len(born), -1, dtype=np.int64)
    entry_of[own] = np.arange(len(own))
    on = ~missed[adopted]
    adopted, adopted_on = adopted[on], adopted_on[on]
    twice = own[chance(rng, len(own), rates.REGISTER_DUPLICATES)]
    person = np.concatenate([own, adopted, twice])
    size = len(person)
    first_of_copies = size - len(twice)
    since = np.concatenate([born[own], adopted_on + 60, born[twice] + rng.integers(100, 9000, len(twice))])
    merged_into = np.full(size, -1, dtype=np.int64)
    merged_into[first_of_copies:] = entry_of[twice]
    merged = np.where(merged_into >= 0, since + rng.integers(200, 3000, size), NEVER)
    closed = np.full(size, NEVER, dtype=np.int64)
    closed[entry_of[adopted]] = adopted_on + 60
    is_adopted = np.zeros(size, dtype=bool)
    is_adopted[len(own) : first_of_copies] = True
    sensitive = chance(rng, size, rates.REGISTER_SENSITIVE) & (merged_into < 0) & (closed == NEVER)
    numbers = nhs_numbers(rng, size + int(size * 0.03) + 20)
    former = np.where(chance(rng, size, rates.REGISTER_FORMER_NHS_NUMBER), np.arange(size), -1)
    spare = np.cumsum(former >= 0) - 1 + size
    former_numbers = np.where(former >= 0, numbers[np.minimum(spare, len(numbers) - 1)], -1)
    return Entries(person, since, merged_into, merged, closed, is_adopted, sensitive, numbers[:size], former_numbers)


def nhs_numbers(rng: np.random.Generator, count: int) -> Ints:
    """Distinct ten-digit numbers with a valid check digit, from the test range 999 downwards, shuffled.

    The check digit is modulus 11 over weights 10 to 2 (NHS Data Dictionary); a body whose digit would be 10 is unused.
    """
    bodies = _NHS_BODIES - np.arange(int(count * 1.12) + 100)
    digits = bodies[:, None] // 10 ** np.arange(8, -1, -1)[None, :] % 10
    check = (11 - digits @ np.arange(10, 1, -1) % 11) % 11
    valid = (bodies * 10 + check)[check < 10]
    return np.asarray(rng.permutation(valid[:count]))


def entry_ids(seed: int, entry: Ints) -> Ints:
    """The register's own ids of entries."""
    return scramble(entry, seed, DATASET, "entry")


def register_tables(seed: int, lives: Lives, entries: Entries, until: int) -> dict[str, pa.Table]:
    """The delivery's tables as a refresh on the day `until` shows them."""
    ended = np.minimum(np.minimum(lives.people.died[entries.person], entries.merged), entries.closed)
    shown = (entries.since <= until) & (ended > _HISTORY_FROM)
    return {
        "PERSONS": _persons(seed, lives, entries, shown, until),
        "NAMES": _names(seed, lives, entries, shown, until),
        "ADDRESSES": _addresses(seed, lives, entries, shown, until),
        "NHS_NUMBERS": _numbers(seed, entries, shown, until),
    }


def _persons(seed: int, lives: Lives, entries: Entries, shown: Bools, until: int) -> pa.Table:
    rng = stream(seed, "register persons")
    people = lives.people
    sex = np.where(chance(rng, len(shown), rates.REGISTER_SEX_UNKNOWN), 9, people.sex[entries.person])
    at = np.flatnonzero(shown)
    person = entries.person[at]
    status = np.where(entries.closed[at] <= until, 1, np.where(entries.sensitive[at], 2, 0))
    died = np.where(people.died[person] <= until, people.died[person], NEVER)
    merged = entries.merged[at] <= until
    number = np.where(
        (entries.former_nhs_number >= 0) & (changed_number(entries) > until),
        entries.former_nhs_number, entries.nhs_number,
    )  # fmt: skip
    into = entry_ids(seed, np.maximum(entries.merged_into[at], 0))
    return pa.table({
        "PERS_ID": entry_ids(seed, at),
        "NHS_NUMBER": pa.array(number[at]).cast(pa.string()),
        "SEX": pa.array(sex[at]).cast(pa.string()),
        "DATE_OF_BIRTH": dates(people.born[person]),
        "DATE_OF_DEATH": dates(died),
        "RECORD_STATUS": pa.array(["current", "closed_by_adoption", "sensitive"]).take(pa.array(status)),
        "MERGED_INTO": pa.array(into, mask=~merged),
    })  # fmt: skip


def _spans(entries: Entries, subject: Ints, order: Ints) -> tuple[Ints, Ints, Bools]:
    """(entry, index, first) for each pair of an entry and one of its person's spells, in time.

    `subject` is the spells' person, `order` their timeline's; `first` marks the first spell known of an entry.
    """
    first = np.searchsorted(subject[order], entries.person, side="left")
    count = np.searchsorted(subject[order], entries.person, side="right") - first
    entry = np.repeat(np.arange(len(entries.person)), count)
    step = np.arange(len(entry)) - np.repeat(np.cumsum(count) - count, count)
    return entry, order[first[entry] + step], step == 0


def _periods(entries: Entries, shown: Bools, until: int, entry: Ints, since: Ints) -> tuple[Ints, Ints, Ints]:
    """(kept, from, to): which spells the refresh shows, and their periods within the entry's own."""
    begin = np.maximum(since, entries.since[entry])
    end = np.minimum(Timeline(entry, begin).ends(), np.minimum(entries.merged, entries.closed)[entry])
    kept = shown[entry] & (begin <= until) & (begin < end) & (end > _HISTORY_FROM)
    at = np.flatnonzero(kept)
    return at, begin[at], np.where(end[at] <= until, end[at], NEVER)


def _names(seed: int, lives: Lives, entries: Entries, shown: Bools, until: int) -> pa.Table:
    rng = stream(seed, "register names")
    names, people = lives.names, lives.people
    entry, spell, first = _spans(entries, names.person, names.timeline.order)
    later = ~first
    never = later & chance(rng, len(entry), rates.REGISTER_NAME_NEVER)
    lag = rng.exponential(rates.REGISTER_NAME_LAG_DAYS, len(entry)).astype(np.int64)
    since = names.since[spell] + np.where(later, lag, 0)
    surname, second = _adoptive(rng, lives, entries, entry, names.surname[spell], names.second_surname[spell])
    typo, forename_typo = (chance(rng, len(entry), rates.REGISTER_TYPO) for _ in range(2))
    keep = np.flatnonzero(~never & ~(entries.adopted[entry] & later))
    at, begin, end = _periods(entries, shown, until, entry[keep], since[keep])
    rows = keep[at]
    person = entries.person[entry[rows]]
    table = pa.array(name_tables().forenames)
    # Typos are made in all spells before the refresh takes its own, so that they stay from refresh to refresh.
    forename = with_typos(rng, texts(table, people.forename[entries.person[entry]]), forename_typo)
    written = with_typos(rng, surname_texts(surname, second), typo)
    middle = texts(table, people.middle[person])
    second_middle = pc.binary_join_element_wise(middle, texts(table, people.second_middle[person]), " ")
    return pa.table({
        "PERS_ID": entry_ids(seed, entry[rows]),
        "FORENAME": forename.take(pa.array(rows)),
        "MIDDLE_NAMES": pc.coalesce(second_middle, middle),
        "SURNAME": written.take(pa.array(rows)),
        "FROM_DT": dates(begin),
        "TO_DT": dates(end),
    })  # fmt: skip


def _adoptive(
    rng: np.random.Generator, lives: Lives, entries: Entries, entry: Ints, surname: Ints, second: Ints
) -> tuple[Ints, Ints]:
    """An adopted child's new entry bears the new parents' surname."""
    new = entries.adopted[entry]
    fresh = draw_surnames(rng, lives.people.pool[entries.person])[entry]
    return np.where(new, fresh, surname), np.where(new, -1, second)


def _addresses(seed: int, lives: Lives, entries: Entries, shown: Bools, until: int) -> pa.Table:
    rng = stream(seed, "register addresses")
    homes = lives.homes
    entry, spell, first = _spans(entries, homes.person, homes.timeline.order)
    later = ~first
    never = later & chance(rng, len(entry), rates.REGISTER_ADDRESS_NEVER)
    lag = rng.exponential(rates.REGISTER_ADDRESS_LAG_DAYS, len(entry)).astype(np.int64)
    since = homes.since[spell] + np.where(later, lag, 0)
    elsewhere = homes.dwelling[rng.integers(0, len(homes.dwelling), len(entries.person))]
    dwelling = np.where(entries.adopted[entry], elsewhere[entry], homes.dwelling[spell])
    keep = np.flatnonzero(~never)
    at, begin, end = _periods(entries, shown, until, entry[keep], since[keep])
    rows = keep[at]
    lines = lives.places.lines(dwelling[rows])
    return pa.table({
        "PERS_ID": entry_ids(seed, entry[rows]),
        **{f"ADDRESS_{number + 1}": line for number, line in enumerate(lines)},
        "POSTCODE": lives.places.postcodes(dwelling[rows]),
        "FROM_DT": dates(begin),
        "TO_DT": dates(end),
    })  # fmt: skip


def changed_number(entries: Entries) -> Ints:
    """The day an entry's NHS number replaced its former one; NEVER where it has had but one."""
    return np.where(entries.former_nhs_number >= 0, entries.since + _NUMBER_CHANGES_AFTER, NEVER)


def _numbers(seed: int, entries: Entries, shown: Bools, until: int) -> pa.Table:
    changed = changed_number(entries)
    had_other = changed < NEVER
    current = np.flatnonzero(shown & ~(had_other & (changed > until)))
    former = np.flatnonzero(shown & had_other)
    entry = np.r_[current, former]
    number = np.r_[entries.nhs_number[current], entries.former_nhs_number[former]]
    start = np.r_[np.where(had_other, changed, entries.since)[current], entries.since[former]]
    end = np.r_[np.full(len(current), NEVER), changed[former]]
    order = np.lexsort((start, entry))
    return pa.table({
        "PERS_ID": entry_ids(seed, entry[order]),
        "NHS_NUMBER": pa.array(number[order]).cast(pa.string()),
        "FROM_DT": dates(start[order]),
        "TO_DT": dates(dates_known(end[order], until)),
    })  # fmt: skip
