"""`fjo publish`: the publications of the released snapshot, whole or not at all."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import move_folder, sha256_of_file, sha256_of_texts, write_atomically
from fjo_pipeline.core.findings import Finding
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.databank.bulletin.making import make_bulletin
from fjo_pipeline.databank.dbt import MODELS
from fjo_pipeline.databank.disclosure.policy import Policy, load_policy
from fjo_pipeline.databank.disclosure.protect import Earlier
from fjo_pipeline.databank.flow import Databank, Release, assert_released, due, partitions, release_due
from fjo_pipeline.databank.publishing.checking import check_publication
from fjo_pipeline.databank.publishing.counting import count_table
from fjo_pipeline.databank.publishing.curves import curve_rows
from fjo_pipeline.databank.publishing.declaration import TABLES, PublishedTable, load_tables
from fjo_pipeline.databank.publishing.figures import Figures
from fjo_pipeline.databank.publishing.keeping import earlier_releases, keep_release
from fjo_pipeline.databank.publishing.packaging import MADE_UP, TableFiles, write_package
from fjo_pipeline.databank.publishing.protecting import LetOut, let_out, systems

FORMAT = "publication 1"
DEFAULT_POLICY = "sail-2025"
LATEST = "latest"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Publication:
    """A publication that lies in its place."""

    release: str
    folder: Path
    policy: Policy
    snapshot: int
    synthetic: bool
    rows: dict[str, int]
    suppressed: dict[str, int]
    is_new: bool

    def as_json(self) -> dict[str, Any]:
        """What a script wants to know of it."""
        return {
            "release": self.release,
            "folder": str(self.folder),
            "policy": self.policy.name,
            "policy_version": self.policy.version,
            "snapshot": self.snapshot,
            "synthetic": self.synthetic,
            "is_new": self.is_new,
            "tables": {
                name: {"rows": rows, "rows_with_gaps": self.suppressed[name]} for name, rows in self.rows.items()
            },
        }


@dataclass(frozen=True)
class Draft:
    """A publication that nobody outside can see yet: written, but not in its place."""

    databank: Databank
    policy: Policy
    release: Release
    name: str
    folder: Path
    tables: tuple[TableFiles, ...]
    systems: tuple[LetOut, ...]
    session: Session

    def check(self) -> list[Finding]:
        """What would be let out, checked again from the written files and by the attacker's own sums."""
        return check_publication(self.folder, self.systems, self.policy)

    def let_out(self) -> Publication:
        """Make the bulletin, keep what is let be known, and move all of it into its place as the latest."""
        make_bulletin(self.folder, self.folder / "bulletin")
        keep_release(self.session, self.name, self.systems)
        place = publications(self.databank) / self.name
        is_new = not place.exists()
        # Before it is out: a step killed in between is run again, and what is out has an entry.
        self.databank.ledger.record(
            "publication", "databank", self.name, "released", self.release.digest, sequence=self.release.snapshot
        )
        move_folder(self.folder, place)
        content = {"release": self.name, "policy": self.policy.name, "synthetic": self.release.synthetic}
        write_atomically(place.with_name(LATEST), (json.dumps(content) + "\n").encode(), mode=0o644)
        return Publication(
            self.name,
            place,
            self.policy,
            self.release.snapshot,
            self.release.synthetic,
            {each.table.name: len(each.rows) for each in self.tables},
            {each.table.name: sum(None in row.figures.values() for row in each.rows) for each in self.tables},
            is_new,
        )


def publications(databank: Databank) -> Path:
    """Where publications lie, a folder each, beside `latest`, which names the last."""
    return databank.settings.publications


def latest_publication(databank: Databank) -> Path | None:
    """The folder of the last publication; None before the first."""
    latest = publications(databank) / LATEST
    return latest.with_name(json.loads(latest.read_text())["release"]) if latest.is_file() else None


def publish(databank: Databank, policy: str | Path = DEFAULT_POLICY, folder: Path = TABLES) -> Publication:
    """Publish the released snapshot under a policy; the same again is the same publication.

    Refused from an incomplete refresh, and where a check finds that too much would be let out.
    """
    with drafted(databank, policy, folder) as draft:
        failed = [each.name for each in draft.check() if not each.passed]
        if failed:
            raise Refused(f"nothing was published: the check {failed[0]} found that too much would be let out")
        return draft.let_out()


@contextmanager
def drafted(databank: Databank, policy: str | Path = DEFAULT_POLICY, folder: Path = TABLES) -> Iterator[Draft]:
    """A publication up to the moment at which it is let out, under the store's lock: one at a time.

    Refused from an incomplete refresh.
    """
    chosen, tables = load_policy(policy), load_tables(folder)
    chosen.assert_area("nation")
    release = complete_release(databank)
    scratch = publications(databank) / ".draft"
    shutil.rmtree(scratch, ignore_errors=True)
    with databank.store.reading(release.snapshot) as marts:
        refreshes = [f"{each.dataset}/{each.refresh}" for each in partitions(marts)]
        dates = sorted(each.partition("/")[2] for each in refreshes)
        name = f"{dates[-1]}-{chosen.name}-{_digest(release, chosen, folder)[:10]}"
        with databank.store.writing() as session:
            earlier = earlier_releases(session, name)
            header = _header(name, release, chosen, refreshes)
            made, let_be_known = _tables(marts, tables, chosen, release, earlier, header)
            write_package(scratch, header, made, synthetic=release.synthetic)
            try:
                yield Draft(databank, chosen, release, name, scratch, tuple(made), tuple(let_be_known), session)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)


def complete_release(databank: Databank) -> Release:
    """The release; Refused where something has come, or been built, that it does not have."""
    release = assert_released(databank)
    waiting = sorted(f"{each.dataset}/{each.refresh}" for each in due(databank))
    if waiting:
        raise Refused(f"{waiting[0]} has come and is not in the release: run `fjo refresh`, then publish")
    if release_due(databank):
        raise Refused("the release lacks what stands in the databank: run `fjo refresh`, then publish")
    return release


def _tables(
    marts: Session,
    tables: Sequence[PublishedTable],
    policy: Policy,
    release: Release,
    earlier: dict[str, list[Earlier]],
    header: dict[str, Any],
) -> tuple[list[TableFiles], list[LetOut]]:
    by_table: dict[str, list[Figures]] = {}
    for table in tables:
        if table.curve is None:
            by_table[table.name] = [
                Figures(
                    table,
                    counted,
                    [
                        let_out(system, policy, release.snapshot, earlier.get(system.name, ()))
                        for system in systems(table, counted)
                    ],
                    policy,
                )
                for counted in count_table(marts, table, policy.areas)
            ]
    parameters = _parameters()
    files = []
    for table in tables:
        figures = by_table[table.curve.table if table.curve else table.name]
        if table.curve:
            rows = list(curve_rows(marts, table, table.curve, policy.areas, figures, policy))
        else:
            rows = [row for each in figures for row in each.rows()]
        record = {key: header[key] for key in RECORDED} | {
            "table": table.name,
            "protected_with": table.curve.table if table.curve else table.name,
            "systems": [each.release.record | {"system": each.system.name} for of in figures for each in of.released],
        }
        chosen = {each: parameters[each] for each in table.parameters}
        files.append(TableFiles(table, sorted(rows, key=lambda row: row.order()), record, chosen))
    return files, [each for figures in by_table.values() for of in figures for each in of.released]


RECORDED = ("policy", "snapshot", "refreshes", "created", "code_version", "synthetic")


def _header(name: str, release: Release, policy: Policy, refreshes: Sequence[str]) -> dict[str, Any]:
    last = max(each.partition("/")[2] for each in refreshes)
    title = "Family justice: care proceedings and private law"
    return {
        "name": f"family-justice-{name}",
        "title": f"{MADE_UP}: {title}" if release.synthetic else title,
        "id": name,
        "created": f"{last[:4]}-{last[4:6]}-{last[6:]}",
        "synthetic": release.synthetic,
        "policy": policy.model_dump(mode="json"),
        "snapshot": release.snapshot,
        "refreshes": list(refreshes),
        "code_version": version("fjo-pipeline"),
    }


def _parameters() -> dict[str, Any]:
    """The definitions with which the views were built: dbt's vars."""
    found: dict[str, Any] = yaml.safe_load((MODELS / "dbt_project.yml").read_text())["vars"]
    return found


def _digest(release: Release, policy: Policy, folder: Path) -> str:
    """What a publication is made from: the release, the policy, what is declared, and the code."""
    declared = (sha256_of_file(path) for path in sorted(folder.glob("*.yaml")))
    return sha256_of_texts(
        FORMAT, version("fjo-pipeline"), release.digest, str(release.snapshot), policy.model_dump_json(), *declared
    )


def summary(made: Publication) -> str:
    """What was published, in words."""
    lines = [f"{name:<32}{rows:>8,} rows, {made.suppressed[name]:,} with gaps" for name, rows in made.rows.items()]
    mark = f"{MADE_UP}: " if made.synthetic else ""
    said = "published" if made.is_new else "published before, and again the same"
    return "\n".join([*lines, f"{mark}{made.release} under policy {made.policy.name}: {said}", str(made.folder)])
