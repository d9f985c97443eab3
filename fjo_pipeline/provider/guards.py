"""What must hold of a split before anything is sealed: no row lost, no identifier in File 2."""

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.findings import Finding
from fjo_pipeline.core.sessions import Session, identifier, literal
from fjo_pipeline.core.table_contracts import FieldContract, TableContract
from fjo_pipeline.core.transfers import Draft
from fjo_pipeline.provider.age_bands import ALL_BANDS
from fjo_pipeline.provider.checked import CheckedDeposit

IDENTIFIER_PATTERNS = {
    "postcode": r"(?i)[a-z]{1,2}[0-9][0-9a-z]?\s*[0-9][a-z]{2}",
    "nhs_number": r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}",
    "full_date": r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}",
}
TOO_MANY_ALIKE = 0.05
"""Share of a text column's values that may look like identifiers by chance before the column counts as one."""
OVERLAPS = (
    "SURNAME",
    "FORENAME",
    "ADDRESS_1",
    "POSTCODE",
    "(FORENAME || ' ' || SURNAME)",
    "(split_part(FORENAME, ' ', 1) || ' ' || SURNAME)",
    "(SURNAME || ' ' || FORENAME)",
    "(SURNAME || ', ' || FORENAME)",
)
"""What of File 1 a text may not repeat; NULL where a part of it is not known."""
FEWEST_VALUES_TO_COMPARE = 5
MOST = 0.5
"""Share of a column's numbers or dates above which they are no chance: of random ten digits, 1 in 11 checks."""


def rows_conserved(
    session: Session, contract: Contract, checked: CheckedDeposit, file_1: Draft, file_2: Draft
) -> Finding:
    """Every row of the deposit is in File 2, and every person has one row of File 1."""
    counts = {"deposit_rows": sum(checked.rows.values())}
    counts["file_2_rows"] = sum(file_2.rows[table.name] for table in contract.tables)
    counts["file_1_rows"] = file_1.rows["file_1"]
    people = " UNION ALL ".join(
        f"SELECT SYSTEM_ID FROM {file_2.relation(session, table.name)}" for table in contract.people_tables
    )
    counts["people"] = session.value(f"SELECT count(DISTINCT SYSTEM_ID) FROM ({people})", step="count people")
    tables_equal = all(file_2.rows[table.name] == checked.rows[table.name] for table in contract.tables)
    return Finding("rows_conserved", tables_equal and counts["people"] == counts["file_1_rows"], counts)


def one_row_a_join_key(session: Session, file_1: Draft) -> Finding:
    """No join key stands twice in File 1."""
    rows, keys = session.row(
        f"SELECT count(*), count(DISTINCT SYSTEM_ID) FROM {file_1.relation(session, 'file_1')}", step="count join keys"
    )
    return Finding("one_row_a_join_key", rows == keys, {"rows": rows, "join_keys": keys})


def no_identifier_columns(session: Session, contract: Contract, file_2: Draft) -> Finding:
    """File 2 has exactly the columns that the contract lets go there."""
    expected = {
        table.name: {field.name for field in table.file_2_fields} | ({"SYSTEM_ID"} if table.kind == "people" else set())
        for table in contract.tables
    }
    if rule := contract.derived:
        expected["derived"] = {contract.table(rule.people).person_key.name, rule.name}
    unexpected = sum(len(_columns(session, file_2, name) ^ columns) for name, columns in expected.items())
    # A table that the contract does not know would leave unseen.
    unexpected += len(set(file_2.rows) - set(expected))
    return Finding("no_identifier_columns", unexpected == 0, {"unexpected_columns": unexpected})


def _columns(session: Session, file_2: Draft, table: str) -> set[str]:
    rows = session.rows(f"DESCRIBE SELECT * FROM {file_2.relation(session, table)}", step="describe File 2")
    return {row[0] for row in rows}


def no_identifier_values(session: Session, contract: Contract, file_1: Draft, file_2: Draft) -> Finding:
    """No column of File 2 carries values of File 1, or that look like identifiers, under another name."""
    suspicious = {
        f"{table.name}.{field.name}": 1
        for table in contract.tables
        if table.kind != "lookup"
        for field in table.file_2_fields
        if field.role == "content" and _is_suspicious(session, file_1, file_2, table, field)
    }
    if contract.derived and _bands_are_others(session, contract.derived.name, file_2):
        suspicious[f"derived.{contract.derived.name}"] = 1
    return Finding("no_identifier_values", not suspicious, suspicious)


def _is_suspicious(session: Session, file_1: Draft, file_2: Draft, table: TableContract, field: FieldContract) -> bool:
    column = field.name
    if field.type == "string":
        # Values that the contract lists can hide nothing; where others may stand beside them, any of those can.
        listed = field.constraints.enum and field.outgrown == "refuse"
        return not listed and (
            _looks_like_identifiers(session, file_2, table, field) or _overlaps(session, file_1, file_2, table, field)
        )
    if field.type in ("integer", "number"):
        refers = any(key.fields == column for key in table.table_schema.foreign_keys)
        return not refers and _are_nhs_numbers(session, file_2, table, column)
    if field.type == "date" and table.kind == "people":
        return _are_dates_of_birth(session, file_1, file_2, table, column)
    return False


def _bands_are_others(session: Session, column: str, file_2: Draft) -> bool:
    allowed = ", ".join(map(literal, ALL_BANDS))
    return bool(
        session.value(
            f"SELECT count(*) FROM {file_2.relation(session, 'derived')} WHERE {identifier(column)} NOT IN ({allowed})",
            step="look at derived values",
        )
    )


def _are_nhs_numbers(session: Session, file_2: Draft, table: TableContract, column: str) -> bool:
    """Whether most numbers of a column are ten digits of which the last is the NHS number's check digit."""
    digits = " + ".join(f"(number // {10 ** (10 - place)} % 10) * {11 - place}" for place in range(1, 10))
    share = session.value(
        f"SELECT avg(CAST(number BETWEEN 1000000000 AND 9999999999 AND (11 - ({digits}) % 11) % 11 = number % 10 "
        f"AS DOUBLE)) FROM (SELECT TRY_CAST({identifier(column)} AS BIGINT) AS number "
        f"FROM {file_2.relation(session, table.name)} WHERE {identifier(column)} IS NOT NULL)",
        step=f"look for NHS numbers in {table.name}",
    )
    return bool(share is not None and share > MOST)


def _are_dates_of_birth(session: Session, file_1: Draft, file_2: Draft, table: TableContract, column: str) -> bool:
    """Whether a date of most people is their own date of birth."""
    share = session.value(
        f"SELECT avg(CAST(said.{identifier(column)} = known.DATE_OF_BIRTH AS DOUBLE)) "
        f"FROM {file_2.relation(session, table.name)} AS said JOIN {file_1.relation(session, 'file_1')} AS known "
        f"USING (SYSTEM_ID) WHERE said.{identifier(column)} IS NOT NULL",
        step=f"look for dates of birth in {table.name}",
    )
    return bool(share is not None and share > MOST)


def _unlisted(field: FieldContract) -> str:
    """SQL for the values of a field that are none of the contract's codes."""
    name, codes = identifier(field.name), ", ".join(map(literal, field.constraints.enum or ()))
    return f"{name} IS NOT NULL" + (f" AND {name} NOT IN ({codes})" if codes else "")


def _looks_like_identifiers(session: Session, file_2: Draft, table: TableContract, field: FieldContract) -> bool:
    name = identifier(field.name)
    shares = ", ".join(
        f"coalesce(avg(CAST(regexp_full_match(trim({name}), {literal(pattern)}) AS DOUBLE)), 0)"
        for kind, pattern in IDENTIFIER_PATTERNS.items()
        if kind not in field.may_look_like
    )
    found = session.row(
        f"SELECT {shares} FROM {file_2.relation(session, table.name)} WHERE {_unlisted(field)}",
        step=f"look for identifiers in {table.name}",
    )
    return any(share > TOO_MANY_ALIKE for share in found)


def _overlaps(session: Session, file_1: Draft, file_2: Draft, table: TableContract, field: FieldContract) -> bool:
    """Whether too many of a column's different values are names, addresses or postcodes of File 1."""
    said = (
        f"SELECT DISTINCT lower(trim({identifier(field.name)})) AS value "
        f"FROM {file_2.relation(session, table.name)} WHERE {_unlisted(field)} AND length({identifier(field.name)}) > 2"
    )
    values = session.value(f"SELECT count(*) FROM ({said})", step=f"count the values of {table.name}")
    if values < FEWEST_VALUES_TO_COMPARE:
        return False
    known = " UNION ALL ".join(
        f"SELECT lower(trim({each})) FROM {file_1.relation(session, 'file_1')} WHERE {each} IS NOT NULL"
        for each in OVERLAPS
    )
    alike = session.value(
        f"SELECT count(*) FROM ({said}) WHERE value IN ({known})", step=f"compare {table.name} with File 1"
    )
    return bool(alike / values > TOO_MANY_ALIKE)
