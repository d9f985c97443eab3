"""Key columns of a query mapped in bulk on their way to a table or file: streamed, so that memory stays bounded."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pyarrow as pa

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.sessions import Parameters, Session

ArrayMap = Callable[[pa.Array], pa.Array]
"""Ids in, ids out, of the same length; null stays null."""


@contextmanager
def mapped_keys(
    session: Session, query: str, maps: Mapping[str, ArrayMap], *, step: str, parameters: Parameters = None
) -> Iterator[str]:
    """The rows of a query with the BIGINT columns of `maps` mapped, as a relation that can be read once.

    The query runs on a connection of its own and so sees committed data only, no temporary tables. Raises
    StatementFailed where the query fails, Refused where it does not have a column of `maps`.
    """
    reader = Session(session.connection.cursor()).reader(query, parameters, step=step)
    if missing := [name for name in maps if name not in reader.schema.names]:
        raise Refused(f"could not {step}: the query has no column {missing[0]}")
    stream = pa.RecordBatchReader.from_batches(reader.schema, (_mapped(batch, maps) for batch in reader))
    with session.registered(stream) as name:
        yield name


def _mapped(batch: pa.RecordBatch, maps: Mapping[str, ArrayMap]) -> pa.RecordBatch:
    columns = [
        maps[name](column) if name in maps else column
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)
