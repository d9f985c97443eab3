"""The databank's reference files: known by name and columns, replaced whole, their digest kept."""

from pathlib import Path

import pytest

from fjo_pipeline.core.errors import FjoError, Refused
from fjo_pipeline.databank.reference import add_reference
from fjo_pipeline.reference import add_reference_file
from tests.tiny_home import TinyHome, write_postcodes

NAME = "deprivation_by_lsoa2011"
GOOD = (
    "LSOA2011_CD,NATION,deprivation_score,deprivation_decile,more\nW01000001,Wales,12.5,3,x\nE01000001,England,1,9,y\n"
)


def write(folder: Path, content: str) -> Path:
    path = folder / "reference.csv"
    path.write_text(content)
    return path


def test_a_file_takes_the_place_of_the_one_before(home: TinyHome, tmp_path: Path) -> None:
    assert add_reference(home.databank.store, NAME, write(tmp_path, GOOD)) == 2
    assert add_reference(home.databank.store, NAME, write(tmp_path, GOOD.rsplit("E01", 1)[0])) == 1
    with home.databank.store.reading() as session:
        assert session.rows("FROM lake.SAILREFRV.DEPRIVATION_BY_LSOA2011", step="look") == [
            ("Wales", "W01000001", 12.5, 3)
        ]
        assert session.rows("SELECT name, rows FROM lake.databank.reference_files", step="look") == [(NAME, 1)]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "houses",
            GOOD,
            "there is no reference file 'houses'; known are: postcode_to_lsoa, linkage_truth, deprivation_by_lsoa2011",
        ),
        (NAME, GOOD.replace("NATION", "COUNTRY"), "the column nation is missing"),
        (NAME, GOOD.replace("12.5", "Quillfeather"), "could not load deprivation_by_lsoa2011"),
    ],
)
def test_a_file_that_is_not_right_changes_nothing(
    name: str, content: str, expected: str, home: TinyHome, tmp_path: Path
) -> None:
    add_reference(home.databank.store, NAME, write(tmp_path, GOOD))
    with pytest.raises(FjoError, match=expected) as caught:
        add_reference(home.databank.store, name, write(tmp_path, content))
    assert "Quillfeather" not in str(caught.value)
    with home.databank.store.reading() as session:
        assert session.value("SELECT rows FROM lake.databank.reference_files", step="look") == 2


def test_each_file_goes_to_its_zone(home: TinyHome, tmp_path: Path) -> None:
    assert add_reference_file(home.settings, NAME, write(tmp_path, GOOD)) == 2
    assert add_reference_file(home.settings, "postcode_to_lsoa", write_postcodes(tmp_path / "postcodes.csv")) == 2
    with pytest.raises(Refused, match=r"there is no file nowhere\.csv"):
        add_reference_file(home.settings, NAME, tmp_path / "nowhere.csv")
