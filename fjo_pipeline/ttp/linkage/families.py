"""Evidence from the family: who lives with a person of the deposit, and with whom that one has lived on the register.

Where a family has moved since the register last heard of it, the addresses say only "different". But once the mother
is linked, her child's register person is one of the few who have lived with her, instead of one of all. For a candidate
at another address who has lived with her this takes the place of what the addresses say; one who has not is somewhat
less likely. At the deposit's own address it says nothing new, and so nothing is made of it. Brothers have both lived
with their mother: between them it decides nothing. That households tell what single records cannot is from Fu, Christen
and Zhou 2014, "A Graph Matching Method for Historical Census Household Linkage"; the likelihood is ours.
"""

from dataclasses import replace

from fjo_pipeline.core.sessions import Session
from fjo_pipeline.ttp.linkage.model import MISSING, Family, LinkageModel

CONFIDENT = 0.99
# More people at one address are no family but a hostel, a refuge or a placeholder [R]; pairs would grow as the square.
MOST_IN_HOME = 12
# Counts start as if the model had been seen right in so many pairs, so that few data change it little.
PRIOR_PAIRS = 10
# A home is a postcode and house; in words among the deposit's people, and by the register's numbers of these words.
HOME = "hash(postcode, coalesce(CAST(house AS VARCHAR), address))"
HAS_HOME = "postcode IS NOT NULL AND (house IS NOT NULL OR address IS NOT NULL)"
OWN = "hash(postcode_id, coalesce(house, -address_id))"
ON_REGISTER = "hash(postcode, coalesce(house, -address))"
ELSEWHERE = f"v.postcode > {MISSING} AND v.address > {MISSING} AND (v.postcode < 5 OR v.address < 4)"


def kin_of_rest(linked: str) -> str:
    """Tables of a WITH; the last is `kin`(pid, own, rid): whom `linked`(pid, rid) links at the address of another.

    It has them for the people of `linkage_rest`; `own` is that one's home by the register's numbers.
    """
    return f"""lived AS (SELECT pid, {HOME} AS home, {OWN} AS own FROM linkage_people WHERE {HAS_HOME}
                   AND pid NOT IN (SELECT pid FROM linkage_confidential)),
        shared AS (SELECT home FROM lived GROUP BY home HAVING count(*) BETWEEN 2 AND {MOST_IN_HOME}),
        housed AS MATERIALIZED (FROM lived SEMI JOIN shared USING (home)),
        kin AS (
            SELECT DISTINCT p.pid, p.own, l.rid
            FROM housed p SEMI JOIN linkage_rest USING (pid) JOIN housed q ON q.home = p.home AND q.pid <> p.pid
            JOIN {linked} l ON l.pid = q.pid)"""


def find_families(session: Session, vectors: str, linked: str) -> None:
    """Make `linkage_family`(pid, rid, settled, crowd, supported) for candidates elsewhere of people with linked kin.

    Kin are the register people to whom `linked`(pid, rid) links others of the person's address in the deposit; people
    of `linkage_confidential`(pid) have none. `crowd` is how many have ever lived in the kin's homes on the register,
    `settled` whether the person's address is one of these homes, `supported` whether the candidate has lived in one.
    """
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_kin AS
        WITH {kin_of_rest(linked)}
        SELECT DISTINCT pid, own, rid, postcode, {ON_REGISTER} AS home
        FROM kin JOIN linkage_address_row USING (rid) WHERE {HAS_HOME}""",
        step="find the register homes of linked people who share an address in the deposit",
    )
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_kin_crowd AS
        WITH residents AS (
            SELECT home, count(DISTINCT rid) AS residents
            FROM (SELECT rid, {ON_REGISTER} AS home FROM linkage_address_row
                  WHERE {HAS_HOME} AND postcode IN (SELECT postcode FROM linkage_kin))
            SEMI JOIN linkage_kin USING (home)
            GROUP BY home)
        SELECT pid, CAST(sum(residents) AS DOUBLE) AS crowd, bool_or(home = own) AS settled
        FROM (SELECT DISTINCT pid, own, home FROM linkage_kin) JOIN residents USING (home) GROUP BY pid""",
        step="count who has lived in them",
    )
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_family AS
        WITH elsewhere AS MATERIALIZED (
            SELECT pid, rid FROM {vectors} v SEMI JOIN linkage_kin_crowd USING (pid) WHERE {ELSEWHERE}),
        housed AS (
            SELECT rid, {ON_REGISTER} AS home FROM linkage_address_row SEMI JOIN elsewhere USING (rid)
            WHERE {HAS_HOME}),
        met AS (
            SELECT DISTINCT e.pid, e.rid FROM elsewhere e JOIN housed h USING (rid)
            JOIN linkage_kin k ON k.pid = e.pid AND k.home = h.home AND k.rid <> e.rid),
        themselves AS (FROM elsewhere SEMI JOIN linkage_kin USING (pid, rid) ANTI JOIN met USING (pid, rid))
        SELECT pid, rid, settled, crowd, met.rid IS NOT NULL AS supported
        FROM elsewhere ANTI JOIN themselves USING (pid, rid) JOIN linkage_kin_crowd USING (pid)
        LEFT JOIN met USING (pid, rid)""",
        step="find candidates who have lived with linked housemates",
    )
    session.run("DROP TABLE linkage_kin", step="drop the linked housemates")


def count_families(session: Session, model: LinkageModel, vectors: str, truth: str) -> LinkageModel:
    """The model with its families counted from `truth`(pid, rid, weight) and the comparison vectors of its pairs."""
    session.run(
        f"CREATE OR REPLACE TEMP TABLE linkage_linked AS SELECT pid, rid FROM {truth} WHERE weight >= {CONFIDENT}",
        step="take the confident links",
    )
    find_families(session, vectors, "linkage_linked")
    counted = session.rows(
        f"""SELECT settled, sum(weight), coalesce(sum(weight) FILTER (supported), 0),
                   coalesce(sum(weight) FILTER (NOT supported), 0)
        FROM {truth} JOIN linkage_kin_crowd USING (pid)
        LEFT JOIN (SELECT pid, rid, supported FROM linkage_family) USING (pid, rid) GROUP BY settled""",
        step="count families that stayed together",
    )
    drop_families(session)
    session.run("DROP TABLE linkage_linked", step="drop the confident links")
    families = dict(model.families)
    for settled, people, supported, apart in counted:
        name = "settled" if settled else "moved"
        before = families[name]
        families[name] = Family(
            together=(float(supported) + PRIOR_PAIRS * before.together) / (float(people) + PRIOR_PAIRS),
            apart=(float(apart) + PRIOR_PAIRS * before.apart) / (float(supported + apart) + PRIOR_PAIRS),
        )
    return replace(model, families=families)


def drop_families(session: Session) -> None:
    """Drop what `find_families` made."""
    session.run("DROP TABLE linkage_family; DROP TABLE linkage_kin_crowd", step="drop the family's evidence")
