"""Increments at the databank: the files of a base and of the increments on it, read as those of one full refresh.

Each deposit's Files 2 and 3 have a join key of their own, so its people are found within it; over the deposits a row is
known by its primary key, and the last deposit that has the key counts. Tables without a primary key are appended.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import sha256_of_texts
from fjo_pipeline.core.keyring import Keyring
from fjo_pipeline.core.sessions import Session, identifier, literal
from fjo_pipeline.core.table_contracts import TableContract
from fjo_pipeline.core.transfers import FileEntry, Kind, Transfer, latest, waiting

FORMAT = "together 1"
Pair = tuple[Transfer, Transfer]
"""Files 2 and 3 of one deposit, or of several together."""


class NotAllHere(Refused):
    """An increment's files have come, and not those of every deposit that it stands on."""


@dataclass(frozen=True)
class Together(Transfer):
    """The transfers of one kind of a base and the increments on it, base first, read as if they had come as one.

    `files` are the last deposit's own until `counted` has looked at the rows of all.
    """

    contract: Contract
    deposits: tuple[Transfer, ...]

    def relation(self, session: Session, table: str) -> str:
        """An SQL expression that reads one table of the state that the deposits make."""
        parts = [_read(session, self.contract, each, table) for each in self.deposits]
        key = None if self.subject.kind == "file_3" else self.contract.table(table).table_schema.primary_key
        if key is None:
            return _buffered(" UNION ALL ".join(f"FROM ({part})" for part in parts))
        name = identifier(key)
        # Only the increments' keys are held in memory, however large the base is.
        changed = " UNION ALL ".join(
            f"SELECT {name} AS key, {place} AS place FROM ({part})" for place, part in enumerate(parts) if place
        )
        last = [
            f"FROM ({part}) AS given SEMI JOIN (FROM changed WHERE place = {place}) AS last ON last.key = given.{name}"
            for place, part in enumerate(parts)
            if place
        ]
        return _buffered(
            f"FROM ({parts[0]}) AS given ANTI JOIN changed ON changed.key = given.{name} "
            f"UNION ALL {' UNION ALL '.join(last)}",
            f"changed AS MATERIALIZED (SELECT key, max(place) AS place FROM ({changed}) GROUP BY key), ",
        )


class Arrived:
    """The transfers in the databank's inbox, each opened once by `read`: verified whole, or its envelope alone."""

    def __init__(self, inbox: Path, keyring: Keyring, read: Callable[[Path, Keyring, Kind], Transfer]) -> None:
        self._inbox, self._keyring, self._read = inbox, keyring, read
        self._folders: dict[tuple[Kind, str, str], Path] = {
            (kind, folder.parent.parent.name, folder.parent.name): folder
            for kind in _KINDS
            for folder in waiting(inbox, kind)
        }
        self._opened: dict[Path, Transfer] = {}

    @property
    def refreshes(self) -> list[tuple[str, str]]:
        """Dataset and date of every refresh whose Files 2 and 3 are both there, in order."""
        here = [{(dataset, refresh) for each, dataset, refresh in self._folders if each == kind} for kind in _KINDS]
        return sorted(here[0] & here[1])

    def folders(self, dataset: str, refresh: str) -> list[Path]:
        """Where Files 2 and 3 of a refresh lie."""
        return [self._folders[kind, dataset, refresh] for kind in _KINDS]

    def files(self, contract: Contract, refresh: str) -> Pair:
        """Files 2 and 3 of a refresh; of an increment together with those of the deposits that it stands on.

        Refused where either is missing or not sound, or the dataset has no increments; NotAllHere where a deposit is
        missing that it stands on.
        """
        own = self._pair(contract.name, refresh)
        if "base" not in own[0].facts:
            return own
        if contract.delivery == "full":
            raise Refused(f"{contract.name}/{refresh} is an increment, and the contract takes full deposits only")
        pairs = [*(self._pair(contract.name, each) for each in self._beneath(contract.name, own[0])), own]
        return together(contract, [each for each, _ in pairs]), together(contract, [each for _, each in pairs])

    def _beneath(self, dataset: str, increment: Transfer) -> list[str]:
        """The refreshes that an increment stands on, base first; NotAllHere where one of them is not all here."""
        base, refresh = increment.facts["base"], increment.subject.refresh
        ready = {each for name, each in self.refreshes if name == dataset}
        known = {each for kind, name, each in self._folders if (kind, name) == ("file_2", dataset)}
        on_it = {each: self._open("file_2", dataset, each).facts for each in known if base < each < refresh}
        before = {each: facts for each, facts in on_it.items() if facts.get("base") == base}
        # What the provider had taken by then may still be on its way.
        wanted = {base, *increment.facts["stands_on"], *before}
        wanted |= {each for facts in before.values() for each in facts["stands_on"]}
        if missing := sorted(wanted - ready):
            raise NotAllHere(
                f"{dataset}/{refresh} is an increment on {base}, and Files 2 and 3 of {', '.join(missing)} are not "
                "both here: it waits until those deposits have been taken, linked and sent"
            )
        if "base" in self._open("file_2", dataset, base).facts:
            raise Refused(f"{dataset}/{base} is itself an increment, so {refresh} cannot have it as its base")
        return sorted(wanted)

    def _pair(self, dataset: str, refresh: str) -> Pair:
        return self._open("file_2", dataset, refresh), self._open("file_3", dataset, refresh)

    def _open(self, kind: Kind, dataset: str, refresh: str) -> Transfer:
        folder = self._folders.get((kind, dataset, refresh)) or latest(self._inbox, kind, dataset, refresh)
        if folder not in self._opened:
            self._opened[folder] = self._read(folder, self._keyring, kind)
        return self._opened[folder]


_KINDS: tuple[Kind, Kind] = ("file_2", "file_3")


def together(contract: Contract, deposits: Sequence[Transfer]) -> Together:
    """The transfers of one kind of a base and its increments as one; its digest names all that it is made from."""
    last = deposits[-1]
    # One, unless the TTP could not make an old File 3 again after it changed its postcode directory.
    vintages = sorted({each.facts["lsoa_vintage"] for each in deposits if each.facts.get("lsoa_vintage")})
    return Together(
        last.folder,
        replace(last.subject, synthetic=any(each.subject.synthetic for each in deposits)),
        last.sender,
        last.sequence,
        sha256_of_texts(FORMAT, *(each.digest for each in deposits)),
        last.files,
        {**last.facts, "lsoa_vintage": " and ".join(vintages) or None},
        last.sender_log,
        last._key,
        contract,
        tuple(deposits),
    )


def one_by_one(transfer: Transfer) -> tuple[Transfer, ...]:
    """The transfers that one is made of: itself alone, unless it is several together."""
    return transfer.deposits if isinstance(transfer, Together) else (transfer,)


def counted(session: Session, file_2: Transfer, file_3: Transfer) -> Pair:
    """The same with the rows that the state must have, counted by key in another way than it is written.

    What came as one is let through. Refused where a deposit's tables have other columns than the last one's.
    """
    if not isinstance(file_2, Together):
        return file_2, file_3
    contract = file_2.contract
    rows = {table.name: FileEntry(_rows(session, file_2, table), 0, "") for table in contract.tables}
    people = " UNION ".join(
        f"SELECT {identifier(table.person_key.name)} FROM {each.relation(session, table.name)}"
        for table in contract.people_tables
        for each in file_2.deposits
    )
    persons = session.value(f"SELECT count(*) FROM ({people})", step="count the people of all deposits")
    return replace(file_2, files=rows), replace(file_3, files={"file_3": FileEntry(persons, 0, "")})


def _rows(session: Session, file_2: Together, table: TableContract) -> int:
    _assert_same_columns(session, file_2, table)
    key = table.table_schema.primary_key
    if key is None:
        return sum(each.files[table.name].rows for each in file_2.deposits)
    given = " UNION ALL ".join(
        f"SELECT {identifier(key)} AS key, {place} AS place FROM {each.relation(session, table.name)}"
        for place, each in enumerate(file_2.deposits)
    )
    copies = f"SELECT key, place, count(*) AS copies FROM ({given}) GROUP BY ALL"
    return int(
        session.value(
            "SELECT coalesce(sum(copies), 0) FROM "
            f"(SELECT arg_max(copies, place) AS copies FROM ({copies}) GROUP BY key)",
            step=f"count the keys of {table.name}",
        )
    )


def _assert_same_columns(session: Session, file_2: Together, table: TableContract) -> None:
    last, *others = (
        session.rows(f"DESCRIBE SELECT * FROM {each.relation(session, table.name)}", step=f"describe {table.name}")
        for each in reversed(file_2.deposits)
    )
    if any(other != last for other in others):
        subject = file_2.subject
        raise Refused(
            f"{table.path} has other columns in {subject.dataset}/{subject.refresh} than in the deposits that it "
            "stands on, which were made under another contract: send a full deposit under the present one"
        )


def _read(session: Session, contract: Contract, deposit: Transfer, table: str) -> str:
    """SQL for one deposit's table; its join keys are made its own, for another deposit's may be the same by chance."""
    relation = deposit.relation(session, table)
    own = f"{literal(deposit.subject.refresh + ' ')} || SYSTEM_ID AS SYSTEM_ID"
    if deposit.subject.kind == "file_3":
        return f"SELECT * REPLACE ({own}) FROM {relation}"
    content = contract.table(table)
    columns = [identifier(field.name) for field in content.file_2_fields]
    return f"SELECT {', '.join([*columns, own] if content.kind == 'people' else columns)} FROM {relation}"


def _buffered(query: str, before: str = "") -> str:
    """A query as a relation that may be streamed: of a streamed UNION ALL it was seen that it waits for ever."""
    return f"(WITH {before}state AS MATERIALIZED ({query}) FROM state)"
