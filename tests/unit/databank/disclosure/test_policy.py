"""Disclosure policies: the shipped ones say what is known of SAIL's, and a mistake is refused with its line."""

from pathlib import Path

import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.databank.disclosure.policy import POLICIES, load_policy

OWN = (POLICIES / "sail-2025.yaml").read_text().replace("name: sail-2025", "name: own")


def own(tmp_path: Path, old: str = "", new: str = "") -> Path:
    assert old in OWN
    path = tmp_path / "own.yaml"
    path.write_text(OWN.replace(old, new))
    return path


@pytest.mark.parametrize(("name", "threshold", "rounding"), [("sail-2025", 10, 5), ("sail-2020", 5, 1)])
def test_the_shipped_policies_have_the_published_thresholds(name: str, threshold: int, rounding: int) -> None:
    policy = load_policy(name)
    assert (policy.threshold, policy.rounding, policy.median_from) == (threshold, rounding, 2 * threshold)


def test_every_shipped_policy_has_the_name_of_its_file() -> None:
    assert [load_policy(path.stem).name for path in POLICIES.glob("*.yaml")] == [
        p.stem for p in POLICIES.glob("*.yaml")
    ]


def test_a_projects_own_policy_is_read_from_its_file(tmp_path: Path) -> None:
    assert load_policy(own(tmp_path)).name == "own"


def test_an_unknown_policy_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Refused, match="no disclosure policy sail-1999; known are: sail-2020, sail-2025"):
        load_policy("sail-1999")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("threshold: 10", "threshold: 1", "line 5, threshold: Input should be greater than or equal to 2"),
        ("rounding: 5", "rounding: five", "line 6, rounding: Input should be a valid integer"),
        ("full_cells: suppress", "full_cells: maybe", "line 7, full_cells"),
        ("areas: [nation, region]", "areas: [nation, street]", "areas.1"),
        ("areas: [nation, region]", "areas: [dfj_area]", "dfj_area compare organisations: name the approval"),
        ("threshold: 10\n", "", "threshold: Field required"),
        ("version:", "colour: red\nversion:", "colour: Extra inputs"),
    ],
)
def test_a_mistake_in_a_policy_is_refused_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        load_policy(own(tmp_path, old, new))
    assert said in str(refused.value)


def test_areas_that_compare_organisations_take_a_policy_that_names_its_approval(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="not by local_authority"):
        load_policy("sail-2025").assert_area("local_authority")
    load_policy("sail-2025").assert_area("region")
    approved = own(tmp_path, "areas: [nation, region]", "areas: [nation, local_authority]\narea_approval: A-17")
    load_policy(approved).assert_area("local_authority")
