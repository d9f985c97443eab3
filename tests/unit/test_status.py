"""What `fjo status` tells of a home: what is in, what is due, what was refused."""

from datetime import date
from pathlib import Path

import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.databank.flow import release
from fjo_pipeline.databank.projects.extract import make_extract
from fjo_pipeline.databank.quality.page import make_quality_pages
from fjo_pipeline.home import init_home
from fjo_pipeline.provider.flow import take_deposit
from fjo_pipeline.status import home_status, shown
from tests.deposit_builder import TINY
from tests.tiny_home import LATER, REFRESH, REGISTER_REFRESH, TinyHome


def test_a_home_in_which_all_is_done(home: TinyHome) -> None:
    assert home_status(home.settings)["due"] == [f"register population_register/{REGISTER_REFRESH}"]
    home.at_register()
    release(home.databank)
    make_quality_pages(home.databank)
    extract = make_extract(home.databank, "7001", date.today())
    found = home_status(home.settings)
    assert [(each["refresh"], each["people"], each["linked"], each["match_rate"]) for each in found["refreshes"]] == [
        (REGISTER_REFRESH, 4, 4, 1.0),
        (REFRESH, 4, 2, 0.5),
        (LATER, 4, 2, 0.5),
    ]
    assert found["due"] == []
    assert found["quarantined"] == []
    assert found["extracts"] == [{"project": "7001", "snapshot": extract.snapshot}]
    text = shown(found)
    assert f"in: tiny/{REFRESH}  14 rows, 4 people, 2 linked (50.0%)  MADE-UP DATA" in text
    assert f"released: snapshot {extract.snapshot}" in text
    assert f"extract: project 7001, snapshot {extract.snapshot}" in text
    assert "due: nothing" in text


def test_what_waits_and_what_was_refused(empty_home: TinyHome) -> None:
    empty_home.land()
    empty_home.land(TINY | {"PLACES.csv": "ID\n"}, LATER)
    with pytest.raises(Refused):
        take_deposit(empty_home.provider, "tiny", LATER)
    text = shown(home_status(empty_home.settings))
    assert f"due: split tiny/{REFRESH}" in text
    assert f"quarantined: tiny/{LATER}, 1 failures; see its report" in text
    assert "released: snapshot none yet" in text


def test_curated_but_not_released_is_due(home: TinyHome) -> None:
    with home.databank.store.writing() as session:
        session.run("UPDATE lake.databank.partitions SET digest = 'other', people = 0", step="alter")
    found = home_status(home.settings)
    assert "release databank/views" in found["due"]
    assert f"curate tiny/{REFRESH}" in found["due"]
    assert "(no people)" in shown(found)


def test_one_zone_alone_tells_of_itself(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    init_home(settings, ("ttp",))
    found = home_status(settings)
    assert found["zones"] == ["ttp"]
    assert "refreshes" not in found
    assert found["missing"] == [
        "no population register: `fjo register add PATH`",
        "no postcode directory, so nobody gets a small area: `fjo reference add postcode_to_lsoa PATH`",
    ]
    assert shown(found).splitlines()[-1] == "due: nothing"
