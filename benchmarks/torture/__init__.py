"""The platform's promises, attacked: each subject is a module here whose `attacks()` says how often it tried and how
often the promise held; `make torture` runs them all and writes `docs/torture.csv`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Attack:
    """One kind of attack on one promise, and how often the promise held."""

    promise: str
    """The line of docs/security.md that is attacked, in a few words."""
    attack: str
    tried: int
    held: int
    shown_by: str
    """The test of the suite that does the same, smaller: a path, and a name where it helps."""
