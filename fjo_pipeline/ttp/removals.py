"""The `removals` transfer: the ALFs of everybody on the TTP's list of opt-outs and erasures, and nothing else of them.

It always holds the whole list, so that the databank needs the last one only.
"""

from collections.abc import Iterator

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.key_columns import mapped_keys
from fjo_pipeline.core.transfers import Draft, Kind, Subject
from fjo_pipeline.ttp.file_3 import alf_cipher
from fjo_pipeline.ttp.flow import OPTOUTS, Due, Ttp
from fjo_pipeline.ttp.register.loading import register_version
from fjo_pipeline.ttp.register.sending import REGISTER, refresh_of
from fjo_pipeline.ttp.store import OPTED_OUT

KIND: Kind = "removals"


def send_removals(ttp: Ttp, refresh: str) -> bool:
    """Seal the ALFs of everybody on the list to the databank; False where that was sent before.

    `refresh` is the date of the register that is loaded. Refused where nobody ever was on the list.
    """
    token = _token(ttp)
    if token is None:
        raise Refused("nobody has opted out: there is nothing to send")
    keyring, contract = ttp.keyring, ttp.contract(REGISTER)
    # Writing, for a store that was last written to by an earlier version has no list.
    with ttp.store.writing() as session:
        synthetic = register_version(session)[1]
        subject = Subject(KIND, contract.name, refresh, contract.version, synthetic)
        draft = Draft.begin(ttp.work(contract.name, refresh, KIND), subject)
        people = f"SELECT DISTINCT CAST(register_id AS BIGINT) AS ALF FROM {OPTED_OUT}"
        with mapped_keys(session, people, {"ALF": alf_cipher(keyring).encrypt_arrow}, step="write removals") as rows:
            draft.write(session, KIND, f"SELECT ALF FROM {rows} ORDER BY ALF")
    return draft.send(keyring, "databank", ttp.settings.inbox("databank"), ttp.ledger, token) is not None


def removals_due(ttp: Ttp) -> Iterator[Due]:
    """The list, where somebody was added since it was sent last."""
    token = _token(ttp)
    register = ttp.ledger.last("register", REGISTER, "latest", "accepted")
    if token is None or register is None:
        return
    sent = {each.digest for each in ttp.ledger.entries(kind=KIND, dataset=REGISTER, state="sent")}
    if token not in sent:
        yield Due(REGISTER, refresh_of(register.digest), token)


def _token(ttp: Ttp) -> str | None:
    noted = ttp.ledger.last(OPTOUTS, REGISTER, "latest", "accepted")
    return noted.digest if noted else None
