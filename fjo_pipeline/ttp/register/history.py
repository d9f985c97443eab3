"""The register's people and their addresses over time as the databank gets them: linking fields, dates, small areas.

A person's ALF is the one that File 3 gives, a residence's RALF too, so that everything joins. Whose addresses are
withheld, and why, stands in docs/decisions/0012.
"""

from pathlib import Path

from fjo_pipeline.core.contracts import REGISTER_COLUMNS, REGISTER_PERSON
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import sha256_of_texts
from fjo_pipeline.core.findings import Finding
from fjo_pipeline.core.key_columns import ArrayMap, mapped_keys
from fjo_pipeline.core.keyring import Keyring
from fjo_pipeline.core.linking_field import LinkingFieldCipher, tweak_for
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.core.table_contracts import MAXIMUM_KEY
from fjo_pipeline.core.transfers import Draft, Subject
from fjo_pipeline.ttp.file_3 import alf_cipher
from fjo_pipeline.ttp.reference import folded_postcode
from fjo_pipeline.ttp.residences import RESIDENCES, number_residences, ralf_cipher, residences_digest
from fjo_pipeline.ttp.store import opted_out

FORMAT = "register history 2"
VINTAGE = "2011"
"""Of the small areas that SAIL's column LSOA2011_CD names; with a directory of another year it stays empty."""
SHOWN = """(FROM ttp.register.stay ANTI JOIN (FROM ttp.register.record WHERE address_withheld) USING (register_id)
    WHERE register_id NOT IN {opted_out})"""
QUERIES = {
    "persons": """
        SELECT CAST(register_id AS BIGINT) AS ALF, CAST(register_id AS BIGINT) AS PERS_ID,
            CAST(date_trunc('week', TRY_CAST(person.date_of_birth AS DATE)) AS DATE) AS WOB,
            record.date_of_death AS DOD, CASE WHEN person.sex IN ('1', '2') THEN person.sex ELSE '9' END AS GNDR_CD
        FROM ttp.register.person AS person JOIN ttp.register.record AS record USING (register_id)
        WHERE register_id NOT IN {opted_out}""",
    "addresses": """
        SELECT CAST(stay.register_id AS BIGINT) AS PERS_ID, residence.number AS RALF, {from_date} AS FROM_DT,
            {to_date} AS TO_DT, {area} AS LSOA2011_CD
        FROM {shown} AS stay JOIN ttp.register.person AS person USING (register_id)
        LEFT JOIN {residences} AS residence
            ON residence.postcode = stay.postcode AND residence.address = stay.address
        LEFT JOIN ttp.reference.postcode_to_lsoa AS area ON area.postcode = {folded_postcode}""",
}
NOT_THE_BIRTHDAY = """CASE WHEN stay.{day} = TRY_CAST(person.date_of_birth AS DATE)
    THEN CAST(date_trunc('week', stay.{day}) AS DATE) ELSE stay.{day} END"""
"""A stay that begins with a birth tells the week of it, as WOB does, and not the day."""
HISTORY_CHECKS = {
    "rows_conserved": "Every register person and every stay that is not withheld has its row, opt-outs apart.",
    "one_alf_a_person": "Every person has one ALF and one PERS_ID of its own.",
    "ids_in_range": "Every id has at most 14 digits.",
    "addresses_have_a_person": "Every address is that of a person of the transfer.",
}


def history_digest(register_version: str, directory: str, keyring: Keyring) -> str:
    """What the transfer is made from: register, postcode directory, the keys. KeyMissing where one is not there."""
    return sha256_of_texts(FORMAT, register_version, directory, keyring.fingerprint("alf"), residences_digest(keyring))


def write_history(session: Session, subject: Subject, vintage: str | None, keyring: Keyring, folder: Path) -> Draft:
    """The register's people and addresses as a draft, in the order of their encrypted ids.

    Refused where the register was loaded by a version that kept no periods.
    """
    if not _has_history(session):
        raise Refused(
            "the register was loaded without its address history: load the delivery again with `fjo register add PATH`"
        )
    draft = Draft.begin(folder, subject)
    draft.facts["lsoa_vintage"] = vintage
    nobody = opted_out(session)
    shown = SHOWN.format(opted_out=nobody)
    stays = f"SELECT postcode, address FROM {shown}"
    draft.facts["residences_met"] = number_residences(session, stays, keyring).met
    person = LinkingFieldCipher(keyring.key("alf"), tweak_for(subject.dataset, REGISTER_PERSON))
    maps: dict[str, ArrayMap] = {
        "ALF": alf_cipher(keyring).encrypt_arrow,
        "PERS_ID": person.encrypt_arrow,
        "RALF": ralf_cipher(keyring).encrypt_arrow,
    }
    for table, columns in REGISTER_COLUMNS.items():
        query = QUERIES[table].format(
            shown=shown,
            opted_out=nobody,
            from_date=NOT_THE_BIRTHDAY.format(day="from_date"),
            to_date=NOT_THE_BIRTHDAY.format(day="to_date"),
            residences=RESIDENCES,
            area="area.lsoa_cd" if vintage == VINTAGE else "CAST(NULL AS VARCHAR)",
            folded_postcode=folded_postcode("stay.postcode"),
        )
        own = {column: maps[column] for column in columns if column in maps}
        with mapped_keys(session, query, own, step=f"write the register's {table}") as rows:
            draft.write(session, table, f"SELECT {', '.join(columns)} FROM {rows} ORDER BY ALL")
    draft.save(keyring)
    return draft


def _has_history(session: Session) -> bool:
    """Whether the register that is loaded was loaded with its history; a store that nobody has written to since has not
    even the tables for it.
    """
    tables = session.value(
        "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'ttp' AND schema_name = 'register' "
        "AND table_name IN ('record', 'stay')",
        step="look for the register's history",
    )
    missing = "SELECT count(*) FROM ttp.register.person ANTI JOIN ttp.register.record USING (register_id)"
    return bool(tables == 2 and session.value(missing, step="look for the register's history") == 0)


def check_history(session: Session, draft: Draft) -> list[Finding]:
    """The findings on a draft, before it is sealed."""
    persons, addresses = (draft.relation(session, table) for table in REGISTER_COLUMNS)
    people, alfs, ids = session.row(
        f"SELECT count(*), count(DISTINCT ALF), count(DISTINCT PERS_ID) FROM {persons}", step="count people"
    )
    stays = session.value(f"SELECT count(*) FROM {addresses}", step="count addresses")
    nobody = opted_out(session)
    expected = session.row(
        f"""SELECT (SELECT count(*) FROM ttp.register.person WHERE register_id NOT IN {nobody}),
            (SELECT count(*) FROM {SHOWN.format(opted_out=nobody)})""",
        step="count the register",
    )
    outside = session.value(
        f"""SELECT (SELECT count(*) FROM {persons} WHERE NOT (ALF BETWEEN 0 AND {MAXIMUM_KEY}
                AND PERS_ID BETWEEN 0 AND {MAXIMUM_KEY}))
            + (SELECT count(*) FROM {addresses} WHERE PERS_ID NOT BETWEEN 0 AND {MAXIMUM_KEY}
                OR RALF NOT BETWEEN 0 AND {MAXIMUM_KEY})""",
        step="look at ids",
    )
    strangers = session.value(
        f"SELECT count(*) FROM {addresses} ANTI JOIN {persons} USING (PERS_ID)", step="look for whose addresses are"
    )
    return [
        Finding("rows_conserved", (people, stays) == expected, {"people": people, "addresses": stays}),
        Finding("one_alf_a_person", people == alfs == ids, {"people": people, "alfs": alfs}),
        Finding("ids_in_range", outside == 0, {"ids_out_of_range": outside}),
        Finding("addresses_have_a_person", strangers == 0, {"addresses_of_nobody": strangers}),
    ]
