"""Probabilities of candidate pairs: Splink weighs each distinct comparison vector; rarity and rivals come after.

A candidate competes with the register's other people and with "on no register", so probabilities of one person's
candidates sum to less than one and a larger register needs more evidence, without a threshold of its own.
"""

import logging
import warnings
from typing import Any, Literal

from splink import Linker, SettingsCreator
from splink.backends.duckdb import DuckDBAPI

from fjo_pipeline.core.errors import StatementFailed
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.ttp.linkage.blocking import find_candidates
from fjo_pipeline.ttp.linkage.comparing import TWINS_OF_TWO_SEXES, compare, count_frequencies, rarity
from fjo_pipeline.ttp.linkage.families import CONFIDENT, drop_families, find_families
from fjo_pipeline.ttp.linkage.homes import splink_levels
from fjo_pipeline.ttp.linkage.households import Household, mean_household
from fjo_pipeline.ttp.linkage.model import COMPARISONS, HOME, MISSING, LinkageModel
from fjo_pipeline.ttp.linkage.spark import SparkTables

Kind = Literal["clean", "soiled", "relative", "occupant"]
KINDS: tuple[Kind, ...] = ("clean", "soiled", "relative", "occupant")
NAMES = [comparison.name for comparison in COMPARISONS]
WITHOUT_ADDRESS = f"* REPLACE (CAST({MISSING} AS TINYINT) AS postcode, CAST({MISSING} AS TINYINT) AS address)"


def score(session: Session, model: LinkageModel, *, remembering: bool = False) -> int:
    """Make `linkage_scored`(pid, rid, probability) for the people of `linkage_rest`; returns the pairs compared.

    People of `linkage_confidential`(pid) neither give nor take evidence from a shared address. `remembering`: people of
    `linkage_known`(pid) have been compared with their own candidates before (memory.py).
    """
    find_candidates(session, "linkage_known" if remembering else None)
    count_frequencies(session)
    household = mean_household(session, model.on_register)
    compare(session, model, "linkage_pair", "linkage_vector", household)
    if remembering:
        _add_remembered(session)
    weigh(session, model, "linkage_vector", household)
    pairs = int(session.value("SELECT count(*) FROM linkage_pair", step="count the pairs"))
    session.run("DROP TABLE linkage_pair; DROP TABLE linkage_vector", step="drop the pairs")
    return pairs


def score_nobody(session: Session) -> None:
    """Make an empty `linkage_scored`, where there is nobody to score."""
    session.run(
        "CREATE OR REPLACE TEMP TABLE linkage_scored (pid INTEGER, rid INTEGER, probability DOUBLE)",
        step="score nobody",
    )


def _add_remembered(session: Session) -> None:
    """The vectors of `linkage_remembered` beside those found now, of which `linkage_compared` has people's own."""
    session.run(
        """CREATE OR REPLACE TEMP TABLE linkage_compared AS
        SELECT v.* FROM linkage_vector v SEMI JOIN (SELECT pid, rid FROM linkage_pair WHERE own) USING (pid, rid);
        INSERT INTO linkage_vector
        SELECT r.* FROM linkage_remembered r
        SEMI JOIN linkage_rest USING (pid) ANTI JOIN linkage_vector USING (pid, rid)""",
        step="add the vectors that are remembered",
    )


def weigh(session: Session, model: LinkageModel, vectors: str, household: Household) -> None:
    """Make `linkage_scored` from comparison vectors: Splink's weights, rarity, rivals, calibration, then the family."""
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_pattern AS
        SELECT row_number() OVER (ORDER BY {", ".join(NAMES)}) AS unique_id, *
        FROM (SELECT DISTINCT {", ".join(NAMES)} FROM {vectors}
              UNION SELECT DISTINCT {", ".join(NAMES)} FROM (SELECT {WITHOUT_ADDRESS} FROM {vectors}))""",
        step="collect the distinct comparison vectors",
    )
    session.run(
        "CREATE OR REPLACE TEMP TABLE linkage_anybody AS "
        "SELECT * REPLACE (CAST(0 AS BIGINT) AS unique_id) FROM linkage_pattern ORDER BY unique_id LIMIT 1",
        step="give Splink its other side",
    )
    for kind in KINDS:
        _score_with_splink(session, splink_settings(model, kind), kind)
    session.run(
        "CREATE OR REPLACE TEMP TABLE linkage_scored AS " + _probabilities(model, household, vectors),
        step="turn weights into probabilities",
    )
    _weigh_families(session, model, household, vectors)
    for table in ("pattern", "anybody", *(f"weight_{kind}" for kind in KINDS)):
        session.run(f"DROP TABLE linkage_{table}", step="drop the weights")


def _weigh_families(session: Session, model: LinkageModel, household: Household, vectors: str) -> None:
    """Probabilities anew for people whose housemates are linked (families.py)."""
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_linked AS SELECT pid, rid FROM linkage_exact
        UNION ALL SELECT pid, rid FROM linkage_scored WHERE probability >= {CONFIDENT}""",
        step="take the confident links",
    )
    find_families(session, vectors, "linkage_linked")
    names = ", ".join(NAMES)
    moved, settled = model.families["moved"], model.families["settled"]
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_family_vector AS
        SELECT pid, rid, {names}, NULL AS crowd,
               CASE WHEN f.supported IS DISTINCT FROM false THEN 1.0
                    WHEN f.settled THEN {settled.apart!r} ELSE {moved.apart!r} END AS chance
        FROM {vectors} SEMI JOIN linkage_family USING (pid) LEFT JOIN linkage_family f USING (pid, rid)
        UNION ALL
        SELECT pid, rid, {names}, crowd, CASE WHEN settled THEN {settled.together!r} ELSE {moved.together!r} END
        FROM (SELECT {WITHOUT_ADDRESS} FROM {vectors}) JOIN linkage_family USING (pid, rid) WHERE supported;
        CREATE OR REPLACE TEMP TABLE linkage_family_scored AS
        {_probabilities(model, household, "linkage_family_vector", "v.crowd", "v.chance")};
        CREATE OR REPLACE TEMP TABLE linkage_scored AS
        SELECT * FROM linkage_scored ANTI JOIN linkage_family_scored USING (pid)
        UNION ALL FROM linkage_family_scored""",
        step="weigh the family's evidence",
    )
    for table in ("linked", "family_vector", "family_scored"):
        session.run(f"DROP TABLE linkage_{table}", step="drop the families' vectors")
    drop_families(session)


def _probabilities(
    model: LinkageModel, household: Household, vectors: str, crowd: str = "NULL", chance: str = "1.0"
) -> str:
    """Query for pid, rid and probability; of several vectors of a pair the likeliest counts.

    `crowd` is how many register people the candidate is one of, null for all of them; each may be as near to the
    person as the mean person's housemates are. `chance` is how likely one's own register person is among them.
    """
    everybody = "(SELECT count(*) FROM linkage_person)"
    homes = household.relative + household.occupant
    odds = (
        f"{model.on_register!r} * chance * one * rarity "
        f"/ (coalesce(crowd, {everybody}) + coalesce(crowd / {homes!r}, 1) * housemates * rarity)"
    )
    return f"""WITH ratio AS (
            SELECT v.pid, v.rid, pow(2.0, {rarity(model, household)}) AS rarity, {crowd} AS crowd, {chance} AS chance,
                   {1 - model.soiled!r} * pow(2.0, clean.weight) + {model.soiled!r} * pow(2.0, soiled.weight) AS one,
                   {household.relative!r} * pow(2.0, relative.weight)
                   + {household.occupant!r} * pow(2.0, occupant.weight) AS housemates
            FROM {vectors} v JOIN linkage_share h USING (pid)
            {" ".join(f"JOIN linkage_weight_{kind} {kind} USING ({', '.join(NAMES)})" for kind in KINDS)}
            WHERE NOT ({TWINS_OF_TWO_SEXES})),
        odds AS ({
        f"SELECT pid, rid, {odds} AS odds FROM ratio"
        if crowd == "NULL"
        else f"SELECT pid, rid, max({odds}) AS odds FROM ratio GROUP BY pid, rid"
    }),
        total AS (SELECT pid, list_sum(list(odds ORDER BY odds)) + {1 - model.on_register!r} AS total
                  FROM odds GROUP BY pid)
        SELECT pid, rid, {_calibrated("odds / total", model)} AS probability FROM odds JOIN total USING (pid)"""


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
            if comparison.of != "address"
        ]
        + [{"output_column_name": HOME, "comparison_levels": splink_levels(model, kind)}],
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


def _calibrated(probability: str, model: LinkageModel) -> str:
    """Logistic calibration: slope and intercept on the natural log odds, kept off the ends."""
    kept = f"least(greatest({probability}, 1e-12), 1 - 1e-12)"
    return f"1 / (1 + exp(-({model.slope!r} * ln({kept} / (1 - {kept})) + {model.intercept!r})))"
