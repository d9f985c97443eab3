"""A made-up world in which every identifier is a canary: a text that stands nowhere else in the world.

It is made from the contracts alone. Names, address lines and free texts become words that nobody would write, the same
ones in every deposit and in the register, so that people are linked as before; dates of birth move back forty years,
where no date of content lies; NHS numbers and postcodes are made up already.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from fjo_pipeline.core.contracts import Contract, contract
from fjo_pipeline.core.csv_loading import READING, read_header
from fjo_pipeline.core.sessions import Session, identifier, literal
from fjo_pipeline.core.table_contracts import FieldContract, TableContract
from fjo_pipeline.leaks.encodings import Canary, date_of_birth, nhs_number, plain, postcode
from fjo_pipeline.synthetic import write_synthetic
from tests.deposit_builder import write_deposit

YEARS_BACK = 40
MARK = "xq"
"""How every invented word begins."""
MACROS = f"""
CREATE OR REPLACE TEMP MACRO canary_word(word) AS CASE
    WHEN word = '' OR regexp_matches(word, '[0-9]') THEN word
    ELSE '{MARK.capitalize()}' || translate(md5(lower(word))[1:10], '0123456789abcdef', 'bcdfghjklmnpqrst') END;
CREATE OR REPLACE TEMP MACRO canary_words(said) AS
    array_to_string([canary_word(word) for word in string_split(trim(said), ' ')], ' ');
"""
WORDS = ("SURNAME", "FORENAME", *(f"ADDRESS_{number}" for number in range(1, 6)))


@dataclass
class CanaryWorld:
    """Where its files lie, and every canary in them."""

    folder: Path
    values: dict[str, set[str]] = field(default_factory=dict)
    content_days: set[str] = field(default_factory=set)

    @property
    def register(self) -> Path:
        """The register delivery."""
        return self.folder / "register"

    @property
    def postcodes(self) -> Path:
        """The postcode directory."""
        return self.folder / "postcode_to_lsoa.csv"

    def deposit(self, dataset: str) -> Path:
        """The deposit of a dataset."""
        return self.folder / dataset

    def canaries(self) -> list[Canary]:
        """All of them; a date of birth that is a Monday, or a date of content too, may stand elsewhere by right."""
        born = (each for each in self.values["date of birth"] - self.content_days if date.fromisoformat(each).weekday())
        return [
            *(nhs_number(each) for each in sorted(self.values["NHS number"])),
            *(postcode(each) for each in sorted(self.values["postcode"])),
            *(date_of_birth(date.fromisoformat(each)) for each in sorted(born)),
            *(plain(kind, each) for kind in ("word", "free text") for each in sorted(self.values[kind])),
        ]


def make_world(
    session: Session, folder: Path, datasets: Iterable[str], refresh: str, people: int, seed: int
) -> CanaryWorld:
    """One world's register and a deposit of each dataset, every identifier in them a canary."""
    world = CanaryWorld(folder)
    session.run(MACROS, step="define canaries")
    for dataset in datasets:
        made = write_synthetic(dataset, people, seed, refresh, folder / "made_up" / dataset, register_people=people * 6)
        assert made.deposit is not None
        _write(session, world, contract(dataset), made.deposit, world.deposit(dataset), refresh)
    made.postcodes.rename(world.postcodes)
    _write(session, world, contract("population_register"), made.register, world.register, refresh)
    return world


def _write(session: Session, world: CanaryWorld, each: Contract, source: Path, target: Path, refresh: str) -> None:
    csvs: dict[str, str | bytes] = {}
    for table in each.tables:
        path = source / table.path
        texts = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in read_header(path))
        columns = ", ".join(_column(table, field) for field in table.fields)
        session.run(
            f"CREATE OR REPLACE TEMP TABLE rewritten AS SELECT {columns} "
            "FROM (SELECT *, row_number() OVER () AS row_number "
            f"FROM read_csv({literal(path)}, columns = {{{texts}}}, {READING}, parallel = false))",
            step="put canaries in",
        )
        out = source / f"{table.name}.canaries"
        session.run(f"COPY rewritten TO {literal(out)} (FORMAT csv, HEADER)", step="write canaries")
        csvs[table.path] = out.read_bytes()
        for kind, values in _said(session, table):
            (world.content_days if kind == "content" else world.values.setdefault(kind, set())).update(values)
    write_deposit(target, csvs, each.name, refresh)


def _column(table: TableContract, field: FieldContract) -> str:
    name, value = identifier(field.name), identifier(field.name)
    if field.role == "identifier" and field.file_1 in WORDS:
        value = f"canary_words({name})"
    elif field.role == "identifier" and field.file_1 == "DATE_OF_BIRTH":
        value = (
            f"coalesce(CAST(CAST(TRY_CAST({name} AS DATE) - INTERVAL {YEARS_BACK} YEAR AS DATE) AS VARCHAR), {name})"
        )
    elif _is_free_text(field):
        value = f"'{MARK} note ' || md5('{table.name} {field.name} ' || row_number)"
    return f"{value} AS {name}"


def _is_free_text(field: FieldContract) -> bool:
    limits = field.constraints
    return (field.role, field.type) == ("drop", "string") and limits.pattern is None and limits.enum is None


def _said(session: Session, table: TableContract) -> Iterator[tuple[str, set[str]]]:
    """The canaries of the table as it was written, by kind, and its dates of content."""
    kinds = {"NHS_NUMBER": "NHS number", "POSTCODE": "postcode", "DATE_OF_BIRTH": "date of birth"}
    for each in table.fields:
        value = f"CAST({identifier(each.name)} AS VARCHAR)"
        if each.role == "identifier" and each.file_1 in kinds:
            yield kinds[each.file_1], _values(session, value)
        elif each.role == "identifier" and each.file_1 in WORDS:
            words = _values(session, f"unnest(string_split({value}, ' '))")
            yield "word", {word for word in words if word.lower().startswith(MARK)}
        elif _is_free_text(each):
            yield "free text", _values(session, value)
        elif each.type == "date" and each.role == "content":
            yield "content", _values(session, value)


def _values(session: Session, expression: str) -> set[str]:
    rows = session.rows(f"SELECT DISTINCT {expression} AS said FROM rewritten", step="read canaries")
    return {text for (text,) in rows if text}
