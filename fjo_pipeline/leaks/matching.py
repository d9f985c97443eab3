"""All canaries looked for at once in streams of bytes (Aho-Corasick), in bounded memory, packed ones too."""

import re
import zlib
from base64 import b64decode
from binascii import Error as NoBase64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ahocorasick_rs import BytesAhoCorasick

from fjo_pipeline.leaks.encodings import SHORT, Canary, Pattern, exact_patterns, folded_patterns

CONTEXT = 4
"""Bytes on either side that must be text for a short form to count."""
PACKED_AHEAD = 1 << 18
"""How much of a piece of compressed data, from its first byte, is sure to be in one buffer."""
MOST_PACKED, MOST_UNPACKED = 1 << 22, 1 << 24
PACKED = re.compile(rb"x[\x01\x5e\x9c\xda]|\x1f\x8b\x08")
"""How zlib's and gzip's streams begin."""
PACKED_TEXT = re.compile(rb"(?:eJ|eA|eN|eF|H4sI)[A-Za-z0-9+/_-]{14,}={0,2}")
"""How base64 of them begins."""
WORD = re.compile(rb"[0-9A-Za-z]")
TEXT = frozenset(range(0x20, 0x7F)) | frozenset(b"\t\n\r\x1c\x1d\x1e\x1f")


@dataclass(frozen=True)
class Found:
    """That a canary, by its number, stands somewhere in an encoding."""

    canary: int
    encoding: str


class Matcher:
    """What finds a set of canaries in streams of bytes."""

    def __init__(self, canaries: Sequence[Canary]) -> None:
        self.canaries = canaries
        self._folded, self._exact = list(folded_patterns(canaries)), list(exact_patterns(canaries))
        longest = max((len(each.content) for each in (*self._folded, *self._exact)), default=0)
        self._kept = max(longest + 2 * CONTEXT, PACKED_AHEAD)
        self._automata = tuple(
            BytesAhoCorasick([each.content for each in patterns]) for patterns in (self._folded, self._exact)
        )

    @property
    def patterns(self) -> int:
        """How many forms in how many encodings are looked for."""
        return len(self._folded) + len(self._exact)

    def found(self, chunks: Iterable[bytes], within: str = "") -> set[Found]:
        """The canaries in a stream and in what is packed in it; `within` says in what the stream itself was packed."""
        found: set[Found] = set()
        for buffer, last in _overlapping(chunks, self._kept):
            found |= {Found(number, f"{encoding}{within}") for number, encoding in self._in(buffer, last)}
            if " in zlib" not in within:
                for piece in _unpacked(buffer):
                    found |= self.found([piece], f" in zlib{within}")
        return found

    def _in(self, buffer: bytes, last: bool) -> Iterator[tuple[int, str]]:
        # What ends too near the end to see what follows is seen again in the next buffer.
        until = len(buffer) if last else len(buffer) - CONTEXT
        for automaton, patterns, haystack in zip(
            self._automata, (self._folded, self._exact), (buffer.lower(), buffer), strict=True
        ):
            for number, start, end in automaton.find_matches_as_indexes(haystack, overlapping=True):
                pattern = patterns[number]
                if end <= until and (not pattern.as_word or _is_word(haystack, start, end, pattern)):
                    yield pattern.canary, pattern.encoding


def _overlapping(chunks: Iterable[bytes], kept: int) -> Iterator[tuple[bytes, bool]]:
    """Each chunk with the end of what came before it, and whether it is the last."""
    before, held = b"", None
    for chunk in chunks:
        if held is not None:
            yield held, False
            before = held[-kept:]
        held = before + chunk
    if held is not None:
        yield held, True


def _is_word(buffer: bytes, start: int, end: int, pattern: Pattern) -> bool:
    """Whether digits do not go on into digits; of a short form, whether it is a word, and text stands around it."""
    first, last = buffer[start - 1 : start] if start else b"", buffer[end : end + 1]
    if pattern.content[:1].isdigit() and (
        first.isdigit() or (first == b"." and buffer[start - 2 : start - 1].isdigit())
    ):
        return False
    if pattern.content[-1:].isdigit() and last.isdigit():
        return False
    if len(pattern.content) >= SHORT:
        return True
    if WORD.match(first) or WORD.match(last):
        return False
    return TEXT.issuperset(buffer[max(start - CONTEXT, 0) : start] + buffer[end : end + CONTEXT])


def _unpacked(buffer: bytes) -> Iterator[bytes]:
    """What zlib and gzip streams, plain or as base64, hold that begin in a buffer."""
    for begins in PACKED.finditer(buffer):
        yield from _inflated(memoryview(buffer)[begins.start() : begins.start() + MOST_PACKED])
    for begins in PACKED_TEXT.finditer(buffer):
        text = begins.group().rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
        try:
            yield from _inflated(b64decode(text[: len(text) // 4 * 4]))
        except NoBase64:
            continue


def _inflated(packed: bytes | memoryview) -> Iterator[bytes]:
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        content = unpacking.decompress(packed, MOST_UNPACKED)
    except zlib.error:
        return
    if content:
        yield content
