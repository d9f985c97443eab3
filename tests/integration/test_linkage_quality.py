"""Linkage quality over the whole chain: tables and pages of both zones agree, and hold no identifier."""

import csv
from pathlib import Path

import pytest

from fjo_pipeline.core.linkage_counts import Sections, read_counts
from fjo_pipeline.databank.flow import Databank, query
from fjo_pipeline.demo import DEPOSITS
from fjo_pipeline.refreshing import everything_due
from fjo_pipeline.ttp.flow import Ttp
from fjo_pipeline.ttp.store import partition
from tests.integration.conftest import Chain

DATASET, REFRESH = "cafcass_england_ecms", "20240711"


def pages(chain: Chain, zone: str, folder: str) -> list[Path]:
    return sorted((chain.settings.home / zone / folder).rglob("*.html"))


@pytest.fixture(scope="module")
def report(chain: Chain) -> Sections:
    """The TTP's counts of one refresh."""
    with Ttp(chain.settings).store.reading() as session:
        return read_counts(session, f"ttp.report.{partition(DATASET, REFRESH)}")


def test_every_refresh_has_a_page_in_both_zones_and_nothing_is_due(chain: Chain) -> None:
    expected = sorted(f"{dataset}/{refresh}.html" for dataset, refresh in DEPOSITS)
    for zone, folder in (("ttp", "reports"), ("databank", "quality")):
        assert [f"{page.parent.name}/{page.name}" for page in pages(chain, zone, folder)] == expected
    assert everything_due(chain.settings) == []


def test_no_page_and_no_count_holds_an_identifier(chain: Chain) -> None:
    with (chain.settings.landing / DATASET / REFRESH / "PEOPLE.csv").open() as lines:
        people = list(csv.DictReader(lines))
    names = ("ADDRESS_1", "POSTCODE", "DATE_OF_BIRTH", "DATEOFBIRTH", "NHS_NUMBER")
    values = {person[name] for person in people for name in names if len(person.get(name) or "") >= 6}
    assert len(values) > 500
    kept = query(Databank(chain.settings), "FROM databank.linkage_report").to_pylist()
    text = str(kept) + "".join(
        page.read_text() for page in [*pages(chain, "ttp", "reports"), *pages(chain, "databank", "quality")]
    )
    assert [value for value in values if value in text] == []


def test_pages_of_made_up_people_say_so_and_ask_no_network(chain: Chain) -> None:
    for page in [*pages(chain, "ttp", "reports"), *pages(chain, "databank", "quality")]:
        text = page.read_text()
        assert "MADE-UP DATA" in text
        assert "default-src 'none'" in text


def test_the_databank_keeps_the_counts_that_the_ttp_made(chain: Chain, report: Sections) -> None:
    sql = f"FROM databank.linkage_report WHERE dataset = '{DATASET}' AND refresh = '{REFRESH}'"
    kept = query(Databank(chain.settings), sql).to_pylist()
    made = [count for counts in report.values() for count in counts]
    assert sorted((each["section"], each["place"], each["item"], each["people"], each["linked"]) for each in kept) == (
        sorted((each.section, each.place, each.item, each.people, each.linked) for each in made)
    )


def test_the_report_agrees_with_the_demos_own_measurement(chain: Chain, report: Sections) -> None:
    (measured,) = [each for each in chain.result.deposits if (each.dataset, each.refresh) == (DATASET, REFRESH)]
    everybody, recall = report["everybody"][0], report["recall"][0]
    assert (everybody.people, everybody.linked) == (measured.people, measured.linked)
    assert recall.rate is None or recall.rate == pytest.approx(measured.recall)
    statuses = {each.item: each.people for each in report["status"] if each.people}
    assert statuses.items() <= measured.by_status.items()


def test_the_marts_break_match_rates_down_and_compare_linked_with_unlinked(chain: Chain) -> None:
    databank = Databank(chain.settings)
    sql = f"SELECT DISTINCT dimension FROM marts.linked_unlinked WHERE refresh = '{REFRESH}'"
    found = {each["dimension"] for each in query(databank, sql).to_pylist()}
    assert found >= {"role", "law_type", "year_of_first_application", "region", "deprivation_quintile", "ethnicity"}
    sql = """SELECT dimension, sum(people) AS people FROM marts.match_rates
        WHERE refresh = '20240711' AND dimension IN ('all', 'sex', 'region', 'deprivation_quintile') GROUP BY 1"""
    assert len({each["people"] for each in query(databank, sql).to_pylist()}) == 1
