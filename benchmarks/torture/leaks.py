"""The leak hunt: a world of canaries through the whole chain with failures at every stage, and every byte searched.

`tried` is how many canaries and keys were looked for in an area, `held` how many of them are not there; in the last row
`tried` is how many were planted for the search to find, and `held` how many it found.
"""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.torture import Attack
from fjo_pipeline.core.sessions import open_session
from fjo_pipeline.leaks.containers import Reader
from fjo_pipeline.leaks.matching import Matcher
from fjo_pipeline.leaks.searching import Searched, search_folders
from tests.leak_chain import run_chain, search
from tests.unit.leaks.test_searching import CONTAINERS, ENCODINGS

PEOPLE = 600
TEST = "tests/integration/test_leaks.py"
PLANTED = 40


def attacks() -> Iterator[Attack]:
    """Each area searched once, after one chain; then what shows that the search finds what is there."""
    with tempfile.TemporaryDirectory(prefix="fjo-leaks-") as folder:
        chain = run_chain(Path(folder), PEOPLE, every_page=True)
        matcher, outside, inside = search(chain)
        for area in _joined(outside):
            yield _attack("no identifier and no key outside the stores that may hold it", area, matcher)
        for area in inside:
            yield _attack("nothing lies in plain outside landing and quarantine", area, matcher)
        yield _planted(Path(folder) / "planted", matcher)


def _joined(areas: Iterable[Searched]) -> list[Searched]:
    """The databank's folders as one area, and no empty ones."""
    joined: dict[str, Searched] = {}
    for each in areas:
        whole = joined.setdefault(each.area.split("/")[0], Searched(each.area.split("/")[0]))
        whole.files += each.files
        whole.bytes += each.bytes
        whole.found |= each.found
    return [each for each in joined.values() if each.files]


def _attack(promise: str, area: Searched, matcher: Matcher) -> Attack:
    return Attack(
        promise,
        f"{area.area}: {matcher.patterns:,} forms in {area.files:,} files or pieces, {area.bytes / 1e6:,.1f} MB",
        len(matcher.canaries),
        len(matcher.canaries) - len(area.found),
        TEST,
    )


def _planted(folder: Path, matcher: Matcher) -> Attack:
    """Words of the world, each in every encoding in every container, in a file of its own."""
    folder.mkdir()
    words = [str(each.forms[0]) for each in matcher.canaries if each.kind == "word"][:PLANTED]
    planted = 0
    for number, word in enumerate(words):
        for encode, _ in ENCODINGS.values():
            for name, pack in CONTAINERS.items():
                planted += 1
                content = pack(b"filling before, " * 9 + encode(word) + b" and behind")
                (folder / f"{number} {planted} {name}").write_bytes(content)
    with open_session(folder / "spill") as session:
        searched = search_folders("planted", [folder], matcher, Reader(session))
    found = {hit.where for hit in searched.hits}
    return Attack(
        "the search finds what is there",
        f"{len(words)} values in {len(ENCODINGS)} encodings and {len(CONTAINERS)} containers, in a file each",
        planted,
        len(found),
        "tests/unit/leaks/test_searching.py",
    )
