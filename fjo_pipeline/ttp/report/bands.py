"""Best candidates by probability: what another threshold would link, and the errors to expect there.

Bands with few people are merged with their neighbours on the same side of the threshold, so that no difference
between two thresholds shows a small number.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from fjo_pipeline.core.linkage_counts import Count
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.core.small_cells import SMALLEST_COUNT, is_small

EDGES = (0.0, 0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)
"""Lower edges; the shipped threshold is one more."""


@dataclass(frozen=True)
class Band:
    """People whose best candidate's probability lies from `low` up to `high`, and 1 - p summed over them."""

    low: float
    high: float
    people: int
    expected_errors: float

    def joined(self, other: "Band") -> "Band":
        """This band and the next above it as one."""
        return Band(self.low, other.high, self.people + other.people, self.expected_errors + other.expected_errors)


def read_bands(session: Session, candidates: str, threshold: float) -> list[Band]:
    """Every band, from low to high, over a relation of `probability`; bands without people among them."""
    edges = sorted({*EDGES, threshold})
    bands = [Band(low, high, 0, 0.0) for low, high in zip(edges, [*edges[1:], 1.0], strict=True)]
    found = session.rows(
        # Summed in order: floating sums over threads would differ from run to run.
        f"""SELECT len(list_filter({edges!r}::DOUBLE[], edge -> edge <= probability)) - 1 AS band, count(*),
            list_sum(list(CAST(1 - probability AS DOUBLE) ORDER BY probability))
        FROM {candidates} GROUP BY 1 ORDER BY 1""",
        step="count candidates by probability",
    )
    for band, people, errors in found:
        bands[band] = replace(bands[band], people=people, expected_errors=errors)
    return bands


def merged(bands: Iterable[Band]) -> list[Band]:
    """Neighbours joined until each has enough people; one band that is small is left where all together are few."""
    result: list[Band] = []
    for band in bands:
        if result and result[-1].people < SMALLEST_COUNT:
            result[-1] = result[-1].joined(band)
        else:
            result.append(band)
    if len(result) > 1 and result[-1].people < SMALLEST_COUNT:
        last = result.pop()
        result[-1] = result[-1].joined(last)
    return result


def band_counts(bands: Sequence[Band], threshold: float, exactly_linked: int | None) -> list[Count]:
    """The sections `band` and `threshold`: candidates by probability, and all links at or above each lower edge.

    `exactly_linked` is None where the total may not be shown; then only the candidates are.
    """
    shown = [*merged(each for each in bands if each.low < threshold), *merged(_at_or_above(bands, threshold))]
    counts = [
        Count("band", place, f"{band.low:g} to {band.high:g}", people, linked, _rounded(errors))
        for place, band in enumerate(shown)
        for people, linked, errors in [_what_of(band, threshold)]
    ]
    return counts + _thresholds(shown, exactly_linked)


def _what_of(band: Band, threshold: float) -> tuple[int | None, int | None, float | None]:
    if is_small(band.people):
        return None, None, None
    return band.people, band.people if band.low >= threshold else 0, band.expected_errors


def _thresholds(shown: Sequence[Band], exactly_linked: int | None) -> list[Count]:
    counts: list[Count] = []
    people, errors = 0, 0.0
    for place, band in reversed(list(enumerate(shown))):
        if is_small(band.people):
            # What lies below a hidden band would show it as a difference.
            break
        people, errors = people + band.people, errors + band.expected_errors
        linked = None if exactly_linked is None else exactly_linked + people
        counts.append(Count("threshold", place, f"{band.low:g}", people, linked, _rounded(errors)))
    return counts[::-1]


def _at_or_above(bands: Iterable[Band], threshold: float) -> list[Band]:
    return [each for each in bands if each.low >= threshold]


def _rounded(errors: float | None) -> float | None:
    return None if errors is None else round(errors, 2)
