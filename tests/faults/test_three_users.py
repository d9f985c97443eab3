"""Three zones under three users of one machine: each reads its own, and cannot open what it is given of another's."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fjo_pipeline.core.settings import ZONES, Zone
from tests.faults.dagster_processes import DATASET, REFRESHES, Imagined
from tests.faults.three_users import User, copied_to, interpreter_for_all, make_users

PYTHON = interpreter_for_all()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.getuid() != 0, reason="only root can start processes under three users"),
    pytest.mark.skipif(PYTHON is None, reason="no Python of this version can be run by every user of the machine"),
]
Users = dict[Zone, User]
HEARS_FROM: dict[Zone, tuple[Zone, ...]] = {
    "provider": ("ttp",), "ttp": ("provider",), "databank": ("provider", "ttp")
}  # fmt: skip

READ_EACH = """
import json, os, sys
answers = []
for path in json.load(sys.stdin):
    try:
        (os.listdir if os.path.isdir(path) else open)(path)
        answers.append("read")
    except PermissionError:
        answers.append("refused")
walked = [os.path.join(folder, name) for top in sys.argv[1:] for folder, _, names in os.walk(top) for name in names]
print(json.dumps([answers, walked]))
"""
ATTACH = """
import json, sys
import duckdb
from pathlib import Path
from fjo_pipeline.core.keyring import open_keyring
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.core.sessions import literal
keyring = open_keyring(Settings(), "databank")
keys = [keyring.key(name).hex() for name in keyring.fingerprints() if name != "age"]
opened = 0
for path in json.load(sys.stdin):
    for option in ["", *(f"(ENCRYPTION_KEY {literal(key)})" for key in keys)]:
        try:
            with duckdb.connect() as db:
                db.execute(f"ATTACH {literal(path)} AS it {option or '(READ_ONLY)'}") if path.endswith("duckdb") else \
                    db.execute(f"FROM read_parquet({literal(path)}) LIMIT 1").fetchall()
            opened += 1
        except duckdb.Error:
            pass
print(opened)
"""
OPEN_TRANSFERS = """
import json, sys
from pathlib import Path
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.keyring import open_keyring
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.core.transfers import open_transfer
keyring, answers = open_keyring(Settings(), "databank"), []
for folder in json.load(sys.stdin):
    try:
        open_transfer(Path(folder), keyring)
        answers.append("opened")
    except Refused as refusal:
        answers.append(str(refusal))
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def users(world: Imagined) -> Iterator[Users]:
    """The three users after one deposit went through, each refreshing in its turn."""
    assert PYTHON is not None
    # Not below pytest's own folder, which is root's alone.
    base = Path(tempfile.mkdtemp(prefix="three_users_"))
    try:
        made = make_users(base, PYTHON)
        for zone, user in made.items():
            user.fjo("init", "--zone", zone)
            shutil.copy(user.home.path / zone / "card.json", base / f"{zone}.json")
            (base / f"{zone}.json").chmod(0o644)
        for zone, user in made.items():
            for other in set(made) - {zone}:
                user.fjo("keys", "trust", base / f"{other}.json", "--zone", zone)
        made["ttp"].fjo("register", "add", copied_to(made["ttp"], world.register, "register"))
        made["ttp"].fjo(
            "reference", "add", "postcode_to_lsoa", copied_to(made["ttp"], world.postcodes, "postcodes.csv")
        )
        made["provider"].given(made["provider"].home.land(world.deposit(REFRESHES[0])).parent)
        turns: tuple[Zone, ...] = (*ZONES, "provider")
        for zone in turns:
            made[zone].fjo("refresh", "--zone", zone)
        yield made
    finally:
        shutil.rmtree(base)


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_three_users_bring_a_deposit_to_its_extract(users: Users) -> None:
    provided = users["databank"].home.provided()
    assert provided["refreshes"] == {DATASET: [REFRESHES[0]]}
    assert provided["tables"][f"SAIL1661V.CAFE_ECMS_PEOPLE_{REFRESHES[0]}"]["rows"] > 100
    assert "nothing is due" in users["provider"].fjo("refresh", "--zone", "provider").stdout


@pytest.mark.parametrize("zone", ZONES)
def test_no_user_reads_a_file_or_folder_of_anothers(zone: Zone, users: Users) -> None:
    tops = [user.base / f"user_of_{other}" for other, user in users.items() if other != zone]
    paths = [str(path) for top in tops for path in (top, *top.rglob("*"))]
    assert len(paths) > 100
    done = users[zone].run("-c", READ_EACH, *map(str, tops), stdin=json.dumps(paths))
    answers, walked = json.loads(done.stdout)
    assert (answers.count("refused"), walked) == (len(paths), [])


def test_the_databank_does_not_reach_the_inboxes_that_it_lays_nothing_into(users: Users) -> None:
    transit = users["databank"].base / "transit"
    others = [str(path) for zone in ("provider", "ttp") for path in files_of(transit / zone)]
    assert len(others) > 3
    done = users["databank"].run("-c", READ_EACH, stdin=json.dumps(others))
    assert set(json.loads(done.stdout)[0]) == {"refused"}


def test_the_databank_that_is_given_the_ttps_files_cannot_read_them(users: Users, world: Imagined) -> None:
    databank, ttp = users["databank"], users["ttp"]
    given = copied_to(databank, ttp.home.path, "the_ttps_home")
    sealed = copied_to(databank, ttp.base / "transit" / "ttp", "the_ttps_inbox")
    stores = [str(path) for path in (*files_of(given), *files_of(sealed)) if path.suffix in (".duckdb", ".parquet")]
    assert {Path(path).suffix for path in stores} == {".duckdb", ".parquet"}
    assert databank.run("-c", ATTACH, stdin=json.dumps(stores)).stdout.strip() == "0"
    folders = [str(path.parent) for path in files_of(sealed) if path.name == "envelope.age"]
    answers = json.loads(databank.run("-c", OPEN_TRANSFERS, stdin=json.dumps(folders)).stdout)
    assert len(answers) >= 1
    assert all("is not sealed to zone databank" in each for each in answers)
    environment = f"import os; os.environ['FJO_HOME'] = {str(given)!r}; "
    shown = databank.run(
        "-c", f"{environment}from fjo_pipeline.cli import main; import sys; sys.argv[1:] = ['keys', 'show']; main()",
        succeeds=False,
    )  # fmt: skip
    assert "the passphrase does not open the keyring of zone ttp" in shown.stderr


def test_no_file_of_the_ttps_shows_a_person_in_plain(users: Users, world: Imagined) -> None:
    lines = (world.deposit(REFRESHES[0]) / "PEOPLE.csv").read_text().splitlines()[1:]
    surnames = {line.split(",")[2].strip('"').encode() for line in lines}
    long = [surname for surname in surnames if len(surname) > 6]
    assert len(long) > 20
    files = [*files_of(users["ttp"].home.path), *files_of(users["ttp"].base / "transit")]
    assert len(files) > 10
    assert [path.name for path in files if any(surname in path.read_bytes() for surname in long)] == []


@pytest.mark.parametrize(("kind", "zone"), [("file_1", "databank"), ("file_2", "ttp")])
def test_a_file_in_the_wrong_inbox_is_refused_by_name(kind: str, zone: Zone, users: Users) -> None:
    transit, user = users[zone].base / "transit", users[zone]
    right: Zone = "ttp" if kind == "file_1" else "databank"
    source = next((transit / right / kind).glob("*/*/*"))
    target = transit / zone / source.relative_to(transit / right)
    shutil.copytree(source, target)
    try:
        user.given(transit / zone / kind)
        refused = user.fjo("refresh", "--zone", zone, succeeds=False)
        name = f"{kind} {DATASET}/{REFRESHES[0]} (transfer {source.name})"
        assert f"{name} lies in the inbox of zone {zone}, which takes no {kind}: it was not opened" in refused.stderr
        entries = json.loads(user.fjo("audit", "show", "--zone", zone, "--kind", kind, "--json").stdout)[zone]
        assert [each["step"] for each in entries] == ["refused"]
    finally:
        shutil.rmtree(transit / zone / kind)


def test_every_zones_log_is_whole_and_knows_the_others_heads(users: Users) -> None:
    for zone in ZONES:
        said = users[zone].fjo("audit", "verify", "--zone", zone).stdout
        assert f"zone {zone}: the audit log is whole" in said
        for other in HEARS_FROM[zone]:
            head = said.split(f"of zone {other} it last noted ")[1].split(";")[0].strip()
            users[other].fjo("audit", "verify", "--zone", other, "--head", head)
