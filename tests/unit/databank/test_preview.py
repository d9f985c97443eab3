"""`fjo project new` and `check`: a file from answers on stdin, taken numbers, and what a project would be given."""

import io
import json
from datetime import date

import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.databank.projects.asking import new_project
from fjo_pipeline.databank.projects.preview import preview
from fjo_pipeline.databank.projects.project_file import load_project
from tests.command import Fjo
from tests.tiny_home import REFRESH, TinyHome

TODAY = date(2026, 11, 22)
ANSWERS = [
    "A study", "A. Lead", "A University", "To learn", "Panel", "P-1", "2024-01-01", "2099-12-31",
    "safe", "safe", "safe", "safe", "safe", "region", "1, 4, 39", "s31_mothers", "private_law_adults", "2", "gender",
    "tiny", "Owner", "O-1", "2024-01-01", "2099-12-31", "all", "ralf", "S-1", "latest", "",
]  # fmt: skip


def test_a_project_file_is_written_from_answers(home: TinyHome, fjo: Fjo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(ANSWERS) + "\n"))
    ran = fjo(home.settings, "project", "new", "7010")
    assert ran.code == 0, ran.err
    assert "`fjo project check 7010`" in ran.out
    project = load_project("7010", home.settings.projects)
    assert project.five_safes is not None
    assert (project.small_area, project.match_statuses) == ("region", ("1", "4", "39"))
    assert project.comparison is not None
    assert project.comparison.matched is not None
    assert (project.comparison.matched.per_person, project.comparison.matched.alike_in) == (2, ("gender",))
    grant = project.datasets["tiny"]
    assert (grant.refreshes, set(grant.special_tables)) == ("latest", {"ralf"})


def refused_new(home: TinyHome, number: str, answers: list[str]) -> str:
    left = list(answers)
    with pytest.raises(Refused) as caught:
        new_project(home.databank, number, lambda question, otherwise: (left.pop(0) if left else "") or otherwise)
    return str(caught.value)


def test_a_taken_number_is_refused_and_a_former_projects_as_well(home: TinyHome) -> None:
    assert "the number 7001 is taken: there is 7001.yaml" in refused_new(home, "7001", ANSWERS)
    (home.settings.projects / "7002.yaml").unlink()
    assert "this databank has had a project of that number" in refused_new(home, "7002", ANSWERS)
    assert "a project's number has four digits" in refused_new(home, "71", ANSWERS)


def test_answers_that_make_no_project_are_told_and_nothing_is_written(home: TinyHome) -> None:
    wrong = [*ANSWERS[:6], "2099-01-01", "2024-01-01", *ANSWERS[8:]]
    said = refused_new(home, "7010", wrong)
    assert "approval: Value error, the approval ends before it begins" in said
    assert "there is no dataset other" in refused_new(home, "7010", [*ANSWERS[:19], "other"])
    assert not (home.settings.projects / "7010.yaml").exists()


def test_a_check_says_tables_columns_rows_and_people_without_small_counts(home: TinyHome, fjo: Fjo) -> None:
    ran = fjo(home.settings, "project", "check", "7001", "--json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert found["refused"] == []
    # Of four people the policy shows no number.
    assert {"dataset": "tiny", "refresh": REFRESH, "people": None} in found["people"]
    table = next(each for each in found["tables"] if each["table"] == f"TINY_ALF_{REFRESH}")
    assert table["rows"] is None
    assert table["columns"][:2] == ["PERSON_ID_PE", "ALF_PE"]
    assert "under 10 rows" in fjo(home.settings, "project", "check", "7001").out


def test_a_check_names_every_reason_for_a_refusal(home: TinyHome, fjo: Fjo) -> None:
    path = home.settings.projects / "7001.yaml"
    text = path.read_text().replace("tables: all", "tables: {visits: [COLOUR]}")
    text += "  other:\n    approval: {by: Owner, reference: O-2, valid_from: 2024-01-01, valid_until: 2025-01-01}\n"
    path.write_text(text)
    ran = fjo(home.settings, "project", "check", "7001")
    assert ran.code == 1
    for expected in ("no column 'COLOUR'", "the approval O-2 of Owner", "no refresh of other is in the released store"):
        assert expected in ran.out
    assert len([line for line in ran.out.splitlines() if line.startswith("refused: ")]) == 3


def test_before_a_release_a_check_says_so(empty_home: TinyHome) -> None:
    assert any("nothing has been released yet" in each for each in preview(empty_home.databank, "7001", TODAY).refused)
