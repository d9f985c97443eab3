"""Reference files of the databank: deprivation by small area, versioned by digest, provided as `SAILREFRV`."""

from pathlib import Path

from fjo_pipeline.core.csv_loading import read_header
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import sha256_of_file
from fjo_pipeline.core.sessions import Session, literal
from fjo_pipeline.core.stores import one_transaction
from fjo_pipeline.databank.store import DatabankStore

REFERENCES = {
    "deprivation_by_lsoa2011": ("nation", "lsoa2011_cd", "deprivation_score", "deprivation_decile"),
}


def add_reference(store: DatabankStore, name: str, path: Path) -> int:
    """Load a reference CSV in place of the one there; returns its rows, and writes nothing where it is the same one.

    Refused for a name or column not known.
    """
    columns = REFERENCES.get(name)
    if columns is None:
        raise Refused(
            f"there is no reference file '{name}'; known are: postcode_to_lsoa, linkage_truth, {', '.join(REFERENCES)}"
        )
    header = [column.lower() for column in read_header(path)]
    if missing := [column for column in columns if column not in header]:
        raise Refused(f"{path.name}: the column {missing[0]} is missing; needed are {', '.join(columns)}")
    digest = sha256_of_file(path)
    with store.writing() as session:
        if standing := session.rows(
            "SELECT rows FROM lake.databank.reference_files WHERE name = ? AND digest = ?",
            (name, digest),
            step="look for the reference file",
        ):
            return int(standing[0][0])
        with one_transaction(session):
            return _replace(session, name, columns, path, digest)


def _replace(session: Session, name: str, columns: tuple[str, ...], path: Path, digest: str) -> int:
    table = f"lake.SAILREFRV.{name.upper()}"
    session.run(f"DELETE FROM {table}", step=f"make room for {name}")
    session.run(
        f"INSERT INTO {table} SELECT {', '.join(columns)} FROM read_csv({literal(path)}, header = true, delim = ',') "
        "ORDER BY ALL",
        step=f"load {name}",
    )
    rows = int(session.value(f"SELECT count(*) FROM {table}", step=f"count {name}"))
    session.run("DELETE FROM lake.databank.reference_files WHERE name = ?", (name,), step="drop the old version")
    session.run(
        "INSERT INTO lake.databank.reference_files VALUES (?, ?, ?)",
        (name, digest, rows),
        step="record the reference file",
    )
    return rows
