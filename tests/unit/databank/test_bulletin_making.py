"""The bulletin's folder: pages for the areas that the tables have and for no others, the same bytes each time, and
nothing in a table can become part of a page.
"""

import json
import re
from pathlib import Path

import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.databank.bulletin.declared import declared_pages
from fjo_pipeline.databank.bulletin.making import make_bulletin, page_addresses
from fjo_pipeline.databank.bulletin.package import Area, nation_of
from tests.bulletin_package import (
    DFJ_SWANSEA,
    ENGLAND,
    NATIONS_AND_REGIONS,
    SOUTH_WEST,
    YNYS_MON,
    Column,
    every_table,
    write_package,
)

CARE_RATE: list[Column] = [
    ("year", "dimension", ""),
    ("sex", "dimension", ""),
    ("age_band", "dimension", ""),
    ("children", "measure", "people"),
    ("children_rate", "measure", "per 10,000"),
]
Rows = list[tuple[str, ...]]


def rate_rows(area: tuple[str, ...], *figures: tuple[str, str, str]) -> Rows:
    return [(*area, f"20{16 + place}/{17 + place}", "All", "All", *each) for place, each in enumerate(figures)]


def made(folder: Path, *, tables: dict[str, tuple[list[Column], Rows]] | None = None, **options: object) -> Path:
    """A bulletin of one area's rates, or of other tables."""
    tables = tables or {"care_rate": (CARE_RATE, rate_rows(SOUTH_WEST, ("100", "40", ""), ("120", "50", "")))}
    package = write_package(folder / "package", tables, **options)  # type: ignore[arg-type]
    make_bulletin(package, folder / "bulletin")
    return folder / "bulletin"


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


def test_there_is_a_page_for_each_area_of_the_tables_and_for_no_other(tmp_path: Path) -> None:
    make_bulletin(every_table(tmp_path / "package"), tmp_path / "bulletin")
    assert [page.name for page in pages(tmp_path / "bulletin" / "areas")] == [
        "nation-e92000001.html",
        "nation-w92000004.html",
        "region-e12000007.html",
        "region-e12000009.html",
    ]
    index = text_of(tmp_path / "bulletin" / "index.html")
    assert "Family court areas (designated" not in index
    assert "which it has not been for this release" in index


def test_court_areas_and_local_authorities_have_pages_only_under_a_policy_that_names_its_approval(
    tmp_path: Path,
) -> None:
    areas = [*NATIONS_AND_REGIONS, DFJ_SWANSEA, YNYS_MON]
    with pytest.raises(Refused, match="names no approval"):
        make_bulletin(every_table(tmp_path / "a", areas), tmp_path / "refused")
    assert not (tmp_path / "refused").exists()
    make_bulletin(every_table(tmp_path / "b", areas, policy={"area_approval": "A-17"}), tmp_path / "bulletin")
    assert (tmp_path / "bulletin" / "areas" / "dfj-area-swansea.html").is_file()
    assert "under approval A-17" in text_of(tmp_path / "bulletin" / "index.html")


def test_welsh_names_stand_beside_the_english_ones_as_they_are_written(tmp_path: Path) -> None:
    package = every_table(tmp_path / "package", [ENGLAND, YNYS_MON], policy={"area_approval": "A-17"})
    make_bulletin(package, tmp_path / "bulletin")
    page = text_of(tmp_path / "bulletin" / "areas" / "local-authority-w06000001.html")
    assert '<h1>Isle of Anglesey <span class="welsh" lang="cy">Ynys Môn</span></h1>' in page
    assert "in the Isle of Anglesey" in page


def test_a_name_that_the_tables_have_in_welsh_comes_through_whole(tmp_path: Path) -> None:
    welsh = ("region", "W12345678", "Ynys Môn a Dŵr")
    site = made(tmp_path, tables={"care_rate": (CARE_RATE, rate_rows(welsh, ("100", "40", "")))})
    assert "<h1>Ynys Môn a Dŵr</h1>" in text_of(site / "areas" / "region-w12345678.html")


def test_the_same_package_gives_the_same_bytes_and_replaces_what_was_there(tmp_path: Path) -> None:
    package = every_table(tmp_path / "package")
    make_bulletin(package, tmp_path / "one")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "left over.html").write_text("of an earlier release")
    make_bulletin(package, tmp_path / "two")
    files = {each.relative_to(tmp_path / "one"): each.read_bytes() for each in (tmp_path / "one").rglob("*.*")}
    again = {each.relative_to(tmp_path / "two"): each.read_bytes() for each in (tmp_path / "two").rglob("*.*")}
    assert files == again


def test_made_up_data_are_called_so_on_every_page_chart_and_table(tmp_path: Path) -> None:
    make_bulletin(every_table(tmp_path / "package"), tmp_path / "bulletin")
    for page in pages(tmp_path / "bulletin"):
        text = text_of(page)
        assert "<title>MADE-UP DATA: " in text
        assert "MADE-UP DATA: synthetic people, no real ones</aside>" in text
        assert text.count("<caption") == len(re.findall(r"<caption[^>]*>[^<]*MADE-UP DATA</caption>", text))
        assert text.count('class="measure"') == text.count('<span class="unseen">. MADE-UP DATA.</span></p>')
    for table in (tmp_path / "bulletin" / "tables").glob("*.csv"):
        assert all(line.endswith(",MADE-UP DATA") for line in table.read_text().splitlines()[1:])


def test_real_data_are_not_called_made_up(tmp_path: Path) -> None:
    site = made(tmp_path, synthetic=False)
    assert [page for page in pages(site) if "MADE-UP" in text_of(page)] == []


def test_a_table_of_made_up_data_that_does_not_say_so_is_refused(tmp_path: Path) -> None:
    package = write_package(tmp_path, {"care_rate": (CARE_RATE, rate_rows(SOUTH_WEST, ("100", "40", "")))})
    table = package / "tables" / "care_rate.csv"
    table.write_text(table.read_text().replace("MADE-UP DATA", ""))
    with pytest.raises(Refused, match="does not say so"):
        make_bulletin(package, tmp_path / "bulletin")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"synthetic": None}, "synthetic: "),
        ({"resources": [{"name": "x", "title": "x", "path": "../outside.csv", "schema": {"fields": []}}]}, "path"),
        (
            {"resources": [{"name": "x", "title": "x", "path": "tables/none.csv", "schema": {"fields": []}}]},
            "no file of",
        ),
    ],
)
def test_a_descriptor_that_is_not_what_it_must_be_is_refused(
    tmp_path: Path, change: dict[str, object], why: str
) -> None:
    package = write_package(tmp_path / "package", {})
    described = json.loads((package / "datapackage.json").read_text())
    (package / "datapackage.json").write_text(json.dumps(described | change))
    with pytest.raises(Refused, match=why):
        make_bulletin(package, tmp_path / "bulletin")


def test_nothing_in_a_table_becomes_part_of_a_page(tmp_path: Path) -> None:
    hostile = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    area = ("region", hostile, hostile)
    columns: list[Column] = [*CARE_RATE[:3], *CARE_RATE[3:]]
    rows = rate_rows(area, ("100", "40", ""), ("", "", hostile))
    rows.append((*area, hostile, "All", "All", "100", "30", ""))
    site = made(tmp_path, tables={"care_rate": (columns, rows)})
    for page in pages(site):
        text = text_of(page)
        assert "<script>alert" not in text and "<img" not in text
        assert text.count("<script") == 2
    (page,) = pages(site / "areas")
    assert re.fullmatch(r"[a-z0-9-]+\.html", page.name)


def test_two_areas_never_share_a_page() -> None:
    areas = [Area(1, "One", "A B", "region"), Area(1, "Two", "a-b", "region")]
    assert list(page_addresses(areas).values()) == ["region-a-b.html", "region-a-b--2.html"]


def test_a_table_that_is_not_in_the_release_leaves_its_chapter_out_and_says_so(tmp_path: Path) -> None:
    page = text_of(made(tmp_path) / "areas" / "region-e12000009.html")
    assert "How many children are in care proceedings?" in page
    assert "Not in this release: How many cases are about brothers and sisters?" in page
    assert "What this release leaves out" in page
    assert "<li>How long care proceedings take</li>" in page


def test_a_policy_that_suppresses_everything_leaves_words(tmp_path: Path) -> None:
    rows = rate_rows(SOUTH_WEST, ("", "", "suppressed"), ("", "", "suppressed"))
    page = text_of(made(tmp_path, tables={"care_rate": (CARE_RATE, rows)}) / "areas" / "region-e12000009.html")
    assert "There is no figure to show for the South West: to show more would risk that somebody is recognised." in page
    assert 'class="chart"' not in page


def test_without_births_the_counts_stand_and_the_rate_says_why_it_is_absent(tmp_path: Path) -> None:
    rows = rate_rows(
        SOUTH_WEST, ("100", "", "no children who live there loaded"), ("120", "", "no children who live there loaded")
    )
    page = text_of(made(tmp_path, tables={"care_rate": (CARE_RATE, rows)}) / "areas" / "region-e12000009.html")
    assert "the number of children that they would be held against is not known" in page
    assert "120 children in the South West were in care proceedings" in page


def test_an_area_that_no_list_knows_has_no_page(tmp_path: Path) -> None:
    rows = [*rate_rows(SOUTH_WEST, ("100", "40", "")), *rate_rows(("region", "", "Not known"), ("10", "", ""))]
    site = made(tmp_path, tables={"care_rate": (CARE_RATE, rows)})
    assert [page.name for page in pages(site / "areas")] == ["region-e12000009.html"]


def test_every_link_within_the_bulletin_leads_somewhere(tmp_path: Path) -> None:
    make_bulletin(every_table(tmp_path / "package"), tmp_path / "bulletin")
    for page in pages(tmp_path / "bulletin"):
        for link in re.findall(r'(?:href|src)="([^"]+)"', text_of(page)):
            if not link.startswith(("https://", "data:")):
                path, _, place = link.partition("#")
                target = (page.parent / path).resolve() if path else page
                assert target.is_file(), (page, link)
                assert not place or f'id="{place}"' in text_of(target), (page, link)


@pytest.mark.parametrize(
    ("level", "code", "nation"),
    [
        ("region", "E12000007", "England"),
        ("local_authority", "W06000001", "Wales"),
        ("dfj_area", "NORTH_WALES", "Wales"),
        ("dfj_area", "WEST_LONDON", "England"),
        ("nation", "W92000004", ""),
    ],
)
def test_an_area_lies_in_its_nation(level: str, code: str, nation: str) -> None:
    assert nation_of(level, code) == nation


def test_every_question_says_what_it_does_not_say() -> None:
    charts = [chart for chapter in declared_pages().chapters for chart in chapter.charts]
    assert len({chart.id for chart in charts}) == len(charts)
    assert [chart.id for chart in charts if not chart.does_not_say] == []
