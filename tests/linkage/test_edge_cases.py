"""Every story of edge_cases.yaml ends as it should."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from fjo_pipeline.core.sessions import open_session
from fjo_pipeline.ttp.linkage.link import link_people
from fjo_pipeline.ttp.linkage.model import load_model
from tests.linkage.conftest import REGISTER, add_town, load

STORIES: list[dict[str, Any]] = yaml.load((Path(__file__).parent / "edge_cases.yaml").read_text(), yaml.BaseLoader)
FEWEST_STORIES = 160
MOST_LIMITS = 8
Links = dict[str, tuple[str | None, str]]


@pytest.fixture(scope="module")
def links(tmp_path_factory: pytest.TempPathFactory) -> Links:
    """All stories linked at once: person → register id and status."""
    with open_session(tmp_path_factory.mktemp("spill")) as session:
        records = {
            kind: [[f"{n} {r[0]}", *r[1:]] for n, story in enumerate(STORIES) for r in story[kind]]
            for kind in ("people", "register")
        }
        load(session, records["people"], records["register"], strangers=0)
        add_town(session)
        link_people(session, "people", REGISTER, load_model(), links="links", use_nhs_numbers=True)
        rows = session.rows("SELECT person_id, register_id, alf_sts_cd FROM links", step="read the links")
        return {person: (register, status) for person, register, status in rows}


def _told(number: int) -> Any:
    story = STORIES[number]
    limit = [pytest.mark.xfail(strict=True, reason=story["limit"])] if "limit" in story else []
    return pytest.param(number, id=story["story"], marks=limit)


@pytest.mark.parametrize("number", map(_told, range(len(STORIES))))
def test_story_ends_as_it_should(number: int, links: Links) -> None:
    for person, (register, statuses) in STORIES[number]["want"].items():
        linked, status = links[f"{number} {person}"]
        assert (linked, status) == (None if register == "null" else f"{number} {register}", status)
        assert status in statuses


def test_stories_are_many_and_known_limits_few() -> None:
    assert len(STORIES) >= FEWEST_STORIES
    assert sum("limit" in story for story in STORIES) <= MOST_LIMITS


def test_every_person_of_a_story_has_an_answer_and_no_story_is_told_twice() -> None:
    for story in STORIES:
        assert {person[0] for person in story["people"]} == set(story["want"]), story["story"]
    assert len({story["story"] for story in STORIES}) == len(STORIES)
