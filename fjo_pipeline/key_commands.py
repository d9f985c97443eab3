"""`fjo keys …`: versions and fingerprints, rotation, backups of keyrings, other zones' cards; never a secret.

Secrets come in files alone: an argument or a variable can be read by others while the process runs.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fjo_pipeline.core.settings import ZONES, Settings, Zone
from fjo_pipeline.options import AsJson, progress

if TYPE_CHECKING:
    from fjo_pipeline.core.key_backup import Lock, Opener
    from fjo_pipeline.key_rotation import Rotated

keys_app = typer.Typer(no_args_is_help=True, help="Keys: versions and fingerprints, never secrets.")
OfZone = Annotated[str, typer.Option("--zone", help=f"Whose keys: one of {', '.join(ZONES)}.")]
WordsFile = Annotated[Path | None, typer.Option("--passphrase-file", help="A file that holds the backup's passphrase.")]


@keys_app.command("show")
def keys_show(as_json: AsJson = False) -> None:
    """Versions and fingerprints of the keys that are here."""
    from fjo_pipeline.core.keyring import open_keyring
    from fjo_pipeline.core.ledger import open_ledger
    from fjo_pipeline.home import zones_here

    settings = Settings()
    shown = {zone: open_keyring(settings, zone).fingerprints() for zone in zones_here(settings)}
    for zone in shown:
        open_ledger(settings, zone).log.add("key", zone, "shown", "versions and fingerprints: `fjo keys show`")
    if as_json:
        print(json.dumps(shown, indent=1))
        return
    for zone, keys in shown.items():
        for key, versions in keys.items():
            for version, fingerprint in versions.items():
                print(f"{zone:<9} {key:<24} version {version}  {fingerprint}")


@keys_app.command("trust")
def keys_trust(
    card: Path,
    zone: Annotated[str, typer.Option(help="The zone whose keyring pins the card.")],
    forget_earlier: Annotated[
        bool, typer.Option(help="Take nothing any more that was signed before: for a signing key that was stolen.")
    ] = False,
) -> None:
    """Pin another zone's public card, got from its keeper, after comparing the fingerprint."""
    from fjo_pipeline.home import trust_card

    print(f"pinned {trust_card(Settings(), _zone(zone), card, forget_earlier=forget_earlier)}")


@keys_app.command("rotate")
def keys_rotate(
    zone: OfZone,
    key: Annotated[str | None, typer.Option(help="Only this key; all that rotate in place if left out.")] = None,
    new_passphrase_file: Annotated[
        Path | None, typer.Option(help="A file that holds the keyring's passphrase from now on.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for the audit log.")] = "keys are rotated",
    as_json: AsJson = False,
) -> None:
    """Give a zone new keys and write its stores under them; ids of projects stay. Killed, run it again."""
    from fjo_pipeline.core.key_places import read_passphrase
    from fjo_pipeline.key_rotation import rotate

    words = read_passphrase(new_passphrase_file, "--new-passphrase-file") if new_passphrase_file else None
    done = rotate(Settings(), _zone(zone), key, progress, new_passphrase=words, reason=reason)
    print(json.dumps(done.as_json(), indent=1) if as_json else "\n".join(_said(done)))


@keys_app.command("backup")
def keys_backup(
    file: Path,
    zone: OfZone,
    recipient: Annotated[str | None, typer.Option(help="The age recipient (age1…) who may open it.")] = None,
    passphrase_file: WordsFile = None,
) -> None:
    """Write a zone's keyring into one sealed age file, to be kept apart from the zone's data."""
    from fjo_pipeline.core.key_backup import back_up, recipient_of
    from fjo_pipeline.core.key_places import read_passphrase

    if (recipient is None) == (passphrase_file is None):
        raise typer.BadParameter("seal it with --recipient or with --passphrase-file")
    lock: Lock = (
        recipient_of(recipient) if recipient else read_passphrase(passphrase_file or Path(), "--passphrase-file")
    )
    keyring = back_up(Settings(), _zone(zone), file, lock)
    print(f"{file}: the keyring of zone {zone}, card {keyring.card.fingerprint}, after {keyring.rotations} rotations")


@keys_app.command("restore")
def keys_restore(
    file: Path,
    zone: OfZone,
    identity: Annotated[Path | None, typer.Option(help="The age identity file of the recipient.")] = None,
    passphrase_file: WordsFile = None,
) -> None:
    """Put a zone's keyring back from its backup, where there is none."""
    from fjo_pipeline.core.key_backup import identity_in, restore
    from fjo_pipeline.core.key_places import read_passphrase

    if (identity is None) == (passphrase_file is None):
        raise typer.BadParameter("open it with --identity or with --passphrase-file")
    opener: Opener = (
        identity_in(identity) if identity else read_passphrase(passphrase_file or Path(), "--passphrase-file")
    )
    keyring = restore(Settings(), _zone(zone), file, opener)
    print(f"the keyring of zone {zone} is back, card {keyring.card.fingerprint}, after {keyring.rotations} rotations")


def _said(done: "Rotated") -> list[str]:
    lines = (
        ["the rotation that was interrupted is ended; to begin another one run the same again"] if done.resumed else []
    )
    lines += [f"{done.zone:<9} {name:<24} version {version}" for name, version in done.versions.items()]
    if done.wrapped_anew:
        lines.append("every key is wrapped under a new key-encryption key")
    if done.tables:
        lines.append(f"{done.tables} tables were written anew" + _REFRESH.get(done.zone, ""))
    if done.taken_by or done.to_be_told:
        lines.append(f"the card of zone {done.zone} is {done.card} now")
    if done.taken_by:
        lines.append(f"taken by the zones of this home: {', '.join(done.taken_by)}")
    lines += [
        f"to be told: send {done.zone}/card.json to the keeper of {other}, who compares the fingerprint and runs "
        f"`fjo keys trust --zone {other} card.json`; until then {other} refuses what is sent from now on"
        for other in done.to_be_told
    ]
    if done.to_be_told:
        lines.append("what was sent before stays good, and what others still seal under the old card can be opened")
    return [
        *lines,
        f"now back the keyring up, earlier backups lack these keys: `fjo keys backup --zone {done.zone} FILE …`",
    ]


_REFRESH = {"databank": ": the views are due, run `fjo refresh`"}


def _zone(zone: str) -> Zone:
    for each in ZONES:
        if each == zone:
            return each
    raise typer.BadParameter(f"a zone is one of {', '.join(ZONES)}")
