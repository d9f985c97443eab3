"""A project file written by asking: `fjo project new`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from fjo_pipeline.core.contracts import datasets, registers
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import write_atomically
from fjo_pipeline.databank.flow import Databank
from fjo_pipeline.databank.projects.cohort_sql import definition_names
from fjo_pipeline.databank.projects.project_file import Project

Ask = Callable[[str, str], str]
"""Asks a question and returns the answer, the second text where there is none."""
SAFES = {
    "projects": "Safe projects: why is this a use of the data in the public interest",
    "people": "Safe people: who will use the data, with which accreditation",
    "data": "Safe data: why is this the least data that will do",
    "settings": "Safe settings: where will the data be used",
    "outputs": "Safe outputs: what will be let out, and who checks it",
}


def new_project(databank: Databank, number: str, ask: Ask) -> Path:
    """Ask for all that a project file says, write it, and return its path.

    Refused where the number is none or taken (a destroyed project's is taken for good), or the answers make no project
    file; then nothing is written.
    """
    path = databank.settings.projects / f"{number}.yaml"
    _assert_free(databank, number, path)
    answers: dict[str, Any] = {"number": number}
    for key, question in (
        ("title", "Title"), ("lead", "Lead researcher"), ("organisation", "Organisation"), ("purpose", "Purpose"),
    ):  # fmt: skip
        answers[key] = ask(question, "")
    answers["approval"] = _approval(ask, "the project")
    answers["five_safes"] = {key: ask(question, "") for key, question in SAFES.items()}
    answers["small_area"] = ask("Smallest area given (lsoa, local_authority, region or none)", "none")
    answers["match_statuses"] = _list(ask("Match statuses wanted (all, or such as 1, 4, 39)", "all"))
    if cohort := _definition(ask, "Cohort"):
        answers["cohort"] = cohort
        if comparison := _definition(ask, "Comparison group"):
            answers["comparison"] = comparison | _matched(ask)
    known = sorted(
        each.name for each in (*datasets(databank.settings.contracts), *registers(databank.settings.contracts))
    )
    answers["datasets"] = {}
    while name := ask(f"Dataset (empty: no more; there are {', '.join(known)})", ""):
        answers["datasets"][name] = _dataset(ask, name, known)
    _assert_whole(answers)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, yaml.safe_dump(answers, sort_keys=False, allow_unicode=True, width=110).encode())
    return path


def _assert_free(databank: Databank, number: str, path: Path) -> None:
    if len(number) != 4 or not number.isascii() or not number.isdigit():
        raise Refused(f"a project's number has four digits, and {number} has not")
    if path.is_file():
        raise Refused(f"the number {number} is taken: there is {path.name}; take another number")
    known = databank.ledger.last("keys", "project", number, "accepted") is not None
    if known or (databank.settings.extracts / number).exists():
        raise Refused(f"the number {number} is taken: this databank has had a project of that number; take another one")


def _assert_whole(answers: dict[str, Any]) -> None:
    try:
        Project.model_validate(answers)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, each['loc'])) or 'the file'}: {each['msg']}" for each in error.errors()]
    else:
        return
    raise Refused("these answers make no project file, and none was written:\n  " + "\n  ".join(problems))


def _approval(ask: Ask, of: str) -> dict[str, str]:
    return {
        "by": ask(f"Who approved {of}", ""),
        "reference": ask(f"Reference of that approval of {of}", ""),
        "valid_from": ask("Approved from (YYYY-MM-DD)", ""),
        "valid_until": ask("Approved until (YYYY-MM-DD)", ""),
    }


def _definition(ask: Ask, what: str) -> dict[str, str]:
    answer = ask(f"{what} (empty: none; one of {', '.join(definition_names())}; or SQL on one line)", "")
    if not answer:
        return {}
    return {"definition": answer} if answer.isidentifier() else {"sql": answer}


def _matched(ask: Ask) -> dict[str, Any]:
    number = ask("How many of the comparison group for each person of the cohort (empty: all of them)", "")
    if not number:
        return {}
    alike = ask("Alike in what", "gender, year_of_birth")
    return {"matched": {"per_person": number, "alike_in": _list(alike)}}


def _dataset(ask: Ask, name: str, known: list[str]) -> dict[str, Any]:
    if name not in known:
        raise Refused(f"there is no dataset {name}; known are: {', '.join(known)}")
    granted: dict[str, Any] = {"approval": _approval(ask, name)}
    granted["tables"] = _list(ask(f"Tables of {name} (all, or their names)", "all"))
    if tables := ask("Special-access tables granted besides (empty: none)", ""):
        granted["special_access"] = [{"reference": ask("Reference of that grant", ""), "tables": _list(tables)}]
    granted["refreshes"] = _list(ask("Refreshes (all, latest, or dates YYYYMMDD)", "all"))
    return granted


def _list(answer: str) -> str | list[str]:
    """`all` or `latest` as it is, anything else as a list of its parts."""
    return answer if answer in ("all", "latest") else [each.strip() for each in answer.split(",") if each.strip()]
