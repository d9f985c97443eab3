"""Folders searched for canaries: every file, its name, and what is in it; what is told of a hit is never a value."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fjo_pipeline.leaks.containers import UNREADABLE, Content, Reader
from fjo_pipeline.leaks.matching import Found, Matcher

UNNAMED = "(a file in whose path it stands)"


@dataclass(frozen=True, order=True)
class Hit:
    """In which file how many different values of a kind stand, in which encoding."""

    where: str
    kind: str
    encoding: str
    values: int


@dataclass
class Searched:
    """What was searched of one area, what was found there, and what could only be searched as bytes."""

    area: str
    files: int = 0
    bytes: int = 0
    streams: int = 0
    hits: list[Hit] = field(default_factory=list)
    as_bytes_only: list[str] = field(default_factory=list)
    found: set[int] = field(default_factory=set)
    """The canaries found, by their numbers."""

    def add(self, where: str, found: Iterable[Found], matcher: Matcher, ignored: frozenset[int] = frozenset()) -> None:
        """Note what was found at one place."""
        counted: dict[tuple[str, str], int] = {}
        for each in found:
            if each.canary not in ignored:
                self.found.add(each.canary)
                about = matcher.canaries[each.canary].kind, each.encoding
                counted[about] = counted.get(about, 0) + 1
        self.hits += [Hit(where, *about, values) for about, values in sorted(counted.items())]


def search_folders(
    area: str,
    paths: Iterable[Path],
    matcher: Matcher,
    reader: Reader,
    *,
    without: frozenset[Path] = frozenset(),
    ignored: frozenset[int] = frozenset(),
) -> Searched:
    """Search files, and folders through and through, but for those `without`; links are not followed.

    Canaries that are `ignored`, by number, are no hits.
    """
    searched = Searched(area)
    for path in _files(paths, without):
        searched.files += 1
        name = set(matcher.found([str(path).encode(errors="surrogateescape")]))
        shown = UNNAMED if {each.canary for each in name} - ignored else str(path)
        searched.add(shown, (Found(each.canary, "a file's name") for each in name), matcher, ignored)
        try:
            searched.bytes += path.stat().st_size
            _search_file(path, shown, searched, matcher, reader, ignored)
        except FileNotFoundError:
            # It was another process's, which has ended with it.
            searched.files -= 1
        except PermissionError:
            searched.as_bytes_only.append(f"{shown}: not to be read at all")
    return searched


def search_bytes(area: str, pieces: Iterable[tuple[str, bytes]], matcher: Matcher) -> Searched:
    """Search pieces that are no files, each under a name of its own."""
    searched = Searched(area)
    for where, content in pieces:
        searched.files += 1
        searched.streams += 1
        searched.bytes += len(content)
        searched.add(where, matcher.found([content]), matcher)
    return searched


def _search_file(
    path: Path, shown: str, searched: Searched, matcher: Matcher, reader: Reader, ignored: frozenset[int]
) -> None:
    found: set[Found] = set()
    contents: Iterator[Content] = reader.contents(path)
    while True:
        try:
            content = next(contents, None)
            if content is None:
                break
            found |= matcher.found(content.chunks, content.within)
            searched.streams += 1
        except FileNotFoundError:
            raise
        except UNREADABLE:
            # What is broken, locked or without its key: its bytes were searched before.
            searched.as_bytes_only.append(shown)
    searched.add(shown, found, matcher, ignored)


def _files(paths: Iterable[Path], without: frozenset[Path]) -> Iterator[Path]:
    for path in sorted(paths):
        if path in without or path.is_symlink():
            continue
        if path.is_dir():
            yield from _files(path.iterdir(), without)
        elif path.is_file():
            yield path
