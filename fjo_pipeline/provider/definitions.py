"""The provider's code location."""

import dagster as dg

from fjo_pipeline.core.contracts import datasets
from fjo_pipeline.core.orchestration import automation_sensor
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.provider.assets import provider_assets
from fjo_pipeline.provider.flow import Provider
from fjo_pipeline.provider.sensors import provider_schedules, provider_sensors


def build_defs(settings: Settings | None = None) -> dg.Definitions:
    """Everything that Dagster needs of the provider's zone, made anew at each call."""
    settings = settings or Settings()
    assets = [asset for each in datasets(settings.contracts) for asset in provider_assets(each.name)]
    target = dg.AssetSelection.assets(*assets)
    return dg.Definitions(
        assets=assets,
        sensors=[*provider_sensors(target), automation_sensor("provider")],
        schedules=provider_schedules(target),
        resources={"provider": Provider(settings)},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads; nothing is read or built when the module is imported."""
    return build_defs()
