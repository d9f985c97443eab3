"""The databank's asset graph: received → curated, then the views and the release."""

import os
from collections.abc import Iterator

import dagster as dg

from fjo_pipeline.core.orchestration import (
    AFTER_WHAT_IT_STANDS_ON,
    blocking_checks,
    check_results,
    failures_in_words,
    stage_asset,
)
from fjo_pipeline.databank.checks import CURATED_CHECKS
from fjo_pipeline.databank.curate import Curated
from fjo_pipeline.databank.differences.page import compare_refresh
from fjo_pipeline.databank.flow import Databank, curate, receive, release, views_built
from fjo_pipeline.databank.quality.page import make_quality_pages
from fjo_pipeline.databank.quality.receiving import take_linkage_report

POOL = "databank_store"


def databank_assets(dataset: str) -> list[dg.AssetsDefinition]:
    """The databank's assets of one dataset."""
    return [_received(dataset), _curated(dataset), _refresh_differences(dataset), _linkage_quality(dataset)]


def _received(dataset: str) -> dg.AssetsDefinition:
    @stage_asset(
        key=["databank", dataset, "received"],
        deps=[["provider", dataset, "transfers"], ["ttp", dataset, "transfers"]],
        kinds={"age"},
        description="Files 2 and 3 as they came, signatures and digests verified.",
    )
    def received(context: dg.AssetExecutionContext, databank: dg.ResourceParam[Databank]) -> dg.MaterializeResult[None]:
        with failures_in_words():
            file_2, file_3 = receive(databank, dataset, context.partition_key)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": file_2.rows,
                # Whoever is left out is counted, too: a difference would say how few they are.
                "people": file_3.rows,
                "file_2_digest": file_2.digest,
                "file_3_digest": file_3.digest,
            }
        )

    return received


def _curated(dataset: str) -> dg.AssetsDefinition:
    key = dg.AssetKey(["databank", dataset, "curated"])

    @stage_asset(
        key=key,
        deps=[["databank", dataset, "received"]],
        check_specs=blocking_checks(key, CURATED_CHECKS),
        automation_condition=AFTER_WHAT_IT_STANDS_ON,
        kinds={"ducklake"},
        description="SAIL's tables of a refresh: Files 2 and 3 recombined, every id encrypted again.",
    )
    def curated(
        context: dg.AssetExecutionContext, databank: dg.ResourceParam[Databank]
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        with failures_in_words():
            result = curate(databank, dataset, context.partition_key)
        yield from curation_results(key, result)

    return curated


def curation_results(key: dg.AssetKey, result: Curated) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """What a curation tells Dagster: its checks, and the materialisation where something stands curated."""
    checks = check_results(key, result.findings)
    if not result.sound:
        yield from checks
        raise dg.Failure("a check failed, so nothing was written: see the checks", allow_retries=False)
    yield dg.MaterializeResult(
        metadata={
            "dagster/row_count": sum(result.rows.values()),
            "rows_by_table": result.rows,
            "people": result.people,
            "linked": result.linked,
            "match_rate": result.linked / result.people if result.people else 0.0,
            "digest": result.digest,
            "changed": result.changed,
        },
        check_results=checks,
    )


def _refresh_differences(dataset: str) -> dg.AssetsDefinition:
    key = dg.AssetKey(["databank", dataset, "refresh_differences"])

    @stage_asset(
        key=key,
        deps=[["databank", dataset, "curated"]],
        check_specs=[
            dg.AssetCheckSpec(
                "within_bands",
                asset=key,
                description="What the refresh changed against the last is within the contract's bands; warns only.",
            )
        ],
        automation_condition=AFTER_WHAT_IT_STANDS_ON,
        kinds={"ducklake", "html"},
        description="What a refresh changed against the last, in databank.refresh_differences and as a page.",
    )
    def refresh_differences(
        context: dg.AssetExecutionContext, databank: dg.ResourceParam[Databank]
    ) -> Iterator[dg.MaterializeResult[None]]:
        with failures_in_words():
            found = compare_refresh(databank, dataset, context.partition_key)
        counts = {"judged": found.judged, "beyond_their_bands": found.beyond}
        by_measure = {f"beyond_in_{name}": count for name, count in found.beyond_by_measure.items()}
        in_others = {f"beyond_in_refresh_{refresh}": count for refresh, count in found.beyond_in_others.items()}
        yield dg.MaterializeResult(
            metadata=counts | {"against": found.against or "none: the first refresh", "digest": found.digest},
            check_results=[
                dg.AssetCheckResult(
                    passed=found.within_bands,
                    check_name="within_bands",
                    asset_key=key,
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata=counts | by_measure | in_others,
                )
            ],
        )

    return refresh_differences


def _linkage_quality(dataset: str) -> dg.AssetsDefinition:
    @stage_asset(
        key=["databank", dataset, "linkage_quality"],
        deps=[["ttp", dataset, "transfers"]],
        kinds={"age", "ducklake"},
        description="The TTP's linkage report as it came: suppressed counts, kept in databank.linkage_report.",
    )
    def linkage_quality(
        context: dg.AssetExecutionContext, databank: dg.ResourceParam[Databank]
    ) -> dg.MaterializeResult[None]:
        with failures_in_words():
            rows = take_linkage_report(databank, dataset, context.partition_key)
        return dg.MaterializeResult(metadata={"dagster/row_count": rows})

    return linkage_quality


def quality_pages_asset(datasets: list[str]) -> dg.AssetsDefinition:
    """The pages on linkage quality, after the release and the TTP's reports."""

    @dg.asset(
        key=["databank", "store", "quality_pages"],
        deps=[["databank", "store", "release"], *(["databank", name, "linkage_quality"] for name in datasets)],
        automation_condition=AFTER_WHAT_IT_STANDS_ON,
        group_name="databank",
        kinds={"html"},
        description="A page a refresh: match rates by group, linked compared with unlinked, and the TTP's counts.",
    )
    def quality_pages(databank: dg.ResourceParam[Databank]) -> dg.MaterializeResult[None]:
        with failures_in_words():
            pages = make_quality_pages(databank)
        return dg.MaterializeResult(metadata={"pages": pages})

    return quality_pages


def release_asset(views: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The release, after every view is built and tested."""

    @dg.asset(
        key=["databank", "store", "release"],
        deps=views,
        group_name="databank",
        kinds={"ducklake"},
        pool=POOL,
        description="The snapshot that users, extracts and publications read: what stood when the views had passed.",
    )
    def released(databank: dg.ResourceParam[Databank]) -> dg.MaterializeResult[None]:
        with failures_in_words():
            result = release(databank, views_built(databank))
        return dg.MaterializeResult(metadata={"snapshot": result.snapshot, "digest": result.digest})

    return released


def set_dbt_environment(variables: dict[str, str]) -> None:
    """dbt is a process of its own and reads where the store is from its environment; no secret is among this."""
    os.environ.update(variables)
