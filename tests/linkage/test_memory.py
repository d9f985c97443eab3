"""What was found for a person before is not looked for again, and a memory changes no link."""

from collections.abc import Iterator

import pytest

from benchmarks.linkage_again import change
from benchmarks.linkage_data import write_standard
from benchmarks.linkage_train import REGISTER, load_standard
from fjo_pipeline.core.sessions import Session, open_session
from fjo_pipeline.ttp.linkage.link import LinkageResult, link_prepared
from fjo_pipeline.ttp.linkage.memory import SCHEMA, TABLES, Memory, forget, keep
from fjo_pipeline.ttp.linkage.model import load_model
from fjo_pipeline.ttp.linkage.prepare import prepare_register

Links = list[tuple[object, ...]]
MODEL = load_model()


@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder = tmp_path_factory.mktemp("families")
    write_standard(1_500, 6_000, seed=3, out=folder)
    with open_session(folder / "spill") as session:
        load_standard(session, folder)
        prepare_register(session, REGISTER)
        yield session


@pytest.fixture
def session(families: Session) -> Session:
    families.run("DROP SCHEMA IF EXISTS findings CASCADE", step="start anew")
    families.run(SCHEMA.format(schema="findings"), step="lay out the memory")
    return families


def _link(session: Session, people: str, version: str = "1", refresh: str = "20240101") -> tuple[LinkageResult, Links]:
    memory = Memory("findings", version, "made_up", refresh)
    result = link_prepared(session, people, MODEL, links="links", use_nhs_numbers=True, memory=memory)
    keep(session, memory)
    return result, session.rows("FROM links ORDER BY ALL", step="read the links")


def _without_memory(session: Session, people: str) -> Links:
    link_prepared(session, people, MODEL, links="links", use_nhs_numbers=True)
    return session.rows("FROM links ORDER BY ALL", step="read the links")


def _rows(session: Session, table: str) -> int:
    return int(session.value(f"SELECT count(*) FROM findings.{table}", step="count"))


def test_people_who_come_again_are_not_looked_for_and_keep_their_links(session: Session) -> None:
    first, links = _link(session, "people")
    again, same = _link(session, "people", refresh="20240201")
    assert first.asked == first.people > 1_000
    assert again.asked == 0
    assert again.pairs_scored == 0
    assert same == links == _without_memory(session, "people")
    assert again.statuses == first.statuses


def test_a_memory_of_some_of_them_changes_no_link(session: Session) -> None:
    expected = _without_memory(session, "people")
    half = "(FROM people WHERE hash(person_id) % 2 = 0)"
    _link(session, half)
    result, links = _link(session, "people")
    assert 0 < result.asked < result.people
    assert links == expected


def test_a_changed_person_is_looked_for_and_nobody_else(session: Session) -> None:
    _link(session, "people")
    session.run(
        """CREATE OR REPLACE TABLE changed AS SELECT * REPLACE (
            CASE WHEN person_id = (SELECT min(person_id) FROM people WHERE address IS NOT NULL)
                 THEN 'Zebedee' ELSE forename END AS forename) FROM people""",
        step="change one person",
    )
    result, links = _link(session, "changed")
    assert result.asked == 1
    assert links == _without_memory(session, "changed")


def test_a_refresh_with_one_in_twenty_new_or_changed_has_the_links_of_a_full_linkage(session: Session) -> None:
    _link(session, "people")
    change(session)
    result, links = _link(session, "changed", refresh="20240201")
    assert 0 < result.asked <= result.people / 16
    assert links == _without_memory(session, "changed")


@pytest.mark.parametrize("seed", range(4))
def test_whatever_changes_what_is_remembered_is_what_would_be_found_anew(session: Session, seed: int) -> None:
    """One in ten has left, come, changed or moved in with somebody else, refresh by refresh."""
    session.run("CREATE OR REPLACE TABLE living AS FROM people", step="begin with everybody")
    for refresh in range(3):
        session.run(
            f"""CREATE OR REPLACE TABLE lottery AS
            SELECT *, hash(person_id, {seed}, {refresh}) % 60 AS lot FROM living;
            CREATE OR REPLACE TABLE living AS
            SELECT * EXCLUDE (lot) REPLACE (
                CASE WHEN lot = 1 THEN left(surname, 2) || 'x' || substr(surname, 4) ELSE surname END AS surname,
                CASE WHEN lot = 2 THEN NULL ELSE date_of_birth END AS date_of_birth,
                CASE lot WHEN 3 THEN lead(postcode) OVER place ELSE postcode END AS postcode,
                CASE lot WHEN 3 THEN lead(address) OVER place WHEN 4 THEN NULL ELSE address END AS address)
            FROM lottery WHERE lot <> 5 WINDOW place AS (ORDER BY person_id)
            UNION ALL
            SELECT * EXCLUDE (lot) REPLACE (person_id || '-{refresh}' AS person_id) FROM lottery WHERE lot = 6""",
            step="change some people",
        )
        result, links = _link(session, "living", refresh=f"2024010{refresh + 1}")
        assert links == _without_memory(session, "living")
        assert result.asked < result.people / 8 or not refresh


def test_findings_for_another_register_or_model_are_forgotten(session: Session) -> None:
    _link(session, "people")
    known = _rows(session, "person")
    result, _ = _link(session, "people", version="2")
    assert result.asked == result.people
    assert _rows(session, "person") == known


def test_what_is_known_of_a_refresh_is_destroyed_with_its_file_1(session: Session) -> None:
    _link(session, "people")
    forget(session, "findings", "made_up", "20230101")
    assert _rows(session, "person") > 1_000
    forget(session, "findings", "made_up", "20240101")
    assert [_rows(session, table) for table in ("person", *TABLES)] == [0, 0, 0, 0]
