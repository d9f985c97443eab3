"""The databank's side of linkage quality: reports kept once, pages from hand-made marts, ethnicity where granted."""

from collections.abc import Sequence

from fjo_pipeline.core.contracts import contract
from fjo_pipeline.core.linkage_counts import read_counts
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.databank.flow import Partition, release
from fjo_pipeline.databank.quality.page import (
    differences,
    make_quality_pages,
    match_rates,
    page_path,
    pages_are_due,
    quality_page,
)
from fjo_pipeline.databank.quality.receiving import TABLE, reports_due, take_linkage_report
from fjo_pipeline.databank.store import current_snapshot
from tests.deposit_builder import TINY_IDENTIFIERS
from tests.tiny_home import LATER, REFRESH, TinyHome

RATES = [
    ("all", "all", 1000, 800),
    ("sex", "Female", 500, 420),
    ("sex", "Male", 460, 360),
    ("sex", "Unknown", 40, 20),
    ("age_band", "10-14", 600, 500),
    ("age_band", "5-9", 396, 300),
    ("age_band", "unknown", 4, 0),
    ("role", "subject", 600, 480),
    ("role", "applicant", 405, 400),
    ("ethnicity", "Roma", 100, 50),
    ("ethnicity", "not known", 900, 750),
]


def make_marts(home: TinyHome, rates: Sequence[tuple[str, str, int, int]], refresh: str = REFRESH) -> None:
    """The two marts that the pages read, with these match rates and one difference."""
    with home.databank.store.writing() as session:
        session.run("CREATE SCHEMA IF NOT EXISTS lake.marts", step="make the marts")
        session.run(
            "CREATE OR REPLACE TABLE lake.marts.match_rates (source VARCHAR, refresh VARCHAR, dimension VARCHAR, "
            "category VARCHAR, people BIGINT, linked BIGINT)",
            step="make the marts",
        )
        session.run(
            "CREATE OR REPLACE TABLE lake.marts.linked_unlinked (source VARCHAR, refresh VARCHAR, dimension VARCHAR, "
            "category VARCHAR, share_of_linked DOUBLE, share_of_unlinked DOUBLE, standardised_difference DOUBLE)",
            step="make the marts",
        )
        for rate in rates:
            session.run("INSERT INTO lake.marts.match_rates VALUES ('tiny', ?, ?, ?, ?, ?)", [refresh, *rate], step="x")
        session.run(
            "INSERT INTO lake.marts.linked_unlinked SELECT source, refresh, dimension, category, 0.45, 0.5, -0.1003 "
            "FROM lake.marts.match_rates",
            step="compare",
        )


def partition(home: TinyHome) -> Partition:
    del home
    return Partition("tiny", REFRESH, "digest", True, 10_000, 1000, 800, 1)


def rates_and_page(home: TinyHome, session: Session, *, ethnicity: bool) -> tuple[dict[str, list[object]], str]:
    dataset = contract("tiny", home.settings.contracts).model_copy(update={"quality_by_ethnicity": ethnicity})
    rates = match_rates(session, dataset, REFRESH)
    about = partition(home)
    page = quality_page(dataset, about, {}, rates, differences(session, about, rates))
    return {name: [(each.item, each.people, each.linked) for each in rows] for name, rows in rates.items()}, page


def test_small_groups_are_hidden_and_overlapping_ones_are_judged_by_themselves(home: TinyHome) -> None:
    make_marts(home, RATES)
    with home.databank.store.reading() as session:
        rates, page = rates_and_page(home, session, ethnicity=True)
    assert rates["sex"] == [("Female", 500, 420), ("Male", 460, 360), ("Unknown", 40, 20)]
    # Bands in the order of their ages; four people hide themselves and, as the sum is known, the next smallest band.
    assert rates["age_band"] == [("5-9", None, None), ("10-14", 600, 500), ("unknown", None, None)]
    assert rates["role"] == [("applicant", 405, None), ("subject", 600, 480)]
    assert "84.00%" in page
    assert "MADE-UP DATA" in page


def test_ethnicity_is_shown_only_where_the_contract_grants_it(home: TinyHome) -> None:
    make_marts(home, RATES)
    with home.databank.store.reading() as session:
        granted, with_it = rates_and_page(home, session, ethnicity=True)
        withheld, without_it = rates_and_page(home, session, ethnicity=False)
    assert granted["ethnicity"] == [("Roma", 100, 50), ("not known", 900, 750)]
    assert "ethnicity" not in withheld
    assert "Roma" in with_it
    assert "Roma" not in without_it


def test_a_match_rate_outside_its_band_is_said(home: TinyHome) -> None:
    dataset = contract("tiny", home.settings.contracts)
    banded = dataset.model_copy(update={"match_rate_band": (0.85, 0.99)})
    assert "outside its band" in quality_page(banded, partition(home), {}, {}, {})
    assert "outside its band" not in quality_page(dataset, partition(home), {}, {}, {})


def test_a_report_is_due_until_it_is_kept_and_keeping_it_again_writes_nothing(empty_home: TinyHome) -> None:
    empty_home.land()
    empty_home.at_provider()
    empty_home.at_ttp()
    databank = empty_home.databank
    assert [(each.dataset, each.refresh) for each in reports_due(databank)] == [("tiny", REFRESH)]
    assert take_linkage_report(databank, "tiny", REFRESH) > 30
    assert list(reports_due(databank)) == []
    with databank.store.reading() as session:
        before = current_snapshot(session)
        sections = read_counts(session, f"(FROM {TABLE} WHERE refresh = '{REFRESH}')")
        values = str(session.rows(f"FROM {TABLE}", step="look"))
    assert [each.item for each in sections["status"]] == ["1", "4", "39", "35", "99"]
    assert [value for value in TINY_IDENTIFIERS if value in values] == []
    take_linkage_report(databank, "tiny", REFRESH)
    with databank.store.reading() as session:
        assert current_snapshot(session) == before


def test_the_reports_of_two_refreshes_stand_side_by_side(carried: TinyHome) -> None:
    sql = f"SELECT dataset, refresh, count(*) > 30 FROM {TABLE} GROUP BY ALL ORDER BY ALL"
    with carried.databank.store.reading() as session:
        assert session.rows(sql, step="look") == [("tiny", REFRESH, True), ("tiny", LATER, True)]


def test_a_page_without_marts_or_report_says_so(home: TinyHome) -> None:
    path = page_path(home.databank, "tiny", REFRESH)
    assert "No match rates stand in the marts" in path.read_text()
    assert "has not arrived" not in path.read_text()
    with home.databank.store.writing() as session:
        session.run(f"DELETE FROM {TABLE} WHERE refresh = '{REFRESH}'", step="lose a report")
    make_quality_pages(home.databank)
    assert "has not arrived" in path.read_text()


def test_there_is_a_page_a_refresh_and_all_again_changes_none(home: TinyHome) -> None:
    make_marts(home, RATES)
    assert not pages_are_due(home.databank)
    home.databank.ledger.forget("quality", "databank", "latest", "released")
    assert pages_are_due(home.databank)
    release(home.databank)
    assert make_quality_pages(home.databank) == 2
    assert not pages_are_due(home.databank)
    paths = [page_path(home.databank, "tiny", refresh) for refresh in (REFRESH, LATER)]
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in paths]
    make_quality_pages(home.databank)
    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in paths] == before
    pages = "".join(path.read_text() for path in paths)
    assert [value for value in TINY_IDENTIFIERS if value in pages] == []
    assert "RECORD 13.1" in pages
    assert "script-src 'none'" in pages
    assert "<script" not in pages


def test_another_report_makes_the_pages_due(home: TinyHome) -> None:
    kept = home.databank.ledger.last("linkage_report", "tiny", REFRESH, "consumed")
    assert kept is not None
    home.databank.ledger.record("linkage_report", "tiny", REFRESH, "consumed", "another", sequence=kept.sequence + 1)
    assert pages_are_due(home.databank)


def test_before_the_first_release_there_is_no_page_and_nothing_fails(empty_home: TinyHome) -> None:
    assert make_quality_pages(empty_home.databank) == 0
    assert not pages_are_due(empty_home.databank)
