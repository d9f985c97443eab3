"""The TTP's asset graph: File 1 → linkage → File 3 → transfers, on the linkage model and the register."""

from collections.abc import Iterator
from datetime import date

import dagster as dg

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.orchestration import (
    AFTER_WHAT_IT_STANDS_ON,
    blocking_checks,
    failures_in_words,
    stage_asset,
)
from fjo_pipeline.ttp.flow import Ttp, check_file_3, discard_file_3, link, make_file_3, receive_file_1, send_file_3
from fjo_pipeline.ttp.linkage.model import load_model
from fjo_pipeline.ttp.report.making import make_linkage_report, page_path
from fjo_pipeline.ttp.retention import destroy_expired

POOL = "ttp_store"
FILE_3_CHECKS = {
    "rows_conserved": "File 3 has a row for every row of File 1.",
    "one_alf_a_join_key": "No join key stands twice in File 3.",
    "cluster_sizes": "No register person has more people of the deposit than aliases can explain.",
    "match_rate_in_band": "The share of linked people lies within the contract's band.",
}
FEWEST_PEOPLE_TO_JUDGE = 100
"""Below this many people a match rate may lie anywhere by chance."""
LARGEST_CLUSTER = 20
"""People of one deposit on one register person; more are no aliases but a wrong link."""


def shared_assets() -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """What every dataset's linkage stands on."""
    register = dg.AssetSpec(
        key=["ttp", "population_register", "register"],
        group_name="ttp",
        kinds={"duckdb"},
        description="The population register; `fjo register add` loads it.",
    )
    return [register, linkage_model]


@dg.asset(
    key=["ttp", "population_register", "linkage_model"],
    group_name="ttp",
    kinds={"json"},
    description="The trained model that ships with the code, its digest and fit checked; trained apart and rarely.",
)
def linkage_model() -> dg.MaterializeResult[None]:
    """Load the model that scoring will use and show what it is."""
    with failures_in_words():
        model = load_model()
    return dg.MaterializeResult(
        metadata={"version": model.version, "digest": model.digest(), "threshold": model.threshold, **model.provenance}
    )


def ttp_assets(contract: Contract) -> list[dg.AssetsDefinition]:
    """The TTP's assets of one dataset."""
    return [
        _file_1(contract.name),
        _linkage(contract.name),
        _linkage_report(contract.name),
        _file_3(contract.name, contract.match_rate_band),
        _transfers(contract.name),
    ]


def _file_1(dataset: str) -> dg.AssetsDefinition:
    @stage_asset(
        key=["ttp", dataset, "file_1"],
        deps=[["provider", dataset, "transfers"]],
        kinds={"age", "duckdb"},
        description="File 1 as it came: signature and digests verified, laid into the TTP's encrypted store.",
    )
    def file_1(context: dg.AssetExecutionContext, ttp: dg.ResourceParam[Ttp]) -> dg.MaterializeResult[None]:
        with failures_in_words():
            received = receive_file_1(ttp, dataset, context.partition_key)
        return dg.MaterializeResult(metadata={"dagster/row_count": received["rows"], "digest": received["digest"]})

    return file_1


def _linkage(dataset: str) -> dg.AssetsDefinition:
    @stage_asset(
        key=["ttp", dataset, "linkage"],
        deps=[
            ["ttp", dataset, "file_1"],
            ["ttp", "population_register", "register"],
            ["ttp", "population_register", "linkage_model"],
        ],
        automation_condition=AFTER_WHAT_IT_STANDS_ON,
        kinds={"duckdb", "splink"},
        description="Each person of a refresh with one register person or none, exactly, then by Splink; for ALF2 too.",
    )
    def linkage(context: dg.AssetExecutionContext, ttp: dg.ResourceParam[Ttp]) -> dg.MaterializeResult[None]:
        with failures_in_words():
            result = link(ttp, dataset, context.partition_key)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": result.people,
                "people_by_match_status": result.statuses,
                "people_by_reason": result.reasons,
                "pairs_scored": result.pairs_scored,
                "seconds_by_step": result.seconds,
            }
        )

    return linkage


def _linkage_report(dataset: str) -> dg.AssetsDefinition:
    @stage_asset(
        key=["ttp", dataset, "linkage_report"],
        deps=[["ttp", dataset, "linkage"]],
        automation_condition=AFTER_WHAT_IT_STANDS_ON,
        kinds={"duckdb", "html"},
        description="How good the links are, in suppressed counts by File 1 fields: a table, an offline page, a draft.",
    )
    def linkage_report(context: dg.AssetExecutionContext, ttp: dg.ResourceParam[Ttp]) -> dg.MaterializeResult[None]:
        with failures_in_words():
            made = make_linkage_report(ttp, dataset, context.partition_key)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": made.rows,
                "against_truth": made.against_truth,
                "page_digest": made.page,
                "page": dg.MetadataValue.path(str(page_path(ttp, dataset, context.partition_key))),
            }
        )

    return linkage_report


def _file_3(dataset: str, band: tuple[float, float]) -> dg.AssetsDefinition:
    key = dg.AssetKey(["ttp", dataset, "file_3"])

    @stage_asset(
        key=key,
        deps=[["ttp", dataset, "linkage"]],
        check_specs=[
            *blocking_checks(key, FILE_3_CHECKS),
            dg.AssetCheckSpec("small_areas_known", asset=key, description="Somebody has a small area: a warning only."),
        ],
        automation_condition=AFTER_WHAT_IT_STANDS_ON,
        kinds={"duckdb", "parquet"},
        description="File 3: the join key with its ALF, match status and minimal demographics; not yet sealed.",
    )
    def file_3(context: dg.AssetExecutionContext, ttp: dg.ResourceParam[Ttp]) -> Iterator[dg.MaterializeResult[None]]:
        with failures_in_words():
            draft, _ = make_file_3(ttp, dataset, context.partition_key)
            counts = check_file_3(ttp, dataset, context.partition_key)
        rate = counts["linked"] / counts["rows"] if counts["rows"] else 0.0
        passed = {
            "rows_conserved": counts["rows"] == counts["file_1_rows"],
            "one_alf_a_join_key": counts["rows"] == counts["join_keys"],
            "cluster_sizes": counts["largest_cluster"] <= LARGEST_CLUSTER,
            "match_rate_in_band": counts["rows"] < FEWEST_PEOPLE_TO_JUDGE or band[0] <= rate <= band[1],
        }
        if not all(passed.values()):
            discard_file_3(ttp, dataset, context.partition_key)
        yield dg.MaterializeResult(
            metadata={
                "dagster/row_count": counts["rows"],
                "linked": counts["linked"],
                "match_rate": rate,
                "residences_without_number": draft.facts["residences_met"],
            },
            check_results=[
                dg.AssetCheckResult(
                    passed=good, check_name=name, asset_key=key, metadata={**counts, "match_rate": rate}
                )
                for name, good in passed.items()
            ]
            + [_small_areas_known(key, counts)],
        )

    return file_3


def _small_areas_known(key: dg.AssetKey, counts: dict[str, int]) -> dg.AssetCheckResult:
    """A warning, not a stop: a File 3 without small areas is made again when a postcode directory is loaded."""
    return dg.AssetCheckResult(
        passed=counts["with_small_area"] > 0 or counts["rows"] == 0,
        check_name="small_areas_known",
        asset_key=key,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"with_small_area": counts["with_small_area"], "rows": counts["rows"]},
        description="Without a postcode directory nobody has one: `fjo reference add postcode_to_lsoa PATH`.",
    )


def _transfers(dataset: str) -> dg.AssetsDefinition:
    @stage_asset(
        key=["ttp", dataset, "transfers"],
        deps=[["ttp", dataset, "file_3"], ["ttp", dataset, "linkage_report"]],
        automation_condition=AFTER_WHAT_IT_STANDS_ON,
        kinds={"age"},
        description="File 3 and the linkage report sealed to the databank, a receipt to the provider, all signed.",
    )
    def transfers(context: dg.AssetExecutionContext, ttp: dg.ResourceParam[Ttp]) -> dg.MaterializeResult[None]:
        with failures_in_words():
            sent = send_file_3(ttp, dataset, context.partition_key)
        return dg.MaterializeResult(metadata={f"{kind}_rows_sent": rows for kind, rows in sent.items()})

    return transfers


@dg.asset(
    key=["ttp", "store", "retention"],
    group_name="ttp",
    kinds={"sqlite"},
    pool=POOL,
    description="File 1 data whose contract's days are over, destroyed.",
)
def retention(ttp: dg.ResourceParam[Ttp]) -> dg.MaterializeResult[None]:
    """Destroy what may no longer be kept, and say how much it was."""
    with failures_in_words():
        destroyed = list(destroy_expired(ttp, date.today()))
    return dg.MaterializeResult(metadata={"destroyed": len(destroyed)})
