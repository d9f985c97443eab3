"""The life of a project: requested, approved, provided, expired, destroyed, each step an entry of the audit log.

What a project may have stands in its file; here stands who took which step, when and why. A destroyed project stays
destroyed: its number gets no keys and no extract again.
"""

import shutil
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, Literal

from fjo_pipeline.core.audit import AuditEntry
from fjo_pipeline.core.errors import FjoError, Refused
from fjo_pipeline.databank.flow import Databank
from fjo_pipeline.databank.projects.grants import Project, load_project, project_numbers
from fjo_pipeline.databank.projects.places import project_file, project_folder, project_keys

Step = Literal["requested", "approved", "provided", "expired", "destroyed"]
KEPT = ("records", "outputs")
"""What of a destroyed project's folder stays: what was provided and let out, in counts, digests and decisions."""


def history(databank: Databank, number: str) -> list[AuditEntry]:
    """Every step of a project, in order."""
    return databank.audit.entries("project", number)


def last_step(databank: Databank, number: str, *steps: Step) -> AuditEntry | None:
    """The last step of a project, or the last of these; None where there is none."""
    found = [each for each in history(databank, number) if not steps or each.step in steps]
    return found[-1] if found else None


def assert_not_destroyed(databank: Databank, number: str) -> None:
    """Refused, with the reason of that time, where a project was destroyed."""
    gone = last_step(databank, number, "destroyed")
    if gone is not None:
        raise Refused(
            f"project {number} was destroyed on {gone.at[:10]} by {gone.who} ({gone.why}); it gets neither keys nor an "
            "extract again: a new application has a new number"
        )


def note_request(databank: Databank, project: Project, by: str | None = None) -> None:
    """Enter that a project has been asked for, when its file is first seen."""
    if last_step(databank, project.number, "requested") is None:
        _add(databank, project.number, "requested", project.purpose, by, {"title": project.title})


def note_approval(databank: Databank, project: Project) -> None:
    """Enter the approvals that the project file names, where they are not those that were entered last."""
    last = last_step(databank, project.number, "approved")
    if last is None or last.detail != _approvals(project) or _has_expired_since(databank, last):
        _add(databank, project.number, "approved", _approval_in_words(project), None, _approvals(project))


def approve_project(databank: Databank, number: str, today: date, by: str | None, reason: str) -> None:
    """Enter that somebody has looked at a project's approvals and found them right.

    Refused where the project was destroyed, its file is not right, or its approval has ended.
    """
    assert_not_destroyed(databank, number)
    project = load_project(number, databank.settings.projects)
    if project.approval.valid_until < today:
        raise Refused(f"project {number}: {_approval_in_words(project)} and has ended; renew it in the project file")
    note_request(databank, project)
    why = f"{reason}; {_approval_in_words(project)}" if reason else _approval_in_words(project)
    _add(databank, number, "approved", why, by, _approvals(project))


def note_provided(databank: Databank, number: str, detail: dict[str, Any]) -> None:
    """Enter that an extract was made, and which."""
    _add(databank, number, "provided", "an extract was made", None, detail)


def note_expired(databank: Databank, today: date, numbers: Iterable[str] | None = None) -> list[str]:
    """Enter of each project (of all, unless told) whose approval has ended that it has; returns their numbers."""
    found = []
    for number, until in _ended(databank, today, numbers):
        if (last := last_step(databank, number)) is None or last.step != "expired":
            why = f"the approval ended on {until}"
            _add(databank, number, "expired", why, None, {"valid_until": until.isoformat()})
            found.append(number)
    return found


def due_for_destruction(databank: Databank, today: date) -> list[tuple[str, date]]:
    """The projects whose approval has ended and that still hold keys or an extract, and when it ended."""
    return [(number, until) for number, until in _ended(databank, today) if remains(databank, number)]


def known_projects(databank: Databank) -> list[str]:
    """The numbers of all projects that have a file, or had one."""
    return sorted(
        {each.name for each in databank.audit.entries("project")} | {*project_numbers(databank.settings.projects)}
    )


def remains(databank: Databank, number: str) -> bool:
    """Whether anything is here with which a project's data could be read or provided."""
    return any(map(databank.keyring.has, project_keys(number))) or bool(_leftovers(databank, number))


def destroy_project(databank: Databank, number: str, by: str | None, reason: str) -> None:
    """Destroy a project's keys for ever, and with them its extracts, exports and workspace; safe to repeat.

    The entry comes first: whatever stops the step, nothing is given out any more, and the same command ends it. Copies
    whose key a researcher holds are out of reach, and so are backups made with other tools. Refused without a reason,
    for a project that never was, and for one that is wholly destroyed already.
    """
    if not reason.strip():
        raise Refused("a project is destroyed for a reason: say it with --reason")
    known = history(databank, number) or project_file(databank, number).is_file()
    if not known and not remains(databank, number):
        raise Refused(f"there is no project {number}")
    if last_step(databank, number, "destroyed") is None:
        _add(databank, number, "destroyed", reason, by, {"keys": _fingerprints(databank, number)})
    elif not remains(databank, number):
        assert_not_destroyed(databank, number)
    databank.keyring.destroy(project_keys(number))
    for path in _leftovers(databank, number):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    databank.pins.drop(number)
    databank.ledger.forget("extract", "project", number, "provided")
    databank.ledger.record("extract", "project", number, "destroyed", "")


def _ended(databank: Databank, today: date, numbers: Iterable[str] | None = None) -> Iterator[tuple[str, date]]:
    """Every project that is not destroyed and whose approval has ended, and when."""
    for number in known_projects(databank) if numbers is None else numbers:
        until = _approved_until(databank, number)
        if until is not None and until < today and last_step(databank, number, "destroyed") is None:
            yield number, until


def _approved_until(databank: Databank, number: str) -> date | None:
    """The day on which a project's approval ends: by its file, or where that is gone by what was entered last."""
    try:
        return load_project(number, databank.settings.projects).approval.valid_until
    except FjoError:
        last = last_step(databank, number, "approved")
    return date.fromisoformat(last.detail["project"]["valid_until"]) if last else None


def _has_expired_since(databank: Databank, approved: AuditEntry) -> bool:
    expired = last_step(databank, approved.name, "expired")
    return expired is not None and expired.number > approved.number


def _approvals(project: Project) -> dict[str, Any]:
    named = {"project": project.approval} | {
        f"dataset {name}": each.approval for name, each in project.datasets.items()
    }
    return {name: each.model_dump(mode="json") for name, each in sorted(named.items())}


def _approval_in_words(project: Project) -> str:
    approval = project.approval
    return (
        f"the approval {approval.reference} of {approval.by} holds from {approval.valid_from} "
        f"until {approval.valid_until}"
    )


def _leftovers(databank: Databank, number: str) -> list[Path]:
    return [path for path in sorted(project_folder(databank, number).glob("*")) if path.name not in KEPT]


def _fingerprints(databank: Databank, number: str) -> dict[str, str]:
    keyring = databank.keyring
    return {name: keyring.fingerprint(name) for name in project_keys(number) if keyring.has(name)}


def _add(
    databank: Databank, number: str, step: Step, why: str, by: str | None, detail: dict[str, Any] | None = None
) -> None:
    databank.audit.add("project", number, step, why, by=by, detail=detail)
