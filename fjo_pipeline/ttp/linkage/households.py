"""Who shares or has shared a home with whom on the register: the people who are taken for one another most easily."""

from dataclasses import dataclass, replace

from fjo_pipeline.core.sessions import Session

SAMPLE = 20_000
MOST_AT_HOME = 500  # more than ever lived at one address are a prison's, a hostel's or a blank's, and no household
# A relative who is on no register can still be in the deposit, and somebody always can.
FEWEST_RELATIVES = 0.02
# In most countries a postcode is a street or a part of one, in others a town.
ADDRESSES_OF_POSTCODE = 4
LEAST_ALIKE = 0.85
PRIOR_NEIGHBOURS = 10


@dataclass(frozen=True)
class Household:
    """Mean numbers of other people who ever shared a home with one: of the same surname, and of another.

    And of how many pairs of addresses in one postcode, how many are much alike.
    """

    relative: float
    occupant: float
    neighbours: int = 0
    alike: int = 0

    def alike_share(self, expected: float) -> float:
        """The share of neighbours' addresses that are much alike, leaning on what is expected where few are seen."""
        return (self.alike + PRIOR_NEIGHBOURS * expected) / (self.neighbours + PRIOR_NEIGHBOURS)


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
    """Make `linkage_household`(relative, occupant, neighbours, alike), as `Household` has it, from a sample."""
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_sampled AS
        SELECT rid FROM linkage_person
        WHERE rid % greatest((SELECT count(*) FROM linkage_person) // {SAMPLE}, 1) = 0""",
        step="sample the register",
    )
    pair_housemates(session, "linkage_sampled")
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_neighbour AS
        WITH lived AS (
            SELECT DISTINCT r.postcode, t.address FROM linkage_address_row r SEMI JOIN linkage_sampled USING (rid)
            JOIN linkage_address_text t ON t.id = r.address WHERE r.postcode IS NOT NULL),
        near AS (FROM lived QUALIFY row_number() OVER (PARTITION BY postcode ORDER BY hash(address), address)
                            <= {ADDRESSES_OF_POSTCODE})
        SELECT count(*) AS neighbours,
               count(*) FILTER (jaro_winkler_similarity(a.address, b.address) >= {LEAST_ALIKE}) AS alike
        FROM near a JOIN near b USING (postcode) WHERE a.address < b.address""",
        step="compare neighbours' addresses",
    )
    session.run(
        """CREATE OR REPLACE TEMP TABLE linkage_household AS
        SELECT related / people AS relative, others / people AS occupant, neighbours, alike
        FROM linkage_neighbour, (SELECT greatest(count(*), 1) AS people FROM linkage_sampled),
             (SELECT count(*) FILTER (related) AS related, count(*) FILTER (NOT related) AS others
              FROM linkage_housemates)""",
        step="count who shares a home",
    )
    session.run(
        "DROP TABLE linkage_housemates; DROP TABLE linkage_sampled; DROP TABLE linkage_neighbour",
        step="drop the sampled homes",
    )


def mean_household(session: Session, on_register: float) -> Household:
    """The household of this register's mean person; nobody shares a home where the sample has no homes.

    The register shows the share `on_register` of relatives: as many are on none as of the people who are looked for.
    """
    found = Household(*session.row("FROM linkage_household", step="read the mean household"))
    return replace(found, relative=found.relative / on_register + FEWEST_RELATIVES)
