"""The linkage model: what is compared, the levels of agreement, and how likely each is for five kinds of pair.

A pair is one person, recorded well (`clean`) or badly throughout (`soiled`); or two people of one surname who have
shared a home (`relative`), or of different surnames (`occupant`); or two strangers. A two-class model takes siblings
for strangers who happen to agree, and one person's several errors for independent accidents.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.ttp.linkage import normalise

MISSING = 0
DIFFERENT = 1
HOME = "home"
"""Postcode and address weighed together (homes.py), beside the comparisons in a model's levels."""
# Whether no linked housemate is on the register at the deposit's address, or one is (families.py).
FAMILIES = ("moved", "settled")


@dataclass(frozen=True)
class Level:
    """One degree of agreement: an SQL condition on a person `l` and a register row `r`, and its code in the vector."""

    code: int
    name: str
    condition: str
    frequency: str | None = None  # column whose share in the register replaces the average chance of agreement


@dataclass(frozen=True)
class Comparison:
    """Levels tried in order; `of` says which register rows are compared: a person's names, addresses or the person."""

    name: str
    of: str
    missing: str
    levels: tuple[Level, ...]
    likeness: str = "NULL"  # of values that are not equal; computed once a pair of rows, for the conditions to look at
    apart: str = "false"  # quickly seen, and then no level holds but the last


def _slip(column: str) -> str:
    """SQL condition: one character more, less or other, or two changed places, in a name of four characters or more.

    Damerau-Levenshtein is slow, and so looked at last. Between shorter names a single letter is all the difference.
    """
    left, right = f"l.{column}", f"r.{column}"
    return (
        f"likeness >= 0.8 AND greatest(length({left}), length({right})) >= 4 AND levenshtein({left}, {right}) <= 2 "
        f"AND damerau_levenshtein({left}, {right}) = 1"
    )


# Whoever has two middle names may be known by either, so only names that begin differently and share none are others.
OTHER_MIDDLE = """l.first = r.first AND substr(l.middle, 2, 1) <> substr(r.middle, 2, 1)
    AND NOT contains(l.middle, ' ' || split_part(trim(r.middle), ' ', 1) || ' ')
    AND NOT contains(r.middle, ' ' || split_part(trim(l.middle), ' ', 1) || ' ')"""


COMPARISONS = (
    Comparison(
        "given_name",
        of="name",
        missing="l.first IS NULL OR r.first IS NULL",
        likeness="CASE WHEN l.first <> r.first THEN jaro_winkler_similarity(l.first, r.first) END",
        levels=(
            Level(11, "equal, and so is a middle name", "l.first = r.first AND l.middle = r.middle", "first"),
            Level(9, "the middle names are others, the forename is equal", OTHER_MIDDLE, "first"),
            Level(10, "equal", "l.first = r.first", "first"),
            Level(8, "known variant", "k.name IS NOT NULL"),
            Level(
                7,
                "one is the other's middle name",
                "contains(l.middle, ' ' || r.first || ' ') OR contains(r.middle, ' ' || l.first || ' ')",
            ),
            Level(6, "forename and surname changed places", "l.first = r.surname OR l.surname = r.first"),
            Level(
                5,
                "one begins the other",
                "least(length(l.first), length(r.first)) >= 3 "
                "AND (starts_with(l.first, r.first) OR starts_with(r.first, l.first))",
            ),
            Level(4, "one slip", _slip("first")),
            Level(3, "Jaro-Winkler at least 0.9", "likeness >= 0.9"),
            Level(
                2,
                "Jaro-Winkler at least 0.8, or an initial",
                "likeness >= 0.8 OR starts_with(l.first, r.first) OR starts_with(r.first, l.first)",
            ),
            Level(1, "different", "true"),
        ),
    ),
    Comparison(
        "surname",
        of="name",
        missing="l.surname IS NULL OR r.surname IS NULL",
        likeness="CASE WHEN l.surname <> r.surname THEN jaro_winkler_similarity(l.surname, r.surname) END",
        levels=(
            Level(7, "equal", "l.surname = r.surname", "surname"),
            Level(
                6,
                "a part of a double surname is equal",
                "l.surname IN (r.part_1, r.part_2) OR r.surname IN (l.part_1, l.part_2) "
                "OR l.part_1 IN (r.part_1, r.part_2) OR l.part_2 IN (r.part_1, r.part_2)",
            ),
            # Several given names in the surname's place begin with the forename.
            Level(
                5,
                "forename and surname changed places",
                "l.first = r.surname AND (l.surname = r.first OR l.part_1 = r.first)",
            ),
            Level(4, "one slip", _slip("surname")),
            Level(3, "Jaro-Winkler at least 0.92", "likeness >= 0.92"),
            Level(2, "Jaro-Winkler at least 0.82", "likeness >= 0.82"),
            Level(1, "different", "true"),
        ),
    ),
    Comparison(
        "date_of_birth",
        of="person",
        missing="l.dob IS NULL OR r.dob IS NULL",
        levels=(
            Level(7, "equal", "l.dob = r.dob", "dob"),
            Level(
                6,
                "day and month changed places",
                "year(l.dob) = year(r.dob) AND month(l.dob) = day(r.dob) AND day(l.dob) = month(r.dob)",
            ),
            Level(5, "one digit differs", "hamming(CAST(l.dob AS VARCHAR), CAST(r.dob AS VARCHAR)) = 1"),
            Level(
                4,
                "two parts of three are equal, or the year, where 1 January says that the day is not known",
                "(year(l.dob) = year(r.dob))::INT + (month(l.dob) = month(r.dob))::INT "
                "+ (day(l.dob) = day(r.dob))::INT = 2 "
                "OR (year(l.dob) = year(r.dob) AND month(l.dob) = 1 AND day(l.dob) = 1)",
            ),
            Level(
                3,
                "two digits differ, or within a month",
                "hamming(CAST(l.dob AS VARCHAR), CAST(r.dob AS VARCHAR)) = 2 OR abs(l.dob - r.dob) <= 31",
            ),
            Level(2, "the same year", "year(l.dob) = year(r.dob)"),
            Level(1, "different", "true"),
        ),
    ),
    Comparison(
        "sex",
        of="person",
        missing="l.sex IS NULL OR r.sex IS NULL",
        levels=(Level(2, "equal", "l.sex = r.sex"), Level(1, "different", "true")),
    ),
    Comparison(
        "postcode",
        of="address",
        missing="l.postcode IS NULL OR r.postcode IS NULL",
        # One slip never touches the first two characters and the last two; and Damerau-Levenshtein is nine times slower
        # than Levenshtein, which is never more than twice as large.
        apart="left(l.postcode, 2) <> left(r.postcode, 2) AND right(l.postcode, 2) <> right(r.postcode, 2)",
        levels=(
            Level(6, "equal", "l.postcode = r.postcode", "postcode"),
            Level(
                5,
                "one character differs or two changed places",
                "length(l.postcode) >= 4 AND levenshtein(l.postcode, r.postcode) <= 2 "
                "AND damerau_levenshtein(l.postcode, r.postcode) = 1",
            ),
            Level(4, "the same sector", "length(l.postcode) >= 5 AND left(l.postcode, -2) = left(r.postcode, -2)"),
            Level(3, "the same district", "length(l.postcode) >= 5 AND left(l.postcode, -3) = left(r.postcode, -3)"),
            Level(2, "the same area", "left(l.postcode, 2) = left(r.postcode, 2)"),
            Level(1, "different", "true"),
        ),
    ),
    Comparison(
        "address",
        of="address",
        missing="l.address IS NULL OR r.address IS NULL",
        likeness="CASE WHEN l.address <> r.address THEN jaro_winkler_similarity(l.address, r.address) END",
        levels=(
            Level(5, "equal", "l.address = r.address", "address"),
            Level(
                4,
                "Jaro-Winkler at least 0.92, same house number",
                "likeness >= 0.92 AND l.house IS NOT DISTINCT FROM r.house",
            ),
            Level(3, "Jaro-Winkler at least 0.85", "likeness >= 0.85"),
            Level(2, "Jaro-Winkler at least 0.7", "likeness >= 0.7"),
            Level(1, "different", "true"),
        ),
    ),
)


@dataclass(frozen=True)
class Chances:
    """How often a level of agreement is seen among pairs of each kind."""

    clean: float
    soiled: float
    relative: float
    occupant: float
    stranger: float


@dataclass(frozen=True)
class Family:
    """Where people with a linked housemate in the deposit are on the register."""

    together: float  # share at another address, who have lived with a linked housemate
    apart: float  # of those at another address, share who have not


@dataclass(frozen=True)
class LinkageModel:
    """Everything that scoring needs and nothing about any person; `levels` is comparison → level code → chances."""

    version: str
    levels: dict[str, dict[int, Chances]]
    families: dict[str, Family]
    on_register: float  # share of the people left by the exact tiers who are on the register
    soiled: float  # share of records that are soiled throughout
    alike: float  # share of addresses in one postcode that are much alike, where strangers were counted
    slope: float  # of the calibration, on log odds
    intercept: float
    threshold: float
    normalisation: str = normalise.VERSION
    provenance: dict[str, str] = field(default_factory=dict)

    def digest(self) -> str:
        """SHA-256 of the model's canonical JSON."""
        return hashlib.sha256(_canonical(self).encode()).hexdigest()

    def save(self, path: Path) -> None:
        """Write the model as JSON with its digest."""
        content = json.loads(_canonical(self)) | {"digest": self.digest()}
        path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")

    def described(self, **provenance: str) -> "LinkageModel":
        """The same model with provenance added."""
        return replace(self, provenance=self.provenance | provenance)


def load_model(path: Path | None = None) -> LinkageModel:
    """The shipped model, or the one at `path`; Refused where the digest, normalisation or levels do not fit."""
    source = path if path is not None else files(__package__) / "models" / "shipped.json"
    content: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    digest = content.pop("digest", None)
    if set(content) != {each.name for each in fields(LinkageModel)} or set(content["families"]) != set(FAMILIES):
        raise Refused("the linkage model has other fields than this version reads: retrain it")
    levels = {
        name: {int(code): Chances(**chances) for code, chances in by_code.items()}
        for name, by_code in content.pop("levels").items()
    }
    families = {name: Family(**shares) for name, shares in content.pop("families").items()}
    model = LinkageModel(levels=levels, families=families, **content)
    if model.digest() != digest:
        raise Refused("the linkage model was altered after it was made: retrain it or restore its file")
    if model.normalisation != normalise.VERSION:
        raise Refused(
            f"the linkage model is for normalisation {model.normalisation}, not {normalise.VERSION}: retrain it"
        )
    if {name: set(by_code) for name, by_code in levels.items()} != expected_levels():
        raise Refused("the linkage model has other levels of agreement than this version compares: retrain it")
    return model


def expected_levels() -> dict[str, set[int]]:
    """The level codes of each comparison and of homes, missing left out."""
    return {comparison.name: {level.code for level in comparison.levels} for comparison in COMPARISONS} | {
        HOME: set(home_codes())
    }


def home_codes() -> dict[int, tuple[int, int]]:
    """The code of each level of the postcode with each of the address."""
    postcode, address = (comparison for comparison in COMPARISONS if comparison.of == "address")
    return {16 * p.code + a.code: (p.code, a.code) for p in postcode.levels for a in address.levels}


def _canonical(model: LinkageModel) -> str:
    return json.dumps(asdict(model), sort_keys=True)
