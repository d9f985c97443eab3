"""What must hold of a split before anything is sealed: no row lost, no identifier in File 2."""

from fjo_pipeline.core.contracts import FILE_1_COLUMNS, Contract, TableContract
from fjo_pipeline.core.findings import Finding
from fjo_pipeline.core.sessions import Session, identifier, literal
from fjo_pipeline.core.transfers import Draft
from fjo_pipeline.provider.checked import CheckedDeposit

IDENTIFIER_PATTERNS = {
    "a postcode": r"(?i)[a-z]{1,2}[0-9][0-9a-z]?\s*[0-9][a-z]{2}",
    "an NHS number": r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}",
    "a full date": r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}",
}
TOO_MANY_ALIKE = 0.05
"""Share of a text column's values that may look like identifiers by chance before the column counts as one."""
OVERLAP_COLUMNS = ("SURNAME", "FORENAME", "ADDRESS_1", "POSTCODE")
FEWEST_VALUES_TO_COMPARE = 5


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
    unexpected = 0
    for table in contract.tables:
        described = session.rows(
            f"DESCRIBE SELECT * FROM {file_2.relation(session, table.name)}", step="describe File 2"
        )
        expected = {field.name for field in table.file_2_fields} | ({"SYSTEM_ID"} if table.kind == "people" else set())
        unexpected += len({row[0] for row in described} ^ expected)
    return Finding("no_identifier_columns", unexpected == 0, {"unexpected_columns": unexpected})


def no_identifier_values(session: Session, contract: Contract, file_1: Draft, file_2: Draft) -> Finding:
    """No text column of File 2 carries values of File 1, or that look like identifiers, under another name."""
    suspicious = {
        f"{table.name}.{column}": 1
        for table in contract.tables
        if table.kind != "lookup"
        for column in _free_text_columns(table)
        if _looks_like_identifiers(session, file_2, table, column) or _overlaps(session, file_1, file_2, table, column)
    }
    return Finding("no_identifier_values", not suspicious, suspicious)


def _free_text_columns(table: TableContract) -> list[str]:
    """Content columns whose values the contract does not list; only they can hide anything."""
    return [
        field.name
        for field in table.file_2_fields
        if field.role == "content" and field.type == "string" and not field.constraints.enum
    ]


def _looks_like_identifiers(session: Session, file_2: Draft, table: TableContract, column: str) -> bool:
    name = identifier(column)
    shares = ", ".join(
        f"coalesce(avg(CAST(regexp_full_match(trim({name}), {literal(pattern)}) AS DOUBLE)), 0)"
        for pattern in IDENTIFIER_PATTERNS.values()
    )
    found = session.row(
        f"SELECT {shares} FROM {file_2.relation(session, table.name)} WHERE {name} IS NOT NULL",
        step=f"look for identifiers in {table.name}",
    )
    return any(share > TOO_MANY_ALIKE for share in found)


def _overlaps(session: Session, file_1: Draft, file_2: Draft, table: TableContract, column: str) -> bool:
    name = identifier(column)
    texts = [each for each in OVERLAP_COLUMNS if each in FILE_1_COLUMNS]
    known = " UNION ".join(
        f"SELECT lower(trim({each})) AS value FROM {file_1.relation(session, 'file_1')} WHERE {each} IS NOT NULL"
        for each in texts
    )
    values, alike = session.row(
        f"WITH known AS ({known}), said AS (SELECT DISTINCT lower(trim({name})) AS value "
        f"FROM {file_2.relation(session, table.name)} WHERE {name} IS NOT NULL) "
        "SELECT count(*), count(*) FILTER (WHERE value IN (FROM known)) FROM said",
        step=f"compare {table.name} with File 1",
    )
    return bool(values >= FEWEST_VALUES_TO_COMPARE and alike / values > TOO_MANY_ALIKE)
