"""What a check between two stages found."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that must hold, whether it does, and the counts that show it; never a value from a row."""

    name: str
    passed: bool
    counts: dict[str, int]
