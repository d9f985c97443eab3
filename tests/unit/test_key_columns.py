"""Key columns mapped in bulk: streamed, in order, and refused where they are not there."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from fjo_pipeline.core.errors import Refused, StatementFailed
from fjo_pipeline.core.key_columns import mapped_keys
from fjo_pipeline.core.sessions import Session, open_session


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A session whose configuration is open, for the number of threads."""
    with open_session(tmp_path / "spill", lock=False) as session:
        yield session


def doubled(ids: pa.Array) -> pa.Array:
    return pc.multiply(ids, 2)


@pytest.mark.parametrize("threads", [1, 2])
def test_named_columns_are_mapped_and_the_others_left(threads: int, session: Session) -> None:
    session.run(f"SET threads = {threads}", step="set threads")
    query = "SELECT i AS id, i AS other, CASE WHEN i % 2 = 0 THEN i END AS few FROM range(200000) AS t(i)"
    with mapped_keys(session, query, {"id": doubled, "few": doubled}, step="map") as rows:
        found = session.row(
            "SELECT count(*), count(*) FILTER (WHERE id <> 2 * other), count(few), "
            f"count(*) FILTER (WHERE few <> 2 * other) FROM {rows}",
            step="count",
        )
    assert found == (200_000, 0, 100_000, 0)


def test_the_relation_goes_when_its_block_ends(session: Session) -> None:
    with mapped_keys(session, "SELECT 1::BIGINT AS id", {"id": doubled}, step="map") as rows:
        pass
    with pytest.raises(StatementFailed):
        session.rows(f"FROM {rows}", step="read")


def test_a_missing_column_is_refused(session: Session) -> None:
    with (
        pytest.raises(Refused, match="could not map: the query has no column id"),
        mapped_keys(session, "SELECT 1 AS x", {"id": doubled}, step="map"),
    ):
        pass


def test_a_value_that_breaks_the_query_midway_is_in_no_error(session: Session, tmp_path: Path) -> None:
    query = "SELECT CAST(CASE WHEN i = 150000 THEN 'Quillfeather' ELSE '7' END AS BIGINT) AS id FROM range(200000) t(i)"
    target = tmp_path / "out.parquet"
    with (
        mapped_keys(session, query, {"id": doubled}, step="map") as rows,
        pytest.raises(StatementFailed, match="write ids") as caught,
    ):
        session.run(f"COPY (FROM {rows}) TO '{target}'", step="write ids")
    assert "Quillfeather" not in str(caught.value)
    assert caught.value.__context__ is None
