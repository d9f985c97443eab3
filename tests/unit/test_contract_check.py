"""`fjo contract check FILE`: every mistake at its line with exit code 1, and a good contract in short."""

import json
import shutil
from pathlib import Path

import pytest

from fjo_pipeline.core.contracts import CONTRACTS
from fjo_pipeline.core.settings import Settings
from tests.command import Fjo
from tests.deposit_builder import TINY_CONTRACT, write_contracts


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home of contracts of the tests' own; there need be nothing else."""
    return Settings(home=tmp_path / "home", contracts=write_contracts(tmp_path / "contracts", "pedw"))


def written(folder: Path, text: str, name: str = "housing.yaml") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


HOUSING = TINY_CONTRACT.replace("name: tiny", "name: housing").replace("TINY", "HOUS").lstrip()


def test_a_good_contract_is_told_in_short(settings: Settings, fjo: Fjo, tmp_path: Path) -> None:
    ran = fjo(settings, "contract", "check", written(tmp_path, HOUSING))
    assert ran.code == 0
    assert ran.out.splitlines()[0] == "housing.yaml: the contract can be used"
    assert "  CLIENTS.csv (people, 6 fields) becomes HOUS_CLIENTS_<date>" in ran.out
    assert "linkage begins with names, dates of birth and postcodes" in ran.out
    assert "kept back: 1" in ran.out


def test_a_script_gets_the_same_as_json(settings: Settings, fjo: Fjo, tmp_path: Path) -> None:
    found = json.loads(fjo(settings, "contract", "check", written(tmp_path, HOUSING), "--json").out)
    assert found["good"]
    assert found["mistakes"] == []
    assert found["summary"]["tables"][0]["columns"] == ["ID", "GENDER", "AVAIL_FROM_DT"]
    ran = fjo(settings, "contract", "check", written(tmp_path, HOUSING.replace(", role: drop", "")), "--json")
    assert ran.code == 1
    [mistake] = json.loads(ran.out)["mistakes"]
    assert (mistake["line"], mistake["rule"]) == (47, "Field required")


def test_every_mistake_is_told_with_its_line_and_place(settings: Settings, fjo: Fjo, tmp_path: Path) -> None:
    spoilt = HOUSING.replace(", role: drop", "").replace("role: key, entity: visit", "role: key")
    ran = fjo(settings, "contract", "check", written(tmp_path, spoilt))
    assert ran.code == 1
    assert (
        "housing.yaml, line 36, tables > visits > schema > fields > VISIT: Value error, a key needs an entity"
        in ran.out
    )
    assert "housing.yaml, line 47, tables > visits > schema > fields > NOTES > role: Field required" in ran.out


def test_a_name_that_another_contract_has_is_told_at_its_line(settings: Settings, fjo: Fjo, tmp_path: Path) -> None:
    taken = HOUSING.replace("table_prefix: HOUS", "table_prefix: PEDW").replace("sail: VISITS", "sail: SPELL")
    ran = fjo(settings, "contract", "check", written(tmp_path, taken))
    assert ran.code == 1
    assert ran.out == (
        "housing.yaml, line 30, tables > visits > sail: the contract pedw claims the name PEDW_SPELL already\n"
    )


def test_a_file_of_another_name_is_told(settings: Settings, fjo: Fjo, tmp_path: Path) -> None:
    ran = fjo(settings, "contract", "check", written(tmp_path, HOUSING, "homes.yaml"))
    assert ran.code == 1
    assert "homes.yaml, line 1, name: the contract is of housing: name the file housing.yaml" in ran.out


def test_what_is_no_contract_is_refused(settings: Settings, fjo: Fjo, tmp_path: Path) -> None:
    ran = fjo(settings, "contract", "check", written(tmp_path, "name: [housing\n"))
    assert ran.code == 1
    assert "fjo: housing.yaml, line 2: this is no YAML" in ran.err
    ran = fjo(settings, "contract", "check", str(tmp_path / "absent.yaml"))
    assert ran.code == 1
    assert "there is no contract at" in ran.err


def test_a_contract_may_be_checked_where_it_lies_and_before_it_takes_its_own_place(
    settings: Settings, fjo: Fjo, tmp_path: Path
) -> None:
    assert fjo(settings, "contract", "check", str(settings.contracts / "tiny.yaml")).code == 0
    changed = shutil.copyfile(settings.contracts / "pedw.yaml", tmp_path / "pedw.yaml")
    assert fjo(settings, "contract", "check", str(changed)).code == 0


def test_a_clash_is_told_of_a_contract_that_lies_among_the_others_already(settings: Settings, fjo: Fjo) -> None:
    path = written(settings.contracts, HOUSING.replace("alf_table: HOUS_ALF", "alf_table: PEDW_ALF"))
    ran = fjo(settings, "contract", "check", path)
    assert ran.code == 1
    assert "line 5, sail > alf_table: the contract pedw claims the name PEDW_ALF already" in ran.out
    assert fjo(settings, "contract", "check", str(settings.contracts / "tiny.yaml")).code == 0


@pytest.mark.parametrize("path", sorted(CONTRACTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_contract_is_good(path: Path, fjo: Fjo, tmp_path: Path) -> None:
    assert fjo(Settings(home=tmp_path), "contract", "check", str(path)).code == 0
