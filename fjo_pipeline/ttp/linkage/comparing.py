"""Comparison vectors of candidate pairs: the best name and the best address of a register person, whichever those are.

Names and addresses are compared apart and never multiplied out, so that a person with many of each costs their sum.
"""

from math import log2

from fjo_pipeline.core.sessions import Session
from fjo_pipeline.ttp.linkage.model import COMPARISONS, MISSING, Comparison, Level, LinkageModel

FREQUENCY_FLOOR = 1.5
WEIGHT_OFFSET = 100


def count_frequencies(session: Session) -> None:
    """Make `linkage_share`(pid, one share per column): how common each of a person's values is in the register."""
    columns = _frequent_columns()
    for column, table in columns:
        session.run(
            f"""CREATE OR REPLACE TEMP TABLE linkage_frequency_{column} AS
            SELECT {column}, greatest(count(DISTINCT rid), {FREQUENCY_FLOOR})
                             / (SELECT count(*) FROM linkage_person) AS {column}_share
            FROM linkage_{table} SEMI JOIN (SELECT {column} FROM linkage_people JOIN linkage_rest USING (pid))
                 USING ({column})
            GROUP BY {column}""",
            step=f"count how common each {column} is",
        )
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_share AS
        SELECT pid, {", ".join(f"{column}_share" for column, _ in columns)}
        FROM linkage_people JOIN linkage_rest USING (pid)
        {" ".join(f"LEFT JOIN linkage_frequency_{column} USING ({column})" for column, _ in columns)}""",
        step="tell each person how common the values are",
    )
    for column, _ in columns:
        session.run(f"DROP TABLE linkage_frequency_{column}", step="drop the frequencies")


def compare(session: Session, model: LinkageModel, pairs: str, vectors: str) -> None:
    """Make `vectors`(pid, rid, a level code per comparison) for a relation of distinct pairs."""
    for kind in ("name", "address"):
        session.run(_best_of(kind, model, pairs), step=f"compare each {kind}")
    levels = ", ".join(
        f"{_level_sql(c)} AS {c.name}"
        if c.of == "person"
        else f"coalesce(linkage_best_{c.of}.{c.name}, CAST({MISSING} AS TINYINT)) AS {c.name}"
        for c in COMPARISONS
    )
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE {vectors} AS
        SELECT pid, rid, {levels}
        FROM {pairs} JOIN linkage_people l USING (pid) JOIN linkage_person r USING (rid)
        LEFT JOIN linkage_best_name USING (pid, rid) LEFT JOIN linkage_best_address USING (pid, rid)""",
        step="put comparison vectors together",
    )
    session.run("DROP TABLE linkage_best_name; DROP TABLE linkage_best_address", step="drop the best rows")


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
    rows = (
        f"SELECT pid, rid, {', '.join(f'{_level_sql(c)} AS {c.name}' for c in comparisons)} FROM {_rows(kind, pairs)}"
    )
    return f"""CREATE OR REPLACE TEMP TABLE linkage_best_{kind} AS
        SELECT pid, rid, {unpacked} FROM (SELECT pid, rid, max({packed}) AS best FROM ({rows}) GROUP BY pid, rid)"""


def _rows(kind: str, pairs: str) -> str:
    variants = "LEFT JOIN linkage_nickname k ON k.name = l.first AND k.variant = r.first" if kind == "name" else ""
    return f"""{pairs} JOIN linkage_people l USING (pid) JOIN linkage_{kind} r USING (rid) {variants}"""


def _level_sql(comparison: Comparison) -> str:
    cases = " ".join(f"WHEN {_condition(comparison, level)} THEN {level.code}" for level in comparison.levels)
    return f"CAST(CASE WHEN {comparison.missing} THEN {MISSING} {cases} END AS TINYINT)"


def _condition(comparison: Comparison, level: Level) -> str:
    return level.condition.replace("likeness", f"({comparison.likeness})")


def _rough_weight(comparison: Comparison, model: LinkageModel) -> str:
    chances = model.levels[comparison.name]
    cases = " ".join(f"WHEN {code} THEN {log2(c.clean / c.stranger):.4f}" for code, c in sorted(chances.items()))
    return f"CASE {comparison.name} {cases} ELSE 0 END"


def _frequent_columns() -> list[tuple[str, str]]:
    return sorted({level.frequency: c.of for c in COMPARISONS for level in c.levels if level.frequency}.items())
