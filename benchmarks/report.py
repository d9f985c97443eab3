"""Writes a benchmark's table into its own section of docs/performance.md, with the command that makes it again."""

import os
import platform
import re
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
OPENING = "# Performance\n\nEach table is written by the command above it.\n"


def write_section(title: str, command: str, table: str, page: Path = PAGE) -> None:
    """Put a table under a second-level heading in place of what stood there, other sections left as they are."""
    text = page.read_text() if page.exists() else OPENING
    machine = f"{os.cpu_count()} cores, {memory_gib()} GiB, Python {platform.python_version()}"
    section = f"## {title}\n\n`{command}`, on {machine}:\n\n{table}\n"
    pattern = re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    found = pattern.search(text)
    text = text[: found.start()] + section + "\n" + text[found.end() :] if found else text.rstrip() + "\n\n" + section
    page.write_text(text.rstrip() + "\n")


def memory_gib() -> int:
    """The machine's memory."""
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
