"""A checked deposit: its tables as encrypted Parquet in the provider's own folder, read once and split from there."""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from fjo_pipeline.core.checking import CheckReport, check_delivery, table_name
from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.deposits import Deposit
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import sha256_of_texts, write_atomically
from fjo_pipeline.core.keyring import Keyring
from fjo_pipeline.core.sessions import Session, add_parquet_key, identifier, literal
from fjo_pipeline.core.table_contracts import TableContract
from fjo_pipeline.core.transfers import PARQUET, parquet_relation
from fjo_pipeline.provider.identifying import without_identifiers
from fjo_pipeline.provider.increments import EarlierKeys

STATEMENT = "checked.json"
STAGING = f"{PARQUET}, ENCRYPTION_CONFIG {{footer_key: 'staging'}}"


@dataclass(frozen=True)
class CheckedDeposit:
    """The tables of a deposit that keeps its contract, and what they were made from."""

    folder: Path
    dataset: str
    refresh: str
    digest: str
    synthetic: bool
    rows: dict[str, int]
    exact_copies: dict[str, int]
    implausible_years: int
    beyond_codes: dict[str, int] = field(default_factory=dict)
    base: str | None = None
    stands_on: tuple[str, ...] = ()

    def relation(self, session: Session, keyring: Keyring, table: str) -> str:
        """An SQL expression that reads one checked table."""
        return parquet_relation(session, self.folder / f"{table}.parquet", _staging_key(keyring))


def digest_of(contract: Contract, deposit_digest: str) -> str:
    """What a checked deposit is made from: the deposit and the contract that it was checked against."""
    return sha256_of_texts("checked deposit 1", contract.digest, deposit_digest)


def check_and_keep(
    session: Session,
    contract: Contract,
    deposit: Deposit,
    keyring: Keyring,
    folder: Path,
    earlier: EarlierKeys | None = None,
) -> tuple[CheckReport, CheckedDeposit | None]:
    """Check a whole deposit; where it is good keep its tables, encrypted, in `folder`, replacing what is there.

    `earlier` has the keys of the deposits on which an increment stands.
    """
    report = check_delivery(session, contract, deposit.folder, earlier)
    report = without_identifiers(session, contract, deposit.folder, report)
    shutil.rmtree(folder, ignore_errors=True)
    if not report.good:
        return report, None
    folder.mkdir(parents=True, mode=0o700)
    add_parquet_key(session, "staging", _staging_key(keyring))
    for table in contract.tables:
        target = literal(folder / f"{table.name}.parquet")
        session.run(
            f"COPY (SELECT {_kept_columns(table)} FROM {table_name(table)}) TO {target} ({STAGING})",
            step=f"keep the checked table {table.name}",
        )
        session.run(f"DROP TABLE {table_name(table)}", step="let go of a checked table")
    statement = {
        "dataset": contract.name,
        "refresh": deposit.manifest.version,
        "digest": digest_of(contract, deposit.manifest.digest),
        "synthetic": deposit.manifest.synthetic,
        "rows": report.rows,
        "exact_copies": report.exact_copies,
        "implausible_years": report.implausible_years,
        "beyond_codes": report.beyond_codes,
    }
    if earlier:
        statement |= {"base": earlier.beneath.base, "stands_on": earlier.beneath.before}
    write_atomically(folder / STATEMENT, json.dumps(statement, sort_keys=True).encode())
    return report, read_checked(folder)


def read_checked(folder: Path) -> CheckedDeposit:
    """The checked deposit of an earlier step; Refused where the step has not run."""
    path = folder / STATEMENT
    if not path.is_file():
        raise Refused(f"the deposit {folder.parent.name}/{folder.name} has not been checked: materialise it first")
    return CheckedDeposit(folder=folder, **json.loads(path.read_text()))


def _kept_columns(table: TableContract) -> str:
    """What the split reads; what the contract drops goes no further than the deposit itself."""
    return ", ".join(identifier(each.name) for each in table.fields if each.role != "drop")


def _staging_key(keyring: Keyring) -> bytes:
    return keyring.subkey("split", "staging")
