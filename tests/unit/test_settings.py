"""Settings: one home, whose parts lie where they should, told by FJO_ variables."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from fjo_pipeline.core.settings import ZONES, Settings


def test_variables_tell_the_home_and_its_limits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FJO_HOME", str(tmp_path))
    monkeypatch.setenv("FJO_THREADS", "3")
    settings = Settings()
    assert settings.threads == 3
    assert settings.landing == tmp_path / "provider" / "landing"
    assert settings.quarantine == tmp_path / "provider" / "quarantine"
    assert settings.extracts == tmp_path / "databank" / "projects"
    assert settings.temporary("ttp") == tmp_path / "ttp" / "tmp"


def test_transfers_lie_in_the_home_unless_three_homes_share_a_folder(tmp_path: Path) -> None:
    assert Settings(home=tmp_path).inbox("ttp") == tmp_path / "transfers" / "ttp"
    assert Settings(home=tmp_path, transfers=tmp_path / "shared").inbox("ttp") == tmp_path / "shared" / "ttp"


def test_a_relative_home_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(home=Path("here"))
    assert settings.zone("provider") == tmp_path / "here" / "provider"
    assert settings.transfer_folder == tmp_path / "here" / "transfers"


def test_no_zone_lies_within_another(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert len({settings.zone(zone).parent for zone in ZONES}) == 1
    assert len({settings.zone(zone) for zone in ZONES}) == len(ZONES)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValidationError):
        Settings(threads=0)
    with pytest.raises(ValidationError):
        Settings(settle_seconds=-1)


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().threads = 4  # type: ignore[misc]
