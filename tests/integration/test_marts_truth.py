"""The marts against what happened in the made-up world, worked out a second way (truth.py), child by child.

Ages agree within what the exact band, else the week of birth, leaves open; all else agrees exactly.
"""

from datetime import date
from statistics import mean, median

import pytest

from tests.integration import truth
from tests.integration.marts_world import UNTIL, Compared

pytestmark = pytest.mark.slow


def test_every_child_has_its_first_set_and_an_age_within_what_is_known(compared: Compared) -> None:
    born = compared.world.lives.people.born
    for side in compared.sides:
        found = compared.read(
            "SELECT child_key, s31_date, least_days_old, most_days_old, is_infant "
            f"FROM lake.intermediate.int_s31_children WHERE nation = '{side.nation}' AND set_number = 1",
        )
        ages = {side.key[each.child]: (each.issued, each.child) for each in truth.first_sets(side.sets)}
        assert {row[0]: row[1] for row in found} == {key: issued for key, (issued, _) in ages.items()}
        for key, issued, least, most, infant in found:
            birth = truth.day_of(born[ages[key][1]])
            days = (issued - birth).days
            assert least <= days <= most
            assert infant in (None, issued < _first_birthday(birth))


def _first_birthday(birth: date) -> date:
    return date(birth.year + 1, 3, 1) if (birth.month, birth.day) == (2, 29) else birth.replace(year=birth.year + 1)


def test_newborns_and_infants_lie_between_those_who_surely_are_and_those_who_may_be(compared: Compared) -> None:
    born = compared.world.lives.people.born
    for side, newborn in zip(compared.sides, (7, 14), strict=True):
        found = compared.read(
            "SELECT year, children, infants, infants_at_most, newborns, newborns_at_most "
            f"FROM lake.marts.born_into_care WHERE nation = '{side.nation}' AND year_kind = 'calendar' "
            "AND dimension = 'all'",
        )
        first = truth.first_sets(side.sets)
        assert {row[0] for row in found} == {each.issued.year for each in first}
        for year, children, infants, infants_at_most, newborns, newborns_at_most in found:
            ages = [(each.issued, truth.day_of(born[each.child])) for each in first if each.issued.year == year]
            assert children == len(ages)
            assert infants <= sum(issued < _first_birthday(birth) for issued, birth in ages) <= infants_at_most
            assert newborns <= sum((issued - birth).days < newborn for issued, birth in ages) <= newborns_at_most


def test_subsequent_infants_have_a_mother_with_an_earlier_set_about_another_child(compared: Compared) -> None:
    for side in compared.sides:
        by_mother: dict[int, list[truth.ChildSet]] = {}
        for each in side.sets:
            if each.mother is not None:
                by_mother.setdefault(each.mother, []).append(each)
        subsequent = sum(
            any(other.child != each.child and other.issued < each.issued for other in by_mother[each.mother])
            for each in truth.first_sets(side.sets)
            if each.mother is not None and (each.issued - _birth(compared, each.child)).days < 358
        )
        found = compared.read(
            "SELECT sum(subsequent_infants) FROM lake.marts.born_into_care "
            f"WHERE nation = '{side.nation}' AND year_kind = 'calendar' AND dimension = 'all'",
        )[0][0]
        # Within a week of the first birthday the week of birth leaves it open who is an infant.
        assert subsequent <= found <= subsequent + 2


def _birth(compared: Compared, child: int) -> date:
    return truth.day_of(compared.world.lives.people.born[child])


@pytest.mark.parametrize("rule", ["overlapping is one set", "every case"])
def test_every_mother_has_her_index_her_recurrence_and_her_days(compared: Compared, rule: str) -> None:
    for side in compared.sides:
        expected = truth.recurrences(side.sets, UNTIL, overlapping_is_one_set=rule == "overlapping is one set")
        found = compared.read(
            "SELECT mother_key, index_date, recurrence_date, days FROM lake.marts.recurrent_mothers "
            f"WHERE nation = '{side.nation}' AND set_rule = '{rule}'",
        )
        by_key = {side.key[mother]: (each.index, each.recurred, each.days) for mother, each in expected.items()}
        assert sum(recurred is not None for _, recurred, _ in by_key.values()) > 20
        assert {row[0]: row[1:] for row in found} == by_key


def test_survival_and_its_standard_error_agree(compared: Compared) -> None:
    for side in compared.sides:
        expected = truth.survival(truth.recurrences(side.sets, UNTIL, overlapping_is_one_set=False).values())
        found = compared.read(
            "SELECT days, survival, standard_error FROM lake.marts.recurrent_mothers_survival "
            f"WHERE nation = '{side.nation}' AND set_rule = 'every case' AND population = 'all' AND dimension = 'all' "
            "AND events > 0",
        )
        assert {row[0] for row in found} == set(expected)
        for days, survival, error in found:
            assert (survival, error) == (
                pytest.approx(expected[days][0], abs=2e-9),
                pytest.approx(expected[days][1], abs=2e-9),
            )


@pytest.mark.parametrize("clock", ["completion", "first disposal"])
def test_durations_agree_by_quarter(compared: Compared, clock: str) -> None:
    for side in compared.sides:
        expected = truth.durations(
            side.sets, side.docket, by_application=side.by_application, to_disposal=clock == "first disposal"
        )
        found = compared.read(
            "SELECT quarter, cases, mean_weeks, median_weeks, within_limit FROM lake.marts.care_duration "
            f"WHERE nation = '{side.nation}' AND clock = '{clock}' AND dimension = 'all'",
        )
        assert {row[0]: row[1] for row in found} == {quarter: len(days) for quarter, days in expected.items()}
        for quarter, _, mean_weeks, median_weeks, within in found:
            days = expected[quarter]
            assert (mean_weeks, median_weeks) == (pytest.approx(mean(days) / 7), pytest.approx(median(days) / 7))
            assert within == sum(each <= 182 for each in days)


def test_every_child_has_the_highest_outcome_and_all_flags(compared: Compared) -> None:
    flags = ", ".join(f"any_{outcome}" for outcome in truth.OUTCOMES)
    for side in compared.sides:
        found = compared.read(
            f"SELECT child_key, s31_date, completed_date, highest_outcome, {flags} FROM lake.marts.legal_outcomes "
            f"WHERE nation = '{side.nation}' ORDER BY ALL",
        )
        expected = [
            (side.key[each.child], each.issued, each.completed, each.highest, *each.flags)
            for each in side.sets
            if each.completed
        ]
        assert len({row[3] for row in found}) > 5
        assert found == sorted(expected)
