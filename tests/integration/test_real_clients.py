"""What users' code does to an extract, step by step as domain.md §3 tells, on the Stata export and in SQL.

Each function is our own analogue of a step: load, rename, drop copies, merge many to one, reshape. None is a copy.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from fjo_pipeline.databank.flow import Databank
from fjo_pipeline.databank.projects.analyst import query
from tests.integration.conftest import Chain
from tests.integration.sail_columns import LOOKUPS, TABLES

DATE = "20240711"
ROLES = ["ISSUBJECT", "ISRESPONDENT", "ISAPPLICANT", "ISOTHER"]
FLAGS = [*ROLES, "ISSUBJECTPARTY", "ISOTHERPARTY"]
DATES = re.compile(r"^(DATE|WEEKOFBIRTH|WOB|CLOSUREDATE|REOPENDATE|NEWAPPLICATIONDATE|AVAIL_FROM_DT)")
SPECIAL = {"ETHNICITIES": "ETHNICITY", "RELIGIONS": "RELIGION", "NATIONALITIES": "NATIONALITY", "LANGUAGES": "LANGUAGE"}
UNKNOWN = {"ETHNICITY": (19, 22), "RELIGION": (23, 24), "NATIONALITY": (229, 230), "LANGUAGE": (814, 815)}
DISABILITIES = {
    "Autism_or_Spectrum_Disorders", "Blind_Partially_Sighted", "Cerebral_Palsy", "Deaf_Hearing_Impaired",
    "Downs_Syndrome", "Dyslexia", "Facial_Disfigurement", "Global_Development_Delay", "Learning_Difficulties__e_g__Dy",
    "Learning_Disability", "Manual_Dexterity", "Mental_Health_Difficulties", "Need_Personal_Care_Support", "Other",
    "Progressive_Conditions", "Speech_Impairment", "Unseen_Disabilities", "Wheelchair_Mobility_Difficulti",
    "Declined_to_specify", "None", "Prefer_Not_to_Say", "Unknown",
}  # fmt: skip
"""The flags that users' code makes of disability names and drops, orders or renames by name."""
LONGEST_NAME = 32
"""Characters that Stata allows in a variable's name."""

Frame = pd.DataFrame
Load = Callable[[str], Frame]


@pytest.fixture(scope="module")
def folder(researcher: Path) -> Path:
    """Project 1661's extract as Stata files."""
    return researcher / "workspace" / "stata"


@pytest.fixture(scope="module")
def table(folder: Path) -> Load:
    """`select *` of an ECMS table of the second refresh."""

    def load(name: str) -> Frame:
        return read(folder / f"CAFE_ECMS_{name}_{DATE}.dta")

    return load


@pytest.fixture(scope="module")
def lookup(folder: Path) -> Load:
    """`select *` of an ECMS lookup of the second refresh."""

    def load(name: str) -> Frame:
        return read(folder / f"ECMS_{name}_{DATE}.dta")

    return load


def read(path: Path) -> Frame:
    frame: Frame = pyreadstat.read_dta(path)[0]
    return frame


def many_to_one(many: Frame, one: Frame, key: str) -> Frame:
    """Stata's `merge m:1` and `drop if _merge==2`: the key is unique on the one side, and no row is lost or made."""
    assert not one[key].duplicated().any(), key
    merged = many.merge(one, on=key, how="left", validate="m:1", indicator=True)
    assert len(merged) == len(many)
    return merged


def with_name(many: Frame, key: str, one: Frame, columns: list[str], code: str = "ID") -> Frame:
    """A lookup renamed and merged, as the code does before it labels the values; each known code finds a name."""
    merged = many_to_one(many, one.rename(columns={code: key})[[key, *columns]], key)
    assert (merged["_merge"] == "both")[many[key].notna().to_numpy()].all(), key
    return merged.drop(columns="_merge")


@pytest.mark.parametrize("name", [*TABLES, *LOOKUPS])
def test_select_star_and_the_stata_file_have_the_same_columns_and_rows(name: str, chain: Chain, folder: Path) -> None:
    stem = f"CAFE_ECMS_{name}" if name in TABLES else f"ECMS_{name}"
    schema = "SAIL1661V" if name in TABLES else "SAILCAFEREFV"
    got = query(Databank(chain.settings), "1661", f"select * from {schema}.{stem}_{DATE}")
    frame, about = pyreadstat.read_dta(folder / f"{stem}_{DATE}.dta")
    columns = (TABLES | LOOKUPS)[name].split(", ")
    assert got.column_names == list(frame.columns) == columns
    assert got.num_rows == len(frame) > 0
    for column in columns:
        kind = about.original_variable_types[column]
        if column.endswith("_PE"):
            assert kind == "%14.0g"
            ids = [each for each in got.column(column).to_pylist() if each is not None]
            assert sorted(ids) == sorted(int(each) for each in frame[column].dropna())
            assert all(0 <= each < 10**14 and int(float(each)) == each for each in ids)
        elif DATES.match(column):
            assert str(got.schema.field(column).type) == "date32[day]"
            assert kind == "%td"
        if column in FLAGS:
            assert set(frame[column]) <= {"true", "false"}


def test_values_and_variables_are_labelled(folder: Path, lookup: Load) -> None:
    _, about = pyreadstat.read_dta(folder / f"CAFE_ECMS_APPLICATIONS_{DATE}.dta")
    names = lookup("APPLICATIONTYPES")
    assert about.variable_value_labels["APPLICATIONTYPE1_ID"] == dict(
        zip(names["ID"].astype(int), names["NAME"], strict=True)
    )
    assert about.column_names_to_labels["DATEOFAPPLICATION"] == "Date of the application"
    assert about.file_label == "MADE-UP DATA"
    # One court has several codes; pandas refuses a file in which two values have one label.
    assert len(pd.read_stata(folder / f"ECMS_COURTCOURTLEVELREFS_{DATE}.dta")) > 0


def court_columns(each: Frame, lookup: Load) -> Frame:
    each = with_name(
        each, "COURTCOURTLEVELREF_ID", lookup("COURTCOURTLEVELREFS"), ["COURTFULLNAME", "COURT_ID", "COURTLEVELREF_ID"]
    )
    each = with_name(each, "COURT_ID", lookup("COURTS"), ["NAME", "DJAREAREF_ID", "CIRCUITREF_ID"])
    for key, name in (
        ("COURTLEVELREF_ID", "COURTLEVELREFS"),
        ("DJAREAREF_ID", "DJAREAREFS"),
        ("CIRCUITREF_ID", "CIRCUITREFS"),
    ):
        each = with_name(each.drop(columns="NAME"), key, lookup(name), ["NAME"])
    return each.drop(columns="NAME")


@pytest.fixture(scope="module")
def applications(table: Load, lookup: Load) -> Frame:
    """Applications with the ids of court, level, DFJ area and circuit, and how many their case has."""
    each = with_name(table("APPLICATIONS"), "APPLICATIONTYPE1_ID", lookup("APPLICATIONTYPES"), ["NAME"])
    each = court_columns(each.drop(columns="NAME"), lookup)
    each["num_applications"] = each.groupby("CASE_ID_PE")["ID_PE"].transform("size")
    return each.rename(columns={"ID_PE": "APPLICATION_ID_PE"})


def one_a_person(each: Frame, code: str) -> Frame:
    """One known value a person: unknown yields to known, and two known ones are unclear."""
    refused, unknown = UNKNOWN[code.removesuffix("TYPE_ID")]
    each = each.drop(columns=["ID_PE", "AVAIL_FROM_DT"]).drop_duplicates()
    each[code] = each[code].replace(refused, unknown)
    known = each[each[code] != unknown][["PERSON_ID_PE", code]].drop_duplicates()
    most = known.groupby("PERSON_ID_PE").size()
    # As domain.md has it: at most two ethnicities and two religions, one nationality, one language.
    assert most.max() <= (2 if code.startswith(("ETHNICITY", "RELIGION")) else 1)
    settled = known[known["PERSON_ID_PE"].map(most) == 1]
    others = pd.DataFrame({"PERSON_ID_PE": list(set(each["PERSON_ID_PE"]) - set(settled["PERSON_ID_PE"]))})
    return pd.concat([settled, others.assign(**{code: unknown})])


@pytest.fixture(scope="module")
def people(table: Load, lookup: Load) -> Frame:
    """People without copies, with ethnicity, religion, nationality, language and a flag for each disability."""
    each = table("PEOPLE")
    assert each.duplicated().any()
    each = each.drop_duplicates().rename(columns={"ID_PE": "PERSON_ID_PE"})
    each = each.drop(columns=["MOB_LINKAGE", "AVAIL_FROM_DT"])
    for name, kind in SPECIAL.items():
        code = f"{kind}TYPE_ID"
        values = with_name(table(name), code, lookup(f"{kind}TYPES"), ["NAME"]).drop(columns="NAME")
        values = with_name(values, "SOURCE_ID", lookup("SOURCES"), ["NAME"]).drop(columns="NAME")
        values = one_a_person(values, code)
        merged = many_to_one(each, values, "PERSON_ID_PE")
        assert set(values["PERSON_ID_PE"]) <= set(each["PERSON_ID_PE"])
        each = merged.rename(columns={"_merge": f"{kind.lower()}_mis"})
    types = lookup("DISABILITYTYPES").sort_values("ID").reset_index(drop=True)
    assert str(types.loc[19, "NAME"]).startswith("Down")
    types.loc[19, "NAME"] = "Downs Syndrome"
    found = with_name(table("DISABILITIES"), "DISABILITYTYPE_ID", types, ["NAME"])
    found["flag"] = found["NAME"].str[:30].map(lambda name: re.sub(r"[^A-Za-z0-9_]", "_", name))
    flags = pd.crosstab(found["PERSON_ID_PE"], found["flag"]).clip(upper=1).reset_index()
    assert {re.sub(r"[^A-Za-z0-9_]", "_", name[:30]) for name in types["NAME"]} >= DISABILITIES
    return many_to_one(each, flags, "PERSON_ID_PE").drop(columns="_merge")


@pytest.fixture(scope="module")
def children(table: Load, applications: Frame, people: Frame) -> Frame:
    """Everybody under 18 at an application, one row a person and application, with one role or an unclear one."""
    each = table("PERSONSONAPPLICATIONS")
    assert not each["ID_PE"].duplicated().any()
    whole = len(each)
    each = each.drop_duplicates(["PERSON_ID_PE", "APPLICATION_ID_PE", *FLAGS, "AVAIL_FROM_DT"])
    assert 0 < whole - len(each) < whole * 0.05
    pair = ["PERSON_ID_PE", "APPLICATION_ID_PE"]
    roles = (each[ROLES] == "true").sum(axis="columns")
    unclear = each.duplicated(pair, keep=False) | (roles > 1)
    assert 0 < unclear.mean() < 0.02
    each["role"] = (each[ROLES] == "true").idxmax(axis="columns").where(~unclear & (roles > 0))
    each = each.drop_duplicates(pair)
    assert set(each["APPLICATION_ID_PE"]) < set(applications["APPLICATION_ID_PE"]), "some applications have nobody"
    assert set(each["PERSON_ID_PE"]) < set(people["PERSON_ID_PE"]), "some people are on no application"
    each = many_to_one(each, applications.drop(columns="AVAIL_FROM_DT"), "APPLICATION_ID_PE").drop(columns="_merge")
    each = many_to_one(each, people, "PERSON_ID_PE").drop(columns="_merge")
    born = each["WEEKOFBIRTH"]
    years = born.map(lambda day: day.year, na_action="ignore")
    century = (years // 100).replace({18: 19, 22: 20, 29: 20, 79: 19})
    months = born.map(lambda day: day.month / 12, na_action="ignore")
    applied = each["DATEOFAPPLICATION"].map(lambda day: day.year + day.month / 12, na_action="ignore")
    each["age"] = applied - (century * 100 + years % 100 + months)
    assert (each["age"].dropna().between(-1, 100)).mean() > 0.99
    return each[each["age"] < 18]


def test_children_are_mostly_but_not_all_subjects(children: Frame) -> None:
    assert len(children) > 200
    subjects = children["role"] == "ISSUBJECT"
    assert 0.8 < subjects.mean() < 1
    assert children[~subjects]["age"].mean() > children[subjects]["age"].mean()


def test_applications_keep_their_rows_through_seven_merges(table: Load, applications: Frame) -> None:
    assert len(applications) == len(table("APPLICATIONS"))
    assert not applications["APPLICATION_ID_PE"].duplicated().any()
    assert applications["num_applications"].max() > 1


@pytest.fixture(scope="module")
def related(table: Load, lookup: Load, people: Frame) -> Frame:
    """Relationships with their names and what is known of the related person."""
    types = lookup("RELATIONSHIPTYPES").rename(columns={"ID": "RELATIONSHIPTYPE_ID"}).drop(columns="AVAIL_FROM_DT")
    each = many_to_one(table("PERSONRELATIONSHIPS"), types, "RELATIONSHIPTYPE_ID").drop(columns=["_merge", "ID_PE"])
    assert each["NAME"].notna().all()
    other = people.rename(columns={"PERSON_ID_PE": "RELATEDPERSON_ID_PE"})
    each = many_to_one(each, other, "RELATEDPERSON_ID_PE")
    assert (each["_merge"] == "both").all()
    each["n"] = each.groupby("PERSON_ID_PE").cumcount() + 1
    return each.drop(columns=["_merge", "RELATIONSHIPMALE", "RELATIONSHIPFEMALE"])


def test_relationships_reshape_wide_without_loss_and_fit_the_loops(related: Frame) -> None:
    assert related["n"].max() == 14, "users' loops run to 14, and somebody has as many"
    wide = related.pivot(index="PERSON_ID_PE", columns="n")
    wide.columns = wide.columns.map(lambda pair: f"{pair[0]}{pair[1]}")
    assert len(wide) == related["PERSON_ID_PE"].nunique()
    assert wide.filter(regex="^RELATEDPERSON_ID_PE").notna().sum().sum() == len(related)
    # The code renames two flags that would be too long with a number behind them.
    fits = [name for name in map(str, wide) if not name.startswith(("Learning_Difficulties", "Wheelchair"))]
    assert max(map(len, fits)) < LONGEST_NAME


def test_few_children_have_more_than_one_mother_or_father(related: Frame, children: Frame) -> None:
    parents = related[related["RELATIONSHIPTYPE_ID"] == 1]
    parents = parents[parents["PERSON_ID_PE"].isin(children["PERSON_ID_PE"])]
    assert parents["PERSON_ID_PE"].nunique() > 100
    for gender in ("Female", "Male"):
        number = parents[parents["GENDER"] == gender].groupby("PERSON_ID_PE").size()
        assert (number == 1).mean() > 0.97
    siblings = related["RELATIONSHIPTYPE_ID"].isin([34, 35, 40, 41, 51, 52])
    assert siblings.any()


def test_legal_outputs_merge_with_the_shares_that_the_code_comments_on(
    table: Load, lookup: Load, children: Frame
) -> None:
    types = lookup("LEGALOUTPUTTYPES").sort_values("NAME").reset_index(drop=True)
    assert len(types) >= 115
    # Rows that the code overwrites by number, counted from 1.
    assert types.loc[44:46, "NAME"].str.startswith("DR at FHDRA").all()
    assert types.loc[[112, 114], "NAME"].str.contains("SPH").all()
    outputs = with_name(table("LEGALOUTPUTS"), "LEGALOUTPUTTYPE_ID", types, ["NAME", "SORTORDER"])
    assert not outputs["ID_PE"].duplicated().any()
    again = outputs.drop(columns="ID_PE").duplicated()
    assert 0 < again.sum() < len(outputs) * 0.05
    pair = ["PERSON_ID_PE", "APPLICATION_ID_PE"]
    merged = many_to_one_of_two(children, outputs[~again][pair].drop_duplicates(), pair)
    without = merged["_merge"] == "left_only"
    assert 0.02 < without.mean() < 0.15, "about 8 %"
    status = lookup("CASESTATUS").rename(columns={"ID": "CASESTATU_ID"})
    cases = many_to_one(table("CASES"), status, "CASESTATU_ID").rename(columns={"ID_PE": "CASE_ID_PE"})
    completed = set(cases[cases["NAME"] == "Completed"]["CASE_ID_PE"])
    judged = merged[(merged["role"] == "ISSUBJECT") & merged["CASE_ID_PE"].isin(completed)]
    assert len(judged) > 50
    assert (judged["_merge"] == "both").mean() > 0.98, "99.65 %"


def many_to_one_of_two(many: Frame, one: Frame, keys: list[str]) -> Frame:
    merged = many.merge(one, on=keys, how="left", validate="m:1", indicator=True)
    assert len(merged) == len(many)
    return merged


def test_every_child_finds_its_case_with_all_its_names(table: Load, lookup: Load, children: Frame) -> None:
    cases = court_columns(table("CASES").drop(columns="AVAIL_FROM_DT"), lookup)
    for key, name, caption in (
        ("LAWTYPE_ID", "LAWTYPES", "CAPTION"),
        ("LOCALAUTHORITY_ID", "LOCALAUTHORITIES", "NAME"),
        ("COURTFORM_ID", "COURTFORMS", "FORMNAME"),
        ("CASESTATU_ID", "CASESTATUS", "NAME"),
    ):
        cases = with_name(cases, key, lookup(name), [caption]).drop(columns=caption)
    cases = cases.rename(columns={"ID_PE": "CASE_ID_PE"})
    wanted = ["CASE_ID_PE", "HARM", "CLOSUREDATE", "REOPENDATE", "COURTFORM_ID", "LAWTYPE_ID", "LOCALAUTHORITY_ID"]
    final = many_to_one(children, cases[wanted], "CASE_ID_PE")
    assert (final["_merge"] == "both").all()
