"""`fjo publish` on marts of known counts: what is shown, what is hidden and why, and when nothing is published."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.databank.disclosure.policy import POLICIES
from fjo_pipeline.databank.flow import release
from fjo_pipeline.databank.publishing.checking import check_publication
from fjo_pipeline.databank.publishing.packaging import MADE_UP
from fjo_pipeline.databank.publishing.publish import drafted, publish
from tests.command import Fjo
from tests.tiny_home import TinyHome
from tests.unit.databank.publishing.conftest import Published

Rows = list[dict[str, str]]


def read(folder: Path, table: str) -> Rows:
    with (folder / "tables" / f"{table}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def row(rows: Rows, **wanted: str) -> dict[str, str]:
    (found,) = [each for each in rows if all(each[name] == value for name, value in wanted.items())]
    return found


def own_policy(tmp_path: Path, **changed: str) -> Path:
    text = (POLICIES / "sail-2025.yaml").read_text().replace("name: sail-2025", "name: own")
    for name, value in changed.items():
        lines = [f"{name}: {value}" if line.startswith(f"{name}:") else line for line in text.splitlines()]
        text = "\n".join(lines if f"{name}: {value}" in lines else [*lines, f"{name}: {value}"])
    path = tmp_path / "own.yaml"
    path.write_text(text)
    return path


def package(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "datapackage.json").read_text())
    return found


def test_counts_are_rounded_and_everything_else_is_made_of_them(published: Published) -> None:
    rows = read(published.publication.folder, "babies")
    england = row(rows, area_name="England", year="2016", sex="All")
    assert (england["area_level"], england["area_code"]) == ("nation", "E92000001")
    assert (england["children"], england["infants"], england["infants_share"]) == ("300", "100", "33.3")
    assert (england["births"], england["infants_rate"], england["median_weeks"]) == ("7000", "142.9", "22")
    assert england["note"] == ""
    assert row(rows, area_level="nation", area_name="England", year="2015", sex="Female")["children"] == "105"
    assert row(rows, area_name="England", year="All", sex="All")["children"] == "500"


def test_small_counts_are_left_empty_with_the_reason(published: Published) -> None:
    wales = row(read(published.publication.folder, "babies"), area_name="Wales", year="2016", sex="All")
    assert (wales["children"], wales["infants"], wales["infants_rate"], wales["births"]) == ("", "", "", "900")
    assert wales["note"] == "suppressed"


def test_an_area_under_two_names_has_one_code_and_its_latest_name(
    with_marts: TinyHome, declared: Path, tmp_path: Path
) -> None:
    policy = own_policy(tmp_path, areas="[nation, region, local_authority]", area_approval="approval 7")
    rows = read(publish(with_marts.databank, policy, declared).folder, "babies")
    names = {(each["area_code"], each["area_name"]) for each in rows if each["area_level"] == "local_authority"}
    assert names == {("E08000003", "Manchester"), ("E08000013", "St. Helens")}
    assert row(rows, area_code="E08000013", year="All", sex="All")["children"] == "180"
    assert row(rows, area_code="E12000002", year="2015", sex="All")["children"] == "200"


def test_areas_that_the_policy_does_not_let_out_are_not_counted(published: Published) -> None:
    made = published.publication
    assert {each["area_level"] for each in read(made.folder, "babies")} == {"nation", "region"}


def test_without_births_rates_are_absent_and_say_so_while_counts_stand(with_marts: TinyHome, declared: Path) -> None:
    with with_marts.databank.store.writing() as session:
        session.run("UPDATE lake.marts.babies SET births = NULL", step="forget the births")
    release(with_marts.databank)
    england = row(
        read(publish(with_marts.databank, folder=declared).folder, "babies"),
        area_name="England",
        year="2016",
        sex="All",
    )
    assert (england["infants"], england["infants_rate"], england["note"]) == ("100", "", "no live births loaded")


def test_a_policy_that_suppresses_everything_leaves_empty_tables_and_a_record(
    with_marts: TinyHome, declared: Path, tmp_path: Path
) -> None:
    policy = own_policy(tmp_path, threshold="100000", minimum_denominator="100000", median_from="200000")
    folder = publish(with_marts.databank, policy, declared).folder
    rows = read(folder, "babies")
    assert {each["children"] for each in rows if each["area_name"] == "England"} == {""}
    record = json.loads((folder / "tables" / "babies.record.json").read_text())
    assert record["systems"][0]["tables"][0]["suppressed"]["count under the threshold"] > 0


def test_the_same_release_is_the_same_publication(with_marts: TinyHome, declared: Path) -> None:
    first = publish(with_marts.databank, folder=declared)
    before = {path.name: path.read_bytes() for path in first.folder.rglob("*.*") if path.is_file()}
    second = publish(with_marts.databank, folder=declared)
    assert (first.is_new, second.is_new, second.folder) == (True, False, first.folder)
    assert before == {path.name: path.read_bytes() for path in second.folder.rglob("*.*") if path.is_file()}
    latest = json.loads((first.folder.parent / "latest").read_text())
    assert latest["release"] == first.release


def test_a_few_more_than_in_an_earlier_publication_are_not_shown(with_marts: TinyHome, declared: Path) -> None:
    publish(with_marts.databank, folder=declared)
    more = "dimension IN ('all', 'region') OR category IN ('Manchester', 'Male')"
    with with_marts.databank.store.writing() as session:
        session.run(
            "UPDATE lake.marts.babies SET children = children + 3 "
            f"WHERE year = 2016 AND nation = 'England' AND ({more})",
            step="count three more",
        )
    release(with_marts.databank)
    made = publish(with_marts.databank, folder=declared)
    rows = read(made.folder, "babies")
    assert row(rows, area_name="England", year="2016", sex="All")["children"] == ""
    assert row(rows, area_name="England", year="2015", sex="All")["children"] == "200"
    record = json.loads((made.folder / "tables" / "babies.record.json").read_text())
    assert record["systems"][0]["earlier_releases_checked"] == 1


def test_a_curve_has_steps_of_enough_people_and_groups_that_are_shown(published: Published) -> None:
    rows = read(published.publication.folder, "mothers_survival")
    assert [(each["days"], each["at_risk"], each["events"]) for each in rows] == [
        ("0", "200", "0"), ("10", "200", "20"), ("20", "190", "20"), ("30", "180", "20"),
    ]  # fmt: skip
    assert [each["survival"] for each in rows] == ["100", "90", "80.5", "71.6"]


def test_every_file_of_made_up_data_says_so(published: Published) -> None:
    folder = published.publication.folder
    assert package(folder)["synthetic"] is True
    assert package(folder)["title"].startswith(MADE_UP)
    for table in ("babies", "mothers", "mothers_survival"):
        assert {each["data"] for each in read(folder, table)} == {MADE_UP}


def test_the_package_says_what_it_was_made_of_and_what_each_column_is(published: Published) -> None:
    made = published.publication
    found = package(made.folder)
    assert (found["policy"]["name"], found["policy"]["threshold"], found["snapshot"]) == (
        "sail-2025",
        10,
        made.snapshot,
    )
    resource = found["resources"][0]
    assert (resource["name"], resource["parameters"]) == ("babies", {"newborn_days": {"England": 7, "Wales": 14}})
    assert resource["sources"] == [{"title": "A paper", "path": "https://doi.org/10.1000/1"}]
    columns = [each["name"] for each in resource["schema"]["fields"]]
    assert columns == list(read(made.folder, "babies")[0])
    roles = {each["name"]: each["fjo:role"] for each in resource["schema"]["fields"]}
    assert (roles["sex"], roles["infants"], roles["note"]) == ("dimension", "measure", "note")


def test_nothing_is_published_from_an_incomplete_refresh(with_marts: TinyHome, declared: Path) -> None:
    with with_marts.databank.store.writing() as session:
        session.run("UPDATE lake.databank.partitions SET digest = 'another'", step="curate anew")
    with pytest.raises(Refused, match="run `fjo refresh`, then publish"):
        publish(with_marts.databank, folder=declared)
    assert not with_marts.settings.publications.exists()


def test_before_the_first_release_publishing_is_refused(empty_home: TinyHome) -> None:
    with pytest.raises(Refused, match="nothing has been released yet"):
        publish(empty_home.databank)


def test_a_release_without_the_mart_is_refused(home: TinyHome, declared: Path) -> None:
    with pytest.raises(Refused, match="the release has no mart babies"):
        publish(home.databank, folder=declared)


def test_a_draft_that_is_not_let_out_leaves_nothing_behind(with_marts: TinyHome, declared: Path) -> None:
    with drafted(with_marts.databank, folder=declared) as draft:
        assert all(each.passed for each in draft.check())
    assert list(with_marts.settings.publications.iterdir()) == []


def test_the_check_finds_a_small_count_in_the_files_and_one_that_can_be_worked_out(
    with_marts: TinyHome, declared: Path, tmp_path: Path
) -> None:
    with drafted(with_marts.databank, folder=declared) as draft:
        path = draft.folder / "tables" / "babies.csv"
        path.write_text(path.read_text().replace(",300,100,", ",300,7,", 1))
        findings = {each.name: each for each in draft.check()}
        assert not findings["counts_fit_the_policy"].passed
        strict = draft.policy.model_copy(update={"threshold": 50, "areas": ("nation",)})
        findings = {each.name: each for each in check_publication(draft.folder, draft.systems, strict)}
    assert not findings["small_counts_stay_unknown"].passed
    assert not findings["areas_fit_the_policy"].passed


def test_the_command_says_what_was_published(
    with_marts: TinyHome, declared: Path, fjo: Fjo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "__defaults__", ("sail-2025", declared))
    ran = fjo(with_marts.settings, "publish", "--json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert (found["policy"], found["tables"]["mothers"]["rows"]) == ("sail-2025", 3)
    assert "published before, and again the same" in fjo(with_marts.settings, "publish").out


def test_an_unknown_policy_is_refused_by_the_command(with_marts: TinyHome, fjo: Fjo) -> None:
    ran = fjo(with_marts.settings, "publish", "--policy", "nobody's")
    assert ran.code == 1
    assert "there is no disclosure policy" in ran.err
