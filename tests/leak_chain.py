"""A world of canaries taken through the whole chain by real processes, with failures forced at every stage.

What the processes said, were called with and had in their environment is kept beside what they wrote.
"""

import csv
import io
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fjo_pipeline.core.contracts import contract
from fjo_pipeline.core.keyring import keyring_path, open_keyring
from fjo_pipeline.core.sessions import open_session
from fjo_pipeline.core.settings import ZONES, Settings, Zone
from fjo_pipeline.core.table_contracts import FieldContract
from fjo_pipeline.leaks.containers import Reader
from fjo_pipeline.leaks.hunting import STORES, areas, running_processes
from fjo_pipeline.leaks.key_material import openable, secrets_of
from fjo_pipeline.leaks.matching import Matcher
from fjo_pipeline.leaks.searching import Searched, search_bytes, search_folders
from tests.browser.chromium import CHROMIUM, browsing
from tests.canaries import CanaryWorld, make_world
from tests.deposit_builder import write_deposit
from tests.faults.dagster_processes import PROGRAMS, Dagster, Home, dagster_running, wait_until

FIRST, SECOND = "20240111", "20240711"
DATASETS = ("cafcass_england_ecms", "cafcass_cymru", "pedw")
"""One of each system that the sample project and the publications read, and one whose people come with NHS numbers."""
ARRIVES: dict[Zone, str | None] = {"provider": None, "ttp": "file_1", "databank": "file_3"}
"""What of a deposit arrives at each zone, to be tampered with."""
PATIENCE = 600.0


@dataclass
class LeakChain:
    """One home, what went into it, and all that came to light while it did."""

    base: Path
    world: CanaryWorld
    home: Home
    said: list[tuple[str, bytes]] = field(default_factory=list)
    processes: set[bytes] = field(default_factory=set)
    pages: list[tuple[str, bytes]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    """What failed, as it was forced to."""

    @property
    def settings(self) -> Settings:
        """The home's, for this process."""
        return Settings(home=self.home.path, settle_seconds=0)

    def fjo(self, *arguments: str | Path, succeeds: bool = True) -> str:
        """A command in the home, what it said kept; a failure is one that was forced."""
        done = self.home.fjo(*arguments, succeeds=succeeds)
        self.said.append((f"fjo {arguments[0]}", f"{done.stdout}\0{done.stderr}".encode()))
        if not succeeds:
            self.failures.append(f"{' '.join(map(str, arguments))}: {done.stderr}")
        return done.stdout


def run_chain(base: Path, people: int, *, every_page: bool) -> LeakChain:
    """The whole chain; pages of Dagster's UI are those of the zones' own assets, or of all that were made."""
    with open_session(base / "spill") as session:
        world = make_world(session, base / "world", DATASETS, FIRST, people, 7)
    for name in ("tmp", "user"):
        (base / name).mkdir()
    environment = {"TMPDIR": str(base / "tmp"), "HOME": str(base / "user")}
    chain = LeakChain(base, world, Home(base / "home", settings=environment))
    with _watched(chain):
        chain.fjo("init")
        chain.fjo("register", "add", world.register)
        chain.fjo("reference", "add", "postcode_to_lsoa", world.postcodes)
        _refuse_deposits(chain)
        chain.fjo("refresh", succeeds=False)
        _break_between_zones(chain)
        chain.fjo("refresh")
        _let_out(chain)
        _look_at_dagster(chain, every_page)
    return chain


def search(chain: LeakChain) -> tuple[Matcher, list[Searched], list[Searched]]:
    """The canaries and the home's keys looked for outside the two stores, and, without a key, inside them."""
    settings = chain.settings
    secrets = [secret for zone in ZONES for secret in secrets_of(open_keyring(settings, zone))]
    matcher = Matcher([*chain.world.canaries(), *secrets])
    wrapped = frozenset(keyring_path(settings, zone) for zone in ZONES)
    plain = frozenset({settings.landing, settings.quarantine})
    also = [chain.base / name for name in ("tmp", "user", "catalogue", "browser") if (chain.base / name).exists()]
    with open_session(chain.base / "spill") as session:
        reader = Reader(session, openable(settings, ZONES, session))
        outside = [
            search_folders(area.removeprefix(f"{chain.base}/"), paths, matcher, reader, without=wrapped)
            for area, paths in areas(settings, also).items()
            if area != "temporary files"
        ]
        blind = Reader(session)
        inside = [
            search_folders(
                f"{zone}'s store, without its key", [settings.zone(zone)], matcher, blind, without=wrapped | plain
            )
            for zone in STORES
        ]
    outside.append(search_bytes("what commands said", chain.said, matcher))
    outside.append(search_bytes("pages of Dagster's UI", chain.pages, matcher))
    sampled = ((f"process {number}", each) for number, each in enumerate(sorted(chain.processes)))
    outside.append(search_bytes("arguments and environment as they ran", sampled, matcher))
    return matcher, outside, inside


def search_landing(chain: LeakChain, matcher: Matcher) -> Searched:
    """The same search where the canaries must be found: landing and quarantine."""
    with open_session(chain.base / "spill") as session:
        folders = [chain.settings.landing, chain.settings.quarantine]
        return search_folders("landing and quarantine", folders, matcher, Reader(session))


@contextmanager
def _watched(chain: LeakChain) -> Iterator[None]:
    """Keep arguments and environment of every process of this home, looked at all the time."""
    done, mark = threading.Event(), str(chain.base).encode()

    def watch() -> None:
        while not done.wait(0.1):
            chain.processes |= {content for _, content in running_processes() if mark in content}

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _refuse_deposits(chain: LeakChain) -> None:
    """Good deposits in landing, and bad ones of every kind beside them, each with canaries where it is bad."""
    for dataset in DATASETS:
        chain.fjo("deposit", "add", chain.world.deposit(dataset))
    for number, spoil in enumerate(SPOILT.values(), 1):
        target = chain.base / "spoilt" / f"{number}"
        spoilt = spoiled(chain.world, DATASETS[0], _spoilt_date(number), target, spoil)
        chain.fjo("deposit", "check", spoilt, succeeds=False)
        chain.home.land(spoilt)
    altered = spoiled(chain.world, DATASETS[0], "20240229", chain.base / "spoilt" / "altered", lambda rows: rows)
    people = altered / contract(DATASETS[0]).people_tables[0].path
    people.write_bytes(people.read_bytes()[:-9])
    chain.fjo("deposit", "add", altered, succeeds=False)


def _spoilt_date(number: int) -> str:
    return f"202402{number:02}"


def _other_content(chain: LeakChain) -> None:
    """A second deposit of a date that was taken."""
    folder = chain.settings.landing / DATASETS[0] / FIRST
    kept = folder.rename(chain.base / "kept")
    spoiled(chain.world, DATASETS[0], FIRST, folder, lambda rows: rows[:-1])
    chain.fjo("refresh", "--zone", "provider", succeeds=False)
    kept.rename(folder)


def _break_between_zones(chain: LeakChain) -> None:
    """Missing keys, tampered transfers, a broken store and a kill, each on the way of a second refresh."""
    _other_content(chain)
    home, settings = chain.home, chain.settings
    home.land(spoiled(chain.world, DATASETS[0], SECOND, chain.base / "second", lambda rows: rows))
    for zone in ZONES:
        kind = ARRIVES[zone]
        keyring = settings.zone(zone) / "keyring.json"
        with _aside(keyring):
            chain.fjo("refresh", "--zone", zone, succeeds=False)
        if kind:
            (parquet,) = (settings.inbox(zone) / kind / DATASETS[0] / SECOND).rglob("*.parquet")
            with _with_a_bit_flipped(parquet):
                chain.fjo("refresh", "--zone", zone, succeeds=False)
        if zone == "ttp":
            store = settings.zone("ttp") / "ttp.duckdb"
            with _aside(store):
                store.write_bytes(b"no DuckDB file at all" * 999)
                chain.fjo("refresh", "--zone", zone, succeeds=False)
            _kill_in_the_middle(chain)
        chain.fjo("refresh", "--zone", zone)


@contextmanager
def _aside(path: Path) -> Iterator[None]:
    """A file is not there for a while; what is put in its place goes."""
    kept = path.rename(path.with_name("put_aside"))
    try:
        yield
    finally:
        kept.replace(path)


@contextmanager
def _with_a_bit_flipped(path: Path) -> Iterator[None]:
    content = path.read_bytes()
    path.write_bytes(content[:99] + bytes([content[99] ^ 1]) + content[100:])
    try:
        yield
    finally:
        path.write_bytes(content)


def _kill_in_the_middle(chain: LeakChain) -> None:
    log = chain.settings.zone("ttp") / "ttp.duckdb.wal"
    process = subprocess.Popen(
        [PROGRAMS / "fjo", "refresh", "--zone", "ttp"],
        env=chain.home.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_until(lambda: log.exists() or process.poll() is not None, PATIENCE, "linking", every=0.01)
        assert process.poll() is None, "the refresh ended before it was killed"
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    chain.failures.append("refresh --zone ttp: killed")


def _let_out(chain: LeakChain) -> None:
    """All that leaves: extract, exports, publications, catalogue, and what people ask for."""
    chain.fjo("project", "extract", "1661")
    for form in ("csv", "parquet", "stata"):
        chain.fjo("project", "export", "1661", "--format", form)
    chain.fjo("project", "sql", "1661", f"SELECT * FROM SAIL1661V.CAFE_ECMS_PEOPLE_{FIRST}", "--json")
    chain.fjo("sql", "SELECT * FROM databank.partitions", "--csv")
    chain.fjo("publish")
    chain.fjo("catalogue", "--out", chain.base / "catalogue")
    chain.fjo("status")
    chain.fjo("audit", "verify")
    chain.fjo("keys", "show")
    chain.fjo("sql", "SELECT no_such_column FROM databank.partitions", succeeds=False)


MADE = "{assetsOrError {... on AssetConnection {nodes {key {path} assetMaterializations(limit: 1) {runId}}}}}"


def _look_at_dagster(chain: LeakChain, every_page: bool) -> None:
    """Dagster with its daemon takes a bad deposit by itself; then its pages are opened."""
    refused = chain.settings.quarantine / DATASETS[0]
    bad = spoiled(chain.world, DATASETS[0], "20240801", chain.base / "spoilt" / "late", SPOILT["names as dates"])
    with dagster_running(chain.home) as dagster:
        chain.home.land(bad)
        wait_until(lambda: any(each.name.startswith("20240801") for each in refused.iterdir()), PATIENCE, "a refusal")
        wait_until(dagster.is_idle, PATIENCE, "no run is under way")
        failed = [run["id"] for run in dagster.runs() if run["status"] == "FAILURE"]
        chain.failures += [f"run {each}" for each in failed]
        nodes = dagster.graphql(MADE)["assetsOrError"]["nodes"]
        paths = [each["key"]["path"] for each in nodes if every_page or each["key"]["path"][0] in ZONES]
        if CHROMIUM is not None:
            _open_pages(chain, dagster, [f"assets/{'/'.join(path)}" for path in paths], [path[-1] for path in paths])
            _open_pages(chain, dagster, [f"runs/{each}" for each in failed], [each[:8] for each in failed])


def _open_pages(chain: LeakChain, dagster: Dagster, addresses: Sequence[str], shown: Sequence[str]) -> None:
    with browsing(chain.base / "browser") as browser:
        for address, text in zip(addresses, shown, strict=True):
            browser.go(f"{dagster.url}/{address}")
            shows = f"(document.title + document.body.innerText).includes('{text}')"
            drawn = f"{shows} && !document.querySelector('[class*=pinner]')"
            wait_until(lambda drawn=drawn: browser.js(drawn), 60, f"the page {address} is drawn", every=0.1)  # type: ignore[misc]
            chain.pages.append((address, str(browser.js("document.documentElement.outerHTML")).encode()))


Rows = list[list[str]]


def spoiled(
    world: CanaryWorld, dataset: str, refresh: str, target: Path, spoil: Callable[[Rows], Rows | bytes]
) -> Path:
    """The deposit of a dataset under another date, the rows of its first table of people spoilt, the manifest right."""
    source, table = world.deposit(dataset), contract(dataset).people_tables[0]
    csvs: dict[str, str | bytes] = {path.name: path.read_bytes() for path in source.glob("*.csv")}
    changed = spoil(list(csv.reader(io.StringIO((source / table.path).read_text()))))
    if isinstance(changed, list):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(changed)
        changed = text.getvalue().encode()
    return write_deposit(target, csvs | {table.path: changed}, dataset, refresh)


def _at(rows: Rows, name: str) -> int:
    """The place of the first column of that File 1 name or key."""
    table = contract(DATASETS[0]).people_tables[0]
    fields = (each for each in table.fields if each.role != "content" or name != "content" or _is_free(each))
    return rows[0].index(next(each.name for each in fields if name in (each.file_1, each.role)))


def _is_free(field: FieldContract) -> bool:
    return field.type == "string" and field.constraints.enum is None


def _copying(source: str, target: str) -> Callable[[Rows], Rows]:
    def spoil(rows: Rows) -> Rows:
        taken, put = _at(rows, source), _at(rows, target)
        return [rows[0], *([*row[:put], row[taken], *row[put + 1 :]] for row in rows[1:])]

    return spoil


def _as_bytes(rows: Rows) -> bytes:
    return "".join(",".join(row) + "\n" for row in rows).encode()


SPOILT: dict[str, Callable[[Rows], Rows | bytes]] = {
    "names as dates": _copying("SURNAME", "DATE_OF_BIRTH"),
    "names as keys": _copying("SURNAME", "key"),
    "postcodes as sexes": _copying("POSTCODE", "GENDER_CD"),
    "addresses as flags": _copying("ADDRESS_1", "ADDRESS_CONFIDENTIAL"),
    "a column too many": lambda rows: _as_bytes(rows) + _as_bytes([[*rows[1], rows[2][1]]]),
    "a row cut short": lambda rows: _as_bytes(rows) + _as_bytes([rows[1][:4]]),
    "an open quote": lambda rows: _as_bytes(rows) + b'"' + _as_bytes(rows[1:2]),
    "not UTF-8": lambda rows: _as_bytes(rows) + _as_bytes(rows[1:2]).replace(b",", b",\xff", 2),
    "a NUL": lambda rows: _as_bytes(rows) + _as_bytes(rows[1:2]).replace(b",", b",\0", 2),
    "a name in the header": lambda rows: _as_bytes([[*rows[0], rows[1][1]], *([*row, ""] for row in rows[1:])]),
    "a person twice": lambda rows: [*rows, [rows[1][0], *rows[2][1:]]],
    "names as content": _copying("SURNAME", "content"),
}
