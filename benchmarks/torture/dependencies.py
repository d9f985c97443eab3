"""The repository itself: secrets, code that runs what it reads, names in SQL, and the lock file's hashes."""

import ast
from collections.abc import Iterator

import yaml

from benchmarks.torture import Attack
from fjo_pipeline.core.contracts import CONTRACTS, Contract
from tests.unit.test_repository import (
    CODE,
    REPOSITORY,
    every_file_has_its_hash,
    locked,
    runs_what_it_reads,
    secrets_in,
    tracked,
)
from tests.unit.test_sql_names import PROSE, places_that_take_anything

HERE = "tests/unit/test_repository.py"


def attacks() -> Iterator[Attack]:
    """What is looked at in each tracked file, each module, each contract and each locked package."""
    files = [path for path in tracked() if path.is_file() and path != REPOSITORY / HERE]
    held = sum(not secrets_in(path.read_text("utf-8", "replace")) for path in files)
    yield Attack("no secret is in the repository", "tracked files searched for secrets", len(files), held, HERE)
    held = sum(not runs_what_it_reads(ast.parse(path.read_text("utf-8"))) for path in CODE)
    yield Attack("nothing on disk can run code", "modules read for pickles, eval and the like", len(CODE), held, HERE)
    contracts = sorted(CONTRACTS.glob("*.yaml"))
    held = sum(
        places_that_take_anything(Contract, yaml.safe_load(path.read_text("utf-8"))) <= PROSE["Contract"]
        for path in contracts
    )
    yield Attack(
        "SQL is built from names that were checked",
        "contracts with a hostile text at each place",
        len(contracts),
        held,
        "tests/unit/test_sql_names.py",
    )
    packages = locked()
    held = sum(map(every_file_has_its_hash, packages))
    yield Attack(
        "what is installed is what was locked", "packages whose every file has a SHA-256", len(packages), held, HERE
    )
