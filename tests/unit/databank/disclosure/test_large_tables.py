"""Tables so large that many doubtful cells are served by one programme; and values in values of another depth."""

import random

from fjo_pipeline.databank.disclosure.cells import FrequencyTable
from fjo_pipeline.databank.disclosure.policy import load_policy
from fjo_pipeline.databank.disclosure.protect import FEW, Earlier, protect, unprotected
from fjo_pipeline.databank.disclosure.release import release_tables
from tests.property.disclosure_attack import Attacker

POLICY = load_policy("sail-2025")
TOLERANCE = 1e-6


def large(seed: int) -> FrequencyTable:
    chance = random.Random(seed)
    counts: dict[tuple[str, ...], int] = {
        (f"year {year}", f"area {area}", part): chance.choice((0, chance.randint(1, 14), chance.randint(20, 300)))
        for year in range(8)
        for area in range(6)
        for part in ("newborn", "infant but not newborn", "child but not infant")
    }
    within = {"newborn": "infant", "infant but not newborn": "infant"}
    return FrequencyTable("large", ("year", "area", "part"), counts, {"part": within})


def test_an_attacker_is_left_in_doubt_about_each_of_many_small_cells() -> None:
    table = large(1)
    known = release_tables([table], POLICY, 1).known
    small = [cell for cell, count in known.counts.items() if 0 < count < POLICY.threshold]
    assert len(small) > FEW
    attacker = Attacker([known])
    for cell in random.Random(2).sample(small, 12):
        low, high = attacker.interval(cell, known.counts[cell])
        assert low <= 1 + TOLERANCE
        assert high >= POLICY.threshold - TOLERANCE


def test_what_is_protected_is_found_to_be_and_one_cell_less_is_not() -> None:
    table = large(3)
    hidden = set(protect([table], POLICY).suppressed)
    assert unprotected([table], hidden, POLICY) == []
    small = min(cell for cell in hidden if 0 < table.cells[cell] < POLICY.threshold)
    assert small in unprotected([table], hidden - {small}, POLICY)


def test_a_small_difference_to_what_was_shown_before_is_found() -> None:
    before = FrequencyTable("t", ("sex",), {("F",): 100, ("M",): 200})
    earlier = Earlier(before.cells, before.relations, set(before.cells))
    after = FrequencyTable("t", ("sex",), {("F",): 103, ("M",): 200})
    assert (("sex", "F"),) in unprotected([after], set(), POLICY, [earlier])
    assert unprotected([before], set(), POLICY, [earlier]) == []


def test_a_value_may_lie_in_one_that_also_has_finest_parts() -> None:
    table = FrequencyTable(
        "ages",
        ("part",),
        {("newborn",): 20, ("infant but not newborn",): 30, ("child but not infant",): 50, ("under a day",): 15},
        {"part": {"under a day": "newborn or less", "newborn": "newborn or less", "newborn or less": "infant",
                  "infant but not newborn": "infant"}},
    )  # fmt: skip
    cells = table.cells
    assert cells[("part", "newborn or less"),] == 35
    assert cells[("part", "infant"),] == 65
    assert cells[()] == 115


def test_cells_that_are_never_shown_cost_no_other_cell_its_place() -> None:
    table = FrequencyTable("by year", ("year",), {("1",): 40, ("2",): 5, ("3",): 60})
    assert protect([table], POLICY).suppressed.keys() > {(("year", "2"),)}
    assert protect([table], POLICY, never=[()]).suppressed.keys() == {(), (("year", "2"),)}
