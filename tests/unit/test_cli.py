"""The `fjo` command where all is well: what each subcommand does and prints."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fjo_pipeline.core.keyring import open_keyring
from fjo_pipeline.core.settings import ZONES, Settings
from fjo_pipeline.home import init_home
from fjo_pipeline.synthetic.reference_files import REFERENCE_NAMES
from tests.command import Fjo
from tests.deposit_builder import TINY_IDENTIFIERS, write_deposit
from tests.tiny_home import REFRESH, TinyHome, write_postcodes, write_register

NEW = "20250111"
PERSON = {
    "nhs_number": ["9434765919", None],
    "forename": ["Ada", "Bo"],
    "middle_names": [None, None],
    "surname": ["Quillfeather", "Thimble"],
    "date_of_birth": ["2015-03-02", "2012-07-19"],
    "sex": ["2", "1"],
    "postcode": ["SA2 8PP", "SA2 8PQ"],
    "address": [None, None],
}


def test_init_makes_a_zone_and_tells_its_fingerprint(tmp_path: Path, fjo: Fjo) -> None:
    settings = Settings(home=tmp_path / "home")
    ran = fjo(settings, "init", "--zone", "ttp")
    assert ran.code == 0
    assert open_keyring(settings, "ttp").card.fingerprint in ran.out
    assert fjo(settings, "init", "--zone", "ttp").out == ran.out


def test_synth_writes_a_deposit_with_its_register_and_truth(tmp_path: Path, fjo: Fjo) -> None:
    out = tmp_path / "made"
    arguments = ("--people", "60", "--seed", "3", "--refresh", "20240111", "--register-people", "2000")
    ran = fjo(Settings(home=tmp_path), "synth", "--dataset", "cafcass_cymru", *arguments, "--out", str(out))
    assert ran.code == 0
    assert [Path(line).name for line in ran.out.splitlines()] == [
        "deposit",
        "register",
        "postcode_to_lsoa.csv",
        *(f"{name}.csv" for name in REFERENCE_NAMES),
        "truth.parquet",
    ]
    assert all(Path(line).exists() for line in ran.out.splitlines())


def test_a_good_deposit_is_checked_added_and_refreshed(home: TinyHome, fjo: Fjo, tmp_path: Path) -> None:
    init_home(home.settings, ("provider",))
    folder = write_deposit(tmp_path / "deposit", refresh=NEW)
    assert fjo(home.settings, "deposit", "check", str(folder)).code == 0
    assert json.loads(fjo(home.settings, "deposit", "check", str(folder), "--json").out)["failures"] == []
    assert fjo(home.settings, "deposit", "add", str(folder)).out == f"tiny/{NEW} is in landing\n"
    assert f"due: split tiny/{NEW}" in fjo(home.settings, "status").out
    ran = fjo(home.settings, "refresh", "--zone", "provider")
    assert (ran.code, ran.out) == (0, f"done: split tiny/{NEW}\n")
    assert f"link tiny/{NEW}" in json.loads(fjo(home.settings, "status", "--json").out)["due"]


def test_a_register_and_references_are_loaded(home: TinyHome, fjo: Fjo, tmp_path: Path) -> None:
    ran = fjo(home.settings, "register", "add", str(write_register(tmp_path / "register", refresh="20240201")))
    assert ran.code == 0
    assert ran.out.startswith("register 20240201-")
    assert ran.out.endswith(": 4 people\n")
    path = str(write_postcodes(tmp_path / "postcodes.csv"))
    assert fjo(home.settings, "reference", "add", "postcode_to_lsoa", path).out == "postcode_to_lsoa: 2 rows\n"


def test_a_project_is_extracted_queried_and_exported(home: TinyHome, fjo: Fjo, tmp_path: Path) -> None:
    ran = fjo(home.settings, "project", "extract", "7001")
    assert ran.code == 0
    assert "project 7001: 14 tables, 28 rows, snapshot" in ran.out
    sql = f"SELECT count(*) AS people FROM SAIL7001V.TINY_ALF_{REFRESH}"
    assert fjo(home.settings, "project", "sql", "7001", sql, "--csv").out.splitlines() == ['"people"', "4"]
    ran = fjo(home.settings, "project", "export", "7001", "--format", "csv", "--out", str(tmp_path / "out"))
    assert ran.out == f"14 files in {tmp_path / 'out'}\n"


def test_sql_prints_a_table_csv_or_json(carried: TinyHome, fjo: Fjo) -> None:
    sql = "SELECT refresh, people FROM databank.partitions ORDER BY refresh LIMIT 1"
    assert fjo(carried.settings, "sql", sql).out.splitlines()[-1] == "(1 rows)"
    assert fjo(carried.settings, "sql", sql, "--csv").out.splitlines() == ['"refresh","people"', f'"{REFRESH}",4']
    assert json.loads(fjo(carried.settings, "sql", sql, "--json").out) == [{"refresh": REFRESH, "people": 4}]


def test_keys_are_shown_by_fingerprint_and_never_as_secrets(carried: TinyHome, fjo: Fjo) -> None:
    ran = fjo(carried.settings, "keys", "show")
    shown = json.loads(fjo(carried.settings, "keys", "show", "--json").out)
    assert list(shown) == list(ZONES)
    assert {"alf_e", "project/7001/ids", "project/7001/extract"} <= set(shown["databank"])
    for zone in ZONES:
        keyring = open_keyring(carried.settings, zone)
        for name in keyring.fingerprints():
            assert keyring.fingerprint(name) in ran.out
            assert keyring.key(name).hex() not in ran.out


def test_a_card_is_pinned(tmp_path: Path, fjo: Fjo) -> None:
    one, other = Settings(home=tmp_path / "one"), Settings(home=tmp_path / "other")
    fingerprint = init_home(one, ("provider",))["provider"]
    init_home(other, ("ttp",))
    card = str(one.zone("provider") / "card.json")
    assert fjo(other, "keys", "trust", "--zone", "ttp", card).out == f"pinned {fingerprint}\n"


def test_doctor_tells_problems_with_exit_code_1(home: TinyHome, fjo: Fjo) -> None:
    for path in [home.settings.home, *home.settings.home.rglob("*")]:
        path.chmod(0o700 if path.is_dir() else 0o600)
    assert fjo(home.settings, "doctor").out == "this home is sound\n"
    home.ttp.store.path.chmod(0o644)
    ran = fjo(home.settings, "doctor", "--json")
    assert ran.code == 1
    assert ["can be read by others" in each for each in json.loads(ran.out)] == [True]


def test_linkage_is_evaluated_against_truth(tmp_path: Path, fjo: Fjo) -> None:
    text = {name: pa.array(values, pa.string()) for name, values in PERSON.items()}
    pq.write_table(pa.table({"register_id": ["1", "2"], **text}), tmp_path / "register.parquet")
    pq.write_table(pa.table({"person_id": ["a", "b"], **text}), tmp_path / "people.parquet")
    pq.write_table(pa.table({"person_id": ["a", "b"], "register_id": ["1", "2"]}), tmp_path / "truth.parquet")
    paths = [f"--{name}={tmp_path / name}.parquet" for name in ("register", "people", "truth", "links")]
    ran = fjo(Settings(home=tmp_path), "linkage", "evaluate", *paths, "--json", str(tmp_path / "scores.json"))
    assert ran.code == 0
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert (scores["people"], scores["true_positives"], scores["precision"]) == (2, 2, 1.0)
    assert "precision: 1.0" in ran.out
    assert pq.read_table(tmp_path / "links.parquet").num_rows == 2


def test_what_nobody_foresaw_is_told_without_its_text(
    carried: TinyHome, fjo: Fjo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(settings: Settings) -> None:
        raise RuntimeError(f"a value: {TINY_IDENTIFIERS[0]}")

    monkeypatch.setattr("fjo_pipeline.status.home_status", fail)
    ran = fjo(carried.settings, "status")
    assert ran.code == 1
    assert ran.err.startswith("fjo: unexpected RuntimeError at test_cli.py:")
    assert TINY_IDENTIFIERS[0] not in ran.err
