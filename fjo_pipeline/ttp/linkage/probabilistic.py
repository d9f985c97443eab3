"""Probabilities of candidate pairs: Splink weighs each distinct comparison vector; rarity and rivals come after.

A candidate competes with the register's other people and with "on no register", so probabilities of one person's
candidates sum to less than one and a larger register needs more evidence, without a threshold of its own.
"""

import logging
import warnings
from math import log2
from typing import Any, Literal

from splink import Linker, SettingsCreator
from splink.backends.duckdb import DuckDBAPI

from fjo_pipeline.core.errors import StatementFailed
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.ttp.linkage.blocking import find_candidates
from fjo_pipeline.ttp.linkage.comparing import compare, count_frequencies
from fjo_pipeline.ttp.linkage.households import mean_household
from fjo_pipeline.ttp.linkage.model import COMPARISONS, DIFFERENT, MISSING, LinkageModel
from fjo_pipeline.ttp.linkage.spark import SparkTables

Kind = Literal["clean", "soiled", "relative", "occupant"]
KINDS: tuple[Kind, ...] = ("clean", "soiled", "relative", "occupant")
NAMES = [comparison.name for comparison in COMPARISONS]
# Everything else may agree and it is still the brother: forename and sex are not both written down wrong by accident.
TWINS_OF_TWO_SEXES = f"v.given_name = {DIFFERENT} AND v.sex = {DIFFERENT}"


def score(session: Session, model: LinkageModel) -> int:
    """Make `linkage_scored`(pid, rid, probability) for the people of `linkage_rest`; returns the pairs scored."""
    find_candidates(session)
    count_frequencies(session)
    compare(session, model, "linkage_pair", "linkage_vector")
    weigh(session, model, "linkage_vector")
    pairs = int(session.value("SELECT count(*) FROM linkage_pair", step="count the pairs"))
    session.run("DROP TABLE linkage_pair; DROP TABLE linkage_vector", step="drop the pairs")
    return pairs


def weigh(session: Session, model: LinkageModel, vectors: str) -> None:
    """Make `linkage_scored` from comparison vectors: Splink's weights, rarity of values, rivals, calibration."""
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_pattern AS
        SELECT row_number() OVER (ORDER BY {", ".join(NAMES)}) AS unique_id, * FROM (SELECT DISTINCT {", ".join(NAMES)}
        FROM {vectors})""",
        step="collect the distinct comparison vectors",
    )
    session.run(
        "CREATE OR REPLACE TEMP TABLE linkage_anybody AS "
        "SELECT * REPLACE (CAST(0 AS BIGINT) AS unique_id) FROM linkage_pattern ORDER BY unique_id LIMIT 1",
        step="give Splink its other side",
    )
    for kind in KINDS:
        _score_with_splink(session, splink_settings(model, kind), kind)
    household = mean_household(session)
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_scored AS
        WITH ratio AS (
            SELECT v.pid, v.rid, pow(2.0, {_rarity(model)}) AS rarity,
                   {1 - model.soiled!r} * pow(2.0, clean.weight) + {model.soiled!r} * pow(2.0, soiled.weight) AS one,
                   {household.relative!r} * pow(2.0, relative.weight)
                   + {household.occupant!r} * pow(2.0, occupant.weight) AS housemates
            FROM {vectors} v JOIN linkage_share h USING (pid)
            {" ".join(f"JOIN linkage_weight_{kind} {kind} USING ({', '.join(NAMES)})" for kind in KINDS)}
            WHERE NOT ({TWINS_OF_TWO_SEXES})),
        odds AS (
            SELECT pid, rid, {model.on_register!r} * one * rarity
                   / ((SELECT count(*) FROM linkage_person) + housemates * rarity) AS odds
            FROM ratio),
        total AS (SELECT pid, list_sum(list(odds ORDER BY odds)) + {1 - model.on_register!r} AS total
                  FROM odds GROUP BY pid)
        SELECT pid, rid, {_calibrated("odds / total", model)} AS probability FROM odds JOIN total USING (pid)""",
        step="turn weights into probabilities",
    )
    for table in ("pattern", "anybody", *(f"weight_{kind}" for kind in KINDS)):
        session.run(f"DROP TABLE linkage_{table}", step="drop the weights")


def splink_settings(model: LinkageModel, kind: Kind) -> dict[str, Any]:
    """The model as Splink settings over level codes: a kind of pair (m) against strangers (u)."""
    return {
        "link_type": "link_only",
        "probability_two_random_records_match": 0.5,
        "blocking_rules_to_generate_predictions": [],
        "comparisons": [
            {
                "output_column_name": comparison.name,
                "comparison_levels": [
                    {
                        "sql_condition": f"{comparison.name}_l = {MISSING}",
                        "label_for_charts": "missing",
                        "is_null_level": True,
                    },
                    *(
                        {
                            "sql_condition": f"{comparison.name}_l = {level.code}",
                            "label_for_charts": level.name,
                            "m_probability": getattr(chances, kind),
                            "u_probability": chances.stranger,
                        }
                        for level in comparison.levels
                        for chances in [model.levels[comparison.name][level.code]]
                    ),
                ],
            }
            for comparison in COMPARISONS
        ],
    }


def _score_with_splink(session: Session, settings: dict[str, Any], kind: Kind) -> None:
    logging.getLogger("splink").setLevel(logging.ERROR)
    failed = ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            api = session.splink if isinstance(session, SparkTables) else DuckDBAPI(connection=session.connection)
            left, right = api.register("linkage_pattern"), api.register("linkage_anybody")
            linker = Linker([left, right], SettingsCreator(**settings))
            scored = linker.inference.score_pairs(left, right)
            columns = ", ".join(f"{name}_l AS {name}" for name in NAMES)
            session.run(
                f"CREATE OR REPLACE TEMP TABLE linkage_weight_{kind} AS "
                f"SELECT {columns}, match_weight AS weight FROM {scored.physical_name}",
                step="keep Splink's weights",
            )
            scored.drop_table_from_database_and_remove_from_cache()
    except Exception as error:
        failed = type(error).__name__
    # Raised outside the handler: Splink's and DuckDB's messages quote SQL and values.
    if failed:
        raise StatementFailed(f"could not weigh comparison vectors with Splink: {failed} (its message is withheld)")


def _rarity(model: LinkageModel) -> str:
    """Log2 of the average chance of an equal value over this value's own share of the register, summed."""
    terms = []
    for comparison in COMPARISONS:
        frequent = [level.code for level in comparison.levels if level.frequency]
        if frequent:
            codes = ", ".join(str(code) for code in frequent)
            share = next(f"h.{level.frequency}_share" for level in comparison.levels if level.frequency)
            average = sum(model.levels[comparison.name][code].stranger for code in frequent)
            terms.append(
                f"coalesce({log2(average)!r} - log2(CASE WHEN v.{comparison.name} IN ({codes}) THEN {share} END), 0)"
            )
    return " + ".join(terms)


def _calibrated(probability: str, model: LinkageModel) -> str:
    """Logistic calibration: slope and intercept on the natural log odds, kept off the ends."""
    kept = f"least(greatest({probability}, 1e-12), 1 - 1e-12)"
    return f"1 / (1 + exp(-({model.slope!r} * ln({kept} / (1 - {kept})) + {model.intercept!r})))"
