"""Splink 5 as its documentation writes a link of two tables: `python -m benchmarks.linkage_splink FOLDER LINKS NAMES`.

What a user would do first is done: case folded, postcodes given their space, sex coded alike on both sides. The
register has several rows a person, one for each name with each address; all go in, for the latest alone would lose
whoever is on file under an earlier one, and the best row of a person counts. Forename and surname are compared as the
library offers it: `together` (ForenameSurnameComparison) or `apart` (two NameComparisons). The address stays out:
beside the postcode it counts one fact twice, and cost `together` 5 points of precision at 0.5 on 20,000 people asked
for against 100,000. Sampling for u is left at its default and the training rules are narrow, which favours its speed.
"""

import argparse
from pathlib import Path
from typing import Any

import duckdb
import splink.comparison_library as cl
from splink import Linker, SettingsCreator, block_on
from splink.backends.duckdb import DuckDBAPI

NAMES = ("together", "apart")
LEAST_PROBABILITY = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("links", type=Path)
    parser.add_argument("names", choices=NAMES)
    options = parser.parse_args()
    link(options.folder, options.links, options.names)


def link(folder: Path, links: Path, names: str, threads: int = 2) -> None:
    """Write person_id, register_id and probability of each person's best candidate of 0.5 or more."""
    connection = duckdb.connect(config={"threads": threads})
    connection.execute("SET enable_progress_bar = false")
    for table, number in (("people", "person_id"), ("register", "register_id")):
        connection.execute(
            f"""CREATE TABLE {table} AS
            SELECT row_number() OVER () AS unique_id, {number} AS own_id, lower(forename) AS forename,
                   lower(surname) AS surname, lower(forename) || ' ' || lower(surname) AS full_name,
                   date_of_birth AS dob, CASE lower(sex) WHEN 'male' THEN '1' WHEN 'm' THEN '1' WHEN 'female' THEN '2'
                                                         WHEN 'f' THEN '2' ELSE sex END AS sex,
                   regexp_replace(replace(upper(postcode), ' ', ''), '(...)$', ' \\1') AS postcode
            FROM read_parquet('{folder}/{table}.parquet')"""
        )
    api = DuckDBAPI(connection=connection)
    linker = Linker([api.register("people"), api.register("register")], _settings(names))
    training = linker.training
    training.estimate_probability_two_random_records_match(
        [block_on("forename", "surname", "dob"), block_on("postcode", "dob", "surname")], recall=0.8
    )
    training.estimate_u_using_random_sampling(seed=1)
    training.estimate_parameters_using_expectation_maximisation(block_on("forename", "surname"))
    training.estimate_parameters_using_expectation_maximisation(block_on("dob", "postcode"))
    predicted = linker.inference.predict(threshold_match_probability=LEAST_PROBABILITY)
    connection.execute(
        f"""COPY (
            SELECT p.own_id AS person_id, r.own_id AS register_id, match_probability AS probability
            FROM {predicted.physical_name} JOIN people p ON p.unique_id = unique_id_l
            JOIN register r ON r.unique_id = unique_id_r
            QUALIFY row_number() OVER (PARTITION BY p.own_id ORDER BY match_probability DESC, r.own_id) = 1
            ORDER BY person_id) TO '{links}'"""
    )


def _settings(names: str) -> SettingsCreator:
    compared: list[Any]
    if names == "together":
        compared = [cl.ForenameSurnameComparison("forename", "surname", forename_surname_concat_col_name="full_name")]
    else:
        compared = [cl.NameComparison("forename"), cl.NameComparison("surname")]
    return SettingsCreator(
        link_type="link_only",
        blocking_rules_to_generate_predictions=[
            block_on("forename", "surname"),
            block_on("surname", "dob"),
            block_on("forename", "dob"),
            block_on("postcode", "surname"),
            block_on("postcode", "dob"),
            block_on("postcode", "forename"),
        ],
        comparisons=[
            *compared,
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.PostcodeComparison("postcode"),
            cl.ExactMatch("sex"),
        ],
    )


if __name__ == "__main__":
    main()
