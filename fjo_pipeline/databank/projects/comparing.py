"""What one extract of a project has that another has not: rows added, gone and changed, by table."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.sessions import Session, identifier
from fjo_pipeline.databank.disclosure.policy import load_policy
from fjo_pipeline.databank.flow import Databank
from fjo_pipeline.databank.projects.content import key_of, sources
from fjo_pipeline.databank.projects.grants import load_project
from fjo_pipeline.databank.projects.opening import opened
from fjo_pipeline.databank.projects.records import Extract, kept_projects, read_record
from fjo_pipeline.databank.projects.remaking import made_again, qualified

DATED = "AVAIL_FROM_DT"
"""The column that says the refresh itself, and so is another in every row of another refresh."""


@dataclass(frozen=True)
class Pair:
    """Two tables to compare, by `SCHEMA.TABLE`; `key` tells rows apart, None where no column does."""

    before: str
    after: str
    key: str | None
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableChange:
    """How one table differs: rows as whole rows, changed ones by their key; columns that only one of the two has."""

    before: str
    after: str
    added: int
    gone: int
    changed: int
    columns: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether anything does."""
        return bool(self.added or self.gone or self.changed or self.columns)

    def shown(self, threshold: int) -> dict[str, int | str]:
        """The counts, small ones not shown."""
        return {
            name: f"<{threshold}" if 0 < count < threshold else count
            for name, count in (("added", self.added), ("gone", self.gone), ("changed", self.changed))
        }


@dataclass(frozen=True)
class Comparison:
    """Two extracts of a project, or two refreshes in one: changes by table, tables of one alone, the threshold of the
    project's policy under which no count is shown."""

    changes: tuple[TableChange, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    threshold: int

    def as_json(self) -> dict[str, Any]:
        """The comparison as plain values, small counts not shown."""
        return {
            "tables": [
                {"before": each.before, "after": each.after, "columns": list(each.columns)} | each.shown(self.threshold)
                for each in self.changes
            ],
            "only_before": list(self.only_before),
            "only_after": list(self.only_after),
        }


def compare(databank: Databank, number: str, before: str, after: str) -> Comparison:
    """Compare two extracts of a project by their numbers, or two refreshes in its last extract by their dates.

    Both are made again from their pins. Refused where one of them is not there.
    """
    if len(before) == len(after) == 8:
        return _refreshes(databank, read_record(databank, number), before, after)
    if _serial(before) == _serial(after):
        raise Refused("compare two extracts, or two refreshes: these are one and the same")
    one, other = (read_record(databank, number, _serial(each)) for each in (before, after))
    of = sources(databank, one)
    shared = sorted({*one.tables} & {*other.tables})
    pairs = [Pair(name, name, key_of(databank, of[name][0], of[name][2]) if name in of else None) for name in shared]
    with made_again(databank, one) as (first, _), made_again(databank, other) as (second, _):
        changes = _compared(databank, number, pairs, first, second)
    gone, new = sorted({*one.tables} - {*other.tables}), sorted({*other.tables} - {*one.tables})
    return Comparison(changes, tuple(gone), tuple(new), _threshold(databank, other))


def _refreshes(databank: Databank, extract: Extract, before: str, after: str) -> Comparison:
    there = sorted({refresh for refreshes in extract.refreshes.values() for refresh in refreshes})
    for each in (before, after):
        if each not in there:
            raise Refused(
                f"extract {extract.serial} of project {extract.project} holds no refresh {each}; "
                f"it holds: {', '.join(there)}"
            )
    by_refresh: dict[str, dict[tuple[str, str], tuple[str, str | None]]] = {before: {}, after: {}}
    for name, (dataset, refresh, table) in sources(databank, extract).items():
        if refresh in by_refresh and table.dated:
            by_refresh[refresh][dataset, table.name] = name, key_of(databank, dataset, table)
    one, other = by_refresh[before], by_refresh[after]
    pairs = [Pair(one[each][0], other[each][0], one[each][1], (DATED,)) for each in sorted({*one} & {*other})]
    with made_again(databank, extract) as (file, _):
        changes = _compared(databank, extract.project, pairs, file, file)
    gone, new = (sorted(mine[each][0] for each in {*mine} - {*others}) for mine, others in ((one, other), (other, one)))
    return Comparison(changes, tuple(gone), tuple(new), _threshold(databank, extract))


def _compared(databank: Databank, number: str, pairs: list[Pair], before: Path, after: Path) -> tuple[TableChange, ...]:
    files = {"before": before} | ({} if before == after else {"after": after})
    with opened(databank, number, files) as session:
        return tuple(_compared_tables(session, each, "before" if before == after else "after") for each in pairs)


def _compared_tables(session: Session, pair: Pair, after: str) -> TableChange:
    tables = qualified("before", pair.before), qualified(after, pair.after)
    columns = [[row[0] for row in session.rows(f"DESCRIBE {each}", step="describe a table")] for each in tables]
    shared = [name for name in columns[0] if name in columns[1] and name not in pair.ignored]
    alone = tuple(sorted({*columns[0]} ^ {*columns[1]}))
    values = ", ".join(map(identifier, shared))
    rows = [f"SELECT {values} FROM {each}" for each in tables]
    key = identifier(pair.key) if pair.key in shared and pair.key is not None else "NULL"
    added, gone, changed = session.row(
        f"""WITH gone AS ({rows[0]} EXCEPT ALL {rows[1]}), added AS ({rows[1]} EXCEPT ALL {rows[0]}),
            changed AS (SELECT {key} AS key FROM gone INTERSECT SELECT {key} FROM added)
        SELECT (SELECT count(*) FROM added WHERE NOT coalesce({key} IN (SELECT key FROM changed), false)),
            (SELECT count(*) FROM gone WHERE NOT coalesce({key} IN (SELECT key FROM changed), false)),
            (SELECT count(key) FROM changed)""",
        step=f"compare {pair.after}",
    )
    return TableChange(pair.before, pair.after, int(added), int(gone), int(changed), alone)


def _serial(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise Refused("compare two extracts by their numbers, for example 1 2, or two refreshes, YYYYMMDD YYYYMMDD")
    return int(text)


def _threshold(databank: Databank, extract: Extract) -> int:
    project = load_project(extract.project, kept_projects(databank, extract))
    return load_policy(project.disclosure_policy).threshold
