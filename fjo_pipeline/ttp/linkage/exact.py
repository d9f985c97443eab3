"""The exact tiers: statuses 1, 4 and 39, each needing one register person and no other (domain.md §1)."""

from fjo_pipeline.core.sessions import Session
from fjo_pipeline.ttp.linkage.nicknames import load_nicknames
from fjo_pipeline.ttp.linkage.prepare import TEXTS_OF

FUZZY_FORENAME = 0.9


def link_exactly(session: Session, *, use_nhs_numbers: bool) -> None:
    """Fill `linkage_exact`(pid, rid, status) from the normalised tables, one row a person at most.

    Statuses 4 and 39 look at keys folded by case, space and punctuation only, and never at a mended date. Of the
    forename alone status 39 forgives more: accents, a title, a listed variant, a slip.
    """
    load_nicknames(session)
    session.run(
        "CREATE OR REPLACE TEMP TABLE linkage_exact (pid INTEGER, rid INTEGER, status VARCHAR)",
        step="start the exact tiers",
    )
    session.run(
        "CREATE OR REPLACE TEMP TABLE linkage_nhs_conflict (pid INTEGER)",
        step="start the count of NHS number conflicts",
    )
    if use_nhs_numbers:
        _by_nhs_number(session)
    _by_five_fields(session)


def _by_nhs_number(session: Session) -> None:
    """Date of birth or surname confirms a number, unless forename and date both differ, or all five fields fit another.

    An equal date and an equal surname count as confirmation only; a number by itself never links.
    """
    if not session.value("SELECT count(nhs) FROM linkage_people", step="look for NHS numbers"):
        return
    # A child is often entered with the mother's or the twin's number: surname, even date of birth are right then.
    session.run(
        """CREATE OR REPLACE TEMP TABLE linkage_nhs_pair AS
        WITH found AS (
            SELECT p.pid, r.rid, p.first, p.forename_key, p.surname, p.surname_key, p.postcode, p.sex, p.dob,
                   p.dob_mended, p.dob = r.dob AS same_dob
            FROM linkage_people p JOIN linkage_person r ON p.nhs = r.nhs),
        named AS (
            SELECT f.pid, f.rid, bool_or(n.surname = f.surname) AS same_surname,
                   bool_or(n.first = f.first OR k.name IS NOT NULL OR starts_with(n.first, f.first)
                           OR starts_with(f.first, n.first)
                           OR coalesce(contains(n.middle, ' ' || f.first || ' '), false)) AS same_forename
            FROM found f JOIN linkage_name n USING (rid)
            LEFT JOIN linkage_nickname k ON k.name = f.first AND k.variant = n.first
            GROUP BY f.pid, f.rid),
        elsewhere AS (
            SELECT DISTINCT f.pid, f.rid FROM found f JOIN linkage_address a USING (postcode)
            JOIN linkage_person r ON r.rid = a.rid AND r.rid <> f.rid AND r.dob = f.dob AND r.sex = f.sex
            JOIN linkage_name n ON n.rid = a.rid AND n.forename_key = f.forename_key AND n.surname_key = f.surname_key
            WHERE NOT f.dob_mended)
        SELECT f.pid, f.rid,
               e.rid IS NULL AND coalesce(f.same_dob OR n.same_surname, false)
               AND (coalesce(f.same_dob, true) OR coalesce(n.same_forename, true)) AS confirmed
        FROM found f LEFT JOIN named n USING (pid, rid) LEFT JOIN elsewhere e USING (pid, rid)""",
        step="look NHS numbers up",
    )
    session.run(
        """INSERT INTO linkage_exact SELECT pid, min(rid), '1' FROM linkage_nhs_pair
        WHERE confirmed GROUP BY pid HAVING count(*) = 1""",
        step="link by NHS number",
    )
    session.run(
        """INSERT INTO linkage_nhs_conflict SELECT DISTINCT pid FROM linkage_nhs_pair
        WHERE pid NOT IN (SELECT pid FROM linkage_exact)""",
        step="count NHS numbers that belong to somebody else",
    )
    session.run("DROP TABLE linkage_nhs_pair", step="drop the NHS number pairs")


def _by_five_fields(session: Session) -> None:
    """Whoever shares postcode, date of birth and sex is few, so that names are compared last."""
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_near AS
        WITH housed AS MATERIALIZED (
            SELECT DISTINCT p.pid, a.rid, p.forename_key, p.first, p.surname_key
            FROM linkage_people p
            JOIN linkage_address_row a ON a.postcode = p.postcode_id AND a.dob = p.dob
            JOIN linkage_person r ON r.rid = a.rid AND r.sex = p.sex
            WHERE NOT p.dob_mended AND p.pid NOT IN (SELECT pid FROM linkage_exact)),
        chosen AS MATERIALIZED (FROM linkage_name_row SEMI JOIN housed USING (rid)),
        name AS ({TEXTS_OF["name"].format(rows="chosen")})
        SELECT h.pid, h.rid,
               max(CASE WHEN h.forename_key = n.forename_key THEN 2
                        WHEN k.name IS NOT NULL OR h.first = n.first
                          OR (h.first[1:1] = n.first[1:1]
                              AND jaro_winkler_similarity(h.first, n.first) >= {FUZZY_FORENAME}) THEN 1
                        ELSE 0 END) AS forename
        FROM housed h
        JOIN name n ON n.rid = h.rid AND n.surname_key = h.surname_key
        LEFT JOIN linkage_nickname k ON k.name = h.first AND k.variant = n.first
        GROUP BY h.pid, h.rid""",
        step="find people who share surname, postcode, date of birth and sex",
    )
    session.run(
        """INSERT INTO linkage_exact
        SELECT pid, min(rid), '4' FROM linkage_near WHERE forename = 2 GROUP BY pid HAVING count(*) = 1""",
        step="link by five equal fields",
    )
    # A twin agrees on everything but the forename, so a variant counts only where nobody else comes near.
    session.run(
        """INSERT INTO linkage_exact
        SELECT pid, min(rid), '39' FROM linkage_near GROUP BY pid HAVING count(*) = 1 AND max(forename) = 1""",
        step="link by four equal fields and a variant of the forename",
    )
    session.run("DROP TABLE linkage_near", step="drop the near pairs")
