"""Evidence from the family: who lives with a person of the deposit, and with whom that one has lived on the register.

A family that has moved since the register last heard of it leaves its address comparisons saying "different". But once
the mother is linked, her child is likely among the few who have shared a home with her on the register, instead of
anywhere among all its people. For a candidate at another address who has, that takes the place of what the addresses
say, which it depends on; a candidate at the deposit's own address gains nothing, nor does a brother yield to a brother,
for both have lived with the mother. Group evidence of this kind, with households as the group: Fu, Christen & Zhou
2014, doi:10.1007/978-3-319-06608-0_24.
"""

from fjo_pipeline.core.sessions import Session
from fjo_pipeline.ttp.linkage.model import FAMILY, MISSING

CONFIDENT = 0.99
# More people at one address are no family but a hostel, a refuge or a placeholder [R]; pairs would grow as the square.
MOST_IN_HOME = 12
# Chances are counted as if so many pairs had been seen before, a half of them together: little data, little evidence.
PRIOR_PAIRS = 10
HOME = "hash(postcode, coalesce(house, address))"
HAS_HOME = "postcode IS NOT NULL AND coalesce(house, address) IS NOT NULL"
ELSEWHERE = f"v.postcode > {MISSING} AND v.address > {MISSING} AND (v.postcode < 5 OR v.address < 4)"
MOVED, SETTLED = FAMILY


def find_kin(session: Session, linked: str, confidential: str | None = None) -> None:
    """Make `linkage_kin_home`(pid, kin, home): register homes of the register people whom P's housemates are linked to.

    And `linkage_crowd`(pid, crowd, settled): how many of the register have lived in these homes, and whether one of
    them is P's. `linked`(pid, rid) are links to believe, `confidential`(person_id) people whose address is a secret.
    """
    secret = f"AND person_id NOT IN (SELECT person_id FROM {confidential})" if confidential else ""
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_kin AS
        WITH lived AS (SELECT pid, {HOME} AS home FROM linkage_people WHERE {HAS_HOME} {secret}),
        shared AS (SELECT home FROM lived GROUP BY home HAVING count(*) BETWEEN 2 AND {MOST_IN_HOME}),
        housed AS MATERIALIZED (FROM lived SEMI JOIN shared USING (home))
        SELECT DISTINCT p.pid, p.home, l.rid AS kin
        FROM housed p SEMI JOIN linkage_rest USING (pid) JOIN housed q ON q.home = p.home AND q.pid <> p.pid
        JOIN {linked} l ON l.pid = q.pid""",
        step="find linked people who share an address in the deposit",
    )
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_kin_home AS
        SELECT DISTINCT k.pid, k.kin, k.home AS own, {HOME} AS home
        FROM linkage_kin k JOIN linkage_address a ON a.rid = k.kin WHERE {HAS_HOME};
        CREATE OR REPLACE TEMP TABLE linkage_crowd AS
        WITH residents AS (
            SELECT home, count(DISTINCT rid) AS residents
            FROM (SELECT rid, {HOME} AS home FROM linkage_address WHERE {HAS_HOME})
                 SEMI JOIN linkage_kin_home USING (home)
            GROUP BY home)
        SELECT pid, sum(residents) AS crowd, bool_or(home = own) AS settled
        FROM (SELECT DISTINCT pid, own, home FROM linkage_kin_home) JOIN residents USING (home) GROUP BY pid""",
        step="find where they have lived on the register",
    )
    session.run("DROP TABLE linkage_kin", step="drop the linked housemates")


def find_supported(session: Session, vectors: str) -> None:
    """Make `linkage_supported`(pid, rid, crowd, settled): candidates elsewhere who have shared a home with P's kin."""
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_supported AS
        WITH elsewhere AS (SELECT pid, rid FROM {vectors} v SEMI JOIN linkage_crowd USING (pid) WHERE {ELSEWHERE}),
        housed AS (SELECT rid, {HOME} AS home FROM linkage_address SEMI JOIN elsewhere USING (rid) WHERE {HAS_HOME})
        SELECT pid, rid, crowd, settled
        FROM (SELECT DISTINCT e.pid, e.rid FROM elsewhere e JOIN housed h USING (rid)
              JOIN linkage_kin_home k ON k.pid = e.pid AND k.home = h.home AND k.kin <> e.rid)
             JOIN linkage_crowd USING (pid)""",
        step="find candidates who have shared a home with linked housemates",
    )


def count_together(session: Session, vectors: str, truth: str) -> dict[str, float]:
    """How often the right register person is elsewhere and supported, among people with linked housemates.

    From `truth`(pid, rid, weight) and its comparison vectors; apart for housemates whom the register has at the
    deposit's address (settled) and whom it has not (moved).
    """
    session.run(
        f"CREATE OR REPLACE TEMP VIEW linkage_linked AS SELECT pid, rid FROM {truth} WHERE weight >= {CONFIDENT}",
        step="take the confident links",
    )
    find_kin(session, "linkage_linked")
    find_supported(session, vectors)
    counted = session.rows(
        f"""SELECT settled, sum(weight), coalesce(sum(weight) FILTER (s.rid IS NOT NULL), 0)
        FROM {truth} t JOIN linkage_crowd c USING (pid)
        LEFT JOIN (SELECT pid, rid FROM linkage_supported) s USING (pid, rid)
        GROUP BY settled""",
        step="count families that stayed together",
    )
    drop_kin(session)
    session.run("DROP VIEW linkage_linked", step="drop the confident links")
    seen = {bool(settled): (float(pairs), float(together)) for settled, pairs, together in counted}
    chances = {}
    for name, settled in ((MOVED, False), (SETTLED, True)):
        pairs, together = seen.get(settled, (0.0, 0.0))
        chances[name] = (together + PRIOR_PAIRS / 2) / (pairs + PRIOR_PAIRS)
    return chances


def drop_kin(session: Session) -> None:
    """Drop what `find_kin` and `find_supported` made."""
    for table in ("kin_home", "crowd", "supported"):
        session.run(f"DROP TABLE linkage_{table}", step="drop the family's evidence")
