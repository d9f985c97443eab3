"""The exact age band of a child at its first s31 application, derived where both dates are known: at the split.

The databank has only the week of birth, from which "under 7 days" cannot be told.
"""

from collections.abc import Mapping

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.sessions import identifier, literal

FEWEST_POSSIBLE_DAYS = 3
"""Days of birth that week, band and application date must leave open; with fewer the band is left blank."""

BANDS = (
    (0, 6, "0-6 days"),
    (7, 13, "7-13 days"),
    (14, 27, "14-27 days"),
)
UNDER_1, FROM_1, UNKNOWN = "28 days to under 1 year", "1 year and over", "unknown"
ALL_BANDS = (*(name for _, _, name in BANDS), UNDER_1, FROM_1, UNKNOWN)
"""Every value that the derived field may have."""


def age_bands_query(contract: Contract, relations: Mapping[str, str], person_rank: str) -> str:
    """SQL for one row per child with a first application of the contract's types: its key's rank and its band.

    `relations` reads the four checked tables that the contract's `derived` names, by their names.
    """
    rule = contract.derived
    assert rule is not None
    people = contract.table(rule.people)
    key = identifier(people.person_key.name)
    born = next(identifier(field.name) for field in people.fields if field.file_1 == "DATE_OF_BIRTH")
    subject, yes = rule.roles_is_subject
    types = ", ".join(literal(name) for name in rule.type_names)
    type_key = identifier(contract.table(rule.types).table_schema.primary_key or "ID")
    application_key = identifier(contract.table(rule.applications).table_schema.primary_key or "ID")
    return f"""
        WITH first_application AS (
            SELECT role.{identifier(rule.roles_person)} AS person,
                min(application.{identifier(rule.applications_date)}) AS applied
            FROM {relations[rule.roles]} AS role
            JOIN {relations[rule.applications]} AS application
                ON role.{identifier(rule.roles_application)} = application.{application_key}
            JOIN {relations[rule.types]} AS kind
                ON application.{identifier(rule.applications_type)} = kind.{type_key}
            WHERE role.{identifier(subject)} = {literal(yes)} AND kind.{identifier(rule.types_name)} IN ({types})
            GROUP BY ALL
        ),
        child AS (SELECT DISTINCT {key}, {born} AS born FROM {relations[rule.people]}),
        banded AS (
            SELECT child.{key}, {_band("born", "applied")} AS band,
                date_trunc('week', born)::DATE AS monday, applied
            FROM child JOIN first_application ON child.{key} = first_application.person
        )
        SELECT CAST({person_rank} AS BIGINT) AS {key},
            CASE WHEN band = {literal(UNKNOWN)} OR {_possible_days()} >= {FEWEST_POSSIBLE_DAYS} THEN band END
                AS {identifier(rule.name)}
        FROM banded
    """


def _possible_days() -> str:
    """How many days of the week of birth would give the same band."""
    return " + ".join(f"CAST({_band(f'(monday + {day})', 'applied')} = band AS INTEGER)" for day in range(7))


def _band(born: str, applied: str) -> str:
    days = f"date_diff('day', {born}, {applied})"
    cases = " ".join(f"WHEN {days} BETWEEN {low} AND {high} THEN {literal(name)}" for low, high, name in BANDS)
    # A birthday on 29 February falls on 1 March in other years, as English law counts ages.
    return (
        f"CASE WHEN {days} IS NULL OR {days} < 0 THEN {literal(UNKNOWN)} {cases} "
        f"WHEN {applied} < ({born} + INTERVAL 1 YEAR + INTERVAL (CASE WHEN month({born}) = 2 AND day({born}) = 29 "
        f"THEN 1 ELSE 0 END) DAY) THEN {literal(UNDER_1)} ELSE {literal(FROM_1)} END"
    )
