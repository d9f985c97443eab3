"""LINK_CHANGES: whose link is another one than in the refresh before, whatever the order of deposits."""

from typing import Any

import pytest

from fjo_pipeline.databank.link_changes import rebuild_link_changes
from tests.tiny_home import LATER, REFRESH, TinyHome

CHANGES = {
    "nothing": ("ALF_E = ALF_E", None),
    "a link that is gone": ("ALF_E = NULL, ALF_STS_CD = '99'", ("4", "99", "no longer linked")),
    "another person": ("ALF_E = ALF_E + 1", ("4", "4", "linked to another person")),
    "another status": ("ALF_STS_CD = '39'", ("4", "39", "other match status")),
}


def changes(home: TinyHome, update: str, refresh: str) -> list[tuple[Any, ...]]:
    """The changes after one linked person's row of a refresh has been altered."""
    table = f"lake.SAILTINYV.TINY_ALF_{refresh}"
    with home.databank.store.writing() as session:
        one = session.value(f"SELECT min(PERSON_ID_E) FROM {table} WHERE ALF_E IS NOT NULL", step="choose")
        session.run(f"UPDATE {table} SET {update} WHERE PERSON_ID_E = {one}", step="alter a link")
        for _ in range(2):
            rebuild_link_changes(session, home.databank.contract("tiny"))
        found = session.rows("FROM lake.databank.link_changes", step="look")
        assert all(row[1] == one for row in found)
        return found


@pytest.mark.parametrize("name", CHANGES)
def test_each_kind_of_change_is_told_once(name: str, home: TinyHome) -> None:
    update, expected = CHANGES[name]
    found = changes(home, update, LATER)
    assert [row[4:] for row in found] == ([expected] if expected else [])
    assert all((row[0], row[2], row[3]) == ("tiny", LATER, REFRESH) for row in found)


def test_a_link_that_came_is_told_too(home: TinyHome) -> None:
    (found,) = changes(home, "ALF_E = NULL, ALF_STS_CD = '99'", REFRESH)
    assert found[4:] == ("99", "4", "linked now")
