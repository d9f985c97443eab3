"""The marts of children, mothers and everybody against what happened, worked out a second way (truth_children.py)."""

from collections import Counter
from itertools import pairwise

import pytest

from tests.integration import truth, truth_children, truth_record
from tests.integration.marts_world import UNTIL, Compared, Side

pytestmark = pytest.mark.slow


def _people(side: Side) -> dict[str, int]:
    return {key: person for person, key in side.key.items()}


@pytest.mark.parametrize("rule", ["overlapping is one set", "every case"])
def test_survival_agrees_with_the_weights_that_the_censored_leave(compared: Compared, rule: str) -> None:
    for side in compared.sides:
        recurrences = truth.recurrences(side.sets, UNTIL, overlapping_is_one_set=rule == "overlapping is one set")
        linked = {person for person, key in side.key.items() if key.startswith("alf ")}
        groups = truth_children.mothers_followed(side.record, recurrences, linked)
        found: dict[tuple[str, str, str], dict[int, float]] = {}
        for population, dimension, category, days, survival in compared.read(
            "SELECT population, dimension, category, days, survival FROM lake.marts.recurrent_mothers_survival "
            f"WHERE nation = '{side.nation}' AND set_rule = '{rule}' AND dimension IN ('all', 'age_band') "
            "AND events > 0"
        ):
            found.setdefault((population, dimension, category), {})[days] = survival
        expected = {group: truth_children.redistributed(followed) for group, followed in groups.items()}
        assert found == {group: pytest.approx(curve, abs=2e-9) for group, curve in expected.items() if curve}
        assert len(found) >= 8


def test_every_group_of_mothers_is_followed_whole(compared: Compared) -> None:
    for side in compared.sides:
        found = compared.read(
            "SELECT set_rule, population, sum(events), sum(censored), max(at_risk) "
            f"FROM lake.marts.recurrent_mothers_survival WHERE nation = '{side.nation}' AND dimension = 'all' "
            "GROUP BY ALL"
        )
        mothers = {each.mother for each in side.sets if each.mother is not None}
        linked = sum(side.key[mother].startswith("alf ") for mother in mothers)
        for _, population, events, censored, at_risk in found:
            assert events + censored == at_risk == (linked if population == "linked" else len(mothers))


def test_children_return_after_their_first_outcome_as_often(compared: Compared) -> None:
    for side in compared.sides:
        found: dict[tuple[str, str], dict[int, tuple[float, int, int]]] = {}
        for outcome, category, days, survival, events, censored in compared.read(
            "SELECT first_outcome, category, days, survival, events, censored FROM lake.marts.order_returns "
            f"WHERE nation = '{side.nation}' AND dimension IN ('all', 'sex')"
        ):
            found.setdefault((outcome, category), {})[days] = (survival, events, censored)
        groups = truth_children.children_followed(side.record, side.sets)
        assert set(found) == set(groups)
        assert ("supervision", "all") in groups
        for group, followed in groups.items():
            ended = [((day, True), events) for day, (_, events, _) in found[group].items() if events]
            ended += [((day, False), censored) for day, (_, _, censored) in found[group].items() if censored]
            assert dict(ended) == Counter(followed)
            curve = truth_children.redistributed(followed)
            assert {day: found[group][day][0] for day in curve} == pytest.approx(curve, abs=2e-9)


def test_children_in_proceedings_agree_by_local_authority_with_their_rate(compared: Compared) -> None:
    population = compared.children_by_authority_and_year
    for side in compared.sides:
        expected = truth_children.children_by_authority(side.record, side.sets)
        found = compared.read(
            "SELECT year, category, children, children_per_10000 FROM lake.marts.care_rate "
            f"WHERE nation = '{side.nation}' AND year_kind = 'calendar' AND dimension IN ('all', 'local_authority')"
        )
        assert {row[:2]: row[2] for row in found} == {area: len(children) for area, children in expected.items()}
        rated = 0
        for year, category, children, rate in found:
            people = population.get((side.nation if category == "all" else category, year))
            rated += people is not None
            assert rate == (pytest.approx(children * 10_000 / people) if people else None)
        assert rated > 100


def test_brothers_and_sisters_in_one_case_agree(compared: Compared) -> None:
    for side in compared.sides:
        found = compared.read(
            "SELECT s31_date, subjects, mothers, subjects_without_mother, subjects_new_to_s31, full_sibling_pairs, "
            "half_sibling_pairs, step_sibling_pairs, siblings_not_subject, same_outcome FROM lake.marts.sibling_groups "
            f"WHERE nation = '{side.nation}'"
        )
        expected = [tuple(vars(each).values()) for each in truth_children.sibling_groups(side.record, side.sets)]
        assert Counter(found) == Counter(expected)
        assert side.by_application or sum(each[5] for each in expected) > 100


def test_every_event_of_every_child_is_on_its_journey_in_order(compared: Compared) -> None:
    for side in compared.sides:
        person = _people(side)
        found = compared.read(
            "SELECT child_key, event_date, event, if(event = 'hearing', NULL, detail) FROM lake.marts.child_journey "
            f"WHERE nation = '{side.nation}' ORDER BY child_key, event_number"
        )
        assert {(person[key], day, event, detail) for key, day, event, detail in found} == truth_children.journeys(
            side.record
        )
        for before, after in pairwise(found):
            assert before[0] != after[0] or before[1] <= after[1]


def test_everybody_stands_once_with_link_roles_and_children(compared: Compared) -> None:
    for side in compared.sides:
        person = _people(side)
        roles = ", ".join(f"is_{role}" for role in truth_record.ROLES)
        found = compared.read(
            "SELECT person_key, is_linked, gender, age_at_first_application, first_application_date, cases, "
            f"in_public_law, in_private_law, recorded_children, quintile, {roles} FROM lake.marts.matched_population "
            f"WHERE nation = '{side.nation}'"
        )
        expected = truth_children.everybody(side.record)
        assert sum(not row[1] for row in found) > 200
        assert len(found) == len(expected)
        for key, linked, *said, children, quintile, subject, applicant, respondent, other in found:
            assert linked == key.startswith("alf ")
            flags = (subject, applicant, respondent, other)
            primary = {role for role, flag in zip(truth_record.ROLES, flags, strict=True) if flag}
            assert (*said, frozenset(primary), children) == expected[person[key]]
            lsoa = side.record.lsoa[person[key]]
            at_home = lsoa[0] == ("W" if side.by_application else "E")
            assert quintile == (compared.quintile[lsoa] if at_home else None)
