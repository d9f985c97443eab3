"""The register's own assets: its people and addresses without identifiers, checked, then sealed to the databank."""

from collections.abc import Iterator

import dagster as dg

from fjo_pipeline.core.orchestration import (
    AFTER_WHAT_IT_STANDS_ON,
    blocking_checks,
    check_results,
    failures_in_words,
    stage_asset,
)
from fjo_pipeline.ttp.flow import Ttp
from fjo_pipeline.ttp.register.history import HISTORY_CHECKS
from fjo_pipeline.ttp.register.sending import check_made_history, make_history, send_history
from fjo_pipeline.ttp.removals import send_removals


def register_assets(register: str) -> list[dg.AssetsDefinition]:
    """The assets that take a register to the databank."""
    return [_history(register), _transfers(register), _removals(register)]


def _history(register: str) -> dg.AssetsDefinition:
    key = dg.AssetKey(["ttp", register, "history"])

    @stage_asset(
        key=key,
        deps=[["ttp", register, "register"]],
        check_specs=blocking_checks(key, HISTORY_CHECKS),
        kinds={"duckdb", "parquet"},
        description="The register's people and their addresses over time, by linking fields alone; not yet sealed.",
    )
    def history(context: dg.AssetExecutionContext, ttp: dg.ResourceParam[Ttp]) -> Iterator[dg.MaterializeResult[None]]:
        with failures_in_words():
            draft = make_history(ttp, context.partition_key)
            findings = check_made_history(ttp, context.partition_key)
        yield dg.MaterializeResult(
            metadata={
                "dagster/row_count": sum(draft.rows.values()),
                "rows_by_table": draft.rows,
                "residences_without_number": draft.facts["residences_met"],
            },
            check_results=check_results(key, findings),
        )

    return history


def _transfers(register: str) -> dg.AssetsDefinition:
    @stage_asset(
        key=["ttp", register, "transfers"],
        deps=[["ttp", register, "history"]],
        automation_condition=AFTER_WHAT_IT_STANDS_ON,
        kinds={"age"},
        description="The register's people and addresses sealed to the databank, signed.",
    )
    def transfers(context: dg.AssetExecutionContext, ttp: dg.ResourceParam[Ttp]) -> dg.MaterializeResult[None]:
        with failures_in_words():
            sent = send_history(ttp, context.partition_key)
        return dg.MaterializeResult(metadata={"rows_sent": sent})

    return transfers


def _removals(register: str) -> dg.AssetsDefinition:
    @stage_asset(
        key=["ttp", register, "removals"],
        deps=[["ttp", register, "register"]],
        kinds={"age"},
        description="The ALFs of everybody who has opted out or is to be erased, sealed to the databank, signed.",
    )
    def removals(context: dg.AssetExecutionContext, ttp: dg.ResourceParam[Ttp]) -> dg.MaterializeResult[None]:
        with failures_in_words():
            sent = send_removals(ttp, context.partition_key)
        # No count: those whom it is about may be few.
        return dg.MaterializeResult(metadata={"sent": sent})

    return removals
