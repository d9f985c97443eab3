"""What lies in a zone's inbox and is not for it: never opened, refused with its name and why."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from fjo_pipeline.core.ledger import open_ledger
from fjo_pipeline.core.settings import Settings, Zone
from fjo_pipeline.core.transfers import ENVELOPE, Kind, name_of_place, note_refusal

RECIPIENTS: Mapping[Kind, Zone] = {
    "file_1": "ttp",
    "file_2": "databank",
    "file_3": "databank",
    "receipt": "provider",
    "linkage_report": "databank",
    "register": "databank",
    "removals": "databank",
}
"""The one zone that takes each kind of transfer."""


def strangers(settings: Settings, zone: Zone) -> list[str]:
    """Everything in a zone's inbox that the zone does not take, by name and why."""
    return [f"{name_of_place(folder)} {_why(folder, zone)}" for folder in _strange(settings, zone)]


def refuse_strangers(settings: Settings, zone: Zone) -> list[str]:
    """The same, each entered once into the zone's log as refused."""
    ledger = open_ledger(settings, zone)
    for folder in _strange(settings, zone):
        note_refusal(ledger, folder, _why(folder, zone))
    return strangers(settings, zone)


def _strange(settings: Settings, zone: Zone) -> Iterator[Path]:
    for folder in sorted(settings.inbox(zone).glob(f"*/*/*/*/{ENVELOPE}")):
        if _taker(folder.parts[-5]) != zone:
            yield folder.parent


def _why(folder: Path, zone: Zone) -> str:
    kind = folder.parts[-4]
    taker = _taker(kind)
    goes_to = f"it goes to {taker}" if taker else "there is no such kind"
    return f"lies in the inbox of zone {zone}, which takes no {kind}: it was not opened ({goes_to})"


def _taker(kind: str) -> Zone | None:
    """The zone that takes a kind, whatever a folder is called; None where there is no such kind."""
    return next((zone for known, zone in RECIPIENTS.items() if known == kind), None)
