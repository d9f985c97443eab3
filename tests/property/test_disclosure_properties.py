"""What an attacker with every sum and every earlier release can say of a suppressed cell: nothing that matters."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.databank.disclosure.cells import FrequencyTable
from fjo_pipeline.databank.disclosure.policy import Policy, load_policy
from fjo_pipeline.databank.disclosure.protect import Earlier
from fjo_pipeline.databank.disclosure.release import Release, release_tables
from tests.property.disclosure_attack import Attacker

SAIL_2025, SAIL_2020 = load_policy("sail-2025"), load_policy("sail-2020")
COUNTS = st.one_of(st.just(0), st.integers(0, 12), st.integers(0, 300))
TOLERANCE = 1e-6


@st.composite
def tables(draw: st.DrawFn) -> FrequencyTable:
    """A table of one to three dimensions, some of whose areas lie in regions."""
    sizes = draw(st.lists(st.integers(2, 4), min_size=1, max_size=3))
    dimensions = ("area", "sex", "year")[: len(sizes)]
    keys: list[tuple[str, ...]] = [()]
    for dimension, size in zip(dimensions, sizes, strict=True):
        keys = [(*key, f"{dimension} {value}") for key in keys for value in range(size)]
    counts = {key: draw(COUNTS) for key in keys}
    regions = {f"area {value}": f"region {value // 2}" for value in range(4)} if draw(st.booleans()) else {}
    return FrequencyTable("generated", dimensions, counts, {"area": regions})


def assert_nothing_is_given_away(releases: list[Release], policy: Policy) -> None:
    known = [release.known for release in releases]
    attacker = Attacker(known)
    for each in known:
        for cell, count in each.counts.items():
            if 0 < count < policy.threshold:
                assert cell not in each.shown
                low, high = attacker.interval(cell, count)
                assert low <= 1 + TOLERANCE
                assert high >= policy.threshold - TOLERANCE


@given(tables(), st.sampled_from([SAIL_2025, SAIL_2020]))
@settings(max_examples=60)
def test_each_small_cell_may_be_one_or_the_threshold_for_all_that_the_sums_say(
    table: FrequencyTable, policy: Policy
) -> None:
    assert_nothing_is_given_away([release_tables([table], policy, 1)], policy)


@pytest.mark.slow
@given(tables(), st.sampled_from([SAIL_2025, SAIL_2020]))
@settings(max_examples=2000)
def test_thousands_of_tables_give_no_small_cell_away(table: FrequencyTable, policy: Policy) -> None:
    assert_nothing_is_given_away([release_tables([table], policy, 1)], policy)


@st.composite
def two_releases(draw: st.DrawFn) -> tuple[FrequencyTable, FrequencyTable]:
    """A table, and the same with some cells changed, as a later refresh has them."""
    first = draw(tables())
    changed = {
        key: max(0, count + draw(st.one_of(st.just(0), st.just(0), st.integers(-3, 30))))
        for key, count in first.counts.items()
    }
    return first, FrequencyTable(first.name, first.dimensions, changed, first.broader)


@given(two_releases())
@settings(max_examples=60)
def test_two_releases_together_give_no_small_cell_and_no_small_difference_away(
    both: tuple[FrequencyTable, FrequencyTable],
) -> None:
    first = release_tables([both[0]], SAIL_2025, 1)
    try:
        second = release_tables([both[1]], SAIL_2025, 2, [first.known])
    except Refused:
        return  # shown is shown: nothing is let out at all
    assert_nothing_is_given_away([first, second], SAIL_2025)
    for cell in set(first.known.shown) & set(second.known.shown):
        by = abs(second.known.counts[cell] - first.known.counts[cell])
        assert by == 0 or by >= SAIL_2025.threshold


@given(tables())
@settings(max_examples=60)
def test_a_full_cell_is_never_shown(table: FrequencyTable) -> None:
    known: Earlier = release_tables([table], SAIL_2025, 1).known
    for relation in known.relations:
        if len(relation.parts) > 1:
            for part in relation.parts:
                full = known.counts[part] == known.counts[relation.total] > 0
                assert not (full and part in known.shown)


@given(tables())
@settings(max_examples=30)
def test_the_same_table_has_the_same_record(table: FrequencyTable) -> None:
    again = FrequencyTable(
        table.name, table.dimensions, dict(sorted(table.counts.items(), reverse=True)), table.broader
    )
    assert release_tables([table], SAIL_2025, 1).record == release_tables([again], SAIL_2025, 1).record
