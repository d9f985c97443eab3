"""SQL is built from names that a pattern has checked: a hostile one is refused wherever a file could bring it in.

What ruff's S608 would say of each f-string of SQL is left out in pyproject.toml for this reason.
"""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from fjo_pipeline.core.checking import check_delivery
from fjo_pipeline.core.contracts import CONTRACTS, Contract
from fjo_pipeline.core.deposits import Manifest
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.databank.projects.project_file import Project
from tests.deposit_builder import TINY, TINY_CONTRACT, manifest, write_csvs

HOSTILE = ("x'; DROP TABLE canary; --", 'X"; DROP TABLE canary; --', "X\nY", "X)", "20240111\n", "tiny\0", "É")
PROSE = {
    "Contract": {
        "version", "title", "source", "tables.title", "tables.schema.fields.title", "tables.schema.fields.description",
        "tables.schema.fields.format", "tables.schema.fields.entity", "tables.schema.fields.codes",
        "tables.schema.fields.constraints.enum", "tables.schema.fields.constraints.pattern", "derived.types_name",
        "derived.type_names", "coverage.spatial", "tables.synthetic.values",
        "derived.people", "derived.roles", "derived.roles_person", "derived.roles_application",
        "derived.roles_is_subject", "derived.applications", "derived.applications_type",
        "derived.applications_date", "derived.types",
    },
    "Manifest": {"created", "resources.name", "title", "profile", "resources.profile", "resources.format",
                 "resources.encoding", "resources.mediatype"},
    # Names in special_access are compared with the contract's and stand in no SQL.
    "Project": {
        "title", "lead", "organisation", "purpose", "approval.by", "approval.reference",
        "datasets.cafcass_england_ecms.approval.by", "datasets.cafcass_england_ecms.approval.reference",
        "datasets.cafcass_england_ecms.special_access.reference", "datasets.cafcass_england_ecms.special_access.tables",
        "five_safes.projects", "five_safes.people", "five_safes.data", "five_safes.settings", "five_safes.outputs",
    },
}  # fmt: skip
"""Texts that may say anything: no name is made of them, or they are quoted where one is."""


def leaves(content: Any, path: tuple[int | str, ...] = ()) -> Iterator[tuple[int | str, ...]]:
    """The places of every text in a file's content."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield from leaves(value, (*path, key))
    elif isinstance(content, list):
        for index, value in enumerate(content):
            yield from leaves(value, (*path, index))
    elif isinstance(content, str):
        yield path


def replaced(content: Any, path: tuple[int | str, ...], text: str) -> Any:
    changed = copy.deepcopy(content)
    at = changed
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = text
    return changed


def named(path: tuple[int | str, ...]) -> str:
    steps = [str(step) for step in path if isinstance(step, str)]
    return ".".join(steps[: steps.index("codes") + 1] if "codes" in steps else steps)


def places_that_take_anything(model: type[BaseModel], content: Any) -> set[str]:
    """Which texts of a file could be hostile and the file still be taken; the first of each kind of place is tried."""
    model.model_validate(content)
    kinds = {named(path): path for path in reversed(list(leaves(content)))}
    taken = set()
    for kind, path in kinds.items():
        for hostile in HOSTILE:
            try:
                model.model_validate(replaced(content, path, hostile))
                taken.add(kind)
            except ValidationError:
                continue
    return taken


@pytest.mark.parametrize("name", ["tiny", "cafcass_england_ecms", "pedw"])
def test_a_contract_takes_a_hostile_text_only_where_no_name_is_made_of_it(name: str) -> None:
    written = TINY_CONTRACT if name == "tiny" else (CONTRACTS / f"{name}.yaml").read_text("utf-8")
    assert places_that_take_anything(Contract, yaml.safe_load(written)) - PROSE["Contract"] == set()


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_linked_column_and_a_derived_table_have_names_that_may_stand_in_sql(hostile: str) -> None:
    content = yaml.safe_load(TINY_CONTRACT)
    content["tables"][0]["linked"] = {hostile: "ALF"}
    with pytest.raises(ValidationError):
        Contract.model_validate(content)
    ecms = yaml.safe_load((CONTRACTS / "cafcass_england_ecms.yaml").read_text("utf-8"))
    for part in ("name", "table"):
        with pytest.raises(ValidationError):
            Contract.model_validate(replaced(ecms, ("derived", part), hostile))


def test_a_manifest_takes_a_hostile_text_only_where_no_name_is_made_of_it() -> None:
    content = json.loads(json.dumps(manifest(TINY)))
    assert places_that_take_anything(Manifest, content) - PROSE["Manifest"] == set()


def test_a_project_file_takes_a_hostile_text_only_where_no_name_is_made_of_it() -> None:
    content = yaml.safe_load((Settings().projects / "1661.yaml").read_text("utf-8"))
    assert places_that_take_anything(Project, content) - PROSE["Project"] == set()


@pytest.mark.parametrize("hostile", HOSTILE[:4])
@pytest.mark.parametrize("what", ["enum", "pattern", "codes", "title"])
def test_a_hostile_text_that_a_contract_may_hold_is_quoted(
    what: str, hostile: str, shared_session: Session, tmp_path: Path
) -> None:
    content = yaml.safe_load(TINY_CONTRACT)
    fields = content["tables"][2]["schema"]["fields"]
    kind = next(each for each in fields if each["name"] == "KIND")
    kind["constraints"] = {"enum": [hostile, "home", "office"]} if what == "enum" else {}
    if what == "pattern":
        kind["constraints"] = {"pattern": f"^(home|office|{hostile.replace(')', '')})$"}
    elif what == "codes":
        kind["codes"] = {hostile: hostile}
    elif what == "title":
        kind["title"] = content["tables"][2]["title"] = hostile
    shared_session.run("CREATE OR REPLACE TABLE canary AS SELECT 1 AS sings", step="set the canary")
    report = check_delivery(shared_session, Contract.model_validate(content), write_csvs(tmp_path, TINY))
    assert report.good
    assert shared_session.value("SELECT sings FROM canary", step="listen") == 1
