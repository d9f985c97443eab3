"""The project file: each mistake with its line, approvals by the day, tables as granted and no others."""

from datetime import date
from pathlib import Path

import pytest

from fjo_pipeline.core.contracts import contract
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.databank.projects.grants import (
    DatasetGrant,
    granted_tables,
    load_project,
    project_numbers,
)
from tests.tiny_home import PROJECT

TEXT = PROJECT.format(number="7001")
SPECIAL = {"reference": "S-1", "tables": ["ethnicities", "derived"]}
APPROVAL = {"by": "Owner", "reference": "O", "valid_from": "2024-01-01", "valid_until": "2024-12-31"}


def write(folder: Path, text: str = TEXT, number: str = "7001") -> Path:
    (folder / f"{number}.yaml").write_text(text)
    return folder


def grant(**values: object) -> DatasetGrant:
    return DatasetGrant.model_validate({"approval": APPROVAL} | values)


def test_a_good_file_names_its_schemas(tmp_path: Path) -> None:
    project = load_project("7001", write(tmp_path))
    assert (project.data_schema, project.work_schema) == ("SAIL7001V", "SAILW7001V")
    assert project_numbers(tmp_path) == ["7001"]
    project.assert_approved(date(2024, 1, 1))
    project.assert_approved(date(2099, 12, 31))


def test_the_shipped_project_is_approved() -> None:
    folder = Settings().projects
    assert "1661" in project_numbers(folder)
    load_project("1661", folder).assert_approved(date(2026, 11, 22))


@pytest.mark.parametrize("number", ["9999", "../7001", "70011", "", "\u0667\u0660\u0660\u0661", "seven"])
def test_a_project_that_is_not_there_is_refused_and_the_known_are_named(number: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"there is no project .*; known are: 7001"):
        load_project(number, write(tmp_path))


def test_without_any_project_none_is_known(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="known are: none"):
        load_project("7001", tmp_path)


MISTAKES = {
    "a missing field": ("lead: Nobody\n", "", r"7001\.yaml, line \d+, lead: Field required"),
    "an unknown field": ("lead: Nobody\n", "lead: Nobody\nleed: x\n", r"line 4, leed: Extra inputs"),
    "a bad date": ("2099-12-31}\ndatasets", "2099-02-31}\ndatasets", r"line 6, approval.valid_until: "),
    "dates the wrong way": ("2024-01-01", "2100-01-01", r"line 6, approval: .*ends before it begins"),
    "no dataset": (TEXT[TEXT.index("datasets") :], "datasets: {}\n", r"line 7, datasets: "),
    "another number": ('"7001"', '"7002"', "the file says that it is of project 7002"),
    "a number that is none": ('"7001"', '"71"', r"line 1, number: "),
    "refreshes of a wrong kind": ("refreshes: all", "refreshes: some", r"line 11, datasets.tiny.refreshes"),
}


MISTAKES |= {
    "a small area of no level": ("datasets:", "small_area: street\ndatasets:", r"line 7, small_area: "),
    "statuses that are none": ("datasets:", "match_statuses: []\ndatasets:", r"match_statuses: name those"),
    "an unanswered safe": ("datasets:", "five_safes: {data: x}\ndatasets:", r"line 7, five_safes.projects: Field requ"),
    "no owner's approval": (
        "    approval: {by: Owner, reference: O-7001, valid_from: 2024-01-01, valid_until: 2099-12-31}\n",
        "",
        r"line 8, datasets.tiny.approval: Field required",
    ),
    "a special grant that ends before it begins": (
        "refreshes: all",
        "special_access: [{reference: S, tables: [x], valid_from: 2025-01-02, valid_until: 2025-01-01}]",
        r"line 11, datasets.tiny.special_access.0: .*the special-access grant ends before it begins",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_told_with_its_line(name: str, tmp_path: Path) -> None:
    old, new, expected = MISTAKES[name]
    assert old in TEXT
    with pytest.raises(Refused, match=expected):
        load_project("7001", write(tmp_path, TEXT.replace(old, new)))


@pytest.mark.parametrize("day", [date(2023, 12, 31), date(2100, 1, 1)])
def test_outside_its_days_an_approval_refuses_with_its_dates(day: date, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"project 7001: the approval P-7001 of Panel holds from 2024-01-01 until"):
        load_project("7001", write(tmp_path)).assert_approved(day)


def test_a_data_owners_approval_can_end_on_its_own(tmp_path: Path) -> None:
    text = TEXT.replace(
        "reference: O-7001, valid_from: 2024-01-01, valid_until: 2099",
        "reference: O-7001, valid_from: 2024-01-01, valid_until: 2025",
    )
    with pytest.raises(Refused, match="project 7001, dataset tiny: the approval O-7001 of Owner"):
        load_project("7001", write(tmp_path, text)).assert_approved(date(2026, 1, 1))


def test_special_access_tables_are_given_only_where_granted() -> None:
    ecms = contract("cafcass_england_ecms")
    without = {table.name for table in granted_tables(ecms, grant(), "20240111")}
    assert not without & {"ethnicities", "religions", "nationalities", "languages", "disabilities", "derived"}
    assert {"cases", "people", "alf", "relationshiptypes"} <= without
    # Names of what is not given: nobody needs them.
    assert not without & {"ethnicitytypes", "religiontypes", "sources"}
    given = {table.name for table in granted_tables(ecms, grant(special_access=SPECIAL), "20240111")}
    assert given - without == {"ethnicities", "derived", "ethnicitytypes", "sources"}
    few = grant(tables=["people", "cases"], special_access=SPECIAL)
    assert [table.name for table in granted_tables(ecms, few, "20240111")] == [
        "cases",
        "people",
        "ethnicities",
        "derived",
    ]


def test_asking_for_more_than_is_granted_is_refused() -> None:
    ecms = contract("cafcass_england_ecms")
    with pytest.raises(Refused, match="the table 'ethnicities' of cafcass_england_ecms needs a special-access grant"):
        granted_tables(ecms, grant(tables=["people", "ethnicities"]), "20240111")
    with pytest.raises(Refused, match="cafcass_england_ecms has no table 'secrets'"):
        granted_tables(ecms, grant(tables=["secrets"]), "20240111")


def test_each_special_access_grant_has_days_of_its_own() -> None:
    two = grant(special_access=[SPECIAL, {"reference": "S-2", "tables": ["religions"], "valid_until": "2024-03-31"}])
    assert two.special_tables == {"ethnicities", "derived", "religions"}
    two.assert_valid(date(2024, 3, 31), "project 7001")
    with pytest.raises(
        Refused, match="project 7001: the special-access grant S-2 of religions holds from the start un"
    ):
        two.assert_valid(date(2024, 4, 1), "project 7001")
    renewed = grant(special_access=[*two.special_access, {"reference": "S-3", "tables": ["religions"]}])
    renewed.assert_valid(date(2024, 4, 1), "project 7001")


def test_columns_are_granted_by_sails_names_with_or_without_their_suffix() -> None:
    ecms = contract("cafcass_england_ecms")
    few = grant(tables={"people": ["GENDER"], "alf": ["alf_pe", "ALF_STS_CD"], "lawtypes": "all"})
    assert {table.name: table.columns for table in granted_tables(ecms, few, "20240111")} == {
        "people": ("ID", "GENDER"),
        "lawtypes": ("ID", "CAPTION"),
        "alf": ("PERSON_ID", "ALF", "ALF_STS_CD"),
    }
