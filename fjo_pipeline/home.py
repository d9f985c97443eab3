"""Making a home: folders, keyrings, stores, Dagster's instance. Safe to repeat; never makes up what was lost."""

import json
from pathlib import Path

from fjo_pipeline.core.cards import PublicCard, card_of
from fjo_pipeline.core.errors import KeyMissing, Refused
from fjo_pipeline.core.files import write_atomically
from fjo_pipeline.core.keyring import ADDED_LATER, ZONE_KEYS, Keyring, keyring_path, open_keyring, passphrase
from fjo_pipeline.core.ledger import open_ledger
from fjo_pipeline.core.settings import ZONES, Settings, Zone
from fjo_pipeline.databank.dbt import ensure_manifest
from fjo_pipeline.databank.flow import Databank
from fjo_pipeline.databank.projects.extract import make_project_keys
from fjo_pipeline.databank.projects.grants import load_project, project_numbers
from fjo_pipeline.databank.projects.lifecycle import last_step, note_request

MADE_UP_HOMES = ".made-up-"
"""What folders in a home are called in which a made-up one lies for as long as it is needed."""
DAGSTER_YAML = """\
# Written by `fjo init`. Dagster's own storage holds counts, digests and versions, never a value from a row.
telemetry:
  enabled: false
# Nor does the UI ask a newcomer for an e-mail address.
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 2
  pools:
    granularity: run
    default_limit: 1
# What steps and dbt print is not kept: a library's message may quote a value. The zone's own logs stay in the zone.
compute_logs:
  module: dagster.core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
run_monitoring:
  enabled: true
  free_slots_after_run_end_seconds: 60
run_retries:
  enabled: true
  max_retries: 2
  # A lost machine is tried again; a step that says why it failed is not.
  retry_on_asset_or_op_failure: false
"""


def init_home(settings: Settings, zones: tuple[Zone, ...] = ZONES) -> dict[Zone, str]:
    """Make what is missing of a home's zones; returns each zone's fingerprint, for its keeper to tell the others."""
    keyrings = make_zones(settings, zones)
    if "databank" in zones:
        _make_databank(settings)
    write_atomically(dagster_home(settings) / "dagster.yaml", DAGSTER_YAML.encode())
    return {zone: keyring.card.fingerprint for zone, keyring in keyrings.items()}


def make_zones(settings: Settings, zones: tuple[Zone, ...] = ZONES) -> dict[Zone, Keyring]:
    """Make what is missing of the zones' folders, keyrings and cards; returns the keyrings, which trust one another."""
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    for zone in zones:
        _make_zone(settings, zone)
    keyrings = {zone: open_keyring(settings, zone) for zone in zones}
    for keyring in keyrings.values():
        for other in keyrings.values():
            if other.zone != keyring.zone:
                keyring.trust(other.card)
        _note_pinned(settings, keyring)
        card = json.dumps(keyring.card.with_predecessors(), indent=1)
        write_atomically(settings.zone(keyring.zone) / "card.json", card.encode(), mode=0o644)
    return keyrings


def trust_card(settings: Settings, zone: Zone, card: Path, *, forget_earlier: bool = False) -> str:
    """Pin another zone's public card in a zone's keyring; returns the fingerprint that was pinned.

    A card that came after the pinned one by its signature takes its place; what was signed before stays good unless the
    earlier cards are to be forgotten. Refused for any other card, and for a file that is none.
    """
    read = read_card(card)
    keyring = open_keyring(settings, zone)
    keyring.trust(read, forget_earlier=forget_earlier)
    _note_pinned(settings, keyring)
    return read.fingerprint


def _note_pinned(settings: Settings, keyring: Keyring) -> None:
    """Enter each card that a keyring has pinned, once; what a killed step left out is entered by the next."""
    for other in ZONES:
        if other != keyring.zone and keyring.has_pinned(other):
            pinned, ledger = keyring.peer(other).fingerprint, open_ledger(settings, keyring.zone)
            ledger.record("key", keyring.zone, f"card of {other}", "accepted", pinned, why="its card is pinned")


def read_card(card: Path) -> PublicCard:
    """Another zone's public card; Refused where the file is none."""
    try:
        return card_of(json.loads(card.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        pass
    raise Refused(f"{card.name} is no zone's card; `fjo init` writes one as <zone>/card.json")


def zones_here(settings: Settings) -> tuple[Zone, ...]:
    """The zones that live in this home; Refused where none does."""
    here = tuple(zone for zone in ZONES if settings.zone(zone).is_dir())
    if not here:
        raise Refused(f"there is no home at {settings.home}: make one with `fjo init`, or set FJO_HOME")
    return here


def dagster_home(settings: Settings) -> Path:
    """Dagster's own folder in the home."""
    return settings.home.absolute() / "dagster"


def refresh_lock(settings: Settings, zone: Zone) -> Path:
    """The lock that a refresh holds in a zone for as long as it runs."""
    return settings.zone(zone) / "refresh.lock"


def _make_zone(settings: Settings, zone: Zone) -> None:
    folder = settings.zone(zone)
    folder.mkdir(exist_ok=True, mode=0o700)
    path = keyring_path(settings, zone)
    if not path.exists():
        if any(folder.glob("*.sqlite")) or any(folder.glob("*.duckdb")):
            raise KeyMissing(
                f"the keyring of zone {zone} is gone but its store is there; restore the keyring from its backup: "
                "a new one could open nothing and would give everybody new ids"
            )
        Keyring.create(zone, path, passphrase(settings))
    # Each time, for a step killed in between; it is entered once.
    open_ledger(settings, zone).record("keys", zone, "made", "accepted", "", why="`fjo init` made the zone's keyring")
    _add_later_keys(settings, zone)
    settings.inbox(zone).mkdir(parents=True, exist_ok=True, mode=0o700)
    if zone == "provider":
        settings.landing.mkdir(exist_ok=True, mode=0o700)
        settings.quarantine.mkdir(exist_ok=True, mode=0o700)


def _add_later_keys(settings: Settings, zone: Zone) -> None:
    """Give a keyring of an earlier version the keys that came later, once; KeyMissing where one was there and is gone.

    A new key would give everybody new ids, so what was noted as made is never made again.
    """
    keyring, ledger = open_keyring(settings, zone), open_ledger(settings, zone)
    for name in sorted(ADDED_LATER.intersection(ZONE_KEYS[zone])):
        noted = ledger.last("keys", zone, name, "accepted")
        if noted is not None and (not keyring.has(name) or keyring.fingerprints()[name].get(1) != noted.digest):
            raise KeyMissing(
                f"zone {zone} had a key '{name}' that its keyring no longer holds; restore the keyring from its backup"
            )
        if not keyring.has(name):
            keyring.add(name)
        ledger.record("keys", zone, name, "accepted", keyring.fingerprints()[name][1])


def _make_databank(settings: Settings) -> None:
    databank = Databank(settings)
    databank.store.create()
    settings.extracts.mkdir(exist_ok=True, mode=0o700)
    make_projects(databank)
    ensure_manifest(databank.store, settings)


def make_projects(databank: Databank) -> None:
    """Enter each project that has a file as requested and give it keys; a destroyed one gets none."""
    for number in project_numbers(databank.settings.projects):
        project = load_project(number, databank.settings.projects)
        if last_step(databank, number, "destroyed") is None:
            note_request(databank, project)
            make_project_keys(databank, number)
