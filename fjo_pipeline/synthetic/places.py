"""Dwellings, postcodes, LSOAs and local authorities: made-up places whose LSOA codes are real."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fjo_pipeline.synthetic.names import load_data
from fjo_pipeline.synthetic.streams import Ints

_DWELLINGS_A_UNIT = 15
_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
_NATIONS = ("england", "wales")
_LETTER_SHIFT = 7919  # coprime to 72,000, so that neighbouring units of one area get unlike letters


@dataclass(frozen=True)
class Places:
    """`dwellings` numbers England's first, then Wales's; a postcode unit holds fifteen dwellings."""

    dwellings: tuple[int, int]
    postcode: pa.Array
    lsoa: pa.Array
    unit_lsoa: Ints
    lsoa_authority: Ints

    def unit(self, dwelling: Ints) -> Ints:
        """The postcode unit of each dwelling."""
        return dwelling // _DWELLINGS_A_UNIT

    def authority(self, dwelling: Ints) -> Ints:
        """The local authority of each dwelling, as its position in `authority_names()`, England's first."""
        return self.lsoa_authority[self.unit_lsoa[self.unit(dwelling)]]

    def lsoa_of(self, dwelling: Ints) -> Ints:
        """The position of each dwelling's LSOA in the world."""
        return self.unit_lsoa[self.unit(dwelling)]

    def postcodes(self, dwelling: Ints) -> pa.Array:
        """Each dwelling's postcode, in capitals with its space."""
        return self.postcode.take(pa.array(self.unit(dwelling)))

    def lines(self, dwelling: Ints) -> list[pa.Array]:
        """ADDRESS_1 to ADDRESS_5 of each dwelling; null where a line is empty."""
        unit = self.unit(dwelling)
        within = dwelling % _DWELLINGS_A_UNIT
        flat = (unit % 7 == 3) & (within > 2)
        number = np.where(flat, 1 + unit % 90, 1 + 2 * within + unit % 2)
        street = _street_texts().take(pa.array(unit * 31 % len(_street_texts())))
        house = pc.binary_join_element_wise(_numbers().take(pa.array(number)), street, " ")
        flat_text = pc.binary_join_element_wise("Flat", _numbers().take(pa.array(within)), " ")
        locality = _words("localities").take(pa.array(unit // 3 * 17 % len(_words("localities"))))
        town = _words("localities").take(pa.array(self.unit_lsoa[unit] * 29 % len(_words("localities"))))
        authority = authority_names().take(pa.array(self.authority(dwelling)))
        is_flat, none = pa.array(flat), pa.nulls(len(dwelling), pa.string())
        return [
            pc.if_else(is_flat, flat_text, house),
            pc.if_else(is_flat, house, locality),
            pc.if_else(is_flat, locality, town),
            pc.if_else(is_flat, town, authority),
            pc.if_else(is_flat, authority, none),
        ]


def build_places(population: int, wales_share: float = 0.25) -> Places:
    """Room for `population` people; the same places for the same number."""
    units = [max(40, int(population * share / 1.9) // _DWELLINGS_A_UNIT) for share in (1 - wales_share, wales_share)]
    lsoa_texts: list[str] = []
    unit_lsoa, lsoa_authority, postcodes = [], [], []
    for nation, count in enumerate(units):
        codes = _lsoa_codes(nation, count)
        areas = load_data("places.yaml")["postcode_areas"][_NATIONS[nation]].split()
        unit = np.arange(count)
        own = unit * len(codes) // count
        authority = np.arange(len(codes)) * _authority_counts()[nation] // len(codes)
        unit_lsoa.append(own + len(lsoa_texts))
        lsoa_authority.append(authority + (0 if nation == 0 else _authority_counts()[0]))
        postcodes.append(_postcode_texts(unit * len(areas) // count, areas))
        lsoa_texts += codes
    dwellings = (units[0] * _DWELLINGS_A_UNIT, units[1] * _DWELLINGS_A_UNIT)
    return Places(
        dwellings, pa.concat_arrays(postcodes), pa.array(lsoa_texts),
        np.concatenate(unit_lsoa), np.concatenate(lsoa_authority),
    )  # fmt: skip


def _lsoa_codes(nation: int, units: int) -> list[str]:
    runs = load_data("places.yaml")["lsoa_runs"][_NATIONS[nation]]
    every = np.concatenate([np.arange(first, first + count) for first, count in runs])
    wanted = int(np.clip(units // 12, 40, len(every)))
    chosen = every[np.arange(wanted) * len(every) // wanted]
    return [f"{'EW'[nation]}010{number:05d}" for number in chosen]


def _postcode_texts(area: Ints, areas: list[str]) -> pa.Array:
    within = np.arange(len(area)) - np.searchsorted(area, area, side="left")
    mixed = within * _LETTER_SHIFT % 72_000
    letters = pa.array([a + b for a in _LETTERS for b in _LETTERS])
    outward = pc.binary_join_element_wise(
        pa.array(areas).take(pa.array(area)), _numbers().take(pa.array(1 + mixed // 3_600)), ""
    )
    inward = pc.binary_join_element_wise(
        _numbers().take(pa.array(1 + mixed // 400 % 9)), letters.take(pa.array(mixed % 400)), ""
    )
    return pc.binary_join_element_wise(outward, inward, " ")


@cache
def authority_names() -> pa.Array:
    """The upper-tier local authorities, England's first, then the 22 Welsh."""
    data = load_data("authorities.yaml")
    return pa.array([name.strip() for nation in _NATIONS for name in data[nation].split(";")])


@cache
def _authority_counts() -> tuple[int, int]:
    data = load_data("authorities.yaml")
    return len(data["england"].split(";")), len(data["wales"].split(";"))


@cache
def _numbers() -> pa.Array:
    return pa.array([str(number) for number in range(200)])


@cache
def _words(key: str) -> pa.Array:
    return pa.array(load_data("places.yaml")[key].split())


@cache
def _street_texts() -> pa.Array:
    data = load_data("places.yaml")
    return pa.array([f"{name} {kind}" for kind in data["street_types"].split() for name in data["streets"].split()])
