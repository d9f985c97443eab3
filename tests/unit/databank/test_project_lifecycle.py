"""The life of a project: who took which step, when and why; and that what is destroyed stays so."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from fjo_pipeline.core.audit import account_name
from fjo_pipeline.core.errors import KeyMissing, Refused, StatementFailed
from fjo_pipeline.core.keyring import keyring_path
from fjo_pipeline.core.sessions import literal, open_session
from fjo_pipeline.databank.flow import Databank, pinned_snapshots
from fjo_pipeline.databank.projects.analyst import export, query
from fjo_pipeline.databank.projects.extract import extract_key, extract_path, make_extract, make_project_keys
from fjo_pipeline.databank.projects.grants import load_project
from fjo_pipeline.databank.projects.lifecycle import (
    approve_project,
    destroy_project,
    due_for_destruction,
    history,
    last_step,
    note_expired,
    note_request,
)
from fjo_pipeline.databank.projects.verifying import verify_extract
from fjo_pipeline.doctor import examine
from fjo_pipeline.home import make_projects
from fjo_pipeline.status import home_status, shown
from tests.tiny_home import TinyHome, copied

TODAY = date(2026, 11, 22)


def steps(home: TinyHome, number: str = "7001") -> list[tuple[str, str]]:
    return [(each.step, each.who) for each in history(home.databank, number)]


def end_approval(home: TinyHome, number: str = "7001", year: int = 2025) -> None:
    path = home.settings.projects / f"{number}.yaml"
    old = f"reference: P-{number}, valid_from: 2024-01-01, valid_until: 2099"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, old.replace("2099", str(year))))


def test_each_step_is_entered_once_with_who_and_why(home: TinyHome) -> None:
    databank, me = home.databank, account_name()
    note_request(databank, load_project("7001", home.settings.projects), "A Researcher")
    approve_project(databank, "7001", TODAY, "The Panel", "minutes of 12 November")
    make_extract(databank, "7001", TODAY)
    make_extract(databank, "7001", TODAY)
    assert steps(home) == [
        ("requested", "A Researcher"), ("approved", "The Panel"), ("provided", me), ("provided", me),
    ]  # fmt: skip
    requested, approved, provided, _ = history(databank, "7001")
    assert requested.why == "To be tested"
    assert approved.why == (
        "minutes of 12 November; the approval P-7001 of Panel holds from 2024-01-01 until 2099-12-31"
    )
    assert provided.detail["extract"] == 1
    assert databank.audit.verify() == []


def test_an_extract_enters_the_approvals_that_it_rests_on_and_again_when_they_are_others(home: TinyHome) -> None:
    make_extract(home.databank, "7001", TODAY)
    end_approval(home, year=2030)
    make_extract(home.databank, "7001", TODAY)
    assert [step for step, _ in steps(home)] == ["requested", "approved", "provided", "approved", "provided"]
    last = last_step(home.databank, "7001", "approved")
    assert last is not None
    assert last.detail["project"]["valid_until"] == "2030-12-31"


def test_an_expired_project_gets_nothing_new_and_is_due_for_destruction(home: TinyHome) -> None:
    databank = home.databank
    make_extract(databank, "7001", TODAY)
    end_approval(home)
    with pytest.raises(Refused, match="the approval P-7001 of Panel holds from 2024-01-01 until 2025-12-31, not today"):
        make_extract(databank, "7001", TODAY)
    assert steps(home)[-1] == ("expired", account_name())
    assert note_expired(databank, TODAY) == []
    assert due_for_destruction(databank, TODAY) == [("7001", date(2025, 12, 31))]
    text = shown(home_status(home.settings))
    assert "due for destruction: project 7001, its approval ended on 2025-12-31" in text
    assert "project: 7001 expired" in text
    with pytest.raises(Refused, match="until 2025-12-31 and has ended; renew it in the project file"):
        approve_project(databank, "7001", TODAY, None, "")
    # Nobody forgets a project whose file was deleted.
    (home.settings.projects / "7001.yaml").unlink()
    assert due_for_destruction(databank, date(2100, 1, 1))[0][0] == "7001"


def test_a_renewed_approval_ends_the_expiry(home: TinyHome) -> None:
    text = (home.settings.projects / "7001.yaml").read_text()
    end_approval(home)
    assert note_expired(home.databank, TODAY) == ["7001"]
    (home.settings.projects / "7001.yaml").write_text(text)
    make_extract(home.databank, "7001", TODAY)
    assert [step for step, _ in steps(home)] == ["expired", "requested", "approved", "provided"]
    assert due_for_destruction(home.databank, TODAY) == []


@pytest.fixture(scope="module")
def destroyed_once(carried: TinyHome, tmp_path_factory: pytest.TempPathFactory) -> TinyHome:
    """A home in which project 7001 was destroyed; beside it lie a copy of its extract, and the keyring as it was."""
    base = tmp_path_factory.mktemp("destroyed")
    home = copied(carried, base / "base")
    make_extract(home.databank, "7001", TODAY)
    export(home.databank, "7001", "csv")
    query(home.databank, "7001", "CREATE TABLE SAILW7001V.mine AS SELECT 1 AS one")
    make_extract(home.databank, "7002", TODAY)
    shutil.copyfile(extract_path(home.databank, "7001"), base / "copy.duckdb")
    shutil.copyfile(keyring_path(home.settings, "databank"), base / "keyring.json")
    half_written = keyring_path(home.settings, "databank").with_name(".keyring.json.1.tmp")
    half_written.write_bytes(b"{}")
    destroy_project(home.databank, "7001", "The Keeper", "its retention is over")
    assert not half_written.exists()
    return home


@pytest.fixture
def destroyed(destroyed_once: TinyHome, tmp_path: Path) -> TinyHome:
    """The same, the test's own; the extract lies at `copy.duckdb`, the keyring at `keyring.json`."""
    before = destroyed_once.settings.home.parent.parent
    for name in ("copy.duckdb", "keyring.json"):
        shutil.copyfile(before / name, tmp_path / name)
    return copied(destroyed_once, tmp_path / "base")


def test_destroying_leaves_no_key_and_nothing_that_could_be_read(destroyed: TinyHome, tmp_path: Path) -> None:
    databank = destroyed.databank
    assert [name for name in databank.keyring.fingerprints() if "7001" in name] == []
    folder = extract_path(databank, "7001").parent
    assert sorted(path.name for path in folder.iterdir()) == ["records"]
    assert "7001" not in databank.pins.by_project()
    assert steps(destroyed)[-1] == ("destroyed", "The Keeper")
    with pytest.raises(KeyMissing, match="holds no key 'project/7001/extract'"):
        extract_key(databank.keyring, "7001")
    others = literal(extract_key(databank.keyring, "7002"))
    with open_session(tmp_path / "spill") as session:
        for options in ("READ_ONLY", f"READ_ONLY, ENCRYPTION_KEY {others}"):
            with pytest.raises(StatementFailed):
                session.run(f"ATTACH {literal(tmp_path / 'copy.duckdb')} AS copy ({options})", step="open the copy")
    assert extract_path(databank, "7002").is_file()
    assert pinned_snapshots(databank)
    assert databank.audit.verify() == []


ASKED_AGAIN: dict[str, Callable[[Databank], object]] = {
    "an extract": lambda databank: make_extract(databank, "7001", TODAY),
    "its keys": lambda databank: make_project_keys(databank, "7001"),
    "its tables": lambda databank: query(databank, "7001", "SELECT 1"),
    "an export": lambda databank: export(databank, "7001", "csv"),
    "an approval": lambda databank: approve_project(databank, "7001", TODAY, None, ""),
    "a verification": lambda databank: verify_extract(databank, "7001"),
    "to be destroyed once more": lambda databank: destroy_project(databank, "7001", None, "again"),
}


@pytest.mark.parametrize("name", ASKED_AGAIN)
def test_a_destroyed_project_asked_for_again_is_refused_with_the_reason(name: str, destroyed: TinyHome) -> None:
    with pytest.raises(Refused, match=r"project 7001 was destroyed on .* by The Keeper \(its retention is over\)"):
        ASKED_AGAIN[name](destroyed.databank)


def test_init_makes_no_keys_for_a_destroyed_project_and_a_keyring_put_back_is_told(
    destroyed: TinyHome, tmp_path: Path
) -> None:
    databank = destroyed.databank
    make_projects(databank)
    assert steps(destroyed, "7002")[0][0] == "requested"
    assert not databank.keyring.has("project/7001/ids")
    assert not [each for each in examine(destroyed.settings) if "7001" in each]
    shutil.copyfile(tmp_path / "keyring.json", keyring_path(destroyed.settings, "databank"))
    assert [each for each in examine(destroyed.settings) if "project 7001 was destroyed and something of it" in each]
    with pytest.raises(Refused, match="was destroyed"):
        make_extract(databank, "7001", TODAY)
    destroy_project(databank, "7001", None, "put back by mistake")
    assert not databank.keyring.has("project/7001/ids")
    assert [step for step, _ in steps(destroyed)].count("destroyed") == 1


@pytest.mark.parametrize(
    ("number", "reason", "expected"),
    [("7001", " ", "say it with --reason"), ("9999", "over", "there is no project 9999")],
)
def test_nothing_is_destroyed_without_a_reason_or_that_never_was(
    home: TinyHome, number: str, reason: str, expected: str
) -> None:
    before = home.databank.keyring.fingerprints()
    with pytest.raises(Refused, match=expected):
        destroy_project(home.databank, number, None, reason)
    assert home.databank.keyring.fingerprints() == before


def test_a_destruction_that_was_stopped_gives_out_nothing_and_is_ended_by_the_same_command(
    home: TinyHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    make_extract(home.databank, "7001", TODAY)
    with monkeypatch.context() as patch:
        patch.setattr("fjo_pipeline.core.keyring.Keyring.destroy", stopped)
        with pytest.raises(KeyboardInterrupt):
            destroy_project(home.databank, "7001", None, "over")
    assert extract_path(home.databank, "7001").is_file()
    with pytest.raises(Refused, match="was destroyed"):
        query(home.databank, "7001", "SELECT 1")
    destroy_project(home.databank, "7001", None, "over")
    assert not extract_path(home.databank, "7001").exists()
    assert not home.databank.keyring.has("project/7001/extract")
