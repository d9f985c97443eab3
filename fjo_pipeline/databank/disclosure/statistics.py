"""Statistics that may be let out: each made from rounded counts, or from enough people, or not at all."""

from collections.abc import Iterable
from dataclasses import dataclass

from fjo_pipeline.databank.disclosure.policy import Policy


@dataclass(frozen=True)
class Step:
    """A step of a survival curve: days since the index, people at risk before it, events in it, and what survives."""

    day: int
    at_risk: int
    events: int
    survival: float


def rounded(count: int, policy: Policy) -> int:
    """A count to the nearest multiple of the policy's base, halves upwards."""
    return (count + policy.rounding // 2) // policy.rounding * policy.rounding


def rate(numerator: int | None, denominator: int | None, policy: Policy, per: float = 1.0) -> float | None:
    """Shown counts as a rate, from the counts as rounded; None where either is hidden or the denominator too small."""
    if numerator is None or denominator is None or denominator < policy.minimum_denominator:
        return None
    base = rounded(denominator, policy)
    return rounded(numerator, policy) / base * per if base else None


def median(value: float, people: int, policy: Policy) -> int | None:
    """A median in whole units, halves upwards; None where too few people stand behind it."""
    return int(value + 0.5) if people >= policy.median_from else None


def survival_steps(observed: Iterable[tuple[int, int, int]], policy: Policy) -> list[Step]:
    """A Kaplan-Meier curve (doi:10.1080/01621459.1958.10501452) whose every step stands for enough people.

    `observed` has a day, the people at risk before it and the events on it, by day. Days are put together until the
    step has as many events as the threshold, and the curve ends where fewer would be at risk after it. Each step is
    made from rounded counts; there are no censor ticks, and people at risk are the risk table.
    """
    steps: list[Step] = []
    survival, first, events = 1.0, 0, 0
    for day, at_risk, happened in observed:
        first = at_risk if events == 0 else first
        events += happened
        if events < policy.threshold:
            continue
        left = first - events
        if 0 < left < policy.threshold:
            break
        base = rounded(first, policy)
        survival *= max(1 - rounded(events, policy) / base, 0.0)
        steps.append(Step(day, base, rounded(events, policy), survival))
        events = 0
    return steps
