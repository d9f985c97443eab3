"""`fjo output check`: verdicts by line, the reviewer's decision, and what it means for the next check."""

import json
from pathlib import Path

import pytest

from fjo_pipeline.core.keyring import Keyring, keyring_path
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.databank.flow import Databank
from tests.command import Fjo
from tests.tiny_home import PROJECT

NUMBER = "7001"
ROUNDED = "sex,people\nF,60\nM,90\nTotal,150\n"
SMALL = "sex,people\nF,60\nM,5\nTotal,65\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A databank with a project and nothing else."""
    projects = tmp_path / "projects"
    projects.mkdir()
    (projects / f"{NUMBER}.yaml").write_text(PROJECT.format(number=NUMBER))
    settings = Settings(home=tmp_path / "home", projects=projects)
    Keyring.create("databank", keyring_path(settings, "databank"))
    return settings


def table(tmp_path: Path, text: str, name: str = "table.csv") -> str:
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def test_a_table_that_fits_says_so(settings: Settings, tmp_path: Path, fjo: Fjo) -> None:
    ran = fjo(settings, "output", "check", NUMBER, table(tmp_path, ROUNDED))
    assert (ran.code, ran.out) == (0, "3 of 3 cells fit policy sail-2025\n")


def test_a_table_that_does_not_fit_is_told_line_by_line_and_ends_with_1(
    settings: Settings, tmp_path: Path, fjo: Fjo
) -> None:
    ran = fjo(settings, "output", "check", NUMBER, table(tmp_path, SMALL))
    assert ran.code == 1
    assert "line 3, people: fewer than 10: hide it" in ran.out
    assert "1 of 3 cells fit" in ran.out
    found = json.loads(fjo(settings, "output", "check", NUMBER, table(tmp_path, SMALL), "--json").out)
    assert (found["fits"], found["policy_version"], [each["line"] for each in found["verdicts"]]) == (
        False,
        "1",
        [2, 3],
    )


def test_a_decision_is_recorded_with_who_and_when(settings: Settings, tmp_path: Path, fjo: Fjo) -> None:
    decided = ("--decision", "approved", "--reviewer", "R. Checker")
    assert fjo(settings, "output", "check", NUMBER, table(tmp_path, ROUNDED), *decided).code == 0
    (entry,) = Databank(settings).ledger.entries(kind="output", dataset=NUMBER, state="provided")
    assert entry.detail["reviewer"] == "R. Checker"
    assert len(entry.detail["day"]) == 10


def test_a_decision_needs_a_reviewer(settings: Settings, tmp_path: Path, fjo: Fjo) -> None:
    assert fjo(settings, "output", "check", NUMBER, table(tmp_path, ROUNDED), "--decision", "refused").code == 2


def test_what_does_not_fit_is_approved_with_a_reason_only(settings: Settings, tmp_path: Path, fjo: Fjo) -> None:
    check = ("output", "check", NUMBER, table(tmp_path, SMALL), "--decision", "approved", "--reviewer", "R. Checker")
    refused = fjo(settings, *check)
    assert refused.code == 1
    assert "say by --reason" in refused.err
    assert fjo(settings, *check, "--reason", "counts of courts, not of people").code == 0


def test_what_was_approved_counts_in_the_next_check_and_what_was_refused_does_not(
    settings: Settings, tmp_path: Path, fjo: Fjo
) -> None:
    later = table(tmp_path, "sex,people\nF,65\nM,120\nTotal,185\n", "later.csv")
    decided = ("--reviewer", "R. Checker", "--decision")
    first = ("output", "check", NUMBER, table(tmp_path, ROUNDED), *decided)
    assert fjo(settings, *first, "refused").code == 0
    assert fjo(settings, "output", "check", NUMBER, later).code == 0
    assert fjo(settings, *first, "approved").code == 0
    ran = fjo(settings, "output", "check", NUMBER, later)
    assert ran.code == 1
    assert "line 2, people: differs by fewer than 10 from what this project has let out before" in ran.out
    # The very file that was approved is not compared with itself.
    assert fjo(settings, *first[:4]).code == 0


def test_a_project_with_an_unknown_policy_is_refused(settings: Settings, tmp_path: Path, fjo: Fjo) -> None:
    path = settings.projects / f"{NUMBER}.yaml"
    path.write_text(path.read_text() + "disclosure_policy: sail-1999\n")
    ran = fjo(settings, "output", "check", NUMBER, table(tmp_path, ROUNDED))
    assert (ran.code, "no disclosure policy sail-1999" in ran.err) == (1, True)
