"""What holds of key ranking and hashing for every pattern and text."""

import hashlib
import hmac
import itertools
import re

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from fjo_pipeline.core.key_ranking import KeyPattern, hash_pads, keyed_hash_sql, parse_pattern
from fjo_pipeline.core.linking_field import DOMAIN

PRINTABLE = [chr(point) for point in range(0x20, 0x7F)]
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=80)


def escaped(character: str) -> str:
    return character if character.isalnum() else "\\" + character


def spans(ends: tuple[str, str]) -> str:
    return "-".join(escaped(end) for end in sorted(ends))


characters = st.sampled_from(PRINTABLE)
members = st.one_of(characters.map(escaped), st.just(r"\d"), st.tuples(characters, characters).map(spans))
classes = st.lists(members, min_size=1, max_size=4).map(lambda parts: f"[{''.join(parts)}]")
atoms = st.one_of(characters.map(escaped), st.just(r"\d"), st.just("[A-Z]"), classes)
repeats = st.one_of(st.just(""), st.integers(1, 5).map("{{{}}}".format))
patterns = st.lists(st.tuples(atoms, repeats).map("".join), min_size=1, max_size=5).map(lambda p: f"^{''.join(p)}$")
rankable = patterns.map(parse_pattern).filter(lambda pattern: pattern.rankable)


def texts_of(pattern: KeyPattern) -> st.SearchStrategy[str]:
    return st.tuples(*(st.sampled_from(alphabet) for alphabet in pattern.positions)).map("".join)


def ranks_in_sql(pattern: KeyPattern, texts: list[str]) -> list[int | None]:
    source = "(SELECT unnest($1::VARCHAR[]) AS k, unnest(range(len($1))) AS i)"
    sql = f"SELECT {pattern.rank_sql('k')} FROM {source} ORDER BY i"
    with duckdb.connect() as db:
        return [rank for (rank,) in db.execute(sql, [texts]).fetchall()]


@given(patterns, st.data())
def test_a_pattern_holds_the_texts_that_pythons_regular_expressions_match(pattern: str, data: st.DataObject) -> None:
    parsed = parse_pattern(pattern)
    member = data.draw(texts_of(parsed))
    other = data.draw(st.text(characters, min_size=len(member), max_size=len(member)) | TEXTS)
    assert re.fullmatch(pattern, member, re.ASCII)
    for text in (member, other):
        holds = len(text) == len(parsed.positions) and all(map(str.__contains__, parsed.positions, text))
        assert holds == bool(re.fullmatch(pattern[1:-1], text, re.ASCII))
        assert holds == bool(re.fullmatch(parsed.regex, text))


@given(rankable, st.data())
def test_ranks_keep_the_order_of_texts_and_stay_within_the_size(pattern: KeyPattern, data: st.DataObject) -> None:
    one, other = data.draw(texts_of(pattern)), data.draw(texts_of(pattern))
    assert (pattern.rank(one) < pattern.rank(other)) == (one < other)
    assert (pattern.rank(one) == pattern.rank(other)) == (one == other)
    first, last = ("".join(end(alphabet) for alphabet in pattern.positions) for end in (min, max))
    assert (pattern.rank(first), pattern.rank(last)) == (0, pattern.size - 1)


@given(rankable.filter(lambda pattern: pattern.size <= 500))
def test_the_ranks_of_a_small_pattern_are_all_numbers_below_its_size(pattern: KeyPattern) -> None:
    texts = ["".join(text) for text in itertools.product(*pattern.positions)]
    assert ranks_in_sql(pattern, texts) == list(range(pattern.size))


@given(rankable, st.data())
def test_sql_ranks_as_the_plain_form_does_and_gives_null_for_what_does_not_fit(
    pattern: KeyPattern, data: st.DataObject
) -> None:
    fitting = data.draw(st.lists(texts_of(pattern), min_size=1, max_size=8))
    others = data.draw(st.lists(TEXTS.filter(lambda text: not re.fullmatch(pattern.regex, text)), max_size=8))
    expected: list[int | None] = [pattern.rank(text) for text in fitting]
    assert ranks_in_sql(pattern, fitting + others) == expected + [None] * len(others)


@given(st.binary(min_size=32, max_size=32), st.lists(TEXTS, min_size=1, max_size=8))
def test_the_keyed_hash_in_sql_is_hmac(key: bytes, texts: list[str]) -> None:
    source = "(SELECT unnest($texts::VARCHAR[]) AS k, unnest(range(len($texts))) AS i)"
    with duckdb.connect() as db:
        rows = db.execute(f"SELECT {keyed_hash_sql('k')} FROM {source} ORDER BY i", {"texts": texts, **hash_pads(key)})
        hashes = [row[0] for row in rows.fetchall()]
    assert hashes == [int.from_bytes(hmac.digest(key, t.encode(), hashlib.sha256)[:8], "big") % DOMAIN for t in texts]
