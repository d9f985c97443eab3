"""Which rows go with the people who go, read off the contract's keys, in File 2 and in curated tables alike.

A row that names such a person goes, whoever else it names: a relationship with somebody is about both. A row that names
nobody (a case, a hearing, a diagnosis) goes where it hangs on these people and on nobody who stays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.sessions import Session, identifier
from fjo_pipeline.databank.projects.rows import Chosen, choose, slots_of
from fjo_pipeline.databank.tables import CuratedTable

_numbers = count()


@dataclass(frozen=True)
class HeldTable(CuratedTable):
    """A table where it is held: any relation, its ids with the suffix of the store or, in a file, with none."""

    relation: str = ""
    suffixed: bool = True

    def qualified(self, catalogue: str = "lake") -> str:  # noqa: ARG002 - as that of which this is one
        """The relation as SQL."""
        return self.relation

    def named(self, column: str, suffix: str) -> str:
        """A column's name in the relation."""
        return super().named(column, suffix) if self.suffixed else column


@dataclass(frozen=True)
class Going:
    """The condition of each table's rows that go, on a table called `given`; never null. And tables of ids that go."""

    conditions: Mapping[str, str]
    ids: tuple[str, ...]


def id_table(session: Session, query: str) -> str:
    """A table `id BIGINT` of the session that other connections of it see too, of a query's one column."""
    name = f"memory.main.removal_ids_{next(_numbers)}"
    session.run(f"CREATE TABLE {name} AS SELECT DISTINCT id FROM ({query}) AS q(id)", step="note ids")
    return name


def going_rows(
    session: Session,
    contract: Contract,
    refresh: str,
    tables: Sequence[CuratedTable],
    going: tuple[str, str],
    staying: tuple[str, str],
) -> Going:
    """What goes with some people where others stay; each pair names tables of people's ids and of linking fields."""
    with_them = choose(session, contract, refresh, *going, among=tables)
    with_others = choose(session, contract, refresh, *staying, among=tables)
    conditions = {
        table.name: _goes(contract, table, with_them, with_others) for table in tables if table.name in with_them.rows
    }
    only = [
        id_table(session, f"SELECT id FROM {ids} EXCEPT SELECT id FROM {with_others.ids[entity]}")
        for entity, ids in with_them.ids.items()
    ]
    return Going(conditions, (*going, *only))


def _goes(contract: Contract, table: CuratedTable, going: Chosen, staying: Chosen) -> str:
    named = " OR ".join(f"coalesce({going.has(table, slot)}, false)" for slot in slots_of(contract, table))
    hangs = f"coalesce({going.rows[table.name]}, false) AND NOT coalesce({staying.rows[table.name]}, false)"
    return f"({named or 'false'} OR ({hangs}))"


def key_columns(table: CuratedTable) -> str:
    """The columns of a held table that say what hangs on what, as SQL."""
    return ", ".join(identifier(table.named(column, "_E")) for column in table.entities)
