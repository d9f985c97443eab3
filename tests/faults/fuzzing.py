"""The files that people hand in, made wrong at random: what the parsers of contracts, projects and the like must bear.

Seeded, so that a finding has a number by which it is made again.
"""

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fjo_pipeline.core.contracts import CONTRACTS, load_contract
from fjo_pipeline.core.deposits import MANIFEST, read_deposit
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.core.yaml_lines import read_model
from fjo_pipeline.databank.disclosure.policy import POLICIES, load_policy
from fjo_pipeline.databank.projects.grants import load_project
from fjo_pipeline.databank.publishing.declaration import TABLES, PublishedTable
from fjo_pipeline.home import read_card
from tests.deposit_builder import TINY, TINY_CONTRACT, manifest

MOST_SECONDS = 10.0
"""How long one small file may take: far more than any does, on a busy machine too."""
LONGEST_MESSAGE = 40_000
TOKENS = (
    "&a [*a]", "*a", "<<: *a", "!!int ''", "!!float x", "!!bool 3", "!!binary '@'", "!!timestamp x", "!!python/none ",
    "!!python/object/apply:os.system [ls]", "? ", "- ", ": ", "{", "}", "[", "]", '"', "'", "|", ">", "#", "%", "@",
    "`", "---\n",
    "...\n", "\t", "\n", "\r", "\0", "\ufeff", "\u2028", "\U0001f600", "null", "~", "true", "[]", "{}", "-1",
    "1e999", ".nan", ".inf", "9" * 5000, "0x", "1:2:3", "2024-02-30", "0000-00-00", "'; DROP TABLE people; --",
    "[" * 2000, "{a: " * 2000, "x" * 20_000, "\\ud800", "\\u0000", "NaN", "-Infinity", "../../etc/passwd", "/dev/zero",
)  # fmt: skip


@dataclass(frozen=True)
class Parser:
    """What reads one kind of file: good ones to begin from, and what is called on the path of a wrong one."""

    good: tuple[bytes, ...]
    name: str
    read: Callable[[Path], object]


@dataclass
class Fuzzed:
    """How often a parser was given a wrong file, how often it took it, and at which seeds it did not do as it must."""

    tried: int = 0
    taken: int = 0
    failures: list[str] = field(default_factory=list)


def _files(folder: Path) -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted(folder.glob("*.yaml")))


PARSERS: Mapping[str, Parser] = {
    "contract": Parser((TINY_CONTRACT.encode(), *_files(CONTRACTS)[:2]), "tiny.yaml", load_contract),
    "project file": Parser(_files(Settings().projects), "1661.yaml", lambda path: load_project(path.stem, path.parent)),
    "disclosure policy": Parser(_files(POLICIES), "sail-2025.yaml", load_policy),
    "published table": Parser(
        _files(TABLES), "table.yaml", lambda path: read_model(path, PublishedTable, "the published table")
    ),
    "manifest": Parser((json.dumps(manifest(TINY)).encode(),), MANIFEST, lambda path: read_deposit(path.parent)),
    "public card": Parser(
        (json.dumps({"zone": "ttp", "age_recipient": "age1" + "q" * 58, "verify_key": "aa" * 32}).encode(),),
        "card.json",
        read_card,
    ),
}


def wrong(good: bytes, rng: random.Random) -> bytes:
    """A good file after one to six changes of bytes, lines and values."""
    for _ in range(rng.randint(1, 6)):
        lines = good.split(b"\n")
        at, line, token = rng.randrange(len(good) + 1), rng.randrange(len(lines)), rng.choice(TOKENS).encode()
        kind = rng.randrange(7)
        if kind == 0:
            good = good[:at] + token + good[at:]
        elif kind == 1:
            good = good[:at] + good[at + rng.randint(1, 40) :]
        elif kind == 2:
            good = good[:at] + rng.randbytes(rng.randint(1, 4)) + good[at + 1 :]
        elif kind == 3:
            good = b"\n".join([*lines[:line], *lines[line + 1 :]])
        elif kind == 4:
            good = b"\n".join([*lines[: line + 1], lines[line], *lines[line + 1 :]])
        elif kind == 5:
            key, colon, _ = lines[line].partition(b":")
            good = b"\n".join([*lines[:line], key + colon + b" " + token, *lines[line + 1 :]])
        else:
            other = rng.randrange(len(lines))
            lines[line], lines[other] = lines[other], lines[line]
            good = b"\n".join(lines)
    return good


def fuzz(parser: Parser, folder: Path, seconds: float, first: int = 0) -> Fuzzed:
    """Give a parser wrong files for so long: each must be taken, or Refused in words that name the file and line."""
    path, found, until = folder / parser.name, Fuzzed(), time.monotonic() + seconds
    seed = first
    while time.monotonic() < until:
        rng = random.Random(seed)
        path.write_bytes(wrong(rng.choice(parser.good), rng))
        started = time.monotonic()
        try:
            parser.read(path)
            found.taken += 1
        except Refused as refused:
            if not _says_where(str(refused), path):
                found.failures.append(f"seed {seed}: refused without the place: {str(refused)[:200]}")
        except Exception as error:
            found.failures.append(f"seed {seed}: {type(error).__name__}")
        if time.monotonic() - started > MOST_SECONDS:
            found.failures.append(f"seed {seed}: took {time.monotonic() - started:.1f} s")
        found.tried += 1
        seed += 1
    return found


def _says_where(message: str, path: Path) -> bool:
    """Whether it names the file, and the line where it is YAML that can be read as text."""
    whole = "not text in UTF-8" in message or "says that it is of" in message
    line = path.suffix != ".yaml" or ", line " in message or whole
    return path.name in message and line and len(message) < LONGEST_MESSAGE
