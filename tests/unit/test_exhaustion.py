"""What a machine ran out of is told from anybody's error, and nothing else is taken for it."""

import errno
import sqlite3

import dagster as dg
import pytest

from fjo_pipeline.core.errors import Exhausted
from fjo_pipeline.core.exhaustion import exhausted, exhausted_by, in_words
from fjo_pipeline.core.orchestration import failures_in_words
from fjo_pipeline.provider.flow import Provider, take_deposit
from tests.tiny_home import REFRESH, TinyHome


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk"),
        (OSError(errno.EFBIG, "any words"), "disk"),
        (sqlite3.OperationalError("database or disk is full"), "disk"),
        (sqlite3.OperationalError("disk I/O error"), "disk"),
        (MemoryError(), "memory"),
        (RuntimeError("Out of Memory Error: could not allocate block"), "memory"),
        (RuntimeError("Out of Memory Error: the 'max_temp_directory_size' setting"), "disk"),
        (OSError(errno.ENOENT, "no such file"), None),
        (ValueError("Quillfeather"), None),
    ],
)
def test_each_makers_error_is_understood(error: Exception, what: str | None) -> None:
    assert exhausted_by(error) == what


def test_an_error_is_understood_by_what_it_came_from() -> None:
    try:
        try:
            raise OSError(errno.ENOSPC, "x")
        except OSError as cause:
            raise RuntimeError("a library's own words") from cause
    except RuntimeError as error:
        assert exhausted_by(error) == "disk"
    assert exhausted("the views could not be built") is None


def test_a_step_tells_dagster_in_words_and_is_not_tried_again() -> None:
    with pytest.raises(dg.Failure) as caught, failures_in_words():
        raise OSError(errno.ENOSPC, "Quillfeather")
    assert caught.value.description == in_words("disk", "")
    assert caught.value.allow_retries is False
    with pytest.raises(ValueError, match="another"), failures_in_words():
        raise ValueError("another")


def test_a_deposit_is_not_quarantined_for_want_of_memory(empty_home: TinyHome) -> None:
    landed = empty_home.land()
    provider = Provider(empty_home.settings.model_copy(update={"provider_memory_limit": "1MB"}))
    with pytest.raises(Exhausted, match="the memory that FJO_PROVIDER_MEMORY_LIMIT allows is not enough"):
        take_deposit(provider, "tiny", REFRESH)
    assert landed.is_dir()
    assert not empty_home.settings.quarantine.exists()
