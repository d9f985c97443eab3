"""Spark in DuckDB's place for what outgrows a machine: the same SQL, translated, over tables that Spark keeps.

`SparkTables` is a `Session`: blocking, comparing and weighing run on it as on DuckDB, statement by statement. A table
that Spark has not seen is handed over from DuckDB when a statement first names it; what is left at the end comes back.

Identifiers are handed over as Arrow through a socket, never as files: Spark cannot read DuckDB's encrypted Parquet.
With `spark.io.encryption.enabled` shuffles, spills and kept blocks are encrypted under a key that the JVM makes and
keeps; without it PySpark would also write what it hands over to a plain temporary file. No configuration holds a
secret, as PySpark passes them on the JVM's command line.
"""

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, TypeVar

import pyarrow as pa
import sqlglot
from sqlglot import exp

from fjo_pipeline.core.errors import Refused, StatementFailed
from fjo_pipeline.core.sessions import Parameters, Session, identifier

Engine = Literal["duckdb", "spark"]
T = TypeVar("T")

HANDED_ROWS = 1_000_000
ARROW_ROWS = 100_000
RETURNED_ROWS = 5_000_000
# Scoring knows people by their numbers alone, so these stay behind.
WITHHELD = ("person_id", "register_id", "nhs")
# What Arrow or Spark has no type for.
SPARK_TYPES = {
    "UTINYINT": "SMALLINT",
    "USMALLINT": "INTEGER",
    "UINTEGER": "BIGINT",
    "UBIGINT": "DECIMAL(20, 0)",
    "HUGEINT": "DECIMAL(38, 0)",
}
# The Jaro of Splink's jar is another (two equal single letters have none): DuckDB's own runs in Spark's workers.
DUCKDB_FUNCTIONS = ("jaro_winkler_similarity", "jaro_similarity", "hamming")
MISSING_EXTRA = "linkage on Spark needs PySpark: install the extra with `uv sync --extra spark`"
MISSING_JAVA = "linkage on Spark needs Java 17 or 21: install it, or point JAVA_HOME at it"


@contextmanager
def scoring_session(session: Session, engine: Engine) -> Iterator[Session]:
    """The session in which pairs are found, compared and weighed; Refused where Spark is wanted and is not there."""
    if engine == "duckdb":
        yield session
        return
    assert_spark_is_here()
    spark = _started(session)
    try:
        tables = SparkTables(spark, session)
        yield tables
        tables.give_back()
    finally:
        spark.stop()


def assert_spark_is_here() -> None:
    """Refused, with what to install, where PySpark or Java is missing."""
    if find_spec("pyspark") is None:
        raise Refused(MISSING_EXTRA)
    home = os.environ.get("JAVA_HOME")
    if not (Path(home, "bin", "java").is_file() if home else shutil.which("java")):
        raise Refused(MISSING_JAVA)


class SparkTables(Session):
    """A session whose statements, written for DuckDB, run on Spark; `home` is the DuckDB session behind it."""

    def __init__(self, spark: Any, home: Session) -> None:
        super().__init__(home.connection)
        self.spark, self.home = spark, home
        self.made: dict[str, list[Any]] = {}
        self.handed: dict[str, list[Any]] = {}
        self.dates: set[str] = set()
        self.splink = _splink_api(spark)
        for name in DUCKDB_FUNCTIONS:
            _register_duckdb_function(spark, name)

    def run(self, sql: str, parameters: Parameters = None, *, step: str) -> None:
        """Execute statements for their effect; raises StatementFailed."""
        assert parameters is None, "statements for Spark take no parameters"
        for statement in sqlglot.parse(sql, read="duckdb"):
            assert statement is not None
            self._perform(statement, step)

    def rows(self, sql: str, parameters: Parameters = None, *, step: str) -> list[tuple[Any, ...]]:
        """All rows of a small result; raises StatementFailed."""
        return [tuple(row.values()) for row in self.reader(sql, parameters, step=step).read_all().to_pylist()]

    def reader(
        self, sql: str, parameters: Parameters = None, *, step: str, batch_rows: int = 65_536
    ) -> pa.RecordBatchReader:
        """A result, whole in memory, as Arrow batches; raises StatementFailed."""
        assert parameters is None, "statements for Spark take no parameters"
        query = self._query(sqlglot.parse_one(sql, read="duckdb"), step)
        return _guarded(query.toArrow, step).to_reader(max_chunksize=batch_rows)

    def give_back(self) -> None:
        """Make every table that Spark still keeps, and made itself, a table of DuckDB's."""
        for name in self.made:
            step, table = f"bring {name} back from Spark", self.spark.table(name)
            slices = -(-_guarded(table.count, step) // RETURNED_ROWS) or 1
            # Slices need no order, only to be disjoint: the memory of this process holds one at a time.
            for number in range(slices):
                part = table.where(f"pmod(xxhash64(*), {slices}) = {number}") if slices > 1 else table
                self.home.connection.register("spark_part", _guarded(part.toArrow, step))
                target = f"INSERT INTO {name}" if number else f"CREATE OR REPLACE TEMP TABLE {name} AS"
                self.home.run(f"{target} SELECT * FROM spark_part", step=step)
                self.home.connection.unregister("spark_part")

    def _perform(self, statement: exp.Expr, step: str) -> None:
        table = statement.find(exp.Table)
        name = table.name if table else ""
        if isinstance(statement, exp.Drop):
            self._drop(name)
        elif isinstance(statement, exp.Create) and isinstance(statement.this, exp.Schema):
            columns = ", ".join(column.sql(dialect="spark") for column in statement.this.expressions)
            self.made[name] = self._kept(name, [_guarded(lambda: self.spark.createDataFrame([], columns), step)])
        elif isinstance(statement, exp.Create) and statement.expression:
            self.made[name] = self._kept(name, [self._settled(statement.expression, step)])
        elif isinstance(statement, exp.Insert) and name in self.made:
            self.made[name] = self._kept(name, [*self.made[name], self._settled(statement.expression, step)])
        else:
            raise StatementFailed(f"could not {step}: {statement.key} is not a statement that the Spark engine knows")

    def _kept(self, name: str, parts: list[Any]) -> list[Any]:
        # Under names given anew: parts that were made from one table share its columns' ids, and Spark's optimiser
        # loses them in a union.
        named = [part.toDF(*part.columns) for part in parts]
        reduce(lambda whole, part: whole.union(part), named).createOrReplaceTempView(name)
        return parts

    def _drop(self, name: str) -> None:
        if name in self.made:
            for part in self.made.pop(name):
                _free(part)
            self.spark.catalog.dropTempView(name)

    def _settled(self, query: exp.Expr, step: str) -> Any:
        found = self._query(query, step)
        return _guarded(lambda: _settled(found), step)

    def _query(self, query: exp.Expr, step: str) -> Any:
        own = {cte.alias for cte in query.find_all(exp.CTE)} | self.made.keys() | self.handed.keys()
        for table in {each.name for each in query.find_all(exp.Table)} - own:
            if not table.startswith("__splink__"):
                self._hand_over(table)
        translated = to_spark(query, dates=self.dates, columns=lambda name: list(self.spark.table(name).columns))
        return _guarded(lambda: self.spark.sql(translated), step)

    def _hand_over(self, name: str) -> None:
        step = f"hand {name} over to Spark"
        described = self.home.rows(f"SELECT column_name, column_type FROM (DESCRIBE {name})", step=step)
        self.dates |= {column for column, kind in described if kind == "DATE"}
        listed = ", ".join(
            f"CAST({identifier(column)} AS {_spark_type(kind)}) AS {identifier(column)}"
            for column, kind in described
            if column not in WITHHELD
        )
        stream = self.home.reader(f"SELECT {listed} FROM {name}", step=step, batch_rows=ARROW_ROWS)
        parts = [self._part(table, step) for table in _tables(stream, HANDED_ROWS)]
        self.handed[name] = self._kept(name, parts)

    def _part(self, table: pa.Table, step: str) -> Any:
        return _guarded(lambda: _settled(self.spark.createDataFrame(table)), step)


def _settled(query: Any) -> Any:
    """The query's rows, computed now, in the executors' memory and encrypted blocks.

    Each statement settles its own: plans that grow from one to the next take Spark longer to plan than to carry out. A
    local checkpoint cuts them off, where `persist` would not, and the driver may forget the Arrow that rows came from.
    """
    return query.localCheckpoint(eager=True)


def _free(table: Any) -> None:
    """Let the executors forget a settled table; Spark itself would do so once a garbage collector came by."""
    plan = table._jdf.logicalPlan()
    if plan.getClass().getSimpleName() == "LogicalRDD":
        plan.rdd().unpersist(False)


def to_spark(query: exp.Expr, *, dates: set[str], columns: Callable[[str], list[str]]) -> str:
    """A query of DuckDB's in Spark's SQL; `dates` are columns to be subtracted as dates, `columns` a table's."""
    copied = query.copy()
    # Innermost first: sqlglot's own `transform` leaves alone what stands inside a node that it has replaced.
    for node in reversed(list(copied.walk())):
        new = _translated(node, dates, columns)
        if new is not node:
            node.replace(new)
    return copied.sql(dialect="spark")


def _translated(node: exp.Expr, dates: set[str], columns: Callable[[str], list[str]]) -> exp.Expr:
    """What sqlglot leaves as it is and Spark understands otherwise, or not at all."""
    name = _function_name(node)
    if name in DUCKDB_FUNCTIONS:
        return exp.Anonymous(this=name, expressions=list(node.iter_expressions()))
    if name in ("levenshtein", "damerau_levenshtein"):
        # DuckDB counts bytes, Spark characters.
        return exp.Anonymous(this=name, expressions=[_as_bytes(each) for each in node.iter_expressions()])
    if name == "hash":
        return exp.Anonymous(this="xxhash64", expressions=node.expressions)
    if name == "list_sum":
        # In order, as floating-point sums depend on it.
        values = node.expressions[0].this
        ordered = values.this if isinstance(values, exp.Order) else values
        return sqlglot.parse_one(
            f"aggregate(array_sort(collect_list({ordered.sql('spark')})), CAST(0 AS DOUBLE), (a, b) -> a + b)",
            read="spark",
        )
    if isinstance(node, exp.Left) and isinstance(node.expression, exp.Neg):
        text, fewer = node.this.sql("spark"), node.expression.this.sql("spark")
        return sqlglot.parse_one(f"left({text}, greatest(length({text}) - {fewer}, 0))", read="spark")
    if isinstance(node, exp.Sub) and _is_date(node.this, dates) and _is_date(node.expression, dates):
        return exp.Anonymous(this="date_diff", expressions=[node.this, node.expression])
    if isinstance(node, exp.Div):
        node.set("this", exp.cast(node.this, "double"))
    elif isinstance(node, exp.CTE):
        node.set("materialized", None)
    elif isinstance(node, exp.Select) and any(isinstance(each, exp.Star) for each in node.expressions):
        node.set("expressions", [new for each in node.expressions for new in _unstarred(each, node, columns)])
    return node


def _function_name(node: exp.Expr) -> str:
    if isinstance(node, exp.Anonymous):
        return str(node.this).lower()
    if isinstance(node, exp.JarowinklerSimilarity):
        return "jaro_winkler_similarity"
    return "levenshtein" if isinstance(node, exp.Levenshtein) else ""


def _unstarred(each: exp.Expr, select: exp.Select, columns: Callable[[str], list[str]]) -> list[exp.Expr]:
    """`* REPLACE` written out: Spark has none."""
    replaced = each.args.get("replace") if isinstance(each, exp.Star) else None
    if not replaced:
        return [each]
    by_name = {new.alias: new for new in replaced}
    source = select.find(exp.Table)
    assert source is not None, "a star stands for a table's columns"
    return [by_name.get(name) or exp.column(name) for name in columns(source.name)]


def _as_bytes(text: exp.Expr) -> exp.Expr:
    return sqlglot.parse_one(f"decode(encode({text.sql('spark')}, 'UTF-8'), 'ISO-8859-1')", read="spark")


def _is_date(node: exp.Expr, dates: set[str]) -> bool:
    return isinstance(node, exp.Column) and node.name in dates


def _spark_type(kind: str) -> str:
    return "VARCHAR" if kind.startswith("ENUM") else SPARK_TYPES.get(kind, kind)


def _tables(stream: pa.RecordBatchReader, rows: int) -> Iterator[pa.Table]:
    """The stream in tables of about so many rows; one at least, empty as it may be."""
    held: list[pa.RecordBatch] = []
    for batch in stream:
        held.append(batch)
        if sum(each.num_rows for each in held) >= rows:
            yield pa.Table.from_batches(held)
            held = []
    yield pa.Table.from_batches(held, stream.schema)


def _register_duckdb_function(spark: Any, name: str) -> None:
    """DuckDB's function of two texts as one of Spark's, computed by DuckDB in the Python workers, batch by batch."""
    import pandas as pd
    from pyspark.sql.functions import pandas_udf

    # A function within a function travels by value: the workers need duckdb, pandas and pyarrow, and none of ours.
    def call(batches: Iterator[tuple[pd.Series, pd.Series]]) -> Iterator[pd.Series]:
        import duckdb
        import pyarrow as arrow

        connection = duckdb.connect(config={"threads": 1, "temp_directory": ""})
        for left, right in batches:
            texts = [arrow.array(side, arrow.string(), from_pandas=True) for side in (left, right)]
            connection.register("texts", arrow.table(texts, names=["l", "r"]))
            try:
                found = connection.execute(f"SELECT CAST({name}(l, r) AS DOUBLE) FROM texts").to_arrow_table()
            except duckdb.Error:
                found = None
            if found is None:
                raise RuntimeError(f"{name} failed; DuckDB's message is withheld, it may quote a value")
            yield found.column(0).to_pandas()

    spark.udf.register(name, pandas_udf(call, "double"))


def _splink_api(spark: Any) -> Any:
    from splink.backends.spark import SparkAPI

    class Api(SparkAPI):
        def _setup_for_execute_sql(self, sql: str, physical_name: str) -> str:  # noqa: ARG002
            # Splink's own dialect extends sqlglot's, which cannot be done to the compiled sqlglot of dagster-dbt. It is
            # there for decimal literals of more than 38 digits; ours have 17 and an exponent.
            return sqlglot.transpile(sql, read="spark", write="spark")[0]

    # By default Splink writes what it keeps as plain Parquet.
    return Api(spark_session=spark, break_lineage_method="persist")  # type: ignore[no-untyped-call]


def _started(session: Session) -> Any:
    """A Spark session with this session's threads, memory and temporary folder, or on the cluster of SPARK_CONF_DIR."""
    from pyspark.sql import SparkSession
    from splink.backends.spark import similarity_jar_location

    folder, threads, memory = session.row(
        "SELECT current_setting('temp_directory'), current_setting('threads'), current_setting('memory_limit')",
        step="read the session's limits",
    )
    configuration = ENCRYPTED | QUIET | {"spark.jars": similarity_jar_location()}
    if not os.environ.get("SPARK_CONF_DIR"):
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        configuration |= {
            "spark.master": f"local[{threads}]",
            "spark.driver.memory": _java_memory(memory),
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.local.dir": str(folder),
            "spark.sql.shuffle.partitions": str(4 * int(threads)),
        }
    builder = SparkSession.builder.appName("fjo linkage")
    for key, value in configuration.items():
        builder = builder.config(key, value)
    return _guarded(builder.getOrCreate, "start Spark (Java 17 or 21, and the settings in SPARK_CONF_DIR, if any)")


ENCRYPTED = {
    "spark.io.encryption.enabled": "true",
    "spark.io.encryption.keySizeBits": "256",
    # The key travels to the executors, and blocks between them.
    "spark.authenticate": "true",
    "spark.network.crypto.enabled": "true",
}
QUIET = {
    # The UI shows plans and Spark's log the values that a task failed on.
    "spark.ui.enabled": "false",
    "spark.log.level": "OFF",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.execution.arrow.maxRecordsPerBatch": str(ARROW_ROWS),
    "spark.sql.session.timeZone": "UTC",
}


def _java_memory(limit: str) -> str:
    """DuckDB's `3.7 GiB` as Java's `3788m`."""
    found = re.fullmatch(r"([\d.]+) ([KMGT]iB|bytes)", limit)
    assert found is not None, f"DuckDB tells its memory limit as {limit}"
    mebibytes = {"bytes": 2**-20, "KiB": 2**-10, "MiB": 1, "GiB": 2**10, "TiB": 2**20}[found[2]]
    return f"{max(int(float(found[1]) * mebibytes), 512)}m"


def _guarded(call: Callable[[], T], step: str) -> T:
    try:
        return call()
    except Exception as error:
        kind = type(error).__name__
    # Raised outside the handler: Spark's messages quote values and SQL.
    raise StatementFailed(f"could not {step}: Spark {kind} (its message is withheld, it may quote a value)")
