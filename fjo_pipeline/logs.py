"""The audit logs of a home's zones: each verified by its own chain, and by what the other zones here know of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.ledger import Ledger, open_ledger
from fjo_pipeline.core.settings import Settings, Zone
from fjo_pipeline.core.transfers import heads_noted
from fjo_pipeline.home import zones_here


@dataclass(frozen=True)
class Verified:
    """What was found of one zone's log: its problems in words, its head, and the last heads that it noted of others."""

    zone: Zone
    problems: list[str]
    head: str
    others: Mapping[Zone, str]

    def __str__(self) -> str:
        of_others = "".join(f"; of zone {zone} it last noted {head}" for zone, head in self.others.items())
        # The head stands last, where scripts look for it.
        return f"zone {self.zone}: the audit log is whole{of_others}; its head, to be noted elsewhere: {self.head}"


def verify_logs(settings: Settings, zones: Sequence[Zone], noted: Mapping[Zone, str] | None = None) -> list[Verified]:
    """Verify the logs of zones of this home; `noted` are heads that were kept elsewhere. KeyMissing without a keyring.

    A zone's head goes with each transfer that it seals, so where several zones live here they vouch for one another.
    """
    ledgers = {zone: open_ledger(settings, zone) for zone in zones_here(settings)}
    heads = {zone: _heads(ledger) for zone, ledger in ledgers.items()}
    return [_verified(zone, ledgers[zone], heads, (noted or {}).get(zone)) for zone in zones]


def _heads(ledger: Ledger) -> dict[Zone, list[str]]:
    """The heads that a zone has noted of others; none where its own log cannot be read, which is its own problem."""
    try:
        return heads_noted(ledger)
    except Refused:
        return {}


def _verified(
    zone: Zone, ledger: Ledger, heads: Mapping[Zone, Mapping[Zone, list[str]]], noted: str | None
) -> Verified:
    # By the others alone: of itself a zone notes nothing.
    known = [head for others in heads.values() for head in others.get(zone, [])]
    problems = ledger.verify(noted, *known)
    return Verified(zone, problems, str(ledger.log.head()), {each: found[-1] for each, found in heads[zone].items()})
