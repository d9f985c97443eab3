"""Made-up reference files: taken by the databank as they are, the same each time, and saying that they are made up."""

from pathlib import Path

import pyarrow as pa

from fjo_pipeline.core.settings import Settings
from fjo_pipeline.databank.reference import add_reference
from fjo_pipeline.databank.store import DatabankStore
from fjo_pipeline.synthetic.reference_files import REFERENCE_NAMES, write_reference_files

LSOAS = pa.array(["E01000001", "E01000002", "W01000001", "E01000001"])


def test_the_databank_takes_them_and_they_say_that_they_are_made_up(tmp_path: Path) -> None:
    written = write_reference_files(LSOAS, tmp_path / "reference")
    assert [path.stem for path in written] == list(REFERENCE_NAMES)
    store = DatabankStore(Settings(home=tmp_path / "home"))
    store.create()
    loaded = {path.stem: add_reference(store, path.stem, path) for path in written}
    assert {each.vintage for each in loaded.values()} == {"MADE-UP DATA"}
    assert [each.notes for each in loaded.values()] == [()] * 4
    assert [each.rows for each in loaded.values()] == [3, 175 * 12 * 91, 175 * 12, 10 * 12]


def test_the_same_places_have_the_same_files(tmp_path: Path) -> None:
    first, second = (write_reference_files(LSOAS, tmp_path / name) for name in ("one", "two"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
