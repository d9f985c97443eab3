"""What is looked for, and every form in which it could lie somewhere: plain, UTF-16, escaped, hex, base64."""

import html
import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote, quote_plus

SHORTEST = 6
"""Bytes below which a form would be found everywhere by chance."""
SHORT = 9
"""Bytes below which a form counts only as a word within text: encrypted bytes hold every short form somewhere."""
NAME_SEPARATORS = (" ", ",", ", ", '","', "', '", '", "', "|", "\t", ";", "\x1f")
"""What stands between two names in texts, CSV, tuples, JSON and the tables that are read here."""


@dataclass(frozen=True)
class Canary:
    """One value that must be nowhere else: its kind, and the texts or bytes that each betray it; repr shows no value.

    Where it is not `thorough` it is looked for in plain alone, in any case of letters.
    """

    kind: str
    forms: tuple[str | bytes, ...]
    thorough: bool = True

    def __repr__(self) -> str:
        return f"Canary({self.kind})"


@dataclass(frozen=True)
class Pattern:
    """Bytes that betray a canary (by its number), and the encoding they are in."""

    content: bytes
    canary: int
    encoding: str
    as_word: bool = False
    """Whether it counts only where letters and digits do not go on beside it."""

    def __repr__(self) -> str:
        return f"Pattern({self.encoding} of {self.canary})"


def plain(kind: str, value: str, *, thorough: bool = True) -> Canary:
    """A canary of one text."""
    return Canary(kind, (value,), thorough)


def key(kind: str, secret: bytes) -> Canary:
    """A canary of secret bytes."""
    return Canary(kind, (secret,))


def date_of_birth(born: date, *, thorough: bool = True) -> Canary:
    """A date in every form in which it is written out."""
    month, short = born.strftime("%B"), born.strftime("%b")
    forms = {
        f"{born:{pattern}}"
        for pattern in ("%Y-%m-%d", "%Y%m%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "%d%m%Y", "%m/%d/%Y")
    }
    forms |= {f"{day} {name} {born.year}" for day in (f"{born.day:02}", str(born.day)) for name in (month, short)} | {
        f"{short} {born.day:02}, {born.year}",
        f"{month} {born.day}, {born.year}",
        f"{born:%d-%b-%Y}",
    }
    forms.add(f"date({born.year}, {born.month}, {born.day})")
    return Canary("date of birth", tuple(sorted(forms)), thorough)


def nhs_number(digits: str, *, thorough: bool = True) -> Canary:
    """Ten digits, in one and in groups."""
    groups = (digits[:3], digits[3:6], digits[6:])
    return Canary("NHS number", (digits, " ".join(groups), "-".join(groups)), thorough)


def postcode(text: str, *, thorough: bool = True) -> Canary:
    """A postcode with its space and without."""
    compact = text.replace(" ", "")
    return Canary("postcode", (f"{compact[:-3]} {compact[-3:]}", compact), thorough)


def full_name(forename: str, surname: str, *, thorough: bool = True) -> Canary:
    """Given name and surname, either first, with whatever stands between them."""
    both = ((forename, surname), (surname, forename))
    return Canary("full name", tuple(mark.join(pair) for mark in NAME_SEPARATORS for pair in both), thorough)


def folded_patterns(canaries: Iterable[Canary]) -> Iterator[Pattern]:
    """Patterns to be looked for in bytes whose ASCII letters are in lower case."""
    for number, canary in enumerate(canaries):
        seen: set[bytes] = set()
        for content, encoding, short in _folded(canary):
            if len(content) >= SHORTEST and content not in seen:
                seen.add(content)
                yield Pattern(content, number, encoding, short)


def exact_patterns(canaries: Iterable[Canary]) -> Iterator[Pattern]:
    """Patterns to be looked for in bytes as they are: base64, which knows its cases, and raw key bytes."""
    for number, canary in enumerate(canaries):
        for form in canary.forms if canary.thorough else ():
            if isinstance(form, bytes):
                yield Pattern(form, number, "plain")
                yield Pattern(repr(form)[2:-1].encode(), number, "escaped")
            for each in {piece for raw in _written(form) for piece in _base64(raw)}:
                yield Pattern(each, number, "base64")


def _folded(canary: Canary) -> Iterator[tuple[bytes, str, bool]]:
    """Content, encoding, and whether it only counts as a word."""
    for form in canary.forms:
        if isinstance(form, bytes):
            yield form.hex().encode(), "hex", False
            continue
        cases = {form, form.lower(), form.upper()}
        for text in cases:
            word = len(text) < SHORT or text[0].isdecimal() or text[-1].isdecimal()
            yield text.encode().lower(), "plain", word
        if not canary.thorough:
            continue
        for text in cases:
            for escaped in (json.dumps(text)[1:-1], html.escape(text), quote(text), quote_plus(text)):
                if escaped != text:
                    yield escaped.encode().lower(), "escaped", False
            # Without its last NUL what is little-endian stands in big-endian text too, where all is ASCII.
            yield text.encode("utf-16-le").lower().removesuffix(b"\0"), "UTF-16", False
            if not text.isascii():
                yield text.encode("utf-16-be").lower(), "UTF-16", False
        for raw in _written(form):
            yield raw.hex().encode(), "hex", False


def _written(form: str | bytes) -> set[bytes]:
    """The bytes that an encoder would be given: as recorded, or in the cases that people and programs make of it."""
    if isinstance(form, bytes):
        return {form}
    return {form.encode(), form.lower().encode(), form.upper().encode(), form.title().encode()}


def _base64(raw: bytes) -> Iterator[bytes]:
    """The base64 digits that are the bytes' own, wherever within three bytes they begin, in both alphabets."""
    for before in range(3):
        encoded = b64encode(b"\0" * before + raw)
        # Digits that share bits with what stands before or behind are not the value's own.
        own = encoded[-(-8 * before // 6) : 8 * (before + len(raw)) // 6]
        if len(own) >= SHORT:
            yield own
            yield own.translate(bytes.maketrans(b"+/", b"-_"))
