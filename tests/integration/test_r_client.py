"""R reads the CSV export: the case views as a second team's code uses them (domain.md §4), and ids as numbers."""

import csv
import shutil
import subprocess
from pathlib import Path

import pytest

from fjo_pipeline.databank.flow import Databank
from fjo_pipeline.databank.projects.analyst import query
from tests.integration.conftest import Chain

RSCRIPT = shutil.which("Rscript")

pytestmark = pytest.mark.skipif(
    RSCRIPT is None
    or subprocess.run([RSCRIPT, "-e", "library(data.table)"], capture_output=True, check=False).returncode != 0,
    reason="R with data.table is not installed: apt-get install r-base-core r-cran-data.table",
)

SCRIPT = r"""
suppressPackageStartupMessages(library(data.table))
given <- commandArgs(trailingOnly = TRUE)
load <- function(name) fread(file.path(given[1], name), stringsAsFactors = FALSE, integer64 = "double")

cases <- load("case.csv"); adults <- load("case_adult.csv")
types <- load("case_app.csv"); heard <- load("hearing.csv")
stopifnot(is.numeric(cases$case_id), is.numeric(adults$adult_id), inherits(cases$case_start_date, "Date"),
          inherits(heard$hearing_date, "Date"), max(adults$adult_id) < 1e14,
          all(adults$adult_id == floor(adults$adult_id)))

begun <- as.POSIXlt(cases$case_start_date)
cases[, year_starting := begun$year + (begun$mon >= 3) + 1900 - 1]
public <- c("Care (s31)", "Child Assessment (s43)", "EPO (s44)", "Inherent Jurisdiction/Wardship", "Supervision (s31)")
cases <- cases[case_id %in% types[app_type_name %in% public]$case_id & case_status == "Completed"]
adults <- adults[case_id %in% cases$case_id & first_app_start_age >= 15 & first_app_start_age <= 50]
cases <- cases[case_id %in% adults$case_id]
number <- nrow(adults)
about <- adults[, .(case_id, adult_id, first_app_start_age, address_imd_quintile)]
joined <- merge(cases, about, by = "case_id", all.x = TRUE)
stopifnot(nrow(joined) == number)

heard <- heard[case_id %in% joined$case_id][order(case_id, hearing_date)]
courts <- unique(heard[, .(court_count = uniqueN(court_id)), by = case_id])
joined <- merge(joined, courts, by = "case_id", all.x = TRUE)
stopifnot(nrow(joined) == number)

orders <- c("dis_ono", "fao_so", "ro_sgo_cao", "co_sao", "po")
wanted <- c("la_id", "first_court_id", "first_dfj_area_id", "first_circuit_id", "last_court_id", "last_dfj_area_id",
            "last_circuit_id", "hearing_first_date", "hearing_last_date", "hearing_count", "final_order_date",
            paste0("any_final_order_", orders))
stopifnot(all(wanted %in% names(joined)))
joined <- joined[order(adult_id, case_start_date)]
joined[, end_date := final_order_date]
joined[is.na(final_order_date), end_date := hearing_last_date]
joined[, final_order := "Not reported"]
for (each in rev(orders)) joined[get(paste0("any_final_order_", each)) == 1, final_order := each]
joined[, place := seq_len(.N), by = adult_id]
first <- joined[place == 1]
first[, adult_id := sprintf("%.0f", adult_id)]
fwrite(first[, .(adult_id, case_id = sprintf("%.0f", case_id), year_starting, court_count, final_order)],
       file.path(given[2], "first.csv"))
"""

SQL = """
WITH public AS (
    SELECT * FROM SAIL1661V.case WHERE case_status = 'Completed' AND case_id IN (
        SELECT case_id FROM SAIL1661V.case_app WHERE app_type_name IN ('Care (s31)', 'Child Assessment (s43)',
            'EPO (s44)', 'Inherent Jurisdiction/Wardship', 'Supervision (s31)')))
SELECT adult_id, count(*) AS cases FROM SAIL1661V.case_adult JOIN public USING (case_id)
WHERE first_app_start_age BETWEEN 15 AND 50 GROUP BY adult_id ORDER BY adult_id
"""


def test_the_case_views_go_through_a_second_teams_steps_in_r(chain: Chain, researcher: Path, tmp_path: Path) -> None:
    assert RSCRIPT is not None
    databank = Databank(chain.settings)
    script = tmp_path / "client.R"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [RSCRIPT, script, researcher / "workspace" / "csv", tmp_path],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    with (tmp_path / "first.csv").open() as lines:
        first = list(csv.DictReader(lines))
    expected = query(databank, "1661", SQL).to_pylist()
    assert len(expected) > 50
    assert sorted(int(row["adult_id"]) for row in first) == [each["adult_id"] for each in expected]
    assert {row["final_order"] for row in first} & {"fao_so", "co_sao"}
    assert {row["year_starting"] for row in first} >= {"2019", "2020"}


def test_each_case_view_holds_one_refresh_and_only_ids_that_the_extract_has(chain: Chain) -> None:
    databank = Databank(chain.settings)
    for view, rows in (("case", 100), ("case_adult", 100), ("case_app", 100), ("hearing", 100)):
        (found,) = query(
            databank,
            "1661",
            f"""SELECT count(*) > {rows} AS filled, count(DISTINCT refresh) AS refreshes, max(refresh) AS refresh,
                count_if(case_id NOT IN (SELECT ID_PE FROM SAIL1661V.CAFE_ECMS_CASES_20240711)) AS strangers
            FROM SAIL1661V.{view}""",
        ).to_pylist()
        assert found == {"filled": True, "refreshes": 1, "refresh": "20240711", "strangers": 0}, view
