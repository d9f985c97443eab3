"""The databank's reference files: known by their headers, checked line by line, several vintages side by side."""

from pathlib import Path
from typing import Any

import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.databank.flow import release, release_due
from fjo_pipeline.databank.reference import Loaded, add_reference, known_authorities
from fjo_pipeline.databank.reference_layouts import REFERENCES, REGION
from fjo_pipeline.databank.store import current_snapshot
from fjo_pipeline.reference import add_reference_file
from tests.tiny_home import TinyHome, write_postcodes

NAME = "deprivation_by_lsoa2011"
POPULATION, BIRTHS, FAMILIES = "population_by_local_authority", "births_by_local_authority", "families_by_region"
GOOD = (
    "LSOA2011_CD,NATION,deprivation_score,deprivation_decile,more\nW01000001,Wales,12.5,3,x\nE01000001,England,1,9,y\n"
)
SCORE = "Index of Multiple Deprivation (IMD) Score"
RANK = "Index of Multiple Deprivation (IMD) Rank (where 1 is most deprived)"
DECILE = "Index of Multiple Deprivation (IMD) Decile (where 1 is most deprived 10% of LSOAs)"
IMD = (
    "\ufeffLSOA code (2011),LSOA name (2011),Local Authority District code (2019),"
    f"Local Authority District name (2019),{SCORE},{RANK},{DECILE},Income Score (rate)\n"
    'E01000001,City of London 001A,E09000001,"London, City of",6.208,29199,9,0.007\n'
    "E01031349,Adur 001A,E07000223,Adur,12.389,21352,7,0.096\n"
)
WIMD = "LSOA Code,LSOA Name (Eng),Local Authority Name (Eng),WIMD 2019 ,Income\nW01000001,Amlwch 1,Anglesey,699,1083\n"
MYEB1 = (
    "ladcode23,laname23,country,sex,age,population_2021,population_2022\n"
    "E06000001,Hartlepool,E,F,0,470,465\nE06000001,Hartlepool,E,M,0,480,475\nE07000223,Adur,E,F,90,500,510\n"
    "S12000033,Aberdeen City,S,F,0,1000,990\n"
)


def write(folder: Path, content: str, name: str = "reference.csv") -> Path:
    path = folder / name
    path.write_text(content)
    return path


def look(home: TinyHome, sql: str) -> list[tuple[Any, ...]]:
    with home.databank.store.reading() as session:
        return session.rows(sql, step="look")


def add(home: TinyHome, folder: Path, name: str, content: str, vintage: str | None = None) -> Loaded:
    return add_reference(home.databank.store, name, write(folder, content), vintage)


def test_a_file_takes_the_place_of_the_one_before_of_its_vintage(home: TinyHome, tmp_path: Path) -> None:
    assert add(home, tmp_path, NAME, GOOD) == Loaded(2, "2019")
    assert add(home, tmp_path, NAME, GOOD.rsplit("E01", 1)[0]).rows == 1
    assert look(home, "FROM lake.SAILREFRV.DEPRIVATION_BY_LSOA2011") == [("Wales", "W01000001", 12.5, 3, None, "2019")]
    assert look(home, "SELECT name, rows, vintage FROM lake.databank.reference_files") == [(NAME, 1, "2019")]


def test_vintages_stand_side_by_side_and_the_same_file_again_changes_nothing(home: TinyHome, tmp_path: Path) -> None:
    add(home, tmp_path, NAME, GOOD)
    add(home, tmp_path, NAME, GOOD.replace("12.5", "13.5"), "2015")
    with home.databank.store.reading() as session:
        before = current_snapshot(session)
    assert add(home, tmp_path, NAME, GOOD).rows == 2
    with home.databank.store.reading() as session:
        assert current_snapshot(session) == before
    wales = "SELECT VINTAGE, DEPRIVATION_SCORE FROM lake.SAILREFRV.DEPRIVATION_BY_LSOA2011 WHERE NATION = 'Wales'"
    assert look(home, f"{wales} ORDER BY 1") == [("2015", 13.5), ("2019", 12.5)]


def test_the_published_files_of_the_two_nations_meet_in_one_table(home: TinyHome, tmp_path: Path) -> None:
    add(home, tmp_path, NAME, GOOD)
    assert add(home, tmp_path, NAME, IMD) == Loaded(2, "2019")
    assert add(home, tmp_path, NAME, WIMD) == Loaded(1, "2019")
    table = "FROM lake.SAILREFRV.DEPRIVATION_BY_LSOA2011 ORDER BY LSOA2011_CD"
    assert look(home, table) == [
        ("England", "E01000001", 6.208, 9, 29199, "2019"),
        ("England", "E01031349", 12.389, 7, 21352, "2019"),
        ("Wales", "W01000001", None, None, 699, "2019"),
    ]
    # The file of both nations no longer stands whole, so adding it again is no repetition.
    assert add(home, tmp_path, NAME, GOOD).rows == 2
    assert [row[1] for row in look(home, table)] == ["E01000001", "W01000001"]
    assert look(home, "SELECT count(*) FROM lake.databank.reference_files") == [(1,)]


def test_populations_come_wide_or_long_and_other_nations_are_left_out(home: TinyHome, tmp_path: Path) -> None:
    loaded = add(home, tmp_path, POPULATION, MYEB1)
    assert (loaded.rows, loaded.vintage) == (6, "2022")
    assert loaded.notes[0] == "2 rows of other nations were left out"
    assert loaded.notes[1].startswith("1 areas are no upper-tier local authority of the list")
    long = "la_cd,year,age,population\nE06000001,2022,0,940\n"
    assert add(home, tmp_path, POPULATION, long, "by hand") == Loaded(1, "by hand")
    sql = "SELECT YEAR, SEX, AGE, POPULATION, VINTAGE FROM lake.SAILREFRV.POPULATION_BY_LOCAL_AUTHORITY "
    assert look(home, sql + "WHERE LA_CD = 'E06000001' AND YEAR = 2022 ORDER BY ALL") == [
        (2022, "F", 0, 465, "2022"),
        (2022, "M", 0, 475, "2022"),
        (2022, "all", 0, 940, "by hand"),
    ]


def test_births_and_families_are_taken_with_the_vintage_that_they_say(home: TinyHome, tmp_path: Path) -> None:
    nomis = "DATE,GEOGRAPHY_NAME,GEOGRAPHY_CODE,MEASURES_NAME,OBS_VALUE\n2019,Hartlepool,E06000001,Value,900\n"
    assert add(home, tmp_path, BIRTHS, nomis) == Loaded(1, "2019")
    said = "la_cd,year,births,vintage\nE06000001,2019,900,MADE-UP DATA\n"
    assert add(home, tmp_path, BIRTHS, said) == Loaded(1, "MADE-UP DATA")
    families = "region_nm,year,families\nLondon,2019,1100000\nWales,2019,380000\n"
    assert add(home, tmp_path, FAMILIES, families) == Loaded(2, "2019")
    assert look(home, "FROM lake.SAILREFRV.FAMILIES_BY_REGION ORDER BY 1")[1] == ("Wales", 2019, 380000, "2019")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "houses",
            GOOD,
            "there is no reference file 'houses'; known are: postcode_to_lsoa, linkage_truth, deprivation",
        ),
        (NAME, GOOD.replace("NATION", "COUNTRY"), "reference.csv, line 1: the column nation is missing"),
        (
            NAME,
            GOOD.replace("12.5", "Quillfeather"),
            "reference.csv, line 2, column deprivation_score: the value is no",
        ),
        (
            NAME,
            GOOD.replace("E01000001", "E02000001"),
            "line 3, column LSOA2011_CD: the value does not have the contract",
        ),
        (NAME, GOOD.replace("E01000001", "W01000001"), "line 2, 3, column LSOA2011_CD: more than one row stands for"),
        (NAME, GOOD.replace(",9,", ",11,"), "line 3, column deprivation_decile: the number is above 10"),
        (NAME, GOOD.replace(",9,", ",,"), "line 3, column deprivation_decile: a required value is empty"),
        (NAME, IMD.replace("29199", "29,199"), "line 2: the row has too many columns"),
        (NAME, WIMD.replace("699", "6.99"), "line 2, column WIMD 2019 : the value is no whole number"),
        (NAME, WIMD.replace("W01", "E01"), "line 2, column LSOA Code: the value does not have"),
        (POPULATION, MYEB1.replace("E06000001", "Hartlepool"), "line 2, 3, column ladcode23: the value does not have"),
        (POPULATION, MYEB1.replace("S12", "E06").replace("E06000033,Aberdeen City,S,F,0", "E06000001,,S,F,0"), "2, 5"),
        (BIRTHS, "la_cd,year,births\nE06000001,19,5\n", "line 2, column year: the number is below 1981"),
        (BIRTHS, "la_cd,year,births\nS12000033,2019,5\n", "the file has no row of England or Wales"),
        (BIRTHS, "la_cd,year,births,vintage\nE06000001,2019,5,a\nE06000002,2019,5,b\n", "a file has one vintage"),
        (FAMILIES, "region_nm,year,families\nMercia,2019,5\n", "line 2, column region_nm: the value is none of"),
    ],
)
def test_a_file_that_is_not_right_is_refused_with_its_line_and_changes_nothing(
    name: str, content: str, expected: str, home: TinyHome, tmp_path: Path
) -> None:
    add(home, tmp_path, NAME, GOOD)
    with pytest.raises(Refused) as caught:
        add(home, tmp_path, name, content)
    assert expected in str(caught.value)
    assert "Quillfeather" not in str(caught.value)
    assert look(home, "SELECT name, rows FROM lake.databank.reference_files") == [(NAME, 2)]


def test_a_sheet_that_is_no_csv_is_refused(home: TinyHome, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"reference\.ods: a reference file is a \.csv in UTF-8"):
        add_reference(home.databank.store, NAME, write(tmp_path, GOOD, "reference.ods"))


def test_another_vintage_makes_a_release_due(home: TinyHome, tmp_path: Path) -> None:
    add(home, tmp_path, NAME, GOOD)
    release(home.databank)
    add(home, tmp_path, NAME, GOOD)
    assert not release_due(home.databank)
    add(home, tmp_path, NAME, GOOD, "2015")
    assert release_due(home.databank)


def test_a_store_of_before_is_given_the_new_columns_and_its_rows_give_way(home: TinyHome, tmp_path: Path) -> None:
    with home.databank.store.writing() as session:
        for column in ("VINTAGE", "DEPRIVATION_RANK"):
            session.run(f"ALTER TABLE lake.SAILREFRV.DEPRIVATION_BY_LSOA2011 DROP COLUMN {column}", step="as of before")
        for column in ("vintage", "part"):
            session.run(f"ALTER TABLE lake.databank.reference_files DROP COLUMN {column}", step="as of before")
        session.run("INSERT INTO lake.SAILREFRV.DEPRIVATION_BY_LSOA2011 VALUES ('Wales', 'W01000009', 1, 1)", step="x")
        session.run(f"INSERT INTO lake.databank.reference_files VALUES ('{NAME}', 'old', 1)", step="as of before")
    home.databank.store.create()
    add(home, tmp_path, NAME, GOOD)
    assert look(home, "SELECT count(*) FROM lake.SAILREFRV.DEPRIVATION_BY_LSOA2011") == [(2,)]
    assert look(home, "SELECT rows, vintage FROM lake.databank.reference_files") == [(2, "2019")]


def test_each_file_goes_to_its_zone(home: TinyHome, tmp_path: Path) -> None:
    assert add_reference_file(home.settings, NAME, write(tmp_path, GOOD)).rows == 2
    assert add_reference_file(home.settings, "postcode_to_lsoa", write_postcodes(tmp_path / "postcodes.csv")).rows == 2
    with pytest.raises(Refused, match=r"there is no file nowhere\.csv"):
        add_reference_file(home.settings, NAME, tmp_path / "nowhere.csv")


def test_the_lists_of_areas_and_the_layouts_agree() -> None:
    seeds = Path(__file__).parents[3] / "dbt_models" / "seeds"
    regions = [line.split(",")[0] for line in (seeds / "regions.csv").read_text().splitlines()[1:]]
    assert sorted(regions) == sorted(REGION.enum or ())
    assert len(known_authorities()) == len(set(known_authorities())) == 175
    assert set(REFERENCES) == {NAME, POPULATION, BIRTHS, FAMILIES}
