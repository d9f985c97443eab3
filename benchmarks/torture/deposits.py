"""Deposits and files that people hand in: every kind of `tests/deposit_kinds.py`, and parsers fuzzed for a set time."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.torture import Attack
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.provider.flow import Provider, take_deposit
from fjo_pipeline.provider.landing import landed
from tests import deposit_kinds
from tests.deposit_builder import TINY_IDENTIFIERS, write_contracts
from tests.deposit_kinds import DATASET, REFRESH, Kind
from tests.faults.fuzzing import PARSERS, fuzz
from tests.keyrings import home_settings, make_keyrings

PROMISE = "what is handed in is refused whole, by place and rule, or taken right"
SECONDS = 10
"""How long each parser is fuzzed."""


def attacks() -> Iterator[Attack]:
    """Bad deposits, strange but good ones, and wrong files for each parser."""
    kinds = list(deposit_kinds.kinds())
    with tempfile.TemporaryDirectory(prefix="fjo-torture-") as scratch:
        base = Path(scratch)
        contracts = write_contracts(base / "contracts")
        for what, taken in (("deposits of every wrong kind", False), ("deposits that only look strange", True)):
            chosen = [kind for kind in kinds if kind.taken is taken]
            held = sum(_held(kind, base / f"{taken}_{number}", contracts) for number, kind in enumerate(chosen))
            yield Attack(PROMISE, what, len(chosen), held, "tests/integration/test_deposit_kinds.py")
        for name, parser in PARSERS.items():
            found = fuzz(parser, base, SECONDS)
            held = found.tried - len(found.failures)
            yield Attack(
                PROMISE, f"wrong files for {SECONDS} s: {name}", found.tried, held, "tests/faults/test_fuzz_parsers.py"
            )


def _held(kind: Kind, base: Path, contracts: Path) -> bool:
    """Whether a deposit came to its end: refused with no value told and nothing moved on, or taken."""
    provider = Provider(home_settings(base / "home", contracts))
    make_keyrings(provider.settings)
    landing = provider.settings.landing / DATASET
    landing.mkdir(parents=True)
    kind.lay(landing)
    list(landed(provider.settings))
    try:
        take_deposit(provider, DATASET, REFRESH)
    except Refused as refused:
        (where,) = (provider.settings.quarantine / DATASET).iterdir()
        told = (where / "report.txt").read_text() + (where / "report.json").read_text() + str(refused)
        nothing_on = not list(provider.settings.transfer_folder.rglob("*")) and not (landing / REFRESH).exists()
        return not kind.taken and kind.says in told and nothing_on and not any(v in told for v in TINY_IDENTIFIERS)
    return kind.taken
