"""Which of the values that a home holds are distinctive enough to be looked for everywhere else."""

from datetime import date

from fjo_pipeline.core.settings import Settings
from fjo_pipeline.leaks.encodings import Canary
from fjo_pipeline.leaks.identifiers import THOROUGHLY, Held, held_by_provider
from tests.deposit_builder import CLIENTS, TINY, VISITS, write_deposit
from tests.keyrings import Keyrings


def test_a_date_of_birth_that_may_stand_elsewhere_by_right_is_not_looked_for() -> None:
    born = {"1961-03-02", "1979-11-06", "2015-03-03"}
    held = Held({"date of birth": born}, {"date of birth": 3}, {date(1979, 11, 6)}, date(2014, 1, 1))
    (canary,) = held.canaries()
    assert "1961-03-02" in canary.forms


def test_where_there_are_many_some_are_looked_for_in_every_encoding_and_all_in_plain() -> None:
    values = {f"Quillfeather{number}" for number in range(2 * THOROUGHLY)}
    canaries = Held({"rare name": values}, {"rare name": len(values)}).canaries()
    assert len(canaries) == 2 * THOROUGHLY
    assert sum(canary.thorough for canary in canaries) == THOROUGHLY


def forms(canaries: list[Canary], kind: str) -> set[str]:
    return {str(form) for canary in canaries if canary.kind == kind for form in canary.forms}


def test_the_provider_holds_what_lies_in_landing_and_in_quarantine(settings: Settings, keyrings: Keyrings) -> None:
    note = "v-9,C0001,70,home,3,,,,,,,Somebody said something long of Quillfeather\n"
    write_deposit(settings.landing / "tiny" / "20240111", {**TINY, "VISITS.csv": VISITS + note})
    # One that was refused: a row is cut short, a column is no known one, bytes are no text.
    broken = CLIENTS.replace("Thimble", "Thistledownes").encode() + b"C0004,Unheardofly\nC0005,\xff\xfe,,,,\n"
    write_deposit(settings.quarantine / "tiny" / "20240112-0123", {"CLIENTS.csv": broken, "PLACES.csv": "\n"})
    held = held_by_provider(settings)
    canaries = held.canaries()
    assert {"Quillfeather", "Thistledownes, Jr", "Unheardofly"} <= forms(canaries, "rare name")
    assert {"Ada Quillfeather", "Quillfeather,Mary", "Bo\x1fQuillfeather"} <= forms(canaries, "full name")
    assert forms(canaries, "postcode") == {"SA2 8PP", "SA28PP"}
    assert forms(canaries, "free text") == {"Somebody said something long of Quillfeather", "Quillfeather was late"}
    # 2015-03-02 and 1979-11-05 are Mondays, which are weeks of birth too.
    assert {"19/07/2012", "1985-01-31"} <= forms(canaries, "date of birth")
    assert not {"2015-03-02", "1979-11-05"} & forms(canaries, "date of birth")
