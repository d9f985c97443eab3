"""Who shares or has shared a home with whom on the register: the people who are taken for one another most easily."""

from dataclasses import dataclass

from fjo_pipeline.core.sessions import Session

SAMPLE = 20_000
MOST_AT_HOME = 500  # more than ever lived at one address are a prison's, a hostel's or a blank's, and no household
# A relative who is on no register can still be in the deposit: one for every nine who are seen [R], and never none.
UNREGISTERED_SHARE = 0.11
FEWEST_RELATIVES = 0.02


@dataclass(frozen=True)
class Household:
    """Mean numbers of other people who ever shared a home with one: of the same surname, and of another."""

    relative: float
    occupant: float


def pair_housemates(session: Session, rids: str) -> None:
    """Make `linkage_housemates`(rid, other, related) for the register people of the relation `rids`(rid).

    Related means a surname in common, at any time; the others are stepfamilies, lodgers and earlier occupants.
    """
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_housemates AS
        WITH held AS MATERIALIZED (
            SELECT DISTINCT rid, postcode, address FROM linkage_address SEMI JOIN (
                SELECT postcode, address FROM linkage_address SEMI JOIN {rids} USING (rid)) USING (postcode, address)),
        home AS (SELECT postcode, address FROM held GROUP BY ALL HAVING count(*) <= {MOST_AT_HOME}),
        housed AS (
            SELECT DISTINCT a.rid, b.rid AS other
            FROM (SELECT * FROM held SEMI JOIN {rids} USING (rid)) a SEMI JOIN home USING (postcode, address)
            JOIN held b USING (postcode, address) WHERE a.rid <> b.rid),
        related AS (
            SELECT DISTINCT h.rid, h.other FROM housed h JOIN linkage_name m ON m.rid = h.rid
            JOIN linkage_name n ON n.rid = h.other AND n.surname = m.surname)
        SELECT rid, other, r.rid IS NOT NULL AS related FROM housed LEFT JOIN related r USING (rid, other)""",
        step="find who shares a home",
    )


def mean_household(session: Session) -> Household:
    """The household of this register's mean person, from a sample; raises StatementFailed."""
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_sampled AS
        SELECT rid FROM linkage_person
        WHERE rid % greatest((SELECT count(*) FROM linkage_person) // {SAMPLE}, 1) = 0""",
        step="sample the register",
    )
    pair_housemates(session, "linkage_sampled")
    related, others, people = session.row(
        """SELECT count(*) FILTER (related), count(*) FILTER (NOT related),
                  greatest((SELECT count(*) FROM linkage_sampled), 1) FROM linkage_housemates""",
        step="count who shares a home",
    )
    session.run("DROP TABLE linkage_housemates; DROP TABLE linkage_sampled", step="drop the sampled homes")
    return Household((1 + UNREGISTERED_SHARE) * related / people + FEWEST_RELATIVES, others / people)
