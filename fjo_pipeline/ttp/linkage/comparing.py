"""Comparison vectors of candidate pairs: the best name and the best address of a register person, whichever those are.

Names and addresses are compared apart and never multiplied out, so that a person with many of each costs their sum.
"""

from math import log2

from fjo_pipeline.core.sessions import Session
from fjo_pipeline.ttp.linkage.model import COMPARISONS, MISSING, Comparison, LinkageModel

FREQUENCY_FLOOR = 1.5


def count_frequencies(session: Session) -> None:
    """Make `linkage_frequency_*`(value, share): how common each value is among the register's people."""
    for column, table in _frequency_columns():
        session.run(
            f"""CREATE OR REPLACE TEMP TABLE linkage_frequency_{column} AS
            SELECT {column} AS value,
                   greatest(count(DISTINCT rid), {FREQUENCY_FLOOR}) / (SELECT count(*) FROM linkage_person) AS share
            FROM linkage_{table} WHERE {column} IS NOT NULL
              AND {column} IN (SELECT {column} FROM linkage_people JOIN linkage_rest USING (pid))
            GROUP BY {column}""",
            step=f"count how common each {column} is",
        )


def compare(session: Session, model: LinkageModel, pairs: str, vectors: str) -> None:
    """Make `vectors`(pid, rid, a level code per comparison, log2 shares of equal values) for a relation of pairs."""
    for kind in ("name", "address"):
        session.run(_best_of(kind, model, pairs), step=f"compare each {kind}")
    person = ", ".join(f"{_level_sql(comparison)} AS {comparison.name}" for comparison in _comparing("person"))
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE {vectors} AS
        SELECT q.pid, q.rid, {", ".join(_vector_column(c) for c in COMPARISONS)}
        FROM (SELECT l.pid, r.rid, {person}, l.first, l.surname, l.dob, l.postcode, l.address
              FROM {pairs} JOIN (SELECT *, strftime(dob, '%Y%m%d') AS dob_text FROM linkage_people) l USING (pid)
              JOIN (SELECT *, strftime(dob, '%Y%m%d') AS dob_text FROM linkage_person) r USING (rid)) q
        LEFT JOIN linkage_best_name n ON n.pid = q.pid AND n.rid = q.rid
        LEFT JOIN linkage_best_address a ON a.pid = q.pid AND a.rid = q.rid
        {" ".join(_frequency_join(column) for column, _ in _frequency_columns())}""",
        step="put comparison vectors together",
    )
    session.run("DROP TABLE linkage_best_name; DROP TABLE linkage_best_address", step="drop the best rows")


def _best_of(kind: str, model: LinkageModel, pairs: str) -> str:
    comparisons = _comparing(kind)
    levels = ", ".join(f"{_level_sql(comparison)} AS {comparison.name}" for comparison in comparisons)
    packed = ", ".join(f"'{comparison.name}': {comparison.name}" for comparison in comparisons)
    weight = " + ".join(_rough_weight(comparison, model) for comparison in comparisons)
    variants = "LEFT JOIN linkage_nickname k ON k.name = l.first AND k.variant = r.first" if kind == "name" else ""
    return f"""CREATE OR REPLACE TEMP TABLE linkage_best_{kind} AS
        SELECT pid, rid, unnest(arg_max({{{packed}}}, ({weight}, {", ".join(c.name for c in comparisons)})))
        FROM (SELECT pid, rid, {levels} FROM {pairs} JOIN linkage_people l USING (pid)
              JOIN linkage_{kind} r USING (rid) {variants})
        GROUP BY pid, rid"""


def _level_sql(comparison: Comparison) -> str:
    cases = " ".join(f"WHEN {level.condition} THEN {level.code}" for level in comparison.levels)
    return f"CAST(CASE WHEN {comparison.missing} THEN {MISSING} {cases} END AS TINYINT)"


def _rough_weight(comparison: Comparison, model: LinkageModel) -> str:
    chances = model.levels[comparison.name]
    cases = " ".join(f"WHEN {code} THEN {log2(c.match / c.stranger):.4f}" for code, c in sorted(chances.items()))
    return f"CASE {comparison.name} {cases} ELSE 0 END"


def _vector_column(comparison: Comparison) -> str:
    source = {"name": "n", "address": "a", "person": "q"}[comparison.of]
    column = f"coalesce({source}.{comparison.name}, CAST({MISSING} AS TINYINT))"
    frequent = [level for level in comparison.levels if level.frequency]
    if not frequent:
        return f"{column} AS {comparison.name}"
    codes = ", ".join(str(level.code) for level in frequent)
    share = f"f_{frequent[0].frequency}.share"
    return f"{column} AS {comparison.name}, CASE WHEN {column} IN ({codes}) THEN {share} END AS {comparison.name}_share"


def _frequency_columns() -> list[tuple[str, str]]:
    seen = {level.frequency: c.of for c in COMPARISONS for level in c.levels if level.frequency}
    return sorted(seen.items())


def _frequency_join(column: str) -> str:
    return f"LEFT JOIN linkage_frequency_{column} f_{column} ON f_{column}.value = q.{column}"


def _comparing(kind: str) -> list[Comparison]:
    return [comparison for comparison in COMPARISONS if comparison.of == kind]
