"""File 3: the join key with its ALF, match status and minimal demographics, and the receipt to the provider.

Week of birth, gender and small area come from File 1's own values for every row, never from the register.
"""

from pathlib import Path

from fjo_pipeline.core.files import sha256_of_texts
from fjo_pipeline.core.key_columns import mapped_keys
from fjo_pipeline.core.keyring import Keyring
from fjo_pipeline.core.linking_field import LinkingFieldCipher, tweak_for
from fjo_pipeline.core.sessions import Session, identifier
from fjo_pipeline.core.small_cells import SMALLEST_COUNT
from fjo_pipeline.core.transfers import Draft, Subject
from fjo_pipeline.ttp.file_1 import homes_query
from fjo_pipeline.ttp.reference import folded_postcode
from fjo_pipeline.ttp.residences import RESIDENCES, number_residences, ralf_cipher, residences_digest
from fjo_pipeline.ttp.second_register import alf2_cipher
from fjo_pipeline.ttp.store import FILE_1_TYPES, has_partition, opted_out, partition

FORMAT = "file 3, 2"
LEFT_OUT = "left_out"
"""File 3's second table: the join keys of whom nothing may be sent, so that the databank can drop their File 2 rows."""
QUERY = """
SELECT person.SYSTEM_ID, CAST(link.register_id AS BIGINT) AS ALF, link.alf_sts_cd AS ALF_STS_CD,
    CAST(link.alf_mtch_pct AS DECIMAL(7, 6)) AS ALF_MTCH_PCT,
    CAST(date_trunc('week', person.DATE_OF_BIRTH) AS DATE) AS WOB,
    CASE WHEN person.GENDER_CD IN ('1', '2') THEN person.GENDER_CD ELSE '9' END AS GNDR_CD,
    area.lsoa_cd AS LSOA_CD, residence.number AS RALF, {alf2} AS ALF2
FROM ({homes}) AS person
JOIN ttp.links.{partition} AS link ON link.person_id = person.SYSTEM_ID
LEFT JOIN {residences} AS residence
    ON residence.postcode = person.home_postcode AND residence.address = person.home_address
LEFT JOIN ttp.reference.postcode_to_lsoa AS area ON area.postcode = {folded_postcode}
{second}
WHERE link.register_id IS NULL OR link.register_id NOT IN {opted_out}
"""


def write_file_3(session: Session, subject: Subject, vintage: str | None, keyring: Keyring, folder: Path) -> Draft:
    """File 3 as a draft, in the order of the join key: each person of File 1 is in `file_3` or in `left_out`."""
    draft = Draft.begin(folder, subject)
    draft.facts["lsoa_vintage"] = vintage
    homes = homes_query(subject.dataset, subject.refresh)
    addresses = f"SELECT home_postcode AS postcode, home_address AS address FROM ({homes})"
    draft.facts["residences_met"] = number_residences(session, addresses, keyring).met
    name = partition(subject.dataset, subject.refresh)
    second = has_partition(session, "second", subject.dataset, subject.refresh)
    query = QUERY.format(
        partition=name,
        alf2="second.number" if second else "CAST(NULL AS BIGINT)",
        second=f"LEFT JOIN ttp.second.{name} AS second ON second.person_id = person.SYSTEM_ID" if second else "",
        homes=homes,
        residences=RESIDENCES,
        folded_postcode=folded_postcode("person.home_postcode"),
        opted_out=opted_out(session),
    )
    ciphers = {"ALF": alf_cipher(keyring), "RALF": ralf_cipher(keyring), "ALF2": alf2_cipher(keyring)}
    maps = {column: cipher.encrypt_arrow for column, cipher in ciphers.items()}
    with mapped_keys(session, query, maps, step="write File 3") as rows:
        draft.write(session, "file_3", f"SELECT * FROM {rows} ORDER BY SYSTEM_ID")
    draft.write(
        session,
        LEFT_OUT,
        f"SELECT person_id AS SYSTEM_ID FROM ttp.links.{name} WHERE register_id IN {opted_out(session)} ORDER BY 1",
    )
    draft.save(keyring)
    return draft


def file_3_digest(file_1_digest: str, linkage_digest: str, directory: str, second: str, keyring: Keyring) -> str:
    """What a File 3 is made from: File 1, linkage (register, model), postcode directory, second register, keys."""
    keys = (keyring.fingerprint("alf"), residences_digest(keyring), keyring.fingerprint("alf2"))
    return sha256_of_texts(FORMAT, file_1_digest, linkage_digest, directory, second, *keys)


def alf_cipher(keyring: Keyring) -> LinkingFieldCipher:
    """From a register person to its ALF; KeyMissing where the keyring has no `alf` key."""
    return LinkingFieldCipher(keyring.key("alf"), tweak_for(None, "alf"))


def write_receipt(session: Session, subject: Subject, keyring: Keyring, folder: Path) -> Draft:
    """A receipt as a draft: missing values by File 1 field, people by match status and by File 1 group."""
    draft = Draft.begin(folder, subject)
    name = partition(subject.dataset, subject.refresh)
    missing = " UNION ALL ".join(
        f"SELECT 'missing' AS measure, '{field}' AS item, count(*) - count({identifier(field)}) AS people, "
        f"count(*) AS of_people FROM ttp.file_1.{name}"
        for field in FILE_1_TYPES
    )
    groups = {
        "match status": "link.alf_sts_cd",
        "gender": "person.GENDER_CD",
        "decade of birth": "coalesce(CAST(year(person.DATE_OF_BIRTH) // 10 * 10 AS VARCHAR), 'missing')",
        "postcode": "CASE WHEN person.POSTCODE IS NULL THEN 'missing' ELSE 'present' END",
    }
    linked = " UNION ALL ".join(
        f"SELECT 'linked by {label}' AS measure, {expression} AS item, count(link.register_id) AS people, "
        f"count(*) AS of_people FROM ttp.file_1.{name} AS person "
        f"JOIN ttp.links.{name} AS link ON link.person_id = person.SYSTEM_ID GROUP BY 2"
        for label, expression in groups.items()
    )
    shown = (
        f"CASE WHEN people BETWEEN 1 AND {SMALLEST_COUNT - 1} OR of_people - people BETWEEN 1 AND {SMALLEST_COUNT - 1}"
    )
    draft.write(
        session,
        "receipt",
        f"SELECT measure, item, {shown} THEN NULL ELSE people END AS people, of_people "
        f"FROM ({missing} UNION ALL {linked}) WHERE of_people >= {SMALLEST_COUNT} ORDER BY measure, item",
    )
    draft.save(keyring)
    return draft
