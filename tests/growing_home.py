"""Deposits that come as increments, and homes of the contract that takes them: a base, and three increments on it."""

from pathlib import Path

from tests.deposit_builder import CARERS, CLIENTS, GROWING_CONTRACT, PLACES, TINY, VISITS, Csvs, with_lines
from tests.tiny_home import TinyHome, copied

BASE, FIRST, SECOND, THIRD = "20240111", "20240211", "20240311", "20240411"
CALLS = "PERSON,MINUTES\nC0001,5\nC0009,7\n"
EMPTY: dict[str, str | bytes] = {
    name: f"{text.splitlines()[0]}\n" for name, text in {**TINY, "CALLS.csv": CALLS}.items() if isinstance(text, str)
}


def rows(name: str, *lines: str) -> dict[str, str | bytes]:
    """A file with these rows."""
    header = EMPTY[name]
    assert isinstance(header, str)
    return {name: with_lines(header, *lines)}


DEPOSITS: dict[str, Csvs] = {
    BASE: {**TINY, "CALLS.csv": CALLS},
    # A visit changes, another one comes of a known person at a known place, and one of somebody new at a new place.
    FIRST: EMPTY
    | rows("CLIENTS.csv", "C0004,Newcomer,Di,1990-04-04,CF10 1AA,F")
    | rows("PLACES.csv", "3,West")
    | rows(
        "VISITS.csv",
        "v-1,C0001,70,office,4,1.5,true,ABC,2023-01-02,1,,",
        "v-5,C0009,,home,1,,,,2024-01-20,2,,",
        "v-6,C0004,,home,1,,,,2024-01-21,3,,",
    )
    | rows("CALLS.csv", "C0001,5", "C0004,9"),
    # Nobody new: a visit changes once more, of a person that the first increment brought another one, and a call.
    SECOND: EMPTY
    | rows("VISITS.csv", "v-1,C0001,70,home,9,,false,,2023-01-02,3,,", "v-7,C0004,,office,2,,,,2024-02-20,,,")
    | rows("CALLS.csv", "C0002,1"),
    # A person that was linked comes with other names, another one's gender is mended, and a place has another name.
    THIRD: EMPTY
    | rows("CLIENTS.csv", "C0002,Unheardof,Zed,2012-07-19,SA2 8PP,M", 'C0003,"Thimble, Jr",Cy,1985-01-31,,F')
    | rows("PLACES.csv", "1,North of the river"),
}

WHOLE: Csvs = {
    "CLIENTS.csv": with_lines(
        CLIENTS.replace("C0002,Quillfeather,Bo", "C0002,Unheardof,Zed").replace("1985-01-31,,", "1985-01-31,,F"),
        "C0004,Newcomer,Di,1990-04-04,CF10 1AA,F",
    ),
    "CARERS.csv": CARERS,
    "VISITS.csv": with_lines(
        VISITS.replace(VISITS.splitlines()[1], "v-1,C0001,70,home,9,,false,,2023-01-02,3,,"),
        "v-5,C0009,,home,1,,,,2024-01-20,2,,",
        "v-6,C0004,,home,1,,,,2024-01-21,3,,",
        "v-7,C0004,,office,2,,,,2024-02-20,,,",
    ),
    "PLACES.csv": with_lines(PLACES.replace("North", "North of the river"), "3,West"),
    "CALLS.csv": with_lines(CALLS, "C0001,5", "C0004,9", "C0002,1"),
}
"""What a full deposit would have held on the day of the third increment."""


def base_of(refresh: str) -> str | None:
    """The base that a deposit's manifest names: none for the base."""
    return None if refresh == BASE else BASE


def growing_home(loaded: TinyHome, base: Path) -> TinyHome:
    """A copy of a loaded home under `base`, whose tiny dataset comes in increments."""
    home = copied(loaded, base)
    (home.settings.contracts / "tiny.yaml").write_text(GROWING_CONTRACT)
    return home


def carry_all(home: TinyHome, *refreshes: str) -> TinyHome:
    """The deposits of these dates through all three zones, in this order."""
    for refresh in refreshes:
        home.carry(DEPOSITS[refresh], refresh, base=base_of(refresh))
    return home
