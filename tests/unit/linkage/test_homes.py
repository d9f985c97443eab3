"""Postcode and address weighed together: lifts counted from pairs, and neighbours as the register at hand has them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fjo_pipeline.core.sessions import Session, open_session
from fjo_pipeline.ttp.linkage.homes import count_lifts, together
from fjo_pipeline.ttp.linkage.households import Household
from fjo_pipeline.ttp.linkage.model import home_codes

CODES = {levels: code for code, levels in home_codes().items()}
EQUAL, NEIGHBOUR, OTHER = (6, 5), (6, 3), (1, 1)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with open_session(tmp_path / "spill") as opened:
        yield opened


def _lifts(session: Session, counts: dict[tuple[int, int], int]) -> tuple[dict[int, float], dict[int, float]]:
    """Lifts and shares together, of so many pairs with each level of postcode and address."""
    listed = ", ".join(f"({postcode}, {address}, {count})" for (postcode, address), count in counts.items())
    session.run(
        f"""CREATE TABLE vectors AS
        SELECT row_number() OVER () AS pid, 1 AS rid, postcode, address
        FROM (SELECT postcode, address, unnest(range(count)) FROM (VALUES {listed}) t(postcode, address, count));
        CREATE TABLE pairs AS SELECT pid, rid, 1.0 AS weight FROM vectors""",
        step="make vectors",
    )
    total = sum(counts.values())
    shares = {
        name: {
            levels[place]: max(sum(n for each, n in counts.items() if each[place] == levels[place]), 0.5) / total
            for levels in CODES
        }
        for place, name in enumerate(("postcode", "address"))
    }
    lifts = count_lifts(session, "vectors", "pairs", shares)
    return lifts, together(shares, lifts)


def test_who_has_moved_differs_in_both_as_often_as_in_one(session: Session) -> None:
    _, shares = _lifts(session, {EQUAL: 9_000, OTHER: 1_000})
    assert shares[CODES[EQUAL]] == pytest.approx(0.9, abs=0.01)
    assert shares[CODES[OTHER]] == pytest.approx(0.1, abs=0.01)
    assert shares[CODES[1, 5]] < 0.001


def test_levels_that_have_nothing_to_do_with_one_another_are_left_apart(session: Session) -> None:
    lifts, _ = _lifts(session, {(6, 5): 4_000, (6, 1): 4_000, (1, 5): 1_000, (1, 1): 1_000})
    assert [lifts[CODES[levels]] for levels in ((6, 5), (6, 1), (1, 5), (1, 1))] == pytest.approx([1, 1, 1, 1])


def test_a_level_that_was_not_seen_is_taken_for_independent(session: Session) -> None:
    lifts, _ = _lifts(session, {EQUAL: 100, OTHER: 100})
    assert lifts[CODES[4, 1]] == pytest.approx(1)


def test_neighbours_are_as_the_register_has_them_and_as_expected_where_it_has_none() -> None:
    assert Household(1.0, 1.0).alike_share(0.9) == pytest.approx(0.9)
    assert Household(1.0, 1.0, neighbours=10_000, alike=100).alike_share(0.9) == pytest.approx(0.01, abs=0.002)
