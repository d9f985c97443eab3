"""ALF2: the people of one dataset, the second register, as others are linked to them by the same engine.

Who the second register's people are, and which of them are one, stands in docs/decisions/0013.
"""

from fjo_pipeline.core.files import sha256_of_texts
from fjo_pipeline.core.key_ranking import hash_pads, keyed_hash_sql
from fjo_pipeline.core.keyring import Keyring
from fjo_pipeline.core.linking_field import LinkingFieldCipher, tweak_for
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.core.stores import one_transaction
from fjo_pipeline.ttp.file_1 import carries_nhs_numbers, confidential_query, people_query
from fjo_pipeline.ttp.linkage import normalise
from fjo_pipeline.ttp.linkage.link import link_people
from fjo_pipeline.ttp.linkage.model import LinkageModel
from fjo_pipeline.ttp.linkage.normalise import RegisterRelations, define_macros
from fjo_pipeline.ttp.linkage.spark import Engine
from fjo_pipeline.ttp.store import partition

FORMAT = "second register 1"
IDENTIFIERS = (
    "nhs_number",
    "linkage_key(forename)",
    "linkage_key(middle_names)",
    "linkage_key(surname)",
    "date_of_birth",
    "sex",
    "linkage_postcode(postcode)",
    "linkage_place(address)",
)
# A person who has neither a link nor name and date of birth is nobody whom another could be linked to.
WHO = f"""CASE WHEN link.register_id IS NOT NULL THEN 'register ' || link.register_id
    WHEN linkage_key(surname) IS NOT NULL AND date_of_birth IS NOT NULL
    THEN 'person ' || concat_ws(chr(31), {", ".join(f"coalesce({each}, '')" for each in IDENTIFIERS)}) END"""
RELATIONS = {
    "person": "SELECT register_id, date_of_birth, sex, nhs_number",
    "name": "SELECT DISTINCT register_id, forename, middle_names, surname",
    "address": "SELECT DISTINCT register_id, postcode, address",
}


def number_people(session: Session, dataset: str, refresh: str, keyring: Keyring) -> None:
    """Give each linked or named person of the second register a number, in `ttp.second.<partition>`.

    Those who were linked to one register person are one; of the others those whose identifiers are all the same.
    The number is a keyed hash of 14 digits; where two people meet in one number, neither has one. KeyMissing where the
    keyring has no `alf2` key.
    """
    define_macros(session)
    name = partition(dataset, refresh)
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE second_numbered AS
        SELECT person_id, who, {keyed_hash_sql("who")} AS number
        FROM (SELECT person_id, {WHO} AS who FROM ({people_query(dataset, refresh)})
              JOIN ttp.links.{name} AS link USING (person_id))""",
        hash_pads(keyring.subkey("alf2", "person")),
        step="number the second register's people",
    )
    with one_transaction(session):
        session.run(
            f"""CREATE OR REPLACE TABLE ttp.second.{name} AS
            WITH met AS (SELECT number FROM second_numbered GROUP BY number HAVING count(DISTINCT who) > 1)
            SELECT person_id, CASE WHEN met.number IS NULL THEN each.number END AS number
            FROM second_numbered AS each LEFT JOIN met USING (number) ORDER BY person_id""",
            step="keep the second register's numbers",
        )
    session.run("DROP TABLE second_numbered", step="drop what numbering needed")


def link_to_second_register(
    session: Session, about: tuple[str, str], register: tuple[str, str], model: LinkageModel, engine: Engine
) -> int:
    """Link a refresh's people to the second register's; returns how many were found.

    `about` and `register` are dataset and refresh; writes `ttp.second.<partition>`(person_id, number). The session must
    not have opened the prepared population register.
    """
    known = f"ttp.second.{partition(*register)}"
    confidential = f"(SELECT person_id FROM ({confidential_query(*register)}))"
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE second_people AS
        SELECT CAST(number AS VARCHAR) AS register_id, person_id, forename, middle_names, surname, date_of_birth, sex,
            nhs_number, CASE WHEN NOT hidden THEN postcode END AS postcode,
            CASE WHEN NOT hidden THEN address END AS address
        FROM (SELECT *, person_id IN {confidential} AS hidden FROM ({people_query(*register)}))
        JOIN {known} USING (person_id) WHERE number IS NOT NULL""",
        step="open the second register",
    )
    for name, query in RELATIONS.items():
        session.run(f"CREATE OR REPLACE TEMP TABLE second_{name} AS {query} FROM second_people", step="lay it out")
    session.run(f"CREATE OR REPLACE TEMP TABLE people AS {people_query(*about)}", step="read File 1's people")
    session.run(
        f"CREATE OR REPLACE TEMP TABLE confidential AS {confidential_query(*about)}",
        step="read whose address is confidential",
    )
    link_people(
        session,
        "people",
        RegisterRelations(person="second_person", name="second_name", address="second_address"),
        model,
        links="second_links",
        use_nhs_numbers=carries_nhs_numbers(session, *about),
        confidential="confidential",
        engine=engine,
    )
    with one_transaction(session):
        session.run(
            f"""CREATE OR REPLACE TABLE ttp.second.{partition(*about)} AS
            SELECT person_id, CAST(register_id AS BIGINT) AS number FROM second_links ORDER BY person_id""",
            step="keep the links to the second register",
        )
    return int(session.value("SELECT count(register_id) FROM second_links", step="count the links"))


def alf2_cipher(keyring: Keyring) -> LinkingFieldCipher:
    """From a number to its ALF2; KeyMissing where the keyring has no `alf2` key."""
    return LinkingFieldCipher(keyring.key("alf2"), tweak_for(None, "alf2"))


def second_register_digest(file_1_digest: str, linkage_digest: str, keyring: Keyring) -> str:
    """What the numbers of a second register's refresh are made from. KeyMissing where a key is not there."""
    return sha256_of_texts(FORMAT, normalise.VERSION, file_1_digest, linkage_digest, keyring.fingerprint("alf2"))
