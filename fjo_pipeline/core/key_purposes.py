"""What each key of each zone is for: what its loss takes and leaves, and why those that make ids stay in place.

Errors, `fjo doctor` and docs/operations.md say it in these words.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from fjo_pipeline.core.settings import Zone

WRAPPING = "kek"
"""The key-encryption key: it wraps the others and is no key of the keyring itself."""
ROTATING: Mapping[Zone, tuple[str, ...]] = {
    "provider": ("signing", "age", WRAPPING),
    "ttp": ("store", "signing", "age", WRAPPING),
    "databank": ("alf_e", "signing", "age", WRAPPING),
}
"""What `fjo keys rotate` gives new keys, in this order: the passphrase changes when all else is done."""
PROJECT_KEY = re.compile(r"project/([^/]+)/(ids|extract)")


@dataclass(frozen=True)
class Loss:
    """What cannot be done any more without a key, and what still can."""

    lost: str
    left: str

    def __str__(self) -> str:
        return f"without it {self.lost}; {self.left}"


_LOSSES: Mapping[tuple[Zone, str], Loss] = {
    ("provider", "split"): Loss(
        "no deposit can be split under the join keys and ids that the databank knows, and neither deposits that were "
        "checked and not yet split nor the digests on which increments are checked can be read",
        "what was sent needs nothing of it, and landing, quarantine and receipts can be read",
    ),
    ("provider", "signing"): Loss(
        "nothing can be sent to the TTP or the databank, no receipt be taken, and nothing be entered in the zone's "
        "audit log or verified",
        "deposits can be checked, and what was sent before stays good",
    ),
    ("provider", "age"): Loss(
        "receipts cannot be opened, nor drafts that were not sent yet",
        "deposits can be checked and split, and what was sent before stays good",
    ),
    ("ttp", "alf"): Loss(
        "no File 3 and no register can be made under the ALFs that the databank holds, so nobody deposited from now on "
        "joins what is there",
        "the store (register, File 1, links) can be read, and all that was sent stays good",
    ),
    ("ttp", "alf2"): Loss(
        "no File 3 can be made with the second linking field that the databank holds",
        "the store can be read, ALFs and RALFs are not touched, and all that was sent stays good",
    ),
    ("ttp", "ralf"): Loss(
        "neither residences in File 3 nor the register's addresses can be given the RALFs that the databank holds",
        "the store can be read, ALFs are not touched, and all that was sent stays good",
    ),
    ("ttp", "store"): Loss(
        "ttp.duckdb cannot be read: the register, File 1s, links and what linkage remembers",
        "ALFs come of the key 'alf' and the register's own ids, so those that were given keep their meaning, and File "
        "1s in the inbox can be opened",
    ),
    ("ttp", "signing"): Loss(
        "no File 1 can be taken, no File 3, register, report or receipt be sent, and nothing be entered in the zone's "
        "audit log or verified",
        "the store can be read, what was taken be linked, and what was sent before stays good",
    ),
    ("ttp", "age"): Loss(
        "File 1s that have come cannot be opened, nor drafts that were not sent yet",
        "the store can be read, with the File 1s that were taken before",
    ),
    ("databank", "alf_e"): Loss(
        "ids at rest cannot be turned into any project's: no extract can be made, made again or verified, and no "
        "refresh be curated beside those that stand",
        "extracts that were provided can be opened, and SQL, views and publications need nothing of it",
    ),
    ("databank", "signing"): Loss(
        "neither Files 2 and 3 can be taken or curated nor anything be entered in the audit log, so no extract can be "
        "provided, and what stands in the log cannot be verified",
        "the store can be read, and extracts that were provided can be opened",
    ),
    ("databank", "age"): Loss(
        "Files 2 and 3, registers and reports that have come cannot be opened: no refresh can be curated, or curated "
        "again",
        "curated tables, views, publications and extracts need nothing of it",
    ),
}
_PROJECT_LOSSES = {
    "ids": Loss(
        "no extract of project {number} can be made, or made again, under the ids that it knows",
        "the extract that was provided can be opened, and other projects are not touched",
    ),
    "extract": Loss(
        "the extract of project {number} cannot be opened here, and no other one be made",
        "whoever was given its key can open the file, and other projects are not touched",
    ),
}
_NEW_IDS = {
    "split": "under another one every person, case and application would come with new ids, and join nothing that was "
    "sent before: that needs a signed translation transfer to the databank, from the old ids to the new ones",
    "alf": "under another one every ALF in the databank would be another: that needs a signed translation transfer to "
    "the databank, from the old ALFs to the new ones",
    "ids": "under another one its people would have other ids, in a new id space that joins nothing it has: that is a "
    "new project, with a number of its own",
    "extract": "it opens what the researcher has been given: `fjo project destroy` ends it, and a new project gets a "
    "key of its own",
}


def loss_of(zone: Zone, name: str) -> str:
    """What the loss of a zone's key takes and leaves, in words; empty for a name that is none of its keys'."""
    project = PROJECT_KEY.fullmatch(name)
    if project and zone == "databank":
        return str(_PROJECT_LOSSES[project[2]]).format(number=project[1])
    return str(_LOSSES.get((zone, name), ""))


def why_not_in_place(name: str) -> str:
    """What another key in place of one that makes ids would mean, in words."""
    project = PROJECT_KEY.fullmatch(name)
    return _NEW_IDS[project[2] if project else "split" if name == "split" else "alf"]
