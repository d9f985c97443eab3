"""Small-cell suppression of the counts that a page or a transfer may show: the smallest count, and what else must go.

One place for all zones; what may leave the databank has a policy of its own on top (dbt's disclosure vars).
"""

from collections.abc import Collection, Sequence

SMALLEST_COUNT = 10
"""SAIL's output policy from June 2025: no cell under 10, and no difference between shown numbers under 10."""


def is_small(count: int) -> bool:
    """Whether a count is of few people; nobody at all is nothing to hide."""
    return 0 < count < SMALLEST_COUNT


def hidden(rows: Sequence[Sequence[int]], margins: Sequence[Collection[int]] = ()) -> set[int]:
    """The rows that may not be shown: those with a small part, and others so that no margin gives one away.

    A row's parts are counts of people that are shown or follow from what is shown. A margin is a set of rows whose sum
    is known: in it nothing is hidden, or at least two rows are, whose hidden parts together are not small.
    """
    found = {index for index, parts in enumerate(rows) if any(is_small(part) for part in parts)}
    while (more := _given_away(rows, margins, found)) is not None:
        found.add(more)
    return found


def _given_away(rows: Sequence[Sequence[int]], margins: Sequence[Collection[int]], found: set[int]) -> int | None:
    """The smallest row that must be hidden as well, or None where no margin gives a hidden row away."""
    for margin in margins:
        inside, shown = found & set(margin), set(margin) - found
        if inside and shown and (len(inside) < 2 or _sum_is_small(rows, inside)):
            return min(shown, key=lambda index: (sum(rows[index]) == 0, sum(rows[index]), index))
    return None


def _sum_is_small(rows: Sequence[Sequence[int]], chosen: Collection[int]) -> bool:
    return any(is_small(sum(parts)) for parts in zip(*(rows[index] for index in chosen), strict=True))
