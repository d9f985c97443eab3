"""Made-up deprivation for the small areas of a world, in the published files' columns."""

from pathlib import Path

from fjo_pipeline.core.sessions import literal, open_session


def write_deprivation(postcodes: Path, path: Path) -> None:
    """Write rank-like scores and deciles, within each nation, for the areas of a postcode directory, as a CSV file."""
    with open_session(path.parent / "tmp") as session:
        session.run(
            f"""COPY (
                SELECT if(lsoa2011_cd LIKE 'W%', 'Wales', 'England') AS nation, lsoa2011_cd,
                    rank_in_nation / 10.0 AS deprivation_score,
                    ntile(10) OVER (PARTITION BY lsoa2011_cd[1] ORDER BY rank_in_nation) AS deprivation_decile
                FROM (SELECT lsoa2011_cd, row_number() OVER (ORDER BY md5(lsoa2011_cd)) AS rank_in_nation
                      FROM (SELECT DISTINCT lsoa2011_cd FROM read_csv({literal(postcodes)})))
                ORDER BY lsoa2011_cd
            ) TO {literal(path)} (FORMAT csv, HEADER)""",
            step="make up deprivation",
        )
