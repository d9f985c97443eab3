"""What courts ordered for each child on each application, and the hearings of a case."""

from dataclasses import dataclass, fields

import numpy as np

from fjo_pipeline.synthetic import cafcass_cases as kinds
from fjo_pipeline.synthetic.cafcass_cases import Court
from fjo_pipeline.synthetic.cafcass_families import PUBLIC
from fjo_pipeline.synthetic.couples import HORIZON
from fjo_pipeline.synthetic.error_rates import SUBJECTS_WITHOUT_OUTPUT
from fjo_pipeline.synthetic.lookups import output_ids
from fjo_pipeline.synthetic.streams import NEVER, Bools, Ints, chance, choose, stream

_WEEK = 7

# Final outputs by outcome of the case, in the order of their numbers in cafcass_cases; shares within one are ours [R].
_PUBLIC_FINAL = (
    (("Care Order", 0.92), ("Care Order (by consent)", 0.08)),
    (("Care Order", 1.0),),
    (("Special Guardianship Order", 1.0),),
    (("Supervision Order", 1.0),),
    (("CAO - lives with", 0.85), ("CAO - shared lives with", 0.15)),
    (("Order of No Order", 0.5), ("Application withdrawn", 0.3), ("Leave to withdraw granted", 0.2)),
)
_PRIVATE_FINAL = (
    ("CAO - lives with", 0.26), ("CAO - spend time with", 0.36), ("CAO - spend time with (supervised)", 0.06),
    ("CAO - shared lives with", 0.10), ("CAO - spend time with (indirect)", 0.05), ("CAO - no contact", 0.02),
    ("DR at FHDRA \u2013 full agreement, final order", 0.15),
)  # fmt: skip
_PRIVATE_NONE = (("Order of No Order", 0.45), ("Application withdrawn", 0.35), ("Application dismissed", 0.20))
_BY_KIND = {
    kinds.PLACEMENT: "Placement Order", kinds.EMERGENCY_PROTECTION: "Emergency Protection Order",
    kinds.DISCHARGE_CARE: "Discharge of Care Order", kinds.ENFORCEMENT: "Enforcement Order",
    kinds.SPECIAL_GUARDIANSHIP: "Special Guardianship Order", kinds.WARDSHIP: "Wardship Order",
    kinds.PARENTAL_RESPONSIBILITY: "Parental Responsibility Order", kinds.SPECIFIC_ISSUE: "Specific Issue Order",
    kinds.PROHIBITED_STEPS: "Prohibited Steps Order", kinds.SECURE_ACCOMMODATION: "Secure Accommodation Order",
    kinds.CHILD_ASSESSMENT: "Child Assessment Order",
}  # fmt: skip
# In 48 % of the private cases that began in 2019/20 one of the four signs that a child took part came within a year [V
# domain.md §4]. On the way: (law, output, share of applications, first and last week after the application).
_INTERIM = (
    (1, "Interim Care Order", 0.62, 0, 3), (1, "Interim Supervision Order", 0.16, 0, 3),
    (1, "Child's solicitor appointed", 0.3, 0, 2), (1, "Directions - case management", 0.35, 2, 5),
    (2, "MIAM directed", 0.08, 2, 6), (2, "Section 7 report (Cafcass)", 0.41, 4, 16),
    (2, "Section 7 report (local authority)", 0.08, 4, 16), (2, "Local authority report directed (s37)", 0.05, 4, 14),
    (2, "Guardian - R16.4 appointment", 0.06, 6, 30), (2, "Directions - FHDRA", 0.3, 4, 9),
    (2, "DR at FHDRA \u2013 no agreement, Cafcass further work", 0.1, 5, 9),
    (2, "DR at FHDRA \u2013 partial agreement, signpost to SPIP", 0.08, 5, 9),
    (2, "Referred to LA/PSU - SPH", 0.02, 3, 8), (2, "Referred to LA/PSU - SPH at FHDRA", 0.01, 3, 8),
    (2, "Referred to LA/PSU - SPH\u00a0", 0.01, 3, 8),
)  # fmt: skip


@dataclass(frozen=True)
class Orders:
    """One entry an output for a child on an application; `output` is the lookup's id."""

    application: Ints
    person: Ints
    output: Ints
    made: Ints
    rule_16_4: Bools


@dataclass(frozen=True)
class Hearings:
    """One entry a hearing of a case; `step` counts them from 0."""

    case: Ints
    held: Ints
    step: Ints


def build_orders(seed: int, court: Court) -> Orders:
    """Final and interim outputs of every application for its subjects, at the days they were made."""
    rng = stream(seed, "orders", court.system)
    at = np.flatnonzero(court.parties.subject)
    at = at[~chance(rng, len(at), SUBJECTS_WITHOUT_OUTPUT)]
    application, person = court.parties.application[at], court.parties.person[at]
    final = _final_outputs(rng, court)[application]
    completed = court.applications.completed[application]
    parts = [_orders(application, person, final, completed), *_interim(rng, court, application, person)]
    rare = chance(rng, len(at), 0.04)
    every = np.array(list(output_ids().values()))
    made = court.applications.made[application[rare]] + 14
    parts.append(_orders(application[rare], person[rare], rng.choice(every, int(rare.sum())), made))
    orders = Orders(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Orders)))
    happened = (orders.made <= HORIZON) & (orders.made <= court.applications.completed[orders.application])
    order = np.flatnonzero(happened)
    order = order[
        np.lexsort((orders.output[order], orders.made[order], orders.person[order], orders.application[order]))
    ]
    return Orders(*(getattr(orders, field.name)[order] for field in fields(Orders)))


def _orders(application: Ints, person: Ints, output: Ints, made: Ints) -> Orders:
    return Orders(application, person, output, made, output == output_ids()["Guardian - R16.4 appointment"])


def _final_outputs(rng: np.random.Generator, court: Court) -> Ints:
    """One final output an application, the same for its children."""
    applications, cases = court.applications, court.cases
    size = len(applications)
    public = cases.law[applications.case] == PUBLIC
    outcome = cases.outcome[applications.case]
    result = _drawn(rng, size, _PRIVATE_NONE)
    result = np.where(~public & (outcome != kinds.NO_ORDER), _drawn(rng, size, _PRIVATE_FINAL), result)
    for number, table in enumerate(_PUBLIC_FINAL):
        result = np.where(public & (outcome == number), _drawn(rng, size, table), result)
    for kind, name in _BY_KIND.items():
        granted = (applications.kind == kind) & chance(rng, size, 0.85)
        result = np.where(granted, output_ids()[name], result)
    return result


def _drawn(rng: np.random.Generator, size: int, table: tuple[tuple[str, float], ...]) -> Ints:
    codes = np.array([output_ids()[name] for name, _ in table])
    return codes[choose(rng, size, [share for _, share in table])]


def _interim(rng: np.random.Generator, court: Court, application: Ints, person: Ints) -> list[Orders]:
    size = len(court.applications)
    law = court.cases.law[court.applications.case]
    parts = []
    for of_law, name, share, first, last in _INTERIM:
        happens = chance(rng, size, share) & (law == of_law)
        made = court.applications.made + rng.integers(first * _WEEK, last * _WEEK, size)
        here = happens[application]
        output = np.full(int(here.sum()), output_ids()[name])
        parts.append(_orders(application[here], person[here], output, made[application[here]]))
    return parts


def build_hearings(seed: int, court: Court) -> Hearings:
    """Hearings from the first weeks of a case to its last day, some five in public law and three in private."""
    rng = stream(seed, "hearings", court.system)
    cases = court.cases
    count = 1 + rng.poisson(np.where(cases.law == PUBLIC, 4.0, 2.2))
    case = np.repeat(np.arange(len(cases)), count)
    step = np.arange(len(case)) - np.repeat(np.cumsum(count) - count, count)
    length = np.minimum(cases.closed - cases.opened, 3 * 365)[case]
    share = (step + rng.random(len(case))) / count[case]
    held = cases.opened[case] + np.maximum((share * length).astype(np.int64), 1)
    # Courts do not sit at weekends; day 0, 1970-01-01, was a Thursday.
    weekday = (held + 3) % 7
    held = held + np.where(weekday > 4, 7 - weekday, 0)
    held = np.where(held > NEVER, NEVER, held)
    return Hearings(case, held, step)
