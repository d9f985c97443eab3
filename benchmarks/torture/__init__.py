"""The platform's promises, attacked: each subject is a module here whose `attacks()` says how often it tried and how
often the promise held; `make torture` runs them all and writes `docs/torture.csv`.
"""

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path


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


def by_tests(promise: str, attack: str, tests: str) -> Attack:
    """An attack that a module of the suite makes, a try a test: held where it passes; skipped ones do not count."""
    with tempfile.TemporaryDirectory(prefix="fjo-torture-") as scratch:
        report = Path(scratch) / "report.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--no-cov",
            "-p",
            "no:cacheprovider",
            f"--junit-xml={report}",
            tests,
        ]
        subprocess.run(command, check=False, stdout=sys.stderr)
        suite = ElementTree.parse(report).getroot()[0]
    tried = int(suite.attrib["tests"]) - int(suite.attrib["skipped"])
    return Attack(promise, attack, tried, tried - int(suite.attrib["failures"]) - int(suite.attrib["errors"]), tests)
