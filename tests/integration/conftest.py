"""What integration tests share: the demo's chain at a small scale, tiny homes, and the command in this process."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fjo_pipeline import demo
from fjo_pipeline.core.sessions import restrict_new_files
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.databank.flow import Databank
from fjo_pipeline.databank.projects.analyst import Format, export
from fjo_pipeline.databank.projects.extract import extract_key, extract_path
from fjo_pipeline.databank.projects.worked import KEY
from tests.integration.marts_world import Compared, build_compared

PEOPLE = 800
REGISTER_PEOPLE = 8_000
SECOND_PROJECT = "1662"
FORMATS: tuple[Format, ...] = ("csv", "stata")


@dataclass(frozen=True)
class Chain:
    """A home into which the demo has carried its deposits, and what the demo showed."""

    settings: Settings
    result: demo.DemoResult
    said: list[str]


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """The chain, run once through Dagster and dbt, for projects 1661 and a second one; not to be changed."""
    base = tmp_path_factory.mktemp("chain")
    projects = base / "projects"
    projects.mkdir()
    text = (Settings().projects / "1661.yaml").read_text()
    (projects / "1661.yaml").write_text(text)
    (projects / f"{SECOND_PROJECT}.yaml").write_text(text.replace("1661", SECOND_PROJECT))
    settings = Settings(home=base / "home", projects=projects, settle_seconds=0)
    said: list[str] = []
    former = os.umask(0o077)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "PEOPLE", PEOPLE)
        patch.setattr(demo, "REGISTER_PEOPLE", REGISTER_PEOPLE)
        restrict_new_files()
        result = demo.run_demo(settings, said.append)
        yield Chain(settings, result, said)
    os.umask(former)


@pytest.fixture(scope="session")
def researcher(chain: Chain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Project 1661's folder as its researcher has it: extract, key, README, and exports; not to be changed."""
    databank, folder = Databank(chain.settings), tmp_path_factory.mktemp("researcher")
    for name in ("extract.duckdb", "README.txt"):
        shutil.copy(extract_path(databank, "1661").with_name(name), folder)
    (folder / KEY).write_text(extract_key(databank.keyring, "1661") + "\n")
    for form in FORMATS:
        export(databank, "1661", form, folder / "workspace" / form)
    return folder


@pytest.fixture(scope="session")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    """A world recorded without fault, what happened in it, and its marts; not to be changed."""
    return build_compared(tmp_path_factory.mktemp("truth"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep all that share the chain's home on one worker: it takes most of a minute to make."""
    for item in items:
        if "chain" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("chain"))
