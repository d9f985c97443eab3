"""The identifiers that the provider and the trusted third party hold, where distinctive enough to look for.

They are read with each zone's own keys, held in memory alone, and sampled where there are very many.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from fjo_pipeline.core.contracts import Contract, datasets
from fjo_pipeline.core.csv_loading import READING, read_header
from fjo_pipeline.core.errors import StatementFailed
from fjo_pipeline.core.sessions import Session, identifier, literal, open_session
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.core.table_contracts import TableContract
from fjo_pipeline.leaks.encodings import Canary, date_of_birth, full_name, nhs_number, plain, postcode
from fjo_pipeline.provider.flow import Provider
from fjo_pipeline.ttp.flow import Ttp

MOST, THOROUGHLY = 20_000, 400
"""Values of a kind that are looked for in plain, and those of them in every other encoding too."""
TOO_EARLY = 0.01
"""Share of dates of content below which a date of birth lies, so that it cannot be one of them or follow from one."""
LINES = tuple(f"ADDRESS_{number}" for number in range(1, 6))
COLUMNS = ("NHS_NUMBER", "FORENAME", "SURNAME", "POSTCODE", "DATE_OF_BIRTH", *LINES)
NOTHING = "SELECT " + ", ".join(f"CAST(NULL AS VARCHAR) AS {name}" for name in COLUMNS)
REGISTER = (
    "SELECT nhs_number AS NHS_NUMBER, date_of_birth AS DATE_OF_BIRTH FROM ttp.register.person",
    "SELECT concat_ws(' ', forename, middle_names) AS FORENAME, surname AS SURNAME FROM ttp.register.name",
    "SELECT postcode AS POSTCODE, unnest(string_split(address, ', ')) AS ADDRESS_1 FROM ttp.register.address",
)
REGISTER_DATES = (
    "SELECT date_of_death AS day FROM ttp.register.record",
    "SELECT unnest([from_date, to_date]) AS day FROM ttp.register.stay",
)
GIVEN = "list_filter(string_split(trim(FORENAME), ' '), each -> each <> '')"
VALUES: Mapping[str, str] = {
    # Ten digits are an NHS number wherever they stand.
    "NHS number": r"""SELECT regexp_replace(NHS_NUMBER, '\D', '', 'g') AS value FROM known
        WHERE regexp_full_match(value, '[0-9]{10}')""",
    "postcode": r"""SELECT upper(regexp_replace(POSTCODE, '\s', '', 'g')) AS value FROM known
        WHERE regexp_full_match(value, '[A-Z]{1,2}[0-9][0-9A-Z]?[0-9][A-Z]{2}')""",
    # WOB is a Monday, so a date of birth that is one is there by right.
    "date of birth": """SELECT CAST(TRY_CAST(DATE_OF_BIRTH AS DATE) AS VARCHAR) AS value FROM known
        WHERE dayofweek(TRY_CAST(DATE_OF_BIRTH AS DATE)) <> 1
            AND year(TRY_CAST(DATE_OF_BIRTH AS DATE)) BETWEEN 1800 AND 2200""",
    # A name by itself may be anybody's, or a word; both together are somebody's.
    "full name": f"""SELECT concat(given, chr(31), trim(SURNAME)) AS value
        FROM (SELECT unnest([{GIVEN}[1], {GIVEN}[-1]]) AS given, SURNAME FROM known WHERE trim(SURNAME) <> '')
        WHERE length(given) + length(trim(SURNAME)) >= 8 AND length(given) > 1""",
    "rare name": f"""SELECT name AS value
        FROM (SELECT unnest(list_append({GIVEN}, trim(SURNAME))) AS name FROM known) WHERE length(name) >= 10""",
    "address": f"""SELECT trim(line) AS value FROM (SELECT unnest([{", ".join(LINES)}]) AS line FROM known)
        WHERE length(trim(line)) >= 10 AND regexp_matches(line, '[0-9]') AND regexp_matches(line, '[A-Za-z]{{4}}')""",
    "free text": "SELECT trim(said)[1:60] AS value FROM free_text WHERE length(trim(said)) >= 20",
}
"""SQL for the distinctive values of each kind."""


@dataclass
class Held:
    """The values of one zone or of both: by kind those to look for, and how many there are."""

    values: dict[str, set[str]] = field(default_factory=dict)
    distinct: dict[str, int] = field(default_factory=dict)
    content_days: set[date] = field(default_factory=set)
    early: date | None = None
    unread: int = 0
    """Files of deposits that cannot be read as CSV, as refused ones may not be."""

    def add(self, other: "Held") -> None:
        """Take in another zone's."""
        for kind, values in other.values.items():
            self.values.setdefault(kind, set()).update(values)
            self.distinct[kind] = self.distinct.get(kind, 0) + other.distinct[kind]
        self.content_days |= other.content_days
        self.early = min(filter(None, (self.early, other.early)), default=None)
        self.unread += other.unread

    def canaries(self) -> list[Canary]:
        """What to look for: all in plain, some of each kind in every encoding; the same ones each time."""
        found = []
        for kind, values in sorted(self.values.items()):
            wanted = sorted(value for value in values if kind != "date of birth" or self._is_no_content(value))
            for number, value in enumerate(wanted):
                found.append(_canary(kind, value, number % max(len(wanted) // THOROUGHLY, 1) == 0))
        return found

    def _is_no_content(self, born: str) -> bool:
        """Whether no date that goes to the databank can be this one: it may otherwise stand there by right."""
        day = date.fromisoformat(born)
        return day not in self.content_days and (self.early is None or day < self.early)


def _canary(kind: str, value: str, thorough: bool) -> Canary:
    if kind == "full name":
        return full_name(*value.split("\x1f"), thorough=thorough)
    if kind == "date of birth":
        return date_of_birth(date.fromisoformat(value), thorough=thorough)
    makers = {"NHS number": nhs_number, "postcode": postcode}
    return makers[kind](value, thorough=thorough) if kind in makers else plain(kind, value, thorough=thorough)


def held_by_ttp(settings: Settings) -> Held:
    """What the register and every File 1 in the TTP's store hold; nothing where there is no store yet."""
    store = Ttp(settings).store
    if not store.path.exists():
        return Held()
    with store.reading() as session:
        tables = session.rows(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'ttp' "
            "AND (schema_name = 'file_1' OR schema_name = 'register' AND table_name = 'stay') ORDER BY ALL",
            step="list what the TTP holds",
        )
        files = [f"SELECT * FROM ttp.file_1.{identifier(name)}" for schema, name in tables if schema == "file_1"]
        # A store that nobody has written to since an upgrade lacks the register's history.
        days = REGISTER_DATES if len(files) < len(tables) else ()
        return _held(session, (*REGISTER, *files), [], days, ())


def held_by_provider(settings: Settings) -> Held:
    """What every deposit in landing and in quarantine holds, those that were refused for their files included."""
    provider, held = Provider(settings), Held()
    with open_session(settings.temporary("provider"), memory_limit=settings.provider_memory_limit) as session:
        for contract in datasets(settings.contracts):
            for parent in (settings.landing / contract.name, settings.quarantine / contract.name):
                for folder in sorted(parent.iterdir()) if parent.is_dir() else []:
                    held.add(_deposit(session, contract, folder))
            for folder in sorted(provider.work(contract.name, "", "checked").glob("*")):
                if not (settings.landing / contract.name / folder.name).is_dir():
                    held.add(_checked(session, provider, contract, folder))
    return held


def _deposit(session: Session, contract: Contract, folder: Path) -> Held:
    held = Held()
    for table in contract.tables:
        path = folder / table.path
        header = [name for name in read_header(path) if name] if path.is_file() else []
        if not header:
            continue
        columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
        # Refused deposits are read as far as they go.
        relation = (
            f"read_csv({literal(path)}, columns = {{{columns}}}, {READING}, "
            "strict_mode = false, ignore_errors = true, null_padding = true)"
        )
        try:
            held.add(_table(session, table, relation, frozenset(header)))
        except StatementFailed:
            held.unread += 1
    return held


def _checked(session: Session, provider: Provider, contract: Contract, folder: Path) -> Held:
    """A staged deposit whose raw files have been destroyed."""
    from fjo_pipeline.provider.checked import read_checked

    held, checked = Held(), read_checked(folder)
    for table in contract.tables:
        kept = frozenset(each.name for each in table.fields if each.role != "drop")
        held.add(_table(session, table, checked.relation(session, provider.keyring, table.name), kept))
    return held


def _table(session: Session, table: TableContract, relation: str, there: frozenset[str]) -> Held:
    fields = [each for each in table.fields if each.name in there]
    by_column: dict[str, list[str]] = {}
    for each in fields:
        if each.role == "identifier" and each.file_1:
            by_column.setdefault(each.file_1, []).append(f"CAST({identifier(each.name)} AS VARCHAR)")
    columns = ", ".join(
        f"concat_ws(' ', {', '.join(names)}) AS {column}" for column, names in by_column.items() if column in COLUMNS
    )
    days = [
        f"CAST({identifier(each.name)} AS VARCHAR)" for each in fields if (each.type, each.role) == ("date", "content")
    ]
    texts = [identifier(each.name) for each in fields if (each.type, each.role) == ("string", "drop")]
    return _held(
        session,
        [f"SELECT {columns} FROM {relation}"] if columns else [],
        [f"SELECT unnest([{', '.join(texts)}]) AS said FROM {relation}"] if texts else [],
        [],
        [f"SELECT unnest([{', '.join(days)}]) AS day FROM {relation}"] if days else [],
    )


def _held(
    session: Session,
    sources: "list[str] | tuple[str, ...]",
    texts: list[str],
    register_days: tuple[str, ...] | list[str],
    content_days: tuple[str, ...] | list[str],
) -> Held:
    """The values of SELECTs of File 1's columns, of free texts, and of days that may lie in the databank."""
    union = " UNION ALL BY NAME ".join((NOTHING, *(f"({source})" for source in sources)))
    session.run(f"CREATE OR REPLACE TEMP TABLE known AS SELECT * FROM ({union})", step="gather identifiers")
    said = " UNION ALL ".join(("SELECT '' AS said", *texts))
    session.run(f"CREATE OR REPLACE TEMP TABLE free_text AS {said}", step="gather free texts")
    held = Held()
    for kind, query in VALUES.items():
        held.distinct[kind] = session.value(f"SELECT count(DISTINCT value) FROM ({query})", step=f"count each {kind}")
        rows = session.rows(
            f"SELECT DISTINCT value FROM ({query}) ORDER BY hash(value), value LIMIT {MOST}", step=f"read each {kind}"
        )
        held.values[kind] = {row[0] for row in rows}
    held.content_days = {*_days(session, register_days), *_days(session, content_days)}
    held.early = next(_days(session, content_days, TOO_EARLY), None)
    session.run("DROP TABLE known; DROP TABLE free_text", step="let go of identifiers")
    return held


def _days(session: Session, queries: tuple[str, ...] | list[str], share: float | None = None) -> Iterator[date]:
    """The different days of some SELECTs, or the one that a share of all lies before."""
    if not queries:
        return
    days = " UNION ALL ".join(f"SELECT TRY_CAST(day AS DATE) AS day FROM ({query})" for query in queries)
    wanted = "DISTINCT day" if share is None else f"quantile_disc(day, {share})"
    for (day,) in session.rows(f"SELECT {wanted} FROM ({days}) WHERE day IS NOT NULL", step="read the content's dates"):
        if day is not None:
            yield day
