"""A synthetic world: one population, its register and its court proceedings, from which any refresh can be written."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.synthetic import cafcass_cymru, cafcass_england, cafcass_england_cms, register
from fjo_pipeline.synthetic.cafcass_cases import PLACED, Court, build_court
from fjo_pipeline.synthetic.cafcass_families import PUBLIC, Scope
from fjo_pipeline.synthetic.cafcass_members import SUBJECT
from fjo_pipeline.synthetic.carried_over import older_docket
from fjo_pipeline.synthetic.couples import HORIZON, Unions
from fjo_pipeline.synthetic.docket import Docket, build_docket
from fjo_pipeline.synthetic.error_rates import NOT_ON_REGISTER
from fjo_pipeline.synthetic.life import build_homes, build_names
from fjo_pipeline.synthetic.names import ENGLAND, WALES
from fjo_pipeline.synthetic.observed import Lives
from fjo_pipeline.synthetic.places import build_places
from fjo_pipeline.synthetic.population import build_people
from fjo_pipeline.synthetic.register import Entries, build_entries, off_register, register_tables
from fjo_pipeline.synthetic.streams import Bools, Ints, day
from fjo_pipeline.synthetic.writing import refresh_day, write_csv, write_delivery

DATASETS = (cafcass_england.DATASET, cafcass_cymru.DATASET, register.DATASET, cafcass_england_cms.DATASET)
_LEAST_REGISTER = 2_000
_REGISTER_FOR_EACH = 10


@dataclass(frozen=True)
class SyntheticFiles:
    """Where the parts of a written world lie; `deposit` and `truth` are None for the register alone."""

    deposit: Path | None
    register: Path
    postcodes: Path
    truth: Path | None


@dataclass(frozen=True)
class World:
    """A population and what happened to it up to the horizon; every delivery is a view of it at a refresh date."""

    seed: int
    lives: Lives
    entries: Entries
    missed: Bools
    dockets: dict[str, Docket]
    unions: Unions
    scope: Scope

    def write_deposit(self, dataset: str, refresh: str, folder: Path) -> None:
        """Write one deposit of a dataset into `folder`; Refused for an unknown dataset or refresh date."""
        until = refresh_day(refresh)
        docket = self._docket(dataset)
        tables = _TABLES[dataset](self.seed, docket, self.lives, until)
        write_delivery(folder, dataset, refresh, tables)

    def write_register(self, refresh: str, folder: Path) -> None:
        """Write the register's delivery into `folder`; Refused for an impossible refresh date."""
        tables = register_tables(self.seed, self.lives, self.entries, refresh_day(refresh))
        write_delivery(folder, register.DATASET, refresh, tables)

    def write_postcodes(self, path: Path) -> None:
        """Write the postcode directory, postcode and lsoa2011_cd, as a CSV file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        places = self.lives.places
        lsoa = places.lsoa.take(pa.array(places.unit_lsoa))
        write_csv(pa.table({"postcode": places.postcode, "lsoa2011_cd": lsoa}), path)

    def write_truth(self, dataset: str, refresh: str, path: Path) -> None:
        """Write person_id and register_id, null for people on no register, for everybody in that deposit."""
        docket = self._docket(dataset)
        at, _ = docket.known(refresh_day(refresh))
        person = docket.person[at]
        own = np.cumsum(~self.missed) - 1
        entry = pa.array(register.entry_ids(self.seed, own[person]), mask=self.missed[person]).cast(pa.string())
        raw = _PERSON_IDS[dataset](self.seed, person)
        ids = raw if isinstance(raw, pa.Array) else pa.array(raw).cast(pa.string())
        truth = pa.table({"person_id": ids, "register_id": entry}).sort_by("person_id")
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(truth, path)

    def _docket(self, dataset: str) -> Docket:
        if dataset == cafcass_england_cms.DATASET:
            return self._older_docket
        if dataset not in self.dockets:
            known = ", ".join(sorted(_TABLES))
            raise Refused(f"there is no synthetic dataset of that name: take one of {known}")
        return self.dockets[dataset]

    @cached_property
    def _older_docket(self) -> Docket:
        """CMS's, made when it is first asked for: most worlds are made for the systems of today."""
        later = self.dockets[cafcass_england.DATASET]
        return older_docket(self.seed, self.lives, self.unions, self.scope, later)


_TABLES = {
    cafcass_england.DATASET: cafcass_england.england_tables,
    cafcass_england_cms.DATASET: cafcass_england_cms.cms_tables,
    cafcass_cymru.DATASET: cafcass_cymru.cymru_tables,
}
_PERSON_IDS = {
    cafcass_england.DATASET: cafcass_england.person_ids,
    cafcass_england_cms.DATASET: cafcass_england_cms.person_ids,
    cafcass_cymru.DATASET: cafcass_cymru.person_ids,
}


def build_world(
    seed: int, people: int, register_people: int | None = None, *, first_year: int = 2014,
    last: str = "20261231", private_share: float = 0.75,
) -> World:  # fmt: skip
    """A world with at most `people` people in each nation's proceedings and about `register_people` on the register.

    `people` are those seen by the horizon, 2026-12-31; an earlier refresh knows fewer. Wales, a quarter of the
    population, may have fewer families than asked for.

    Cases open between 1 January of `first_year` and the refresh date `last`. Refused where the register would be too
    small for so many people in proceedings.
    """
    size = register_people if register_people is not None else max(_REGISTER_FOR_EACH * people, _LEAST_REGISTER)
    if people < 1 or size < 3 * people:
        raise Refused("a synthetic world needs at least 1 person, and at least 3 people on the register for each")
    missing = round(size * NOT_ON_REGISTER / (1 - NOT_ON_REGISTER))
    population, unions = build_people(seed, size + missing)
    places = build_places(size)
    lives = Lives(
        population, build_names(seed, population, unions),
        build_homes(seed, population, unions, places.dwellings), places,
    )  # fmt: skip
    scope = Scope(people, day(first_year), min(refresh_day(last), HORIZON), private_share)
    dockets = {}
    for dataset, nation in ((cafcass_england.DATASET, ENGLAND), (cafcass_cymru.DATASET, WALES)):
        court = build_court(seed, nation, population, unions, lives.homes, places, scope)
        dockets[dataset] = build_docket(seed, population, court)
    missed = off_register(seed, lives, missing)
    adopted, adopted_on = _adopted([docket.court for docket in dockets.values()])
    entries = build_entries(seed, lives, missed, adopted, adopted_on)
    return World(seed, lives, entries, missed, dockets, unions, scope)


def _adopted(courts: list[Court]) -> tuple[Ints, Ints]:
    """Children placed for adoption, each once, and the day their case closed."""
    child, closed = [], []
    for court in courts:
        members = court.members
        placed = (court.cases.outcome == PLACED) & (court.cases.law == PUBLIC)
        placed = placed[members.case] & (members.part == SUBJECT)
        child.append(members.person[placed])
        closed.append(court.cases.closed[members.case[placed]])
    every, when = np.concatenate(child), np.concatenate(closed)
    order = np.lexsort((when, every))
    distinct, first = np.unique(every[order], return_index=True)
    return distinct, when[order][first] + 300


def write_synthetic(
    dataset: str, people: int, seed: int, refresh: str, out: Path, *, register_people: int | None = None
) -> SyntheticFiles:
    """Write a deposit of `dataset`, its register, its postcode directory and the truth under `out`.

    The same seed, people and register_people make the same world, so that a later refresh shows it later and all
    datasets share one register. `population_register` writes no deposit and no truth. Refused for an unknown dataset
    or refresh date.
    """
    if dataset not in DATASETS:
        raise Refused(f"there is no synthetic dataset of that name: take one of {', '.join(DATASETS)}")
    refresh_day(refresh)
    world = build_world(seed, people, register_people)
    world.write_register(refresh, out / "register")
    world.write_postcodes(out / "reference" / "postcode_to_lsoa.csv")
    deposit, truth = None, None
    if dataset != register.DATASET:
        deposit, truth = out / "deposit", out / "truth.parquet"
        world.write_deposit(dataset, refresh, deposit)
        world.write_truth(dataset, refresh, truth)
    return SyntheticFiles(deposit, out / "register", out / "reference" / "postcode_to_lsoa.csv", truth)
