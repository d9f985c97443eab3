"""The postcode directory: folded, versioned, its LSOA vintage named."""

from pathlib import Path

import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import sha256_of_file
from fjo_pipeline.ttp.flow import load_postcode_directory
from fjo_pipeline.ttp.reference import directory_version
from tests.tiny_home import TinyHome, make_tiny_home, write_postcodes


def test_a_directory_replaces_the_one_before_and_names_its_vintage(empty_home: TinyHome, tmp_path: Path) -> None:
    path = write_postcodes(
        tmp_path / "new.csv", "POSTCODE,LSOA2021_CD,EXTRA\nsa2-8pp,W01000009,x\nSA2 8PP,W01000008,y\n"
    )
    assert load_postcode_directory(empty_home.ttp, path) == 1
    with empty_home.ttp.store.reading() as session:
        assert directory_version(session) == (sha256_of_file(path), "2021")
        found = session.rows("FROM ttp.reference.postcode_to_lsoa", step="look")
    assert found == [("SA28PP", "W01000008")]


@pytest.mark.parametrize(
    "content", ["postcode,area\nA,B\n", "code,lsoa2011_cd\nA,B\n", "postcode,lsoa2011_cd,lsoa2021_cd\n"]
)
def test_a_file_of_other_columns_is_refused(content: str, empty_home: TinyHome, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="a postcode directory has the columns postcode and lsoa2011_cd"):
        load_postcode_directory(empty_home.ttp, write_postcodes(tmp_path / "bad.csv", content))


def test_without_a_directory_there_is_no_version_of_one(tmp_path: Path) -> None:
    home = make_tiny_home(tmp_path / "base", loaded=False)
    with home.ttp.store.writing() as session:
        assert directory_version(session) is None
