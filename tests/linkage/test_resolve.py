"""Two people on one register person: who stays, looked at with probabilities given rather than computed."""

from collections.abc import Sequence

import pytest

from fjo_pipeline.core.sessions import Session
from fjo_pipeline.ttp.linkage.link import drop_working_tables
from fjo_pipeline.ttp.linkage.nicknames import load_nicknames
from fjo_pipeline.ttp.linkage.prepare import normalise
from fjo_pipeline.ttp.linkage.resolve import RIVALS, resolve
from tests.linkage.conftest import REGISTER, Record, load

JAMES: Record = ["r", "James", "Corfe", "1990-05-06", "M", "LS1 4AB", "1 Elm Row", "Oliver"]
THRESHOLD = 0.9
EXACT, LIKELY, UNLIKELY = "4", "35", "99"


def _resolved(session: Session, people: Sequence[tuple[str, str, str, str]]) -> dict[str, str | None]:
    """Each (id, forename, date of birth, strength of the match with James) → status, where he is the answer."""
    load(session, [[name, forename, "Corfe", born] for name, forename, born, _ in people], [JAMES], strangers=0)
    normalise(session, "people", REGISTER)
    load_nicknames(session)
    session.run("CREATE TEMP TABLE linkage_exact (pid INTEGER, rid INTEGER, status VARCHAR)", step="make a table")
    session.run("CREATE TEMP TABLE linkage_scored (pid INTEGER, rid INTEGER, probability DOUBLE)", step="make a table")
    for name, _, _, strength in people:
        table, value = ("exact", "'4'") if strength == EXACT else ("scored", "0.95" if strength == LIKELY else "0.85")
        session.run(
            f"INSERT INTO linkage_{table} SELECT pid, 1, {value} FROM linkage_people WHERE person_id = $1",
            [name],
            step="give a match",
        )
    resolve(session, links="links", threshold=THRESHOLD)
    drop_working_tables(session)
    rows = session.rows("SELECT person_id, alf_sts_cd, register_id, reason FROM links", step="read the links")
    assert all((register is None) == (status == UNLIKELY) for _, status, register, _ in rows)
    return {name: RIVALS if reason == RIVALS else status for name, status, _, reason in rows}


def test_two_who_differ_in_forename_and_date_are_both_taken_back(session: Session) -> None:
    got = _resolved(session, [("p", "James", "1990-05-06", LIKELY), ("q", "Oliver", "1984-11-29", LIKELY)])
    assert got == {"p": RIVALS, "q": RIVALS}


def test_one_of_two_below_the_threshold_takes_nothing_from_the_other(session: Session) -> None:
    got = _resolved(session, [("p", "James", "1990-05-06", LIKELY), ("q", "Oliver", "1984-11-29", UNLIKELY)])
    assert got == {"p": LIKELY, "q": UNLIKELY}


def test_a_like_person_does_not_lift_another_over_the_threshold(session: Session) -> None:
    got = _resolved(session, [("p", "James", "1990-05-06", EXACT), ("q", "James", "1990-05-07", UNLIKELY)])
    assert got == {"p": EXACT, "q": UNLIKELY}


@pytest.mark.parametrize(
    ("forename", "born"),
    [
        ("James", "1984-11-29"),
        ("Jim", "1984-11-29"),
        ("Jaems", "1984-11-29"),
        ("Oliver", "1990-05-06"),
        ("Oliver", "1990-06-05"),
        ("Oliver", "1990-05-16"),
        ("Baby", "1984-11-29"),
        ("Oliver", ""),
        ("Corfe", "1984-11-29"),
    ],
)
def test_two_who_may_be_one_person_entered_twice_both_stay(session: Session, forename: str, born: str) -> None:
    assert _resolved(session, [("p", "James", "1990-05-06", LIKELY), ("q", forename, born, LIKELY)]) == {
        "p": LIKELY,
        "q": LIKELY,
    }


def test_an_exact_link_outdoes_a_probabilistic_one_that_differs_in_both(session: Session) -> None:
    got = _resolved(session, [("p", "James", "1990-05-06", EXACT), ("q", "Oliver", "1984-11-29", LIKELY)])
    assert got == {"p": EXACT, "q": RIVALS}


def test_two_exact_links_that_differ_in_both_are_both_taken_back(session: Session) -> None:
    got = _resolved(session, [("p", "James", "1990-05-06", EXACT), ("q", "Oliver", "1984-11-29", EXACT)])
    assert got == {"p": RIVALS, "q": RIVALS}


def test_a_twin_yields_to_the_exact_link_unless_the_register_has_the_forename_too(session: Session) -> None:
    people = [("p", "James", "1990-05-06", EXACT), ("q", "Edwin", "1990-05-06", LIKELY)]
    assert _resolved(session, people) == {"p": EXACT, "q": RIVALS}
    people[1] = ("q", "Oliver", "1990-05-06", LIKELY)
    assert _resolved(session, people) == {"p": EXACT, "q": LIKELY}


def test_of_three_the_one_who_is_like_both_others_stays(session: Session) -> None:
    people = [
        ("p", "James", "1990-05-06", LIKELY),
        ("q", "James", "1984-11-29", LIKELY),
        ("s", "Oliver", "1984-11-29", LIKELY),
    ]
    assert _resolved(session, people) == {"p": RIVALS, "q": LIKELY, "s": RIVALS}


def test_of_three_the_one_who_yields_to_an_exact_link_takes_no_third_down(session: Session) -> None:
    people = [
        ("p", "James", "1990-05-06", EXACT),
        ("q", "James", "1990-05-16", LIKELY),
        ("s", "Oliver", "1984-11-29", LIKELY),
    ]
    assert _resolved(session, people) == {"p": EXACT, "q": LIKELY, "s": RIVALS}


def test_nobody_stays_beside_somebody_who_differs_in_both(session: Session) -> None:
    people = [
        (f"{forename} {born} {strength}", forename, born, strength)
        for forename in ("James", "Oliver", "Edwin")
        for born in ("1990-05-06", "1984-11-29", "1971-02-18")
        for strength in (LIKELY, EXACT)
    ]
    assert set(_resolved(session, people).values()) == {RIVALS}
