"""Comparison vectors of candidate pairs: the best name and the best address of a register person, whichever those are.

Names and addresses are compared apart and never multiplied out, so that a person with many of each costs their sum.
"""

import re
from math import log2

from fjo_pipeline.core.sessions import Session
from fjo_pipeline.ttp.linkage.households import Household
from fjo_pipeline.ttp.linkage.model import COMPARISONS, DIFFERENT, HOME, MISSING, Comparison, LinkageModel
from fjo_pipeline.ttp.linkage.prepare import TEXTS_OF

FREQUENCY_FLOOR = 1.5
# A person `l`, a register row `r` or a listed variant `k`, and a column of it, in the conditions of levels.
COLUMN = re.compile(r"\b([lrk])\.(\w+)")
WEIGHT_OFFSET = 100
SAME_PERSON = ("clean", "soiled")
# A candidate below these odds could neither be linked nor be a rival that anybody would notice.
LEAST_ODDS = 1e-3
# Everything else may agree and it is still the brother: forename and sex are not both written down wrong by accident.
TWINS_OF_TWO_SEXES = f"v.given_name = {DIFFERENT} AND v.sex = {DIFFERENT}"
# What the values counted for `prepare.HELD` are called among people.
FREQUENCIES = {
    "first": "first_id",
    "surname": "surname_id",
    "dob": "dob",
    "postcode": "postcode_id",
    "address": "address_id",
}


# How common a forename and a surname are together: as the register has it, leaning on what they would be by chance as
# if that had been seen in one person. One row is left out, which is the candidate's own. Names go by families and
# peoples, so that by chance alone a Mohammed Khan would be taken for ten times as rare as he is.
TOGETHER = """greatest(coalesce(people, 1), 1) * chance / ((chance + 1) * register)"""


def count_frequencies(session: Session) -> None:
    """Make `linkage_share`(pid, one share per column): how common each of a person's values is in the register.

    And `full_name_share`, of forename and surname together.
    """
    session.run(
        """CREATE OR REPLACE TEMP TABLE linkage_frequency_full_name AS
        SELECT first_id, surname_id, count(*) AS people FROM linkage_name_row
        SEMI JOIN (FROM linkage_people SEMI JOIN linkage_rest USING (pid)) USING (first_id, surname_id)
        GROUP BY first_id, surname_id""",
        step="count how common each full name is",
    )
    shares = ", ".join(f"{column}_share" for column in FREQUENCIES)
    counted = ", ".join(
        f"CASE WHEN p.{key} IS NOT NULL THEN greatest(coalesce({column}_held.held, 1), {FREQUENCY_FLOOR}) END "
        f"/ register AS {column}_share"
        for column, key in FREQUENCIES.items()
    )
    joins = " ".join(
        f"LEFT JOIN linkage_held_{column} {column}_held ON {column}_held.key = p.{key}"
        for column, key in FREQUENCIES.items()
    )
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_share AS
        SELECT pid, {shares}, {TOGETHER} AS full_name_share FROM (
            SELECT pid, {shares}, people, register, first_share * surname_share * register AS chance FROM (
                SELECT pid, {counted}, people, register
                FROM linkage_people p JOIN linkage_rest USING (pid) {joins}
                LEFT JOIN linkage_frequency_full_name f ON f.first_id = p.first_id AND f.surname_id = p.surname_id
                CROSS JOIN (SELECT count(*) AS register FROM linkage_person)))""",
        step="tell each person how common the values are",
    )
    session.run("DROP TABLE linkage_frequency_full_name", step="drop the frequencies")


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


def rarity(model: LinkageModel, household: Household) -> str:
    """SQL: log2 of the mean chances of equal values over these values' own shares of the register, 0 where none is.

    For a vector `v` and the shares of `linkage_share h`; two equal names have their share together. Where the postcode
    is equal and the address is not, the chances are of this register's neighbours.
    """
    here = household.alike_share(model.alike)
    neighbours = f"""CASE WHEN v.postcode = 6 AND v.address IN (3, 4) THEN {_double(log2(model.alike / here))}
        WHEN v.postcode = 6 AND v.address IN (1, 2) THEN {_double(log2((1 - model.alike) / (1 - here)))} ELSE 0 END"""
    equal, means, apart = {}, {}, {}
    for comparison in COMPARISONS:
        frequent = [level for level in comparison.levels if level.frequency]
        if frequent:
            name, share = comparison.name, f"h.{frequent[0].frequency}_share"
            equal[name] = f"v.{name} IN ({', '.join(str(level.code) for level in frequent)})"
            means[name] = _mean_weight(model, comparison)
            apart[name] = f"coalesce({_double(means[name])} - log2(CASE WHEN {equal[name]} THEN {share} END), 0)"
    names = ("given_name", "surname")
    together = f"{_double(sum(means[each] for each in names))} - log2(h.full_name_share)"
    both = f"{' AND '.join(equal[each] for each in names)} AND h.full_name_share IS NOT NULL"
    full_name = f"CASE WHEN {both} THEN {together} ELSE {' + '.join(apart.pop(each) for each in names)} END"
    return " + ".join([full_name, *apart.values(), neighbours])


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
    levels = ", ".join(f"{_level_sql(c, f'{c.name}_likeness')} AS {c.name}" for c in comparisons)
    likenesses = ", ".join(f"{c.likeness} AS {c.name}_likeness" for c in comparisons)
    columns = ", ".join(sorted({f"{side}.{name} AS {side}_{name}" for side, name in COLUMN.findall(levels)}))
    renamed = COLUMN.sub(r"\1_\2", levels)
    variants = "LEFT JOIN linkage_nickname k ON k.name = l.first AND k.variant = r.first" if kind == "name" else ""
    # Rows are chosen before their texts are looked up: they are few, and the register's are many.
    return f"""CREATE OR REPLACE TEMP TABLE linkage_best_{kind} AS
        WITH chosen AS MATERIALIZED (
            FROM linkage_{kind}_row WHERE rid IN (SELECT rid FROM {pairs})),
        held AS ({TEXTS_OF[kind].format(rows="chosen")}),
        compared AS (
            SELECT pid, rid, {renamed} FROM (
                SELECT pid, rid, {columns}, {likenesses}
                FROM {pairs} JOIN linkage_people l USING (pid) JOIN held r USING (rid) {variants}))
        SELECT pid, rid, {unpacked} FROM (SELECT pid, rid, max({packed}) AS best FROM compared GROUP BY pid, rid)"""


def _level_sql(comparison: Comparison, likeness: str = "NULL") -> str:
    """SQL for the code of the first level that holds; `likeness` is a column, as CASE would compute it once a level."""
    cases = " ".join(
        f"WHEN {level.condition.replace('likeness', likeness)} THEN {level.code}" for level in comparison.levels
    )
    apart = f"WHEN {comparison.apart} THEN {DIFFERENT}"
    return f"CAST(CASE WHEN {comparison.missing} THEN {MISSING} {apart} {cases} END AS TINYINT)"


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
    weights = {
        name: {code: log2(getattr(chances, kind) / getattr(chances, other)) for code, chances in sorted(levels.items())}
        for name, levels in model.levels.items()
    }
    best_home = max(0.0, *(weight for name in (HOME, "postcode", "address") for weight in weights[name].values()))
    terms = [_double(1 + log2(share) + best_home)]
    for comparison in COMPARISONS:
        if comparison.of != "address":
            cases = " ".join(f"WHEN {code} THEN {_double(each)}" for code, each in weights[comparison.name].items())
            terms.append(f"CASE v.{comparison.name} {cases} ELSE 0 END")
    return " + ".join(terms)


def _double(value: float) -> str:
    """A number that DuckDB reads as DOUBLE: what has a point alone is a DECIMAL there, and their sums can overflow."""
    return f"{value:.9e}"


def _mean_weight(model: LinkageModel, comparison: Comparison) -> float:
    chances = model.levels[comparison.name]
    return log2(sum(chances[level.code].stranger for level in comparison.levels if level.frequency))
