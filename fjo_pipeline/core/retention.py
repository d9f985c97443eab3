"""How long identifiers are kept: each contract's days, counted from the day on which a thing was taken."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from fjo_pipeline.core.ledger import Entry, Ledger, State

DAYS_ARE_OVER = "the days are over that its contract lets it be kept"


@dataclass(frozen=True)
class Destroyed:
    """One thing whose days were over."""

    what: str
    dataset: str
    refresh: str

    def __str__(self) -> str:
        return f"{self.what} {self.dataset}/{self.refresh}"


def taken_today(today: date | None = None) -> dict[str, str]:
    """The part of a ledger entry's detail from which its days are counted."""
    return {"taken_on": (today or date.today()).isoformat()}


def expired(ledger: Ledger, kind: str, state: State, dataset: str, days: int, today: date) -> Iterator[Entry]:
    """The entries of a kind and dataset that were taken more than `days` days ago, destroyed or not."""
    for entry in ledger.entries(kind=kind, dataset=dataset, state=state):
        if days_are_over(entry.detail.get("taken_on"), days, today):
            yield entry


def days_are_over(taken_on: str | None, days: int, today: date) -> bool:
    """Whether something taken on a day (ISO) has been kept for longer than it may; never where the day is unknown."""
    return taken_on is not None and date.fromisoformat(taken_on) + timedelta(days=days) < today


def is_said_destroyed(ledger: Ledger, entry: Entry) -> bool:
    """Whether the ledger says of a thing, as it was taken then, that it was destroyed."""
    said = ledger.last(entry.kind, entry.dataset, entry.refresh, "destroyed")
    return said is not None and said.digest == entry.digest


def record_destroyed(ledger: Ledger, entry: Entry, today: date) -> None:
    """Say in the ledger that a thing is destroyed, and when; the entry comes first, and a killed step is run again."""
    ledger.record(
        entry.kind,
        entry.dataset,
        entry.refresh,
        "destroyed",
        entry.digest,
        sequence=entry.sequence,
        detail={"destroyed_on": today.isoformat()},
        why=DAYS_ARE_OVER,
    )
