"""The publications as an asset, after the release and its marts: let out once the disclosure checks have passed.

Skipped while a refresh is incomplete.
"""

from collections.abc import Iterator

import dagster as dg

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.orchestration import (
    AFTER_WHAT_IT_STANDS_ON,
    blocking_checks,
    check_results,
    failures_in_words,
)
from fjo_pipeline.databank.flow import Databank
from fjo_pipeline.databank.publishing.checking import CHECKS
from fjo_pipeline.databank.publishing.declaration import load_tables
from fjo_pipeline.databank.publishing.plotting import plot_of_counts
from fjo_pipeline.databank.publishing.publish import DEFAULT_POLICY, complete_release, drafted

KEY = dg.AssetKey(["databank", "publications"])


class PublishingConfig(dg.Config):
    """Under which disclosure policy to publish: a shipped one by name, or a file."""

    policy: str = DEFAULT_POLICY


def publications_asset(pool: str) -> dg.AssetsDefinition:
    """The publications, after the release."""
    marts = sorted({table.mart for table in load_tables()})

    published = dg.AssetSpec(
        KEY,
        deps=[["databank", "store", "release"], *(["databank", "marts", mart] for mart in marts)],
        automation_condition=AFTER_WHAT_IT_STANDS_ON,
        skippable=True,
        group_name="databank",
        kinds={"csv", "html"},
        description="Tables that may be let out, with their disclosure records, and the bulletin made of them.",
    )

    # Only of a subset may checks be left out, as they are where the asset itself is skipped.
    @dg.multi_asset(
        name="databank__publications",
        specs=[published],
        check_specs=blocking_checks(KEY, CHECKS),
        can_subset=True,
        pool=pool,
    )
    def publications(
        context: dg.AssetExecutionContext, databank: dg.ResourceParam[Databank], config: PublishingConfig
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        try:
            complete_release(databank)
        except Refused as refusal:
            # Another refresh is on its way: its release starts this again.
            context.log.warning(f"skipped: {refusal}")
            return
        with failures_in_words(), drafted(databank, config.policy) as draft:
            findings = draft.check()
            if not all(each.passed for each in findings):
                yield from check_results(KEY, findings)
                raise dg.Failure("a disclosure check failed, so nothing was published", allow_retries=False)
            made = draft.let_out()
        yield dg.MaterializeResult(
            asset_key=KEY,
            metadata={
                "release": made.release,
                "policy": f"{made.policy.name}, version {made.policy.version}",
                "snapshot": made.snapshot,
                "dagster/row_count": sum(made.rows.values()),
                "rows_with_gaps": sum(made.suppressed.values()),
                "counts": dg.MetadataValue.md(plot_of_counts(made.folder)),
            },
        )
        yield from check_results(KEY, findings)

    return publications
