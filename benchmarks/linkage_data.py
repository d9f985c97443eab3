"""Synthetic deposits and registers in the standard columns that `fjo linkage evaluate` and training read.

`python -m benchmarks.linkage_data --people N --register N --seed S --out DIR`
"""

import argparse
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import duckdb

from fjo_pipeline.synthetic import SyntheticFiles, write_synthetic

DATASET = "cafcass_england_ecms"
MEMORY = "6GB"


def write_standard(people: int, register_people: int, seed: int, out: Path, refresh: str = "20240111") -> None:
    """Write `people`, `register` and `truth` as Parquet; a merged register person is the one it was merged into."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out) as folder, one_process() as pool:
        # In a process of its own: it gives its memory back before DuckDB takes some.
        made = pool.submit(
            write_synthetic, DATASET, people, seed, refresh, Path(folder), register_people=register_people
        )
        standardise(made.result(), out)


def one_process() -> ProcessPoolExecutor:
    """A process for one large task, started afresh."""
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


def standardise(files: SyntheticFiles, out: Path) -> None:
    """The same files from a deposit and register already written; rows are in order, so files are alike every time."""
    with tempfile.TemporaryDirectory(dir=out) as spill:
        connection = duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": spill})
        tables = {name: f"read_csv('{files.register}/{name}.csv', all_varchar = true)" for name in _REGISTER}
        merged = f"(SELECT PERS_ID AS old, MERGED_INTO AS new FROM {tables['PERSONS']} WHERE MERGED_INTO IS NOT NULL)"
        connection.execute(
            f"""COPY (SELECT coalesce(m.new, p.PERS_ID) AS register_id, p.NHS_NUMBER AS nhs_number,
                n.forename, n.middle_names, n.surname, p.DATE_OF_BIRTH AS date_of_birth, p.SEX AS sex,
                a.postcode, a.address
                FROM {tables["PERSONS"]} p LEFT JOIN {merged} m ON m.old = p.PERS_ID
                LEFT JOIN (SELECT DISTINCT PERS_ID, FORENAME AS forename, MIDDLE_NAMES AS middle_names,
                                  SURNAME AS surname FROM {tables["NAMES"]}) n USING (PERS_ID)
                LEFT JOIN (SELECT DISTINCT PERS_ID, POSTCODE AS postcode, {_ADDRESS} AS address
                           FROM {tables["ADDRESSES"]}) a USING (PERS_ID)
                ORDER BY register_id, nhs_number, forename, middle_names, surname, postcode, address)
                TO '{out}/register.parquet'"""
        )
        connection.execute(
            f"""COPY (SELECT DISTINCT ID AS person_id, NULL::VARCHAR AS nhs_number,
                regexp_extract(FORENAME, '^[^ ]+') AS forename,
                nullif(trim(regexp_replace(FORENAME, '^[^ ]+', '')), '') AS middle_names, SURNAME AS surname,
                DATEOFBIRTH AS date_of_birth, GENDER AS sex, POSTCODE AS postcode, {_ADDRESS} AS address
                FROM read_csv('{files.deposit}/PEOPLE.csv', all_varchar = true) ORDER BY ID)
                TO '{out}/people.parquet'"""
        )
        connection.execute(
            f"""COPY (SELECT person_id, coalesce(m.new, register_id) AS register_id
                FROM '{files.truth}' t LEFT JOIN {merged} m ON m.old = t.register_id ORDER BY person_id)
                TO '{out}/truth.parquet'"""
        )
        connection.close()


_REGISTER = ("PERSONS", "NAMES", "ADDRESSES")
_ADDRESS = "nullif(concat_ws(', ', ADDRESS_1, ADDRESS_2, ADDRESS_3, ADDRESS_4, ADDRESS_5), '')"


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
