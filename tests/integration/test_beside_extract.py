"""What stands beside an extract: that it is about exactly this one, and that what it tells to run does run."""

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pyrage
import pyreadstat
import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.sessions import extension_path
from fjo_pipeline.databank.disclosure.policy import load_policy
from fjo_pipeline.databank.flow import Databank, release
from fjo_pipeline.databank.projects.analyst import query
from fjo_pipeline.databank.projects.beside import PAGES
from fjo_pipeline.databank.projects.cohort_quality import protected
from fjo_pipeline.databank.projects.extract import extract_key, extract_path, make_extract, read_extract
from fjo_pipeline.databank.projects.opening import how_to_open, write_key
from fjo_pipeline.databank.projects.worked import KEY
from tests.command import Fjo
from tests.integration.conftest import Chain
from tests.integration.test_projects import ending, rewrite
from tests.tiny_home import REFRESH, TODAY, TinyHome

RSCRIPT = shutil.which("Rscript")
HTTPFS = f"LOAD '{extension_path('httpfs')}'"


def beside(home: TinyHome, name: str) -> str:
    return extract_path(home.databank, "7001").with_name(name).read_text()


def test_the_dictionary_has_each_table_and_column_with_types_labels_and_codes(provided: TinyHome) -> None:
    found = json.loads(beside(provided, "data-dictionary.json"))
    assert found["made_up"].startswith("MADE-UP DATA")
    extract = read_extract(provided.databank, "7001")
    tables = {f"{each['schema']}.{each['name']}": each for each in found["tables"]}
    assert {name: each["rows"] for name, each in tables.items() if "rows" in each} == {
        name: each["rows"] for name, each in extract.tables.items() if each["rows"]
    }
    visits = {each["name"]: each for each in tables[f"SAIL7001V.TINY_VISITS_{REFRESH}"]["columns"]}
    lookup = f"SAILTINYREFV.PLACES_{REFRESH}"
    assert visits["PLACE"]["lookup"] == {"table": lookup, "code": "ID", "name": "NAME"}
    assert visits["PERSON_PE"]["identifies"] == "person"
    assert visits["KIND"]["codes"] == {"home": "", "office": ""}
    assert visits["SEEN"]["type"] == "DATE"
    assert found["codes"][lookup] == {"1": "North", "2": "South"}
    page = beside(provided, "data-dictionary.html")
    assert all(name in page for name in tables)


class Seen(HTMLParser):
    """What a page refers to, and which of its ids these lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def looked_at(page: str) -> Seen:
    seen = Seen()
    seen.feed(page)
    return seen


@pytest.mark.parametrize("name", PAGES)
def test_each_page_says_made_up_data_and_is_whole_without_a_network(name: str, provided: TinyHome) -> None:
    page = beside(provided, name)
    seen = looked_at(page)
    assert "MADE-UP DATA" in page
    ids = {attributes.get("id") for _, attributes in seen.tags}
    links = [attributes["href"] or "" for tag, attributes in seen.tags if tag == "a"]
    assert all(each.startswith("#") and each[1:] in ids for each in links)
    assert not [tag for tag, _ in seen.tags if tag in ("script", "img", "link", "iframe")]
    assert sum(tag == "h1" for tag, _ in seen.tags) == 1
    assert all(attributes.get("scope") for tag, attributes in seen.tags if tag == "th")


def test_real_data_are_not_called_made_up(home: TinyHome) -> None:
    with home.databank.store.writing() as session:
        session.run("UPDATE lake.databank.partitions SET synthetic = false", step="call it real")
    release(home.databank)
    make_extract(home.databank, "7001", TODAY)
    for name in (*PAGES, "README.txt", "data-dictionary.json", "linkage-quality.json", "record-checklist.json"):
        assert "MADE-UP" not in beside(home, name)


def test_few_people_are_suppressed_by_the_policy_of_the_project(provided: TinyHome) -> None:
    rates = json.loads(beside(provided, "linkage-quality.json"))
    assert rates["policy"] == "sail-2025"
    assert {each["people"] for each in rates["match_rates"]} == {None}
    assert {each["linked"] for each in rates["match_rates"]} <= {None, 0}, "nobody at all is nothing to hide"
    assert "suppressed" in beside(provided, "linkage-quality.html")


def test_match_rates_are_rounded_and_a_small_cell_takes_another_with_it() -> None:
    rows = [("Female", 403, 301), ("Male", 298, 207), ("Unknown", 4, 1)]
    shown = {each.item: (each.people, each.linked) for each in protected("sex", rows, load_policy("sail-2025"))}
    assert shown["Unknown"] == (None, None)
    assert [name for name, cells in shown.items() if None in cells] != ["Unknown"], "the sum would give it away"
    assert all(count is None or count % 5 == 0 for cells in shown.values() for count in cells)
    apart = protected("role", rows, load_policy("sail-2025"))
    assert [each.people for each in apart] == [405, 300, None], "people in several roles have no known sum"


def test_the_record_checklist_has_every_item_and_leaves_the_rest_to_the_researcher(provided: TinyHome) -> None:
    items = {each["item"]: each for each in json.loads(beside(provided, "record-checklist.json"))["items"]}
    assert list(items) == [
        "1.1",
        "1.2",
        "1.3",
        "6.1",
        "6.2",
        "6.3",
        "7.1",
        "12.1",
        "12.2",
        "12.3",
        "13.1",
        "19.1",
        "22.1",
    ]
    assert "P-7001 of Panel" in items["12.1"]["known"][0]
    assert items["6.2"]["known"] == []
    assert items["6.2"]["left"] == "to be written by the researcher"


def test_an_extract_made_again_has_the_same_papers(provided: TinyHome) -> None:
    folder = extract_path(provided.databank, "7001").parent
    papers = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".html", ".txt")}
    make_extract(provided.databank, "7001", TODAY)
    assert {name: (folder / name).read_bytes() for name in papers} == papers
    assert len(papers) == 4


def run_python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)


def test_open_prints_what_attaches_both_files_and_hands_the_key_over_apart(
    provided: TinyHome, tmp_path: Path, fjo: Fjo
) -> None:
    key = tmp_path / "7001.key"
    done = fjo(provided.settings, "project", "open", "7001", "--json", "--key-file", str(key))
    assert done.code == 0, done.err
    how = json.loads(done.out)
    secret = key.read_text().strip()
    assert secret == extract_key(provided.databank.keyring, "7001")
    assert secret not in done.out + done.err
    assert oct(key.stat().st_mode)[-3:] == "600"
    code = how["python"].replace(KEY, str(key)) + "\n" + (
        f'con.execute("CREATE TABLE SAILW7001V.mine AS SELECT * FROM SAIL7001V.TINY_ALF_{REFRESH}")\n'
        'print(con.sql("SELECT count(*) FROM SAILW7001V.mine").fetchall())'
    )  # fmt: skip
    done_python = run_python(code, tmp_path)
    assert done_python.stdout == "[(4,)]\n", done_python.stderr
    with duckdb.connect() as connection:
        connection.execute(how["sql"].replace(KEY, secret))
        assert connection.execute("SELECT count(*) FROM SAILW7001V.mine").fetchall() == [(4,)]


def test_a_key_may_be_sealed_to_the_researcher_and_stays_out_of_the_projects_folder(
    provided: TinyHome, tmp_path: Path
) -> None:
    databank, identity = provided.databank, pyrage.x25519.Identity.generate()
    write_key(databank, "7001", tmp_path / "sealed", str(identity.to_public()))
    opened = pyrage.decrypt((tmp_path / "sealed").read_bytes(), [identity])
    assert opened.decode().strip() == extract_key(databank.keyring, "7001")
    with pytest.raises(Refused, match="there already"):
        write_key(databank, "7001", tmp_path / "sealed")
    with pytest.raises(Refused, match="apart from the extract"):
        write_key(databank, "7001", extract_path(databank, "7001").with_name("key"))
    with pytest.raises(Refused, match="no age public key"):
        write_key(databank, "7001", tmp_path / "other", "nobody")
    assert not (tmp_path / "other").exists()
    rewrite(provided, ending("P-7001"))
    for refused in (lambda: how_to_open(databank, "7001"), lambda: write_key(databank, "7001", tmp_path / "late")):
        with pytest.raises(Refused, match="the approval P-7001"):
            refused()


def told(folder: Path, language: str) -> list[str]:
    """The README's code in a language: how to attach, then each query."""
    text = (folder / "README.txt").read_text()
    parts = re.split(r"^--- ([A-Za-z]+)\b.*---\n", text, flags=re.MULTILINE)[1:]
    blocks = [body.split("\n\n")[0] for name, body in zip(parts[::2], parts[1::2], strict=True) if name == language]
    assert len(blocks) == 6
    return blocks


def test_the_readmes_sql_runs(researcher: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(researcher)
    key = (researcher / KEY).read_text().strip()
    attach, *asked = told(researcher, "SQL")
    with duckdb.connect() as connection:
        connection.execute(attach.replace(KEY, key).replace("LOAD httpfs", HTTPFS))
        answers: list[list[tuple[Any, ...]]] = [connection.execute(each).fetchall() for each in asked]
    assert all(answers)
    assert answers[3][0][0] == answers[3][0][1], "every row finds the row that its id leads to"


def test_the_readmes_python_runs(researcher: Path) -> None:
    done = run_python("\n".join(told(researcher, "Python")).replace("LOAD httpfs", HTTPFS), researcher)
    assert done.returncode == 0, done.stderr
    assert "left_only" in done.stdout


@pytest.mark.skipif(RSCRIPT is None, reason="R is not installed: apt-get install r-base-core r-cran-data.table")
def test_the_readmes_r_runs_on_the_csv_files(researcher: Path, tmp_path: Path) -> None:
    assert RSCRIPT is not None
    attach, *asked = told(researcher, "R")
    # Debian has no duckdb for R: what reads the files of the export is run, what attaches the extract is not.
    reading = attach[attach.index("library(data.table)") :]
    script = tmp_path / "queries.R"
    script.write_text("\n".join([reading, *asked]))
    done = subprocess.run([RSCRIPT, script], cwd=researcher, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_readmes_stata_names_files_and_variables_that_the_export_has(researcher: Path) -> None:
    attach, *asked = told(researcher, "Stata")
    assert attach == 'cd "workspace/stata"'
    for block in asked:
        names: set[str] = set()
        for line in block.splitlines():
            if opened := re.match(r'use "(.+)", clear', line):
                names = set(
                    pyreadstat.read_dta(researcher / "workspace/stata" / opened[1], metadataonly=True)[1].column_names
                )
            words = re.match(r"(tabulate|keep|merge m:1|generate year = year\(|rename) ?\(?([A-Z_0-9]+)", line)
            assert words is None or words[2] in names or words[1].startswith("merge"), line
            if renamed := re.match(r"rename (\S+) (\S+)", line):
                names.add(renamed[2])


def test_the_cohorts_page_agrees_with_the_extract(chain: Chain) -> None:
    databank = Databank(chain.settings)
    rates = json.loads(extract_path(databank, "1661").with_name("linkage-quality.json").read_text())["match_rates"]
    found = {(each["refresh"], each["dimension"], each["category"]): each for each in rates}
    assert {each["dimension"] for each in rates} >= {"status", "role", "sex", "region", "ethnicity", "age_band"}
    linked_girls = "count(DISTINCT PERSON_ID_PE) FILTER (WHERE ALF_PE IS NOT NULL AND GNDR_CD = '2')"
    (linked,) = chain_counts(databank, linked_girls)
    shown = found["20240711", "sex", "Female"]
    assert shown["linked"] is None or abs(shown["linked"] - linked) <= 2
    (known,) = chain_counts(databank, "count(DISTINCT PERSON_ID_PE) FILTER (WHERE ALF_STS_CD = '4')")
    assert abs(found["20240711", "status", "4, five fields equal"]["people"] - known) <= 2


def chain_counts(databank: Databank, what: str) -> tuple[Any, ...]:
    (row,) = query(databank, "1661", f"SELECT {what} AS n FROM SAIL1661V.CAFE_ECMS_ALF_20240711").to_pylist()
    return tuple(row.values())
