"""The TTP's steps on one File 1: what is due, that all again sends nothing, and what makes a File 3 due anew."""

import shutil
from pathlib import Path

import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.transfers import latest
from fjo_pipeline.ttp.flow import due, link, load_postcode_directory, load_register, make_file_3, send_file_3
from tests.tiny_home import LATER, PERSONS, REFRESH, TinyHome, make_tiny_home, write_postcodes, write_register


def due_refreshes(home: TinyHome) -> list[tuple[str, str]]:
    return [(each.dataset, each.refresh) for each in due(home.ttp)]


def test_a_file_1_is_due_until_its_file_3_is_sent(empty_home: TinyHome) -> None:
    assert due_refreshes(empty_home) == []
    empty_home.land()
    empty_home.at_provider()
    assert due_refreshes(empty_home) == [("tiny", REFRESH)]
    counts = empty_home.at_ttp()
    assert counts == {
        "rows": 4,
        "join_keys": 4,
        "file_1_rows": 4,
        "linked": 2,
        "with_small_area": 2,
        "largest_cluster": 1,
    }
    assert due_refreshes(empty_home) == []


def test_all_again_sends_nothing_new(home: TinyHome) -> None:
    inbox = home.settings.inbox("databank")
    before = latest(inbox, "file_3", "tiny", REFRESH)
    assert send_file_3(home.ttp, "tiny", REFRESH) == {"receipt": 0, "linkage_report": 0, "file_3": 0}
    home.at_ttp()
    assert latest(inbox, "file_3", "tiny", REFRESH) == before
    assert not list((home.settings.zone("ttp") / "work").glob("*/*/*"))


def test_another_register_makes_every_refresh_due(home: TinyHome, tmp_path: Path) -> None:
    load_register(home.ttp, write_register(tmp_path / "register", PERSONS, "20240201"))
    assert due_refreshes(home) == [("tiny", REFRESH), ("tiny", LATER)]
    home.at_ttp()
    assert due_refreshes(home) == [("tiny", LATER)]
    assert latest(home.settings.inbox("databank"), "file_3", "tiny", REFRESH).name > "00000002"


def test_another_postcode_directory_makes_every_refresh_due(home: TinyHome, tmp_path: Path) -> None:
    load_postcode_directory(home.ttp, write_postcodes(tmp_path / "p.csv", "postcode,lsoa2011_cd\nSA2 8PP,W01000007\n"))
    assert len(due_refreshes(home)) == 2


def test_a_file_3_that_was_lost_is_sent_again(home: TinyHome) -> None:
    shutil.rmtree(home.settings.inbox("databank") / "file_3" / "tiny" / LATER)
    home.at_ttp(LATER)
    assert latest(home.settings.inbox("databank"), "file_3", "tiny", LATER).name == "00000003"


def test_without_a_register_the_refresh_is_due_and_the_step_says_how_to_load_one(tmp_path: Path) -> None:
    home = make_tiny_home(tmp_path / "base", loaded=False)
    home.land()
    home.at_provider()
    (found,) = due(home.ttp)
    assert found.token == "refused-00000001"
    with pytest.raises(Refused, match="no population register is loaded: load one with `fjo register add PATH`"):
        home.at_ttp()
    load_register(home.ttp, write_register(tmp_path / "register"))
    counts = home.at_ttp()
    assert (counts["linked"], counts["with_small_area"]) == (2, 0)
    load_postcode_directory(home.ttp, write_postcodes(tmp_path / "postcodes.csv"))
    assert len(due_refreshes(home)) == 1
    assert home.at_ttp()["with_small_area"] > 0


def test_no_file_3_before_the_links(empty_home: TinyHome) -> None:
    empty_home.land()
    empty_home.at_provider()
    with pytest.raises(Refused, match=f"tiny/{REFRESH} has not been linked: link it first"):
        make_file_3(empty_home.ttp, "tiny", REFRESH)


def test_linking_says_how_everybody_fared(home: TinyHome) -> None:
    result = link(home.ttp, "tiny", REFRESH)
    assert result.people == 4
    assert result.statuses == {"4": 2, "99": 2}


def test_an_altered_file_1_is_not_linked(home: TinyHome) -> None:
    path = latest(home.settings.inbox("ttp"), "file_1", "tiny", REFRESH) / "file_1.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(Refused, match="not the one that was signed"):
        home.at_ttp()
