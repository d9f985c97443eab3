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
            SELECT DISTINCT rid, postcode, address FROM linkage_address_row
            SEMI JOIN (
                SELECT postcode, address FROM linkage_address_row SEMI JOIN {rids} USING (rid)
            ) USING (postcode, address)),
        home AS (SELECT postcode, address FROM held GROUP BY ALL HAVING count(*) <= {MOST_AT_HOME}),
        housed AS MATERIALIZED (
            SELECT DISTINCT a.rid, b.rid AS other
            FROM (SELECT * FROM held SEMI JOIN {rids} USING (rid)) a SEMI JOIN home USING (postcode, address)
            JOIN held b USING (postcode, address) WHERE a.rid <> b.rid),
        named AS MATERIALIZED (
            SELECT rid, list(DISTINCT s.surname) AS surnames
            FROM linkage_name_row n JOIN linkage_surname s ON s.id = n.surname
            WHERE rid IN (SELECT rid FROM housed UNION ALL SELECT other FROM housed) GROUP BY rid)
        SELECT h.rid, h.other, coalesce(list_has_any(m.surnames, n.surnames), false) AS related
        FROM housed h LEFT JOIN named m ON m.rid = h.rid LEFT JOIN named n ON n.rid = h.other""",
        step="find who shares a home",
    )


def measure_household(session: Session) -> None:
    """Make `linkage_household`(relative, occupant): the home of the register's mean person, from a sample."""
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_sampled AS
        SELECT rid FROM linkage_person
        WHERE rid % greatest((SELECT count(*) FROM linkage_person) // {SAMPLE}, 1) = 0""",
        step="sample the register",
    )
    pair_housemates(session, "linkage_sampled")
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_household AS
        SELECT {1 + UNREGISTERED_SHARE} * count(*) FILTER (related) / people + {FEWEST_RELATIVES} AS relative,
               count(*) FILTER (NOT related) / people AS occupant
        FROM linkage_housemates, (SELECT greatest(count(*), 1) AS people FROM linkage_sampled) GROUP BY people""",
        step="count who shares a home",
    )
    session.run("DROP TABLE linkage_housemates; DROP TABLE linkage_sampled", step="drop the sampled homes")


def mean_household(session: Session) -> Household:
    """The household of this register's mean person; nobody shares a home where the sample has no homes."""
    found = session.rows("SELECT relative, occupant FROM linkage_household", step="read the mean household")
    relative, occupant = found[0] if found else (FEWEST_RELATIVES, 0.0)
    return Household(float(relative), float(occupant))
