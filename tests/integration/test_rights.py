"""One person's opt-out through the whole chain: command, refresh, views, extract, and every file of the databank."""

import shutil
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from fjo_pipeline.core.sessions import identifier, literal
from fjo_pipeline.databank.ciphers import at_rest
from fjo_pipeline.databank.flow import Databank, released
from fjo_pipeline.databank.projects.records import read_record
from fjo_pipeline.databank.projects.verifying import verify_extract
from fjo_pipeline.refreshing import Wanted, everything_due, refresh
from fjo_pipeline.ttp.file_3 import alf_cipher
from fjo_pipeline.ttp.flow import Ttp
from fjo_pipeline.ttp.optout import add_optout
from tests.integration.conftest import Chain

ECMS = "cafcass_england_ecms"
BUSIEST = """SELECT register_id FROM ttp.links.{links} WHERE register_id IS NOT NULL
    ORDER BY alf_sts_cd, person_id LIMIT 1"""


def found_in_files(databank: Databank, texts: list[str]) -> list[str]:
    """The data files of every snapshot, opened with the catalogue's keys, in a row of which one of these ids stands."""
    with databank.store.reading() as session:
        keys = dict(
            session.rows(
                "SELECT path, encryption_key FROM __ducklake_metadata_lake.ducklake_data_file", step="read the keys"
            )
        )
        pattern = literal("|".join(rf"\b{each}\b" for each in texts))
        return [
            path.parent.name
            for path in sorted(databank.store.data_path.rglob("*.parquet"))
            if session.value(
                f"SELECT count(*) FROM read_parquet({literal(path)}, encryption_config = {{footer_key_value: "
                f"from_base64({literal(keys[path.name])})}}) AS t WHERE regexp_matches(CAST(t AS VARCHAR), {pattern})",
                step="look",
            )
        ]


@pytest.mark.torture
def test_a_persons_opt_out_reaches_every_view_and_file_and_the_next_extract(chain: Chain, tmp_path: Path) -> None:
    shutil.copytree(chain.settings.home, tmp_path / "home")
    settings = chain.settings.model_copy(update={"home": tmp_path / "home"})
    databank, ttp = Databank(settings), Ttp(settings)
    with ttp.store.writing() as session:
        (links,) = session.rows(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'links' AND table_name LIKE ? "
            "ORDER BY 1 LIMIT 1",
            (f"{ECMS}%",),
            step="look for links",
        )
        person = session.value(BUSIEST.format(links=identifier(links[0])), step="choose somebody")
    alf = alf_cipher(ttp.keyring).encrypt_arrow(pa.array([int(person)], pa.int64()))
    cipher = at_rest(databank.contract(ECMS), "alf", databank.keyring)
    texts = [str(cipher.encrypt_arrow(alf)[0].as_py())]
    before = found_in_files(databank, texts)
    # In the tables as they came, in the harmonised core, and in views on it.
    assert any("_ALF_" in name for name in before)
    assert any(name.startswith("int_people") for name in before)
    first, was = read_record(databank, "1661"), released(databank)
    assert everything_due(settings) == []

    add_optout(ttp, f"register_id: {person}", "opt-out", date.today())
    report = refresh(settings, Wanted(), lambda said: None)
    assert report.failures == []
    stages = [task.stage for task in report.done]
    assert stages[:2] == ["optouts", "removals"]
    assert {"curate", "release", "extract"} <= set(stages)
    assert everything_due(settings) == []
    assert found_in_files(databank, texts) == []

    now, last = released(databank), read_record(databank, "1661")
    assert was is not None
    assert now is not None
    assert now.snapshot != was.snapshot
    assert last.serial == first.serial + 1
    assert last.rows < first.rows
    found = verify_extract(databank, "1661", first.serial)
    assert found.sound, found.said
    assert found.erased
