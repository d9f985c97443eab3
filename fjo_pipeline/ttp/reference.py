"""The TTP's reference file: the postcode directory that gives File 3 its small areas, its vintage named."""

import re
from pathlib import Path

from fjo_pipeline.core.csv_loading import read_header
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import sha256_of_file
from fjo_pipeline.core.sessions import Session, identifier, literal
from fjo_pipeline.core.stores import one_transaction
from fjo_pipeline.ttp.store import TtpStore

NAME = "postcode_to_lsoa"
LSOA_COLUMN = re.compile(r"lsoa(20\d\d)_cd")


def add_postcode_directory(store: TtpStore, path: Path) -> tuple[str, str, int]:
    """Load a CSV of columns `postcode` and `lsoa<year>_cd`; returns its version, its LSOA vintage, and its rows."""
    header = [column.lower() for column in read_header(path)]
    vintages = [found.group(1) for column in header if (found := LSOA_COLUMN.fullmatch(column))]
    if "postcode" not in header or len(vintages) != 1:
        raise Refused(f"{path.name}: a postcode directory has the columns postcode and lsoa2011_cd (or another year)")
    version = sha256_of_file(path)
    with store.writing() as session, one_transaction(session):
        session.run("DELETE FROM ttp.reference.postcode_to_lsoa", step="make room for the postcode directory")
        session.run(
            f"""INSERT INTO ttp.reference.postcode_to_lsoa
            SELECT {folded_postcode("postcode")} AS postcode, min({identifier(f"lsoa{vintages[0]}_cd")}) AS lsoa_cd
            FROM read_csv({literal(path)}, header = true, all_varchar = true, delim = ',') GROUP BY 1 ORDER BY 1""",
            step="load the postcode directory",
        )
        session.run(f"DELETE FROM ttp.reference.version WHERE name = {literal(NAME)}", step="drop the old version")
        session.run(
            "INSERT INTO ttp.reference.version VALUES (?, ?, ?)",
            (NAME, version, vintages[0]),
            step="record the directory's version",
        )
        rows: int = session.value("SELECT count(*) FROM ttp.reference.postcode_to_lsoa", step="count postcodes")
        return version, vintages[0], rows


def directory_version(session: Session) -> tuple[str, str] | None:
    """Version and LSOA vintage of the postcode directory, or None where none is loaded: small areas then stay empty."""
    found = session.rows(
        "SELECT version, vintage FROM ttp.reference.version WHERE name = ?",
        (NAME,),
        step="read the directory's version",
    )
    return (found[0][0], found[0][1]) if found else None


def folded_postcode(column: str) -> str:
    """SQL that folds a postcode's case, spaces and punctuation, so that its ways of being written meet."""
    return f"regexp_replace(upper({column}), '[^A-Z0-9]', '', 'g')"
