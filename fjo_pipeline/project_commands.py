"""The commands of `fjo project`; thin, each one call."""

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import typer

from fjo_pipeline.core.settings import Settings
from fjo_pipeline.options import AsCsv, AsJson, form_of, progress

project_app = typer.Typer(no_args_is_help=True, help="Research projects: extract, query, export; their life.")
By = Annotated[str | None, typer.Option(help="Who decided; the account under which this runs if left out.")]


@project_app.command("new")
def project_new(number: str) -> None:
    """Write a project file by asking; answers may also come on stdin, one a line."""
    from fjo_pipeline.databank.flow import Databank
    from fjo_pipeline.databank.projects.asking import new_project

    def ask(question: str, otherwise: str) -> str:
        return str(typer.prompt(question, default=otherwise, show_default=bool(otherwise))).strip()

    print(new_project(Databank(Settings()), number, ask))
    print(f"`fjo init` makes its keys; `fjo project check {number}` says what it would be given")


@project_app.command("check")
def project_check(number: str, as_json: AsJson = False) -> None:
    """Say what a project would be given: tables, columns, rows, people; and what is refused, and why."""
    from fjo_pipeline.databank.flow import Databank
    from fjo_pipeline.databank.projects.preview import preview

    found = preview(Databank(Settings()), number, date.today())
    if as_json:
        print(json.dumps(found.as_json(), indent=1))
    else:
        for people in found.people:
            print(f"{people.dataset}/{people.refresh}: {found.shown(people.people)} people")
        for table in found.tables:
            print(f"{table.table:<45} {found.shown(table.rows):>12} rows  {', '.join(table.columns)}")
        for reason in found.refused:
            print(f"refused: {reason}")
    if found.refused:
        raise typer.Exit(1)


@project_app.command("extract")
def project_extract(
    number: str, refresh: Annotated[str | None, typer.Option(help="Only this refresh, YYYYMMDD.")] = None
) -> None:
    """Make a project's extract from the released snapshot."""
    from fjo_pipeline.databank.flow import Databank
    from fjo_pipeline.databank.projects.extract import make_extract

    extract = make_extract(Databank(Settings()), number, date.today(), refresh)
    for name in sorted(extract.tables):
        print(f"{name:<55} {extract.tables[name]['rows']:>10,}")
    print(f"project {number}: {len(extract.tables)} tables, {extract.rows:,} rows, snapshot {extract.snapshot}")


@project_app.command("sql")
def project_sql(number: str, sql: str, as_csv: AsCsv = False, as_json: AsJson = False) -> None:
    """Run SQL on a project's extract, as its analyst sees it."""
    from fjo_pipeline.databank.flow import Databank
    from fjo_pipeline.databank.projects.analyst import query
    from fjo_pipeline.output import print_table

    print_table(query(Databank(Settings()), number, sql), form_of(as_csv, as_json))


@project_app.command("export")
def project_export(
    number: str,
    form: Annotated[Literal["csv", "parquet", "stata"], typer.Option("--format", help="The files' format.")],
    out: Annotated[Path | None, typer.Option(help="Elsewhere than the workspace: made-up data only.")] = None,
) -> None:
    """Write an extract's tables as files, inside the project's own workspace."""
    from fjo_pipeline.databank.flow import Databank
    from fjo_pipeline.databank.projects.analyst import export

    files = export(Databank(Settings()), number, form, out)
    print(f"{len(files)} files in {files[0].parent if files else 'no folder'}")


@project_app.command("open")
def project_open(
    number: str,
    key_file: Annotated[
        Path | None, typer.Option(help="Write the key to this new file, to be handed over apart from the extract.")
    ] = None,
    recipient: Annotated[str | None, typer.Option(help="Seal the key file to this age public key (age1…).")] = None,
    as_json: AsJson = False,
) -> None:
    """Print how to attach a project's extract and its analyst's own file, in SQL, Python and R."""
    from fjo_pipeline.databank.flow import Databank
    from fjo_pipeline.databank.projects.opening import how_to_open, write_key

    if recipient and not key_file:
        raise typer.BadParameter("--recipient says who may open the key file: name it by --key-file")
    databank = Databank(Settings())
    how = how_to_open(databank, number)
    if key_file:
        write_key(databank, number, key_file, recipient)
    if as_json:
        print(json.dumps(asdict(how), indent=1))
        return
    for language, code in (("SQL", how.sql), ("Python", how.python), ("R", how.r)):
        print(f"--- {language} ---\n{code}\n")
    if key_file:
        print(
            f"The key is in {key_file}{', sealed to its recipient' if recipient else ''}: hand it over apart from the"
        )
        print("extract, by another way than the one that the extract went, and delete it here.")
    else:
        print(f"The key goes apart from the file: `fjo project open {number} --key-file FILE [--recipient age1…]`.")


@project_app.command("synth")
def project_synth(
    number: str,
    people: Annotated[int, typer.Option(help="Made-up people in each dataset.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same people.")] = 1,
    refresh: Annotated[
        str, typer.Option(help="YYYYMMDD, for datasets of which the project pins and the home holds none.")
    ] = "20240111",
    out: Annotated[Path | None, typer.Option(help="Elsewhere than the project's folder.")] = None,
) -> None:
    """Make an extract of the same shape as the project's own, of made-up people; no approval is needed."""
    from fjo_pipeline.project_synth import FILE, synthesise_project

    made = synthesise_project(Settings(), number, progress, people=people, seed=seed, refresh=refresh, out=out)
    for name in sorted(made.extract.tables):
        print(f"{name:<55} {made.extract.tables[name]['rows']:>10,}")
    print(f"MADE-UP DATA: project {number}: {len(made.extract.tables)} tables, {made.extract.rows:,} rows")
    print(made.folder / FILE)


@project_app.command("approve")
def project_approve(
    number: str, by: By = None, reason: Annotated[str, typer.Option(help="Why, or what was looked at.")] = ""
) -> None:
    """Enter that a project's approvals were looked at and found right."""
    from fjo_pipeline.databank.flow import Databank
    from fjo_pipeline.databank.projects.lifecycle import approve_project, last_step

    databank = Databank(Settings())
    approve_project(databank, number, date.today(), by, reason)
    entered = last_step(databank, number)
    print(f"project {number}: {entered.step} by {entered.who}: {entered.why}" if entered else "")


@project_app.command("history")
def project_history(number: str, as_json: AsJson = False) -> None:
    """Every step of a project: when, by whom, and why."""
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


@project_app.command("verify")
def project_verify(
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


@project_app.command("diff")
def project_diff(
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


@project_app.command("destroy")
def project_destroy(
    number: str, reason: Annotated[str, typer.Option(help="Why; it is kept.")] = "", by: By = None
) -> None:
    """Destroy a project's keys for ever, and with them its extracts; what was provided stays on record."""
    from fjo_pipeline.databank.flow import Databank
    from fjo_pipeline.databank.projects.lifecycle import destroy_project

    destroy_project(Databank(Settings()), number, by, reason)
    print(
        f"project {number}: its keys, extracts, exports and workspace are destroyed. Backups of the keyring that were "
        "made with other tools, and copies whose key a researcher holds, are not"
    )
