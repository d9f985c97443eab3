"""Good deposits with bytes, lines and columns changed at random: refused and told without a value, or taken right.

Taken right means: the rows that DuckDB has are the rows that Python's own CSV reader finds in the file.
"""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fjo_pipeline.core.checking import check_delivery, table_name
from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.sessions import Session, identifier
from fjo_pipeline.core.table_contracts import TableContract
from tests.deposit_builder import TINY, TINY_IDENTIFIERS, write_csvs

TELLING = [
    b'"',
    b",",
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xef\xbb\xbf",
    b" ",
    b"'",
    b";",
    b"=",
    b"-",
    b"0",
]

position = st.floats(0, 1, exclude_max=True)
edit = st.one_of(
    st.tuples(st.just("insert"), position, st.one_of(st.sampled_from(TELLING), st.binary(min_size=1, max_size=4))),
    st.tuples(st.just("delete"), position, st.integers(1, 8)),
    st.tuples(st.just("replace"), position, st.one_of(st.sampled_from(TELLING), st.binary(min_size=1, max_size=1))),
    st.tuples(st.just("repeat line"), position, st.integers(1, 3)),
    st.tuples(st.just("drop line"), position, st.none()),
    st.tuples(st.just("swap values"), position, position),
)


def mutated(content: bytes, edits: list[tuple[str, float, object]]) -> bytes:
    """The content after the edits, one after another."""
    for kind, where, what in edits:
        at, lines = int(where * max(len(content), 1)), content.split(b"\n")
        line = int(where * len(lines))
        if isinstance(what, bytes):
            content = content[:at] + what + content[at + (len(what) if kind == "replace" else 0) :]
        elif kind == "delete" and isinstance(what, int):
            content = content[:at] + content[at + what :]
        elif kind == "repeat line" and isinstance(what, int):
            content = b"\n".join(lines[: line + 1] + [lines[line]] * what + lines[line + 1 :])
        elif kind == "drop line":
            content = b"\n".join(lines[:line] + lines[line + 1 :])
        elif kind == "swap values" and isinstance(what, float):
            values = lines[line].split(b",")
            one, other = int(what * len(values)), len(values) - 1
            values[one], values[other] = values[other], values[one]
            content = b"\n".join([*lines[:line], b",".join(values), *lines[line + 1 :]])
    return content


def by_python(table: TableContract, content: bytes) -> list[tuple[str | None, ...]]:
    """The rows of a CSV file as Python's reader finds them, columns in the contract's order; empty values are None."""
    rows = list(filter(None, csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))))
    place = [rows[0].index(field.name) for field in table.fields]
    booleans = [field.type == "boolean" for field in table.fields]
    return sorted(
        (
            tuple((row[at].lower() if lower else row[at]) or None for at, lower in zip(place, booleans, strict=True))
            for row in rows[1:]
        ),
        key=str,
    )


def by_duckdb(session: Session, table: TableContract) -> list[tuple[str | None, ...]]:
    """The rows of a checked table, every value as the text that stood in the file."""
    texts = ", ".join(f"CAST({identifier(field.name)} AS VARCHAR)" for field in table.fields)
    return sorted(session.rows(f"SELECT {texts} FROM {table_name(table)}", step="read"), key=str)


@pytest.mark.parametrize("examples", [25, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", TINY)
def test_a_mutated_file_is_refused_without_a_value_or_taken_right(
    name: str, examples: int, shared_session: Session, tiny: Contract, tmp_path: Path
) -> None:
    @settings(deadline=None, max_examples=examples, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(edit, min_size=1, max_size=3))
    def run(edits: list[tuple[str, float, object]]) -> None:
        good = TINY[name]
        content = mutated(good.encode() if isinstance(good, str) else good, edits)
        folder = write_csvs(tmp_path, TINY | {name: content})
        report = check_delivery(shared_session, tiny, folder)
        assert not [value for value in TINY_IDENTIFIERS if value in str(report)]
        if report.good:
            table = next(each for each in tiny.tables if each.path == name)
            numbers = {place for place, field in enumerate(table.fields) if field.type == "number"}
            found, expected = by_duckdb(shared_session, table), by_python(table, content)
            assert _without(found, numbers) == _without(expected, numbers)
        else:
            assert all(failure.file and failure.rule and failure.count > 0 for failure in report.failures)

    run()


def _without(rows: list[tuple[str | None, ...]], places: set[int]) -> list[str]:
    """The rows less what can be written in more than one way, sorted."""
    return sorted(str([value for place, value in enumerate(row) if place not in places]) for row in rows)
