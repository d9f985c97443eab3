"""Destroys what the provider may no longer keep: raw deposits, what was made of them, and quarantined ones."""

import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from fjo_pipeline.core.contracts import datasets
from fjo_pipeline.core.retention import (
    DAYS_ARE_OVER,
    Destroyed,
    days_are_over,
    expired,
    is_said_destroyed,
    record_destroyed,
)
from fjo_pipeline.provider.flow import Provider
from fjo_pipeline.provider.landing import end_quarantine


def destroy_expired(provider: Provider, today: date) -> Iterator[Destroyed]:
    """Destroy every deposit whose contract's days are over; later backfills begin from the transfers."""
    settings, ledger = provider.settings, provider.ledger
    for contract in datasets(settings.contracts):
        days, name = contract.retention_days, contract.name
        for entry in expired(ledger, "deposit", "accepted", name, days.raw, today):
            folders = [settings.landing / name / entry.refresh, provider.work(name, entry.refresh, "checked")]
            # The entry comes first; of an earlier version's killed step it may be missing though all is gone.
            if any(each.exists() for each in folders) or not is_said_destroyed(ledger, entry):
                record_destroyed(ledger, entry, today)
                _destroy(folders)
                yield Destroyed("raw deposit", name, entry.refresh)
        for folder in sorted((settings.quarantine / name).glob("*")):
            # Without a report its days would never be over.
            end_quarantine(name, folder, ledger)
            if days_are_over(_taken_on(folder), days.quarantined, today):
                ledger.log.add("deposit", f"{name}/{folder.name}", "destroyed", DAYS_ARE_OVER)
                _destroy([folder])
                yield Destroyed("quarantined deposit", name, folder.name)


def _taken_on(folder: Path) -> str | None:
    """When a deposit was quarantined: its own report says so, for the ledger forgets it once a mended one is taken."""
    try:
        taken: str = json.loads((folder / "report.json").read_text())["taken_on"]
    except (OSError, ValueError, KeyError):
        return None
    return taken


def _destroy(folders: list[Path]) -> None:
    """Delete folders with all that is in them, where they are there."""
    for folder in folders:
        if folder.exists():
            shutil.rmtree(folder)
