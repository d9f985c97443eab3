"""The exact tiers: statuses 1, 4 and 39, each needing one register person and no other (domain.md §1)."""

from fjo_pipeline.core.sessions import Session
from fjo_pipeline.ttp.linkage.nicknames import load_nicknames

FUZZY_FORENAME = 0.9


def link_exactly(session: Session, *, use_nhs_numbers: bool) -> None:
    """Fill `linkage_exact`(pid, rid, status) from the normalised tables, one row a person at most.

    Statuses 4 and 39 look at keys folded by case, space and punctuation only, and never at a mended date.
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
    if not session.value("SELECT count(nhs) FROM linkage_people", step="look for NHS numbers"):
        return
    session.run(
        """CREATE OR REPLACE TEMP TABLE linkage_nhs_pair AS
        SELECT p.pid, r.rid,
               coalesce(p.dob = r.dob, false) OR coalesce(list_contains(n.surnames, p.surname), false) AS confirmed
        FROM linkage_people p JOIN linkage_person r ON p.nhs = r.nhs
        LEFT JOIN (SELECT rid, list(surname) AS surnames FROM linkage_name GROUP BY rid) n ON n.rid = r.rid""",
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
        WITH housed AS (
            SELECT DISTINCT p.pid, a.rid, p.forename_key, p.surname_key
            FROM linkage_people p
            JOIN linkage_address_row a ON a.postcode = p.postcode_id AND a.dob = p.dob
            JOIN linkage_person r ON r.rid = a.rid AND r.sex = p.sex
            WHERE NOT p.dob_mended AND p.pid NOT IN (SELECT pid FROM linkage_exact))
        SELECT h.pid, h.rid,
               max(CASE WHEN h.forename_key = n.forename_key THEN 2
                        WHEN k.name IS NOT NULL
                          OR (h.forename_key[1:1] = n.forename_key[1:1]
                              AND jaro_winkler_similarity(h.forename_key, n.forename_key) >= {FUZZY_FORENAME}) THEN 1
                        ELSE 0 END) AS forename
        FROM housed h
        JOIN linkage_name n ON n.rid = h.rid AND n.surname_key = h.surname_key
        LEFT JOIN linkage_nickname k ON k.name = h.forename_key AND k.variant = n.forename_key
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
