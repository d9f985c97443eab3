"""Checking a delivery's CSV files against its contract, in DuckDB: loaded once, then each rule as a count.

Lines are looked for only where a rule has failed. What is reported is file, line, column and rule; never a value.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.csv_loading import CsvProblem, load_csv, numbered_rows, physical_lines, read_header
from fjo_pipeline.core.key_ranking import parse_pattern
from fjo_pipeline.core.sessions import Session, identifier, literal
from fjo_pipeline.core.table_contracts import FieldContract, TableContract

FIRST_LINES = 5


@dataclass(frozen=True)
class Failure:
    """One rule that one column of one file breaks: how often, and on which lines first."""

    file: str
    column: str
    rule: str
    count: int
    lines: tuple[int, ...]

    def __str__(self) -> str:
        where = f", line {', '.join(map(str, self.lines))}" if self.lines else ""
        column = f", column {self.column}" if self.column else ""
        return f"{self.file}{where}{column}: {self.rule}" + (f" ({self.count} times)" if self.count > 1 else "")


@dataclass(frozen=True)
class CheckReport:
    """What a check found; `rows` and `exact_copies` count those of each table that could be read.

    `beyond_codes` counts, by file and column, the values of fields whose contract warns where its codes are outgrown.
    """

    failures: tuple[Failure, ...]
    rows: dict[str, int]
    exact_copies: dict[str, int]
    implausible_years: int
    beyond_codes: dict[str, int]

    @property
    def good(self) -> bool:
        """Whether the delivery keeps its contract."""
        return not self.failures

    def as_json(self) -> dict[str, Any]:
        """The report's fields, for `report.json`."""
        return asdict(self)

    def __str__(self) -> str:
        if self.failures:
            return "\n".join(map(str, self.failures))
        copies = sum(self.exact_copies.values())
        return (
            f"the deposit keeps its contract: {sum(self.rows.values()):,} rows, {copies:,} of them exact copies, "
            f"{self.implausible_years:,} implausible years of birth"
            + "".join(f"; warning: {each}" for each in beyond_codes_in_words(self.beyond_codes))
        )


def beyond_codes_in_words(counts: Mapping[str, int]) -> list[str]:
    """One sentence a field: how many of its values are none of the contract's codes, which warns and does not refuse.

    The values themselves are never said: what nobody expected may be anything.
    """
    return [
        f"{where}: values that are none of the contract's codes: {count:,}" for where, count in sorted(counts.items())
    ]


Column = tuple[str, str]
"""A table of the contract and a field of it."""


class Earlier(Protocol):
    """What the deposits hold on which an increment stands, as far as its check needs to know."""

    def known(self, session: Session, column: Column, targets: Sequence[Column], *, later_too: bool = False) -> str:
        """SQL for those values of a loaded column that stand in one of `targets` in a deposit of the same base.

        Only deposits before this one count, unless `later_too`.
        """


def table_name(table: TableContract) -> str:
    """The session's table that holds a deposited table after `check_delivery`."""
    return identifier(f"deposited_{table.name}")


def check_delivery(session: Session, contract: Contract, folder: Path, earlier: Earlier | None = None) -> CheckReport:
    """Load every table of a delivery into the session and check it; the tables stay there for the split.

    `earlier` makes it the check of an increment, whose keys may also refer to rows of the deposits it stands on.
    """
    failures: list[Failure] = list(_missing_and_unknown_files(contract, folder))
    rows: dict[str, int] = {}
    for table in contract.tables:
        if (folder / table.path).is_file():
            problems = load_csv(session, table, folder / table.path, table_name(table))
            failures += [_failure_of_problem(table, each) for each in problems]
            if not any(each.fatal for each in problems):
                rows[table.name] = session.value(f"SELECT count(*) FROM {table_name(table)}", step="count rows")
    copies: dict[str, int] = {}
    for table in contract.tables:
        if table.name in rows:
            failures += list(_rule_failures(session, table, folder))
            key_failures, copies[table.name] = _key_failures(session, table, folder)
            failures += key_failures
            failures += list(_unique_failures(session, table, folder))
    if not failures:
        failures += list(_foreign_key_failures(session, contract, folder, earlier))
        failures += list(_person_reference_failures(session, contract, folder, earlier))
        failures += list(_people_in_two_tables(session, contract, earlier))
    years = sum(_implausible_years(session, table) for table in contract.people_tables if table.name in rows)
    beyond = dict(each for table in contract.tables if table.name in rows for each in _beyond_codes(session, table))
    return CheckReport(tuple(failures), rows, copies, years, beyond)


def check_file(session: Session, table: TableContract, folder: Path, key: Sequence[str] = ()) -> list[Failure]:
    """Load one CSV file into the session and check its columns, and that the columns of `key` together name a row once.

    For files that stand by themselves, as reference files do; a deposit is checked whole.
    """
    problems = load_csv(session, table, folder / table.path, table_name(table))
    failures = [_failure_of_problem(table, each) for each in problems]
    if any(each.fatal for each in problems):
        return failures
    failures += list(_rule_failures(session, table, folder))
    if key and not failures:
        columns = ", ".join(map(identifier, key))
        again = f"({columns}) IN (SELECT ({columns}) FROM {table_name(table)} GROUP BY ALL HAVING count(*) > 1)"
        count = session.value(f"SELECT count(*) FROM {table_name(table)} WHERE {again}", step="look for repeated rows")
        if count:
            rule = "more than one row stands for the same thing"
            failures.append(
                Failure(table.path, " and ".join(key), rule, count, lines_of(session, table, folder, again))
            )
    return failures


def _missing_and_unknown_files(contract: Contract, folder: Path) -> Iterator[Failure]:
    expected = {table.path for table in contract.tables}
    present = {path.name for path in folder.iterdir() if path.suffix.lower() == ".csv"}
    for name in sorted(expected - present):
        yield Failure(name, "", "the table is missing from the deposit", 1, ())
    for name in sorted(present - expected):
        yield Failure(name, "", f"the contract {contract.name} has no such table", 1, ())


def _failure_of_problem(table: TableContract, problem: CsvProblem) -> Failure:
    return Failure(table.path, problem.column, problem.rule, problem.count, problem.lines)


def _rule_failures(session: Session, table: TableContract, folder: Path) -> Iterator[Failure]:
    key = table.table_schema.primary_key
    rules = [(field, rule, sql) for field in table.fields for rule, sql in _field_rules(field, field.name == key)]
    if not rules:
        return
    counts = session.row(
        f"SELECT {', '.join(f'count(*) FILTER (WHERE {sql})' for _, _, sql in rules)} FROM {table_name(table)}",
        step=f"check the fields of {table.path}",
    )
    for (field, rule, sql), count in zip(rules, counts, strict=True):
        if count:
            yield Failure(table.path, field.name, rule, count, lines_of(session, table, folder, sql))


def _field_rules(field: FieldContract, primary: bool) -> Iterator[tuple[str, str]]:
    """The rules of one field, each with the SQL condition of a row that breaks it."""
    column, constraints = identifier(field.name), field.constraints
    if constraints.required or primary:
        yield "a required value is empty", f"{column} IS NULL"
    if constraints.enum and field.outgrown == "refuse":
        yield "the value is none of the contract's codes", _outside_codes(field)
    if constraints.minimum is not None:
        yield f"the number is below {constraints.minimum}", f"{column} < {constraints.minimum}"
    if constraints.maximum is not None:
        yield f"the number is above {constraints.maximum}", f"{column} > {constraints.maximum}"
    if field.role == "key" and field.type == "integer":
        yield "a key is a whole number of at most 14 digits", f"{column} NOT BETWEEN 0 AND 99999999999999"
    if constraints.pattern and field.type == "string":
        if field.role == "key":
            matches = f"regexp_full_match({column}, {literal(parse_pattern(constraints.pattern).regex)})"
            yield "the key does not have the contract's pattern", f"NOT {matches}"
        else:
            matches = f"regexp_full_match({column}, {literal(constraints.pattern)})"
            yield "the value does not have the contract's pattern", f"NOT {matches}"


def _outside_codes(field: FieldContract) -> str:
    """The SQL condition of a value that is none of the field's codes."""
    allowed = ", ".join(literal(each) for each in field.constraints.enum or ())
    return f"CAST({identifier(field.name)} AS VARCHAR) NOT IN ({allowed})"


def _beyond_codes(session: Session, table: TableContract) -> Iterator[tuple[str, int]]:
    """File and column of every field whose codes may be outgrown and are, and how many values are beyond them."""
    fields = [field for field in table.fields if field.constraints.enum and field.outgrown == "warn"]
    if not fields:
        return
    counted = ", ".join(f"count(*) FILTER (WHERE {_outside_codes(field)})" for field in fields)
    counts = session.row(f"SELECT {counted} FROM {table_name(table)}", step=f"look for new codes in {table.path}")
    for each, count in zip(fields, counts, strict=True):
        if count:
            yield f"{table.path}, column {each.name}", int(count)


def _key_failures(session: Session, table: TableContract, folder: Path) -> tuple[list[Failure], int]:
    """Keys whose rows differ, and how many rows are exact copies of another one."""
    key = table.table_schema.primary_key
    if key is None:
        return [], 0
    copies = _repeats(session, table, table.field(key))
    if not copies:
        return [], 0
    failures = list(_clashes(session, table, folder, key, "the key stands on rows that differ"))
    return failures, 0 if failures else copies


def _unique_failures(session: Session, table: TableContract, folder: Path) -> Iterator[Failure]:
    """Values of unique fields on rows that differ; exact copies of a row share theirs and pass."""
    for field in table.fields:
        unique = field.constraints.unique and field.name != table.table_schema.primary_key
        if unique and _repeats(session, table, field):
            yield from _clashes(session, table, folder, field.name, "the value stands on rows that differ")


def _repeats(session: Session, table: TableContract, field: FieldContract) -> int:
    """How many values of a field stand on an earlier row already; those that do are left in the table `repeated`."""
    column = identifier(field.name)
    values = f"SELECT {column} AS value FROM {table_name(table)} WHERE {column} IS NOT NULL"
    step = f"look for repeated values in {table.path}"
    if field.type != "integer":
        session.run(
            "CREATE OR REPLACE TEMP TABLE repeated AS "
            f"SELECT value, count(*) - 1 AS more FROM ({values}) GROUP BY 1 HAVING count(*) > 1",
            step=step,
        )
        return int(session.value("SELECT coalesce(sum(more), 0) FROM repeated", step=step))
    # NumPy's vectorised sort finds them in a quarter of the time of a hash table of random keys.
    ordered = np.sort(session.reader(values, step=step).read_all().column(0).to_numpy())
    repeated = ordered[1:][ordered[1:] == ordered[:-1]]
    arrow = pa.table({"value": np.unique(repeated)})
    with session.registered(arrow) as rows:
        session.run(f"CREATE OR REPLACE TEMP TABLE repeated AS FROM {rows}", step=step)
    return int(repeated.size)


def _clashes(session: Session, table: TableContract, folder: Path, name: str, rule: str) -> Iterator[Failure]:
    """The repeated values whose rows are no exact copies."""
    column = identifier(name)
    rows = f"SELECT DISTINCT * FROM {table_name(table)} WHERE {column} IN (SELECT value FROM repeated)"
    clashing = f"SELECT {column} FROM ({rows}) GROUP BY 1 HAVING count(*) > 1"
    session.run(f"CREATE OR REPLACE TEMP TABLE clashing AS {clashing}", step="look for keys whose rows differ")
    count = session.value("SELECT count(*) FROM clashing", step="count keys whose rows differ")
    if count:
        yield Failure(table.path, name, rule, count, lines_of(session, table, folder, f"{column} IN (FROM clashing)"))


def _foreign_key_failures(
    session: Session, contract: Contract, folder: Path, earlier: Earlier | None
) -> Iterator[Failure]:
    for table in contract.tables:
        for key in table.table_schema.foreign_keys:
            target = contract.table(key.reference.resource)
            targets = [(target.name, key.reference.fields)]
            rule = f"the value refers to no row of {target.path}, column {key.reference.fields}"
            yield from _unknown_references(session, contract, (table.name, key.fields), targets, folder, rule, earlier)


def _person_reference_failures(
    session: Session, contract: Contract, folder: Path, earlier: Earlier | None
) -> Iterator[Failure]:
    """Where several tables hold people, a key of a person must stand in one of them; no foreign key can say that."""
    people = contract.people_tables
    if len(people) < 2:
        return
    targets = [(each.name, each.person_key.name) for each in people]
    rule = f"the value refers to no row of {' or '.join(each.path for each in people)}"
    for table in contract.tables:
        for field in table.fields:
            if table.kind != "people" and field.role == "key" and field.entity == people[0].person_key.entity:
                column = (table.name, field.name)
                yield from _unknown_references(session, contract, column, targets, folder, rule, earlier)


def _unknown_references(
    session: Session,
    contract: Contract,
    column: Column,
    targets: Sequence[Column],
    folder: Path,
    rule: str,
    earlier: Earlier | None,
) -> Iterator[Failure]:
    table, name = contract.table(column[0]), identifier(column[1])
    parts = [
        f"SELECT {identifier(field)} FROM {table_name(contract.table(target))} WHERE {identifier(field)} IS NOT NULL"
        for target, field in targets
    ]
    if earlier:
        parts.append(earlier.known(session, column, targets))
        rule += ", neither of this deposit nor of those it stands on"
    broken = f"{name} IS NOT NULL AND {name} NOT IN ({' UNION ALL '.join(parts)})"
    count = session.value(
        f"SELECT count(*) FROM {table_name(table)} WHERE {broken}", step=f"check the references of {table.path}"
    )
    if count:
        yield Failure(table.path, column[1], rule, count, lines_of(session, table, folder, broken))


def _people_in_two_tables(session: Session, contract: Contract, earlier: Earlier | None) -> Iterator[Failure]:
    tables = contract.people_tables
    if earlier and len(tables) > 1:
        yield from _people_elsewhere_earlier(session, tables, earlier)
    for position, table in enumerate(tables):
        for other in tables[position + 1 :]:
            key, other_key = identifier(table.person_key.name), identifier(other.person_key.name)
            count = session.value(
                f"SELECT count(DISTINCT {key}) FROM {table_name(table)} SEMI JOIN "
                f"(SELECT {other_key} AS other_key FROM {table_name(other)}) ON {key} = other_key",
                step="look for people in two tables",
            )
            if count:
                yield Failure(table.path, table.person_key.name, f"the person stands in {other.path} too", count, ())


def _people_elsewhere_earlier(session: Session, tables: Sequence[TableContract], earlier: Earlier) -> Iterator[Failure]:
    """People whom another deposit of the same base, whichever came first, has in another table."""
    for table in tables:
        others = [(other.name, other.person_key.name) for other in tables if other is not table]
        key = (table.name, table.person_key.name)
        count = session.value(
            f"SELECT count(*) FROM ({earlier.known(session, key, others, later_too=True)})",
            step="look for people in two tables",
        )
        if count:
            rule = "the person stands in another table of people in a deposit of the same base: send a full deposit"
            yield Failure(table.path, table.person_key.name, rule, count, ())


def _implausible_years(session: Session, table: TableContract) -> int:
    """People whose year of birth cannot be; they pass, for real deposits have century typos, and are counted."""
    column = next(identifier(field.name) for field in table.fields if field.file_1 == "DATE_OF_BIRTH")
    return int(
        session.value(
            f"SELECT count(*) FILTER (WHERE year({column}) NOT BETWEEN 1900 AND 2100) FROM {table_name(table)}",
            step="count implausible years of birth",
        )
    )


def lines_of(session: Session, table: TableContract, folder: Path, condition: str) -> tuple[int, ...]:
    """The first lines of a table's file on which a condition holds."""
    path = folder / table.path
    found = session.rows(
        f'SELECT "record number" + 1 FROM ({numbered_rows(table, path, read_header(path))}) WHERE {condition} '
        f"ORDER BY 1 LIMIT {FIRST_LINES}",
        step=f"find the lines of {table.path}",
    )
    return physical_lines(path, [record for (record,) in found], count_empty=False)
