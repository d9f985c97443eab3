"""The bulletin in a real browser, opened from a folder: an area chosen, a chart changed, a table downloaded, by mouse
and by keyboard; nothing is asked of any network; and nothing keeps people from using it, as far as axe-core finds.
"""

import csv
import io
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fjo_pipeline.databank.bulletin.making import make_bulletin
from tests.browser.chromium import WITHOUT_CHROMIUM, Browser, browsing
from tests.bulletin_package import DFJ_SWANSEA, NATIONS_AND_REGIONS, YNYS_MON, every_table

pytestmark = [pytest.mark.slow, WITHOUT_CHROMIUM]

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
ENGLAND, SOUTH_WEST = "areas/nation-e92000001.html", "areas/region-e12000009.html"
SWANSEA, ANGLESEY = "areas/dfj-area-swansea.html", "areas/local-authority-w06000001.html"
DESK, PHONE = (1200, 900, False), (320, 640, True)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bulletin of a package with every table and all levels of area, apart from that package."""
    folder = tmp_path_factory.mktemp("bulletin")
    areas = [*NATIONS_AND_REGIONS, DFJ_SWANSEA, YNYS_MON]
    package = every_table(folder / "package", areas, policy={"area_approval": "A-1"})
    make_bulletin(package, folder / "site")
    shutil.rmtree(package)
    return folder / "site"


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """A browser that keeps what it downloads, and at the end has made no complaint and no request but to the folder."""
    with browsing(tmp_path) as started:
        started.call(
            "Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path / "got"), eventsEnabled=True
        )
        started.size(*DESK)
        yield started
        assert started.complaints() == []
        asked = started.requested()
        assert asked
        assert [each for each in asked if not each.startswith(("file:///", "data:", "blob:"))] == []


def open_at(browser: Browser, site: Path, page: str) -> None:
    browser.go((site / page).as_uri())


def choose_area(browser: Browser, name: str) -> None:
    """As a person does: pick it in the list and press the button."""
    browser.js(
        "(() => { const list = document.getElementById('area');"
        f" list.value = [...list.options].find(each => each.text.startsWith('{name}')).value; }})()"
    )
    browser.acting_leads_on(lambda: browser.js("document.querySelector('[data-choose] button').click()"))


def shown(browser: Browser, question: str) -> str:
    """The words of the view that is shown."""
    found = browser.js(f"document.querySelector('#{question} .view.chosen .answer').innerText")
    assert isinstance(found, str)
    return found


def drawn(browser: Browser, question: str) -> list[str]:
    """What the points or bars of the chart that is shown say."""
    found = browser.js(
        f"[...document.querySelectorAll('#{question} .view.chosen svg title')].map(each => each.textContent)"
    )
    assert isinstance(found, list)
    return found


def got(browser: Browser, folder: Path) -> Path:
    """The file that was downloaded, once it is whole."""
    browser.wait_for(
        lambda each: each["method"] == "Browser.downloadProgress" and each["params"]["state"] == "completed"
    )
    (file,) = folder.iterdir()
    return file


def test_choosing_an_area_changes_words_and_charts(browser: Browser, site: Path) -> None:
    open_at(browser, site, "index.html")
    choose_area(browser, "England")
    assert browser.js("document.querySelector('h1').innerText") == "England"
    words, points = shown(browser, "care-rate"), drawn(browser, "care-rate")
    assert " in England " in words
    assert {each.split(",")[0] for each in points} == {"England"}
    choose_area(browser, "South West")
    assert " in the South West " in shown(browser, "care-rate")
    assert {each.split(",")[0] for each in drawn(browser, "care-rate")} == {"South West", "England"}


def test_changing_the_chart_changes_words_drawing_and_table(browser: Browser, site: Path) -> None:
    open_at(browser, site, SOUTH_WEST)
    before = shown(browser, "care-rate"), drawn(browser, "care-rate")
    browser.js("document.getElementById('care-rate-show-3').click()")
    after = shown(browser, "care-rate"), drawn(browser, "care-rate")
    assert before[0] != after[0] and before[1] != after[1]
    assert any(each.startswith("South West, under 1: ") for each in after[1])
    assert browser.js("document.getElementById('said').textContent").startswith("In 20")
    visible = "[...document.querySelectorAll('#care-rate .view')].filter(each => each.checkVisibility()).length"
    assert browser.js(visible) == 1


def test_every_view_of_every_question_draws_what_its_table_says(browser: Browser, site: Path) -> None:
    open_at(browser, site, SOUTH_WEST)
    wrong = browser.js("""(async () => { const wrong = [];
        for (const input of document.querySelectorAll('.views input')) {
            input.click();
            await new Promise(done => setTimeout(done));
            const view = document.getElementById(input.value);
            const table = view.querySelector('table');
            const heads = [...table.querySelectorAll('thead th')];
            let figures = 0;
            for (const line of table.querySelectorAll('tbody tr:not([data-undrawn])'))
                [...line.cells].forEach((cell, at) => {
                    if ('value' in cell.dataset && !('undrawn' in heads[at].dataset)) figures += 1; });
            const titles = view.querySelectorAll('.chart svg title').length;
            if (figures !== titles) wrong.push([input.value, figures, titles]);
        }
        return wrong; })()""")
    assert wrong == []


def test_a_table_is_downloaded_as_tidy_csv_that_says_it_is_made_up(
    browser: Browser, site: Path, tmp_path: Path
) -> None:
    open_at(browser, site, SOUTH_WEST)
    browser.js("document.querySelector('#care-rate .view.chosen [data-download]').click()")
    file = got(browser, tmp_path / "got")
    assert file.name == "made-up-data-e12000009-care-rate-1.csv"
    rows = list(csv.DictReader(io.StringIO(file.read_bytes().decode("utf-8-sig"), newline="")))
    assert {row["data"] for row in rows} == {"MADE-UP DATA"}
    published = list(csv.DictReader((site / "tables" / "care_rate.csv").open(encoding="utf-8")))
    expected = {
        row["year"]: row["children_rate"]
        for row in published
        if row["area_code"] == "E12000009" and {row["age_band"], row["sex"]} == {"All"}
    }
    found = {
        row["year"]: row["value"] for row in rows if row["area_code"] == "E12000009" and row["unit"] == "per 10,000"
    }
    assert {year: float(value or -1) for year, value in found.items()} == {
        year: float(value or -1) for year, value in expected.items()
    }


def test_the_whole_published_table_is_one_click_from_its_definition(
    browser: Browser, site: Path, tmp_path: Path
) -> None:
    open_at(browser, site, SOUTH_WEST)
    browser.js("document.querySelector('#care-rate .definition summary').click()")
    browser.js("document.querySelector('#care-rate .definition a[download]').click()")
    assert got(browser, tmp_path / "got").read_bytes() == (site / "tables" / "care_rate.csv").read_bytes()


def test_it_can_be_used_with_the_keyboard_alone(browser: Browser, site: Path) -> None:
    open_at(browser, site, "index.html")
    tab_to(browser, "area")
    for letter in "South":
        browser.key(letter, ord(letter.upper()), text=letter)
    tab_to(browser, "", "Show this area")
    browser.acting_leads_on(browser.enter)
    assert browser.js("document.querySelector('h1').innerText") == "South West"
    tab_to(browser, "care-rate-show-1")
    before = shown(browser, "care-rate")
    browser.key("ArrowRight", 39)
    assert browser.js("document.activeElement.id") == "care-rate-show-2"
    assert shown(browser, "care-rate") != before
    tab_to(browser, "", "The figures as a table")
    browser.enter()
    assert browser.js("document.activeElement.parentElement.open") is True
    ring = "getComputedStyle(document.activeElement).outlineStyle"
    assert browser.js(ring) == "solid"


def tab_to(browser: Browser, wanted: str, text: str = "") -> None:
    """Press Tab until the focus is where it is wanted."""
    for _ in range(60):
        browser.tab()
        at = browser.js("[document.activeElement.id, document.activeElement.innerText || '']")
        if (wanted and at[0] == wanted) or (text and at[1].startswith(text)):
            return
    raise AssertionError(f"Tab never came to {wanted or text}")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing_on_any_page_nor_in_any_view(
    browser: Browser, site: Path, size: tuple[int, int, bool]
) -> None:
    browser.size(*size)
    for page in ("index.html", "about.html", ENGLAND, SWANSEA, ANGLESEY):
        open_at(browser, site, page)
        assert violations(browser) == [], page
    choose_area(browser, "South West")
    browser.js("document.querySelectorAll('.views .option:last-child input').forEach(each => each.click())")
    browser.js("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert violations(browser) == []


def violations(browser: Browser) -> list[object]:
    browser.js(AXE)
    found = browser.js(
        f"axe.run(document, {{runOnly: {list(WCAG)}, preload: false}})"
        ".then(result => [result.passes.length, result.violations.map("
        "each => [each.id, each.nodes.slice(0, 3).map(node => node.html.slice(0, 150))])])"
    )
    assert found[0] > 10, "axe has looked at nothing"
    wrong: list[object] = found[1]
    return wrong


@pytest.mark.parametrize("page", ["index.html", "about.html", ENGLAND, ANGLESEY])
def test_a_phone_needs_no_scrolling_sideways(browser: Browser, site: Path, page: str) -> None:
    browser.size(*PHONE)
    open_at(browser, site, page)
    browser.js("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert browser.js("document.documentElement.scrollWidth") == PHONE[0]


def test_on_paper_charts_come_with_their_tables_and_definitions(browser: Browser, site: Path, tmp_path: Path) -> None:
    open_at(browser, site, SOUTH_WEST)
    browser.js(
        "window.addEventListener('beforeprint', () => { window.paper = ["
        "document.querySelectorAll('details:not([open])').length]; })"
    )
    browser.printed(tmp_path / "page.pdf")
    assert browser.js("window.paper") == [0]
    assert browser.js("document.querySelectorAll('details[open]').length") == 0
    browser.call("Emulation.setEmulatedMedia", media="print")
    unseen = "['.choose', '.views', '.take', '.top nav'].filter(each => document.querySelector(each).checkVisibility())"
    assert browser.js(unseen) == []
    assert browser.js("document.querySelector('.made-up').checkVisibility()") is True
    assert (tmp_path / "page.pdf").stat().st_size > 100_000
    # A chart keeps the width that it was drawn with; A4 less its margins is 680 pixels wide.
    widest = "Math.max(...[...document.querySelectorAll('.chart svg')].map(each => each.getBoundingClientRect().width))"
    assert 400 < browser.js(widest) <= 680


def test_without_scripts_words_and_tables_stand(browser: Browser, site: Path) -> None:
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    open_at(browser, site, SOUTH_WEST)
    words = browser.call("Page.captureSnapshot")["data"]
    browser.call("Emulation.setScriptExecutionDisabled", value=False)
    assert '<details class=3D"data" open' in words
    tables = "[...document.querySelectorAll('#care-rate table')].filter(each => each.checkVisibility()).length"
    assert browser.js(tables) == 4


def test_a_first_view_loads_less_than_300_kb(browser: Browser, site: Path) -> None:
    for page in ("index.html", SOUTH_WEST, ANGLESEY):
        before = len(browser.requested())
        open_at(browser, site, page)
        browser.js("new Promise(done => setTimeout(done, 0))")
        files = {
            Path(each.removeprefix("file://")) for each in browser.requested()[before:] if each.startswith("file:")
        }
        assert site / "assets" / "chartist.umd.js" in files
        assert sum(each.stat().st_size for each in files) < 300_000, page


def test_a_page_is_there_within_seconds(browser: Browser, site: Path) -> None:
    begun = time.monotonic()
    open_at(browser, site, SOUTH_WEST)
    assert browser.js("document.querySelectorAll('.view.chosen .chart svg').length") > 10
    assert time.monotonic() - begun < 20
