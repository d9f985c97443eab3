"""The catalogue: from contracts alone, from released counts, and what can be downloaded from it."""

import csv
import json
from io import TextIOWrapper
from pathlib import Path
from zipfile import ZipFile

import duckdb
import pytest

from fjo_pipeline.catalogue import ARCHIVE, INSIDE, make_catalogue
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.project_synth import FILE
from tests.command import Fjo
from tests.integration.test_beside_extract import looked_at
from tests.tiny_home import LATER, REFRESH, TinyHome


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def nowhere(tmp_path: Path) -> Settings:
    """Settings of a home that is not there, and without project files."""
    (tmp_path / "projects").mkdir()
    return Settings(home=tmp_path / "home", projects=tmp_path / "projects")


def test_without_a_release_it_is_from_contracts_alone_and_says_so(nowhere: Settings, tmp_path: Path) -> None:
    made = make_catalogue(nowhere, tmp_path / "out", print, contact="desk@example.org")
    index = (tmp_path / "out" / "index.html").read_text()
    assert (made.released, made.made_up) == (0, False)
    assert made.datasets == 14
    assert "Nothing has been released yet" in index
    assert "desk@example.org" in index
    assert "MADE-UP" not in index
    assert not nowhere.home.exists()
    page = (tmp_path / "out" / "cafcass_england_ecms.html").read_text()
    assert "CAFE_ECMS_PERSONSONAPPLICATIONS_&lt;date&gt;" in page
    assert "from the contract alone" in page


def test_every_page_is_whole_and_every_link_leads_somewhere(nowhere: Settings, tmp_path: Path) -> None:
    make_catalogue(nowhere, tmp_path / "out", print)
    pages = {path.name: looked_at(path.read_text()) for path in (tmp_path / "out").glob("*.html")}
    assert len(pages) == 15
    for name, seen in pages.items():
        for tag, attributes in seen.tags:
            assert tag not in ("img", "link", "iframe")
            assert tag != "script" or attributes == {"type": "application/ld+json"}
            if tag == "a":
                file, _, place = (attributes["href"] or "").partition("#")
                assert (tmp_path / "out" / (file or name)).is_file(), (name, file)
                ids = {other.get("id") for _, other in pages[file or name].tags} if place else set()
                assert not place or place in ids, (name, place)
        assert [tag for tag, _ in seen.tags if tag in ("h1", "main", "nav")] == ["nav", "main", "h1"]


def test_machines_read_schema_org_and_dcat(nowhere: Settings, tmp_path: Path) -> None:
    make_catalogue(nowhere, tmp_path / "out", print)
    schema_org = json.loads((tmp_path / "out" / "catalogue.schema-org.jsonld").read_text())
    ecms = next(each for each in schema_org["dataset"] if each["identifier"] == "cafcass_england_ecms")
    assert (schema_org["@type"], ecms["@type"], ecms["temporalCoverage"]) == ("DataCatalog", "Dataset", "2014/..")
    # What Google's structured-data guide requires of a Dataset.
    assert 50 <= len(ecms["description"]) <= 5000
    assert {"name": "England", "@type": "Place"} in ecms["spatialCoverage"]
    measured = {each["name"] for each in ecms["variableMeasured"]}
    assert "CAFE_ECMS_LEGALOUTPUTS_<date>.DATEORDERED" in measured
    dcat = json.loads((tmp_path / "out" / "catalogue.dcat.jsonld").read_text())
    cms = next(each for each in dcat["dcat:dataset"] if each["dct:identifier"] == "cafcass_england_cms")
    assert cms["dct:temporal"] == {
        "@type": "dct:PeriodOfTime",
        "dcat:startDate": "2007",
        "dcat:endDate": "2014",
    }


def test_refreshes_of_a_release_are_named_and_counts_are_not_without_a_publication(
    home: TinyHome, tmp_path: Path, fjo: Fjo
) -> None:
    done = fjo(home.settings, "catalogue", "--out", str(tmp_path / "out"))
    assert done.code == 0, done.err
    assert "no made-up extract" in done.out
    page = (tmp_path / "out" / "tiny.html").read_text()
    assert f"{REFRESH}, {LATER}" in page
    assert "No counts of this dataset have been let out" in page
    assert "MADE-UP DATA" in page
    assert "MADE-UP" not in (tmp_path / "out" / "population_register.html").read_text()


@pytest.mark.slow
def test_the_made_up_extract_can_be_downloaded_and_its_queries_run(
    nowhere: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = Settings().projects / "1661.yaml"
    (nowhere.projects / sample.name).write_text(sample.read_text())
    first, again = tmp_path / "first", tmp_path / "again"
    assert make_catalogue(nowhere, first, print, people=40).made_up
    make_catalogue(nowhere, again, print, people=40)
    one, other = files(first), files(again)
    assert one.pop(FILE) and other.pop(FILE)
    assert one == other, "the same again, but for the bytes of the DuckDB file"
    with ZipFile(first / ARCHIVE) as archive:
        assert archive.comment.startswith(b"MADE-UP DATA")
        assert {name.split("/")[0] for name in archive.namelist()} == {INSIDE}
        name = f"{INSIDE}/csv/CAFE_ECMS_PEOPLE_20240111.csv"
        with archive.open(name) as raw:
            people = list(csv.DictReader(TextIOWrapper(raw)))
        assert name.replace("csv", "stata", 1).replace(".csv", ".dta") in archive.namelist()
    page = (first / "worked-queries.html").read_text()
    monkeypatch.chdir(first)
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{FILE}' AS extract (READ_ONLY); USE extract;")
        assert f"ATTACH &#39;{FILE}&#39; AS extract (READ_ONLY);" in page
        found = connection.execute("SELECT count(*), min(ID_PE) FROM SAIL1661V.CAFE_ECMS_PEOPLE_20240111").fetchall()
    assert found == [(len(people), min(int(each["ID_PE"]) for each in people))]
    with duckdb.connect(str(again / FILE), read_only=True) as connection:
        assert (
            connection.execute("SELECT min(ID_PE) FROM SAIL1661V.CAFE_ECMS_PEOPLE_20240111").fetchone() == found[0][1:]
        )
