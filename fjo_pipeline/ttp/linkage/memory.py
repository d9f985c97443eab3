"""Nothing is scored twice: what was found for a person is kept, under digests of the identifiers it was found by.

Register and model apart, with what candidates a person's own identifiers agree, and how well, depends on nothing else:
comparison vectors are kept under the person's `own` digest. How likely each candidate is depends on those at the same
address too, whose links are evidence: exact links and probabilities are kept under a digest of all of these people. So
where one of a household has changed, the others are weighed anew, but neither looked for nor compared.
"""

from dataclasses import dataclass

from fjo_pipeline.core.sessions import Session
from fjo_pipeline.ttp.linkage.families import HAS_HOME, HOME
from fjo_pipeline.ttp.linkage.model import COMPARISONS

LEVELS = ", ".join(comparison.name for comparison in COMPARISONS)
SCHEMA = f"""
CREATE SCHEMA IF NOT EXISTS {{schema}};
CREATE TABLE IF NOT EXISTS {{schema}}.version (version VARCHAR);
CREATE TABLE IF NOT EXISTS {{schema}}.person (digest UHUGEINT, nhs_conflict BOOLEAN, dataset VARCHAR, refresh VARCHAR);
ALTER TABLE {{schema}}.person ADD COLUMN IF NOT EXISTS own UHUGEINT;
CREATE TABLE IF NOT EXISTS {{schema}}.exact (digest UHUGEINT, rid INTEGER, status VARCHAR);
CREATE TABLE IF NOT EXISTS {{schema}}.scored (digest UHUGEINT, rid INTEGER, probability DOUBLE);
CREATE TABLE IF NOT EXISTS {{schema}}.compared (own UHUGEINT, rid INTEGER, {LEVELS.replace(",", " TINYINT,")} TINYINT);
"""
TABLES = ("exact", "scored", "compared")
# All that linking looks at, as it looks at it.
IDENTIFIERS = (
    "nhs",
    "forename_key",
    "surname_key",
    "first",
    "middle",
    "surname",
    "part_1",
    "part_2",
    "CAST(dob AS VARCHAR)",
    "CAST(dob_mended AS VARCHAR)",
    "sex",
    "postcode",
    "address",
)
SEPARATOR = "chr(31)"
BEST = 2
"""How many candidates of a person are kept: the best, and the one that could come too close to it."""


@dataclass(frozen=True)
class Memory:
    """Where earlier findings are kept, and what those of now are found with and for.

    `schema` has the tables of `SCHEMA`; `version` names register, model and normalisation, and findings of another
    version are forgotten; `dataset` and `refresh` say who was asked for last.
    """

    schema: str
    version: str
    dataset: str
    refresh: str


def recall(session: Session, memory: Memory) -> int:
    """Leave in `linkage_people` those whose household is not known; returns how many of them are not known themselves.

    Everybody waits in `linkage_everybody`, with digests in `linkage_digest`, until `bring_back`. Of people who are
    known but for their household, `linkage_known`(pid) tells who, and `linkage_remembered` their comparison vectors.
    """
    own = ", ".join(f"coalesce({each}, '')" for each in IDENTIFIERS)
    guarded = "pid IN (SELECT pid FROM linkage_confidential)"
    # MD5 is enough against accident, and nobody gains by forging: whoever could, could write identifiers themselves.
    # Those of one home are added up, which tells the same people in any order, and how often each is there.
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_digest AS
        WITH own AS (
            SELECT pid, md5(concat_ws({SEPARATOR}, {own})) AS own, {guarded} AS guarded,
                   CASE WHEN {HAS_HOME} THEN {HOME} ELSE hash(pid, 'alone') END AS home FROM linkage_people),
        together AS (SELECT home, sum(hash(own, guarded)) AS others FROM own GROUP BY home)
        SELECT pid, md5_number(own) AS own, md5_number(concat_ws({SEPARATOR}, own, guarded, others)) AS digest
        FROM own JOIN together USING (home)""",
        step="digest identifiers",
    )
    kept = f"{memory.schema}.person WHERE EXISTS (FROM {memory.schema}.version WHERE version = $version)"
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_recalled AS
        SELECT pid, digest FROM linkage_digest SEMI JOIN (SELECT digest FROM {kept}) USING (digest)""",
        {"version": memory.version},
        step="recall who is known in the same household",
    )
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_known AS
        SELECT pid, own FROM linkage_digest ANTI JOIN linkage_recalled USING (pid)
        SEMI JOIN (SELECT own FROM {kept}) USING (own)""",
        {"version": memory.version},
        step="recall who is known in another household",
    )
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_remembered AS
        SELECT pid, rid, {LEVELS} FROM linkage_known JOIN {memory.schema}.compared USING (own);
        CREATE OR REPLACE TEMP TABLE linkage_compared AS FROM linkage_remembered LIMIT 0""",
        step="recall what they were compared with",
    )
    session.run("ALTER TABLE linkage_people RENAME TO linkage_everybody", step="set everybody aside")
    session.run(
        "CREATE TEMP TABLE linkage_people AS FROM linkage_everybody ANTI JOIN linkage_recalled USING (pid)",
        step="leave who is new",
    )
    return int(
        session.value(
            "SELECT (SELECT count(*) FROM linkage_people) - (SELECT count(*) FROM linkage_known)",
            step="count who is new",
        )
    )


def bring_back(session: Session, memory: Memory) -> None:
    """Everybody into `linkage_people` again, with what is known of them beside what was found now.

    What was found now is left in `linkage_new_<table of SCHEMA>` for `keep`.
    """
    new = "linkage_digest SEMI JOIN linkage_people USING (pid)"
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_new_person AS
        SELECT digest, bool_or(pid IN (SELECT pid FROM linkage_nhs_conflict)) AS nhs_conflict, min(own) AS own
        FROM {new} GROUP BY digest;
        CREATE OR REPLACE TEMP TABLE linkage_new_exact AS
        SELECT DISTINCT digest, rid, status FROM {new} JOIN linkage_exact USING (pid);
        CREATE OR REPLACE TEMP TABLE linkage_new_scored AS
        SELECT DISTINCT digest, rid, probability FROM {new} JOIN linkage_scored USING (pid)
        QUALIFY row_number() OVER (PARTITION BY pid ORDER BY probability DESC, rid) <= {BEST};
        CREATE OR REPLACE TEMP TABLE linkage_new_compared AS
        SELECT DISTINCT own, rid, {LEVELS} FROM linkage_digest JOIN linkage_compared USING (pid)
        ANTI JOIN linkage_known USING (pid)""",
        step="collect what was found",
    )
    session.run(
        f"""INSERT INTO linkage_exact
        SELECT pid, rid, status FROM linkage_recalled JOIN {memory.schema}.exact USING (digest);
        INSERT INTO linkage_scored
        SELECT pid, rid, probability FROM linkage_recalled JOIN {memory.schema}.scored USING (digest);
        INSERT INTO linkage_nhs_conflict
        SELECT pid FROM linkage_recalled JOIN {memory.schema}.person USING (digest) WHERE nhs_conflict""",
        step="bring back what was found before",
    )
    session.run("DROP TABLE linkage_people", step="make room for everybody")
    session.run("ALTER TABLE linkage_everybody RENAME TO linkage_people", step="bring everybody back")


def keep(session: Session, memory: Memory) -> None:
    """Write what was found into the memory; call it inside the transaction that writes the links."""
    schema = memory.schema
    current = session.value(
        f"SELECT count(*) FROM {schema}.version WHERE version = ?",
        (memory.version,),
        step="look at the memory's version",
    )
    if not current:
        for table in ("version", "person", *TABLES):
            session.run(f"DELETE FROM {schema}.{table}", step="forget what no longer holds")
        session.run(f"INSERT INTO {schema}.version VALUES (?)", (memory.version,), step="note the memory's version")
    session.run(
        f"UPDATE {schema}.person SET dataset = ?, refresh = ? WHERE digest IN (SELECT digest FROM linkage_recalled)",
        (memory.dataset, memory.refresh),
        step="note who was asked for",
    )
    session.run(
        f"INSERT INTO {schema}.person SELECT digest, nhs_conflict, ?, ?, own FROM linkage_new_person ORDER BY digest",
        (memory.dataset, memory.refresh),
        step="keep who was linked",
    )
    for table in TABLES:
        session.run(f"INSERT INTO {schema}.{table} FROM linkage_new_{table} ORDER BY ALL", step="keep what was found")


def forget(session: Session, schema: str, dataset: str, refresh: str) -> None:
    """Destroy what is kept of people who were last asked for in this refresh; call it inside a transaction."""
    session.run(
        f"DELETE FROM {schema}.person WHERE dataset = ? AND refresh = ?", (dataset, refresh), step="forget people"
    )
    for table in TABLES:
        key = "own" if table == "compared" else "digest"
        session.run(
            f"DELETE FROM {schema}.{table} t WHERE NOT EXISTS (FROM {schema}.person p WHERE p.{key} = t.{key})",
            step="forget what was found for them",
        )
