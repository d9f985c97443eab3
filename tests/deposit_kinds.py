"""Every kind of deposit that was tried, and what its depositor reads; `docs/deposit-errors.md` is made of it.

`python -m tests.deposit_kinds` writes the document. Each kind is one change to the good deposit of `deposit_builder`.
"""

import gzip
import io
import json
import stat
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from fjo_pipeline.core.deposits import MANIFEST
from tests.deposit_builder import (
    CARERS,
    CLIENTS,
    PLACES,
    TINY,
    VISITS,
    manifest,
    with_lines,
    write_csvs,
    write_deposit,
    write_zip,
)

DATASET, REFRESH = "tiny", "20240111"
DOCUMENT = Path(__file__).parent.parent / "docs" / "deposit-errors.md"
TAKEN = ""
"""What is said of a deposit that is taken: nothing."""


@dataclass(frozen=True)
class Kind:
    """One kind of deposit: how it is laid into its dataset's folder in landing, and what is said of it."""

    group: str
    what: str
    says: str
    lay: Callable[[Path], object]

    @property
    def taken(self) -> bool:
        """Whether it is taken as it is."""
        return self.says == TAKEN


def file(name: str, content: str | bytes) -> Callable[[Path], object]:
    """The good deposit with another file in the place of one, or beside them; its manifest vouches for it."""
    return lambda landing: write_deposit(landing / REFRESH, TINY | {name: content})


def without(name: str) -> Callable[[Path], object]:
    """The good deposit without one of its files, of which its manifest does not speak either."""
    return lambda landing: write_deposit(landing / REFRESH, {each: csv for each, csv in TINY.items() if each != name})


def saying(change: dict[str, Any]) -> Callable[[Path], object]:
    """The good files under a manifest with other entries."""
    return raw_manifest(json.dumps(manifest(TINY) | change))


def saying_of_clients(change: Mapping[str, Any]) -> Callable[[Path], object]:
    """The good files under a manifest that says something else of CLIENTS.csv."""
    resources: Any = manifest(TINY)["resources"]
    others = [each | change if each["path"] == "CLIENTS.csv" else each for each in resources]
    return saying({"resources": others})


def raw_manifest(content: str | bytes) -> Callable[[Path], object]:
    """The good files under a manifest of these bytes."""

    def lay(landing: Path) -> None:
        write_csvs(landing / REFRESH, TINY)
        (landing / REFRESH / MANIFEST).write_bytes(content.encode() if isinstance(content, str) else content)

    return lay


def spoilt(spoil: Callable[[Path], object]) -> Callable[[Path], object]:
    """The good deposit, changed on disk after its manifest was written."""
    return lambda landing: spoil(write_deposit(landing / REFRESH, TINY))


def zipped(members: Callable[[], Mapping[str, str | bytes]]) -> Callable[[Path], object]:
    """A zip of these members, laid into landing."""
    return lambda landing: write_zip(landing / f"{REFRESH}.zip", members())


def zip_of(content: Callable[[], bytes]) -> Callable[[Path], object]:
    """These bytes, laid into landing as a zip."""

    def lay(landing: Path) -> None:
        landing.mkdir(parents=True, exist_ok=True)
        (landing / f"{REFRESH}.zip").write_bytes(content())

    return lay


def good_members(folder: str = "") -> dict[str, str | bytes]:
    """What the good deposit's zip holds."""
    return {f"{folder}{name}": csv for name, csv in (TINY | {MANIFEST: json.dumps(manifest(TINY))}).items()}


def climbing(path: str) -> dict[str, str | bytes]:
    """What a zip with a member at this path holds."""
    return good_members() | {path: CLIENTS}


def packed(**options: Any) -> bytes:
    """The good deposit's zip as bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", **options) as archive:
        for name, content in good_members().items():
            archive.writestr(name, content)
    return target.getvalue()


def with_link() -> bytes:
    """A zip in which CLIENTS.csv is a symbolic link."""
    target, link = io.BytesIO(), zipfile.ZipInfo("CLIENTS.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    return target.getvalue()


def encrypted() -> bytes:
    """A zip whose members say that they are encrypted."""
    raw = bytearray(packed())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = raw.find(mark)
        while place >= 0:
            raw[place + at] |= 1
            place = raw.find(mark, place + 4)
    return bytes(raw)


def linked(folder: Path) -> None:
    """CLIENTS.csv lies elsewhere, and a symbolic link in its place."""
    (folder / "CLIENTS.csv").rename(folder.parent.parent / "elsewhere.csv")
    (folder / "CLIENTS.csv").symlink_to(folder.parent.parent / "elsewhere.csv")


def as_folder(folder: Path) -> None:
    """A folder lies in the place of CLIENTS.csv."""
    (folder / "CLIENTS.csv").unlink()
    (folder / "CLIENTS.csv").mkdir()


def cut(name: str, by: int) -> Callable[[Path], object]:
    """The end of a file is gone."""
    return spoilt(lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-by]))


def client(**values: str) -> str:
    """One more row of CLIENTS, good but for these values; it stands on line 5."""
    good = {"ID": "C0004", "SURNAME": "Thimble"}
    columns = CLIENTS.splitlines()[0].split(",")
    return with_lines(CLIENTS, ",".join((good | values).get(each, "") for each in columns))


def visit(**values: str) -> str:
    """One more row of VISITS, good but for these values; it stands on line 6."""
    good = {"VISIT": "v-9", "PERSON": "C0001"}
    columns = VISITS.splitlines()[0].split(",")
    return with_lines(VISITS, ",".join((good | values).get(each, "") for each in columns))


def kinds() -> Iterator[Kind]:
    """All of them, group by group."""
    for group, members in (
        ("Encodings and bytes", _encodings()),
        ("Columns and rows", _columns_and_rows()),
        ("Values", _values()),
        ("Keys and references", _keys()),
        ("Files and manifest", _manifests()),
        ("Zips", _zips()),
    ):
        for what, says, lay in members:
            yield Kind(group, what, says, lay)


UNUSABLE_ZIP = "the .zip cannot be unpacked, or holds no datapackage.json: pack it again"
Members = Iterator[tuple[str, str, Callable[[Path], object]]]

HEADER = "CLIENTS.csv, line 1: the file has no header in UTF-8"
NOT_UTF8 = "CLIENTS.csv, line 5, column SURNAME: the text is not UTF-8"
NUL = "CLIENTS.csv, line 5: the file holds a NUL byte"
QUOTE = "CLIENTS.csv, line 5, column SURNAME: a quote is not closed"


def _encodings() -> Members:
    latin = with_lines(CLIENTS, "C0004,Zoë,,,,").encode("latin-1")
    yield "accents in UTF-8", TAKEN, file("CLIENTS.csv", client(SURNAME="Zoë"))
    yield "text in any script", TAKEN, file("CLIENTS.csv", client(SURNAME="李 Ñandú Иван عمر 👶"))
    yield "a UTF-8 byte order mark", TAKEN, file("CLIENTS.csv", "\ufeff" + CLIENTS)
    yield (
        "two byte order marks",
        "CLIENTS.csv, line 1, column (unnamed): the contract has no such column",
        file("CLIENTS.csv", "\ufeff\ufeff" + CLIENTS),
    )
    yield "Latin-1 or Windows-1252", NOT_UTF8, file("CLIENTS.csv", latin)
    yield "UTF-16 with its mark", HEADER, file("CLIENTS.csv", CLIENTS.encode("utf-16"))
    yield (
        "UTF-16 without a mark",
        "CLIENTS.csv, line 1, column ID: the column is missing",
        file("CLIENTS.csv", CLIENTS.encode("utf-16-le")),
    )
    yield (
        "UTF-32",
        HEADER,
        file("CLIENTS.csv", CLIENTS.encode("utf-32")),
    )
    yield "EBCDIC", HEADER, file("CLIENTS.csv", CLIENTS.encode("cp500"))
    yield (
        "half of a character at the end",
        "the text is not UTF-8",
        file("CLIENTS.csv", with_lines(CLIENTS, "C0004,Zo").encode()[:-1] + b"\xc3"),
    )
    yield (
        "surrogates written as UTF-8",
        NOT_UTF8,
        file("CLIENTS.csv", with_lines(CLIENTS, "C0004,\ud800,,,,").encode("utf-8", "surrogatepass")),
    )
    yield "a NUL byte", NUL, file("CLIENTS.csv", client(SURNAME="Thim\0ble"))
    yield "other control characters in a name", TAKEN, file("CLIENTS.csv", client(SURNAME="Thim\x07\x1bble"))
    yield "an empty file", HEADER, file("CLIENTS.csv", "")
    yield "one byte", "CLIENTS.csv, line 1, column ID: the column is missing", file("CLIENTS.csv", "x")
    yield "only line ends", HEADER, file("CLIENTS.csv", "\n\n\n")
    yield "random bytes", HEADER, file("CLIENTS.csv", bytes(range(128, 256)) * 4)
    yield "a gzip under the name of a CSV", HEADER, file("CLIENTS.csv", gzip.compress(CLIENTS.encode(), mtime=0))
    yield (
        "a spreadsheet under the name of a CSV",
        "CLIENTS.csv, line 1",
        file("CLIENTS.csv", packed(compression=zipfile.ZIP_DEFLATED)),
    )


def _columns_and_rows() -> Members:
    lines = CLIENTS.splitlines()
    swapped = "\n".join([lines[0], *lines[:0:-1]]) + "\n"
    reordered = "BORN,ID,SURNAME\n1979-11-05,C0009,Oddcastle\n"
    yield "Windows line ends", TAKEN, file("CLIENTS.csv", CLIENTS.replace("\n", "\r\n"))
    yield "old Macintosh line ends", HEADER, file("CLIENTS.csv", CLIENTS.replace("\n", "\r"))
    yield "line ends of both kinds", "CLIENTS.csv", file("CLIENTS.csv", CLIENTS.replace("\nC0002", "\r\nC0002"))
    yield "no line end at the end", TAKEN, file("CLIENTS.csv", CLIENTS.rstrip("\n"))
    yield "empty lines between rows", TAKEN, file("CLIENTS.csv", CLIENTS.replace("\nC0002", "\n\n\nC0002"))
    yield "a line of spaces", "CLIENTS.csv, line 5", file("CLIENTS.csv", with_lines(CLIENTS, "   "))
    yield "rows in another order", TAKEN, file("CLIENTS.csv", swapped)
    yield "columns in another order", TAKEN, file("CARERS.csv", reordered)
    yield "a table without a row", TAKEN, file("VISITS.csv", VISITS.splitlines()[0] + "\n")
    yield "every value in quotes", TAKEN, file("PLACES.csv", '"ID","NAME"\n"1","North"\n"2","South"\n')
    yield (
        "commas, quotes and line breaks in quotes",
        TAKEN,
        file("CLIENTS.csv", client(SURNAME='"Thimble, ""Jr""\nof Oddcastle"')),
    )
    yield "a quote that is not closed", QUOTE, file("CLIENTS.csv", with_lines(CLIENTS, 'C0004,"Thimble,,,,'))
    yield "a quote in the middle of a value", TAKEN, file("CLIENTS.csv", client(SURNAME='O"Thimble'))
    yield "text behind a closing quote", "CLIENTS.csv, line 5", file("CLIENTS.csv", client(SURNAME='"Thimble" x'))
    yield "semicolons for commas", "CLIENTS.csv, line 1", file("CLIENTS.csv", CLIENTS.replace(",", ";"))
    yield "tabs for commas", "CLIENTS.csv, line 1", file("CLIENTS.csv", CLIENTS.replace(",", "\t"))
    yield (
        "no header",
        "CLIENTS.csv, line 1, column ID: the column is missing",
        file("CLIENTS.csv", "\n".join(lines[1:]) + "\n"),
    )
    yield "the header twice", "CLIENTS.csv, line 2", file("CLIENTS.csv", "\n".join([lines[0], *lines]) + "\n")
    yield (
        "a column that the contract does not have",
        ("CLIENTS.csv, line 1, column NHS: the contract has no such column"),
        file("CLIENTS.csv", "\n".join([f"{lines[0]},NHS", *(f"{line},1" for line in lines[1:])]) + "\n"),
    )
    yield (
        "a column twice",
        "CLIENTS.csv, line 1, column ID: the column stands twice",
        file("CLIENTS.csv", "\n".join(f"{line},ID" for line in lines) + "\n"),
    )
    yield "a missing column", "PLACES.csv, line 1, column NAME: the column is missing", file("PLACES.csv", "ID\n1\n2\n")
    yield (
        "a column in lower case",
        "PLACES.csv, line 1, column name: the contract has no such column",
        file("PLACES.csv", PLACES.replace("NAME", "name")),
    )
    yield (
        "spaces around a column's name",
        "PLACES.csv, line 1, column (unnamed): the contract has no such column",
        file("PLACES.csv", PLACES.replace("NAME", " NAME ")),
    )
    yield (
        "SQL for a column's name",
        "PLACES.csv, line 1, column (unnamed): the contract has no such column",
        file("PLACES.csv", PLACES.replace("NAME", 'NAME"); DROP TABLE x; --')),
    )
    yield "a comma at the end of each row", "CLIENTS.csv, line 1", file("CLIENTS.csv", CLIENTS.replace("\n", ",\n"))
    yield (
        "a row with too few values",
        "CLIENTS.csv, line 5, column FORENAME: the row has too few columns",
        file("CLIENTS.csv", with_lines(CLIENTS, "C0004,Thimble")),
    )
    yield (
        "a row with too many values",
        "CLIENTS.csv, line 5: the row has too many columns",
        file("CLIENTS.csv", with_lines(CLIENTS, "C0004,Thimble,,,,,x")),
    )
    yield "a comment above the header", "CLIENTS.csv, line 1", file("CLIENTS.csv", f"# made today\n{CLIENTS}")
    yield "a sum below the rows", "CLIENTS.csv, line 5", file("CLIENTS.csv", with_lines(CLIENTS, "Total: 3"))
    yield "a value of a million characters", TAKEN, file("CLIENTS.csv", client(SURNAME="T" * 1_000_000))
    yield (
        "a value of ten million characters",
        "CLIENTS.csv: the line is longer than any row can be",
        file("CLIENTS.csv", client(SURNAME="T" * 10_000_000)),
    )
    yield (
        "a hundred thousand columns",
        "CLIENTS.csv, line 1",
        file("CLIENTS.csv", ",".join(f"COLUMN_{number}" for number in range(100_000)) + "\n"),
    )
    yield "empty values beyond the last column", TAKEN, file("CLIENTS.csv", with_lines(CLIENTS, "C0004,Thimble,,,,,,,"))
    yield (
        "a hundred thousand commas in a row",
        "CLIENTS.csv, line 5, column ID: a required value is empty",
        file("CLIENTS.csv", with_lines(CLIENTS, "," * 100_000)),
    )


def _values() -> Members:
    no_date = "VISITS.csv, line 6, column SEEN: the value is no calendar date (YYYY-MM-DD)"
    for what, text in (
        ("a day that is not in the calendar", "2023-02-29"),
        ("month 13", "2023-13-01"),
        ("a British date", "29/02/2024"),
        ("an American date", "02/29/2024"),
        ("a date without its century", "24-02-29"),
        ("a date without hyphens", "20240229"),
        ("a date without leading zeros", "2024-2-9"),
        ("a date with a time", "2024-02-29 00:00:00"),
        ("an ISO time stamp", "2024-02-29T00:00:00Z"),
        ("a month in letters", "29 Feb 2024"),
        ("a spreadsheet's day number", "45351"),
        ("infinity for a date", "infinity"),
        ("a date of year 0", "0000-01-01"),
        ("a year of five digits", "12024-01-01"),
        ("the word NULL", "NULL"),
        ("a space for an empty date", '" "'),
    ):
        yield what, no_date, file("VISITS.csv", visit(SEEN=text))
    no_whole = "VISITS.csv, line 6, column SCORE: the value is no whole number"
    for what, text in (
        ("a whole number with decimals", "3.0"),
        ("a whole number in scientific writing", "1E+1"),
        ("a number with leading zeros", "007"),
        ("a number with a thousands comma", '"1,000"'),
        ("a number in hexadecimal", "0x10"),
        ("a number in other digits", "٣"),
        ("a number in words", "three"),
        ("a number with a space", '" 3"'),
        ("a number beyond 64 bits", "9" * 25),
    ):
        yield what, no_whole, file("VISITS.csv", visit(SCORE=text))
    yield (
        "a number above the contract's most",
        "VISITS.csv, line 6, column SCORE: the number is above 10",
        file("VISITS.csv", visit(SCORE="11")),
    )
    yield (
        "a negative number",
        "VISITS.csv, line 6, column SCORE: the number is below 0",
        file("VISITS.csv", visit(SCORE="-1")),
    )
    no_number = "VISITS.csv, line 6, column PRICE: the value is no number"
    yield "an infinite number", no_number, file("VISITS.csv", visit(PRICE="inf"))
    yield "not a number", no_number, file("VISITS.csv", visit(PRICE="NaN"))
    yield "a currency", no_number, file("VISITS.csv", visit(PRICE="£3.50"))
    yield (
        "yes for true",
        "VISITS.csv, line 6, column OPEN: the value is neither true nor false",
        file("VISITS.csv", visit(OPEN="yes")),
    )
    yield (
        "1 for true",
        "VISITS.csv, line 6, column OPEN: the value is neither true nor false",
        file("VISITS.csv", visit(OPEN="1")),
    )
    yield "TRUE for true", TAKEN, file("VISITS.csv", visit(OPEN="TRUE"))
    yield (
        "an unknown code",
        "VISITS.csv, line 6, column KIND: the value is none of the contract's codes",
        file("VISITS.csv", visit(KIND="castle")),
    )
    yield (
        "a code in capitals",
        "VISITS.csv, line 6, column KIND: the value is none of the contract's codes",
        file("VISITS.csv", visit(KIND="HOME")),
    )
    yield (
        "a code with a space behind it",
        "column KIND: the value is none of the contract's codes",
        file("VISITS.csv", visit(KIND="home ")),
    )
    yield (
        "a text that has not the pattern",
        "column CODE: the value does not have the contract's pattern",
        file("VISITS.csv", visit(CODE="ab")),
    )
    yield (
        "an empty required value",
        "CLIENTS.csv, line 5, column SURNAME: a required value is empty",
        file("CLIENTS.csv", client(SURNAME="")),
    )
    hidden = "VISITS.csv, line 6, column REMARK: identifiers under a content column: the value looks like "
    for what, text, looks in (
        ("a postcode in a remark", "SA2 8PP", "a full postcode"),
        ("a postcode within a longer remark", "moved to SA28PP in May", "a full postcode"),
        ("an NHS number in a remark", "999 123 4500", "an NHS number with its check digit"),
        ("an e-mail address in a remark", "ada@example.org", "an e-mail address"),
        ("a telephone number in a remark", "07700 900123", "a telephone number"),
    ):
        yield what, hidden + looks, file("VISITS.csv", visit(REMARK=text))
    yield (
        "whole names in a remark",
        "VISITS.csv, line 6, 7, column REMARK: identifiers under a content column: the value is the whole name or the "
        "address of somebody (2 times)",
        file(
            "VISITS.csv",
            with_lines(VISITS, "v-5,C0001,,,,,,,,,Bo Quillfeather,", 'v-6,C0001,,,,,,,,,"Quillfeather, Bo",'),
        ),
    )
    yield "a spreadsheet formula in a text", TAKEN, file("VISITS.csv", visit(REMARK="=cmd|' /C calc'!A0"))
    yield "SQL in a text", TAKEN, file("CLIENTS.csv", client(SURNAME="Thimble'); DROP TABLE clients; --"))
    yield "HTML in a text", TAKEN, file("VISITS.csv", visit(REMARK="<script>alert(1)</script>"))
    yield "a year of birth in another century", TAKEN, file("CLIENTS.csv", client(BORN="2985-01-31"))
    yield (
        "a date of birth that is in no calendar",
        "CLIENTS.csv, line 5, column BORN: the value is no calendar date",
        (file("CLIENTS.csv", client(BORN="1985-02-30"))),
    )


def _keys() -> Members:
    yield "a row twice", TAKEN, file("CLIENTS.csv", with_lines(CLIENTS, CLIENTS.splitlines()[1]))
    yield (
        "one key on rows that differ",
        "CLIENTS.csv, line 3, 5, column ID: the key stands on rows that differ",
        file("CLIENTS.csv", client(ID="C0002")),
    )
    yield (
        "an empty key",
        "CLIENTS.csv, line 5, column ID: a required value is empty",
        file("CLIENTS.csv", client(ID="")),
    )
    yield (
        "a key without its pattern",
        "CLIENTS.csv, line 5, column ID: the key does not have the contract's pattern",
        (file("CLIENTS.csv", client(ID="D0004"))),
    )
    yield (
        "a key with a space",
        "CLIENTS.csv, line 5, column ID: the key does not have the contract's pattern",
        file("CLIENTS.csv", client(ID="C0004 ")),
    )
    yield (
        "a key in the digits of another script",
        "column ID: the key does not have the contract's pattern",
        file("CLIENTS.csv", client(ID="C000٤")),
    )
    yield (
        "a key of 15 digits",
        "column FAMILY: a key is a whole number of at most 14 digits",
        file("VISITS.csv", visit(FAMILY="100000000000000")),
    )
    yield (
        "a negative key",
        "column FAMILY: a key is a whole number of at most 14 digits",
        file("VISITS.csv", visit(FAMILY="-5")),
    )
    yield (
        "a key that a spreadsheet has rounded",
        "column FAMILY: the value is no whole number",
        file("VISITS.csv", visit(FAMILY="1.23E+13")),
    )
    yield (
        "a person who is not there",
        "column PERSON: the value refers to no row of CLIENTS.csv or CARERS.csv",
        file("VISITS.csv", visit(PERSON="C0099")),
    )
    yield (
        "a code that no lookup has",
        "column PLACE: the value refers to no row of PLACES.csv, column ID",
        file("VISITS.csv", visit(PLACE="7")),
    )
    yield (
        "a person in two tables of people",
        "CLIENTS.csv, column ID: the person stands in CARERS.csv too",
        file("CARERS.csv", with_lines(CARERS, "C0001,Oddcastle,")),
    )
    yield (
        "a lookup that loses a row in use",
        "column PLACE: the value refers to no row of PLACES.csv",
        file("PLACES.csv", "ID,NAME\n2,South\n"),
    )
    yield (
        "ten thousand rows that are all bad",
        "CLIENTS.csv, line 5, 6, 7, 8, 9, column BORN",
        file("CLIENTS.csv", with_lines(CLIENTS, *(f"C{number:04},Thimble,,x,," for number in range(10, 9_999)))),
    )


def _manifests() -> Members:
    yield "a missing table", "VISITS.csv: the table is missing from the deposit", without("VISITS.csv")
    yield "an unknown table", "SECRETS.csv: the contract tiny has no such table", file("SECRETS.csv", "ID\n")
    yield "a file that is cut off", "VISITS.csv has ", cut("VISITS.csv", 7)
    yield (
        "a file that was changed",
        "CLIENTS.csv has another SHA-256 than datapackage.json says",
        spoilt(lambda folder: (folder / "CLIENTS.csv").write_text(CLIENTS.replace("Ada", "Eda"))),
    )
    yield (
        "a file that has grown",
        "CLIENTS.csv has ",
        spoilt(lambda folder: (folder / "CLIENTS.csv").write_text(CLIENTS + "\n")),
    )
    yield (
        "a file that did not come",
        "CLIENTS.csv is not there, though datapackage.json names it",
        spoilt(lambda folder: (folder / "CLIENTS.csv").unlink()),
    )
    yield (
        "a file of which the manifest does not speak",
        "a CSV file lies in the deposit that",
        spoilt(lambda folder: (folder / "EXTRA.csv").write_text("ID\n")),
    )
    yield "a symbolic link for a file", "CLIENTS.csv is not there", spoilt(linked)
    yield (
        "a folder for a file",
        "CLIENTS.csv is not there",
        spoilt(as_folder),
    )
    yield (
        "a file beside the CSVs that is no CSV",
        TAKEN,
        spoilt(lambda folder: (folder / "letter.txt").write_text("Dear engineer")),
    )
    yield "no JSON for a manifest", "datapackage.json is not usable: it is no JSON in UTF-8", raw_manifest("{")
    yield "a manifest that is a list", "datapackage.json is not usable", raw_manifest("[]")
    yield "a manifest nested a hundred thousand deep", "it is no JSON in UTF-8", raw_manifest("[" * 100_000)
    yield "a manifest in Latin-1", "it is no JSON in UTF-8", raw_manifest('{"name": "Zoë"}'.encode("latin-1"))
    yield "a manifest of a megabyte and more", "datapackage.json is larger than", raw_manifest(" " * 1_000_001)
    yield "a manifest of another dataset", "datapackage.json says houses/20240111", saying({"name": "houses"})
    yield "a manifest of another date", "datapackage.json says tiny/20240112", saying({"version": "20240112"})
    yield "a refresh date with hyphens", "version: ", saying({"version": "2024-01-11"})
    yield "a name with a path in it", "name: ", saying({"name": "../tiny"})
    yield "no resources", "resources: ", saying({"resources": []})
    yield "a file outside the deposit", "path: ", saying_of_clients({"path": "../CLIENTS.csv"})
    yield "a file by its whole path", "path: ", saying_of_clients({"path": "/etc/passwd.csv"})
    yield "a hash that is not SHA-256", "hash: ", saying_of_clients({"hash": "md5:" + "0" * 32})
    yield "a wrong hash", "CLIENTS.csv has another SHA-256", saying_of_clients({"hash": "sha256:" + "0" * 64})
    yield "a wrong size", "CLIENTS.csv has ", saying_of_clients({"bytes": 1})
    yield "a negative size", "bytes: ", saying_of_clients({"bytes": -1})
    yield (
        "an increment of a dataset that comes whole",
        "the contract tiny takes full deposits only",
        saying({"delivery": "increment", "base": "20230111"}),
    )


def _zips() -> Members:
    yield "a zip of the files", TAKEN, zipped(good_members)
    yield "a zip of the folder", TAKEN, zipped(lambda: good_members("deposit/"))
    yield (
        "a zip with a letter beside the files",
        TAKEN,
        zipped(lambda: good_members() | {"letter.txt": "Dear engineer"}),
    )
    yield "a zip that is cut off", UNUSABLE_ZIP, zip_of(lambda: packed()[: len(packed()) // 2])
    yield "a zip that was changed", UNUSABLE_ZIP, zip_of(lambda: packed().replace(b"Quillfeather", b"Quillfeathex"))
    yield "an empty zip", UNUSABLE_ZIP, zipped(dict)
    yield "no zip under its name", UNUSABLE_ZIP, zip_of(lambda: b"no zip")
    yield "an encrypted zip", UNUSABLE_ZIP, zip_of(encrypted)
    yield "a zip bomb", UNUSABLE_ZIP, zipped(lambda: good_members() | {"x.csv": b"0" * 40_000_000})
    yield "a zip of two thousand files", UNUSABLE_ZIP, zipped(lambda: {f"{number}.csv": "" for number in range(2_000)})
    for path in ("../CLIENTS.csv", "a/../../CLIENTS.csv", "/tmp/CLIENTS.csv", "..\\CLIENTS.csv"):
        yield (
            f"a path that climbs out of a zip: {path}",
            UNUSABLE_ZIP,
            zipped(partial(climbing, path)),
        )
    yield "a symbolic link in a zip", UNUSABLE_ZIP, zip_of(with_link)
    yield "a zip in a zip", UNUSABLE_ZIP, zipped(lambda: {"deposit.zip": packed()})
    yield "a zip without a manifest", UNUSABLE_ZIP, zipped(lambda: dict(TINY))


def document() -> str:
    """`docs/deposit-errors.md`."""
    made, lines = list(kinds()), []
    refused = sum(not each.taken for each in made)
    for group, members in groupby(made, key=lambda each: each.group):
        lines += [f"## {group}", "", "| what came | what is said of it |", "|---|---|"]
        lines += [f"| {each.what} | {_cell(each.says) if each.says else 'taken'} |" for each in members]
        lines.append("")
    return (
        "# What is said of a wrong deposit\n\n"
        f"Made by `python -m tests.deposit_kinds` from the {len(made)} deposits of `tests/deposit_kinds.py`, "
        "each of which `tests/integration/test_deposit_kinds.py` lays into landing and has taken: "
        f"{refused} are refused whole and {len(made) - refused} are taken as they are. A refused deposit moves to "
        "quarantine with `report.txt` and `report.json`; nothing of it goes further, and no report shows a value.\n\n"
        "What a report says begins with, or holds, the words at the right; names of files, columns and lines are "
        "those of the tests' own small dataset.\n\n"
    ) + "\n".join(lines)


def _cell(says: str) -> str:
    return f"`{says.strip()}`"


if __name__ == "__main__":
    DOCUMENT.write_text(document())
