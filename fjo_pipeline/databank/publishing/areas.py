"""Areas of publications: one code and one name each, whatever a source system of its time called them.

Codes and names are the ONS's (Geoportal: Countries and Regions (December 2020) Names and Codes in the United Kingdom;
local authorities from the dbt seed), OGL v3. DFJ areas have no ONS code: theirs is the one of the dbt seed.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fjo_pipeline.databank.dbt import MODELS

HERE = Path(__file__).parent
NOT_KNOWN = "Not known"
WITHOUT_REGIONS = frozenset({"Wales"})
"""Nations that the lists of regions carry as one region: it is the nation itself."""
UNKNOWN = "unknown"
"""What the marts call a category that is missing, in any case."""


@dataclass(frozen=True)
class AreaPlace:
    """An area as it is published; a name that no list has keeps it and has no code."""

    level: str
    code: str
    name: str
    region: str | None = None

    @property
    def key(self) -> str:
        """What cells of this area are named by, in every release."""
        return self.code or f"{self.level} {self.name}"


def find_area(level: str, name: str) -> AreaPlace:
    """The area of a level under any of its names."""
    if name.lower() in (UNKNOWN, NOT_KNOWN.lower()):
        return AreaPlace(level, "", NOT_KNOWN)
    return _known().get((level, _plain(name))) or AreaPlace(level, "", name)


def region_of(area: AreaPlace) -> AreaPlace:
    """The region in which a local authority lies, Not known where no list says so."""
    return _regions().get(area.region or "", AreaPlace("region", "", NOT_KNOWN))


@lru_cache(maxsize=1)
def _regions() -> dict[str, AreaPlace]:
    return {each.code: each for each in _known().values() if each.level == "region"}


@lru_cache(maxsize=1)
def _known() -> dict[tuple[str, str], AreaPlace]:
    found = {(each.level, _plain(each.name)): each for each in _listed()}
    for row in _rows(HERE / "earlier_names.csv"):
        found[row["level"], _plain(row["earlier_name"])] = found[row["level"], _plain(row["name"])]
    return found


def _listed() -> Iterator[AreaPlace]:
    yield from (AreaPlace(row["level"], row["code"], row["name"]) for row in _rows(HERE / "areas.csv"))
    regions = {row["name"]: row["code"] for row in _rows(HERE / "areas.csv")}
    for row in _rows(MODELS / "seeds" / "local_authorities.csv"):
        yield AreaPlace("local_authority", row["LA_CD"], row["LA_NM"], regions.get(row["REGION_NM"]))
    for row in _rows(MODELS / "seeds" / "dfj_areas.csv"):
        words = row["DFJ_AREA"].replace("_", " ").title()
        yield AreaPlace("dfj_area", row["DFJ_AREA"], re.sub(r"\bAnd\b", "and", words))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _plain(name: str) -> str:
    """A name without case, punctuation, spaces and the word "and", by which lists differ."""
    return re.sub(r"\band\b|[^a-z]", "", name.lower().replace("_", " "))
