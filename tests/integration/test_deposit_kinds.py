"""Every kind of bad deposit, laid into landing: refused whole or taken right, and told without a value."""

import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.provider.flow import Provider, take_deposit
from fjo_pipeline.provider.landing import landed
from tests import deposit_kinds
from tests.deposit_builder import TINY_IDENTIFIERS
from tests.deposit_kinds import DATASET, REFRESH, Kind

KINDS = {each.what: each for each in deposit_kinds.kinds()}


def lie(kind: Kind, provider: Provider) -> None:
    """Lay the deposit into landing, where a zip is unpacked as the sensor would."""
    (provider.settings.landing / DATASET).mkdir(parents=True, exist_ok=True)
    kind.lay(provider.settings.landing / DATASET)
    list(landed(provider.settings))


@pytest.mark.parametrize("what", [each.what for each in KINDS.values() if not each.taken])
def test_a_bad_deposit_is_refused_whole_and_told_without_a_value(what: str, provider: Provider) -> None:
    kind = KINDS[what]
    lie(kind, provider)
    with pytest.raises(Refused) as caught:
        take_deposit(provider, DATASET, REFRESH)
    (where,) = (provider.settings.quarantine / DATASET).iterdir()
    report = (where / "report.txt").read_text()
    assert kind.says in report
    told = report + (where / "report.json").read_text() + str(caught.value)
    assert not [value for value in TINY_IDENTIFIERS if value in told]
    assert len(told) < 20_000
    assert not (provider.settings.landing / DATASET / REFRESH).exists()
    assert not list(provider.settings.zone("provider").glob("work/**/*.parquet"))
    assert not list(provider.settings.transfer_folder.rglob("*"))
    assert provider.ledger.last("deposit", DATASET, REFRESH, "accepted") is None


@pytest.mark.parametrize("what", [each.what for each in KINDS.values() if each.taken])
def test_what_only_looks_strange_is_taken_right(what: str, provider: Provider) -> None:
    lie(KINDS[what], provider)
    checked = take_deposit(provider, DATASET, REFRESH)
    assert checked.rows["clients"] >= 3
    assert sum(checked.rows.values()) >= 6
    assert not provider.settings.quarantine.exists() or not list(provider.settings.quarantine.iterdir())


def test_there_are_at_least_eighty_kinds_and_the_document_lists_them() -> None:
    assert len(KINDS) == len(list(deposit_kinds.kinds())) >= 80
    assert deposit_kinds.DOCUMENT.read_text() == deposit_kinds.document(), (
        "docs/deposit-errors.md is not what `python -m tests.deposit_kinds` makes"
    )
