"""Stata's .dta files: every number a double, which holds 14 digits exactly, dates as days since 1960, and labels.

pyreadstat writes a table in one piece, so a file takes memory for its whole table: docs/projects.md says how much.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyreadstat

from fjo_pipeline.core.sessions import Session, identifier
from fjo_pipeline.databank.projects.dictionary import Column, Lookup, Table

LONGEST_LABEL = 80
"""Characters that Stata keeps of a variable's label."""
TIME_FOLLOWS, NO_TIME = b"<timestamp>\x11", b"01 Jan 1960 00:00"
"""Where a .dta file says when it was written, in 17 bytes, and what is said instead."""
LABELLED = range(-(2**31) + 1, 2_147_483_621)
"""Values that Stata can label: its `long`, without those that stand for missing."""


def write_stata(
    session: Session, table: Table, names: Mapping[Lookup, Mapping[Any, str]], target: Path, *, synthetic: bool
) -> None:
    """Write a table of the extract attached as `extract`; `names` are those of each lookup's codes.

    Dates are counted in SQL, for a week of birth may keep a century typo that no pandas timestamp can hold.
    """
    values = ", ".join(f"{_value(each)} AS {identifier(each.name)}" for each in table.columns)
    source = f"extract.{identifier(table.schema)}.{identifier(table.name)}"
    rows = session.reader(f"SELECT {values} FROM {source} ORDER BY ALL", step="read for Stata").read_all()
    # Column by column, each freed once it is a pandas one: half the memory of both at once.
    frame = rows.to_pandas(split_blocks=True, self_destruct=True)
    del rows
    pyreadstat.write_dta(
        frame,
        target,
        file_label="MADE-UP DATA" if synthetic else _short(table.title),
        column_labels={each.name: _short(each.label) for each in table.columns if each.label},
        variable_value_labels={
            each.name: value_labels(names[each.lookup])
            for each in table.columns
            if each.lookup and each.type != "VARCHAR"
        },
        variable_format={
            each.name: "%td" if each.type == "DATE" else "%14.0g" for each in table.columns if each.type != "VARCHAR"
        },
    )
    _without_clock(target)


def _without_clock(target: Path) -> None:
    """Put one time in place of the clock's in a file's head, so that the same table gives the same file."""
    with target.open("r+b") as file:
        place = file.read(1000).index(TIME_FOLLOWS) + len(TIME_FOLLOWS)
        file.seek(place)
        file.write(NO_TIME)


def value_labels(names: Mapping[Any, str]) -> dict[int | float, str]:
    """Names of codes as labels, no two alike: pandas does not read a file in which one court has several codes."""
    often = Counter(names.values())
    return {
        code: name if often[name] == 1 else f"{name} ({code})"
        for code, name in names.items()
        if isinstance(code, int) and code in LABELLED
    }


def _value(column: Column) -> str:
    name = identifier(column.name)
    if column.type == "DATE":
        return f"CAST(date_diff('day', DATE '1960-01-01', {name}) AS DOUBLE)"
    return f"coalesce({name}, '')" if column.type == "VARCHAR" else f"CAST({name} AS DOUBLE)"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…"
