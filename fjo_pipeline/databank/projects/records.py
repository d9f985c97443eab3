"""What is known of each extract of a project: everything that it was made from, and the digest of each of its tables.

The records of all extracts are kept, beside the project file as it then was; the file itself is of the latest alone.
"""

import json
from dataclasses import asdict, dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import sha256_of_file, sha256_of_texts, write_atomically
from fjo_pipeline.databank.disclosure.policy import load_policy
from fjo_pipeline.databank.flow import Databank, Partition
from fjo_pipeline.databank.projects.grants import Project
from fjo_pipeline.databank.projects.lifecycle import assert_not_destroyed
from fjo_pipeline.databank.projects.places import extract_path, project_file, project_folder, project_keys

WHEN_AND_BY_WHAT = ("snapshot", "serial", "made_on", "code")
"""What of a record may differ where nothing of what is provided does."""


@dataclass(frozen=True)
class Extract:
    """An extract: its number within the project, what it was made from, and rows and digest of each table.

    A table's digest is that of its content, whatever the order of its rows. `made_on` is the day on which the approvals
    were looked at; `keys` has versions, of the layer at rest by dataset and refresh; `project_file` is its SHA-256.
    """

    project: str
    snapshot: int
    synthetic: bool
    refreshes: dict[str, list[str]]
    tables: dict[str, dict[str, Any]]
    serial: int = 0
    made_on: str = ""
    code: dict[str, str] = field(default_factory=dict)
    contracts: dict[str, str] = field(default_factory=dict)
    policy: str = ""
    keys: dict[str, int] = field(default_factory=dict)
    project_file: str = ""

    @property
    def rows(self) -> int:
        """Rows over all its tables."""
        return sum(int(table["rows"]) for table in self.tables.values())

    @property
    def content(self) -> str:
        """One digest of the content of all its tables."""
        return sha256_of_texts(
            *(f"{name}|{each['rows']}|{each['digest']}" for name, each in sorted(self.tables.items()))
        )

    def same_as(self, other: "Extract") -> bool:
        """Whether both provide the same, made from the same but for what does not show in it."""
        mine, others = asdict(self), asdict(other)
        return all(mine[name] == others[name] for name in mine if name not in WHEN_AND_BY_WHAT)


def described(
    databank: Databank, project: Project, snapshot: int, pinned: list[Partition], tables: dict[str, dict[str, Any]],
    made_on: date,
) -> Extract:  # fmt: skip
    """The record of an extract that was made now; it has no number yet."""
    refreshes: dict[str, list[str]] = {}
    for each in pinned:
        refreshes.setdefault(each.dataset, []).append(each.refresh)
    policy, keyring = load_policy(project.disclosure_policy), databank.keyring
    own = {name: keyring.version(name) for name in project_keys(project.number)}
    return Extract(
        project=project.number,
        snapshot=snapshot,
        synthetic=any(each.synthetic for each in pinned),
        refreshes=refreshes,
        tables=tables,
        made_on=made_on.isoformat(),
        code=code_versions(),
        contracts={dataset: contract_in_words(databank, dataset) for dataset in refreshes},
        policy=f"{policy.name} {policy.version}",
        keys=own | {f"alf_e {each.dataset}/{each.refresh}": each.alf_e_key_version for each in pinned},
        project_file=sha256_of_file(project_file(databank, project.number)),
    )


def code_versions() -> dict[str, str]:
    """The versions of this platform and of the engine that writes extracts."""
    return {"fjo-pipeline": version("fjo-pipeline"), "duckdb": duckdb.__version__}


def contract_in_words(databank: Databank, dataset: str) -> str:
    """A contract's version, and the beginning of its digest, which changes with every word of it."""
    contract = databank.contract(dataset)
    return f"{contract.version} ({contract.digest[:16]})"


def read_extract(databank: Databank, number: str) -> Extract:
    """What the last extract of a project holds; Refused where there is none, or the project was destroyed."""
    assert_not_destroyed(databank, number)
    path = extract_path(databank, number).with_suffix(".json")
    if not path.is_file():
        raise Refused(f"project {number} has no extract yet: make one with `fjo project extract {number}`")
    return Extract(**json.loads(path.read_text()))


def numbered(databank: Databank, extract: Extract) -> Extract:
    """The same with its number: that of the last one, with its snapshot, where nothing that is provided has changed."""
    earlier = serials(databank, extract.project)
    last = read_record(databank, extract.project, earlier[-1]) if earlier else None
    if last and last.same_as(extract) and databank.pins.snapshot(extract.project, last.serial) is not None:
        return last
    return Extract(**{**asdict(extract), "serial": earlier[-1] + 1 if earlier else 1})


def keep_record(databank: Databank, extract: Extract) -> None:
    """Keep the record of an extract, and the project file from which it was made; safe to repeat."""
    written = project_file(databank, extract.project)
    write_atomically(kept_projects(databank, extract) / written.name, written.read_bytes())
    write_atomically(_records(databank, extract.project) / f"{extract.serial}.json", as_json(extract))


def as_json(extract: Extract) -> bytes:
    """A record as it is written."""
    return json.dumps(asdict(extract), indent=1, sort_keys=True).encode()


def serials(databank: Databank, number: str) -> list[int]:
    """The numbers of a project's extracts, in order."""
    return sorted(int(path.stem) for path in _records(databank, number).glob("[0-9]*.json"))


def read_record(databank: Databank, number: str, serial: int | None = None) -> Extract:
    """The record of an extract of a project, the last unless told; Refused where there is none of that number."""
    there = serials(databank, number)
    if not there:
        raise Refused(f"project {number} has no extract on record: make one with `fjo project extract {number}`")
    wanted = there[-1] if serial is None else serial
    if wanted not in there:
        raise Refused(f"project {number} has no extract {wanted}; there are: {', '.join(map(str, there))}")
    return Extract(**json.loads((_records(databank, number) / f"{wanted}.json").read_text()))


def kept_projects(databank: Databank, extract: Extract) -> Path:
    """The folder that holds the project file as it was when an extract was made, for `load_project`."""
    return _records(databank, extract.project) / str(extract.serial)


def _records(databank: Databank, number: str) -> Path:
    return project_folder(databank, number) / "records"
