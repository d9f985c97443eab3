"""What `fjo status` tells: refreshes with their match rates, what is due, what was refused, extracts."""

from datetime import date
from typing import Any

from fjo_pipeline.core.checking import beyond_codes_in_words
from fjo_pipeline.core.ledger import open_ledger
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.databank.flow import Databank, held_up, partitions, released
from fjo_pipeline.databank.projects.lifecycle import due_for_destruction, known_projects, last_step
from fjo_pipeline.home import zones_here
from fjo_pipeline.refreshing import everything_due


def home_status(settings: Settings) -> dict[str, Any]:
    """The state of a home as plain values: counts, dates and digests only."""
    here = zones_here(settings)
    found: dict[str, Any] = {"home": str(settings.home), "zones": list(here)}
    if "databank" in here:
        databank = Databank(settings)
        with databank.store.reading() as session:
            found["refreshes"] = [
                {
                    "dataset": each.dataset,
                    "refresh": each.refresh,
                    "rows": each.rows,
                    "people": each.people,
                    "linked": each.linked,
                    "match_rate": round(each.linked / each.people, 4) if each.people else None,
                    "made_up_data": each.synthetic,
                }
                for each in partitions(session)
            ]
        release = released(databank)
        found["released_snapshot"] = release.snapshot if release else None
        found["extracts"] = [
            {"project": entry.refresh, "snapshot": entry.sequence}
            for entry in databank.ledger.entries(kind="extract", state="provided")
        ]
        found["held_up"] = held_up(databank)
        found["projects"] = [
            {"project": number, "step": last.step, "at": last.at, "by": last.who}
            for number in known_projects(databank)
            if (last := last_step(databank, number)) is not None
        ]
        found["due_for_destruction"] = [
            {"project": number, "approval_ended": until.isoformat()}
            for number, until in due_for_destruction(databank, date.today())
        ]
    found["due"] = [str(task) for task in everything_due(settings)]
    if "ttp" in here:
        found["missing"] = _missing_at_ttp(settings)
    if "provider" in here:
        ledger = open_ledger(settings, "provider")
        found["warnings"] = [
            f"{entry.dataset}/{entry.refresh}: {words}"
            for entry in ledger.entries(kind="deposit", state="accepted")
            for words in beyond_codes_in_words(entry.detail.get("beyond_codes", {}))
        ]
        found["quarantined"] = [
            {"dataset": entry.dataset, "refresh": entry.refresh, **entry.detail}
            for entry in ledger.entries(kind="deposit", state="quarantined")
        ]
    return found


def _missing_at_ttp(settings: Settings) -> list[str]:
    """What linkage needs or can use and does not have."""
    ledger = open_ledger(settings, "ttp")
    wanted = {
        ("register", "population_register"): "no population register: `fjo register add PATH`",
        ("reference", "postcode_to_lsoa"): "no postcode directory, so nobody gets a small area: "
        "`fjo reference add postcode_to_lsoa PATH`",
    }
    return [words for (kind, name), words in wanted.items() if ledger.last(kind, name, "latest", "accepted") is None]


def shown(found: dict[str, Any]) -> str:
    """The state in words for a terminal."""
    lines = [f"home {found['home']}: {', '.join(found['zones'])}"]
    for each in found.get("refreshes", []):
        rate = f"{each['match_rate']:.1%}" if each["match_rate"] is not None else "no people"
        made_up = "  MADE-UP DATA" if each["made_up_data"] else ""
        lines.append(
            f"in: {each['dataset']}/{each['refresh']}  {each['rows']:,} rows, {each['people']:,} people, "
            f"{each['linked']:,} linked ({rate}){made_up}"
        )
    if "released_snapshot" in found:
        lines.append(f"released: snapshot {found['released_snapshot'] or 'none yet'}")
    lines += [f"extract: project {each['project']}, snapshot {each['snapshot']}" for each in found.get("extracts", [])]
    lines += [f"project: {each['project']} {each['step']} {each['at'][:10]}" for each in found.get("projects", [])]
    lines += [
        f"due for destruction: project {each['project']}, its approval ended on {each['approval_ended']}: renew it, or "
        f"`fjo project destroy {each['project']} --reason …`"
        for each in found.get("due_for_destruction", [])
    ]
    lines += [f"missing: {each}" for each in found.get("missing", [])]
    lines += [f"warning: {each}" for each in found.get("warnings", [])]
    lines += [f"waits: {each}" for each in found.get("held_up", [])]
    lines += [f"due: {each}" for each in found["due"]] or ["due: nothing"]
    lines += [
        f"quarantined: {each['dataset']}/{each['refresh']}, {each.get('failures', 0)} failures; see its report"
        for each in found.get("quarantined", [])
    ]
    return "\n".join(lines)
