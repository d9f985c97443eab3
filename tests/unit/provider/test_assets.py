"""What Dagster is told of a deposit: a failed check that warns and holds nothing up, and never a value."""

import shutil
from pathlib import Path

import dagster as dg
import pytest

from fjo_pipeline.core.orchestration import register_partition
from fjo_pipeline.provider.assets import WITHIN_CODES, provider_assets
from fjo_pipeline.provider.flow import Provider
from tests.deposit_builder import TINY, TINY_CONTRACT, VISITS, write_deposit
from tests.keyrings import Keyrings

REFRESH = "20240111"
LISTED = "constraints: {enum: [home, office]}"


@pytest.mark.parametrize(("kind", "counts"), [("office", {}), ("Quillfeather", {"VISITS.csv, column KIND": 1})])
def test_outgrown_codes_are_a_warning_on_the_deposit(
    provider: Provider, keyrings: Keyrings, tmp_path: Path, kind: str, counts: dict[str, int]
) -> None:
    folder = tmp_path / "contracts"
    folder.mkdir()
    (folder / "tiny.yaml").write_text(TINY_CONTRACT.replace(LISTED, f"{LISTED}, outgrown: warn"))
    provider = Provider(provider.settings.model_copy(update={"contracts": folder}))
    csvs = TINY | {"VISITS.csv": VISITS.replace(",office,", f",{kind},")}
    write_deposit(provider.settings.landing / "tiny" / REFRESH, csvs)
    with dg.DagsterInstance.ephemeral() as instance:
        register_partition(instance, "tiny", REFRESH)
        result = dg.materialize(
            [provider_assets("tiny")[0]], resources={"provider": provider}, partition_key=REFRESH, instance=instance
        )
    assert result.success
    [check] = result.get_asset_check_evaluations()
    assert (check.check_name, check.passed, check.severity) == (WITHIN_CODES, not counts, dg.AssetCheckSeverity.WARN)
    assert {name: value.value for name, value in check.metadata.items()} == counts
    [made] = result.asset_materializations_for_node("provider__tiny__deposit")
    assert made.metadata["values_beyond_codes"].value == counts
    assert "Quillfeather" not in str(result.all_events)
    shutil.rmtree(provider.work("tiny", REFRESH, "checked"))
