"""The register's own assets: its people and addresses without identifiers, checked, then sealed to the databank."""

from collections.abc import Iterator

import dagster as dg

from fjo_pipeline.core.orchestration import (
    AFTER_WHAT_IT_STANDS_ON,
    ONE_RUN_A_PARTITION,
    deposits,
    failures_in_words,
)
from fjo_pipeline.ttp.assets import POOL
from fjo_pipeline.ttp.flow import Ttp
from fjo_pipeline.ttp.register.history import HISTORY_CHECKS
from fjo_pipeline.ttp.register.sending import check_made_history, make_history, send_history


def register_assets(register: str) -> list[dg.AssetsDefinition]:
    """The assets that take a register to the databank."""
    return [_history(register), _transfers(register)]


def _history(register: str) -> dg.AssetsDefinition:
    key = dg.AssetKey(["ttp", register, "history"])

    @dg.asset(
        key=key,
        deps=[["ttp", register, "register"]],
        check_specs=[
            dg.AssetCheckSpec(name, asset=key, description=description, blocking=True)
            for name, description in HISTORY_CHECKS.items()
        ],
        partitions_def=deposits(register),
        backfill_policy=ONE_RUN_A_PARTITION,
        group_name="ttp",
        kinds={"duckdb", "parquet"},
        pool=POOL,
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
            check_results=[
                dg.AssetCheckResult(passed=each.passed, check_name=each.name, asset_key=key, metadata=each.counts)
                for each in findings
            ],
        )

    return history


def _transfers(register: str) -> dg.AssetsDefinition:
    @dg.asset(
        key=["ttp", register, "transfers"],
        deps=[["ttp", register, "history"]],
        partitions_def=deposits(register),
        backfill_policy=ONE_RUN_A_PARTITION,
        automation_condition=AFTER_WHAT_IT_STANDS_ON,
        group_name="ttp",
        kinds={"age"},
        pool=POOL,
        description="The register's people and addresses sealed to the databank, signed.",
    )
    def transfers(context: dg.AssetExecutionContext, ttp: dg.ResourceParam[Ttp]) -> dg.MaterializeResult[None]:
        with failures_in_words():
            sent = send_history(ttp, context.partition_key)
        return dg.MaterializeResult(metadata={"rows_sent": sent})

    return transfers
