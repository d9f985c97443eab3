"""The trusted third party's code location."""

import dagster as dg

from fjo_pipeline.core.contracts import datasets
from fjo_pipeline.core.orchestration import automation_sensor
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.ttp.assets import shared_assets, ttp_assets
from fjo_pipeline.ttp.flow import Ttp
from fjo_pipeline.ttp.sensors import ttp_schedules, ttp_sensors


def build_defs(settings: Settings | None = None) -> dg.Definitions:
    """Everything that Dagster needs of the TTP's zone, made anew at each call."""
    settings = settings or Settings()
    assets = [asset for each in datasets(settings.contracts) for asset in ttp_assets(each)]
    target = dg.AssetSelection.assets(*assets)
    return dg.Definitions(
        assets=[*shared_assets(), *assets],
        sensors=[*ttp_sensors(target), automation_sensor("ttp")],
        schedules=ttp_schedules(target),
        resources={"ttp": Ttp(settings)},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads; nothing is read or built when the module is imported."""
    return build_defs()
