"""ACRO's verdict on every cell of two-way tables of counts; for an interpreter that has `acro` and little else.

Reads JSON from stdin: the threshold, and tables of [row, column, count]. Writes [row, column, verdict] to stdout, where
`All` is a margin and a verdict is `ok` or the checks that failed.
"""

import contextlib
import json
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any


def main() -> None:
    logging.disable(logging.CRITICAL)
    asked = json.load(sys.stdin)
    os.chdir(tempfile.mkdtemp(prefix="fjo-acro-"))
    with contextlib.redirect_stdout(sys.stderr):
        import pandas
        from acro import ACRO  # type: ignore[import-not-found]  # it stands in an environment apart

        checker = ACRO(suppress=False)
        checker.config["safe_threshold"] = asked["threshold"]
        verdicts = [list(judged(checker, pandas, table)) for table in asked["tables"]]
    json.dump(verdicts, sys.stdout)


def judged(checker: Any, pandas: Any, table: list[Any]) -> Iterator[tuple[str, str, str]]:
    """The verdict on each cell and margin of a table."""
    people = pandas.DataFrame(table, columns=["row", "column", "count"])
    people = people.loc[people.index.repeat(people["count"])].reset_index(drop=True)
    checker.crosstab(people["row"], people["column"], margins=True)
    outcome = checker.results.get_index(-1).outcome
    for row in outcome.index:
        for column in outcome.columns:
            yield str(row), str(column), str(outcome.loc[row, column]).strip()


if __name__ == "__main__":
    main()
