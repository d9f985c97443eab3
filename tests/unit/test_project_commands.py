"""The commands about a project's life and earlier extracts, as an engineer types them."""

import json

from tests.command import Fjo
from tests.tiny_home import LATER, REFRESH, TinyHome


def test_a_project_is_approved_provided_verified_compared_and_destroyed(home: TinyHome, fjo: Fjo) -> None:
    def run(*arguments: str) -> str:
        ran = fjo(home.settings, *arguments)
        assert ran.code == 0, ran
        return ran.out

    assert "approved by Panel: seen; the approval P-7001" in run(
        "project", "approve", "7001", "--by", "Panel", "--reason", "seen"
    )
    run("project", "extract", "7001")
    verified = run("project", "verify", "7001")
    assert f"SAIL7001V.TINY_ALF_{REFRESH}" in verified
    assert "made again it is equal" in verified
    assert json.loads(run("project", "verify", "7001", "--extract", "1", "--json"))["sound"] is True
    assert "added" in run("project", "diff", "7001", REFRESH, LATER)
    tables = json.loads(run("project", "diff", "7001", REFRESH, LATER, "--json"))["tables"]
    assert {each["changed"] for each in tables} == {0}
    assert "are destroyed" in run("project", "destroy", "7001", "--by", "Keeper", "--reason", "its time is over")
    lines = run("project", "history", "7001").splitlines()
    assert [line.split()[1] for line in lines] == ["requested", "approved", "provided", "destroyed"]
    assert lines[-1].endswith("Keeper: its time is over")
    assert len(json.loads(run("project", "history", "7001", "--json"))) == 4
    head = run("audit", "verify").split()[-1]
    assert "the audit log is whole" in run("audit", "verify", "--head", head)


def test_what_is_not_there_or_destroyed_is_refused(home: TinyHome, fjo: Fjo) -> None:
    assert fjo(home.settings, "project", "destroy", "7001", "--reason", "over").code == 0
    for arguments, expected in (
        (("project", "extract", "7001"), "project 7001 was destroyed on"),
        (("project", "extract", "7002", "--refresh", "20200101"), "20200101"),
        (("project", "destroy", "7002"), "say it with --reason"),
        (("project", "verify", "7002"), "project 7002 has no extract on record"),
        (("project", "history", "9999"), "nothing is known of a project 9999"),
    ):
        ran = fjo(home.settings, *arguments)
        assert ran.code == 1, ran
        assert expected in ran.err
    ran = fjo(home.settings, "audit", "verify", "--head", "77:0123456789abcdef")
    assert (ran.code, ran.out.count("that was noted is not there")) == (1, 1)
