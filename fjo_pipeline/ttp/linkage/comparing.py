"""Comparison vectors of candidate pairs: the best name and the best address of a register person, whichever those are.

Names and addresses are compared apart and never multiplied out, so that a person with many of each costs their sum.
"""

from math import log2

from fjo_pipeline.core.sessions import Session
from fjo_pipeline.ttp.linkage.households import Household
from fjo_pipeline.ttp.linkage.model import COMPARISONS, DIFFERENT, MISSING, Comparison, Level, LinkageModel
from fjo_pipeline.ttp.linkage.prepare import TEXTS_OF

FREQUENCY_FLOOR = 1.5
WEIGHT_OFFSET = 100
SAME_PERSON = ("clean", "soiled")
# A candidate below these odds could neither be linked nor be a rival that anybody would notice.
LEAST_ODDS = 1e-3
# Everything else may agree and it is still the brother: forename and sex are not both written down wrong by accident.
TWINS_OF_TWO_SEXES = f"v.given_name = {DIFFERENT} AND v.sex = {DIFFERENT}"
# Column: what it is called among people, and its register rows as `key`.
FREQUENCIES = {
    "first": ("first", "SELECT f.first AS key FROM linkage_name_row n JOIN linkage_forename f ON f.id = n.forename"),
    "surname": (
        "surname",
        "SELECT s.surname AS key FROM linkage_name_row n JOIN linkage_surname s ON s.id = n.surname",
    ),
    "dob": ("dob", "SELECT dob AS key FROM linkage_person"),
    "postcode": ("postcode_id", "SELECT postcode AS key FROM linkage_address_row"),
    "address": ("address_id", "SELECT address AS key FROM linkage_address_row"),
}


def count_frequencies(session: Session) -> None:
    """Make `linkage_share`(pid, one share per column): how common each of a person's values is in the register."""
    for column, (key, counted) in FREQUENCIES.items():
        session.run(
            f"""CREATE OR REPLACE TEMP TABLE linkage_frequency_{column} AS
            SELECT key, greatest(count(*), {FREQUENCY_FLOOR}) / (SELECT count(*) FROM linkage_person) AS {column}_share
            FROM ({counted}) SEMI JOIN (SELECT {key} AS key FROM linkage_people JOIN linkage_rest USING (pid))
                 USING (key)
            GROUP BY key""",
            step=f"count how common each {column} is",
        )
    joins = [f"LEFT JOIN linkage_frequency_{c} f_{c} ON f_{c}.key = p.{key}" for c, (key, _) in FREQUENCIES.items()]
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_share AS
        SELECT pid, {", ".join(f"{column}_share" for column in FREQUENCIES)}
        FROM linkage_people p JOIN linkage_rest USING (pid) {" ".join(joins)}""",
        step="tell each person how common the values are",
    )
    for column in FREQUENCIES:
        session.run(f"DROP TABLE linkage_frequency_{column}", step="drop the frequencies")


def compare(
    session: Session, model: LinkageModel, pairs: str, vectors: str, household: Household | None = None
) -> None:
    """Make `vectors`(pid, rid, a level code per comparison) for a relation of distinct pairs.

    Names and the person come first. With a household, pairs go that would stay below `LEAST_ODDS` if their address were
    the very best: they are most of them, and addresses are what costs.
    """
    session.run(_best_of("name", model, pairs), step="compare each name")
    of_person = ", ".join(f"{_level_sql(c)} AS {c.name}" for c in COMPARISONS if c.of == "person")
    kept = f"WHERE {_no_housemate(model, household)}" if household else ""
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_near AS
        SELECT v.* FROM (
            SELECT pid, rid, {_levels_of("name")}, {of_person}
            FROM {pairs} JOIN linkage_people l USING (pid) JOIN linkage_person r USING (rid)
            LEFT JOIN linkage_best_name USING (pid, rid)) v {kept}""",
        step="compare each person",
    )
    session.run(_best_of("address", model, "linkage_near"), step="compare each address")
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE {vectors} AS
        SELECT pid, rid, {", ".join(c.name for c in COMPARISONS if c.of != "address")}, {_levels_of("address")}
        FROM linkage_near LEFT JOIN linkage_best_address USING (pid, rid)""",
        step="put comparison vectors together",
    )
    for table in ("best_name", "best_address", "near"):
        session.run(f"DROP TABLE linkage_{table}", step="drop the best rows")


def rarity(model: LinkageModel, comparison: Comparison, code: str) -> str:
    """SQL: log2 of the mean chance of an equal value over this value's own share of the register, 0 unless equal.

    `code` is SQL for the level; shares are those of `linkage_share h`.
    """
    frequent = [level for level in comparison.levels if level.frequency]
    if not frequent:
        return "0"
    codes = ", ".join(str(level.code) for level in frequent)
    share = f"h.{frequent[0].frequency}_share"
    mean = _double(_mean_weight(model, comparison))
    return f"coalesce({mean} - log2(CASE WHEN {code} IN ({codes}) THEN {share} END), 0)"


def _levels_of(kind: str) -> str:
    return ", ".join(
        f"coalesce(linkage_best_{kind}.{c.name}, CAST({MISSING} AS TINYINT)) AS {c.name}"
        for c in COMPARISONS
        if c.of == kind
    )


def _best_of(kind: str, model: LinkageModel, pairs: str) -> str:
    comparisons = [comparison for comparison in COMPARISONS if comparison.of == kind]
    # One integer holds weight, then levels: its maximum is the best row, and is quick to find.
    packed = f"round(({' + '.join(_rough_weight(c, model) for c in comparisons)} + {WEIGHT_OFFSET}) * 100)::INT"
    for comparison in comparisons:
        packed = f"({packed}) * 16 + {comparison.name}"
    unpacked = ", ".join(
        f"CAST(best >> {4 * place} & 15 AS TINYINT) AS {comparison.name}"
        for place, comparison in enumerate(reversed(comparisons))
    )
    levels = ", ".join(f"{_level_sql(c)} AS {c.name}" for c in comparisons)
    variants = "LEFT JOIN linkage_nickname k ON k.name = l.first AND k.variant = r.first" if kind == "name" else ""
    # Rows are chosen before their texts are looked up: they are few, and the register's are many.
    return f"""CREATE OR REPLACE TEMP TABLE linkage_best_{kind} AS
        WITH chosen AS MATERIALIZED (
            FROM linkage_{kind}_row WHERE rid IN (SELECT rid FROM {pairs})),
        held AS ({TEXTS_OF[kind].format(rows="chosen")}),
        compared AS (
            SELECT pid, rid, {levels}
            FROM {pairs} JOIN linkage_people l USING (pid) JOIN held r USING (rid) {variants})
        SELECT pid, rid, {unpacked} FROM (SELECT pid, rid, max({packed}) AS best FROM compared GROUP BY pid, rid)"""


def _level_sql(comparison: Comparison) -> str:
    cases = " ".join(f"WHEN {_condition(comparison, level)} THEN {level.code}" for level in comparison.levels)
    return f"CAST(CASE WHEN {comparison.missing} THEN {MISSING} {cases} END AS TINYINT)"


def _condition(comparison: Comparison, level: Level) -> str:
    return level.condition.replace("likeness", f"({comparison.likeness})")


def _rough_weight(comparison: Comparison, model: LinkageModel) -> str:
    chances = model.levels[comparison.name]
    cases = " ".join(f"WHEN {code} THEN {log2(c.clean / c.stranger):.4f}" for code, c in sorted(chances.items()))
    return f"CASE {comparison.name} {cases} ELSE 0 END"


def _no_housemate(model: LinkageModel, household: Household) -> str:
    """SQL condition: pair `v` could be told from a housemate of the true person, if its address were the best one."""
    told = [
        f"greatest({', '.join(_most_against(other, kind, model) for kind in SAME_PERSON)}) "
        f">= log2({_double(LEAST_ODDS * number)})"
        for other, number in (("relative", household.relative), ("occupant", household.occupant))
        if number > 0
    ]
    return " AND ".join([*told, f"NOT ({TWINS_OF_TWO_SEXES})"])


def _most_against(other: str, kind: str, model: LinkageModel) -> str:
    """SQL: the most that log2 of the chance as one person over that as `other` can be, whatever the address."""
    share = model.soiled if kind == "soiled" else 1 - model.soiled
    terms = [_double(1 + log2(share))]
    for comparison in COMPARISONS:
        weights = {
            code: log2(getattr(chances, kind) / getattr(chances, other))
            for code, chances in model.levels[comparison.name].items()
        }
        if comparison.of == "address":
            terms.append(_double(max(0.0, *weights.values())))
        else:
            cases = " ".join(f"WHEN {code} THEN {_double(weight)}" for code, weight in sorted(weights.items()))
            terms.append(f"CASE v.{comparison.name} {cases} ELSE 0 END")
    return " + ".join(terms)


def _double(value: float) -> str:
    """A number that DuckDB reads as DOUBLE: what has a point alone is a DECIMAL there, and their sums can overflow."""
    return f"{value:.9e}"


def _mean_weight(model: LinkageModel, comparison: Comparison) -> float:
    chances = model.levels[comparison.name]
    return log2(sum(chances[level.code].stranger for level in comparison.levels if level.frequency))
