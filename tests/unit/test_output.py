"""How results are printed: whole ids, missing values as nothing, all rows for scripts."""

import json
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from fjo_pipeline.output import LONGEST_TABLE, print_table

TABLE = pa.table(
    {
        "ID_PE": pa.array([99_999_999_999_999, None], pa.int64()),
        "ALF_MTCH_PCT": pa.array([Decimal("0.912345"), None], pa.decimal128(7, 6)),
        "WOB": pa.array([date(2015, 3, 2), None]),
    }
)


def test_a_table_shows_ids_whole_and_counts_its_rows(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(TABLE, "table")
    shown = capsys.readouterr().out
    assert "99999999999999" in shown
    assert "e+13" not in shown
    assert shown.rstrip().endswith("(2 rows)")


def test_a_long_table_is_cut_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(pa.table({"n": list(range(1_000))}), "table")
    shown = capsys.readouterr().out
    assert f"(1,000 rows, the first {LONGEST_TABLE} shown)" in shown
    assert len(shown.splitlines()) == LONGEST_TABLE + 2


def test_csv_has_every_row(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(TABLE, "csv")
    assert capsys.readouterr().out.splitlines() == [
        '"ID_PE","ALF_MTCH_PCT","WOB"',
        "99999999999999,0.912345,2015-03-02",
        ",,",
    ]


def test_json_has_every_row(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(TABLE, "json")
    assert json.loads(capsys.readouterr().out) == [
        {"ID_PE": 99_999_999_999_999, "ALF_MTCH_PCT": 0.912345, "WOB": "2015-03-02"},
        {"ID_PE": None, "ALF_MTCH_PCT": None, "WOB": None},
    ]
