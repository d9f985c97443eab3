"""The TTP's linkage report, by hand: what is counted, what is suppressed, what leaves, and what the page says."""

from pathlib import Path

import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.linkage_counts import Count, Sections, read_counts
from fjo_pipeline.core.sessions import open_session
from fjo_pipeline.core.transfers import latest, open_transfer
from fjo_pipeline.ttp.flow import due, send_file_3
from fjo_pipeline.ttp.report.bands import Band, band_counts, merged, read_bands
from fjo_pipeline.ttp.report.making import make_linkage_report, page_path
from fjo_pipeline.ttp.report.truth import add_truth
from fjo_pipeline.ttp.store import partition
from tests.deposit_builder import CLIENTS, TINY, TINY_IDENTIFIERS, with_lines
from tests.tiny_home import REFRESH, TinyHome, copied, loaded_home

NAME = partition("tiny", REFRESH)


def shown(sections: Sections, section: str) -> list[tuple[str, int | None, int | None]]:
    return [(each.item, each.people, each.linked) for each in sections.get(section, [])]


@pytest.fixture(scope="module")
def linked_once(tmp_path_factory: pytest.TempPathFactory) -> TinyHome:
    """124 people, Bo100 to Bo219 and the four of the tiny deposit, with links made by hand."""
    more = [
        f"C{number:04d},Quillfeather,Bo{number},{1990 + number % 20}-01-01,,{'M' if number % 2 else 'F'}"
        for number in range(100, 220)
    ]
    home = copied(loaded_home(tmp_path_factory.getbasetemp()), tmp_path_factory.mktemp("linked") / "base")
    home.land(TINY | {"CLIENTS.csv": with_lines(CLIENTS, *more)})
    home.at_provider()
    home.at_ttp()
    relink(home)
    make_linkage_report(home.ttp, "tiny", REFRESH)
    return home


@pytest.fixture
def linked_home(linked_once: TinyHome, tmp_path: Path) -> TinyHome:
    """The same, the test's own."""
    return copied(linked_once, tmp_path / "base")


def relink(home: TinyHome) -> None:
    """60 linked exactly, 20 at 0.9995, 20 at 0.97; 12 with a candidate of 0.75, 12 with none."""
    with home.ttp.store.writing() as session:
        session.run(
            f"""CREATE OR REPLACE TABLE ttp.links.{NAME} AS
            SELECT person_id, CASE WHEN place <= 100 THEN 'R' || place END AS register_id,
                CASE WHEN place <= 60 THEN '4' WHEN place <= 100 THEN '35' ELSE '99' END AS alf_sts_cd,
                CAST(NULL AS DECIMAL(7, 6)) AS alf_mtch_pct,
                CASE WHEN place <= 60 THEN NULL WHEN place <= 80 THEN 0.9995 WHEN place <= 100 THEN 0.97
                     WHEN place <= 112 THEN 0.75 END AS candidate_probability,
                CASE WHEN place <= 60 THEN 'exact tier' WHEN place <= 100 THEN 'probabilistic'
                     WHEN place <= 112 THEN 'best candidate below the threshold' ELSE 'no candidate' END AS reason
            FROM (SELECT SYSTEM_ID AS person_id, row_number() OVER (ORDER BY SYSTEM_ID) AS place
                  FROM ttp.file_1.{NAME})""",
            step="link by hand",
        )


def report(home: TinyHome) -> Sections:
    with home.ttp.store.reading() as session:
        return read_counts(session, f"ttp.report.{NAME}")


def test_bands_with_few_people_are_joined_with_the_next_and_the_last_with_the_one_before() -> None:
    bands = [Band(0, 0.1, 4, 3.9), Band(0.1, 0.3, 8, 6.0), Band(0.3, 0.5, 30, 18.0), Band(0.5, 0.7, 2, 0.8)]
    assert merged(bands) == [Band(0, 0.3, 12, 9.9), Band(0.3, 0.7, 32, 18.8)]


def test_a_threshold_counts_all_links_at_or_above_it_and_the_errors_to_expect() -> None:
    bands = [Band(0.5, 0.7, 20, 8.0), Band(0.7, 0.9, 15, 3.0), Band(0.9, 0.99, 30, 1.5), Band(0.99, 1.0, 100, 0.25)]
    assert band_counts(bands, 0.9, 1000) == [
        Count("band", 0, "0.5 to 0.7", 20, 0, 8.0),
        Count("band", 1, "0.7 to 0.9", 15, 0, 3.0),
        Count("band", 2, "0.9 to 0.99", 30, 30, 1.5),
        Count("band", 3, "0.99 to 1", 100, 100, 0.25),
        Count("threshold", 0, "0.5", 165, 1165, 12.75),
        Count("threshold", 1, "0.7", 145, 1145, 4.75),
        Count("threshold", 2, "0.9", 130, 1130, 1.75),
        Count("threshold", 3, "0.99", 100, 1100, 0.25),
    ]


def test_few_people_on_one_side_of_the_threshold_are_hidden_and_so_is_what_would_show_them() -> None:
    bands = [Band(0.5, 0.9, 20, 8.0), Band(0.9, 1.0, 3, 0.1)]
    assert band_counts(bands, 0.9, 1000) == [Count("band", 0, "0.5 to 0.9", 20, 0, 8.0), Count("band", 1, "0.9 to 1")]


def test_candidates_fall_into_the_band_whose_lower_edge_they_reach(tmp_path: Path) -> None:
    with open_session(tmp_path) as session:
        bands = read_bands(session, "(SELECT unnest([0.0, 0.5, 0.59, 0.85, 0.9, 1.0]) AS probability)", 0.85)
    found = {band.low: (band.people, round(band.expected_errors, 9)) for band in bands if band.people}
    assert found == {0.0: (1, 1.0), 0.5: (2, 0.91), 0.85: (1, 0.15), 0.9: (1, 0.1), 0.999: (1, 0.0)}


def test_people_are_counted_by_status_reason_and_probability(linked_home: TinyHome) -> None:
    sections = report(linked_home)
    assert shown(sections, "everybody") == [("people", 124, 100)]
    assert shown(sections, "status") == [("1", 0, 0), ("4", 60, 60), ("39", 0, 0), ("35", 40, 40), ("99", 24, 0)]
    assert shown(sections, "reason") == [("best candidate below the threshold", 12, 0), ("no candidate", 12, 0)]
    # 12 at 0.75 (12 * 0.25 = 3 errors), 20 at 0.97 (20 * 0.03 = 0.6), 20 at 0.9995 (20 * 0.0005 = 0.01).
    bands = [(each.item, each.people, each.linked, each.expected_errors) for each in sections["band"]]
    assert bands == [("0 to 0.95", 12, 0, 3.0), ("0.95 to 0.99", 20, 20, 0.6), ("0.99 to 1", 20, 20, 0.01)]
    thresholds = [(each.item, each.people, each.linked, each.expected_errors) for each in sections["threshold"]]
    assert thresholds == [("0", 52, 112, 3.61), ("0.95", 40, 100, 0.61), ("0.99", 20, 80, 0.01)]


def test_who_yielded_to_another_person_is_no_candidate_at_another_threshold(linked_home: TinyHome) -> None:
    with linked_home.ttp.store.writing() as session:
        session.run(
            f"""UPDATE ttp.links.{NAME} SET candidate_probability = 0.95, reason = 'another person'
            WHERE reason = 'no candidate'""",
            step="take links back",
        )
    make_linkage_report(linked_home.ttp, "tiny", REFRESH)
    sections = report(linked_home)
    assert [each.people for each in sections["band"]] == [12, 20, 20]
    assert ("another person", 12, 0) in shown(sections, "reason")


def test_a_field_that_few_lack_is_suppressed(linked_home: TinyHome) -> None:
    missing = {item: (people, linked) for item, people, linked in shown(report(linked_home), "missing")}
    # One person has no forename, two no postcode in File 1 beyond the 120 that all lack it.
    assert missing["FORENAME"] == (None, None)
    assert missing["SURNAME"] == (0, 0)
    assert missing["POSTCODE"] == (None, None)
    assert missing["NHS_NUMBER"] == (124, 100)


def test_no_shown_count_and_no_difference_to_its_whole_is_small(linked_home: TinyHome) -> None:
    for section in report(linked_home).values():
        for each in section:
            # At a threshold all links stand beside the candidates, who are not among those linked exactly.
            parts = [each.people, each.linked, None if each.section == "threshold" else each.unlinked]
            assert all(part is None or part == 0 or part >= 10 for part in parts), each


def test_without_truth_the_report_says_so(linked_home: TinyHome) -> None:
    sections = report(linked_home)
    assert "precision" not in sections
    assert {each.item: each.said for each in sections["about"]}["truth"] == "no truth at hand"
    assert "No truth is at hand" in page_path(linked_home.ttp, "tiny", REFRESH).read_text()


def write_truth(home: TinyHome, path: Path, header: str = "dataset,refresh,system_id,register_id") -> Path:
    """Of 100 links 88 right and 12 wrong; of the 24 without one, 12 are on the register."""
    with home.ttp.store.reading() as session:
        ids = session.rows(f"SELECT person_id FROM ttp.links.{NAME} ORDER BY person_id", step="read ids")
    right = [f"R{place}" if place <= 88 else "R999" if place <= 112 else "" for place in range(1, 125)]
    lines = [f"tiny,{REFRESH},{person},{register}" for (person,), register in zip(ids, right, strict=True)]
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def test_with_truth_there_are_precision_and_recall(linked_home: TinyHome, tmp_path: Path) -> None:
    assert add_truth(linked_home.ttp, write_truth(linked_home, tmp_path / "truth.csv")) == 124
    assert make_linkage_report(linked_home.ttp, "tiny", REFRESH).against_truth
    sections = report(linked_home)
    assert shown(sections, "precision") == [("all links", 100, 88)]
    assert shown(sections, "recall") == [("everybody on the register", 112, 88)]
    # 60 of status 4 are right, 28 of 40 of status 35.
    assert shown(sections, "precision by status") == [("status 35", 40, 28), ("status 4", 60, 60)]
    assert "88.00%" in page_path(linked_home.ttp, "tiny", REFRESH).read_text()


def test_truth_makes_the_refresh_due_until_its_report_is_sent(linked_home: TinyHome, tmp_path: Path) -> None:
    assert list(due(linked_home.ttp)) == []
    truth = write_truth(linked_home, tmp_path / "truth.csv")
    add_truth(linked_home.ttp, truth)
    assert [(each.dataset, each.refresh) for each in due(linked_home.ttp)] == [("tiny", REFRESH)]
    make_linkage_report(linked_home.ttp, "tiny", REFRESH)
    sent = send_file_3(linked_home.ttp, "tiny", REFRESH)
    assert sent["linkage_report"] > 0
    assert (sent["file_3"], sent["receipt"]) == (0, 0)
    add_truth(linked_home.ttp, truth)
    assert list(due(linked_home.ttp)) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("dataset,refresh,system_id\n", "the column register_id is missing"),
        ("dataset,refresh,system_id,register_id\nnone,20240111,1,2\n", "no contract"),
        ("dataset,refresh,system_id,register_id\ntiny,someday,1,2\n", "YYYYMMDD"),
        ("dataset,refresh,system_id,register_id\ntiny,20240111,1,2\ntiny,20240111,1,3\n", "stands twice"),
    ],
)
def test_unusable_truth_is_refused(empty_home: TinyHome, tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "truth.csv"
    path.write_text(content)
    with pytest.raises(Refused, match=message):
        add_truth(empty_home.ttp, path)


def test_the_page_is_whole_says_made_up_data_and_holds_no_identifier(linked_home: TinyHome) -> None:
    path = page_path(linked_home.ttp, "tiny", REFRESH)
    page = path.read_text()
    assert "MADE-UP DATA" in page
    assert [value for value in TINY_IDENTIFIERS if value in page] == []
    assert not [part for part in ('src="http', 'href="http', "@import", "<link") if part in page]
    assert "default-src 'none'" in page
    assert "vegaEmbed(" in page
    assert path.stat().st_mode & 0o077 == 0


def test_all_again_gives_the_same_page_and_the_same_counts(linked_home: TinyHome) -> None:
    path, before = page_path(linked_home.ttp, "tiny", REFRESH), report(linked_home)
    content, written = path.read_bytes(), path.stat().st_mtime_ns
    make_linkage_report(linked_home.ttp, "tiny", REFRESH)
    assert report(linked_home) == before
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (content, written)


def test_the_transfer_carries_the_counts_and_no_identifier_to_the_databank(carried: TinyHome) -> None:
    keyring = carried.databank.keyring
    transfer = open_transfer(
        latest(carried.settings.inbox("databank"), "linkage_report", "tiny", REFRESH), keyring, "linkage_report"
    )
    with open_session(carried.settings.temporary("databank")) as session:
        rows = session.rows(f"FROM {transfer.relation(session, 'linkage_report')}", step="look")
    assert transfer.sender == "ttp"
    assert len(rows) > 30
    assert [value for value in TINY_IDENTIFIERS for row in rows if value in str(row)] == []


def test_a_deposit_in_which_nothing_can_be_shown_still_has_its_page(home: TinyHome, tmp_path: Path) -> None:
    with home.ttp.store.writing() as session:
        session.run(
            f"UPDATE ttp.links.{NAME} SET alf_sts_cd = '35', candidate_probability = 0.95 WHERE alf_sts_cd = '4'",
            step="link by probability",
        )
    path = tmp_path / "truth.csv"
    path.write_text(f"dataset,refresh,system_id,register_id\ntiny,{REFRESH},nobody,\n")
    add_truth(home.ttp, path)
    make_linkage_report(home.ttp, "tiny", REFRESH)
    assert shown(report(home), "everybody") == [("people", None, None)]
    assert "threshold" not in report(home)
    assert "too few people to show" in page_path(home.ttp, "tiny", REFRESH).read_text()


def test_a_deposit_of_nobody_has_its_page_too(home: TinyHome) -> None:
    with home.ttp.store.writing() as session:
        session.run(f"DELETE FROM ttp.file_1.{NAME}; DELETE FROM ttp.links.{NAME}", step="leave nobody")
    make_linkage_report(home.ttp, "tiny", REFRESH)
    assert shown(report(home), "everybody") == [("people", 0, 0)]
    assert "nobody is without a link" in page_path(home.ttp, "tiny", REFRESH).read_text()


def test_no_report_before_the_links(empty_home: TinyHome) -> None:
    empty_home.land()
    empty_home.at_provider()
    with pytest.raises(Refused, match=f"tiny/{REFRESH} has not been linked"):
        make_linkage_report(empty_home.ttp, "tiny", REFRESH)
