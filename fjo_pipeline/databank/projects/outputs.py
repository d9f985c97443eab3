"""A project's own outputs: tables checked against its policy, the reviewer's decision, and what was let out before."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import sha256_of_file, write_atomically
from fjo_pipeline.core.ledger import State
from fjo_pipeline.databank.disclosure.cells import Cell
from fjo_pipeline.databank.disclosure.checking import Counts, Verdict, check_table
from fjo_pipeline.databank.disclosure.policy import Policy, load_policy
from fjo_pipeline.databank.disclosure.reading import GivenTable, read_tables
from fjo_pipeline.databank.flow import Databank
from fjo_pipeline.databank.projects.grants import load_project

Answer = Literal["approved", "refused"]


@dataclass(frozen=True)
class Decision:
    """What a reviewer decided of an output, and why where the verdicts say otherwise."""

    answer: Answer
    reviewer: str
    day: date
    reason: str = ""


@dataclass(frozen=True)
class OutputCheck:
    """A file against a project's policy: verdicts by column of counts."""

    digest: str
    policy: Policy
    tables: tuple[GivenTable, ...]
    verdicts: dict[str, list[Verdict]]

    @property
    def fits(self) -> bool:
        """Whether every cell of the file may be let out."""
        return all(each.fits for verdicts in self.verdicts.values() for each in verdicts)

    def as_json(self) -> dict[str, Any]:
        """The verdict of each cell that does not fit by its line, and the number of those that do."""
        every = [each for verdicts in self.verdicts.values() for each in verdicts]
        return {
            "policy": self.policy.name,
            "policy_version": self.policy.version,
            "digest": self.digest,
            "fits": self.fits,
            "cells": len(every),
            "cells_that_fit": sum(each.fits for each in every),
            "verdicts": [
                {"line": each.place.line, "column": each.place.column, "verdict": each.said}
                for each in every
                if not each.fits
            ],
        }


def check_output(databank: Databank, number: str, path: Path, measures: tuple[str, ...] = ()) -> OutputCheck:
    """Every cell of a researcher's CSV file against the project's policy and all that the project has let out.

    Refused where there is no such project or policy, or the file is no table of counts.
    """
    policy = load_policy(load_project(number, databank.settings.projects).disclosure_policy)
    tables = tuple(read_tables(path, measures))
    digest = sha256_of_file(path)
    earlier = _let_out(databank, number, digest)
    verdicts = {
        table.measure: check_table(table, policy, [each[table.measure] for each in earlier if table.measure in each])
        for table in tables
    }
    return OutputCheck(digest, policy, tables, verdicts)


def decide(databank: Databank, number: str, check: OutputCheck, decision: Decision) -> None:
    """Record a reviewer's decision; an approved output counts in every later check of the project.

    Refused where an output that does not fit is approved without a reason.
    """
    if decision.answer == "approved" and not check.fits and not decision.reason:
        raise Refused(
            "some cells do not fit the policy: mend the table, or say by --reason why it is let out all the same"
        )
    record = {
        "decision": decision.answer,
        "reviewer": decision.reviewer,
        "day": decision.day.isoformat(),
        "reason": decision.reason,
        "policy": check.policy.name,
        "policy_version": check.policy.version,
        "verdicts": dict(Counter(each.said for verdicts in check.verdicts.values() for each in verdicts)),
        "tables": {
            table.measure: [[list(map(list, cell)), count] for cell, count in table.counts.items()]
            for table in check.tables
        },
    }
    folder = _folder(databank, number)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    state: State = "provided" if decision.answer == "approved" else "quarantined"
    detail = {"reviewer": decision.reviewer, "day": record["day"], "fits": check.fits}
    why = decision.reason or f"the output was {decision.answer}"
    databank.ledger.record(
        "output",
        number,
        check.digest,
        state,
        check.digest,
        detail=detail,
        why=why,
        by=decision.reviewer,
        each_time=True,
    )
    write_atomically(folder / f"{check.digest}.json", (json.dumps(record, indent=1) + "\n").encode())


def _let_out(databank: Databank, number: str, digest: str) -> list[dict[str, Counts]]:
    """Counts by measure of every output of the project that was approved, but this very file."""
    found: list[dict[str, Counts]] = []
    for path in sorted(_folder(databank, number).glob("*.json")):
        record = json.loads(path.read_text())
        if record["decision"] == "approved" and path.stem != digest:
            found.append({measure: dict(map(_cell, cells)) for measure, cells in record["tables"].items()})
    return found


def _cell(kept: list[Any]) -> tuple[Cell, int | None]:
    cell, count = kept
    return tuple((dimension, value) for dimension, value in cell), count


def _folder(databank: Databank, number: str) -> Path:
    return databank.settings.zone("databank") / "projects" / number / "outputs"
