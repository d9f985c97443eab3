"""Readers beside writers: how many answers eight readers got while all was written anew, and which were right."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.torture import Attack, by_tests
from fjo_pipeline.databank.flow import Databank, query
from tests.faults.dagster_processes import Home, imagine, prepare
from tests.faults.random_kills import deposited, reworded, settings_of
from tests.faults.reading import WAYS, eight_readers

PROMISE = "readers are never blocked and never see half of a refresh"
SHOWN_BY = "tests/faults/test_readers.py"
VIEWS = """
SELECT (SELECT string_agg(refresh || digest, ' ' ORDER BY ALL) FROM lake.databank.partitions) AS made_from,
    (SELECT count(*) FROM lake.marts."case") AS cases, (SELECT count(*) FROM lake.intermediate.int_people) AS people
"""
"""What the refreshes were made from, and views of them: of one release, or of the next, but never of both."""


def attacks() -> Iterator[Attack]:
    """Eight readers in four ways, two each, while `fjo refresh` with Dagster and dbt writes everything anew."""
    with tempfile.TemporaryDirectory(prefix="fjo-torture-") as scratch:
        yield from beside_a_refresh(Path(scratch))
    yield by_tests(PROMISE, "two refreshes at once, an expiring release, a replaced extract", SHOWN_BY)


def beside_a_refresh(folder: Path) -> Iterator[Attack]:
    """An answer is right where it is that of the release before or of the one after."""
    world = imagine(folder / "world")
    home = deposited(prepare(Home(folder / "prepared"), world), world, folder / "home")
    home.fjo("refresh")
    settings = settings_of(home)
    before = repr(query(Databank(settings), VIEWS).to_pylist())
    ended = eight_readers(settings, "1661", folder / "stop", VIEWS)
    reworded(home).fjo("refresh")
    readings = ended()
    after = repr(query(Databank(settings), VIEWS).to_pylist())
    for way in WAYS:
        met = [each for each in readings if each.way == way]
        allowed = {before, after} if way == "fjo sql" else None
        wrong = [each for each in met if len(each.answers) > 1] if allowed is None else []
        strange = [each for each in met if allowed is not None and each.answers - allowed]
        tried = sum(each.read + len(each.errors) for each in met)
        held = sum(each.read for each in met if each not in wrong and each not in strange)
        yield Attack(PROMISE, f"two readers by {way} during a refresh that rewrites everything", tried, held, SHOWN_BY)
