"""Everything about one nation's proceedings that a deposit is written from, and who had been seen by when."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fjo_pipeline.synthetic import error_rates as rates
from fjo_pipeline.synthetic.cafcass_cases import Court
from fjo_pipeline.synthetic.cafcass_orders import Hearings, Orders, build_hearings, build_orders
from fjo_pipeline.synthetic.couples import People
from fjo_pipeline.synthetic.relationships import Relationships, build_relationships
from fjo_pipeline.synthetic.streams import NEVER, Bools, Ints, Timeline, chance, stream


@dataclass(frozen=True)
class Docket:
    """A court with its relationships, orders and hearings; `person` lists its people, each once, ascending."""

    court: Court
    relationships: Relationships
    orders: Orders
    hearings: Hearings
    person: Ints
    first_seen: Ints
    empty: Bools
    copied_people: Bools

    @cached_property
    def _sightings(self) -> tuple[Timeline, Ints]:
        applications, parties = self.court.applications, self.court.parties
        made = applications.made[parties.application]
        return Timeline(parties.person, made), made

    def known(self, until: int) -> tuple[Ints, Ints]:
        """(position in `person`, day of first record) of the people whom the source system knew by a day."""
        at = np.flatnonzero(self.first_seen <= until)
        return at, self.first_seen[at]

    def latest(self, until: int) -> Ints:
        """For each of `person`, the day of their last application by `until`: what is on file dates from then."""
        timeline, made = self._sightings
        found = timeline.at(self.person, np.full(len(self.person), until))
        return np.where(found >= 0, made[np.maximum(found, 0)], self.first_seen)


def build_docket(seed: int, people: People, court: Court) -> Docket:
    """The docket of a court, with which records go wrong decided once, so that refreshes agree."""
    person, first = _people(people, court)
    rng = stream(seed, "docket", court.system)
    applications = len(court.applications)
    last_of_case = np.r_[court.applications.case[1:] != court.applications.case[:-1], True] if applications else []
    empty = chance(rng, applications, rates.EMPTY_APPLICATIONS) & np.asarray(last_of_case, dtype=bool)
    return Docket(
        court, build_relationships(seed, people, court), build_orders(seed, court), build_hearings(seed, court),
        person, first, empty, chance(rng, len(person), rates.PEOPLE_COPIED),
    )  # fmt: skip


def _people(people: People, court: Court) -> tuple[Ints, Ints]:
    first = np.full(len(people), NEVER, dtype=np.int64)
    np.minimum.at(first, court.members.person, court.cases.opened[court.members.case])
    person = np.flatnonzero(first < NEVER)
    return person, first[person]
