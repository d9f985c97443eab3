"""The rows of a linkage's quality: counts of people by section and item, small cells suppressed, no identifier.

The TTP makes them, a transfer carries them, the databank keeps them, and both zones' pages show them.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import astuple, dataclass, fields

from fjo_pipeline.core.sessions import Session
from fjo_pipeline.core.small_cells import hidden

COLUMNS = {
    "section": "VARCHAR",
    "place": "INTEGER",
    "item": "VARCHAR",
    "people": "BIGINT",
    "linked": "BIGINT",
    "expected_errors": "DOUBLE",
    "said": "VARCHAR",
}


@dataclass(frozen=True)
class Count:
    """One row: people and how many of them are linked (None where suppressed), or what is said of the linkage."""

    section: str
    place: int
    item: str
    people: int | None = None
    linked: int | None = None
    expected_errors: float | None = None
    said: str | None = None

    @property
    def unlinked(self) -> int | None:
        """People without a link."""
        return None if self.people is None or self.linked is None else self.people - self.linked

    @property
    def rate(self) -> float | None:
        """Linked by people."""
        return self.linked / self.people if self.people and self.linked is not None else None


Sections = dict[str, list[Count]]


def suppressed(
    section: str, rows: Sequence[tuple[str, int, int]], margins: Sequence[Collection[int]] | None = None
) -> list[Count]:
    """Rows of item, people and linked as counts that may be shown.

    Unless told, the rows divide people whose number and whose linked number are known, so their sums are margins.
    """
    known = [range(len(rows))] if margins is None else margins
    no_people = hidden([(people,) for _, people, _ in rows], known)
    no_linked = no_people | hidden([(linked, people - linked) for _, people, linked in rows], known)
    return [
        Count(section, place, item, None if place in no_people else people, None if place in no_linked else linked)
        for place, (item, people, linked) in enumerate(rows)
    ]


def write_counts(session: Session, table: str, counts: Iterable[Count]) -> int:
    """Replace a table by these counts, in their order; returns their number."""
    rows = [list(astuple(each)) for each in counts]
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    session.run(f"CREATE OR REPLACE TABLE {table} ({columns})", step="make a table of counts")
    marks = ", ".join("?" for _ in COLUMNS)
    for row in rows:
        session.run(f"INSERT INTO {table} VALUES ({marks})", row, step="write the counts")
    return len(rows)


def read_counts(session: Session, relation: str) -> Sections:
    """The counts of a table or file by section, in the order in which they were made."""
    sections: Sections = {}
    names = ", ".join(field.name for field in fields(Count))
    for row in session.rows(f"SELECT {names} FROM {relation} ORDER BY section, place", step="read the counts"):
        count = Count(*row)
        sections.setdefault(count.section, []).append(count)
    return sections
