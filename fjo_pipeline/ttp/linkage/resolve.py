"""One register person or none for each person of the deposit, and two persons for one register person sorted out."""

from fjo_pipeline.core.sessions import Session
from fjo_pipeline.ttp.linkage.prepare import TEXTS_OF

# Calibration pulls two equal candidates below a half each, so closeness is judged of one by the other.
LEAST_RIVAL = 0.05
CLOSE_SHARE = 0.25
TWO_ALIKE = "two candidates too close to call"
RIVALS = "another person of the deposit has the better claim or an equal one"

# Forenames agree enough for one person entered twice; a missing one never disagrees, because it was the rest that
# brought each of the two above the threshold.
ALIKE_FORENAMES = """a.first IS NULL OR b.first IS NULL OR k.name IS NOT NULL
    OR starts_with(a.first, b.first) OR starts_with(b.first, a.first)
    OR jaro_winkler_similarity(a.first, b.first) >= 0.9
    OR coalesce(contains(a.middle, ' ' || b.first || ' '), false)
    OR coalesce(contains(b.middle, ' ' || a.first || ' '), false)
    OR coalesce(a.first = b.surname, false) OR coalesce(a.surname = b.first, false)"""
ALIKE_DATES = """a.dob IS NULL OR b.dob IS NULL OR hamming(a.dob_text, b.dob_text) <= 2
    OR (year(a.dob) = year(b.dob) AND month(a.dob) = day(b.dob) AND day(a.dob) = month(b.dob))"""
# The register itself has this forename, as a first or a middle one, for the person in question.
KNOWN_FORENAME = """EXISTS (FROM name n WHERE n.rid = a.rid
    AND (n.first = a.first OR contains(n.middle, ' ' || a.first || ' ')))"""


def resolve(session: Session, *, links: str, threshold: float) -> None:
    """Make `links` from `linkage_exact` and `linkage_scored`, one row a person, ordered by person id.

    Columns: person_id, register_id, alf_sts_cd, alf_mtch_pct DECIMAL(7,6), candidate_probability, reason.
    """
    _choose(session, threshold)
    _sort_rivals_out(session)
    session.run(
        f"""CREATE OR REPLACE TABLE {links} AS
        SELECT p.person_id, r.register_id,
               CASE WHEN c.rid IS NULL THEN '99' ELSE c.status END AS alf_sts_cd,
               CAST(CASE WHEN c.rid IS NOT NULL AND c.status = '35' THEN c.probability END AS DECIMAL(7,6))
                   AS alf_mtch_pct,
               round(c.probability, 6) AS candidate_probability, c.reason
        FROM linkage_people p JOIN linkage_choice c USING (pid) LEFT JOIN linkage_person r ON r.rid = c.rid
        ORDER BY p.pid""",
        step="write the links",
    )
    session.run("DROP TABLE linkage_choice", step="drop the choices")


def _choose(session: Session, threshold: float) -> None:
    """The best candidate, its probability, and why it is or is not taken."""
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_choice AS
        WITH ranked AS (
            SELECT pid, rid, probability,
                   row_number() OVER (PARTITION BY pid ORDER BY probability DESC, rid) AS place,
                   lead(probability) OVER (PARTITION BY pid ORDER BY probability DESC, rid) AS next
            FROM linkage_scored)
        SELECT pid, CASE WHEN probability >= {threshold!r} THEN rid END AS rid, '35' AS status, probability,
               CASE WHEN probability >= {threshold!r} THEN 'probabilistic'
                    WHEN next >= {LEAST_RIVAL} AND next >= {CLOSE_SHARE} * probability THEN '{TWO_ALIKE}'
                    ELSE 'best candidate below the threshold' END AS reason
        FROM ranked WHERE place = 1
        UNION ALL
        SELECT pid, rid, status, NULL, 'exact tier' FROM linkage_exact
        UNION ALL
        SELECT pid, NULL, '99', NULL, 'no candidate' FROM linkage_people
        WHERE pid NOT IN (SELECT pid FROM linkage_exact) AND pid NOT IN (SELECT pid FROM linkage_scored)""",
        step="choose each person's best candidate",
    )


def _sort_rivals_out(session: Session) -> None:
    """People on one register person stay only where any two of them can be one person entered twice.

    Two who differ in forename and in date of birth cannot: an exact link outdoes a probabilistic one, of equals
    neither can be believed. Twin-like ones, that is one date but different forenames, can be one person under an
    alias; but where the one is exact and the register does not have the other's forename, that one was drawn to the
    wrong twin.
    """
    # Ten thousand copies of one person are one claim, so that they are not compared with one another.
    session.run(
        """CREATE OR REPLACE TEMP TABLE linkage_claim AS
        SELECT c.pid, c.rid, c.status <> '35' AS exact, p.first, p.middle, p.surname, p.dob, p.dob_text,
               min(c.pid) OVER (PARTITION BY c.rid, c.status <> '35', p.first, p.middle, p.surname, p.dob) AS claim
        FROM linkage_choice c JOIN linkage_people p USING (pid)
        WHERE c.rid IN (SELECT rid FROM linkage_choice GROUP BY rid HAVING count(rid) > 1)""",
        step="find people who share a register person",
    )
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_rival AS
        WITH chosen AS MATERIALIZED (FROM linkage_name_row SEMI JOIN linkage_claim USING (rid)),
        name AS ({TEXTS_OF["name"].format(rows="chosen")}),
        pair AS (
            SELECT a.claim, b.claim AS other, b.exact AND NOT a.exact AS weaker, a.exact = b.exact AS equal,
                   {ALIKE_FORENAMES} AS forenames, {ALIKE_DATES} AS dates, {KNOWN_FORENAME} AS known
            FROM linkage_claim a JOIN linkage_claim b ON a.rid = b.rid AND a.claim <> b.claim
            LEFT JOIN linkage_nickname k ON k.name = a.first AND k.variant = b.first
            WHERE a.pid = a.claim AND b.pid = b.claim)
        SELECT claim, other, weaker, equal, NOT dates AS apart, dates AND NOT known AS twin_like
        FROM pair WHERE NOT forenames""",
        step="compare people who share a register person",
    )
    # The weaker go first, so that one of them does not take an equal down with it.
    for taken_back in (
        "weaker AND (apart OR twin_like)",
        "equal AND apart AND other IN (SELECT pid FROM linkage_choice WHERE rid IS NOT NULL)",
    ):
        session.run(
            f"""UPDATE linkage_choice SET rid = NULL, reason = '{RIVALS}' WHERE pid IN (
                SELECT pid FROM linkage_claim JOIN linkage_rival USING (claim) WHERE {taken_back})""",
            step="take links back where two different people share a register person",
        )
    session.run("DROP TABLE linkage_rival; DROP TABLE linkage_claim", step="drop the rivals")
