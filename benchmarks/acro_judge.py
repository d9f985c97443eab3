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


def main() -> None:
    logging.disable(logging.CRITICAL)
    asked = json.load(sys.stdin)
    os.chdir(tempfile.mkdtemp(prefix="fjo-acro-"))
    with contextlib.redirect_stdout(sys.stderr):
        import pandas
        from acro import ACRO

        checker = ACRO(suppress=False)
        checker.config["safe_threshold"] = asked["threshold"]
        verdicts = [list(judged(checker, pandas, table)) for table in asked["tables"]]
    json.dump(verdicts, sys.stdout)


def judged(checker, pandas, table):  # type: ignore[no-untyped-def]
    people = pandas.DataFrame(table, columns=["row", "column", "count"])
    people = people.loc[people.index.repeat(people["count"])].reset_index(drop=True)
    checker.crosstab(people["row"], people["column"], margins=True)
    outcome = checker.results.get_index(-1).outcome
    for row in outcome.index:
        for column in outcome.columns:
            yield str(row), str(column), str(outcome.loc[row, column]).strip()


if __name__ == "__main__":
    main()
