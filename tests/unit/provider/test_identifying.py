"""Identifiers under an innocent column name: caught before the split, where whole columns hold them and where few."""

import csv
from collections.abc import Callable
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fjo_pipeline.core.checking import CheckReport, check_delivery
from fjo_pipeline.core.contracts import Contract, contract, datasets, load_contract
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.provider.identifying import RULE, without_identifiers
from fjo_pipeline.synthetic import write_synthetic
from tests.deposit_builder import CARERS, TINY, TINY_CONTRACT, write_csvs

PEOPLE = 400
LETTERS = "abdefghjlnpqrstuwxyz"
Person = dict[str, str]
SYLLABLES = ("ba", "dor", "fen", "gil", "hab", "kes", "lin", "mor", "nub", "pol", "quil", "ros", "tam", "ven", "wic")


def nhs_number(random: Random) -> str:
    """Ten digits of which the last is right, of the range that is never given to anybody (999)."""
    while True:
        digits = [9, 9, 9, *(random.randrange(10) for _ in range(6))]
        check = (11 - sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) % 11) % 11
        if check < 10:
            return "".join(map(str, [*digits, check]))


def population(seed: int) -> list[Person]:
    """Made-up people whose identifiers have the shapes of real ones."""
    random = Random(seed)

    def word() -> str:
        return "".join(random.choice(SYLLABLES) for _ in range(3)).title()

    def letters() -> str:
        return (random.choice(LETTERS) + random.choice(LETTERS)).upper()

    return [
        {
            "ID": f"C{number:04}", "SURNAME": word(), "FORENAME": word(), "GENDER": "M",
            "BORN": (date(1980, 1, 1) + timedelta(days=random.randrange(14_000))).isoformat(),
            "POSTCODE": f"{random.choice(['SA', 'M'])}{random.randrange(1, 30)} {random.randrange(10)}{letters()}",
        }
        for number in range(PEOPLE)
    ]  # fmt: skip


IDENTIFIERS: dict[str, Callable[[Person, Random], str]] = {
    "a surname": lambda person, _: person["SURNAME"],
    "a forename in capitals": lambda person, _: person["FORENAME"].upper(),
    "a whole name": lambda person, _: f"{person['FORENAME']} {person['SURNAME']}",
    "a whole name, surname first": lambda person, _: f"{person['SURNAME']}, {person['FORENAME']}",
    "a postcode": lambda person, _: person["POSTCODE"],
    "a postcode without its space": lambda person, _: person["POSTCODE"].replace(" ", "").lower(),
    "a postcode within a text": lambda person, _: f"moved to {person['POSTCODE']} in May",
    "an NHS number": lambda _, random: nhs_number(random),
    "an NHS number with spaces": lambda _, random: "{} {} {}".format(*_parts(nhs_number(random))),
    "an e-mail address": lambda person, _: f"{person['SURNAME'].lower()}@example.org",
    "a telephone number": lambda _, random: f"07700 900{random.randrange(1000):03}",
    "a date of birth": lambda person, _: person["BORN"],
    "a British date of birth": lambda person, _: date.fromisoformat(person["BORN"]).strftime("%d/%m/%Y"),
}
INNOCENT: dict[str, Callable[[int], str]] = {
    "a few words": lambda row: ("calm", "upset", "came late", "did not come")[row % 4],
    "other words each time": lambda row: f"seen as agreed, note {row} of the file",
    "nothing": lambda _: "",
}


def _parts(number: str) -> tuple[str, str, str]:
    return number[:3], number[3:6], number[6:]


def as_csv(rows: list[dict[str, Any]]) -> str:
    text = StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def visit(number: int, person: Person, **changed: Any) -> dict[str, Any]:
    row = {
        "VISIT": f"V{number}", "PERSON": person["ID"], "FAMILY": number, "KIND": "home", "SCORE": 3, "PRICE": "1.5",
        "OPEN": "true", "CODE": "ABC", "SEEN": "2023-05-01", "PLACE": 1, "REMARK": "", "NOTES": "",
    }  # fmt: skip
    return row | changed


class Checked:
    """Deposits of the tiny dataset with a table of visits put wrong."""

    def __init__(self, session: Session, contract: Contract, folder: Path) -> None:
        self.session, self.contract, self.folder = session, contract, folder

    def report(self, people: list[Person], visits: list[dict[str, Any]], **files: str) -> CheckReport:
        """What the depositor reads."""
        carers = CARERS.splitlines()[0] + "\n"
        columns = ("ID", "SURNAME", "FORENAME", "BORN", "POSTCODE", "GENDER")
        clients = as_csv([{name: person[name] for name in columns} for person in people])
        content = {**TINY, "CLIENTS.csv": clients, "CARERS.csv": carers, "VISITS.csv": as_csv(visits)}
        folder = write_csvs(self.folder, content | {f"{name}.csv": each for name, each in files.items()})
        report = check_delivery(self.session, self.contract, folder)
        assert report.good, str(report)
        return without_identifiers(self.session, self.contract, folder, report)


@pytest.fixture
def checked(shared_session: Session, tiny: Contract, tmp_path: Path) -> Checked:
    return Checked(shared_session, tiny, tmp_path / "deposit")


@pytest.mark.parametrize("innocent", INNOCENT)
@pytest.mark.parametrize("one_in", [1, 100])
@pytest.mark.parametrize("kind", IDENTIFIERS)
def test_identifiers_under_an_innocent_name_are_caught(kind: str, one_in: int, innocent: str, checked: Checked) -> None:
    people, random = population(7), Random(one_in)
    visits = [
        visit(row, person, REMARK=IDENTIFIERS[kind](person, random) if row % one_in == 0 else INNOCENT[innocent](row))
        for row, person in enumerate(people)
    ]
    (failure,) = checked.report(people, visits).failures
    assert (failure.file, failure.column, failure.count) == ("VISITS.csv", "REMARK", PEOPLE // one_in)
    assert failure.lines == tuple(2 + row for row in range(0, PEOPLE, one_in))[:5]
    assert failure.rule.startswith(RULE)
    shown = str(failure).casefold()
    assert not [
        each for person in people for each in (person["SURNAME"], person["POSTCODE"]) if each.casefold() in shown
    ]


@hypothesis_settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10_000), kind=st.sampled_from(sorted(IDENTIFIERS)), innocent=st.sampled_from(sorted(INNOCENT)),
    at=st.sets(st.integers(0, PEOPLE - 1), min_size=PEOPLE // 100, max_size=PEOPLE),
)  # fmt: skip
def test_wherever_one_row_in_a_hundred_holds_them(
    seed: int, kind: str, innocent: str, at: set[int], checked: Checked
) -> None:
    people, random = population(seed), Random(seed)
    hidden = [IDENTIFIERS[kind](person, random) for person in people]
    visits = [
        visit(row, person, REMARK=hidden[row] if row in at else INNOCENT[innocent](row))
        for row, person in enumerate(people)
    ]
    assert not checked.report(people, visits).good


@pytest.mark.parametrize("innocent", INNOCENT)
def test_innocent_texts_are_let_through(innocent: str, checked: Checked) -> None:
    people = population(3)
    visits = [visit(row, person, REMARK=INNOCENT[innocent](row)) for row, person in enumerate(people)]
    assert checked.report(people, visits).failures == ()


def test_a_town_that_is_a_surname_is_let_through_and_a_column_of_surnames_is_not(checked: Checked) -> None:
    """What chance explains: one word in twenty is somebody's name, and of those it stands beside one bears it."""
    people = population(3)
    towns = [f"Town of {number}" for number in range(30)] + [people[0]["SURNAME"]]
    visits = [visit(row, person, REMARK=towns[row % len(towns)]) for row, person in enumerate(people)]
    assert checked.report(people, visits).failures == ()
    for row in range(3, 12):
        visits[row]["REMARK"] = people[row]["SURNAME"]
    assert [each.count for each in checked.report(people, visits).failures] != []


def test_lookups_may_name_towns_and_never_a_person(checked: Checked) -> None:
    people = population(3)
    visits = [visit(row, person) for row, person in enumerate(people)]
    names = [person["SURNAME"] for person in people[:50]]
    places = "ID,NAME\n" + "".join(f"{number},{name}\n" for number, name in enumerate(names))
    assert checked.report(people, visits, PLACES=places).failures == ()
    whole = "".join(f"{60 + row},{people[row]['FORENAME']} {people[row]['SURNAME']}\n" for row in range(3))
    (failure,) = checked.report(people, visits, PLACES=places + whole).failures
    assert (failure.file, failure.column, failure.lines) == ("PLACES.csv", "NAME", (52, 53, 54))


def test_nhs_numbers_among_numbers_are_caught_and_numbers_of_ten_digits_are_not(checked: Checked) -> None:
    people, random = population(3), Random(3)
    ten_digits = [visit(row, person, PRICE=1_000_000_000 + row * 7_919) for row, person in enumerate(people)]
    assert checked.report(people, ten_digits).failures == ()
    visits = [
        visit(row, person, PRICE=nhs_number(random) if row % 100 == 0 else "2.5") for row, person in enumerate(people)
    ]
    (failure,) = checked.report(people, visits).failures
    assert (failure.column, failure.count, failure.lines) == ("PRICE", 4, (2, 102, 202, 302))


def test_a_contract_may_say_that_a_column_looks_like_identifiers_by_definition(
    shared_session: Session, tmp_path: Path
) -> None:
    path = tmp_path / "tiny.yaml"
    remark = "{name: REMARK, type: string, role: content}"
    path.write_text(TINY_CONTRACT.replace(remark, remark.replace("content}", "content, may_look_like: [postcode]}")))
    checked, people = Checked(shared_session, load_contract(path), tmp_path / "deposit"), population(3)
    units = [visit(row, person, REMARK=f"E{row % 90 + 10}6AN") for row, person in enumerate(people)]
    assert checked.report(people, units).failures == ()
    # Those of the deposit's own people are not let through all the same.
    hidden = [visit(row, person, REMARK=person["POSTCODE"].replace(" ", "")) for row, person in enumerate(people)]
    assert not checked.report(people, hidden).good


@pytest.mark.slow
@pytest.mark.parametrize("dataset", [each.name for each in datasets()])
def test_no_made_up_deposit_of_a_shipped_contract_is_refused(
    dataset: str, shared_session: Session, tmp_path: Path
) -> None:
    deposit = write_synthetic(dataset, 150, 5, "20240111", tmp_path).deposit
    assert deposit is not None
    report = check_delivery(shared_session, contract(dataset), deposit)
    assert without_identifiers(shared_session, contract(dataset), deposit, report).failures == ()


def test_a_deposit_that_is_broken_already_is_left_at_that(
    shared_session: Session, tiny: Contract, tmp_path: Path
) -> None:
    folder = write_csvs(tmp_path / "deposit", TINY | {"VISITS.csv": "nothing"})
    broken = check_delivery(shared_session, tiny, folder)
    assert without_identifiers(shared_session, tiny, folder, broken) is broken
