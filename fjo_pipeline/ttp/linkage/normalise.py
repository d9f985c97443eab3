"""Identifiers made comparable: names, dates, sexes, postcodes and addresses folded by SQL macros.

Nothing here decides a link. People and register go through the same expressions, so that what is equal stays equal.
"""

from dataclasses import dataclass

from fjo_pipeline.core.sessions import Session

VERSION = "2"

# Titles and placeholders go, but Lord and Child are surnames too, and stay where nothing else is left.
TITLES_OR_NAMES = "sir|dame|lady|lord|master|child"
TITLES = f"mr|mrs|miss|ms|mx|dr|prof|rev|{TITLES_OR_NAMES}"
# A baby of Shannon is not called Shannon, and a twin 2 or baby B has no name yet.
PLACEHOLDERS = (
    "baby (?:boy |girl )?of .*|(?:baby|twin|triplet|infant)(?: (?:[0-9]|[ab]|one|two|three|i{1,3}))?|babyof|newborn|"
    "boy|girl|unborn|male|female|unknown|unk|not known|notknown|not given|not stated|not recorded|no name|unnamed|nk|"
    "n k|n a|tbc|tba|none|null|test|surname|forename"
)
PARTICLES = "de|da|di|du|del|der|den|van|von|la|le|al|el|bin|binti|ibn|ap|ab|ferch|mac|mc|o|st|san|abu|ul"
# Letters that have no accent to strip, then apostrophes of all kinds, which go.
FULL_WIDTH = "".join(chr(ord(character) + 0xFEE0) for character in "abcdefghijklmnopqrstuvwxyz0123456789")
LETTERS, PLAIN_LETTERS = (
    FULL_WIDTH + "øłđðþıœæß''\u2019\u2018`\u00b4\u02bc\u02bb",
    "abcdefghijklmnopqrstuvwxyz0123456789olddtioas",
)
PLACEHOLDER_DATES = ("0001-01-01", "1111-11-11", "1800-01-01", "1900-01-01", "1901-01-01", "9999-12-31")
CENTURY_TYPOS = {18: 19, 22: 20, 29: 20, 79: 19}

MACROS = {
    # 200 characters tell any two people apart; the rest of a runaway field would only cost time.
    "linkage_fold(x)": "lower(strip_accents(left(x, 200)))",
    # Plain text, nearly all of it, goes by the first branch; the second is seven times slower.
    "linkage_words(x)": rf"""
        CASE WHEN regexp_full_match(linkage_fold(x), '[a-z0-9]+( [a-z0-9]+)*') THEN linkage_fold(x)
             ELSE nullif(trim(regexp_replace(translate(linkage_fold(x), '{LETTERS}', '{PLAIN_LETTERS}'),
                                             '[^\p{{L}}\p{{N}}]+', ' ', 'g')), '') END""",
    "linkage_key(x)": r"""
        nullif(regexp_replace(lower(nfc_normalize(left(x, 200))), '[^\p{L}\p{M}\p{N}]+', '', 'g'), '')""",
    # With the titles and placeholders before it, which are no names: Mr John is John, Not Known is one placeholder.
    "linkage_first_word(x)": rf"""
        nullif(regexp_extract(left(x, 200), '(?i)(?:(?:{TITLES}|{PLACEHOLDERS})\b[^\p{{L}}\p{{N}}]*)+[^\s\p{{Cc}}]*'
                                            || '|[^\s\p{{Cc}}]+'), '')""",
    # To look whether there is a title or placeholder costs a tenth of taking it out.
    "linkage_meaning(x)": rf"""
        CASE WHEN NOT regexp_matches(linkage_words(x), '\b({TITLES}|{PLACEHOLDERS})\b') THEN linkage_words(x)
             ELSE coalesce(nullif(trim(regexp_replace(linkage_words(x), '\b({TITLES}|{PLACEHOLDERS})\b', '', 'g')), ''),
                           CASE WHEN regexp_full_match(linkage_words(x), '{TITLES_OR_NAMES}') THEN linkage_words(x) END)
             END""",
    "linkage_date(x)": """
        coalesce(
            try_cast(left(trim(x), 10) AS DATE),
            CAST(try_strptime(trim(x), ['%d/%m/%Y', '%Y%m%d', '%d-%m-%Y', '%d.%m.%Y', '%d %b %Y']) AS DATE))""",
    "linkage_sex(x)": """
        CASE WHEN x IN ('1', 'M') THEN 'M' WHEN x IN ('2', 'F') THEN 'F'
             WHEN lower(trim(x)) IN ('m', 'male', '1') THEN 'M' WHEN lower(trim(x)) IN ('f', 'female', '2') THEN 'F' END
    """,
    "linkage_alphanumeric(x)": """
        nullif(regexp_replace(upper(left(x, 20)), '[^A-Z0-9]', '', 'g'), '')""",
    "linkage_well_formed(x)": "regexp_full_match(x, '[A-Z]{1,2}[0-9][0-9A-Z]?[0-9][A-Z]{2}') AND x[1:3] <> 'ZZ9'",
    "linkage_digits(x)": "translate(x, 'OILS', '0115')",
    "linkage_letters(x)": "translate(x, '015', 'OIS')",
    "linkage_outward(x)": r"""
        CASE WHEN regexp_full_match(x, '[A-Z][A-Z]?[0-9][0-9A-Z]?') THEN
                  CASE WHEN x[-1:] = 'O' AND length(x) > 2 THEN left(x, -1) || '0' ELSE x END
             WHEN regexp_full_match(x, '[A-Z]{2}[OIL]') THEN left(x, 2) || linkage_digits(right(x, 1))
             WHEN regexp_full_match(x, '[A-Z]{2}[OIL][0-9]') THEN left(x, 2) || linkage_digits(right(x, 2))
             WHEN regexp_full_match(x, '[01][A-Z]?[0-9]{1,2}') THEN linkage_letters(left(x, 1)) || substr(x, 2)
             ELSE x END""",
    # The outward part starts with a letter and holds a digit; the inward part is a digit and two letters.
    "linkage_mended_postcode(x)": r"""
        CASE WHEN x LIKE 'ZZ99%' THEN NULL
             WHEN regexp_full_match(x, '[A-Z0-9]{2,4}[0-9OILS][A-Z015]{2}')
             THEN linkage_outward(left(x, length(x) - 3))
                  || linkage_digits(substr(x, -3, 1)) || linkage_letters(right(x, 2))
             ELSE x END""",
    "linkage_postcode(x)": """
        CASE WHEN linkage_well_formed(replace(upper(x), ' ', '')) THEN replace(upper(x), ' ', '')
             ELSE linkage_mended_postcode(linkage_alphanumeric(x)) END""",
    "linkage_valid_nhs(x)": """
        CASE WHEN x NOT IN ('0000000000', '1111111111', '9999999999')
              AND (11 - (10 * x[1:1]::INT + 9 * x[2:2]::INT + 8 * x[3:3]::INT + 7 * x[4:4]::INT + 6 * x[5:5]::INT
                   + 5 * x[6:6]::INT + 4 * x[7:7]::INT + 3 * x[8:8]::INT + 2 * x[9:9]::INT) % 11) % 11 = x[10:10]::INT
             THEN x END""",
    "linkage_nhs(x)": r"""
        CASE WHEN regexp_full_match(regexp_replace(left(x, 20), '[\s-]', '', 'g'), '[0-9]{10}')
             THEN linkage_valid_nhs(regexp_replace(left(x, 20), '[\s-]', '', 'g')) END""",
    # Addresses are many and long: letters, digits and ", " alone need no regular expression but the one that says so.
    "linkage_place(x)": """
        CASE WHEN regexp_full_match(left(x, 200), '[A-Za-z0-9]+(,? [A-Za-z0-9]+)*')
             THEN lower(replace(left(x, 200), ',', ''))
             ELSE linkage_words(x) END""",
    # Consonants after the first letter: English and Welsh spellings of one sound mostly share them.
    # The first three characters in one number of 21 bits each, which are shifted out to shorten it.
    "linkage_initials(x)": """
        (CAST(greatest(unicode(x[1:1]), 0) AS BIGINT) << 42) + (CAST(greatest(unicode(x[2:2]), 0) AS BIGINT) << 21)
        + greatest(unicode(x[3:3]), 0)""",
    "linkage_skeleton(x)": "left(x, 1) || left(regexp_replace(substr(x, 2), '[aeiouyhw]|(?:ck)', '', 'g'), 4)",
}

# What is folded once a distinct text: name of the folded table, and its columns.
TEXTS = {
    "forename": """linkage_key(linkage_first_word(raw)) AS forename_key,
        replace(linkage_meaning(linkage_first_word(raw)), ' ', '') AS first,
        linkage_meaning(substr(trim(raw), length(linkage_first_word(raw)) + 1)) AS rest""",
    "middle_names": "linkage_meaning(raw) AS words",
    "surname": rf"""linkage_key(raw) AS surname_key, replace(linkage_meaning(raw), ' ', '') AS surname,
        nullif(replace(regexp_extract(linkage_meaning(raw), '^(?:(?:{PARTICLES}) )*[^ ]+ '), ' ', ''), '') AS part_1,
        nullif(replace(regexp_extract(linkage_meaning(raw), ' [^ ]+$'), ' ', ''), '') AS part_2,
        linkage_skeleton(replace(linkage_meaning(raw), ' ', '')) AS skeleton""",
    "postcode": "linkage_postcode(raw) AS postcode",
    "address": """linkage_place(raw) AS address,
        CAST(least(32 * TRY_CAST(regexp_extract(linkage_place(raw), '[0-9]+') AS BIGINT)
             + greatest(coalesce(ascii(regexp_extract(linkage_place(raw), '[0-9]+([a-z]?)', 1)), 96) - 96, 0),
             2000000000) AS INTEGER) AS house""",
}
# Day and month in either order, so that swapped ones still meet.
BIRTHDAY = "year(dob) * 10000 + greatest(month(dob), day(dob)) * 100 + least(month(dob), day(dob))"
MIDDLE = "' ' || nullif(concat_ws(' ', rest, words), '') || ' ' AS middle"


@dataclass(frozen=True)
class RegisterRelations:
    """Names of the three relations a register comes in, so that names and addresses are never multiplied out.

    person(register_id, date_of_birth, sex, nhs_number), name(register_id, forename, middle_names, surname),
    address(register_id, postcode, address); all text, several names and addresses a person.
    """

    person: str
    name: str
    address: str


def define_macros(session: Session) -> None:
    """The normalisation as temporary macros of the session."""
    for signature, body in MACROS.items():
        session.run(f"CREATE OR REPLACE TEMP MACRO {signature} AS ({body})", step="define the normalisation")


def normalise_people(session: Session, people: str, confidential: str | None = None) -> None:
    """Make `linkage_people` of the relation `people`, against the register that is prepared in this session.

    One row a person, `pid` by the order of ids. Beside it `linkage_confidential`(pid), those of the relation
    `confidential`(person_id).
    """
    folded = TEXTS | {"date_of_birth": f"{plausible('linkage_date(raw)')} AS read_dob"}
    for column, columns in folded.items():
        session.run(
            f"""CREATE OR REPLACE TEMP TABLE linkage_folded_{column} AS
            SELECT raw, {columns} FROM (SELECT DISTINCT {column} AS raw FROM {people} WHERE {column} <> '')""",
            step=f"normalise each {column} of the deposit",
        )
    # Numbered apart from all else that is known of them, which would be sorted along.
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_numbered AS
        SELECT person_id, CAST(row_number() OVER (ORDER BY person_id) AS INTEGER) AS pid FROM {people}""",
        step="number the deposit's people",
    )
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_people AS
        SELECT *, {BIRTHDAY} AS birthday, left(postcode, -3) AS district, CAST(dob AS VARCHAR) AS dob_text
        FROM (SELECT * EXCLUDE (read_dob), linkage_mended_date(read_dob) AS dob,
                     linkage_mended_date(read_dob) IS DISTINCT FROM read_dob AS dob_mended
        FROM (SELECT pid, person_id, read_dob, linkage_sex(sex) AS sex,
                     linkage_nhs(nhs_number) AS nhs, forename_key, surname_key, first, {MIDDLE}, f_surname.surname,
                     part_1, part_2, skeleton, f_postcode.postcode, f_address.address, house
              FROM {people} t JOIN linkage_numbered USING (person_id)
              {" ".join(f"LEFT JOIN linkage_folded_{c} f_{c} ON f_{c}.raw = t.{c}" for c in folded)}))""",
        step="normalise the deposit's people",
    )
    for table in ("numbered", *(f"folded_{column}" for column in folded)):
        session.run(f"DROP TABLE linkage_{table}", step="drop the distinct texts")
    chosen = f"SEMI JOIN {confidential} USING (person_id)" if confidential else "WHERE false"
    session.run(
        f"CREATE OR REPLACE TEMP TABLE linkage_confidential AS SELECT pid FROM linkage_people {chosen}",
        step="note whose address is confidential",
    )


def plausible(date: str) -> str:
    """SQL for a date that is none of the placeholders, else null."""
    listed = ", ".join(f"'{day}'" for day in PLACEHOLDER_DATES)
    return f"CASE WHEN {date} NOT IN ({listed}) AND year({date}) BETWEEN 1000 AND 9999 THEN {date} END"


def define_mended_date(session: Session, first: int, last: int) -> None:
    """Century typos, put right only where the year as typed lies outside the register's and the mended one inside."""
    shift = " ".join(f"WHEN {typed} THEN {(meant - typed) * 100}" for typed, meant in CENTURY_TYPOS.items())
    meant = f"d + to_years(CASE year(d) // 100 {shift} ELSE 0 END)"
    session.run(
        f"""CREATE OR REPLACE TEMP MACRO linkage_mended_date(d) AS (
        CASE WHEN year(d) BETWEEN {first} AND {last} THEN d
             WHEN year({meant}) BETWEEN {first} AND {last} THEN CAST({meant} AS DATE) ELSE d END)""",
        step="mend dates",
    )
