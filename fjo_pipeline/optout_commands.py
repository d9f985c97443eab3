"""`fjo optout`: opt-out and erasure at the TTP. Who it is comes by standard input or a file, never as an argument."""

import json
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import typer

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.options import AsJson

optout_app = typer.Typer(no_args_is_help=True, help="Opt-out and erasure at the TTP: whom nothing may be sent of.")


@optout_app.command("add")
def optout_add(
    details: Annotated[
        Path | None,
        typer.Option("--details", metavar="FILE", help="A file of `name: value` lines; standard input if left out."),
    ] = None,
    reason: Annotated[
        Literal["opt-out", "erasure"], typer.Option(help="What the person asked for, or a court ordered.")
    ] = "opt-out",
) -> None:
    """Leave a person out of everything that is sent, and have what was sent erased at the next refresh.

    The lines give register_id, or nhs_number, or forename, surname, date_of_birth and postcode.
    """
    from fjo_pipeline.ttp.flow import Ttp
    from fjo_pipeline.ttp.optout import add_optout

    if details is not None and not details.is_file():
        raise Refused("there is no such file of details")
    try:
        text = details.read_text(encoding="utf-8") if details else sys.stdin.read()
    except UnicodeDecodeError:
        text = ""
    number, is_new = add_optout(Ttp(Settings()), text, reason, date.today())
    print(f"entry {number} {'was added' if is_new else 'was there already'}: `fjo refresh` takes it to the databank")


@optout_app.command("list")
def optout_list(as_json: AsJson = False) -> None:
    """Show the entries by number, reason and date; never who they are."""
    from fjo_pipeline.ttp.flow import Ttp
    from fjo_pipeline.ttp.optout import entries

    found = entries(Ttp(Settings()))
    if as_json:
        shown = [{"number": each.number, "reason": each.reason, "added_on": str(each.added_on)} for each in found]
        print(json.dumps(shown, indent=1))
        return
    for each in found:
        print(f"{each.number:>6}  {each.added_on}  {each.reason}")
    print(f"{len(found)} people")
