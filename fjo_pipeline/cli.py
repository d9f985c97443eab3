"""The `fjo` command: thin, each subcommand one call. Exit 0 done, 1 refused or failed, 2 wrong usage."""

import json
import sys
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from fjo_pipeline.core.errors import FjoError
from fjo_pipeline.core.exhaustion import exhausted_by, in_words
from fjo_pipeline.core.processes import guard_process
from fjo_pipeline.core.settings import ZONES, Settings, Zone
from fjo_pipeline.key_commands import keys_app
from fjo_pipeline.options import AsCsv, AsJson, form_of, progress
from fjo_pipeline.optout_commands import optout_app
from fjo_pipeline.project_commands import project_app

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Family-justice data, split, linked and provided.",
)
contract_app = typer.Typer(no_args_is_help=True, help="Contracts: check one before it becomes a source.")
deposit_app = typer.Typer(no_args_is_help=True, help="Deposits: check one, or put it into landing.")
register_app = typer.Typer(no_args_is_help=True, help="The population register at the TTP.")
reference_app = typer.Typer(no_args_is_help=True, help="Reference files of the TTP and the databank.")
linkage_app = typer.Typer(no_args_is_help=True, help="The linkage, measured against truth.")
output_app = typer.Typer(no_args_is_help=True, help="What researchers wish to let out: check it.")
audit_app = typer.Typer(no_args_is_help=True, help="Who did what, when and why.")
for name, each in (
    ("contract", contract_app),
    ("deposit", deposit_app),
    ("register", register_app),
    ("reference", reference_app),
    ("linkage", linkage_app),
    ("optout", optout_app),
    ("project", project_app),
    ("output", output_app),
    ("keys", keys_app),
    ("audit", audit_app),
):
    app.add_typer(each, name=name)

ZoneOption = Annotated[
    str | None, typer.Option("--zone", help=f"One of {', '.join(ZONES)}; all that are here if left out.")
]


def main() -> None:
    """Run the command; a refusal ends in one message on stderr and exit code 1, never in a traceback."""
    guard_process()
    try:
        app(standalone_mode=True)
    except FjoError as error:
        print(f"fjo: {error}", file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        if what := exhausted_by(error):
            print(f"fjo: {in_words(what, 'the machine')}", file=sys.stderr)
            sys.exit(1)
        # Its text may quote a value; the class and the place are enough to find it.
        place = traceback.extract_tb(error.__traceback__)[-1]
        print(f"fjo: unexpected {type(error).__name__} at {Path(place.filename).name}:{place.lineno}", file=sys.stderr)
        sys.exit(1)


@app.command()
def init(zone: ZoneOption = None) -> None:
    """Make the home: folders, keyrings, stores, Dagster's instance. Safe to repeat."""
    from fjo_pipeline.home import init_home

    settings = Settings()
    for name, fingerprint in init_home(settings, _zones(zone)).items():
        print(f"{name:<9} {fingerprint}  {settings.zone(name)}")


@app.command()
def demo(as_json: AsJson = False) -> None:
    """Made-up people through the whole chain, to a project's extract, with match rates against the truth."""
    from fjo_pipeline.demo import run_demo, summary

    result = run_demo(Settings(), progress)
    print(json.dumps(asdict(result), indent=1) if as_json else summary(result))


@app.command()
def synth(
    dataset: Annotated[str, typer.Option(help="The dataset to make up a deposit of.")],
    out: Annotated[Path, typer.Option(help="Where deposit, register, reference and truth.parquet go.")],
    people: Annotated[int, typer.Option(help="People in the deposit.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same world.")] = 1,
    refresh: Annotated[str, typer.Option(help="YYYYMMDD; a later one shows the same world later.")] = "20240111",
    register_people: Annotated[
        int | None, typer.Option(help="People on the register; ten a person if left out.")
    ] = None,
) -> None:
    """Make up a deposit of any dataset that has a contract, its register, and the truth that links them."""
    from fjo_pipeline.synthetic import write_synthetic

    files = write_synthetic(
        dataset, people, seed, refresh, out, register_people=register_people, contracts=Settings().contracts
    )
    for path in (files.deposit, files.register, files.postcodes, *files.reference, files.truth):
        if path is not None:
            print(path)


@contract_app.command("check")
def contract_check(path: Annotated[Path, typer.Argument(metavar="FILE")], as_json: AsJson = False) -> None:
    """Say what is wrong with a contract, at its line, and which names another contract claims already."""
    from fjo_pipeline.core.contract_checking import check_contract

    report = check_contract(path, Settings().contracts)
    print(json.dumps(report.as_json(), indent=1) if as_json else report)
    if not report.good:
        raise typer.Exit(1)


@deposit_app.command("check")
def deposit_check(path: Path, as_json: AsJson = False) -> None:
    """Check a deposit (folder or .zip) against its contract without taking it."""
    from fjo_pipeline.provider.landing import check_deposit

    report = check_deposit(Settings(), path)
    print(json.dumps(report.as_json(), indent=1) if as_json else f"{path.name}: {report}")
    if not report.good:
        raise typer.Exit(1)


@deposit_app.command("add")
def deposit_add(path: Path) -> None:
    """Put a deposit into landing."""
    from fjo_pipeline.provider.landing import add_deposit

    dataset, refresh, is_new = add_deposit(Settings(), path)
    print(f"{dataset}/{refresh} {'is in landing' if is_new else 'was there already: nothing to do'}")


@register_app.command("add")
def register_add(path: Path) -> None:
    """Load a population register in place of the one that is there."""
    from fjo_pipeline.ttp.flow import Ttp, load_register

    version, people = load_register(Ttp(Settings()), path)
    print(f"register {version}: {people:,} people")


@reference_app.command("add")
def reference_add(
    name: str,
    path: Path,
    vintage: Annotated[str | None, typer.Option(help="The vintage, where the file does not tell it.")] = None,
) -> None:
    """Load a reference file: postcode_to_lsoa and linkage_truth at the TTP, others at the databank."""
    from fjo_pipeline.reference import add_reference_file

    loaded = add_reference_file(Settings(), name, path, vintage)
    print(f"{name}: {loaded.rows:,} rows" + (f", vintage {loaded.vintage}" if loaded.vintage else ""))
    for note in loaded.notes:
        print(f"  {note}")


@app.command("refresh")
def refresh_command(
    dataset: Annotated[str | None, typer.Option(help="Only this dataset.")] = None,
    deposit: Annotated[str | None, typer.Option(help="Only this refresh date, YYYYMMDD.")] = None,
    zone: ZoneOption = None,
) -> None:
    """Run what is due, headless: the same assets and checks as the Dagster UI."""
    from fjo_pipeline.refreshing import Wanted, refresh

    chosen = _zones(zone)[0] if zone else None
    report = refresh(Settings(), Wanted(dataset, deposit, chosen), progress)
    if not report.done and not report.failures and not report.destroyed:
        print("nothing is due")
    for task in report.done:
        print(f"done: {task}")
    for gone in report.destroyed:
        print(f"destroyed, its days are over: {gone}")
    for failure in report.failures:
        print(f"fjo: {failure}", file=sys.stderr)
    if report.failures:
        raise typer.Exit(1)


@app.command()
def status(as_json: AsJson = False) -> None:
    """What is in, what is due, match rates, last failures."""
    from fjo_pipeline.status import home_status, shown

    found = home_status(Settings())
    print(json.dumps(found, indent=1) if as_json else shown(found))


@linkage_app.command("evaluate")
def linkage_evaluate(
    register: Annotated[Path, typer.Option(help="Parquet: register_id and the standard columns.")],
    people: Annotated[Path, typer.Option(help="Parquet: person_id and the standard columns.")],
    truth: Annotated[Path, typer.Option(help="Parquet: person_id, register_id (null: on no register).")],
    model: Annotated[
        Literal["shipped", "train"], typer.Option(help="The shipped model, or one trained here.")
    ] = "shipped",
    min_probability: Annotated[
        float | None, typer.Option(min=0, max=1, help="In place of the shipped threshold.")
    ] = None,
    links: Annotated[Path | None, typer.Option(help="Write each person's link here, Parquet.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the scores here, JSON.")] = None,
) -> None:
    """Link Parquet files of standard columns and score the links against truth."""
    import tempfile

    from fjo_pipeline.ttp.linkage.evaluate import evaluate

    settings = Settings()
    with tempfile.TemporaryDirectory(prefix="fjo-") as scratch:
        result = evaluate(
            register,
            people,
            truth,
            model=model,
            min_probability=min_probability,
            links=links,
            temp_directory=Path(scratch),
            memory_limit=settings.memory_limit,
            threads=settings.threads,
            engine=settings.linkage_engine,
        )
    if json_file is not None:
        json_file.write_text(json.dumps(result.as_dict(), indent=1) + "\n")
    _print_mapping(result.as_dict())


@output_app.command("check")
def output_check(
    number: str,
    file: Path,
    count: Annotated[list[str] | None, typer.Option(help="A column of counts; may be given again.")] = None,
    decision: Annotated[
        Literal["approved", "refused"] | None, typer.Option(help="The reviewer's decision, to be recorded.")
    ] = None,
    reviewer: Annotated[str, typer.Option(help="Who decides.")] = "",
    reason: Annotated[str, typer.Option(help="Why a table that does not fit is let out all the same.")] = "",
    as_json: AsJson = False,
) -> None:
    """Check a researcher's table of counts (CSV) against the project's disclosure policy, cell by cell."""
    from datetime import date

    from fjo_pipeline.databank.flow import Databank
    from fjo_pipeline.databank.projects.outputs import Decision, check_output, decide

    if decision and not reviewer:
        raise typer.BadParameter("a decision needs --reviewer")
    databank = Databank(Settings())
    check = check_output(databank, number, file, tuple(count or ()))
    found = check.as_json()
    if as_json:
        print(json.dumps(found, indent=1))
    else:
        for each in found["verdicts"]:
            print(f"line {each['line']}, {each['column']}: {each['verdict']}")
        print(f"{found['cells_that_fit']} of {found['cells']} cells fit policy {found['policy']}")
    if decision:
        decide(databank, number, check, Decision(decision, reviewer, date.today(), reason))
    elif not check.fits:
        raise typer.Exit(1)


@app.command("publish")
def publish_command(
    policy: Annotated[str, typer.Option(help="A shipped disclosure policy, or a file of your own.")] = "sail-2025",
    as_json: AsJson = False,
) -> None:
    """Publish the release: tables as CSV with their disclosure record, and the bulletin."""
    from fjo_pipeline.databank.flow import Databank
    from fjo_pipeline.databank.publishing.publish import publish, summary

    made = publish(Databank(Settings()), policy)
    print(json.dumps(made.as_json(), indent=1) if as_json else summary(made))


@app.command()
def catalogue(
    out: Annotated[Path, typer.Option(help="The folder that the pages go to.")] = Path("catalogue"),
    contact: Annotated[str, typer.Option(help="Whom to ask about access; shown as it stands.")] = "",
) -> None:
    """Make the public catalogue: pages from contracts and released counts alone, and a made-up extract."""
    from fjo_pipeline.catalogue import make_catalogue

    made = make_catalogue(Settings(), out, progress, contact=contact)
    print(f"{made.datasets} datasets, {made.released} with a released refresh, {len(made.files)} files")
    if not made.made_up:
        print("no made-up extract: the sample project 1661 is not among the project files")
    print(made.folder / "index.html")


@app.command("sql")
def sql_command(sql: str, as_csv: AsCsv = False, as_json: AsJson = False) -> None:
    """Run read-only SQL on the databank's store, at the released snapshot."""
    from fjo_pipeline.databank.flow import Databank, query
    from fjo_pipeline.output import print_table

    print_table(query(Databank(Settings()), sql), form_of(as_csv, as_json))


@audit_app.command("verify")
def audit_verify(
    head: Annotated[
        str | None, typer.Option(help="A head noted before, which must still be there; the databank's unless told.")
    ] = None,
    zone: ZoneOption = None,
) -> None:
    """Look whether any entry of a zone's audit log is altered, missing, put in by hand or in another's place."""
    from fjo_pipeline.logs import verify_logs

    verified = verify_logs(Settings(), _zones_wanted(zone), {_zones(zone or "databank")[0]: head} if head else {})
    for each in verified:
        print("\n".join(f"zone {each.zone}: {problem}" for problem in each.problems) or str(each))
    if any(each.problems for each in verified):
        raise typer.Exit(1)


@audit_app.command("show")
def audit_show(
    zone: ZoneOption = None,
    kind: Annotated[str | None, typer.Option(help="Only of this kind: deposit, file_1, key, project, …")] = None,
    name: Annotated[str | None, typer.Option(help="Only about this: a dataset/refresh, a project's number, …")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the audit log of each zone that is here: who did what, when and why."""
    from fjo_pipeline.core.ledger import open_ledger

    settings = Settings()
    found = {each: open_ledger(settings, each).log.entries(kind, name) for each in _zones_wanted(zone)}
    if as_json:
        print(json.dumps({each: [asdict(entry) for entry in entries] for each, entries in found.items()}, indent=1))
        return
    for each, entries in found.items():
        for entry in entries:
            print(f"{each:<9} {entry.number:>5} {entry.at[:19]} {entry.who}: {entry}")


@app.command()
def doctor(
    mend: Annotated[bool, typer.Option("--mend", help="First take away what killed steps have left.")] = False,
    leaks: Annotated[
        bool, typer.Option("--leaks", help="Search everything outside the provider's and the TTP's stores.")
    ] = False,
    also: Annotated[list[Path] | None, typer.Option(help="With --leaks: search this too; may be given again.")] = None,
    as_json: AsJson = False,
) -> None:
    """What is wrong with this home, and the mend; with --leaks whether an identifier or key lies where it must not."""
    from fjo_pipeline.doctor import examine, mend_leftovers

    if leaks:
        _hunt_leaks(also or [], as_json)
        return
    if also:
        raise typer.BadParameter("--also goes with --leaks")
    for gone in mend_leftovers(Settings()) if mend else ():
        progress(f"taken away: {gone}")
    problems = examine(Settings())
    if as_json:
        print(json.dumps(problems, indent=1))
    else:
        print("\n".join(problems) or "this home is sound")
    if problems:
        raise typer.Exit(1)


def _hunt_leaks(also: list[Path], as_json: bool) -> None:
    from fjo_pipeline.leaks.hunting import hunt

    found = hunt(Settings(), also)
    print(json.dumps(found.as_json(), indent=1) if as_json else found)
    if found.hits:
        raise typer.Exit(1)


def _zones_wanted(zone: str | None) -> tuple[Zone, ...]:
    """The zones of this home, or the one that is named of them."""
    from fjo_pipeline.home import zones_here

    here = zones_here(Settings())
    return tuple(each for each in _zones(zone) if each in here)


def _zones(zone: str | None) -> tuple[Zone, ...]:
    if zone is None:
        return ZONES
    chosen = tuple(each for each in ZONES if each == zone)
    if not chosen:
        raise typer.BadParameter(f"a zone is one of {', '.join(ZONES)}")
    return chosen


def _print_mapping(values: dict[str, Any], indent: str = "") -> None:
    for key, value in values.items():
        if isinstance(value, dict):
            print(f"{indent}{key}:")
            _print_mapping(value, indent + "  ")
        else:
            print(f"{indent}{key}: {value}")


if __name__ == "__main__":
    main()
