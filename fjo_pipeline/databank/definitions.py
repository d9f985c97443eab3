"""The databank's code location."""

import dagster as dg

from fjo_pipeline.core.contracts import datasets, registers
from fjo_pipeline.core.orchestration import NIGHTLY_VIEWS, automation_sensor, inbox_sensor, nightly_schedules
from fjo_pipeline.core.processes import guard_process
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.databank.assets import POOL, databank_assets, quality_pages_asset, release_asset
from fjo_pipeline.databank.dbt_assets import dbt_resource, views
from fjo_pipeline.databank.extract_assets import extract_asset, extracts_schedule, extracts_sensor
from fjo_pipeline.databank.flow import Databank
from fjo_pipeline.databank.publishing.assets import publications_asset
from fjo_pipeline.databank.register_assets import register_assets
from fjo_pipeline.databank.sensors import INBOX, requests, views_sensor


def build_defs(settings: Settings | None = None) -> dg.Definitions:
    """Everything that Dagster needs of the databank's zone, made anew at each call."""
    settings = settings or Settings()
    linked = {each.name: databank_assets(each.name) for each in datasets(settings.contracts)}
    by_dataset = linked | {each.name: register_assets(each.name) for each in registers(settings.contracts)}
    partitioned = [asset for group in by_dataset.values() for asset in group]
    targets = {name: dg.AssetSelection.assets(*group) for name, group in by_dataset.items()}
    built = views(settings)
    release = release_asset(sorted(built.keys))
    pages = quality_pages_asset(sorted(linked))
    publications = publications_asset(POOL)
    extract = extract_asset()
    return dg.Definitions(
        assets=[*partitioned, built, release, pages, publications, extract],
        sensors=[
            inbox_sensor("databank", dg.AssetSelection.assets(*partitioned), requests, INBOX),
            views_sensor(sorted([*built.keys, *release.keys])),
            extracts_sensor(extract),
            automation_sensor("databank"),
        ],
        schedules=[
            *nightly_schedules("databank", targets, requests),
            dg.ScheduleDefinition(
                name="databank_nightly_views",
                target=dg.AssetSelection.assets(built, release),
                cron_schedule=NIGHTLY_VIEWS,
                default_status=dg.DefaultScheduleStatus.RUNNING,
            ),
            extracts_schedule(extract),
        ],
        resources={"databank": Databank(settings), "dbt": dbt_resource()},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads; nothing is read or built when the module is imported."""
    guard_process()
    return build_defs()
