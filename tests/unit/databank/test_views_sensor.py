"""When the views are asked for: from what stands, once nothing of the databank's is under way."""

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.databank.flow import curate, note_views, receive, release, release_due, state_digest, views_built
from fjo_pipeline.databank.sensors import views_request
from tests.tiny_home import LATER, TinyHome

DAEMONS = RemoteJobOrigin(RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("databank"), "repository"), "job")
VIEWS = [dg.AssetKey(["databank", "marts", "case"]), dg.AssetKey(["databank", "store", "release"])]


@pytest.fixture
def instance(tmp_path: Path) -> dg.DagsterInstance:
    """An instance that no test shares."""
    folder = tmp_path / "dagster"
    folder.mkdir()
    return dg.DagsterInstance.local_temp(str(folder))


def asked(home: TinyHome, instance: dg.DagsterInstance) -> list[dg.AssetKey] | None:
    request = views_request(home.databank, instance, VIEWS)
    return list(request.asset_selection or ()) if isinstance(request, dg.RunRequest) else None


def state(home: TinyHome) -> str:
    with home.databank.store.reading() as session:
        return state_digest(session)


def under_way(instance: dg.DagsterInstance, zone: str, origin: RemoteJobOrigin | None) -> None:
    """A run of a zone's asset that has not ended: the daemon's, or of a command that was killed."""

    @dg.asset(key=[zone, "tiny", "curated"])
    def made() -> None: ...

    instance.create_run_for_job(
        dg.Definitions([made]).resolve_implicit_global_asset_job_def(),
        status=dg.DagsterRunStatus.STARTED,
        remote_job_origin=origin,
        asset_selection=frozenset([made.key]),
    )


def test_nothing_is_asked_for_before_anything_stands(empty_home: TinyHome, instance: dg.DagsterInstance) -> None:
    assert asked(empty_home, instance) is None


def test_nothing_is_asked_for_where_users_read_what_stands(home: TinyHome, instance: dg.DagsterInstance) -> None:
    assert asked(home, instance) is None


def test_all_views_and_the_release_are_asked_for_once_something_else_stands(
    home: TinyHome, instance: dg.DagsterInstance
) -> None:
    home.databank.ledger.forget("release", "databank", "latest", "released")
    assert asked(home, instance) == VIEWS


def test_while_something_of_the_databanks_is_under_way_nothing_is_asked_for(
    home: TinyHome, instance: dg.DagsterInstance
) -> None:
    home.databank.ledger.forget("release", "databank", "latest", "released")
    under_way(instance, "ttp", DAEMONS)
    under_way(instance, "databank", None)
    assert asked(home, instance) == VIEWS
    under_way(instance, "databank", DAEMONS)
    assert asked(home, instance) is None


def test_a_refresh_curated_between_the_views_and_the_release_is_due_and_not_released(
    empty_home: TinyHome, instance: dg.DagsterInstance
) -> None:
    databank = empty_home.databank
    empty_home.carry()
    note_views(databank, state(empty_home))
    empty_home.land(refresh=LATER)
    empty_home.at_provider(LATER)
    empty_home.at_ttp(LATER)
    receive(databank, "tiny", LATER)
    curate(databank, "tiny", LATER)
    released = release(databank, views_built(databank))
    assert released.digest != state(empty_home)
    with databank.store.reading(released.snapshot) as session:
        assert session.rows("SELECT DISTINCT refresh FROM lake.databank.partitions", step="look") == [("20240111",)]
    assert release_due(databank) == state(empty_home)
    assert asked(empty_home, instance) == VIEWS


def test_views_that_were_never_built_are_not_released(empty_home: TinyHome) -> None:
    with pytest.raises(Refused, match="the views have not been built yet"):
        views_built(empty_home.databank)
