"""`fjo refresh` as it is, but for Dagster and dbt: the same decisions and steps on a tiny home, in a second."""

from collections.abc import Callable
from datetime import date
from functools import partial

import dagster as dg

from fjo_pipeline.core.orchestration import failures_in_words
from fjo_pipeline.core.settings import ZONES, Settings, Zone
from fjo_pipeline.databank.differences.keeping import renew_differences
from fjo_pipeline.databank.flow import curate, curate_received_register, receive, receive_register, release
from fjo_pipeline.databank.projects.extract import make_extract
from fjo_pipeline.databank.quality.page import make_quality_pages
from fjo_pipeline.databank.quality.receiving import take_linkage_report
from fjo_pipeline.provider.flow import check_split, send_files, split_deposit, take_deposit, take_receipt
from fjo_pipeline.refreshing import Wanted, refresh
from fjo_pipeline.tasks import Task
from fjo_pipeline.ttp.flow import check_file_3, link, make_file_3, receive_file_1, send_file_3
from fjo_pipeline.ttp.register.sending import check_made_history, make_history, send_history
from fjo_pipeline.ttp.report.making import make_linkage_report
from tests.tiny_home import LATER, REFRESH, TinyHome


def run_task(settings: Settings, task: Task) -> str | None:
    """What the assets of a task do, without Dagster; why it failed, or None."""
    home, dataset, when = TinyHome(settings), task.dataset, task.refresh
    try:
        with failures_in_words():
            _STEPS[task.stage](home, dataset, when)
    except dg.Failure as failure:
        return failure.description
    return None


def _split(home: TinyHome, dataset: str, when: str) -> None:
    take_deposit(home.provider, dataset, when)
    split_deposit(home.provider, dataset, when)
    check_split(home.provider, dataset, when)
    send_files(home.provider, dataset, when)


def _link(home: TinyHome, dataset: str, when: str) -> None:
    receive_file_1(home.ttp, dataset, when)
    link(home.ttp, dataset, when)
    make_linkage_report(home.ttp, dataset, when)
    make_file_3(home.ttp, dataset, when)
    check_file_3(home.ttp, dataset, when)
    send_file_3(home.ttp, dataset, when)


def _register(home: TinyHome, dataset: str, when: str) -> None:
    make_history(home.ttp, when)
    check_made_history(home.ttp, when)
    send_history(home.ttp, when)


def _curate(home: TinyHome, dataset: str, when: str) -> None:
    if home.databank.contract(dataset).register_:
        receive_register(home.databank, dataset, when)
        curate_received_register(home.databank, dataset, when)
    else:
        receive(home.databank, dataset, when)
        curate(home.databank, dataset, when)
        renew_differences(home.databank, dataset)


_STEPS: dict[str, Callable[[TinyHome, str, str], object]] = {
    "split": _split,
    "link": _link,
    "register": _register,
    "curate": _curate,
    "differences": lambda home, dataset, when: renew_differences(home.databank, dataset),
    "quality": lambda home, dataset, when: take_linkage_report(home.databank, dataset, when),
    "receipt": lambda home, dataset, when: take_receipt(home.provider, dataset, when),
    "release": lambda home, dataset, when: release(home.databank),
    "pages": lambda home, dataset, when: make_quality_pages(home.databank),
    "extract": lambda home, dataset, when: make_extract(home.databank, when, date.today()),
}
BACKFILL = ("split", "link", "curate", "differences", "quality", "receipt")


def refreshed(settings: Settings, zone: Zone | None = None) -> list[str]:
    """All that is due, in one zone or in all; returns what failed, in words."""
    from fjo_pipeline import materialising

    materialising.materialise = run_task
    return refresh(settings, Wanted(zone=zone), lambda said: None).failures


def backfilled(settings: Settings) -> list[str]:
    """Every stage of every refresh again, whether due or not, and then what is due."""
    tasks = [Task(stage, "tiny", when) for when in (LATER, REFRESH) for stage in BACKFILL]
    failed = [why for task in tasks if (why := run_task(settings, task))]
    return failed + refreshed(settings)


AT_PROVIDER, AT_TTP, AT_DATABANK = (partial(refreshed, zone=zone) for zone in ZONES)
