"""What the three zones' Dagster definitions share: partitions, failures in words, automation, the nightly hour."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg

from fjo_pipeline.core.dead_runs import end_dead_runs
from fjo_pipeline.core.errors import FjoError, StoreBusy
from fjo_pipeline.core.exhaustion import exhausted_by, in_words
from fjo_pipeline.core.findings import Finding
from fjo_pipeline.core.settings import Zone

# Backfill policies are marked beta; the warning would stand once an asset on every start.
warnings.filterwarnings("ignore", category=dg.BetaWarning)

NIGHTLY = "0 2 * * *"
NIGHTLY_VIEWS = "0 4 * * *"
NIGHTLY_EXTRACTS = "0 5 * * *"

ONE_RUN_A_PARTITION = dg.BackfillPolicy.multi_run(1)
"""A refresh is one transaction, so a backfill runs one refresh a run."""


def _after_what_it_stands_on() -> dg.AutomationCondition[Any]:
    renewed = dg.AutomationCondition.any_deps_updated()
    handled = dg.AutomationCondition.initial_evaluation() | (dg.AutomationCondition.newly_requested() & ~renewed)
    busy = dg.AutomationCondition.any_deps_in_progress() | dg.AutomationCondition.in_progress()
    return (renewed.since(handled) & ~busy).with_label("after_what_it_stands_on")


AFTER_WHAT_IT_STANDS_ON = _after_what_it_stands_on()
"""Run when something upstream was renewed, and neither it nor this is being made.

Unlike Dagster's eager(), a partition that a failed deposit leaves missing holds nothing up, and a partition that
another zone has just registered starts nothing before its input is there. Unlike since_last_handled(), what was renewed
between two looks of the sensor is never taken for handled: neither by a run that ended between the same two looks, nor
by one that was requested at the first of them. A step made once too often changes nothing.
"""


def deposits(dataset: str) -> dg.DynamicPartitionsDefinition:
    """The refreshes of a dataset, by refresh date; never a person or a case. One name serves all code locations."""
    return dg.DynamicPartitionsDefinition(name=f"{dataset}_deposits")


def stage_asset(
    key: Sequence[str] | dg.AssetKey,
    *,
    kinds: set[str],
    description: str,
    deps: Sequence[Sequence[str]] = (),
    check_specs: Sequence[dg.AssetCheckSpec] = (),
    automation_condition: dg.AutomationCondition[Any] | None = None,
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Dagster's decorator for one stage of a dataset, by its key of zone, dataset and stage: a partition a refresh,
    in the group and under the lock of its zone."""
    zone, dataset, _ = key.path if isinstance(key, dg.AssetKey) else key
    return dg.asset(
        key=key,
        deps=deps,
        check_specs=check_specs,
        partitions_def=deposits(dataset),
        backfill_policy=ONE_RUN_A_PARTITION,
        automation_condition=automation_condition,
        group_name=zone,
        kinds=kinds,
        pool=f"{zone}_store",
        description=description,
    )


def blocking_checks(key: dg.AssetKey, checks: Mapping[str, str]) -> list[dg.AssetCheckSpec]:
    """Checks of an asset, by name with what they say, that stop the flow where they fail."""
    return [
        dg.AssetCheckSpec(name, asset=key, description=description, blocking=True)
        for name, description in checks.items()
    ]


def check_results(key: dg.AssetKey, findings: Sequence[Finding]) -> list[dg.AssetCheckResult]:
    """What an asset's checks found, for Dagster."""
    return [
        dg.AssetCheckResult(passed=each.passed, check_name=each.name, asset_key=key, metadata=each.counts)
        for each in findings
    ]


@contextmanager
def failures_in_words() -> Iterator[None]:
    """Let Dagster see what a person needs to know and no more; what a retry cannot mend is not retried."""
    try:
        yield
    except FjoError as error:
        message, retry = str(error), isinstance(error, StoreBusy)
    except Exception as error:
        # Files and ledgers are written by others than DuckDB; the text of their errors may quote a value.
        what = exhausted_by(error)
        if what is None:
            raise
        message, retry = in_words(what, "the machine"), False
    else:
        return
    raise dg.Failure(description=message, allow_retries=retry)


def register_partition(instance: dg.DagsterInstance, dataset: str, refresh: str) -> None:
    """Make a refresh known to Dagster; safe to repeat."""
    name = deposits(dataset).name
    assert name is not None
    instance.add_dynamic_partitions(name, [refresh])


def forget_partition(instance: dg.DagsterInstance, dataset: str, refresh: str) -> None:
    """Take a refused refresh out of the partitions, so that nothing waits for it."""
    name = deposits(dataset).name
    assert name is not None
    instance.delete_dynamic_partition(name, refresh)


def automation_sensor(zone: str) -> dg.AutomationConditionSensorDefinition:
    """A zone's own automation sensor; Dagster's default one is stopped until somebody starts it."""
    return dg.AutomationConditionSensorDefinition(
        f"{zone}_automation",
        target=dg.AssetSelection.all(),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=10,
    )


Requests = Callable[[Any, dg.DagsterInstance, str | None], Iterator[dg.RunRequest]]
"""What a zone's inbox asks to be run, given the zone's own resource: all that is due, or of one dataset only."""


def inbox_sensor(zone: Zone, target: dg.AssetSelection, requests: Requests, description: str) -> dg.SensorDefinition:
    """A zone's sensor on its own inbox, running from the start; the zone's resource has the zone's name."""

    @dg.sensor(
        name=f"{zone}_inbox",
        asset_selection=target,
        required_resource_keys={zone},
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=10,
        description=description,
    )
    def inbox(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest]:
        # A machine that was lost may have left runs behind which the queue would wait for.
        end_dead_runs(context.instance, zone)
        yield from requests(getattr(context.resources, zone), context.instance, None)

    return inbox


def nightly_schedules(
    zone: Zone, targets: Mapping[str, dg.AssetSelection], requests: Requests
) -> list[dg.ScheduleDefinition]:
    """The nightly refresh of each dataset: what the sensor would start, should it have been off.

    One schedule a dataset, because the assets that a schedule targets must have one partitions definition.
    """
    return [_nightly(zone, dataset, target, requests) for dataset, target in sorted(targets.items())]


def nightly_retention(zone: Zone, retention: dg.AssetsDefinition) -> dg.ScheduleDefinition:
    """The nightly destruction of what a zone may no longer keep."""
    return dg.ScheduleDefinition(
        name=f"{zone}_nightly_retention",
        target=dg.AssetSelection.assets(retention),
        cron_schedule=NIGHTLY,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def _nightly(zone: Zone, dataset: str, target: dg.AssetSelection, requests: Requests) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"{zone}_nightly_{dataset}",
        target=target,
        cron_schedule=NIGHTLY,
        required_resource_keys={zone},
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def nightly(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        yield from requests(getattr(context.resources, zone), context.instance, dataset)

    return nightly
