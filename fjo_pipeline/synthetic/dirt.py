"""The dirt of real deposits that concerns rows, not values: copies under another row id, and second roles."""

from dataclasses import fields

import numpy as np

from fjo_pipeline.synthetic import error_rates as rates
from fjo_pipeline.synthetic.cafcass_cases import Parties
from fjo_pipeline.synthetic.docket import Docket
from fjo_pipeline.synthetic.streams import Ints, chance, scramble, stream


def copied(seed: int, dataset: str, table: str, rows: int) -> Ints:
    """Row numbers 0..rows-1, then those that are stored twice: the position in the result is the row id's index."""
    again = chance(stream(seed, dataset, table, "copies"), rows, rates.ROWS_COPIED)
    return np.asarray(np.r_[np.arange(rows), np.flatnonzero(again)])


def people_with_copies(seed: int, dataset: str, docket: Docket, at: Ints) -> Ints:
    """The order in which a table of the people at some positions is written, with exact copies of some rows."""
    order = np.r_[np.arange(len(at)), np.flatnonzero(docket.copied_people[at])]
    return np.asarray(order[np.argsort(scramble(at[order], seed, dataset, "people order"), kind="stable")])


def second_roles(seed: int, docket: Docket) -> Parties:
    """The parties, and after them a row more for the few who have another role on the same application."""
    parties = docket.court.parties
    rng = stream(seed, "second roles", docket.court.system)
    chosen = np.flatnonzero(chance(rng, len(parties.person), rates.SECOND_ROLE) & ~parties.subject)
    columns = {field.name: getattr(parties, field.name) for field in fields(Parties)}
    more = {name: column[chosen] for name, column in columns.items()}
    was_other = more["other"]
    more["applicant"], more["respondent"] = more["respondent"] & ~was_other, more["applicant"] | was_other
    more["other"] = np.zeros(len(chosen), dtype=bool)
    return Parties(**{name: np.concatenate([column, more[name]]) for name, column in columns.items()})
