"""Homes for tests that run real processes: `fjo` as a subprocess, and `dagster dev` with its daemon on a free port."""

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fjo_pipeline.core.settings import REPOSITORY

DATASET = "cafcass_england_ecms"
REFRESHES = ("20220111", "20230111", "20240111")
PEOPLE, REGISTER_PEOPLE, SEED = 300, 2000, 7
PROGRAMS = Path(sys.executable).parent


@dataclass(frozen=True)
class Home:
    """One FJO_HOME and what its processes are told through their environment."""

    path: Path
    transfers: Path | None = None
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of this home's processes; nothing of another FJO home leaks in."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("FJO_", "DAGSTER_"))}
        own = {
            "FJO_HOME": str(self.path),
            "FJO_SETTLE_SECONDS": "0",
            "DAGSTER_HOME": str(self.path / "dagster"),
            "DAGSTER_DISABLE_TELEMETRY": "yes",
            "DO_NOT_TRACK": "1",
        }
        return kept | own | ({"FJO_TRANSFERS": str(self.transfers)} if self.transfers else {}) | self.settings

    @property
    def extract(self) -> Path:
        """What says what the sample project's extract holds; there once the whole chain has run."""
        return self.path / "databank" / "projects" / "1661" / "extract.json"

    def fjo(self, *arguments: str | Path, succeeds: bool = True) -> subprocess.CompletedProcess[str]:
        """Run an `fjo` command in this home."""
        done = subprocess.run(
            [PROGRAMS / "fjo", *map(str, arguments)],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        assert (done.returncode == 0) is succeeds, f"fjo {arguments[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done

    def land(self, deposit: Path) -> Path:
        """Copy a deposit folder into landing as a depositor would, without asking `fjo`."""
        manifest = json.loads((deposit / "datapackage.json").read_text())
        target = self.path / "provider" / "landing" / str(manifest["name"]) / str(manifest["version"])
        shutil.copytree(deposit, target)
        return target

    def copy(self, target: Path) -> "Home":
        """The same home with the same keys elsewhere."""
        shutil.copytree(self.path, target)
        return Home(target, self.transfers, self.settings)

    def provided(self) -> dict[str, Any]:
        """Refreshes of the project's extract, and rows and content digest of each of its tables."""
        content = json.loads(self.extract.read_text())
        return {"refreshes": content["refreshes"], "tables": content["tables"]}


@dataclass(frozen=True)
class Imagined:
    """A made-up world as it was sent: its register and postcode directory, and a deposit a refresh."""

    folder: Path

    @property
    def register(self) -> Path:
        """The register delivery, as it was at the last refresh."""
        return self.folder / REFRESHES[-1] / "register"

    @property
    def postcodes(self) -> Path:
        """The postcode directory."""
        return self.folder / REFRESHES[-1] / "reference" / "postcode_to_lsoa.csv"

    def deposit(self, refresh: str) -> Path:
        """The deposit of a refresh."""
        return self.folder / refresh / "deposit"


def imagine(folder: Path) -> Imagined:
    """Make up one small world and its deposits of all refreshes."""
    home = Home(folder / "none")
    for refresh in REFRESHES:
        options = {"--people": PEOPLE, "--seed": SEED, "--register-people": REGISTER_PEOPLE, "--refresh": refresh}
        words = [str(word) for option in options.items() for word in option]
        home.fjo("synth", "--dataset", DATASET, *words, "--out", folder / refresh)
    return Imagined(folder)


def prepare(home: Home, world: Imagined) -> Home:
    """A home with keys, register and postcode directory, and nothing deposited."""
    home.fjo("init")
    load_references(home, world)
    return home


def load_references(home: Home, world: Imagined) -> None:
    """Load the register and the postcode directory into the home that has the TTP."""
    home.fjo("register", "add", world.register)
    home.fjo("reference", "add", "postcode_to_lsoa", world.postcodes)


def with_a_wrong_date(deposit: Path, target: Path) -> Path:
    """A copy of a deposit in which one date is no calendar date; the manifest's hashes are right."""
    shutil.copytree(deposit, target)
    cases, manifest = target / "CASES.csv", target / "datapackage.json"
    lines = cases.read_text().split("\n")
    column = lines[0].replace('"', "").split(",").index("DATERECEIVED")
    values = lines[1].split(",")
    values[column] = "2019-02-31"
    lines[1] = ",".join(values)
    cases.write_text("\n".join(lines))
    content = json.loads(manifest.read_text())
    for resource in content["resources"]:
        if resource["path"] == cases.name:
            resource["bytes"] = cases.stat().st_size
            resource["hash"] = f"sha256:{hashlib.sha256(cases.read_bytes()).hexdigest()}"
    manifest.write_text(json.dumps(content))
    return target


def wait_until(holds: Callable[[], object], seconds: float, what: str, every: float = 1.0) -> None:
    """Look again and again until something holds; fails with `what` when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"after {seconds:.0f} s still not: {what}"
        time.sleep(every)


class Dagster:
    """A running Dagster instance, talked to as its UI does."""

    def __init__(self, port: int, group: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._group = group

    def kill(self) -> None:
        """Kill webserver, daemon, code servers and runs at once, -9, as a machine that is lost."""
        os.killpg(self._group, signal.SIGKILL)

    def graphql(self, query: str, **variables: object) -> dict[str, Any]:
        """What a GraphQL query answers."""
        request = urllib.request.Request(
            f"{self.url}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            content = json.loads(answer.read())
        assert "errors" not in content, content["errors"]
        return dict(content["data"])

    def locations(self) -> dict[str, str]:
        """Each code location, and whether it loaded: RepositoryLocation, or PythonError with its message."""
        data = self.graphql(
            "{workspaceOrError {... on Workspace {locationEntries "
            "{name locationOrLoadError {__typename ... on PythonError {message}}}}}}"
        )
        entries = data["workspaceOrError"]["locationEntries"]
        return {
            each["name"]: (each["locationOrLoadError"] or {}).get("message")
            or (each["locationOrLoadError"] or {"__typename": "loading"})["__typename"]
            for each in entries
        }

    def runs(self) -> list[dict[str, Any]]:
        """Every run, the oldest first: its status, tags by key, and assets by name."""
        data = self.graphql(
            "{runsOrError {... on Runs {results {runId status tags {key value} assetSelection {path}}}}}"
        )
        return [
            {
                "id": run["runId"],
                "status": run["status"],
                "tags": {tag["key"]: tag["value"] for tag in run["tags"]},
                "assets": ["/".join(each["path"]) for each in run["assetSelection"] or []],
            }
            for run in reversed(data["runsOrError"]["results"])
        ]

    def is_idle(self) -> bool:
        """Whether no run is queued or under way."""
        return all(run["status"] in ("SUCCESS", "FAILURE", "CANCELED") for run in self.runs())

    def partitions(self, asset: list[str]) -> list[str]:
        """The partition keys of an asset."""
        data = self.graphql(
            "query($key: AssetKeyInput!) {assetNodeOrError(assetKey: $key) {... on AssetNode {partitionKeys}}}",
            key={"path": asset},
        )
        return list(data["assetNodeOrError"]["partitionKeys"])

    def sensors(self) -> dict[str, str]:
        """Each sensor of every location, and whether it is running."""
        data = self.graphql(
            "{repositoriesOrError {... on RepositoryConnection {nodes {sensors {name sensorState {status}}}}}}"
        )
        nodes = data["repositoriesOrError"]["nodes"]
        return {each["name"]: each["sensorState"]["status"] for node in nodes for each in node["sensors"]}


@contextmanager
def dagster_running(home: Home, zones: tuple[str, ...] = ("provider", "ttp", "databank")) -> Iterator[Dagster]:
    """`dagster dev`, that is webserver and daemon, with a code location a zone; stopped with all that it started."""
    port = _free_port()
    log = home.path / "dagster" / "dev.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [PROGRAMS / "dagster", "dev", "-w", _workspace(home, zones), "-h", "127.0.0.1", "-p", str(port)],
            env=home.environment,
            cwd=home.path,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        dagster = Dagster(port, process.pid)
        wait_until(lambda: _answers(dagster, process, log), 300, "the webserver answers")
        assert dagster.locations() == dict.fromkeys(zones, "RepositoryLocation")
        yield dagster
    finally:
        _stop(process)


def _workspace(home: Home, zones: tuple[str, ...]) -> Path:
    if len(zones) == 3:
        return REPOSITORY / "workspace.yaml"
    path = home.path / "dagster" / "workspace.yaml"
    locations = [
        {"python_module": {"module_name": f"fjo_pipeline.{zone}.definitions", "location_name": zone}} for zone in zones
    ]
    # JSON is YAML.
    path.write_text(json.dumps({"load_from": locations}))
    return path


def _answers(dagster: Dagster, process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, log.read_text()[-3000:]
    try:
        return dagster.locations() != {}
    except OSError:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the process group: first asked, then killed, so that no run outlives its test."""
    for what, seconds in ((signal.SIGINT, 60), (signal.SIGKILL, 10)):
        try:
            os.killpg(process.pid, what)
            process.wait(seconds)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
    for what in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, what)
        except ProcessLookupError:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
