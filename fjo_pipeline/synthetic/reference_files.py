"""Made-up reference files for a world's places: deprivation, populations, births and families, in the plain layouts.

Areas and their codes are real, all numbers are made up, and each file's vintage says so.
"""

import tempfile
from pathlib import Path

import pyarrow as pa

from fjo_pipeline.core.sessions import Session, literal, open_session
from fjo_pipeline.synthetic.areas import AUTHORITIES, deprivation_ranks

VINTAGE = "MADE-UP DATA"
YEARS = (2013, 2024)
LAST_AGE = 90

_DEPRIVATION = """
    SELECT if(lsoa2011_cd[1] = 'W', 'Wales', 'England') AS nation, lsoa2011_cd, rank / 10.0 AS deprivation_score,
        ntile(10) OVER (PARTITION BY lsoa2011_cd[1] ORDER BY rank) AS deprivation_decile, rank AS deprivation_rank
    FROM world_lsoas
    ORDER BY lsoa2011_cd"""
# 1,000 to 7,000 of each age up to 60 in an authority, then ever fewer; births follow the age 0.
_POPULATION = f"""
    SELECT LA_CD AS la_cd, year, age, CAST((1000 + md5_number_lower(LA_CD) % 6000) * (1 + (year - 2013) / 200.0)
        * if(age <= 60, 1, (100 - age) / 40.0) AS INTEGER) AS population
    FROM authorities, range({YEARS[0]}, {YEARS[1]} + 1) AS years (year), range({LAST_AGE} + 1) AS ages (age)
    ORDER BY la_cd, year, age"""
_BIRTHS = "SELECT la_cd, year, CAST(population * 1.01 AS INTEGER) AS births FROM population WHERE age = 0 ORDER BY ALL"
_FAMILIES = """
    SELECT REGION_NM AS region_nm, year, CAST(sum(population) / 1.7 AS INTEGER) AS families
    FROM population JOIN authorities USING (la_cd) WHERE age < 18 GROUP BY ALL ORDER BY ALL"""
_FILES = {
    "deprivation_by_lsoa2011": _DEPRIVATION,
    "population_by_local_authority": _POPULATION,
    "births_by_local_authority": _BIRTHS,
    "families_by_region": _FAMILIES,
}
REFERENCE_NAMES = tuple(_FILES)
"""The made-up reference files, by the names under which `fjo reference add` takes them."""


def write_reference_files(lsoas: pa.Array, folder: Path) -> list[Path]:
    """Write a world's reference files into `folder`, `<name>.csv` each; the same for the same places."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fjo-reference-") as scratch, open_session(Path(scratch)) as session:
        codes = lsoas.unique()
        session.connection.register("world_lsoas", pa.table({"lsoa2011_cd": codes, "rank": deprivation_ranks(codes)}))
        session.run(
            f"CREATE TEMP TABLE authorities AS FROM read_csv({literal(AUTHORITIES)}, header = true, delim = ',')",
            step="read the local authorities",
        )
        session.run(f"CREATE TEMP TABLE population AS {_POPULATION}", step="make up populations")
        return [_write(session, query, folder / f"{name}.csv") for name, query in _FILES.items()]


def _write(session: Session, query: str, path: Path) -> Path:
    session.run(
        f"COPY (SELECT *, {literal(VINTAGE)} AS vintage FROM ({query})) TO {literal(path)} (FORMAT csv, HEADER)",
        step=f"make up {path.stem}",
    )
    return path
