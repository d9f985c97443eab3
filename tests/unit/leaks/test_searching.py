"""The searcher: a planted value is found in every encoding and container, so that finding nothing means something."""

import bz2
import codecs
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import zipfile
import zlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow.parquet import write_table

from fjo_pipeline.core.sessions import Session, literal
from fjo_pipeline.leaks.containers import Keys, Reader
from fjo_pipeline.leaks.encodings import Canary, date_of_birth, full_name, key, nhs_number, plain, postcode
from fjo_pipeline.leaks.matching import Matcher
from fjo_pipeline.leaks.searching import UNNAMED, Searched, search_bytes, search_folders

SURNAME, ACCENTED, SECRET = "Quillfeather", "Zoë Ó Thímblewick", bytes(range(7, 39))
CANARIES = [
    plain("surname", SURNAME),
    plain("surname", ACCENTED),
    nhs_number("9434765919"),
    postcode("QZ2 8PP"),
    date_of_birth(date(1961, 3, 2)),
    full_name("Bo", "Li Wu"),
    key("key", SECRET),
]
FILLING = b'{"event": "nothing at all", "when": 1763869880.19610302, "id": "9434-7659"}\n'


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(CANARIES)


def search(folder: Path, matcher: Matcher, session: Session, keys: Keys | None = None) -> Searched:
    return search_folders("here", [folder], matcher, Reader(session, keys))


ENCODINGS: Mapping[str, tuple[Callable[[str], bytes], str]] = {
    "as it is": (str.encode, "plain"),
    "upper case": (lambda text: text.upper().encode(), "plain"),
    "lower case": (lambda text: text.lower().encode(), "plain"),
    "UTF-16, little-endian": (lambda text: text.encode("utf-16-le"), "UTF-16"),
    "UTF-16, big-endian": (lambda text: text.encode("utf-16-be"), "UTF-16"),
    "hex": (lambda text: text.encode().hex().encode(), "hex"),
    "HEX": (lambda text: text.encode().hex().upper().encode(), "hex"),
    "base64": (lambda text: b64encode(text.encode()), "base64"),
    "base64 after one byte": (lambda text: b64encode(b"x" + text.encode() + b"y"), "base64"),
    "base64 after two": (lambda text: b64encode(b"xy" + text.encode() + b"zz"), "base64"),
    "base64 for addresses": (lambda text: urlsafe_b64encode(b"x" + text.upper().encode()), "base64"),
}


@pytest.mark.parametrize("text", [SURNAME, ACCENTED])
@pytest.mark.parametrize("name", ENCODINGS)
def test_a_value_is_found_in_every_encoding(name: str, text: str, matcher: Matcher) -> None:
    encode, expected = ENCODINGS[name]
    searched = search_bytes("here", [("place", b"before " + encode(text) + b" behind")], matcher)
    assert {matcher.canaries[each].kind for each in searched.found} == {"surname"}
    assert expected in {hit.encoding for hit in searched.hits}


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("number=9434765919;", "NHS number"),
        ("943 476 5919", "NHS number"),
        ("943-476-5919", "NHS number"),
        ("at qz28pp today", "postcode"),
        ("QZ2%208PP", "postcode"),
        ("QZ2+8PP", "postcode"),
        ("1961-03-02T00:00:00", "date of birth"),
        ("02/03/1961", "date of birth"),
        ("born 19610302 or so", "date of birth"),
        ("2 Mar 1961", "date of birth"),
        ("02 March 1961", "date of birth"),
        ("datetime.date(1961, 3, 2)", "date of birth"),
        ('"Bo","Li Wu"', "full name"),
        ("('Li Wu', 'Bo')", "full name"),
        ("Li Wu, Bo", "full name"),
        (json.dumps(ACCENTED), "surname"),
        ("Zo&#xEB;".replace("&#xEB;", "ë") + " Ó Thímblewick", "surname"),
        (SECRET.hex(), "key"),
        (b64encode(SECRET).decode(), "key"),
        (repr(SECRET), "key"),
        (pickle.dumps(SECRET).decode("latin-1"), "key"),
    ],
)
def test_each_way_of_writing_a_value_is_found(said: str, kind: str, matcher: Matcher) -> None:
    content = said.encode("latin-1") if kind == "key" else said.encode()
    assert {hit.kind for hit in search_bytes("here", [("place", content)], matcher).hits} == {kind}


@pytest.mark.parametrize(
    "said", ["19434765919", "94347659190", "1.9434765919", "aqz28ppb", "119610302", "Quillfeathe", "Bo Li", "0xqz28pp"]
)
def test_what_only_resembles_a_value_is_no_hit(said: str, matcher: Matcher) -> None:
    assert search_bytes("here", [("place", b"of " + said.encode() + b" as")], matcher).hits == []


def as_sqlite(content: bytes) -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a, b BLOB)")
    connection.execute("INSERT INTO t VALUES ('x', ?)", (content,))
    connection.commit()
    return bytes(connection.serialize())


def as_zip(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/y.txt", content)
    return buffer.getvalue()


def as_parquet(content: bytes) -> bytes:
    buffer = io.BytesIO()
    write_table(pa.table({"said": [content.decode(), None], "n": [1, 2]}), buffer, compression="zstd")
    return buffer.getvalue()


CONTAINERS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zip": as_zip,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda content: pa.compress(content, "zstd", asbytes=True),
    "lz4": lambda content: pa.compress(content, "lz4", asbytes=True),
    "Parquet": as_parquet,
    "SQLite": as_sqlite,
    "zlib": lambda content: b"a blob: " + zlib.compress(content) + b" and more",
    "zlib as base64": lambda content: b'{"cursor": "' + b64encode(zlib.compress(content)) + b'"}',
    "gzip as base64": lambda content: b'{"cursor": "' + b64encode(gzip.compress(content, mtime=0)) + b'"}',
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_value_is_found_in_every_container(
    name: str, matcher: Matcher, shared_session: Session, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(CONTAINERS[name](FILLING * 9 + SURNAME.encode() + FILLING * 9))
    hits = search(tmp_path, matcher, shared_session).hits
    assert {(hit.kind, hit.where, hit.values) for hit in hits} == {("surname", str(tmp_path / "file"), 1)}
    assert any(hit.encoding.endswith(f" in {name.split()[0]}") or " in zlib" in hit.encoding for hit in hits)


@pytest.mark.parametrize("outer", ["gzip", "zip", "zstd"])
@pytest.mark.parametrize("inner", ["gzip", "zip", "Parquet", "SQLite"])
def test_a_container_within_a_container_is_opened(
    outer: str, inner: str, matcher: Matcher, shared_session: Session, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(CONTAINERS[outer](CONTAINERS[inner](FILLING * 9 + SURNAME.encode())))
    encodings = {hit.encoding for hit in search(tmp_path, matcher, shared_session).hits}
    assert f"plain in {inner} in {outer}" in encodings


def test_every_table_of_a_duckdb_file_is_read(matcher: Matcher, session: Session, tmp_path: Path) -> None:
    path = tmp_path / "plain.duckdb"
    session.run(f"ATTACH {literal(path)} AS made", step="make it")
    session.run("CREATE SCHEMA made.s", step="make it")
    session.run("CREATE TABLE made.s.t AS SELECT 1 AS n, DATE '1961-03-02' AS d", step="make it")
    session.run("CREATE TABLE made.b AS SELECT CAST('Quillfeather' AS BLOB) AS b, [9434765919] AS l", step="make it")
    session.run("DETACH made", step="make it")
    assert {hit.kind for hit in search(tmp_path, matcher, session).hits} == {"surname", "date of birth", "NHS number"}


def test_an_encrypted_file_is_read_only_with_its_key(matcher: Matcher, session: Session, tmp_path: Path) -> None:
    secret = b64encode(bytes(32)).decode()
    path, parquet = tmp_path / "sealed.duckdb", tmp_path / "sealed.parquet"
    session.run(f"ATTACH {literal(path)} AS made (ENCRYPTION_KEY {literal(secret)})", step="make it")
    session.run("CREATE TABLE made.t AS SELECT 'Quillfeather' AS a", step="make it")
    session.run("DETACH made", step="make it")
    session.run(f"PRAGMA add_parquet_key('k', {literal(secret)})", step="make it")
    session.run(
        f"COPY (SELECT 'Quillfeather' AS a) TO {literal(parquet)} (ENCRYPTION_CONFIG {{footer_key: 'k'}})",
        step="make it",
    )
    without = search(tmp_path, matcher, session)
    assert (without.hits, without.as_bytes_only) == ([], [str(path)])
    relation = f"read_parquet({literal(parquet)}, encryption_config = {{footer_key: 'k'}})"
    opened = search(tmp_path, matcher, session, Keys({parquet: relation}, {path: secret}))
    assert {hit.encoding for hit in opened.hits} == {"plain in DuckDB", "plain in Parquet"}
    assert opened.as_bytes_only == []


def test_a_value_across_two_reads_is_found(matcher: Matcher) -> None:
    for cut in range(1, len(SURNAME)):
        text = SURNAME.encode()
        chunks = [FILLING + text[:cut], text[cut:] + FILLING]
        assert len({each.canary for each in matcher.found(chunks)}) == 1


def test_a_short_value_at_the_edges_of_reads_is_judged_by_what_stands_around_it(matcher: Matcher) -> None:
    assert matcher.found([b"at QZ28PP", b" now"])
    assert not matcher.found([b"at QZ28PP", b"X now"])
    assert not matcher.found([b"at QZ28PP\x00\x99"])


def test_a_file_named_for_a_person_is_told_without_its_name(
    matcher: Matcher, shared_session: Session, tmp_path: Path
) -> None:
    (tmp_path / f"{SURNAME}.txt").write_text("nothing")
    (hit,) = search(tmp_path, matcher, shared_session).hits
    assert (hit.where, hit.encoding) == (UNNAMED, "a file's name")


def test_nothing_that_is_told_quotes_a_value(matcher: Matcher, shared_session: Session, tmp_path: Path) -> None:
    (tmp_path / "file").write_text(f"{SURNAME} 9434765919")
    searched = search(tmp_path, matcher, shared_session)
    told = str(searched) + repr(CANARIES) + repr(list(matcher.found([SURNAME.encode()])))
    assert len(searched.hits) == 2
    assert SURNAME not in told
    assert "9434765919" not in told


def test_files_left_out_and_links_are_not_searched(matcher: Matcher, shared_session: Session, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "file").write_text(SURNAME)
    (tmp_path / "link").symlink_to(tmp_path / "out" / "file")
    without = frozenset({tmp_path / "out"})
    searched = search_folders("here", [tmp_path], matcher, Reader(shared_session), without=without)
    assert (searched.files, searched.hits) == (0, [])


def test_a_value_that_is_not_thorough_is_looked_for_in_plain_alone() -> None:
    matcher = Matcher([Canary("surname", (SURNAME,), thorough=False)])
    assert matcher.patterns == 1
    assert matcher.found([SURNAME.upper().encode()])
    assert not matcher.found([codecs.encode(SURNAME.encode(), "hex")])
