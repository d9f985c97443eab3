"""What a linked mother says for the child beside her, and where she must say nothing: the stories of families.yaml."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from fjo_pipeline.core.sessions import open_session
from fjo_pipeline.ttp.linkage.link import link_people
from fjo_pipeline.ttp.linkage.model import FAMILIES, Family, LinkageModel, load_model
from tests.linkage.conftest import REGISTER, load

STORIES: list[dict[str, Any]] = yaml.load((Path(__file__).parent / "families.yaml").read_text(), yaml.BaseLoader)
SILENT = dict.fromkeys(FAMILIES, Family(together=0.0, apart=1.0))
Links = dict[str, str | None]


@pytest.fixture(scope="module")
def links(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Links]:
    """All stories linked at once, as they should be (`want`) and without the family's evidence (`without`)."""
    with open_session(tmp_path_factory.mktemp("spill")) as session:
        records = {
            kind: [[f"{n} {r[0]}", *r[1:]] for n, story in enumerate(STORIES) for r in story[kind]]
            for kind in ("people", "register")
        }
        load(session, records["people"], records["register"], strangers=100_000)
        session.run(
            "CREATE TABLE confidential AS SELECT unnest($ids) AS person_id",
            {"ids": [f"{n} {person}" for n, story in enumerate(STORIES) for person in story.get("confidential", [])]},
            step="list whose address is confidential",
        )
        model = load_model()

        def linked(chosen: LinkageModel) -> Links:
            link_people(
                session,
                "people",
                REGISTER,
                chosen,
                links="links",
                use_nhs_numbers=False,
                confidential="confidential",
            )
            return dict(session.rows("SELECT person_id, register_id FROM links", step="read the links"))

        return {"want": linked(model), "without": linked(replace(model, families=SILENT))}


@pytest.mark.parametrize("case", ["want", "without"])
@pytest.mark.parametrize("number", range(len(STORIES)), ids=[story["story"] for story in STORIES])
def test_family_story_ends_as_it_should(number: int, case: str, links: dict[str, Links]) -> None:
    for person, register in STORIES[number][case].items():
        assert links[case][f"{number} {person}"] == (None if register == "null" else f"{number} {register}")
