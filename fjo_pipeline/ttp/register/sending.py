"""The steps that take the register's people and addresses to the databank, each safe to run again; and what is due."""

from collections.abc import Iterator

from fjo_pipeline.core.errors import FjoError, Refused
from fjo_pipeline.core.findings import Finding
from fjo_pipeline.core.transfers import Draft, Kind, Subject
from fjo_pipeline.ttp.flow import Due, Ttp
from fjo_pipeline.ttp.reference import directory_version
from fjo_pipeline.ttp.register.history import check_history, history_digest, write_history
from fjo_pipeline.ttp.register.loading import register_version

REGISTER = "population_register"
KIND: Kind = "register"


def make_history(ttp: Ttp, refresh: str) -> Draft:
    """Write the loaded register's people and addresses as a draft; nothing leaves the TTP yet.

    Refused where no register is loaded, or the one that is loaded is of another date.
    """
    contract = ttp.contract(REGISTER)
    with ttp.store.reading() as session:
        version, synthetic = register_version(session)
        if refresh_of(version) != refresh:
            raise Refused(f"the register that is loaded is that of {refresh_of(version)}, not of {refresh}")
        directory = directory_version(session)
        subject = Subject(KIND, contract.name, refresh, contract.version, synthetic)
        folder = ttp.work(contract.name, refresh, KIND)
        return write_history(session, subject, directory[1] if directory else None, ttp.keyring, folder)


def check_made_history(ttp: Ttp, refresh: str) -> list[Finding]:
    """The findings on the draft; where one failed the draft is destroyed, so that it cannot be sent."""
    draft = Draft.resume(ttp.work(REGISTER, refresh, KIND), ttp.keyring)
    with ttp.store.reading() as session:
        findings = check_history(session, draft)
    if not all(each.passed for each in findings):
        draft.discard()
    return findings


def send_history(ttp: Ttp, refresh: str) -> int:
    """Seal the draft to the databank; returns the rows sent, 0 where they were sent before."""
    keyring, ledger, folder = ttp.keyring, ttp.ledger, ttp.work(REGISTER, refresh, KIND)
    digest = expected_history_digest(ttp)
    last = ledger.last(KIND, REGISTER, refresh, "sent")
    if not folder.exists() and last is not None and last.digest == digest:
        return 0
    entry = Draft.resume(folder, keyring).send(keyring, "databank", ttp.settings.inbox("databank"), ledger, digest)
    return entry.rows if entry else 0


def expected_history_digest(ttp: Ttp) -> str:
    """The digest that the transfer has with the register and directory that are loaded now, as the ledger knows them.

    Refused where there is no register, KeyMissing where a key is not there.
    """
    register = ttp.ledger.last("register", REGISTER, "latest", "accepted")
    if register is None:
        raise Refused("no population register is loaded: load one with `fjo register add PATH`")
    directory = ttp.ledger.last("reference", "postcode_to_lsoa", "latest", "accepted")
    return history_digest(register.digest, directory.digest if directory else "none", ttp.keyring)


def register_due(ttp: Ttp) -> Iterator[Due]:
    """The register's version that is loaded, where the databank has not been sent it, or it was made otherwise."""
    register = ttp.ledger.last("register", REGISTER, "latest", "accepted")
    if register is None or ttp.contract(REGISTER).deidentified is None:
        return
    refresh = refresh_of(register.digest)
    try:
        digest = expected_history_digest(ttp)
    except FjoError:
        # Due all the same: the step that needs what is not there says so.
        yield Due(REGISTER, refresh, f"refused-{register.digest}")
        return
    last = ttp.ledger.last(KIND, REGISTER, refresh, "sent")
    if last is None or last.digest != digest:
        yield Due(REGISTER, refresh, digest)


def refresh_of(version: str) -> str:
    """The date, YYYYMMDD, of a register's version."""
    return version.split("-")[0]
