"""A register's assets in the databank: received → curated, as the datasets have them, from one transfer."""

from collections.abc import Iterator
from datetime import date

import dagster as dg

from fjo_pipeline.core.orchestration import (
    AFTER_WHAT_IT_STANDS_ON,
    blocking_checks,
    failures_in_words,
    stage_asset,
)
from fjo_pipeline.databank.assets import curation_results
from fjo_pipeline.databank.flow import Databank, curate_received_register, receive_register
from fjo_pipeline.databank.register import REGISTER_CHECKS
from fjo_pipeline.databank.removals.taking import take_removals


def register_assets(register: str) -> list[dg.AssetsDefinition]:
    """The databank's assets of one register."""
    return [_received(register), _curated(register), _removals(register)]


def _received(register: str) -> dg.AssetsDefinition:
    @stage_asset(
        key=["databank", register, "received"],
        deps=[["ttp", register, "transfers"]],
        kinds={"age"},
        description="The register's people and addresses as they came, signature and digests verified.",
    )
    def received(context: dg.AssetExecutionContext, databank: dg.ResourceParam[Databank]) -> dg.MaterializeResult[None]:
        with failures_in_words():
            transfer = receive_register(databank, register, context.partition_key)
        return dg.MaterializeResult(metadata={"dagster/row_count": transfer.rows, "digest": transfer.digest})

    return received


def _curated(register: str) -> dg.AssetsDefinition:
    key = dg.AssetKey(["databank", register, "curated"])

    @stage_asset(
        key=key,
        deps=[["databank", register, "received"]],
        check_specs=blocking_checks(key, REGISTER_CHECKS),
        automation_condition=AFTER_WHAT_IT_STANDS_ON,
        kinds={"ducklake"},
        description="The register's people and addresses as SAIL has them, every id encrypted again.",
    )
    def curated(
        context: dg.AssetExecutionContext, databank: dg.ResourceParam[Databank]
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        with failures_in_words():
            result = curate_received_register(databank, register, context.partition_key)
        yield from curation_results(key, result)

    return curated


def _removals(register: str) -> dg.AssetsDefinition:
    @stage_asset(
        key=["databank", register, "removals"],
        deps=[["ttp", register, "removals"]],
        kinds={"age", "ducklake"},
        description="Whoever has opted out, erased from transfers, tables and every snapshot.",
    )
    def removals(context: dg.AssetExecutionContext, databank: dg.ResourceParam[Databank]) -> dg.MaterializeResult[None]:
        with failures_in_words():
            changed = take_removals(databank, context.partition_key, date.today())
        # No count: those whom it is about may be few.
        return dg.MaterializeResult(metadata={"changed": changed})

    return removals
