"""parents_health and infants_health against a second computation in Python (health_truth.py), person by person.

Proceedings and the register are a made-up world's; what happened in hospitals is a list made here, so that it is known.
Links and identifiers are recorded without fault. Whether an infant is under 1 year is looked at by its week of birth,
as Wales knows it.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.world_lake import write_world
from fjo_pipeline.core.contracts import contract
from fjo_pipeline.core.sessions import Session, identifier, literal
from fjo_pipeline.core.stores import one_transaction
from fjo_pipeline.synthetic import build_world, cafcass_cymru, error_rates
from fjo_pipeline.synthetic.cafcass_members import FATHER, MOTHER
from fjo_pipeline.synthetic.world import World
from tests.integration import health_truth, truth
from tests.integration.health_truth import Cohort, Event, Kind, Person, Place
from tests.integration.marts_world import WITHOUT_FAULT
from tests.integration.test_dbt_models import Rows, column_types, dbt, lake, make_reference, make_register, rows

pytestmark = pytest.mark.slow

SEED = 5
CYMRU = cafcass_cymru.DATASET
REFRESH = "20190401"
UNTIL = date(2019, 4, 1)
# Emergency departments are known for fewer years, so that some windows are not known whole.
SOURCES = {"pedw": REFRESH, "edds": "20171231", "opdw": REFRESH}
KNOWN = {"hospital": UNTIL, "emergency": date(2017, 12, 31), "outpatient": UNTIL}
DEFINITIONS = {"comparators": 3, "comparator_seed": 9, "comparator_birth_weeks_apart": {"parents": 26, "infants": 10}}
MEASURES = {
    "parents": ("emergency_days", "hospital_days", "emergency_admission_days", "elective_admission_days",
                "outpatient_days", "has_mental_health", "has_substance_use", "has_injury"),
    "infants": ("emergency_days", "emergency_admission_days", "elective_admission_days", "outpatient_days",
                "has_injury"),
}  # fmt: skip
METHODS = ("11", "13", "21", "2A", "28", "31", "82", "")
DIAGNOSES = ("F101", "F32", "S72", "T40", "J45", "Z38")


@dataclass(frozen=True)
class Compared:
    """What is true, and the home with the marts built from it."""

    home: Path
    cases: dict[Cohort, dict[int, date]]
    people: dict[int, Person]
    barred: set[int]
    events: list[Event]


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compared]:
    """A world of some hundred Welsh families recorded without fault, its register, hospitals, and the two marts."""
    home = tmp_path_factory.mktemp("health")
    with pytest.MonkeyPatch.context() as patch:
        for rate in WITHOUT_FAULT:
            patch.setattr(error_rates, rate, 0.0)
        world = build_world(SEED, 4_000, 30_000, first_year=2010, private_share=0.3)
        world.write_register(REFRESH, home / "register")
        world.write_reference(home / "reference")
        people = _people(world, home)
        events = _events(people)
        with lake(home) as session, one_transaction(session):
            write_world(session, world, {CYMRU: [REFRESH]}, home / "deposits")
            make_reference(session)
            make_register(session, REFRESH)
            _fill(session, home, events)
    refreshes = {CYMRU: [REFRESH], "population_register": [REFRESH], **{name: [day] for name, day in SOURCES.items()}}
    variables = json.dumps({"refreshes": refreshes, **DEFINITIONS})
    quiet = ["--exclude-resource-types", "test", "--exclude-resource-types", "unit_test", "--vars", variables]
    result = dbt(home, "build", {}, "--select", "+parents_health", "+infants_health", *quiet)
    assert result.returncode == 0, result.stdout[-6000:]
    cases, barred = _cases(world, home)
    yield Compared(home, cases, people, barred, events)


def _people(world: World, home: Path) -> dict[int, Person]:
    """The register as delivered, with the fifth of each address in Wales."""
    world.write_postcodes(home / "postcodes.csv")
    lsoas = {row["postcode"]: row["lsoa2011_cd"] for row in _read(home / "postcodes.csv")}
    given = _read(home / "reference" / "deprivation_by_lsoa2011.csv")
    fifths = health_truth.fifths(
        {row["lsoa2011_cd"]: int(row["deprivation_rank"]) for row in given if row["nation"] == "Wales"}
    )
    people = {}
    for row in _read(home / "register" / "PERSONS.csv"):
        born = date.fromisoformat(row["DATE_OF_BIRTH"]) if row["DATE_OF_BIRTH"] else None
        people[int(row["PERS_ID"])] = Person(
            int(row["PERS_ID"]),
            row["SEX"],
            born - timedelta(born.weekday()) if born else None,
            _day(row["DATE_OF_DEATH"]),
        )
    places: dict[int, list[Place]] = defaultdict(list)
    for row in _read(home / "register" / "ADDRESSES.csv"):
        first, last = date.fromisoformat(row["FROM_DT"]), _day(row["TO_DT"]) or date.max
        places[int(row["PERS_ID"])].append((first, last, fifths.get(lsoas.get(row["POSTCODE"], ""))))
    for alf, theirs in places.items():
        people[alf].places = health_truth.without_overlaps(theirs)
    return people


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _events(people: dict[int, Person]) -> list[Event]:
    """Six contacts a person, of children in their first months, some twice on a day."""
    rng = np.random.default_rng(SEED)
    kinds: tuple[Kind, ...] = ("hospital", "emergency", "outpatient", "not seen")
    events = []
    for alf, person in sorted(people.items()):
        first, days = date(2008, 1, 1), 4300
        if person.week is not None and person.week >= date(2010, 1, 1):
            first, days = person.week, 200
        for _ in range(6):
            kind = kinds[rng.integers(4)]
            day = first + timedelta(int(rng.integers(days)))
            method = METHODS[rng.integers(len(METHODS))] if kind == "hospital" else ""
            codes = tuple(DIAGNOSES[at] for at in rng.integers(len(DIAGNOSES), size=rng.integers(3)))
            known = KNOWN.get(kind, UNTIL)
            if day <= known:
                events += [Event(alf, kind, day, method, codes if kind == "hospital" else ())] * int(rng.integers(1, 3))
    return events


def _fill(session: Session, home: Path, events: list[Event]) -> None:
    """The register's tables, deprivation, and the three sources of health."""
    persons, addresses = home / "register" / "PERSONS.csv", home / "register" / "ADDRESSES.csv"
    session.run(
        f"""INSERT INTO lake.SAILWDSDV.WDSD_AR_PERS_{REFRESH}
        SELECT PERS_ID, PERS_ID, date_trunc('week', CAST(DATE_OF_BIRTH AS DATE)), DATE_OF_DEATH, SEX
        FROM read_csv({literal(persons)}, types = {{'SEX': 'VARCHAR', 'DATE_OF_DEATH': 'DATE'}});
        INSERT INTO lake.SAILWDSDV.WDSD_AR_PERS_ADD_{REFRESH}
        SELECT PERS_ID, NULL, FROM_DT, TO_DT, lsoa2011_cd
        FROM read_csv({literal(addresses)}, types = {{'TO_DT': 'DATE'}}) AS given
        LEFT JOIN read_csv({literal(home / "postcodes.csv")}) AS area ON area.postcode = given.POSTCODE;
        DELETE FROM lake.SAILREFRV.DEPRIVATION_BY_LSOA2011;
        INSERT INTO lake.SAILREFRV.DEPRIVATION_BY_LSOA2011 BY NAME
        SELECT * FROM read_csv({literal(home / "reference" / "deprivation_by_lsoa2011.csv")},
            types = {{'vintage': 'VARCHAR'}})""",
        step="fill the register",
    )
    tables: dict[tuple[str, str], Rows] = {
        ("pedw", "spell"): [], ("pedw", "diag"): [], ("edds", "edds"): [], ("opdw", "outpatients"): []
    }  # fmt: skip
    for number, each in enumerate(events, 1):
        if each.kind == "hospital":
            row = {"SPELL_NUM_E": number, "ALF_E": each.alf, "ADMIS_DT": each.day, "ADMIS_MTHD_CD": each.method or None}
            tables["pedw", "spell"].append(row)
            tables["pedw", "diag"] += [
                {"SPELL_NUM_E": number, "DIAG_CD": code, "DIAG_CD_123": code[:3]} for code in each.diagnoses
            ]
        elif each.kind == "emergency":
            tables["edds", "edds"].append({"ALF_E": each.alf, "ADMIN_ARR_DT": each.day})
        else:
            seen = "5" if each.kind == "outpatient" else "3"
            tables["opdw", "outpatients"].append({"ALF_E": each.alf, "ATTEND_DT": each.day, "ATTEND_CD": seen})
    for (name, given), made in tables.items():
        dataset = contract(name)
        table = dataset.table(given)
        columns = ", ".join(
            f"{identifier(column + ('_E' if table.is_id(column) else ''))} {kind}"
            for column, kind in column_types(table).items()
        )
        pq.write_table(pa.Table.from_pylist(made), home / f"{given}.parquet")
        target = f"lake.{dataset.names.data_schema}.{identifier(dataset.curated_name(table, SOURCES[name]))}"
        session.run(
            f"CREATE SCHEMA IF NOT EXISTS lake.{dataset.names.data_schema}; CREATE TABLE {target} ({columns}); "
            f"INSERT INTO {target} BY NAME FROM read_parquet({literal(home / f'{given}.parquet')})",
            step=f"fill {given}",
        )


def _cases(world: World, home: Path) -> tuple[dict[Cohort, dict[int, date]], set[int]]:
    """Linked parents and infants with their index dates, and everybody who is in the court data."""
    docket = world.dockets[CYMRU]
    made = pq.read_table(home / "deposits" / CYMRU / REFRESH / "truth.parquet").to_pydict()
    register = dict(zip(made["person_id"], made["register_id"], strict=True))
    ids = cafcass_cymru.person_ids(SEED, docket.person).to_pylist()
    alf = {
        int(person): int(register[given])
        for person, given in zip(docket.person, ids, strict=True)
        if register.get(given)
    }
    sets = truth.child_sets(world, docket, UNTIL, by_application=True)
    issued = {each.case: each.issued for each in sets}
    parties, parents = docket.court.parties, dict[int, date]()
    for application, person, part in zip(parties.application, parties.person, parties.part, strict=True):
        if int(application) in issued and part in (MOTHER, FATHER) and int(person) in alf:
            who, when = alf[int(person)], issued[int(application)]
            parents[who] = min(when, parents.get(who, when))
    infants: dict[int, date] = {}
    for each in truth.first_sets(sets):
        born = truth.day_of(world.lives.people.born[each.child])
        week = born - timedelta(born.weekday())
        last = 28 if (week.month, week.day) == (2, 29) else week.day
        if each.child in alf and each.issued < week.replace(year=week.year + 1, day=last):
            infants[alf[each.child]] = each.issued
    cases: dict[Cohort, dict[int, date]] = {"parents": parents, "infants": infants}
    return cases, {int(each) for each in made["register_id"] if each}


def _expected(compared: Compared, cohort: Cohort) -> dict[int, set[int]]:
    return health_truth.comparators(
        compared.cases[cohort], compared.people, compared.barred, cohort, most=3,
        weeks_apart={"parents": 26, "infants": 10}[cohort], seed=9,
    )  # fmt: skip


@pytest.mark.parametrize("cohort", ["parents", "infants"])
def test_everybody_who_should_be_is_there_with_the_comparators_that_the_rule_gives(
    compared: Compared, cohort: Cohort
) -> None:
    found = rows(
        compared.home,
        f"SELECT person_group, alf_e, matched_to, index_date, comparators FROM lake.marts.{cohort}_health",
    )
    cases = {alf: index for group, alf, _, index, _ in found if group != "comparator"}
    assert cases == compared.cases[cohort]
    expected = _expected(compared, cohort)
    matched: dict[int, set[int]] = defaultdict(set)
    for group, alf, case, index, count in found:
        assert index == cases[case] and count == len(expected.get(case, ()))
        if group == "comparator":
            matched[case].add(alf)
    assert matched == expected
    # So that the rule is put to the test: some have all they may have, some fewer, and some had to give way.
    sizes = [len(expected.get(case, ())) for case in cases]
    assert sizes.count(3) > 10 and len(set(sizes)) > 2


@pytest.mark.parametrize("cohort", ["parents", "infants"])
def test_everybody_has_the_contacts_that_happened_before_the_index_date(compared: Compared, cohort: Cohort) -> None:
    measures = MEASURES[cohort]
    found = rows(
        compared.home, f"SELECT alf_e, index_date, {', '.join(measures)} FROM lake.marts.{cohort}_health ORDER BY alf_e"
    )
    events: dict[int, list[Event]] = defaultdict(list)
    for each in compared.events:
        events[each.alf].append(each)
    for alf, index, *given in found:
        week = compared.people[alf].week
        first = week if cohort == "infants" else _two_years_before(index)
        assert first is not None
        expected = health_truth.days_of(events[alf], first, index, KNOWN)
        assert given == [expected[name] for name in measures], alf
    for at, name in enumerate(measures, 2):
        said = {row[at] for row in found}
        assert len(said - {None}) > 1, name
        assert (None in said) == (name == "emergency_days"), name


def _two_years_before(day: date) -> date:
    return day.replace(year=day.year - 2, day=28 if (day.month, day.day) == (2, 29) else day.day)
