"""Synthetic deliveries: they keep the contracts, are the same for the same seed, and tell the truth over refreshes."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from fjo_pipeline.core.checking import check_delivery
from fjo_pipeline.core.contracts import contract
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.sessions import Session, literal, open_session
from fjo_pipeline.synthetic import DATASETS, World, build_world, write_synthetic

ENGLAND, CYMRU, REGISTER, CMS = DATASETS
REFRESHES = ("20190301", "20240111", "20260701")
PEOPLE, REGISTER_PEOPLE, SEED = 1_500, 15_000, 20


@pytest.fixture(scope="module")
def world() -> World:
    """One world for the module."""
    return build_world(SEED, PEOPLE, REGISTER_PEOPLE)


@pytest.fixture(scope="module")
def deliveries(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every dataset at every refresh, and the truth of both deposits at each."""
    root = tmp_path_factory.mktemp("deliveries")
    for refresh in REFRESHES:
        world.write_register(refresh, root / REGISTER / refresh)
        for dataset in (ENGLAND, CYMRU, CMS):
            world.write_deposit(dataset, refresh, root / dataset / refresh)
            world.write_truth(dataset, refresh, root / dataset / f"truth_{refresh}.parquet")
    return root


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A session that lasts the module."""
    with open_session(tmp_path_factory.mktemp("spill")) as session:
        yield session


def _csv(folder: Path, table: str) -> str:
    return f"read_csv({literal(folder / f'{table}.csv')}, all_varchar = true, header = true)"


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("refresh", REFRESHES)
@pytest.mark.parametrize("dataset", DATASETS)
def test_a_delivery_keeps_its_contract(deliveries: Path, db: Session, dataset: str, refresh: str) -> None:
    report = check_delivery(db, contract(dataset), deliveries / dataset / refresh)
    assert report.failures == ()
    assert sum(report.rows.values()) > 0


def test_the_manifest_vouches_for_every_file(deliveries: Path) -> None:
    folder = deliveries / ENGLAND / REFRESHES[0]
    manifest = json.loads((folder / "datapackage.json").read_text())
    assert manifest["synthetic"] is True
    assert manifest["name"] == ENGLAND
    assert manifest["version"] == REFRESHES[0]
    assert {entry["path"] for entry in manifest["resources"]} == {path.name for path in folder.glob("*.csv")}
    for entry in manifest["resources"]:
        content = (folder / entry["path"]).read_bytes()
        assert entry["bytes"] == len(content)
        assert entry["hash"] == "sha256:" + hashlib.sha256(content).hexdigest()


def test_the_same_seed_writes_the_same_bytes_on_any_number_of_threads(tmp_path: Path) -> None:
    threads = pa.cpu_count()
    try:
        for name, count in (("one", 1), ("four", 4)):
            pa.set_cpu_count(count)
            write_synthetic(ENGLAND, 300, 5, "20240111", tmp_path / name)
    finally:
        pa.set_cpu_count(threads)
    assert _digests(tmp_path / "one") == _digests(tmp_path / "four")


def test_another_seed_writes_another_world(tmp_path: Path) -> None:
    for seed in (5, 6):
        write_synthetic(ENGLAND, 300, seed, "20240111", tmp_path / str(seed))
    five, six = _digests(tmp_path / "5"), _digests(tmp_path / "6")
    assert five["deposit/PEOPLE.csv"] != six["deposit/PEOPLE.csv"]
    assert five["register/PERSONS.csv"] != six["register/PERSONS.csv"]


def test_all_datasets_share_one_register(tmp_path: Path) -> None:
    for dataset in DATASETS:
        write_synthetic(dataset, 300, 5, "20240111", tmp_path / dataset)
    of_england, of_cymru, alone, of_cms = (_digests(tmp_path / dataset / "register") for dataset in DATASETS)
    assert of_england == of_cymru == of_cms == alone
    assert not (tmp_path / REGISTER / "deposit").exists()


@pytest.mark.parametrize(
    ("dataset", "table"),
    [
        (ENGLAND, "CASES"), (ENGLAND, "APPLICATIONS"), (ENGLAND, "PERSONSONAPPLICATIONS"), (ENGLAND, "PEOPLE"),
        (ENGLAND, "PERSONRELATIONSHIPS"), (ENGLAND, "LEGALOUTPUTS"), (ENGLAND, "HEARINGS"), (ENGLAND, "ETHNICITIES"),
        (ENGLAND, "LEGALOUTPUTTYPES"), (CYMRU, "APPLICATIONS"), (CYMRU, "CHILDREN"), (CYMRU, "ADULTS"),
        (CYMRU, "PARTIES"), (CYMRU, "ORDERS"), (CYMRU, "HEARINGS"), (REGISTER, "PERSONS"),
    ],
)  # fmt: skip
def test_later_refreshes_hold_every_earlier_id_and_more(
    deliveries: Path, db: Session, dataset: str, table: str
) -> None:
    earlier, later = (_csv(deliveries / dataset / refresh, table) for refresh in REFRESHES[1:])
    key = _first(db, deliveries / dataset / REFRESHES[1], table)
    lost = db.value(f"SELECT count(*) FROM {earlier} ANTI JOIN {later} USING ({key})", step="look for lost ids")
    assert lost == 0
    more = db.row(f"SELECT (SELECT count(*) FROM {later}), (SELECT count(*) FROM {earlier})", step="count")
    assert more[0] > more[1] > 0


def test_cases_go_on_close_and_reopen(deliveries: Path, db: Session) -> None:
    earlier, later = (_csv(deliveries / ENGLAND / refresh, "CASES") for refresh in REFRESHES[1:])
    moves = dict(
        db.rows(
            f"SELECT a.CASESTATU_ID || '>' || b.CASESTATU_ID, count(*) FROM {earlier} a JOIN {later} b USING (ID) "
            "GROUP BY 1",
            step="compare statuses",
        )
    )
    assert moves["1>2"] > 0
    assert moves["2>2"] > 0
    reopened = f"SELECT count(*) FROM {earlier} a JOIN {later} b USING (ID) WHERE a.REOPENDATE IS NULL AND b.REOPENDATE"
    assert db.value(f"{reopened} IS NOT NULL", step="count the reopened") > 0
    changed = db.value(
        f"SELECT count(*) FROM {earlier} a JOIN {later} b USING (ID) WHERE a.DATERECEIVED <> b.DATERECEIVED",
        step="compare dates",
    )
    assert changed == 0


def test_nothing_is_dated_after_its_refresh(deliveries: Path, db: Session) -> None:
    for refresh in REFRESHES:
        for dataset in DATASETS:
            folder = deliveries / dataset / refresh
            for field in _date_fields(dataset):
                table, column = field
                late = f"try_cast({column} AS DATE) > strptime('{refresh}', '%Y%m%d')"
                found = db.value(f"SELECT count(*) FROM {_csv(folder, table)} WHERE {late}", step="look ahead")
                assert found == 0, f"{table}.{column} at {refresh}"


def _date_fields(dataset: str) -> list[tuple[str, str]]:
    births = {"DATEOFBIRTH", "DATE_OF_BIRTH"}
    return [
        (table.path.removesuffix(".csv"), field.name)
        for table in contract(dataset).tables
        for field in table.table_schema.fields
        if field.type == "date" and field.name not in births
    ]


def test_the_errors_in_a_person_stay_while_nothing_happens_to_them(deliveries: Path, db: Session) -> None:
    earlier, later = (_csv(deliveries / ENGLAND / refresh, "PEOPLE") for refresh in REFRESHES[1:])
    same, both = db.row(
        f"SELECT count(*) FILTER (a.FORENAME = b.FORENAME AND a.DATEOFBIRTH IS NOT DISTINCT FROM b.DATEOFBIRTH), "
        f"count(*) FROM (FROM {earlier}) a JOIN (FROM {later}) b USING (ID)",
        step="compare people",
    )
    assert same / both > 0.98


def test_the_register_keeps_its_names_from_refresh_to_refresh(deliveries: Path, db: Session) -> None:
    earlier, later = (_csv(deliveries / REGISTER / refresh, "NAMES") for refresh in REFRESHES[1:])
    gone = db.value(
        f"SELECT count(*) FROM (SELECT PERS_ID, FORENAME, SURNAME, FROM_DT FROM {earlier} EXCEPT "
        f"SELECT PERS_ID, FORENAME, SURNAME, FROM_DT FROM {later})",
        step="compare names",
    )
    assert gone == 0


@pytest.mark.parametrize("refresh", REFRESHES)
@pytest.mark.parametrize(
    ("dataset", "people"), [(ENGLAND, ["PEOPLE"]), (CYMRU, ["CHILDREN", "ADULTS"]), (CMS, ["TBLPERSON"])]
)
def test_the_truth_names_everybody_once_and_only_register_people(
    deliveries: Path, db: Session, dataset: str, people: list[str], refresh: str
) -> None:
    folder = deliveries / dataset / refresh
    ids = " UNION ".join(
        f"SELECT DISTINCT {_first(db, folder, table)} AS id FROM {_csv(folder, table)}" for table in people
    )
    truth = f"read_parquet({literal(deliveries / dataset / f'truth_{refresh}.parquet')})"
    rows, distinct, off = db.row(
        f"SELECT count(*), count(DISTINCT person_id), avg((register_id IS NULL)::INT) FROM {truth}", step="count truth"
    )
    assert rows == distinct == db.value(f"SELECT count(*) FROM ({ids})", step="count people")
    assert db.value(f"SELECT count(*) FROM ({ids}) ANTI JOIN {truth} ON id = person_id", step="match people") == 0
    persons = _csv(deliveries / REGISTER / refresh, "PERSONS")
    unknown = f"SELECT count(*) FROM {truth} ANTI JOIN {persons} ON PERS_ID = register_id WHERE register_id IS NOT NULL"
    assert db.value(unknown, step="match register") == 0
    assert 0.06 < off < 0.14


def _first(db: Session, folder: Path, table: str) -> str:
    return str(db.rows(f"DESCRIBE SELECT * FROM {_csv(folder, table)}", step="name the key")[0][0])


def test_the_truth_is_the_same_person(deliveries: Path, db: Session) -> None:
    refresh = REFRESHES[1]
    truth = f"read_parquet({literal(deliveries / ENGLAND / f'truth_{refresh}.parquet')})"
    people = f"(SELECT DISTINCT * FROM {_csv(deliveries / ENGLAND / refresh, 'PEOPLE')})"
    persons = _csv(deliveries / REGISTER / refresh, "PERSONS")
    agree = db.value(
        f"SELECT avg((DATEOFBIRTH = DATE_OF_BIRTH)::INT) FROM {truth} JOIN {people} p ON p.ID = person_id "
        f"JOIN {persons} ON PERS_ID = register_id WHERE DATEOFBIRTH IS NOT NULL",
        step="compare dates of birth",
    )
    assert agree > 0.96


def test_the_register_is_as_large_as_asked_and_has_its_oddities(deliveries: Path, db: Session) -> None:
    persons = _csv(deliveries / REGISTER / REFRESHES[2], "PERSONS")
    rows, merged, adopted, sensitive, dead = db.row(
        f"SELECT count(*), count(MERGED_INTO), count(*) FILTER (RECORD_STATUS = 'closed_by_adoption'), "
        f"count(*) FILTER (RECORD_STATUS = 'sensitive'), count(DATE_OF_DEATH) FROM {persons}",
        step="count the register",
    )
    assert abs(rows / REGISTER_PEOPLE - 1) < 0.03
    assert merged > 20
    assert adopted > 0
    assert sensitive > 5
    assert dead > 0.03 * rows
    orphans = f"SELECT count(*) FROM {persons} a ANTI JOIN {persons} b ON a.MERGED_INTO = b.PERS_ID"
    assert db.value(f"{orphans} WHERE a.MERGED_INTO IS NOT NULL", step="follow merges") == 0


def test_an_unknown_dataset_or_refresh_is_refused(tmp_path: Path, world: World) -> None:
    with pytest.raises(Refused, match="cafcass_england_ecms"):
        write_synthetic("cafcass_scotland", 100, 1, "20240111", tmp_path)
    for refresh in ("2024-01-11", "20240231", "20300101", "late"):
        with pytest.raises(Refused):
            write_synthetic(ENGLAND, 100, 1, refresh, tmp_path)
    with pytest.raises(Refused, match="dataset"):
        world.write_deposit(REGISTER, "20240111", tmp_path)
    with pytest.raises(Refused, match="at least"):
        build_world(1, 1_000, 2_000)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("people", [1, 30])
def test_a_tiny_world_can_be_written_before_and_after_its_first_case(tmp_path: Path, db: Session, people: int) -> None:
    for refresh in ("20100101", "20261231"):
        for dataset in (ENGLAND, CYMRU, CMS):
            files = write_synthetic(dataset, people, 3, refresh, tmp_path / f"{refresh}_{dataset}")
            assert files.deposit is not None
            assert check_delivery(db, contract(dataset), files.deposit).good


def test_a_public_law_world_of_other_years_has_no_private_cases_and_begins_then(tmp_path: Path, db: Session) -> None:
    world = build_world(4, 600, 9_000, first_year=2008, last="20121231", private_share=0.0)
    world.write_deposit(ENGLAND, "20190401", tmp_path)
    kinds, first, last = db.row(
        f"SELECT list(DISTINCT LAWTYPE_ID), min(DATERECEIVED), max(DATERECEIVED) FROM {_csv(tmp_path, 'CASES')}",
        step="count kinds",
    )
    assert kinds == ["1"]
    assert "2008-01-01" <= first < "2008-12-31"
    assert "2012-01-01" < last <= "2012-12-31"


def test_an_adopted_child_has_a_closed_record_and_a_new_one_that_share_no_number(deliveries: Path, db: Session) -> None:
    folder = deliveries / REGISTER / REFRESHES[2]
    closed = f"(SELECT * FROM {_csv(folder, 'PERSONS')} WHERE RECORD_STATUS = 'closed_by_adoption')"
    open_names = db.value(
        f"SELECT count(*) FROM {closed} JOIN {_csv(folder, 'NAMES')} USING (PERS_ID) WHERE TO_DT IS NULL",
        step="look for names still borne",
    )
    new = db.value(
        f"SELECT count(*) FROM {closed} c JOIN {_csv(folder, 'PERSONS')} n ON n.DATE_OF_BIRTH = c.DATE_OF_BIRTH "
        "AND n.SEX = c.SEX AND n.PERS_ID <> c.PERS_ID JOIN "
        f"{_csv(folder, 'NAMES')} m ON m.PERS_ID = n.PERS_ID AND m.FROM_DT::DATE > n.DATE_OF_BIRTH::DATE + 60",
        step="look for new records",
    )
    assert open_names == 0
    assert new > 0
    numbers = f"SELECT count(*) - count(DISTINCT NHS_NUMBER) FROM {_csv(folder, 'PERSONS')}"
    assert db.value(numbers, step="compare numbers") == 0


def test_mothers_come_back(deliveries: Path, db: Session) -> None:
    folder = deliveries / ENGLAND / REFRESHES[2]
    sets = (
        f"SELECT PERSON_ID, count(DISTINCT CASE_ID) AS n FROM {_csv(folder, 'PERSONSONAPPLICATIONS')} "
        f"JOIN {_csv(folder, 'APPLICATIONS')} a ON a.ID = APPLICATION_ID "
        f"JOIN {_csv(folder, 'CASES')} c ON c.ID = CASE_ID "
        "WHERE LAWTYPE_ID = '1' AND ISRESPONDENT = 'true' GROUP BY 1"
    )
    assert 0.08 < db.value(f"SELECT avg((n > 1)::INT) FROM ({sets})", step="measure returns") < 0.35


@pytest.mark.parametrize("refresh", REFRESHES)
def test_everybody_on_the_register_has_names_addresses_and_a_number_in_order_of_time(
    deliveries: Path, db: Session, refresh: str
) -> None:
    folder = deliveries / REGISTER / refresh
    for table in ("NAMES", "ADDRESSES", "NHS_NUMBERS"):
        without = f"SELECT count(*) FROM {_csv(folder, 'PERSONS')} ANTI JOIN {_csv(folder, table)} USING (PERS_ID)"
        assert db.value(without, step="look for people without") == 0, table
        backwards = f"SELECT count(*) FROM {_csv(folder, table)} WHERE TO_DT::DATE <= FROM_DT::DATE"
        assert db.value(backwards, step="look for periods without length") == 0, table
        several = (
            f"SELECT max(n) FROM (SELECT count(*) AS n FROM {_csv(folder, table)} WHERE TO_DT IS NULL GROUP BY PERS_ID)"
        )
        assert db.value(several, step="look for several at once") == 1, table
