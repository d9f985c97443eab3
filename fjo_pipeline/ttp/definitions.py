"""The trusted third party's code location."""

import dagster as dg

from fjo_pipeline.core.contracts import datasets, registers
from fjo_pipeline.core.orchestration import automation_sensor, inbox_sensor, nightly_retention, nightly_schedules
from fjo_pipeline.core.processes import guard_process
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.ttp.assets import retention, shared_assets, ttp_assets
from fjo_pipeline.ttp.flow import Ttp
from fjo_pipeline.ttp.register.assets import register_assets
from fjo_pipeline.ttp.sensors import INBOX, requests


def build_defs(settings: Settings | None = None) -> dg.Definitions:
    """Everything that Dagster needs of the TTP's zone, made anew at each call."""
    settings = settings or Settings()
    by_dataset = {each.name: ttp_assets(each) for each in datasets(settings.contracts)}
    by_dataset |= {each.name: register_assets(each.name) for each in registers(settings.contracts)}
    assets = [asset for group in by_dataset.values() for asset in group]
    targets = {name: dg.AssetSelection.assets(*group) for name, group in by_dataset.items()}
    return dg.Definitions(
        assets=[*shared_assets(), *assets, retention],
        sensors=[inbox_sensor("ttp", dg.AssetSelection.assets(*assets), requests, INBOX), automation_sensor("ttp")],
        schedules=[*nightly_schedules("ttp", targets, requests), nightly_retention("ttp", retention)],
        resources={"ttp": Ttp(settings)},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads; nothing is read or built when the module is imported."""
    guard_process()
    return build_defs()
