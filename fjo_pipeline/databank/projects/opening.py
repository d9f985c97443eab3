"""Opening an extract: a session that reads it, how its researcher attaches it, and the key's own way."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pyrage

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.sessions import Session, extension_path, literal, open_session
from fjo_pipeline.databank.flow import Databank
from fjo_pipeline.databank.projects.grants import load_project
from fjo_pipeline.databank.projects.places import extract_key, extract_path, project_keys
from fjo_pipeline.databank.projects.records import read_extract
from fjo_pipeline.databank.projects.worked import Opening, opening


@contextmanager
def opened(databank: Databank, number: str, files: Mapping[str, Path], *, lock: bool = True) -> Iterator[Session]:
    """A session that reads files of a project, each attached under its name in `files`.

    `lock` is as for `open_session`. KeyMissing, or StatementFailed.
    """
    settings, key = databank.settings, literal(extract_key(databank.keyring, number))
    with open_session(
        settings.temporary("databank"),
        memory_limit=settings.databank_memory_limit,
        limited_by="FJO_DATABANK_MEMORY_LIMIT",
        threads=settings.threads,
        lock=lock,
    ) as session:
        for name, path in files.items():
            session.run(f"ATTACH {literal(path)} AS {name} (ENCRYPTION_KEY {key}, READ_ONLY)", step="open an extract")
        yield session


def how_to_open(databank: Databank, number: str) -> Opening:
    """How a project's extract and its analyst's own file are attached from anywhere on this machine, without the key.

    Refused where there is no such project or extract, or an approval does not hold today.
    """
    project = load_project(number, databank.settings.projects)
    project.assert_approved(date.today())
    read_extract(databank, number)
    path = extract_path(databank, number).absolute()
    return opening(
        str(path),
        work=str(path.with_name(f"{project.work_schema}.duckdb")),
        work_schema=project.work_schema,
        csv=str(path.parent / "workspace" / "csv"),
        stata=str(path.parent / "workspace" / "stata"),
        httpfs=literal(extension_path("httpfs")),
    )


def write_key(databank: Databank, number: str, target: Path, recipient: str | None = None) -> None:
    """Write a project's key to a new file (0600), sealed to an age recipient where one is named; the audit log says so.

    Refused where the file is there, lies in the project's folder (the key goes apart from the data), or the recipient
    is none, and where the project is not approved today.
    """
    load_project(number, databank.settings.projects).assert_approved(date.today())
    read_extract(databank, number)
    if extract_path(databank, number).parent.resolve() in target.resolve().parents:
        raise Refused("the key goes to the researcher apart from the extract: name a file outside the project's folder")
    content = extract_key(databank.keyring, number).encode() + b"\n"
    if recipient is not None:
        try:
            content = pyrage.encrypt(content, [pyrage.x25519.Recipient.from_str(recipient)])
        except pyrage.RecipientError:
            raise Refused("--recipient is no age public key: it begins with age1") from None
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Refused(f"{target.name} is there already: name a new file for the key") from None
    with os.fdopen(descriptor, "wb") as file:
        # Before the key is written: none is out of which the log says nothing.
        which = {"fingerprint": databank.keyring.fingerprint(project_keys(number)[1]), "sealed": recipient is not None}
        why = "it was written into a file for the researcher"
        databank.audit.add("key", f"project/{number}", "handed over", why, detail=which)
        file.write(content)
