"""Makes the probability mean what it says: a logistic curve on log odds, fitted where the truth is known."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fjo_pipeline.core.sessions import Session
from fjo_pipeline.ttp.linkage.exact import link_exactly
from fjo_pipeline.ttp.linkage.model import LinkageModel
from fjo_pipeline.ttp.linkage.normalise import RegisterRelations
from fjo_pipeline.ttp.linkage.prepare import normalise
from fjo_pipeline.ttp.linkage.probabilistic import score

STEPS = 30
BANDS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999, 1.0)


def calibrate(
    session: Session, model: LinkageModel, people: str, register: RegisterRelations, truth: str
) -> LinkageModel:
    """The model with slope and intercept fitted on the best candidates of people left by the exact tiers.

    `truth` is a relation (person_id, register_id). Fit on people whom the chances were not counted from.
    """
    plain = replace(model, slope=1.0, intercept=0.0)
    probability, right = best_candidates(session, plain, people, register, truth)
    slope, intercept = fit_logistic(np.log(probability / (1 - probability)), right)
    return replace(model, slope=slope, intercept=intercept)


def best_candidates(
    session: Session, model: LinkageModel, people: str, register: RegisterRelations, truth: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probability of each person's best candidate, and 1 where it is the right one, for those the exact tiers left."""
    normalise(session, people, register)
    link_exactly(session, use_nhs_numbers=False)
    session.run(
        """CREATE OR REPLACE TEMP TABLE linkage_rest AS
        SELECT pid FROM linkage_people WHERE pid NOT IN (SELECT pid FROM linkage_exact)""",
        step="leave the rest to probabilities",
    )
    score(session, model)
    result = session.reader(
        f"""SELECT probability, CAST(coalesce(r.register_id = t.register_id, false) AS DOUBLE) AS right_one
        FROM (SELECT * FROM linkage_scored
              QUALIFY row_number() OVER (PARTITION BY pid ORDER BY probability DESC, rid) = 1)
        JOIN linkage_people p USING (pid) JOIN linkage_person r USING (rid) JOIN {truth} t USING (person_id)
        ORDER BY pid""",
        step="compare probabilities with the truth",
    ).read_all()
    return result["probability"].to_numpy(), result["right_one"].to_numpy()


def fit_logistic(log_odds: NDArray[np.float64], right: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and intercept by Newton's method, a weak prior at 1 and 0 keeping separable data finite."""
    design = np.column_stack([np.clip(log_odds, -25, 25), np.ones(len(right))])
    prior, strength = np.array([1.0, 0.0]), 1.0
    weights = prior.copy()
    for _ in range(STEPS):
        fitted = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (right - fitted) - strength * (weights - prior)
        curvature = (design * (fitted * (1 - fitted))[:, None]).T @ design + strength * np.eye(2)
        weights = weights + np.linalg.solve(curvature, gradient)
    return float(weights[0]), float(weights[1])


def reliability(
    probability: NDArray[np.float64], right: NDArray[np.float64]
) -> list[tuple[float, float, int, float, float]]:
    """Band by band: lower and upper bound, people, mean probability, share that is right; empty bands left out."""
    table = []
    for lower, upper in pairwise(BANDS):
        within = (probability >= lower) & ((probability < upper) | (upper == BANDS[-1]))
        if within.any():
            table.append(
                (lower, upper, int(within.sum()), float(probability[within].mean()), float(right[within].mean()))
            )
    return table
