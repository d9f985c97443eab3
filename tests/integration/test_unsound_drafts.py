"""A split that fails its checks leaves nothing that any later step, however it was started, could send."""

import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.provider import checked
from fjo_pipeline.provider.flow import Provider, check_split, send_files, split_deposit, take_deposit
from tests.deposit_builder import TINY, VISITS, write_deposit

REFRESH = "20240111"


def test_drafts_with_identifiers_in_them_cannot_be_sent(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though the deposit was looked through before: here that look finds nothing."""
    monkeypatch.setattr(checked, "without_identifiers", lambda session, contract, folder, report: report)
    remarks = [*["Quillfeather"] * 8, *(f"SA{number} 8PP" for number in range(8))]
    rows = "".join(f"v-{number},C0001,,,,,,,,,{remark},\n" for number, remark in enumerate(remarks))
    csvs = TINY | {"VISITS.csv": VISITS.splitlines()[0] + "\n" + rows}
    write_deposit(provider.settings.landing / "tiny" / REFRESH, csvs, refresh=REFRESH)
    take_deposit(provider, "tiny", REFRESH)
    split_deposit(provider, "tiny", REFRESH)
    assert [each.name for each in check_split(provider, "tiny", REFRESH) if not each.passed] == ["no_identifier_values"]
    with pytest.raises(Refused, match="there is no draft of tiny/20240111: run the step before this one"):
        send_files(provider, "tiny", REFRESH)
    assert not list(provider.settings.transfer_folder.rglob("envelope.age"))
