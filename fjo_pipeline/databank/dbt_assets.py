"""The dbt models as assets: built and tested in one go, for every refresh that stands, under the store's lock."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliInvocation, DbtCliResource, dbt_assets
from dagster_dbt.compat import DBT_PYTHON_VERSION

from fjo_pipeline.core.contracts import datasets, registers
from fjo_pipeline.core.errors import Refused, StatementFailed
from fjo_pipeline.core.exhaustion import exhausted, in_words
from fjo_pipeline.core.orchestration import failures_in_words
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.databank.assets import POOL, set_dbt_environment
from fjo_pipeline.databank.dbt import MODELS, dbt_environment, dbt_variables, manifest_is_current, manifest_path
from fjo_pipeline.databank.flow import Databank, note_views, partitions, state_digest


class Translator(DagsterDbtTranslator):
    """Models keep their layer in their key: databank/<layer>/<model>."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """`databank/<schema>/<model>`; sources name the curated asset that they stand for."""
        if dbt_resource_props["resource_type"] == "source":
            return super().get_asset_key(dbt_resource_props)
        return dg.AssetKey(["databank", str(dbt_resource_props["schema"]), str(dbt_resource_props["name"])])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The layer."""
        return str(dbt_resource_props["schema"])


def views(settings: Settings) -> dg.AssetsDefinition:
    """The models as assets; Refused where dbt's manifest is missing or the models have changed since."""
    if not manifest_is_current(settings):
        raise Refused("dbt's manifest is missing or older than the models: run `fjo init`")

    names = [each.name for each in (*datasets(settings.contracts), *registers(settings.contracts))]

    @dbt_assets(
        manifest=manifest_path(settings), dagster_dbt_translator=Translator(), pool=POOL, name="databank__views"
    )
    def built(
        context: dg.AssetExecutionContext, databank: dg.ResourceParam[Databank], dbt: DbtCliResource
    ) -> Iterator[Any]:
        settings, store = databank.settings, databank.store
        with failures_in_words(), store.locked():
            set_dbt_environment(dbt_environment(store, settings))
            with store.reading() as session:
                state = state_digest(session)
                refreshes = [(each.dataset, each.refresh) for each in partitions(session)]
            target = settings.zone("databank") / "dbt" / "target"
            arguments = ["build", "--exclude-resource-type", "unit_test", "--vars", dbt_variables(refreshes, names)]
            yield from _in_words(dbt.cli(arguments, context=context, target_path=target, raise_on_error=False))
            if not context.is_subset:
                note_views(databank, state)

    return built


def _in_words(invocation: DbtCliInvocation) -> Iterator[Any]:
    """An invocation's events; StatementFailed names the models and tests that failed, without dbt's own messages."""
    yield from invocation.stream()
    if invocation.is_successful():
        return
    path = invocation.target_path / "run_results.json"
    results = json.loads(path.read_text())["results"] if path.is_file() else []
    bad = [each for each in results if each["status"] in ("error", "fail")]
    # One that ran out of something has had all that stand on it fail with other words.
    ran_out = next((what for each in bad if (what := exhausted(each["message"] or ""))), None)
    if ran_out:
        raise StatementFailed(f"the views could not be built: {in_words(ran_out, 'FJO_DATABANK_MEMORY_LIMIT')}")
    failed = sorted(each["unique_id"] for each in bad)
    raise StatementFailed(f"the views could not be built or tested: {', '.join(failed) or 'dbt did not start'}")


class DbtProcess(DbtCliResource):
    """dbt in one process of its own and in no other: each more takes seconds to load it."""

    @cached_property
    def _cli_version(self) -> Any:
        """The version that is installed; dagster-dbt would run `dbt --version`."""
        return DBT_PYTHON_VERSION

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> None:  # type: ignore[override]
        """None: an adapter in Dagster's process would only fetch row counts and columns, and nothing here asks."""


def dbt_resource() -> DbtCliResource:
    """The dbt of this environment on the models, with the profile that stands beside them."""
    executable = Path(sys.executable).with_name("dbt")
    return DbtProcess(project_dir=str(MODELS), profiles_dir=str(MODELS), dbt_executable=str(executable))
