"""What `fjo doctor` finds, each problem with its mend."""

import shutil
from pathlib import Path

import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.keyring import keyring_path
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.doctor import examine
from fjo_pipeline.home import init_home
from tests.tiny_home import PROJECT, TinyHome


def guard(home: TinyHome) -> None:
    """What the process's umask does where `fjo` makes the files."""
    for path in [home.settings.home, *home.settings.home.rglob("*")]:
        path.chmod(0o700 if path.is_dir() else 0o600)


def test_a_sound_home_has_no_problems(home: TinyHome) -> None:
    guard(home)
    assert examine(home.settings) == []


def test_each_problem_is_named_with_its_mend(home: TinyHome) -> None:
    guard(home)
    store = home.settings.zone("ttp") / "ttp.duckdb"
    store.chmod(0o640)
    (home.settings.zone("databank") / "projects").mkdir(exist_ok=True)
    (home.settings.zone("databank") / "projects" / ".extract.duckdb.tmp").write_bytes(b"")
    (home.settings.projects / "7009.yaml").write_text(PROJECT.format(number="7009"))
    keyring_path(home.settings, "provider").unlink()
    problems = "\n".join(examine(home.settings))
    assert f"{store} can be read by others: chmod go= it" in problems
    assert ".extract.duckdb.tmp was left by a step that was killed" in problems
    assert "project 7009 has no keys: run `fjo init`" in problems
    assert "the keyring of zone provider is not there; restore it" in problems
    assert len(problems.splitlines()) == 4


def test_a_databank_without_store_or_keys(home: TinyHome) -> None:
    guard(home)
    keyring_path(home.settings, "databank").unlink()
    (problem,) = examine(home.settings)
    assert "the keyring of zone databank is not there" in problem
    shutil.rmtree(home.settings.zone("databank") / "catalogue")
    assert "the databank has no store: run `fjo init`" in examine(home.settings)


def test_a_zone_alone_must_have_pinned_the_others(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    init_home(settings, ("ttp",))
    problems = [each for each in examine(settings) if "can be read by others" not in each]
    assert len(problems) == 1
    assert "zone ttp has not pinned the public keys of provider" in problems[0]


def test_without_a_home_the_command_that_makes_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="fjo init"):
        examine(Settings(home=tmp_path / "none"))
