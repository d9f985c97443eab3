"""Who stands in a source that has no generator of its own: people of the world, when they came, how they are recorded.

Half of them are drawn from the people in court proceedings, as far as there are so many, so that sources that are made
from one world have people in common with Cafcass and with one another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.table_contracts import FieldContract, TableContract
from fjo_pipeline.synthetic import error_rates as rates
from fjo_pipeline.synthetic.couples import HORIZON
from fjo_pipeline.synthetic.distinct import codes_of, conforming
from fjo_pipeline.synthetic.observed import Lives, Observed, observe
from fjo_pipeline.synthetic.register import Entries, changed_number
from fjo_pipeline.synthetic.streams import Bools, Floats, Ints, chance, day, stream, weighted_sample
from fjo_pipeline.synthetic.typos import with_typos
from fjo_pipeline.synthetic.writing import dates, flags

OPENED = day(2014)
"""The day from which the sources' records begin."""

_YEAR = 365.25
_FROM_PROCEEDINGS = 0.5
_SEXES: dict[str, tuple[str, ...]] = {
    "1": ("1", "M", "MALE"),
    "2": ("2", "F", "FEMALE"),
    "9": ("9", "0", "U", "UNKNOWN", "X", "I"),
}
_TRUTHS: dict[str, tuple[str, ...]] = {"true": ("true", "y", "yes", "1", "t"), "false": ("false", "n", "no", "0", "f")}
_MEANINGS: dict[str, dict[str, tuple[str, ...]]] = {"GENDER_CD": _SEXES, "ADDRESS_CONFIDENTIAL": _TRUTHS}


@dataclass(frozen=True)
class SourcePeople:
    """A source's people by number: who each is in the world, in which table of people, and when first recorded."""

    dataset: str
    seed: int
    lives: Lives
    nhs_number: Ints
    person: Ints
    table: Ints
    made: Ints

    @cached_property
    def seen(self) -> Observed:
        """Their identifiers as recorded when they came, with errors."""
        return observe(self.seed, self.dataset, self.lives, self.person, self.made)

    def value(self, field: FieldContract, at: Ints, ordinal: int) -> pa.Array:
        """A field of File 1 for the people `at`; `ordinal` counts the table's fields of the same File 1 column.

        Nothing that breaks the field's rules is given: such a value is null instead.
        """
        assert field.file_1 is not None
        values = self._recorded(field, ordinal)
        if field.file_1 == "DATE_OF_BIRTH" and field.constraints.required:
            values = pc.coalesce(values, dates(self.lives.people.born[self.person]).cast(pa.string()))
        text = _as_recorded(field, values.take(pa.array(at)))
        return text.cast(pa.int64()) if field.type == "integer" else text

    def _recorded(self, field: FieldContract, ordinal: int) -> pa.Array:
        seen, column = self.seen, field.file_1 or ""
        if column.startswith("ADDRESS_") and column[-1].isdecimal():
            return seen.lines[int(column[-1]) - 1]
        if column == "FORENAME":
            return seen.forename if ordinal < 0 else _part(seen.forename, ordinal)
        if column == "NHS_NUMBER":
            return self._nhs_numbers()
        none = pa.nulls(len(self.person), pa.string())
        known = {
            "SURNAME": seen.surname if ordinal <= 0 else none,
            "POSTCODE": seen.postcode,
            "DATE_OF_BIRTH": seen.date_of_birth,
            "GENDER_CD": pa.array(seen.sex).cast(pa.string()),
            "ADDRESS_CONFIDENTIAL": flags(seen.confidential),
            "CREATE_DATE": dates(self.made).cast(pa.string()),
        }
        return known.get(column, none)

    def _nhs_numbers(self) -> pa.Array:
        rng = stream(self.seed, self.dataset, "NHS numbers")
        size = len(self.person)
        missing = (self.nhs_number < 0) | chance(rng, size, rates.NHS_NUMBER_MISSING)
        texts = pa.array(self.nhs_number, mask=missing).cast(pa.string())
        return with_typos(rng, texts, chance(rng, size, rates.NHS_NUMBER_TYPO), digits=True)


def _part(forenames: pa.Array, ordinal: int) -> pa.Array:
    """The first given name, or all others, where a contract has a field for each."""
    parts = pc.split_pattern(forenames, " ", max_splits=1)
    if ordinal == 0:
        return pc.list_element(parts, 0)
    several = pc.greater(pc.list_value_length(parts), 1)
    other = pc.replace_substring_regex(forenames, r"^[^ ]* ?", "")
    return pc.if_else(
        pa.array(several if ordinal == 1 else [False] * len(forenames)), other, pa.scalar(None, pa.string())
    )


def _as_recorded(field: FieldContract, values: pa.Array) -> pa.Array:
    """Texts in the contract's own coding; null where its rules would not let one pass."""
    codes = {code: said for said, code in field.codes.items()} or _own_codes(field)
    if codes:
        keys, said = pa.array(list(codes)), pa.array(list(codes.values()), pa.string())
        values = said.take(pc.index_in(values, keys))
    elif field.constraints.enum is not None:
        values = _null_unless(values, pc.is_in(values, pa.array(list(field.constraints.enum), pa.string())))
    if field.constraints.pattern:
        values = _null_unless(values, conforming(values, field.constraints.pattern))
    return values


def _own_codes(field: FieldContract) -> dict[str, str]:
    """The enum's values by the File 1 values that they plainly mean: M for 1, Y for true."""
    meanings = _MEANINGS.get(field.file_1 or "", {})
    said = {str(each).casefold(): str(each) for each in codes_of(field)} if field.constraints.enum else {}
    found = {
        code: next((said[each.casefold()] for each in words if each.casefold() in said), None)
        for code, words in meanings.items()
    }
    return {code: text for code, text in found.items() if text is not None}


def _null_unless(values: pa.Array, fits: pa.Array) -> pa.Array:
    return pc.if_else(pc.fill_null(fits, False), values, pa.scalar(None, values.type))


def draw_people(
    seed: int, contract: Contract, lives: Lives, entries: Entries, missed: Bools, proceedings: Ints, people: int
) -> SourcePeople:
    """At most `people` people of the world for a source, split evenly over its tables of people, each in one of them.

    `missed` tells who is on no register, `proceedings` who is in court; an age asked for by the contract is the one at
    which a person came.
    """
    tables = contract.people_tables
    weights = _weights(missed, proceedings, _off_register_share(contract))
    none = np.zeros(0, dtype=np.int64)
    person, table, made = [none], [none], [none]
    for number, each in enumerate(tables):
        wanted = people // len(tables) + (number < people % len(tables))
        first, last = _window(lives, each)
        drawn = weighted_sample(
            stream(seed, contract.name, each.name, "people"), np.where(first < last, weights, 0.0), wanted
        )
        weights[drawn] = 0.0
        # Most came early, so that an early refresh shows most of them.
        u = stream(seed, contract.name, each.name, "first recorded").random(len(drawn)) ** 2
        person.append(drawn)
        table.append(np.full(len(drawn), number))
        made.append(first[drawn] + (u * (last - first)[drawn]).astype(np.int64))
    who, when = np.concatenate(person), np.concatenate(made)
    numbers = _numbers_then(entries, missed, who, when)
    return SourcePeople(contract.name, seed, lives, numbers, who, np.concatenate(table), when)


def _off_register_share(contract: Contract) -> float:
    """So few people that are on no register that the match rate can lie within the contract's band."""
    low, high = contract.match_rate_band
    return min(rates.NOT_ON_REGISTER, 1 - (low + 3 * high) / 4)


def _weights(missed: Bools, proceedings: Ints, off_share: float) -> Floats:
    in_court = np.zeros(len(missed), dtype=bool)
    in_court[proceedings] = True
    court_share, missed_share = float(in_court.mean()), float(missed.mean())
    from_court = _FROM_PROCEEDINGS if 0 < court_share < _FROM_PROCEEDINGS else court_share
    by_court = np.where(in_court, from_court / max(court_share, 1e-9), (1 - from_court) / max(1 - court_share, 1e-9))
    by_register = np.where(missed, off_share / max(missed_share, 1e-9), 1.0)
    return np.asarray(by_court * by_register, dtype=np.float64)


def _window(lives: Lives, table: TableContract) -> tuple[Ints, Ints]:
    """From when until when each person of the world can come into a table: alive, and of its ages."""
    born, ages = lives.people.born, table.synthetic.ages
    first, last = np.maximum(born, OPENED), np.minimum(lives.people.died, HORIZON)
    if ages is not None:
        first = np.maximum(first, born + int(ages[0] * _YEAR + 1))
        last = np.minimum(last, born + int((ages[1] + 1) * _YEAR))
    return first, last


def _numbers_then(entries: Entries, missed: Bools, person: Ints, when: Ints) -> Ints:
    """Each person's NHS number as it was on a day; -1 for people on no register."""
    own = np.maximum(np.cumsum(~missed) - 1, 0)[person]
    former = (entries.former_nhs_number[own] >= 0) & (changed_number(entries)[own] > when)
    number = np.where(former, entries.former_nhs_number[own], entries.nhs_number[own])
    return np.where(missed[person], -1, number)


def ordinals(fields: Sequence[FieldContract]) -> dict[str, int]:
    """For each field of File 1, which of those with the same column it is, from 0; -1 where it is the only one."""
    columns = [field.file_1 for field in fields if field.file_1]
    passed: dict[str, int] = {}
    result = {}
    for field in fields:
        if field.file_1:
            at = passed.get(field.file_1, 0)
            passed[field.file_1] = at + 1
            result[field.name] = at if columns.count(field.file_1) > 1 else -1
    return result


def copied_people(people: SourcePeople) -> Bools:
    """Of which people the source holds an exact copy of their row."""
    return chance(stream(people.seed, people.dataset, "copies"), len(people.person), rates.PEOPLE_COPIED)
