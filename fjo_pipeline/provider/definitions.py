"""The provider's code location."""

import dagster as dg

from fjo_pipeline.core.contracts import datasets
from fjo_pipeline.core.orchestration import automation_sensor, inbox_sensor, nightly_retention, nightly_schedules
from fjo_pipeline.core.processes import guard_process
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.provider.assets import provider_assets, retention
from fjo_pipeline.provider.flow import Provider
from fjo_pipeline.provider.sensors import INBOX, requests


def build_defs(settings: Settings | None = None) -> dg.Definitions:
    """Everything that Dagster needs of the provider's zone, made anew at each call."""
    settings = settings or Settings()
    by_dataset = {each.name: provider_assets(each.name) for each in datasets(settings.contracts)}
    assets = [asset for group in by_dataset.values() for asset in group]
    targets = {name: dg.AssetSelection.assets(*group) for name, group in by_dataset.items()}
    return dg.Definitions(
        assets=[*assets, retention],
        sensors=[
            inbox_sensor("provider", dg.AssetSelection.assets(*assets), requests, INBOX),
            automation_sensor("provider"),
        ],
        schedules=[*nightly_schedules("provider", targets, requests), nightly_retention("provider", retention)],
        resources={"provider": Provider(settings)},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads; nothing is read or built when the module is imported."""
    guard_process()
    return build_defs()
