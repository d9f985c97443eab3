"""The marts of private law against what happened in the made-up world, worked out a second way (truth_private.py)."""

import pytest

from tests.integration import truth_private
from tests.integration.marts_world import Compared

pytestmark = pytest.mark.slow

DIMENSIONS = ("all", "region", "sex", "relation", "age_band", "deprivation_quintile")


def test_applications_and_applicants_agree_in_every_category(compared: Compared) -> None:
    for side in compared.sides:
        found = compared.read(
            "SELECT year_kind, year, dimension, category, applications, applicants "
            f"FROM lake.marts.private_law_applicants WHERE nation = '{side.nation}' AND dimension IN {DIMENSIONS}"
        )
        expected = truth_private.applications(side.record, compared.regions, compared.quintile)
        relations = {category for _, _, dimension, category in expected if dimension == "relation"}
        assert {"mother", "father", "other"} <= relations
        assert {row[:4]: row[4:] for row in found} == expected


def test_returns_agree_but_for_children_born_in_one_week(compared: Compared) -> None:
    for side in compared.sides:
        found = compared.read(
            "SELECT year_kind, year, cases, returns FROM lake.marts.private_law_returns "
            f"WHERE nation = '{side.nation}' AND dimension = 'all'"
        )
        expected = truth_private.returns(side.record)
        assert {row[:2]: row[2] for row in found} == {year: cases for year, (cases, _, _) in expected.items()}
        assert sum(surely for _, surely, _ in expected.values()) > 50
        for kind, year, _, returns in found:
            _, surely, at_most = expected[kind, year]
            assert surely <= returns <= at_most


def test_signs_that_children_took_part_agree(compared: Compared) -> None:
    columns = ("children", "children_section_7", "children_section_37", "children_rule_16_4", "children_any", "cases",
               "cases_any")  # fmt: skip
    for side in compared.sides:
        found = compared.read(
            f"SELECT year_kind, year, {', '.join(columns)} FROM lake.marts.child_participation "
            f"WHERE nation = '{side.nation}' AND dimension = 'all'"
        )
        expected = truth_private.participation(side.record)
        assert sum(each["children_rule_16_4"] for each in expected.values()) > 20
        assert {row[:2]: dict(zip(columns, row[2:], strict=True)) for row in found} == expected
