"""The register, normalised once: narrow tables of numbers, and each distinct text folded a single time.

They are made when a register is loaded, and again only for another register or normalisation; linking reads them.
"""

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.ttp.linkage.households import measure_household
from fjo_pipeline.ttp.linkage.normalise import (
    BIRTHDAY,
    MIDDLE,
    TEXTS,
    RegisterRelations,
    define_macros,
    define_mended_date,
    normalise_people,
    plausible,
)

FORMAT = "4"
"""Of the prepared tables; those of another are prepared again."""
YEARS_BEYOND_REGISTER = 15
HELD = {
    "first": "SELECT first_id AS key FROM linkage_name_row",
    "surname": "SELECT surname_id AS key FROM linkage_name_row",
    "dob": "SELECT dob AS key FROM linkage_person",
    "postcode": "SELECT postcode AS key FROM linkage_address_row",
    "address": "SELECT address AS key FROM linkage_address_row",
}
"""Values that an equal one is the less telling of the more rows hold them; those that one row holds are left out."""
PREPARED = (
    "years",
    "person",
    "forename",
    "middle_names",
    "surname",
    "postcode",
    "address_text",
    "word",
    "name_row",
    "address_row",
    "household",
    *(f"held_{column}" for column in HELD),
)
"""Tables that `prepare_register` makes, each `linkage_<name>`."""

NAMES = ("forename", "middle_names", "surname")

TEXTS_OF = {
    "name": f"""SELECT rid, forename_key, surname_key, first, {MIDDLE}, s.surname, part_1, part_2, skeleton
        FROM {{rows}} n LEFT JOIN linkage_forename f ON f.id = n.forename
        LEFT JOIN linkage_middle_names m ON m.id = n.middle_names LEFT JOIN linkage_surname s ON s.id = n.surname""",
    "address": """SELECT rid, p.postcode, t.address, a.house, a.postcode AS postcode_id, a.address AS address_id
        FROM {rows} a LEFT JOIN linkage_postcode p ON p.id = a.postcode
        LEFT JOIN linkage_address_text t ON t.id = a.address""",
}
"""Queries that put texts in place of the numbers in rows of a register's names or addresses."""


def prepare_register(session: Session, register: RegisterRelations) -> None:
    """Make the tables of `PREPARED` as temporary tables from a register's three relations; raises StatementFailed.

    `linkage_person`(rid, register_id, dob, sex, nhs), one a person, numbered by the order of ids; `linkage_name_row`
    and `linkage_address_row` name texts by number, and carry what rules of blocking ask for: the date of birth, and
    forename, surname, skeleton and postcode district by their numbers in `linkage_word`, so that no rule looks texts
    up. Numbers of texts mean nothing, and differ from one time to the next.
    """
    define_macros(session)
    _prepare_people(session, register)
    _fold_names(session, register)
    _fold_addresses(session, register)
    _number_words(session)
    _prepare_names(session, register)
    _prepare_addresses(session, register)
    measure_household(session)
    _count_held(session)


def keep_prepared(session: Session, schema: str) -> None:
    """Move the tables that `prepare_register` made into a schema of a store; call it inside a transaction."""
    for table in PREPARED:
        session.run(
            f"CREATE OR REPLACE TABLE {schema}.{table} AS FROM linkage_{table}", step="keep the prepared register"
        )


def show_prepared(session: Session, schema: str) -> None:
    """Let the session see a store's prepared register as `prepare_register` would have left it."""
    for table in PREPARED:
        session.run(f"CREATE OR REPLACE TEMP VIEW linkage_{table} AS FROM {schema}.{table}", step="open the register")


def use_prepared(session: Session) -> None:
    """Define what reading the prepared tables needs: the macros, and views with texts in place of numbers."""
    define_macros(session)
    first, last = session.row("SELECT first, last FROM linkage_years", step="read the register's years of birth")
    define_mended_date(session, first, last)
    for kind, texts in TEXTS_OF.items():
        session.run(
            f"CREATE OR REPLACE TEMP VIEW linkage_{kind} AS {texts.format(rows=f'linkage_{kind}_row')}",
            step=f"show each {kind} of the register",
        )


def normalise(session: Session, people: str, register: RegisterRelations) -> None:
    """Prepare a register and normalise the people who are to be linked to it, all in temporary tables."""
    prepare_register(session, register)
    use_prepared(session)
    normalise_people(session, people)
    find_numbers(session)


def find_numbers(session: Session) -> None:
    """Give the people of `linkage_people` the register's numbers of their texts, null where it does not know them.

    Apart from normalising, so that nothing is looked up for people who are known from before.
    """
    words = {"first_id": "first", "surname_id": "surname", "part_id": "part_1", "skeleton_id": "skeleton"}
    words["district_id"] = "district"
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_people AS
        SELECT l.*, p.id AS postcode_id, a.id AS address_id, linkage_initials(first) AS initials,
               {", ".join(f"{number}.id AS {number}" for number in words)}
        FROM linkage_people l
        {" ".join(f"LEFT JOIN linkage_word {number} ON {number}.word = l.{column}" for number, column in words.items())}
        LEFT JOIN (FROM linkage_postcode SEMI JOIN linkage_people USING (postcode)) p ON p.postcode = l.postcode
        LEFT JOIN (FROM linkage_address_text SEMI JOIN linkage_people USING (address)) a ON a.address = l.address""",
        step="look the people's texts up",
    )


def _prepare_people(session: Session, register: RegisterRelations) -> None:
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_raw_person AS
        SELECT register_id, max(date_of_birth) AS raw, max(sex) AS sex, max(nhs_number) AS nhs_number
        FROM {register.person} WHERE register_id IS NOT NULL GROUP BY register_id""",
        step="collect the register's people",
    )
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_raw_date AS
        SELECT raw, people, {plausible("linkage_date(raw)")} AS read_dob
        FROM (SELECT raw, count(*) AS people FROM linkage_raw_person GROUP BY raw)""",
        step="normalise the register's dates of birth",
    )
    _find_years(session)
    # NHS numbers stay as they are but for spaces: one that equals a valid number is valid.
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_person AS
        WITH mended AS (SELECT raw, linkage_mended_date(read_dob) AS dob FROM linkage_raw_date),
        date AS MATERIALIZED (SELECT raw, dob, {BIRTHDAY} AS birthday FROM mended)
        SELECT CAST(row_number() OVER (ORDER BY register_id) AS INTEGER) AS rid, register_id, dob, birthday,
               linkage_sex(sex) AS sex, translate(nhs_number, ' -', '') AS nhs
        FROM linkage_raw_person LEFT JOIN date USING (raw)""",
        step="normalise the register's people",
    )
    # Rows find their person by a hash: numbers are looked up in half the time that texts are.
    session.run(
        """CREATE OR REPLACE TEMP TABLE linkage_person_found AS
        SELECT hash(register_id) AS id_hash, rid, dob, birthday FROM linkage_person""",
        step="number the register's people",
    )
    if session.value("SELECT count(*) - count(DISTINCT id_hash) FROM linkage_person_found", step="look for collisions"):
        # Of three million people, that is one register in four million; of texts it would only blur a comparison.
        raise Refused("two people of the register have one hash of their ids: report this; nothing was prepared")
    session.run("DROP TABLE linkage_raw_person; DROP TABLE linkage_raw_date", step="drop the register's raw people")


def _find_years(session: Session) -> None:
    """The years that nearly all of the register's people were born in, and some more: others are typed wrong."""
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_years AS
        WITH running AS (
            SELECT year(read_dob) AS year,
                   sum(people) OVER (ORDER BY year(read_dob)) / sum(people) OVER () AS share
            FROM linkage_raw_date WHERE read_dob IS NOT NULL)
        SELECT coalesce(min(year) FILTER (share > 0.001), 1900) - {YEARS_BEYOND_REGISTER} AS first,
               coalesce(min(year) FILTER (share >= 0.999), 2100) + {YEARS_BEYOND_REGISTER} AS last
        FROM running""",
        step="find the register's years of birth",
    )
    first, last = session.row("SELECT first, last FROM linkage_years", step="read the register's years of birth")
    define_mended_date(session, first, last)


def _fold_names(session: Session, register: RegisterRelations) -> None:
    for column in NAMES:
        session.run(
            f"""CREATE OR REPLACE TEMP TABLE linkage_{column} AS
            SELECT CAST(row_number() OVER () AS INTEGER) AS id, hash(raw) AS raw_hash, {TEXTS[column]}
            FROM (SELECT DISTINCT {column} AS raw FROM {register.name} WHERE {column} <> '')""",
            step=f"normalise each {column} of the register",
        )


def _number_words(session: Session) -> None:
    """One numbering for forenames, surnames, skeletons and districts: forename and surname may have changed places."""
    session.run(
        """CREATE OR REPLACE TEMP TABLE linkage_word AS
        SELECT CAST(row_number() OVER () AS INTEGER) AS id, word FROM (
            SELECT first AS word FROM linkage_forename UNION SELECT surname FROM linkage_surname
            UNION SELECT skeleton FROM linkage_surname UNION SELECT district FROM linkage_postcode)
        WHERE word IS NOT NULL""",
        step="number the register's words",
    )


def _prepare_names(session: Session, register: RegisterRelations) -> None:
    """Names made distinct as hashes first: there are fewer of them than of rows, and numbers are compared faster."""
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_name_row AS
        SELECT rid, dob, birthday, f.id AS forename, m.id AS middle_names, s.id AS surname,
               f.first_id, f.initials, s.surname_id, s.skeleton_id
        FROM (SELECT DISTINCT hash(register_id) AS id_hash, {", ".join(f"hash({c}) AS {c}" for c in NAMES)}
              FROM {register.name}) t
        JOIN linkage_person_found USING (id_hash)
        LEFT JOIN (
            SELECT f.id, raw_hash, w.id AS first_id, linkage_initials(first) AS initials
            FROM linkage_forename f LEFT JOIN linkage_word w ON w.word = first) f ON f.raw_hash = t.forename
        LEFT JOIN linkage_middle_names m ON m.raw_hash = t.middle_names
        LEFT JOIN (
            SELECT s.id, raw_hash, w.id AS surname_id, k.id AS skeleton_id
            FROM linkage_surname s LEFT JOIN linkage_word w ON w.word = surname
            LEFT JOIN linkage_word k ON k.word = skeleton) s ON s.raw_hash = t.surname""",
        step="normalise the register's names",
    )


def _count_held(session: Session) -> None:
    for column, rows in HELD.items():
        session.run(
            f"""CREATE OR REPLACE TEMP TABLE linkage_held_{column} AS
            SELECT key, count(*) AS held FROM ({rows}) WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1""",
            step=f"count how common each {column} is",
        )


def _fold_addresses(session: Session, register: RegisterRelations) -> None:
    district = ", left(postcode, -3) AS district"
    for column, text in (("postcode", "postcode"), ("address", "address_text")):
        session.run(
            f"""CREATE OR REPLACE TEMP TABLE linkage_raw AS
            SELECT hash(raw) AS raw_hash, {TEXTS[column]}
            FROM (SELECT DISTINCT {column} AS raw FROM {register.address} WHERE {column} <> '')""",
            step=f"normalise each {column} of the register",
        )
        session.run(
            f"""CREATE OR REPLACE TEMP TABLE linkage_{text} AS
            SELECT CAST(row_number() OVER () AS INTEGER) AS id, {column} {district if column == "postcode" else ""}
            FROM (SELECT DISTINCT {column} FROM linkage_raw WHERE {column} IS NOT NULL)""",
            step=f"number each {column} of the register",
        )
        session.run(
            f"""CREATE OR REPLACE TEMP TABLE linkage_raw_{column} AS
            SELECT raw_hash, id {", house" if column == "address" else ""}
            FROM linkage_raw JOIN linkage_{text} USING ({column})""",
            step=f"find each {column} of the register",
        )


def _prepare_addresses(session: Session, register: RegisterRelations) -> None:
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_address_row AS
        SELECT DISTINCT rid, dob, birthday, p.id AS postcode, p.district_id, a.id AS address, house
        FROM {register.address} t JOIN linkage_person_found n ON n.id_hash = hash(t.register_id)
        LEFT JOIN (
            SELECT raw_hash, p.id, w.id AS district_id FROM linkage_raw_postcode JOIN linkage_postcode p USING (id)
            LEFT JOIN linkage_word w ON w.word = p.district) p ON p.raw_hash = hash(t.postcode)
        LEFT JOIN linkage_raw_address a ON a.raw_hash = hash(t.address)""",
        step="normalise the register's addresses",
    )
    for table in ("raw", "raw_postcode", "raw_address", "person_found"):
        session.run(f"DROP TABLE linkage_{table}", step="drop what preparing the register needed")
