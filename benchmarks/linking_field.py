"""How many ids a second the linking-field cipher does, alone and from DuckDB: `python -m benchmarks.linking_field`."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import duckdb
import numpy as np
import pyarrow as pa
from duckdb.func import PythonUDFType

from fjo_pipeline.core.linking_field import DOMAIN, Ids, LinkingFieldCipher, tweak_for

IDS = 5_000_000
REPEATS = 5
BATCH_ROWS = 65_536
SEED = 20170401


def main() -> None:
    """Print millions of ids a second, best of five, for each way of calling the cipher; the key is a throw-away one."""
    rng = np.random.default_rng(SEED)
    cipher = LinkingFieldCipher(rng.bytes(32), tweak_for("benchmark", "person"))
    ids = rng.integers(0, DOMAIN, IDS)
    print(f"{IDS:,} ids, best of {REPEATS}, millions of ids a second")
    report("NumPy, 1 thread (a core)", lambda: cipher.encrypt(ids))
    report("NumPy, 1 thread, decrypting", lambda: cipher.decrypt(ids))
    with ThreadPoolExecutor(2) as threads:
        report("NumPy, 2 threads", lambda: list(threads.map(cipher.encrypt, np.array_split(ids, 2))))
    for threads_of_duckdb in (1, 2):
        with duckdb.connect(config={"threads": threads_of_duckdb}) as db:
            report_duckdb(db, cipher, ids, f"{threads_of_duckdb} thread{'s' * (threads_of_duckdb > 1)}")


def report_duckdb(db: duckdb.DuckDBPyConnection, cipher: LinkingFieldCipher, ids: Ids, threads: str) -> None:
    """Print the figures of a table copied in DuckDB: as it is, by an Arrow function, and streamed through Python."""
    db.register("source", pa.table({"id": ids}))
    db.execute("CREATE TABLE plain AS FROM source")
    db.create_function("linking_field", cipher.encrypt_arrow, ["BIGINT"], "BIGINT", type=PythonUDFType.ARROW)
    target = "CREATE OR REPLACE TABLE encrypted AS SELECT"
    report(f"DuckDB, copy without cipher, {threads}", lambda: db.execute(f"{target} id FROM plain"))
    report(f"DuckDB, Arrow function, {threads}", lambda: db.execute(f"{target} linking_field(id) AS id FROM plain"))
    report(f"DuckDB, streamed and back, {threads}", lambda: stream(db, cipher, target))


def stream(db: duckdb.DuckDBPyConnection, cipher: LinkingFieldCipher, target: str) -> None:
    """The table out of one cursor in batches, through the cipher, into a table by another."""
    batches = db.cursor().execute("SELECT id FROM plain").to_arrow_reader(BATCH_ROWS)
    schema = pa.schema([("id", pa.int64())])
    encrypted = (pa.record_batch([cipher.encrypt_arrow(batch.column(0))], schema=schema) for batch in batches)
    db.register("stream", pa.RecordBatchReader.from_batches(schema, encrypted))
    db.execute(f"{target} id FROM stream")


def report(name: str, work: Callable[[], object]) -> None:
    """Print the best rate of a few runs."""
    print(f"{name:<44} {IDS / min(seconds(work) for _ in range(REPEATS)) / 1e6:6.1f}")


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one run."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
