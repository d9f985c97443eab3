"""The commands of `fjo project` about a project's life and its earlier extracts; thin, each one call."""

import json
from datetime import date
from typing import Annotated

import typer

from fjo_pipeline.core.settings import Settings

By = Annotated[str | None, typer.Option(help="Who decided; the account under which this runs if left out.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]


def add_project_commands(app: typer.Typer) -> None:
    """Put these commands under `fjo project`."""
    for name, command in (
        ("approve", approve),
        ("history", show_history),
        ("verify", verify),
        ("diff", diff),
        ("destroy", destroy),
    ):
        app.command(name)(command)


def approve(
    number: str, by: By = None, reason: Annotated[str, typer.Option(help="Why, or what was looked at.")] = ""
) -> None:
    """Enter that a project's approvals were looked at and found right."""
    from fjo_pipeline.databank.flow import Databank
    from fjo_pipeline.databank.projects.lifecycle import approve_project, last_step

    databank = Databank(Settings())
    approve_project(databank, number, date.today(), by, reason)
    entered = last_step(databank, number)
    print(f"project {number}: {entered.step} by {entered.who}: {entered.why}" if entered else "")


def show_history(number: str, as_json: AsJson = False) -> None:
    """Every step of a project: when, by whom, and why."""
    from dataclasses import asdict

    from fjo_pipeline.core.errors import Refused
    from fjo_pipeline.databank.flow import Databank
    from fjo_pipeline.databank.projects.lifecycle import history

    steps = history(Databank(Settings()), number)
    if not steps:
        raise Refused(f"nothing is known of a project {number}")
    if as_json:
        print(json.dumps([asdict(each) for each in steps], indent=1))
        return
    for each in steps:
        what = f" {each.detail['extract']}" if each.step == "provided" else ""
        print(f"{each.at}  {each.step + what:<12} {each.who}: {each.why}")


def verify(
    number: str,
    extract: Annotated[int | None, typer.Option(help="The number of an earlier extract.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make an extract again from its pins, and compare it with what was provided, table by table."""
    from fjo_pipeline.databank.flow import Databank
    from fjo_pipeline.databank.projects.verifying import verify_extract

    found = verify_extract(Databank(Settings()), number, extract)
    if as_json:
        print(json.dumps(found.as_json(), indent=1))
    else:
        for name, verdict in found.tables.items():
            print(f"{name:<55} {verdict}")
        for each in found.since:
            print(f"changed since: {each}")
        print(f"the file that was provided: {found.file}")
        print(found.said)
    if not found.sound:
        raise typer.Exit(1)


def diff(
    number: str,
    before: Annotated[str, typer.Argument(metavar="A", help="An extract's number, or a refresh, YYYYMMDD.")],
    after: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    as_json: AsJson = False,
) -> None:
    """Compare two extracts of a project, or two refreshes in its last one: rows added, gone, changed, by table."""
    from fjo_pipeline.databank.flow import Databank
    from fjo_pipeline.databank.projects.comparing import compare

    found = compare(Databank(Settings()), number, before, after)
    if as_json:
        print(json.dumps(found.as_json(), indent=1))
        return
    print(f"{'table':<55} {'added':>10} {'gone':>10} {'changed':>10}")
    for each in found.changes:
        counts = each.shown(found.threshold)
        columns = f"  columns: {', '.join(each.columns)}" if each.columns else ""
        print(f"{each.after:<55} {counts['added']:>10} {counts['gone']:>10} {counts['changed']:>10}{columns}")
    for name in found.only_before:
        print(f"{name:<55} only in {before}")
    for name in found.only_after:
        print(f"{name:<55} only in {after}")


def destroy(number: str, reason: Annotated[str, typer.Option(help="Why; it is kept.")] = "", by: By = None) -> None:
    """Destroy a project's keys for ever, and with them its extracts; what was provided stays on record."""
    from fjo_pipeline.databank.flow import Databank
    from fjo_pipeline.databank.projects.lifecycle import destroy_project

    destroy_project(Databank(Settings()), number, by, reason)
    print(
        f"project {number}: its keys, extracts, exports and workspace are destroyed. Backups of the keyring that were "
        "made with other tools, and copies whose key a researcher holds, are not"
    )
