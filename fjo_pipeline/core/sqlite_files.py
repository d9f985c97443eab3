"""SQLite files of a zone that hold no data: its ledger, its log, its pins; each call to them is one transaction."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def one_transaction_on(path: Path, schema: str) -> Iterator[sqlite3.Connection]:
    """A SQLite file with this schema, for one transaction that alone writes to it and is whole or not at all."""
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
    try:
        connection.executescript(schema)
        connection.execute("begin immediate")
        try:
            yield connection
        except BaseException:
            connection.execute("rollback")
            raise
        connection.execute("commit")
    finally:
        connection.close()
