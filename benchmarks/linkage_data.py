"""Synthetic deposits and registers in the standard columns that `fjo linkage evaluate` and training read.

`python -m benchmarks.linkage_data --people N --register N --seed S --out DIR`
"""

import argparse
import tempfile
from pathlib import Path

import duckdb

from fjo_pipeline.synthetic import write_synthetic


def write_standard(people: int, register_people: int, seed: int, out: Path, refresh: str = "20240111") -> None:
    """Write `people`, `register` and `truth` as Parquet; a merged register person is the one it was merged into."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        files = write_synthetic(
            "cafcass_england_ecms", people, seed, refresh, Path(folder), register_people=register_people
        )
        connection = duckdb.connect()
        connection.execute("SET preserve_insertion_order = false")
        tables = {name: f"read_csv('{files.register}/{name}.csv', all_varchar = true)" for name in _REGISTER}
        merged = f"(SELECT PERS_ID AS old, MERGED_INTO AS new FROM {tables['PERSONS']} WHERE MERGED_INTO IS NOT NULL)"
        connection.execute(
            f"""COPY (SELECT DISTINCT coalesce(m.new, p.PERS_ID) AS register_id, p.NHS_NUMBER AS nhs_number,
                n.FORENAME AS forename, n.MIDDLE_NAMES AS middle_names, n.SURNAME AS surname,
                p.DATE_OF_BIRTH AS date_of_birth, p.SEX AS sex, a.POSTCODE AS postcode,
                nullif(concat_ws(', ', a.ADDRESS_1, a.ADDRESS_2, a.ADDRESS_3, a.ADDRESS_4, a.ADDRESS_5), '') AS address
                FROM {tables["PERSONS"]} p LEFT JOIN {merged} m ON m.old = p.PERS_ID
                LEFT JOIN {tables["NAMES"]} n USING (PERS_ID) LEFT JOIN {tables["ADDRESSES"]} a USING (PERS_ID))
                TO '{out}/register.parquet'"""
        )
        connection.execute(
            f"""COPY (SELECT DISTINCT ID AS person_id, NULL::VARCHAR AS nhs_number,
                regexp_extract(FORENAME, '^[^ ]+') AS forename,
                nullif(trim(regexp_replace(FORENAME, '^[^ ]+', '')), '') AS middle_names, SURNAME AS surname,
                DATEOFBIRTH AS date_of_birth, GENDER AS sex, POSTCODE AS postcode,
                nullif(concat_ws(', ', ADDRESS_1, ADDRESS_2, ADDRESS_3, ADDRESS_4, ADDRESS_5), '') AS address
                FROM read_csv('{files.deposit}/PEOPLE.csv', all_varchar = true) ORDER BY ID)
                TO '{out}/people.parquet'"""
        )
        connection.execute(
            f"""COPY (SELECT person_id, coalesce(m.new, register_id) AS register_id
                FROM '{files.truth}' t LEFT JOIN {merged} m ON m.old = t.register_id ORDER BY person_id)
                TO '{out}/truth.parquet'"""
        )


_REGISTER = ("PERSONS", "NAMES", "ADDRESSES")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--register", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    write_standard(options.people, options.register, options.seed, options.out)


if __name__ == "__main__":
    main()
