"""A made-up world recorded without fault, its marts, and who is who in them: what the tests of the marts share.

Links, relationships and identifiers are as they are, so that definitions agree exactly; copies of rows, second roles
and applications with nobody on them stay.
"""

import csv
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from benchmarks.world_lake import write_reference, write_world
from fjo_pipeline.core.stores import one_transaction
from fjo_pipeline.databank.reference_layouts import store_schema
from fjo_pipeline.databank.store import SCHEMA
from fjo_pipeline.synthetic import build_world, cafcass_cymru, cafcass_england, error_rates
from fjo_pipeline.synthetic.areas import AUTHORITIES
from fjo_pipeline.synthetic.docket import Docket
from fjo_pipeline.synthetic.world import World
from tests.integration import truth
from tests.integration.test_dbt_models import dbt, lake, rows
from tests.integration.truth_record import Record

REFRESH = "20190401"
UNTIL = date(2019, 4, 1)
SEED = 11
ENGLAND, CYMRU = cafcass_england.DATASET, cafcass_cymru.DATASET
MARTS = (
    "born_into_care", "recurrent_mothers_survival", "order_returns", "care_duration", "legal_outcomes", "care_rate",
    "sibling_groups", "private_law_applicants", "private_law_returns", "child_participation", "child_journey",
    "matched_population",
)  # fmt: skip
WITHOUT_FAULT = (
    "DAY_MONTH_SWAPPED", "CENTURY_TYPO", "DIGIT_TYPO", "MISSING_BIRTH_CHILD", "MISSING_BIRTH_ADULT", "MISSING_SEX",
    "SEX_WRONG", "SECOND_MOTHER", "SECOND_FATHER", "RELATIONSHIP_MISSING", "FORMER_ADDRESS", "OTHER_ADDRESS",
    "POSTCODE_TYPO", "MISSING_POSTCODE_CHILD", "MISSING_POSTCODE_ADULT", "CONFIDENTIAL",
)  # fmt: skip


@dataclass(frozen=True)
class Side:
    """One nation: its docket, its sets by the truth, and who is who in the marts."""

    nation: str
    docket: Docket
    sets: list[truth.ChildSet]
    by_application: bool
    key: dict[int, str]
    record: Record


@dataclass(frozen=True)
class Compared:
    """The world, and the home with the marts built from it."""

    world: World
    home: Path
    sides: tuple[Side, ...]

    def read(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the lake."""
        return rows(self.home, sql)

    @cached_property
    def regions(self) -> dict[str, str]:
        """The region of each local authority, Wales for the Welsh ones."""
        return {row["LA_NM"]: row["REGION_NM"] for row in _csv_rows(AUTHORITIES)}

    @cached_property
    def children_by_authority_and_year(self) -> dict[tuple[str, int], int]:
        """People aged 0-17 by local authority, or nation, and year, added up from the reference file."""
        names = {row["LA_CD"]: row["LA_NM"] for row in _csv_rows(AUTHORITIES)}
        found: dict[tuple[str, int], int] = defaultdict(int)
        for row in _csv_rows(self.home / "deposits" / "reference" / "population_by_local_authority.csv"):
            if int(row["age"]) < 18:
                for area in (names[row["la_cd"]], "Wales" if row["la_cd"][0] == "W" else "England"):
                    found[area, int(row["year"])] += int(row["population"])
        return found

    @cached_property
    def quintile(self) -> dict[str, int]:
        """The quintile of each LSOA within its nation by the reference file's ranks: the first fifths the larger."""
        given = _csv_rows(self.home / "deposits" / "reference" / "deprivation_by_lsoa2011.csv")
        found: dict[str, int] = {}
        for nation in ("England", "Wales"):
            ranked = sorted(
                (int(row["deprivation_rank"]), row["lsoa2011_cd"]) for row in given if row["nation"] == nation
            )
            size, larger = divmod(len(ranked), 5)
            edges = [fifth * size + min(fifth, larger) for fifth in range(1, 6)]
            for place, (_, lsoa) in enumerate(ranked):
                found[lsoa] = 1 + sum(place >= edge for edge in edges)
        return found


def _csv_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


def build_compared(home: Path) -> Compared:
    """A world of some thousand families recorded without fault, and its marts."""
    with pytest.MonkeyPatch.context() as patch:
        for rate in WITHOUT_FAULT:
            patch.setattr(error_rates, rate, 0.0)
        world = build_world(SEED, 9_000, 60_000, first_year=2008, private_share=0.3)
        with lake(home) as session, one_transaction(session):
            session.run(SCHEMA + store_schema(), step="make the databank's own tables")
            write_world(session, world, {ENGLAND: [REFRESH], CYMRU: [REFRESH]}, home / "deposits")
            write_reference(session, world, home / "deposits")
    select = [option for mart in MARTS for option in ("--select", f"+{mart}")]
    quiet = ["--exclude-resource-types", "test", "--exclude-resource-types", "unit_test"]
    result = dbt(home, "build", {ENGLAND: [REFRESH], CYMRU: [REFRESH]}, *select, *quiet)
    assert result.returncode == 0, result.stdout[-6000:]
    return Compared(world, home, (_side(world, home, ENGLAND, "England"), _side(world, home, CYMRU, "Wales")))


def _side(world: World, home: Path, dataset: str, nation: str) -> Side:
    docket = world.dockets[dataset]
    by_application = dataset == CYMRU
    made = pq.read_table(home / "deposits" / dataset / REFRESH / "truth.parquet").to_pydict()
    register = dict(zip(made["person_id"], made["register_id"], strict=True))
    ids: list[str]
    if dataset == ENGLAND:
        ids = [str(each) for each in cafcass_england.person_ids(SEED, docket.person)]
    else:
        ids = cafcass_cymru.person_ids(SEED, docket.person).to_pylist()
    source = "cymru" if by_application else "ecms"
    key = {
        int(person): f"alf {register[given]}" if register.get(given) else f"{source} {int(given.lstrip('W'))}"
        for person, given in zip(docket.person, ids, strict=True)
    }
    sets = truth.child_sets(world, docket, UNTIL, by_application=by_application)
    record = Record.of(world, docket, UNTIL, by_application=by_application)
    return Side(nation, docket, sets, by_application, key, record)
