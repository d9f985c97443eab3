"""Projects on a tiny home: what an extract holds, who is refused, and what an analyst can reach."""

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from fjo_pipeline.core.errors import FjoError, KeyMissing, Refused
from fjo_pipeline.databank.flow import release
from fjo_pipeline.databank.projects.analyst import export, query
from fjo_pipeline.databank.projects.extract import (
    Extract,
    extract_is_due,
    extract_path,
    make_extract,
    make_project_keys,
    read_extract,
)
from tests.tiny_home import LATER, PROJECT, REFRESH, TODAY, TinyHome

PEOPLE = f"SAIL7001V.TINY_ALF_{REFRESH}"


def rewrite(home: TinyHome, change: Callable[[str], str], number: str = "7001") -> None:
    path = home.settings.projects / f"{number}.yaml"
    text = path.read_text()
    assert change(text) != text
    path.write_text(change(text))


def digests(extract: Extract) -> dict[str, tuple[int, str]]:
    return {name: (table["rows"], table["digest"]) for name, table in extract.tables.items()}


def ids(home: TinyHome, number: str) -> set[int]:
    sql = f"SELECT PERSON_ID_PE AS id FROM SAIL{number}V.TINY_ALF_{REFRESH} UNION ALL " + (
        f"SELECT ALF_PE FROM SAIL{number}V.TINY_ALF_{REFRESH} WHERE ALF_PE IS NOT NULL"
    )
    return set(query(home.databank, number, sql).column("id").to_pylist())


def test_the_same_pins_give_the_same_content(provided: TinyHome) -> None:
    first = read_extract(provided.databank, "7001")
    assert first.refreshes == {"tiny": [REFRESH, LATER]}
    assert first.synthetic
    assert digests(make_extract(provided.databank, "7001", TODAY)) == digests(first)
    assert not extract_is_due(provided.databank, "7001")


def test_two_projects_share_no_id(provided: TinyHome) -> None:
    make_extract(provided.databank, "7002", TODAY)
    one, other = ids(provided, "7001"), ids(provided, "7002")
    assert len(one) == len(other) == 6
    assert not one & other


def test_an_extract_is_due_after_a_release_a_new_grant_or_a_loss(provided: TinyHome) -> None:
    databank = provided.databank
    assert extract_is_due(databank, "7002")
    rewrite(provided, lambda text: text.replace("refreshes: all", "refreshes: latest"))
    assert extract_is_due(databank, "7001")
    assert make_extract(databank, "7001", TODAY).refreshes == {"tiny": [LATER]}
    with databank.store.writing() as session:
        session.run("UPDATE lake.databank.partitions SET digest = digest || 'x'", step="alter")
    release(databank)
    assert extract_is_due(databank, "7001")
    make_extract(databank, "7001", TODAY)
    extract_path(databank, "7001").unlink()
    assert extract_is_due(databank, "7001")


REFRESHES = {
    "one that is pinned": (f"['{REFRESH}']", None, {"tiny": [REFRESH]}),
    "one of all": ("all", LATER, {"tiny": [LATER]}),
    "the latest": ("latest", None, {"tiny": [LATER]}),
}


@pytest.mark.parametrize("name", REFRESHES)
def test_the_refreshes_are_those_of_the_grant(name: str, home: TinyHome) -> None:
    granted, wanted, expected = REFRESHES[name]
    path = home.settings.projects / "7001.yaml"
    path.write_text(path.read_text().replace("refreshes: all", f"refreshes: {granted}"))
    assert make_extract(home.databank, "7001", TODAY, wanted).refreshes == expected


def ending(reference: str) -> Callable[[str], str]:
    days = f"{reference}, valid_from: 2024-01-01, valid_until: "
    return lambda text: text.replace(days + "2099", days + "2025")


REFUSED: dict[str, tuple[Callable[[str], str], str | None, str]] = {
    "an approval that has ended": (
        ending("P-7001"),
        None,
        "project 7001: the approval P-7001 of Panel holds from 2024-01-01 until 2025-12-31, not today",
    ),
    "an owner's approval that has ended": (
        ending("O-7001"),
        None,
        "project 7001, dataset tiny: the approval O-7001 of Owner",
    ),
    "a table that is not there": (
        lambda text: text.replace("tables: all", "tables: [secrets]"),
        None,
        "has no table 'secrets'",
    ),
    "a refresh that is not granted": (
        lambda text: text.replace("refreshes: all", f"refreshes: ['{REFRESH}']"),
        LATER,
        f"the refresh {LATER} is not granted; granted are: {REFRESH}",
    ),
    "a pin that is not there": (
        lambda text: text.replace("refreshes: all", "refreshes: ['20200101']"),
        None,
        "the refresh 20200101 that the project pins is not there",
    ),
    "a dataset that is not there": (
        lambda text: text.replace("  tiny:", "  other:"),
        None,
        "no refresh of other is in the released store yet",
    ),
    "a view that the models do not have": (
        lambda text: text.replace("datasets:", "views: [case]\ndatasets:"),
        None,
        "the view 'case' is not among the released models",
    ),
    "a refresh that is not there": (
        lambda text: text + "# as it was\n",
        "20200101",
        "no refresh of tiny is in the released store",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_granted_is_refused_and_the_old_extract_stays(name: str, provided: TinyHome) -> None:
    change, refresh, expected = REFUSED[name]
    before = extract_path(provided.databank, "7001").read_bytes()
    rewrite(provided, change)
    with pytest.raises(Refused) as caught:
        make_extract(provided.databank, "7001", TODAY, refresh)
    assert expected in str(caught.value)
    assert extract_path(provided.databank, "7001").read_bytes() == before


def test_after_its_approval_nothing_more_is_read_or_exported(provided: TinyHome) -> None:
    rewrite(provided, REFUSED["an approval that has ended"][0])
    with pytest.raises(Refused, match="the approval P-7001"):
        query(provided.databank, "7001", "SELECT 1")
    with pytest.raises(Refused, match="the approval P-7001"):
        export(provided.databank, "7001", "csv")


def test_a_project_without_keys_gets_none_on_the_way(home: TinyHome) -> None:
    (home.settings.projects / "7009.yaml").write_text(PROJECT.format(number="7009"))
    with pytest.raises(KeyMissing, match="project/7009"):
        make_extract(home.databank, "7009", TODAY)
    assert make_project_keys(home.databank, "7009")
    assert not make_project_keys(home.databank, "7009")
    assert make_extract(home.databank, "7009", TODAY).rows > 0


def test_the_analysts_own_schema_is_writable_and_survives(provided: TinyHome) -> None:
    databank = provided.databank
    query(databank, "7001", f"CREATE TABLE SAILW7001V.mine AS SELECT ALF_PE FROM {PEOPLE} WHERE ALF_PE IS NOT NULL")
    make_extract(databank, "7001", TODAY)
    assert query(databank, "7001", "SELECT count(*) AS n FROM SAILW7001V.mine").to_pylist() == [{"n": 2}]
    work = extract_path(databank, "7001").with_name("SAILW7001V.duckdb")
    assert work.is_file()


REACHES = [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('{home}/databank/keyring.json')",
    "SELECT * FROM glob('{extracts}/7002/*')",
    "COPY (SELECT 1 AS a) TO '{extracts}/7001/x.csv'",
    "COPY (SELECT 1 AS a) TO '{extracts}/7001/extract.json'",
    "ATTACH '{extracts}/7001/x.duckdb' AS x",
    "ATTACH '{extracts}/7002/extract.duckdb' AS x",
    "CREATE TABLE extract.x AS SELECT 1 AS a",
    "DELETE FROM SAIL7001V.TINY_ALF_20240111",
    "DROP TABLE SAIL7001V.TINY_ALF_20240111",
    "SET enable_external_access = true",
    "",
]


@pytest.mark.parametrize("sql", REACHES)
def test_an_analyst_reaches_no_other_file_and_cannot_change_the_extract(sql: str, provided: TinyHome) -> None:
    path = extract_path(provided.databank, "7001")
    before = path.read_bytes(), sorted(each.name for each in path.parent.iterdir() if "SAILW" not in each.name)
    filled = sql.format(home=provided.settings.home, extracts=provided.settings.extracts)
    with pytest.raises(FjoError):
        query(provided.databank, "7001", filled)
    assert (path.read_bytes(), sorted(e.name for e in path.parent.iterdir() if "SAILW" not in e.name)) == before


def expected_ids(home: TinyHome) -> list[int]:
    return sorted(query(home.databank, "7001", f"SELECT PERSON_ID_PE AS id FROM {PEOPLE}").column("id").to_pylist())


def test_csv_and_parquet_exports_stay_in_the_workspace(provided: TinyHome) -> None:
    databank = provided.databank
    files = export(databank, "7001", "csv")
    folder = extract_path(databank, "7001").parent / "workspace" / "csv"
    assert {path.parent for path in files} == {folder}
    assert len(files) == 14
    assert (folder / "README.txt").read_text().startswith("MADE-UP DATA")
    with (folder / f"TINY_ALF_{REFRESH}.csv").open() as lines:
        assert sorted(int(row["PERSON_ID_PE"]) for row in csv.DictReader(lines)) == expected_ids(provided)
    export(databank, "7001", "parquet")
    table = pq.read_table(folder.with_name("parquet") / f"TINY_ALF_{REFRESH}.parquet")
    assert sorted(table.column("PERSON_ID_PE").to_pylist()) == expected_ids(provided)
    entry = databank.ledger.last("export", "csv", "7001", "provided")
    assert entry is not None
    assert entry.detail["tables"] == 14


def test_stata_files_hold_every_digit_and_real_dates(provided: TinyHome) -> None:
    files = {path.name: path for path in export(provided.databank, "7001", "stata")}
    frame = pd.read_stata(files[f"TINY_ALF_{REFRESH}.dta"])
    assert sorted(int(each) for each in frame["PERSON_ID_PE"]) == expected_ids(provided)
    assert int(frame["ALF_PE"].isna().sum()) == 2
    assert {each.date() for each in frame["WOB"]} >= {date(2015, 3, 2), date(1979, 11, 5)}
    visits = pd.read_stata(files[f"TINY_VISITS_{REFRESH}.dta"])
    assert sorted(visits["KIND"]) == ["", "home", "home", "office"]
    with pd.read_stata(files[f"TINY_ALF_{REFRESH}.dta"], iterator=True) as reader:
        assert reader.data_label == "MADE-UP DATA"


def test_made_up_data_may_go_elsewhere_and_real_data_may_not(provided: TinyHome, tmp_path: Path) -> None:
    assert {path.parent for path in export(provided.databank, "7001", "csv", tmp_path / "out")} == {tmp_path / "out"}
    with provided.databank.store.writing() as session:
        session.run("UPDATE lake.databank.partitions SET synthetic = false", step="call it real")
    release(provided.databank)
    assert not make_extract(provided.databank, "7001", TODAY).synthetic
    with pytest.raises(Refused, match="stays in the project's workspace: leave out --out"):
        export(provided.databank, "7001", "csv", tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()
    files = export(provided.databank, "7001", "csv")
    assert not (files[0].parent / "README.txt").exists()


def test_an_extract_that_is_not_there_is_told_with_its_command(home: TinyHome) -> None:
    with pytest.raises(Refused, match="make one with `fjo project extract 7001`"):
        read_extract(home.databank, "7001")
