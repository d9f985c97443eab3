"""Patterns of text keys: what is read, what is refused, and the ids that ranking and hashing give."""

import hashlib
import hmac

import duckdb
import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.key_ranking import hash_pads, keyed_hash_sql, parse_pattern
from fjo_pipeline.core.linking_field import DOMAIN

KEY = bytes(range(32))


@pytest.mark.parametrize(
    ("pattern", "size"),
    [
        ("^W[0-9]{9}$", 10**9),
        ("^[A-Z]{2}[0-9]{9}$", 676 * 10**9),
        (r"^\d{14}$", 10**14),
        (r"^[\dA-F]{4}$", 16**4),
        ("^[AAB0-1]$", 4),
        (r"^AB\.\d-[\]\\x]$", 30),
        ("^0{3}[a-c]{2}$", 9),
    ],
)
def test_a_pattern_counts_its_members(pattern: str, size: int) -> None:
    assert parse_pattern(pattern).size == size


@pytest.mark.parametrize(
    "pattern",
    [
        "", "^", "^$", "W[0-9]{9}", "^W[0-9]{9}", "W[0-9]{9}$", "^W[0-9]+$", "^W[0-9]*$", "^W?$", "^(W)$", "^A|B$",
        "^[0-9]{1,2}$", "^[0-9]{0}$", "^[0-9]{65}$", "^[^0-9]$", "^[9-0]$", "^[]$", "^[0-9$", "^a]$", "^{3}$", "^.{3}$",
        r"^\w$", r"^\D$", r"^[\w]$", r"^a\$", "^é$", "^[A-é]$", "^a\n$", "^a$\n", "^a^b$", "^[A-Z-]$", "^W{99999}$",
        "^a{2}{3}$",
    ],
)  # fmt: skip
def test_any_other_expression_is_refused_and_told_what_is_supported(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"\[A-Z0-9\]"):
        parse_pattern(pattern)


def test_ranks_follow_the_order_of_the_texts() -> None:
    pattern = parse_pattern("^[B-CA]X[0-9]{2}$")
    assert [pattern.rank(text) for text in ("AX00", "AX01", "AX99", "BX00", "CX99")] == [0, 1, 99, 100, 299]


def test_exactly_ten_to_the_fourteen_members_are_ranked_and_one_digit_more_is_not() -> None:
    widest = parse_pattern("^[0-9]{14}$")
    assert widest.rankable
    assert widest.rank("9" * 14) == DOMAIN - 1
    wider = parse_pattern("^[0-9]{14}[AB]$")
    assert not wider.rankable
    for use in (lambda: wider.rank("0" * 14 + "A"), lambda: wider.rank_sql("k")):
        with pytest.raises(ValueError, match="10\\^14"):
            use()


@pytest.mark.parametrize(
    "value", ["", "W12345678", "W1234567890", "w123456789", "W12345678X", "W123456789\n", "W12345678٣"]
)
def test_a_text_that_does_not_fit_is_refused_unnamed_and_null_in_sql(value: str) -> None:
    pattern = parse_pattern("^W[0-9]{9}$")
    with pytest.raises(Refused) as refusal:
        pattern.rank(value)
    assert not value or value not in str(refusal.value)
    assert duckdb.execute(f"SELECT {pattern.rank_sql('k')} FROM (SELECT $1 AS k)", [value]).fetchone() == (None,)


def test_the_rank_of_a_column_is_a_bigint_and_null_stays_null() -> None:
    rank = parse_pattern("^A$").rank_sql("k")
    rows = duckdb.execute(f"SELECT {rank} AS r, typeof(r) FROM (VALUES ('A'), (NULL), ('B')) t(k)").fetchall()
    assert rows == [(0, "BIGINT"), (None, "BIGINT"), (None, "BIGINT")]


def test_a_literal_that_does_not_fit_is_null_though_duckdb_folds_constants() -> None:
    rank = parse_pattern(r"^[A-Z]{2}\d{9}$").rank_sql("'\U0010ffff\U0010ffffno number'")
    assert duckdb.execute(f"SELECT {rank}").fetchone() == (None,)


def test_quotes_and_backslashes_of_a_pattern_are_quoted_in_sql() -> None:
    pattern = parse_pattern(r"^['\\][a'\\]$")
    for text in ("''", "'a", "\\\\", "\\a"):
        assert duckdb.execute(f"SELECT {pattern.rank_sql('$1')}", [text]).fetchone() == (pattern.rank(text),)


@pytest.mark.parametrize("value", ["", "a", "Jane's key é 😀", "x" * 500])
def test_the_keyed_hash_is_the_standard_librarys_hmac_reduced(value: str) -> None:
    sql = f"SELECT {keyed_hash_sql('k')} AS h, typeof(h) FROM (SELECT $value AS k)"
    expected = int.from_bytes(hmac.digest(KEY, value.encode(), hashlib.sha256)[:8], "big") % DOMAIN
    assert duckdb.execute(sql, {"value": value, **hash_pads(KEY)}).fetchone() == (expected, "BIGINT")


def test_the_keyed_hash_of_null_is_null() -> None:
    assert duckdb.execute(f"SELECT {keyed_hash_sql('NULL')}", hash_pads(KEY)).fetchone() == (None,)


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_hashing_key_of_another_length_is_an_error(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        hash_pads(bytes(length))
