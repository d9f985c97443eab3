"""The differences of every refresh against the one before it, kept in `databank.refresh_differences`.

Which refresh is the one before depends on all that have come, so that what is out of date is found by digest: an older
refresh that arrives late has the later neighbour compared anew, and the order of deposits makes no difference.
"""

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from itertools import pairwise
from typing import Any

import pyarrow as pa

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import sha256_of_texts
from fjo_pipeline.core.sessions import Session, literal
from fjo_pipeline.core.stores import one_transaction
from fjo_pipeline.databank.differences.comparing import differences
from fjo_pipeline.databank.differences.judging import Judged, judge
from fjo_pipeline.databank.flow import Databank, Partition, dataset_partitions, partitions

FORMAT = "refresh differences 1"
TABLE = "lake.databank.refresh_differences"
COMPARISONS = "lake.databank.refresh_comparisons"
_ARROW: dict[Any, pa.DataType] = {
    str: pa.string(),
    str | None: pa.string(),
    int | None: pa.int64(),
    float | None: pa.float64(),
    bool: pa.bool_(),
    bool | None: pa.bool_(),
}


@dataclass(frozen=True)
class Comparison:
    """A refresh and the one it is compared with (None for a dataset's first): how much was judged, what was beyond."""

    dataset: str
    refresh: str
    against: str | None
    digest: str
    judged: int
    beyond: int


def renew_differences(databank: Databank, dataset: str) -> list[Comparison]:
    """Compare every refresh of a dataset whose comparison is missing or of other tables; returns these.

    One transaction writes them all, and takes out those of refreshes that no longer stand.
    """
    contract = databank.contract(dataset)
    with databank.store.writing() as session:
        wanted = list(_wanted(session, dataset))
        stale = [each for each in wanted if each not in _kept(session, dataset)]
        found = {each: _judged(session, contract, *each) for each in stale}
        if not stale and len(_kept(session, dataset)) == len(wanted):
            return []
        with one_transaction(session):
            return _replace(session, contract, wanted, found)


def comparison(session: Session, dataset: str, refresh: str) -> Comparison:
    """What is kept of a refresh; Refused where it has not been compared."""
    found = session.rows(
        f"FROM {COMPARISONS} WHERE dataset = ? AND refresh = ?", (dataset, refresh), step="look for a comparison"
    )
    if not found:
        raise Refused(f"{dataset}/{refresh} has not been compared: it is not curated yet")
    return Comparison(*found[0])


def read_differences(session: Session, dataset: str, refresh: str) -> list[Judged]:
    """The differences of a refresh as they may be shown."""
    names = ", ".join(each.name for each in fields(Judged))
    return [
        Judged(*row)
        for row in session.rows(
            f"SELECT {names} FROM {TABLE} WHERE dataset = ? AND refresh = ? ORDER BY ALL",
            (dataset, refresh),
            step="read the differences",
        )
    ]


@dataclass(frozen=True)
class Due:
    """A refresh whose differences are missing or out of date."""

    dataset: str
    refresh: str


def differences_due(databank: Databank) -> Iterator[Due]:
    """Every curated refresh of a dataset whose comparison is missing or of other tables; registers are not compared."""
    with databank.store.reading() as session:
        names = sorted({each.dataset for each in dataset_partitions(databank, session)})
        for name in names:
            kept = _kept(session, name)
            wanted = _wanted(session, name)
            yield from (
                Due(name, refresh) for refresh, against, digest in wanted if (refresh, against, digest) not in kept
            )


_Key = tuple[str, str | None, str]
"""A refresh, the one before it, and the digest of what both were made from."""


def _wanted(session: Session, dataset: str) -> Iterator[_Key]:
    standing = [each for each in partitions(session) if each.dataset == dataset]
    if standing:
        yield standing[0].refresh, None, _digest(standing[0])
    for earlier, later in pairwise(standing):
        yield later.refresh, earlier.refresh, _digest(later, earlier)


def _digest(*refreshes: Partition) -> str:
    """What a comparison is made from; a refresh's digest is also of its contract, and so of the bands."""
    return sha256_of_texts(FORMAT, *(f"{each.refresh}|{each.digest}" for each in refreshes))


def _kept(session: Session, dataset: str) -> set[_Key]:
    return set(
        session.rows(
            f"SELECT refresh, against, digest FROM {COMPARISONS} WHERE dataset = ?", (dataset,), step="list comparisons"
        )
    )


def _judged(session: Session, contract: Contract, refresh: str, against: str | None, digest: str) -> list[Judged]:
    del digest
    return judge(contract, differences(session, contract, against, refresh)) if against else []


def _replace(
    session: Session, contract: Contract, wanted: Sequence[_Key], found: dict[_Key, list[Judged]]
) -> list[Comparison]:
    still = ", ".join(literal(refresh) for refresh, *_ in (set(wanted) - set(found))) or "''"
    for table in (TABLE, COMPARISONS):
        session.run(
            f"DELETE FROM {table} WHERE dataset = {literal(contract.name)} AND refresh NOT IN ({still})",
            step="make room for differences",
        )
    made = [
        Comparison(
            contract.name,
            refresh,
            against,
            digest,
            sum(each.within_band is not None for each in rows),
            sum(each.within_band is False for each in rows),
        )
        for (refresh, against, digest), rows in found.items()
    ]
    _insert(session, TABLE, _as_arrow(contract.name, found))
    _insert(session, COMPARISONS, pa.Table.from_pylist([each.__dict__ for each in made], _COMPARISON_SCHEMA))
    return made


_COMPARISON_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("dataset", "refresh", "against", "digest")]
    + [(name, pa.int64()) for name in ("judged", "beyond")]
)


def _as_arrow(dataset: str, found: dict[_Key, list[Judged]]) -> pa.Table:
    schema = pa.schema(
        [(name, pa.string()) for name in ("dataset", "refresh", "against")]
        + [(each.name, _ARROW[each.type]) for each in fields(Judged)]
    )
    rows = [
        (dataset, refresh, against, *astuple(each))
        for (refresh, against, _), each_of in found.items()
        for each in each_of
    ]
    columns = zip(*rows, strict=True) if rows else [[] for _ in schema]
    return pa.table([pa.array(list(values), each.type) for values, each in zip(columns, schema, strict=True)], schema)


def _insert(session: Session, table: str, rows: pa.Table) -> None:
    """One statement for all rows: each statement on the lake leaves a file behind."""
    if not rows.num_rows:
        return
    with session.registered(rows) as given:
        session.run(f"INSERT INTO {table} SELECT * FROM {given}", step="keep the differences")
