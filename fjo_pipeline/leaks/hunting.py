"""The leak hunt in one home: all but the provider's and the TTP's own stores searched for what those hold."""

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fjo_pipeline.core.keyring import keyring_path, open_keyring
from fjo_pipeline.core.sessions import open_session
from fjo_pipeline.core.settings import REPOSITORY, Settings, Zone
from fjo_pipeline.databank.dbt import MODELS
from fjo_pipeline.home import zones_here
from fjo_pipeline.leaks.containers import Reader
from fjo_pipeline.leaks.encodings import Canary
from fjo_pipeline.leaks.identifiers import Held, held_by_provider, held_by_ttp
from fjo_pipeline.leaks.key_material import openable, secrets_of
from fjo_pipeline.leaks.matching import Matcher
from fjo_pipeline.leaks.searching import Hit, Searched, search_bytes, search_folders

STORES: tuple[Zone, ...] = ("provider", "ttp")
"""The zones whose own folders may hold identifiers."""
OURS = ("fjo-", ".fjo-", "dagster", "dbt", "duckdb", "tmp")
"""How the names of temporary files begin that `fjo`, Dagster, dbt, DuckDB and Python make."""
PROGRAM_FILES = (".py", ".yaml", ".yml", ".sql", ".csv", ".json", ".j2", ".md")


@dataclass
class Hunt:
    """What was looked for, where, and what was found; no value is in it."""

    looked_for: dict[str, dict[str, int]] = field(default_factory=dict)
    patterns: int = 0
    areas: list[Searched] = field(default_factory=list)

    @property
    def hits(self) -> list[Hit]:
        """Every hit of every area."""
        return [hit for area in self.areas for hit in area.hits]

    def as_json(self) -> dict[str, Any]:
        """For a script."""
        return {
            "looked_for": self.looked_for,
            "patterns": self.patterns,
            "areas": [
                {"area": each.area, "files": each.files, "bytes": each.bytes, "as_bytes_only": each.as_bytes_only}
                for each in self.areas
            ],
            "hits": [asdict(hit) for hit in self.hits],
        }

    def __str__(self) -> str:
        lines = ["looked for:"]
        for kind, count in self.looked_for.items():
            some = "" if count["held"] == count["looked_for"] else f" of {count['held']:,}"
            lines.append(f"  {kind}: {count['looked_for']:,}{some}, {count['in_every_encoding']:,} in every encoding")
        lines.append("searched:")
        for each in self.areas:
            only = f", {len(each.as_bytes_only)} of them as bytes only" if each.as_bytes_only else ""
            lines.append(f"  {each.area}: {each.files:,} files, {each.bytes / 1e6:,.1f} MB{only}")
        lines += [f"FOUND {hit.values:,} x {hit.kind}, {hit.encoding}: {hit.where}" for hit in self.hits]
        return "\n".join([*lines, "" if self.hits else "nothing was found outside the stores that may hold it"]).strip()


def hunt(settings: Settings, also: Sequence[Path] = ()) -> Hunt:
    """Look for what the zones of this home hold everywhere else, and in the folders `also`."""
    here = zones_here(settings)
    held = Held()
    if "ttp" in here:
        held.add(held_by_ttp(settings))
    if "provider" in here:
        held.add(held_by_provider(settings))
    known = held.canaries()
    secrets = [secret for zone in here for secret in secrets_of(open_keyring(settings, zone))]
    matcher = Matcher([*known, *secrets])
    with open_session(settings.temporary(here[-1]), threads=settings.threads) as session:
        keys = openable(settings, here, session)
        words = _words(settings, matcher, Reader(session), len(known))
        result = Hunt(_looked_for(held, known, secrets, words), matcher.patterns)
        reader, without = Reader(session, keys), frozenset(keyring_path(settings, zone) for zone in here)
        for area, paths in areas(settings, also).items():
            result.areas.append(search_folders(area, paths, matcher, reader, without=without, ignored=words))
    result.areas.append(search_bytes("arguments and environment of running processes", running_processes(), matcher))
    return result


def areas(settings: Settings, also: Iterable[Path] = ()) -> Mapping[str, list[Path]]:
    """What is searched of a home, by what it is; the provider's and the TTP's own folders are not among it."""
    home = settings.home.absolute()
    folders: dict[str, list[Path]] = {}
    for path in sorted(home.iterdir()):
        if path.name == "databank":
            folders |= {f"databank/{each.name}": [each] for each in sorted(path.iterdir()) if each.is_dir()}
            folders["databank"] = [each for each in path.iterdir() if not each.is_dir()]
        elif path.name not in STORES and path != settings.transfer_folder:
            folders[path.name] = [path]
    folders["transfers"] = [path for path in (settings.transfer_folder,) if path.exists()]
    folders["dbt's target and logs"] = [path for path in (MODELS / "target", MODELS / "logs") if path.exists()]
    temporary = Path(tempfile.gettempdir())
    folders["temporary files"] = [path for path in temporary.iterdir() if path.name.startswith(OURS) and _is_ours(path)]
    return folders | {str(path): [path.absolute()] for path in also}


def running_processes() -> Iterator[tuple[str, bytes]]:
    """Arguments and environment of every process of this user, each under its number."""
    for folder in sorted(Path("/proc").glob("[0-9]*")):
        try:
            if _is_ours(folder):
                yield (
                    f"process {folder.name}",
                    b"\0".join((folder / name).read_bytes() for name in ("cmdline", "environ")),
                )
        except OSError:
            # It has ended, or may not be looked at.
            continue


def _is_ours(path: Path) -> bool:
    try:
        return path.stat(follow_symlinks=False).st_uid == os.getuid()
    except FileNotFoundError:
        return False


def _words(settings: Settings, matcher: Matcher, reader: Reader, known: int) -> frozenset[int]:
    """Canaries that stand in the program's own files, so that finding one elsewhere says nothing; never a key."""
    folders = {REPOSITORY / "fjo_pipeline", MODELS, settings.projects.absolute(), settings.contracts.absolute()}
    files = [
        path
        for folder in sorted(folders)
        for path in folder.rglob("*")
        if path.suffix in PROGRAM_FILES and not {"target", "logs"} & {*path.relative_to(folder).parts}
    ]
    found = search_folders("the program's own files", files, matcher, reader).found
    return frozenset(number for number in found if number < known)


def _looked_for(
    held: Held, known: Sequence[Canary], secrets: Sequence[Canary], words: frozenset[int]
) -> dict[str, dict[str, int]]:
    """By kind how many values are held, looked for, and looked for in every encoding."""
    counts: dict[str, dict[str, int]] = {}
    for number, canary in enumerate(known):
        count = counts.setdefault(
            canary.kind, {"held": held.distinct[canary.kind], "looked_for": 0, "in_every_encoding": 0}
        )
        count["looked_for"] += number not in words
        count["in_every_encoding"] += number not in words and canary.thorough
    counts["key"] = dict.fromkeys(("held", "looked_for", "in_every_encoding"), len(secrets))
    return counts
