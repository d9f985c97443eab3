"""The provider's asset graph: deposit → Files 1 and 2 → transfers, and the receipt that comes back."""

from collections.abc import Iterator
from datetime import date

import dagster as dg

from fjo_pipeline.core.errors import FjoError
from fjo_pipeline.core.orchestration import (
    AFTER_WHAT_IT_STANDS_ON,
    ONE_RUN_A_PARTITION,
    deposits,
    failures_in_words,
    forget_partition,
    stage_asset,
)
from fjo_pipeline.provider.flow import Provider, check_split, send_files, split_deposit, take_deposit, take_receipt
from fjo_pipeline.provider.retention import destroy_expired

POOL = "provider_store"
WITHIN_CODES = "values_within_codes"
CODES_MAY_BE_OUTGROWN = (
    "No value is beyond the codes of a field whose contract warns where they are outgrown; otherwise it was counted."
)
SPLIT_CHECKS = {
    "rows_conserved": ("file_2", "Every row of the deposit is in File 2, and every person has one row of File 1."),
    "no_identifier_columns": ("file_2", "File 2 has exactly the columns that the contract lets go there."),
    "no_identifier_values": ("file_2", "No column of File 2 carries values of File 1, or that look like identifiers."),
    "one_row_a_join_key": ("file_1", "No join key stands twice in File 1."),
}


def provider_assets(dataset: str) -> list[dg.AssetsDefinition]:
    """The provider's assets of one dataset."""
    return [_deposit(dataset), _split(dataset), _transfers(dataset), _receipt(dataset)]


def _deposit(dataset: str) -> dg.AssetsDefinition:
    key = dg.AssetKey(["provider", dataset, "deposit"])

    @stage_asset(
        key=key,
        check_specs=[dg.AssetCheckSpec(WITHIN_CODES, asset=key, description=CODES_MAY_BE_OUTGROWN)],
        kinds={"csv", "duckdb"},
        description="A deposit, whole and checked against its contract; a bad one is quarantined with a report.",
    )
    def deposit(
        context: dg.AssetExecutionContext, provider: dg.ResourceParam[Provider]
    ) -> Iterator[dg.MaterializeResult[None]]:
        with failures_in_words():
            try:
                checked = take_deposit(provider, dataset, context.partition_key)
            except FjoError:
                _forget_if_never_taken(context, provider, dataset)
                raise
        yield dg.MaterializeResult(
            metadata={
                "dagster/row_count": sum(checked.rows.values()),
                "digest": checked.digest,
                "rows_by_table": checked.rows,
                "exact_copies": sum(checked.exact_copies.values()),
                "implausible_years_of_birth": checked.implausible_years,
                "made_up_data": checked.synthetic,
                "values_beyond_codes": checked.beyond_codes,
            },
            check_results=[
                dg.AssetCheckResult(
                    passed=not checked.beyond_codes,
                    check_name=WITHIN_CODES,
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata=checked.beyond_codes,
                )
            ],
        )

    return deposit


def _forget_if_never_taken(context: dg.AssetExecutionContext, provider: Provider, dataset: str) -> None:
    if provider.ledger.last("deposit", dataset, context.partition_key, "accepted") is None:
        forget_partition(context.instance, dataset, context.partition_key)


def _split(dataset: str) -> dg.AssetsDefinition:
    def key(name: str) -> dg.AssetKey:
        return dg.AssetKey(["provider", dataset, name])

    def spec(name: str, description: str) -> dg.AssetSpec:
        return dg.AssetSpec(
            key(name),
            deps=[key("deposit")],
            group_name="provider",
            kinds={"duckdb", "parquet"},
            automation_condition=AFTER_WHAT_IT_STANDS_ON,
            partitions_def=deposits(dataset),
            description=description,
        )

    @dg.multi_asset(
        name=f"provider__{dataset}__split",
        specs=[
            spec(
                "file_1", "File 1: who the people are, one row a person under its join key; encrypted, not yet sealed."
            ),
            spec("file_2", "File 2: what happened, keys encrypted, no identifier; encrypted, not yet sealed."),
        ],
        check_specs=[
            dg.AssetCheckSpec(check, asset=key(name), description=description, blocking=True)
            for check, (name, description) in SPLIT_CHECKS.items()
        ],
        backfill_policy=ONE_RUN_A_PARTITION,
        pool=POOL,
    )
    def split(
        context: dg.AssetExecutionContext, provider: dg.ResourceParam[Provider]
    ) -> Iterator[dg.MaterializeResult[None]]:
        with failures_in_words():
            file_1, file_2 = split_deposit(provider, dataset, context.partition_key)
            findings = check_split(provider, dataset, context.partition_key)
        for name, draft in (("file_1", file_1), ("file_2", file_2)):
            results = [
                dg.AssetCheckResult(passed=each.passed, check_name=each.name, asset_key=key(name), metadata=each.counts)
                for each in findings
                if SPLIT_CHECKS[each.name][0] == name
            ]
            yield dg.MaterializeResult(
                asset_key=key(name),
                metadata={"dagster/row_count": sum(draft.rows.values()), "rows_by_table": draft.rows},
                check_results=results,
            )

    return split


def _transfers(dataset: str) -> dg.AssetsDefinition:
    @stage_asset(
        key=["provider", dataset, "transfers"],
        deps=[["provider", dataset, "file_1"], ["provider", dataset, "file_2"]],
        automation_condition=AFTER_WHAT_IT_STANDS_ON,
        kinds={"age"},
        description="File 1 sealed to the TTP and File 2 to the databank, signed by the provider.",
    )
    def transfers(
        context: dg.AssetExecutionContext, provider: dg.ResourceParam[Provider]
    ) -> dg.MaterializeResult[None]:
        with failures_in_words():
            sent = send_files(provider, dataset, context.partition_key)
        return dg.MaterializeResult(metadata={f"{kind}_rows_sent": rows for kind, rows in sent.items()})

    return transfers


def _receipt(dataset: str) -> dg.AssetsDefinition:
    @stage_asset(
        key=["provider", dataset, "receipt"],
        deps=[["ttp", dataset, "transfers"]],
        kinds={"age"},
        description="What the TTP says of a File 1: missing values by field, and how many people were linked.",
    )
    def receipt(context: dg.AssetExecutionContext, provider: dg.ResourceParam[Provider]) -> dg.MaterializeResult[None]:
        with failures_in_words():
            rows = take_receipt(provider, dataset, context.partition_key)
        return dg.MaterializeResult(metadata={"dagster/row_count": rows})

    return receipt


@dg.asset(
    key=["provider", "store", "retention"],
    group_name="provider",
    kinds={"sqlite"},
    pool=POOL,
    description="Raw and quarantined deposits whose contract's days are over, destroyed.",
)
def retention(provider: dg.ResourceParam[Provider]) -> dg.MaterializeResult[None]:
    """Destroy what may no longer be kept, and say how much it was."""
    with failures_in_words():
        destroyed = list(destroy_expired(provider, date.today()))
    return dg.MaterializeResult(metadata={"destroyed": len(destroyed)})
