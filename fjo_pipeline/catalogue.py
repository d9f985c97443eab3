"""The catalogue written to a folder: the databank's pages, and a made-up extract to download beside them.

It stands above the zones, because the made-up extract comes about as the demo does: one process is all three of them.
Of this home nothing is read but contracts, project files and what the databank has released.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from fjo_pipeline.core.contracts import contract
from fjo_pipeline.core.files import write_atomically
from fjo_pipeline.core.sessions import literal, open_session
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.databank.catalogue.entries import entries
from fjo_pipeline.databank.catalogue.pages import MadeUp, catalogue_files
from fjo_pipeline.databank.flow import Databank
from fjo_pipeline.databank.projects.analyst import Format, write_table
from fjo_pipeline.databank.projects.beside import DICTIONARY, dictionary_json
from fjo_pipeline.databank.projects.describing import describe
from fjo_pipeline.databank.projects.dictionary import all_code_names
from fjo_pipeline.databank.projects.extract import MADE_UP
from fjo_pipeline.databank.projects.grants import project_numbers
from fjo_pipeline.databank.projects.worked import opening, questions
from fjo_pipeline.project_synth import FILE, MadeUpExtract, synthesise_project

Say = Callable[[str], None]
SAMPLE = "1661"
"""The sample project, whose extract the made-up one has the shape of."""
PEOPLE, SEED = 200, 1
ARCHIVE = "made_up_extract_files.zip"
FORMS: tuple[Format, ...] = ("csv", "stata")
INSIDE = "MADE-UP-DATA"
"""The folder in the archive: whoever unpacks it is told."""


@dataclass(frozen=True)
class Catalogue:
    """What was written, and how much of it is about what has been released."""

    folder: Path
    files: tuple[str, ...]
    datasets: int
    released: int
    made_up: bool


def make_catalogue(
    settings: Settings, folder: Path, say: Say, *, contact: str = "", project: str = SAMPLE, people: int = PEOPLE
) -> Catalogue:
    """Write the catalogue; the same contracts and releases give the same pages and the same made-up rows.

    Without the sample project's file there is no made-up extract, and the pages do without it. Nothing of this home's
    keys or tables goes into it.
    """
    found = entries(Databank(settings))
    folder.mkdir(parents=True, exist_ok=True)
    made_up = None
    if project in project_numbers(settings.projects):
        with tempfile.TemporaryDirectory(prefix="fjo-catalogue-") as scratch:
            inner = settings.model_copy(update={"home": Path(scratch) / "home", "transfers": None})
            made = synthesise_project(inner, project, say, people=people, seed=SEED, out=Path(scratch) / "made-up")
            made_up = _write_made_up(inner, made, folder)
    files = catalogue_files(found, made_up, contact)
    for name, content in files.items():
        write_atomically(folder / name, content.encode())
    written = sorted([*files, *((file for file, _ in made_up.files) if made_up else ())])
    # What this process writes is its user's alone; the catalogue is for everybody, from any web server.
    folder.chmod(0o755)
    for name in written:
        (folder / name).chmod(0o644)
    released = sum(bool(each.refreshes) for each in found)
    return Catalogue(folder, tuple(written), len(found), released, made_up is not None)


def _write_made_up(settings: Settings, made: MadeUpExtract, folder: Path) -> MadeUp:
    """The made-up extract as a DuckDB file, and as CSV and Stata files in an archive that has no clock in it."""
    extract = made.extract
    rows = {name: int(table["rows"]) for name, table in sorted(extract.tables.items())}
    contracts = {name: contract(name, settings.contracts) for name in extract.refreshes}
    source = made.folder / FILE
    files = made.folder / INSIDE
    for form in FORMS:
        (files / form).mkdir(parents=True)
    with open_session(settings.temporary("databank"), threads=settings.threads) as session:
        session.run(f"ATTACH {literal(source)} AS extract (READ_ONLY)", step="open the made-up extract")
        tables = describe(session, contracts, extract.refreshes, rows, f"SAIL{extract.project}V")
        names = all_code_names(session, tables)
        for table in tables:
            for form in FORMS:
                write_table(session, table, names, form, files / form, synthetic=True)
    (files / DICTIONARY).write_text(dictionary_json(extract, tables, names))
    (files / "README.txt").write_text(f"{MADE_UP}.\n")
    _archive(files, folder / ARCHIVE)
    write_atomically(folder / FILE, source.read_bytes())
    how = opening(FILE, work=None, csv=f"{INSIDE}/csv", stata=f"{INSIDE}/stata")
    media = ((FILE, "application/vnd.duckdb"), (ARCHIVE, "application/zip"))
    return MadeUp(media, rows, how, tuple(questions(tables)))


def _archive(source: Path, target: Path) -> None:
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        archive.comment = MADE_UP.encode()
        for path in sorted(each for each in source.rglob("*") if each.is_file()):
            # A date of its own would make each archive another one.
            entry = ZipInfo(path.relative_to(source.parent).as_posix(), (1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, path.read_bytes())
