"""Whether an extract can be made again: from its pins, with the code of today, compared table by table."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fjo_pipeline.core.errors import FjoError
from fjo_pipeline.databank.disclosure.policy import load_policy
from fjo_pipeline.databank.flow import Databank
from fjo_pipeline.databank.projects.content import content_of, sources
from fjo_pipeline.databank.projects.grants import load_project
from fjo_pipeline.databank.projects.opening import opened
from fjo_pipeline.databank.projects.places import extract_path
from fjo_pipeline.databank.projects.records import (
    Extract,
    code_versions,
    contract_in_words,
    kept_projects,
    read_extract,
    read_record,
)
from fjo_pipeline.databank.projects.remaking import made_again, qualified

ERASURES = "erasures"
"""The databank's table of what was erased: dataset, refresh, erased_on; never who. Read where it is there."""

Verdict = Literal["equal", "equal but for erasures", "differs", "is not made any more", "was not there"]
SOUND: tuple[Verdict, ...] = ("equal", "equal but for erasures")
FileState = Literal["as provided", "altered", "not here"]


@dataclass(frozen=True)
class Verification:
    """What came of making an extract again: a verdict on each table, on the file that was provided, and versions that
    have changed since. It holds no count: the rows that erasures took may be few."""

    extract: Extract
    tables: dict[str, Verdict]
    file: FileState
    since: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether everything is as it was provided, erasures apart."""
        return self.file != "altered" and all(each in SOUND for each in self.tables.values())

    @property
    def erased(self) -> bool:
        """Whether rows were erased from it since."""
        return "equal but for erasures" in self.tables.values()

    @property
    def said(self) -> str:
        """The outcome in a sentence."""
        what = f"extract {self.extract.serial} of project {self.extract.project}, provided on {self.extract.made_on}"
        if not self.sound:
            wrong = [name for name, verdict in self.tables.items() if verdict not in SOUND]
            return f"{what}: not the same: {', '.join(wrong) or 'the file that was provided was altered'}"
        return f"{what}: made again it is equal" + (" but for erasures" if self.erased else "")

    def as_json(self) -> dict[str, Any]:
        """The verification as plain values."""
        return {
            "project": self.extract.project,
            "extract": self.extract.serial,
            "snapshot": self.extract.snapshot,
            "made_on": self.extract.made_on,
            "sound": self.sound,
            "tables": self.tables,
            "file": self.file,
            "changed_since": list(self.since),
        }


def verify_extract(databank: Databank, number: str, serial: int | None = None) -> Verification:
    """Make an extract (the last unless told) again from its pins, in a file that is removed, and compare.

    A table from which erasures took rows is equal but for erasures: where the file that was provided is here still,
    every row that is left must be a row of it, else it must have fewer rows. Refused where there is no such extract or
    its pins are gone.
    """
    record = read_record(databank, number, serial)
    file = _file_state(databank, record)
    with made_again(databank, record) as (again, tables):
        verdicts = {
            name: _verdict(record.tables.get(name), tables.get(name)) for name in sorted({*record.tables, *tables})
        }
        differing = [name for name, verdict in verdicts.items() if verdict == "differs"]
        for name in _lessened_by_erasure(databank, record, tables, differing):
            if file != "as provided" or _nothing_new(databank, number, name, again):
                verdicts[name] = "equal but for erasures"
    return Verification(record, verdicts, file, tuple(_changed_since(databank, record)))


def _verdict(before: dict[str, Any] | None, after: dict[str, Any] | None) -> Verdict:
    if before is None:
        return "was not there"
    if after is None:
        return "is not made any more"
    return "equal" if (before["rows"], before["digest"]) == (after["rows"], after["digest"]) else "differs"


def _file_state(databank: Databank, record: Extract) -> FileState:
    """Whether the file that was provided holds what its record says."""
    path = extract_path(databank, record.project)
    if not path.is_file() or read_extract(databank, record.project).serial != record.serial:
        return "not here"
    try:
        with opened(databank, record.project, {"provided": path}) as session:
            found = {name: content_of(session, qualified("provided", name)) for name in record.tables}
    except FjoError:
        return "altered"
    return "as provided" if all(_verdict(record.tables[name], found[name]) == "equal" for name in found) else "altered"


def _lessened_by_erasure(
    databank: Databank, record: Extract, tables: dict[str, dict[str, Any]], differing: list[str]
) -> Iterator[str]:
    """Those of the tables that have fewer rows, and from whose refresh something was erased since the extract."""
    if not differing:
        return
    with databank.store.reading() as session:
        there = session.rows(
            "SELECT 1 FROM duckdb_tables() WHERE database_name = 'lake' AND schema_name = 'databank' "
            "AND table_name = ?",
            [ERASURES],
            step="look for erasures",
        )
        erased = session.rows(
            f"SELECT DISTINCT dataset, refresh FROM lake.databank.{ERASURES} WHERE erased_on >= CAST(? AS DATE)",
            [record.made_on],
            step="read erasures",
        ) if there else []  # fmt: skip
    of, own = sources(databank, record), f"SAIL{record.project}V."
    held = {(dataset, refresh) for dataset, refreshes in record.refreshes.items() for refresh in refreshes}
    for name in differing:
        # What is made of several refreshes (a comparison group, a view) may have lost rows by any of them.
        from_refreshes = {of[name][:2]} if name in of else held if name.startswith(own) else set()
        if from_refreshes & set(erased) and tables[name]["rows"] < record.tables[name]["rows"]:
            yield name


def _nothing_new(databank: Databank, number: str, name: str, again: Path) -> bool:
    """Whether every row that is made now is a row of what was provided."""
    with opened(databank, number, {"provided": extract_path(databank, number), "again": again}) as session:
        more = f"FROM {qualified('again', name)} EXCEPT ALL FROM {qualified('provided', name)}"
        return not session.value(f"SELECT count(*) FROM ({more})", step="look for rows that were not provided")


def _changed_since(databank: Databank, record: Extract) -> Iterator[str]:
    """The versions that are others today than when the extract was made, in words."""
    today = {name: code_versions().get(name, "none") for name in record.code}
    before = dict(record.code)
    for dataset, said in record.contracts.items():
        before[f"contract {dataset}"], today[f"contract {dataset}"] = said, contract_in_words(databank, dataset)
    policy = load_policy(load_project(record.project, kept_projects(databank, record)).disclosure_policy)
    before["policy"], today["policy"] = record.policy, f"{policy.name} {policy.version}"
    keyring = databank.keyring
    for name, version in record.keys.items():
        if not name.startswith("alf_e "):
            before[name], today[name] = str(version), str(keyring.version(name))
    yield from (f"{name}: {before[name]} then, {today[name]} now" for name in before if before[name] != today[name])
