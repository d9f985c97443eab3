"""Residences: which written addresses are one, and the number that each has before the RALF key is laid on it.

What is one residence, and why, stands in docs/decisions/0011.
"""

from dataclasses import dataclass

from fjo_pipeline.core.files import sha256_of_texts
from fjo_pipeline.core.key_ranking import hash_pads, keyed_hash_sql
from fjo_pipeline.core.keyring import Keyring
from fjo_pipeline.core.linking_field import LinkingFieldCipher, tweak_for
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.ttp.linkage import normalise

FORMAT = "residence 1"
RESIDENCES = "memory.main.residence"
"""Of the session itself, though no temporary table: the stream that lays keys on reads by a connection of its own."""

ABBREVIATIONS = {
    "street|str|saint": "st",
    "road": "rd",
    "avenue|av": "ave",
    "lane": "ln",
    "close": "cl",
    "drive": "dr",
    "crescent": "cres",
    "court": "ct",
    "place": "pl",
    "gardens|gdn": "gdns",
    "square": "sq",
    "terrace|terr": "ter",
    "apartment|apt": "flat",
}
THOROUGHFARES = "st|rd|ave|ln|cl|dr|cres|ct|pl|gdns|sq|ter|row|way|hill|grove|mews|walk|rise|view|parade|green"
UNITS = "flat|unit|room|floor|basement|bedsit|maisonette|annexe|caravan|plot|studio|penthouse|suite|block"
NO_RESIDENCE = r"no fixed (abode|address)|\bnfa\b|confidential|withheld|refuge"
# Step by step, so that each expression is worked out once: column by column, over the ones before.
STEPS = (
    "linkage_postcode(postcode) AS code, linkage_place(address) AS place",
    rf"""linkage_well_formed(code) AND place IS NOT NULL AND NOT regexp_full_match(place, '{normalise.PLACEHOLDERS}')
         AND NOT regexp_matches(place, '{NO_RESIDENCE}') AS usable""",
    "{shortened} AS shortened",
    # 10 a and 10a are one, and a number is written with or without its name.
    r"""trim(regexp_replace(regexp_replace(shortened, '\b(?:no|number) ([0-9])', '\1'),
                            '\b([0-9]+) ([a-z])\b', '\1\2', 'g')) AS numbered""",
    # After a numbered thoroughfare come locality and town, which the postcode says; flats stand before it or after.
    rf"""trim(regexp_extract(numbered || ' ',
             '^(?:.* )?(?:{THOROUGHFARES}|[^ ]*[0-9][^ ]*|(?:{UNITS})(?: [a-z])?) ')) AS upto""",
    rf"""CASE WHEN usable THEN code || ' ' || CASE WHEN regexp_matches(upto, '[0-9].* (?:{THOROUGHFARES})\b')
                                                THEN upto ELSE numbered END END AS residence""",
)


@dataclass(frozen=True)
class Numbered:
    """How many residences have a number, and how many have none because two of them met in one."""

    residences: int
    met: int


def residences_query(addresses: str) -> str:
    """SQL for a relation's (postcode, address) and the residence that they write, null where they write none.

    The session needs the linkage's macros.
    """
    shortened = "place"
    for written, short in ABBREVIATIONS.items():
        shortened = rf"regexp_replace({shortened}, '\b(?:{written})\b', '{short}', 'g')"
    query = addresses
    for step in STEPS:
        query = f"SELECT *, {step.replace('{shortened}', shortened)} FROM ({query})"
    return f"SELECT postcode, address, residence FROM ({query})"


def number_residences(session: Session, addresses: str, keyring: Keyring) -> Numbered:
    """Make `RESIDENCES`(postcode, address, number BIGINT) of a query's (postcode, address), both as written.

    An address or postcode that cannot be used has no row. The number is a keyed hash of 14 digits, so it is the same
    for every order of deposits and on every machine; where two residences meet in one number, neither has a row.
    KeyMissing where the keyring has no `ralf` key.
    """
    normalise.define_macros(session)
    written = f"SELECT DISTINCT postcode, address FROM ({addresses}) WHERE postcode <> '' AND address <> ''"
    session.run(
        f"CREATE OR REPLACE TEMP TABLE residence_written AS {residences_query(written)}",
        step="fold addresses into residences",
    )
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE residence_number AS
        SELECT residence, {keyed_hash_sql("residence")} AS number
        FROM (SELECT DISTINCT residence FROM residence_written WHERE residence IS NOT NULL)""",
        hash_pads(keyring.subkey("ralf", "residence")),
        step="number residences",
    )
    session.run(
        """CREATE OR REPLACE TEMP TABLE residence_met AS
        SELECT number, count(*) AS residences FROM residence_number GROUP BY number HAVING count(*) > 1""",
        step="look for residences that meet in one number",
    )
    session.run(
        f"""CREATE OR REPLACE TABLE {RESIDENCES} AS
        SELECT postcode, address, number FROM residence_written JOIN residence_number USING (residence)
        ANTI JOIN residence_met USING (number)""",
        step="keep the residences' numbers",
    )
    residences, met = session.row(
        "SELECT (SELECT count(*) FROM residence_number), (SELECT coalesce(sum(residences), 0) FROM residence_met)",
        step="count residences",
    )
    for table in ("written", "number", "met"):
        session.run(f"DROP TABLE residence_{table}", step="drop what numbering residences needed")
    return Numbered(int(residences) - int(met), int(met))


def ralf_cipher(keyring: Keyring) -> LinkingFieldCipher:
    """From a residence's number to its RALF; KeyMissing where the keyring has no `ralf` key."""
    return LinkingFieldCipher(keyring.key("ralf"), tweak_for(None, "ralf"))


def residences_digest(keyring: Keyring) -> str:
    """What RALFs are made from beside the addresses: the folding, and the key. KeyMissing where there is none."""
    return sha256_of_texts(FORMAT, normalise.VERSION, keyring.fingerprint("ralf"))
