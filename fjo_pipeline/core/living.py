"""Whether a process that left its number somewhere still runs."""

import os
from pathlib import Path


def is_alive(process: int, at: float) -> bool:
    """Whether the process that had this number at a time (seconds since the epoch) still runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        state, *others = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        booted = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime"))
    except OSError:
        return True  # No /proc on this system: the number alone tells.
    began = int(booted.split()[1]) + int(others[18]) / os.sysconf("SC_CLK_TCK")
    # The number may have gone to another process since; a second is what the clocks may differ by.
    return state != "Z" and began <= at + 1
