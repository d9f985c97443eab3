"""Opt-out at the TTP: whom the details find, what is kept of it and said of it, and who is sent no more."""

import json
from collections.abc import Sequence
from datetime import date
from io import StringIO
from pathlib import Path

import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.transfers import latest, open_transfer
from fjo_pipeline.ttp.flow import load_register, make_file_3
from fjo_pipeline.ttp.optout import add_optout, entries
from fjo_pipeline.ttp.register.sending import check_made_history, make_history
from fjo_pipeline.ttp.removals import removals_due, send_removals
from fjo_pipeline.ttp.store import OPTED_OUT
from tests.command import Fjo
from tests.deposit_builder import Row
from tests.tiny_home import PERSONS, REFRESH, REGISTER_REFRESH, TinyHome, write_register

TODAY = date(2026, 11, 22)
BY_NAME = "forename: Ada\nsurname: QUILLFEATHER\ndate_of_birth: 2015-03-02\npostcode: sa28pp\n"


def listed(home: TinyHome) -> list[tuple[int, str]]:
    with home.ttp.store.writing() as session:
        return session.rows(f"SELECT number, register_id FROM {OPTED_OUT} ORDER BY ALL", step="read the list")


@pytest.mark.parametrize(
    "details",
    ["register_id: 101", BY_NAME, BY_NAME.replace("Ada", " ada "), BY_NAME + "register_id: 101"],
)
def test_one_person_is_found_by_id_or_by_name_date_of_birth_and_postcode(empty_home: TinyHome, details: str) -> None:
    assert add_optout(empty_home.ttp, details, "opt-out", TODAY) == (1, True)
    assert listed(empty_home) == [(1, "101")]
    assert add_optout(empty_home.ttp, BY_NAME, "erasure", TODAY) == (1, False)
    assert [(each.number, each.reason, each.added_on) for each in entries(empty_home.ttp)] == [(1, "opt-out", TODAY)]


def test_one_person_is_found_by_nhs_number_and_a_wrong_number_finds_nobody(
    empty_home: TinyHome, tmp_path: Path
) -> None:
    persons = [{**row, "NHS_NUMBER": "9434765919"} if row["PERS_ID"] == 103 else row for row in PERSONS]
    load_register(empty_home.ttp, write_register(tmp_path / "register", persons, "20240201"))
    assert add_optout(empty_home.ttp, "nhs_number: 943 476 5919", "opt-out", TODAY) == (1, True)
    assert listed(empty_home) == [(1, "103")]
    with pytest.raises(Refused, match="those of 0 people"):
        add_optout(empty_home.ttp, "nhs_number: 9434765918", "opt-out", TODAY)


@pytest.mark.parametrize(
    ("details", "refusal"),
    [
        ("register_id: 999", "those of 0 people on the register"),
        # A record that was merged is nobody's own any more.
        ("register_id: 104", "those of 0 people on the register"),
        (BY_NAME.replace("2015-03-02", "2015-03-03"), "those of 0 people on the register"),
        ("surname: Quillfeather", "give register_id, or nhs_number, or all of forename, surname"),
        ("name: Quillfeather", "line 1 is not `name: value` with a name among register_id"),
        ("register_id: 101\nregister_id: 102", "line 2 gives register_id a second time"),
        ("register_id: 101\nsurname: Quillfeather", "a name is forename and surname"),
        ("Quillfeather", "line 1 is not `name: value`"),
        ("", "no details were given"),
    ],
)
def test_details_that_are_not_exactly_one_persons_are_refused_without_a_value(
    empty_home: TinyHome, details: str, refusal: str
) -> None:
    with pytest.raises(Refused, match=refusal) as refused:
        add_optout(empty_home.ttp, details, "opt-out", TODAY)
    assert not any(value in str(refused.value) for value in ("Quillfeather", "101", "999", "2015", "SA2"))
    assert listed(empty_home) == []
    assert not list(removals_due(empty_home.ttp))


def test_two_people_with_the_details_are_refused_with_their_count(empty_home: TinyHome, tmp_path: Path) -> None:
    # A twin of one name: 104 is then a person of its own under one of whose names both were known.
    twins: Sequence[Row] = [
        {key: value for key, value in row.items() if key != "MERGED_INTO"} for row in PERSONS if row["PERS_ID"] != 102
    ]
    load_register(empty_home.ttp, write_register(tmp_path / "register", twins, "20240201"))
    with empty_home.ttp.store.writing() as session:
        session.run(
            "UPDATE ttp.register.name SET surname = 'Quillfeather' WHERE register_id = '104'", step="make twins"
        )
    with pytest.raises(Refused, match="those of 2 people on the register, and must be those of exactly one"):
        add_optout(empty_home.ttp, BY_NAME, "opt-out", TODAY)


def test_the_audit_log_and_the_ledger_say_that_somebody_was_added_and_not_who(empty_home: TinyHome) -> None:
    add_optout(empty_home.ttp, BY_NAME, "erasure", TODAY)
    (entry,) = empty_home.ttp.audit.entries(kind="optout")
    assert (entry.name, entry.step, entry.why, entry.detail) == ("entry 1", "added", "erasure", {})
    assert empty_home.ttp.audit.verify() == []
    folder = empty_home.settings.zone("ttp")
    for path in (each for each in folder.rglob("*") if each.is_file()):
        content = path.read_bytes().lower()
        assert not any(value in content for value in (b"quillfeather", b"sa28pp", b"2015-03-02"))


def test_the_list_is_due_to_be_sent_once_and_again_when_somebody_is_added_or_records_may_have_been_merged(
    empty_home: TinyHome, tmp_path: Path
) -> None:
    ttp = empty_home.ttp
    assert not list(removals_due(ttp))
    with pytest.raises(Refused, match="nobody has opted out"):
        send_removals(ttp, REGISTER_REFRESH)
    add_optout(ttp, "register_id: 102", "opt-out", TODAY)
    assert [each.refresh for each in removals_due(ttp)] == [REGISTER_REFRESH]
    assert send_removals(ttp, REGISTER_REFRESH)
    assert not list(removals_due(ttp))
    assert not send_removals(ttp, REGISTER_REFRESH)
    # In the next register 102 was merged into 103, and 101, whom the list does not have, was adopted.
    merged = [{**row, **({"MERGED_INTO": 103} if row["PERS_ID"] == 102 else {})} for row in PERSONS]
    load_register(ttp, write_register(tmp_path / "register", merged, "20240201"))
    assert listed(empty_home) == [(1, "102"), (1, "103")]
    assert [each.refresh for each in removals_due(ttp)] == ["20240201"]
    assert send_removals(ttp, "20240201")
    inbox = empty_home.settings.inbox("databank")
    transfer = open_transfer(latest(inbox, "removals", "population_register", "20240201"), empty_home.databank.keyring)
    assert transfer.files["removals"].rows == 2
    assert [each.number for each in entries(ttp)] == [1]


def test_an_opt_out_does_not_follow_a_person_over_an_adoption(empty_home: TinyHome, tmp_path: Path) -> None:
    """The old record is closed and the new one is a person of its own: nothing may tell that both are one."""
    add_optout(empty_home.ttp, "register_id: 101", "opt-out", TODAY)
    closed = [
        {**row, "RECORD_STATUS": "closed_by_adoption"} if row["PERS_ID"] == 101 else row
        for row in PERSONS if row["PERS_ID"] != 104
    ]  # fmt: skip
    new: Row = {"PERS_ID": 105, "DATE_OF_BIRTH": "2015-03-02", "SEX": "2", "RECORD_STATUS": "current"}
    persons = [row for row in closed if row["PERS_ID"] != 105] + [new]
    load_register(empty_home.ttp, write_register(tmp_path / "register", persons, "20240201"))
    assert listed(empty_home) == [(1, "101")]


def test_file_3_leaves_the_person_out_and_lists_the_join_key_and_counts_show_no_difference(home: TinyHome) -> None:
    add_optout(home.ttp, "register_id: 101", "opt-out", TODAY)
    counts = home.at_ttp()
    assert (counts["rows"], counts["join_keys"], counts["file_1_rows"]) == (4, 4, 4)
    draft, _ = make_file_3(home.ttp, "tiny", REFRESH)
    assert draft.rows == {"file_3": 3, "left_out": 1}
    with home.ttp.store.reading() as session:
        both = session.value(
            f"SELECT count(*) FROM {draft.relation(session, 'file_3')} SEMI JOIN "
            f"{draft.relation(session, 'left_out')} USING (SYSTEM_ID)",
            step="count",
        )
        alf = session.value("SELECT count(*) FROM (DESCRIBE SELECT * FROM " + draft.relation(session, "left_out") + ")",
                            step="count")  # fmt: skip
    assert (both, alf) == (0, 1)


def test_the_register_that_is_sent_leaves_the_person_out(home: TinyHome) -> None:
    before = make_history(home.ttp, REGISTER_REFRESH).rows
    add_optout(home.ttp, "register_id: 101", "opt-out", TODAY)
    after = make_history(home.ttp, REGISTER_REFRESH).rows
    assert before["persons"] - after["persons"] == 1
    assert after["addresses"] < before["addresses"]
    assert all(each.passed for each in check_made_history(home.ttp, REGISTER_REFRESH))


def test_the_command_takes_details_from_a_file_or_standard_input_and_shows_nobody(
    empty_home: TinyHome, fjo: Fjo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    details = tmp_path / "details"
    details.write_text(BY_NAME)
    ran = fjo(empty_home.settings, "optout", "add", "--details", str(details))
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "entry 1 was added: `fjo refresh` takes it to the databank\n"
    monkeypatch.setattr("sys.stdin", StringIO(BY_NAME))
    assert fjo(empty_home.settings, "optout", "add").out.startswith("entry 1 was there already")
    (entry,) = json.loads(fjo(empty_home.settings, "optout", "list", "--json").out)
    assert set(entry) == {"number", "reason", "added_on"}
    assert fjo(empty_home.settings, "optout", "list").out.splitlines()[-1] == "1 people"
    # Arguments are seen by every process of the machine, and kept in the shell's history.
    assert fjo(empty_home.settings, "optout", "add", "register_id: 101").code == 2
    monkeypatch.setattr("sys.stdin", StringIO("surname: Quillfeather"))
    refused = fjo(empty_home.settings, "optout", "add")
    assert (refused.code, refused.out) == (1, "")
    assert "Quillfeather" not in refused.err
