"""The zones' Dagster graphs: each loads, none changes unseen, and importing one reads nothing.

A change that is meant is taken over with `FJO_RENEW_SNAPSHOTS=1 pytest tests/integration/test_definitions.py`.
"""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from fjo_pipeline.core.settings import ZONES, Settings, Zone
from fjo_pipeline.databank.dbt import ensure_manifest
from fjo_pipeline.databank.store import DatabankStore

SNAPSHOTS = Path(__file__).with_name("snapshots")
RENEW = "FJO_RENEW_SNAPSHOTS=1 .venv/bin/pytest tests/integration/test_definitions.py"
Graph = dict[str, Any]


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dict[Zone, dg.Definitions]:
    """The three zones' definitions on a home that holds nothing but dbt's manifest."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    ensure_manifest(DatabankStore(settings), settings)
    return {zone: import_module(f"fjo_pipeline.{zone}.definitions").build_defs(settings) for zone in ZONES}


@pytest.mark.parametrize("zone", ZONES)
def test_a_code_location_can_be_loaded(definitions: dict[Zone, dg.Definitions], zone: Zone) -> None:
    dg.Definitions.validate_loadable(definitions[zone])


@pytest.mark.parametrize("zone", ZONES)
def test_the_graph_is_the_one_that_was_agreed(definitions: dict[Zone, dg.Definitions], zone: Zone) -> None:
    path, graph = SNAPSHOTS / f"{zone}.json", described(definitions[zone])
    if os.environ.get("FJO_RENEW_SNAPSHOTS"):
        path.write_text(json.dumps(graph, indent=1, sort_keys=True) + "\n")
    agreed = json.loads(path.read_text())
    changed = [
        f"{part} {name}"
        for part in sorted({*graph, *agreed})
        for name in sorted({*graph.get(part, {}), *agreed.get(part, {})})
        if graph.get(part, {}).get(name) != agreed.get(part, {}).get(name)
    ]
    assert not changed, f"the {zone}'s graph has changed; if that is meant, renew the snapshot: {RENEW}"


@pytest.mark.parametrize("zone", ZONES)
def test_every_partitioned_asset_says_how_it_is_backfilled(definitions: dict[Zone, dg.Definitions], zone: Zone) -> None:
    nodes = definitions[zone].resolve_asset_graph().asset_nodes
    partitioned = [node for node in nodes if node.partitions_def is not None and node.is_executable]
    assert partitioned
    assert [node.key for node in partitioned if node.backfill_policy is None] == []


@pytest.mark.parametrize("zone", ZONES)
def test_another_zones_assets_are_lineage_and_nothing_that_this_zone_could_run(
    definitions: dict[Zone, dg.Definitions], zone: Zone
) -> None:
    graph = definitions[zone].resolve_asset_graph()
    foreign = {key for node in graph.asset_nodes for key in node.parent_keys if key.path[0] != zone}
    assert {key.path[-1] for key in foreign} <= {"transfers", "removals"}
    assert not foreign & graph.executable_asset_keys
    assert {key.path[0] for key in graph.executable_asset_keys} == {zone}


@pytest.mark.parametrize("zone", ZONES)
def test_sensors_and_schedules_run_from_the_start(definitions: dict[Zone, dg.Definitions], zone: Zone) -> None:
    repository = definitions[zone].get_repository_def()
    automation = [each for each in repository.sensor_defs if isinstance(each, dg.AutomationConditionSensorDefinition)]
    assert [each.name for each in automation] == [f"{zone}_automation"]
    assert {each.default_status for each in repository.sensor_defs} == {dg.DefaultSensorStatus.RUNNING}
    assert {each.default_status for each in repository.schedule_defs} == {dg.DefaultScheduleStatus.RUNNING}


IMPORT_WATCHED = """
import sys
from pathlib import Path

home, repository, zone = sys.argv[1:]
ours = [home, repository + "/projects", repository + "/dbt_models", repository + "/fjo_pipeline/contracts"]
seen = []


def watch(event, arguments):
    # Dagster's own croniter asks `file` about the interpreter.
    if event in ("sqlite3.connect", "socket.connect") or (event == "subprocess.Popen" and arguments[0] != "file"):
        seen.append(event)
    if event == "open" and any(str(arguments[0]).startswith(folder + "/") for folder in ours):
        if Path(str(arguments[0])).suffix not in (".py", ".pyc"):
            seen.append(str(arguments[0]))


sys.addaudithook(watch)
__import__(f"fjo_pipeline.{zone}.definitions")
assert f"fjo_pipeline.{zone}.definitions" in sys.modules
print("\\n".join(seen))
"""


@pytest.mark.parametrize("zone", ZONES)
def test_importing_definitions_reads_no_file_of_ours_and_starts_nothing(tmp_path: Path, zone: Zone) -> None:
    home, repository = tmp_path / "home", Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_WATCHED, str(home), str(repository), zone],
        env=os.environ | {"FJO_HOME": str(home), "DAGSTER_DISABLE_TELEMETRY": "yes"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
    assert not home.exists()


def described(definitions: dg.Definitions) -> Graph:
    """What of a graph must not change unseen, in a form that JSON keeps."""
    repository, graph = definitions.get_repository_def(), definitions.resolve_asset_graph()
    return {
        "assets": {
            key.to_user_string(): _asset(graph.assets_def_for_key(key), key)
            for key in sorted(graph.get_all_asset_keys())
            if graph.get(key).is_executable or key.path[-1] == "register"
        },
        "lineage": {
            node.key.to_user_string(): sorted(child.to_user_string() for child in node.child_keys)
            for node in graph.asset_nodes
            if not node.is_executable
        },
        "jobs": {each.name: each.description for each in repository.get_all_jobs()},
        "sensors": {each.name: each.default_status.value for each in repository.sensor_defs},
        "schedules": {each.name: str(each.cron_schedule) for each in repository.schedule_defs},
    }


def _asset(asset: dg.AssetsDefinition, key: dg.AssetKey) -> Graph:
    spec = asset.specs_by_key[key]
    condition = spec.automation_condition
    return {
        "deps": sorted(each.asset_key.to_user_string() for each in spec.deps),
        "group": spec.group_name,
        "kinds": sorted(spec.kinds),
        "pool": asset.op.pool if asset.is_executable else None,
        "partitions": _partitions(asset.partitions_def),
        "automation": condition.get_label() if condition else None,
        "checks": {each.name: each.blocking for each in asset.check_specs if each.asset_key == key},
    }


def _partitions(partitions: dg.PartitionsDefinition[Any] | None) -> str | None:
    if isinstance(partitions, dg.DynamicPartitionsDefinition):
        return partitions.name
    return None if partitions is None else ", ".join(partitions.get_partition_keys())
