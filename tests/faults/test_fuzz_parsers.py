"""Ten seconds of wrong files for each parser of what people hand in."""

from pathlib import Path

import pytest

from tests.faults.fuzzing import PARSERS, fuzz

SECONDS = 10


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow) for name in PARSERS])
def test_a_wrong_file_is_refused_by_name_and_line_or_taken(name: str, tmp_path: Path) -> None:
    found = fuzz(PARSERS[name], tmp_path, SECONDS)
    assert found.failures == []
    assert found.tried > found.taken
    assert found.tried >= 50


@pytest.mark.parametrize("name", PARSERS)
def test_a_good_file_is_taken(name: str, tmp_path: Path) -> None:
    path = tmp_path / PARSERS[name].name
    path.write_bytes(PARSERS[name].good[0])
    PARSERS[name].read(path)
