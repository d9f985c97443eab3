"""What is vendored is what was released: the digests stand in the READMEs beside the files."""

import re
from pathlib import Path

import pytest

from fjo_pipeline.core.files import sha256_of_file
from fjo_pipeline.databank.bulletin import making

FOLDERS = (Path(making.__file__).parent / "vendor", Path(__file__).parents[2] / "browser" / "vendor")


@pytest.mark.parametrize("folder", FOLDERS, ids=["bulletin", "browser tests"])
def test_vendored_scripts_are_the_released_ones(folder: Path) -> None:
    said = dict(re.findall(r"^\| `([^`]+)`.*`([0-9a-f]{64})` \|$", (folder / "README.md").read_text(), re.MULTILINE))
    assert said == {path.name: sha256_of_file(path) for path in folder.glob("*.js")}
    assert said
