"""What several commands share: the options for scripts, and where progress goes."""

from typing import Annotated, Literal

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]


def form_of(as_csv: bool, as_json: bool) -> Literal["csv", "json", "table"]:
    """The form in which a result is printed; wrong usage where both are asked for."""
    if as_csv and as_json:
        raise typer.BadParameter("choose --csv or --json")
    return "csv" if as_csv else "json" if as_json else "table"


def progress(message: str) -> None:
    """Show how far long work is, apart from its result."""
    typer.echo(message, err=True)
