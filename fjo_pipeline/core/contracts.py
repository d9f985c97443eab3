"""Contracts: what a dataset's deposit looks like, where each field may go, and what SAIL calls what comes out.

A contract is a Frictionless Table Schema a table plus a role a field; everything else is driven by it.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from fjo_pipeline.core.contract_names import name_clashes, names_said_twice
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.key_ranking import parse_pattern
from fjo_pipeline.core.table_contracts import COLUMN, ContractPart, FieldContract, TableContract, mistake, nature
from fjo_pipeline.core.yaml_lines import parse_yaml_with_lines

CONTRACTS = Path(__file__).parent.parent / "contracts"

Delivery = Literal["full", "increment"]
REGISTER_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "persons": ("ALF", "PERS_ID", "WOB", "DOD", "GNDR_CD"),
    "addresses": ("PERS_ID", "RALF", "FROM_DT", "TO_DT", "LSOA2011_CD"),
}
"""What the databank gets of a register, by table: SAIL's columns of WDSD_AR_PERS and WDSD_AR_PERS_ADD."""
REGISTER_PERSON = "register_person"
REGISTER_IDS: Mapping[str, str] = {"ALF": "alf", "PERS_ID": REGISTER_PERSON, "RALF": "ralf"}
"""Which of these columns are ids, and of which entity."""


class SailNames(ContractPart):
    """SAIL's names for what comes out of a dataset."""

    dataset: str = Field(pattern=r"^[A-Z]{4}$")
    table_prefix: str = Field(pattern=COLUMN)
    lookup_prefix: str = Field(default="", pattern=r"^([A-Z][A-Z0-9_]*)?$")
    alf_table: str = Field(pattern=COLUMN)

    @property
    def ralf_table(self) -> str:
        """The table of people's RALFs: named as the ALF table, with RALF in place of its last ALF."""
        named = re.sub(r"(?<![A-Z0-9])ALF(?!.*(?<![A-Z0-9])ALF)", "RALF", self.alf_table)
        return named if named != self.alf_table else f"{self.alf_table}_RALF"

    @property
    def data_schema(self) -> str:
        """The databank's own schema of the dataset's tables."""
        return f"SAIL{self.dataset}V"

    @property
    def lookup_schema(self) -> str:
        """The schema of the dataset's lookups, the same in the databank and in projects."""
        return f"SAIL{self.dataset}REFV"


class DeidentifiedRegister(ContractPart):
    """SAIL's names for what the databank gets of a register: its people and their addresses, without identifiers."""

    dataset: str = Field(pattern=r"^[A-Z]{4}$")
    persons: str = Field(pattern=COLUMN)
    addresses: str = Field(pattern=COLUMN)

    @property
    def data_schema(self) -> str:
        """The databank's own schema of the register's tables."""
        return f"SAIL{self.dataset}V"


class FirstApplicationAgeBand(ContractPart):
    """A child's exact age band at its first application of the named types, derived at the split."""

    name: str = Field(default="AGE_BAND_FIRST_S31", pattern=COLUMN)
    table: str = Field(default="FIRST_S31_AGE_BAND", pattern=COLUMN)
    people: str
    roles: str
    roles_person: str
    roles_application: str
    roles_is_subject: tuple[str, str]
    applications: str
    applications_type: str
    applications_date: str
    types: str
    types_name: str
    type_names: tuple[str, ...]


class RetentionDays(ContractPart):
    """Days after the refresh date that a kind of data is kept before it is destroyed."""

    raw: int = Field(gt=0)
    quarantined: int = Field(gt=0)
    file_1: int = Field(gt=0)


Share = Annotated[float, Field(ge=0, le=1)]
Change = Annotated[float, Field(ge=0)]


class DifferenceBands(ContractPart):
    """How far a refresh may lie from the last before a person is asked to look; each a share, 0 for any change at all.

    The defaults are ours: wide enough for half a year's growth, narrow where users' code breaks. What each is a share
    of: docs/refresh-differences.md.
    """

    rows: Change = 0.25
    new_keys: Change = 0.25
    gone_keys: Change = 0.01
    changed_keys: Change = 0.25
    columns: Change = 0.0
    lookup_rows: Change = 0.0
    lookup_names: Change = 0.0
    code_share: Change = 0.05
    missing: Change = 0.05
    match_rate: Change = 0.02
    match_status: Change = 0.05
    link_changes: Change = 0.02


class Coverage(ContractPart):
    """Where and when what a dataset records happened: for the catalogue."""

    spatial: tuple[str, ...] = ()
    temporal: str = Field(default="", pattern=r"^([0-9]{4}(-[0-9]{2}){0,2}/(\.\.|[0-9]{4}(-[0-9]{2}){0,2}))?$")
    """An ISO 8601 interval, `..` where it goes on: 2014/.."""


class Contract(ContractPart):
    """A dataset, declared once."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    version: str
    source: str
    delivery: Delivery = "full"
    register_: bool = Field(default=False, alias="register")
    deidentified: DeidentifiedRegister | None = None
    second_register: bool = False
    sail: SailNames | None = None
    retention_days: RetentionDays
    match_rate_band: tuple[Share, Share] = (0.0, 1.0)
    difference_bands: DifferenceBands = DifferenceBands()
    quality_by_ethnicity: bool = False
    # What the harmonised core (dbt's `source`) calls the dataset. Left out of the digest: no table says it.
    harmonised_as: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]*$", exclude=True)
    tables: tuple[TableContract, ...] = Field(min_length=1)
    derived: FirstApplicationAgeBand | None = None
    # Left out of the digest: what the catalogue says of a dataset makes no table of it new.
    coverage: Coverage = Field(default=Coverage(), exclude=True)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        names = [table.name for table in self.tables]
        if len(set(names)) < len(names):
            raise ValueError("two tables have one name")
        if self.match_rate_band[0] >= self.match_rate_band[1]:
            raise mistake("the band's lower bound comes first and is below the upper one", "match_rate_band", 0)
        if self.derived and self.sail is None:
            raise ValueError("derived fields need sail, SAIL's names")
        self._is_a_register_or_a_dataset()
        for name, place in names_said_twice(self):
            raise mistake(f"two tables of this contract are {name}", *place)
        self._keys_of_an_entity_are_alike()
        for index, table in enumerate(self.tables):
            self._foreign_keys_lead_somewhere(table, index)
            self._linked_keys_are_peoples(table, index)
            if table.synthetic.rows_per not in (None, *names):
                raise mistake("rows_per is another table of this contract", "tables", index, "synthetic", "rows_per")
            _keys_can_be_encrypted(table, index)
            # A register stays at the trusted third party: its file_1 only says what a field is compared with.
            if not self.register_ and table.kind != "people" and any(field.file_1 for field in table.fields):
                raise mistake("only a table of people sends fields to File 1", "tables", index)
        if self.delivery == "increment":
            self._increments_can_be_joined()
        return self

    def _is_a_register_or_a_dataset(self) -> None:
        if not self.register_ and self.sail is None:
            raise ValueError("a dataset that is no register needs sail, SAIL's names for it")
        if self.second_register and self.register_:
            raise ValueError("the second register is a dataset, whose people File 1 brings; this is a register itself")
        if self.deidentified and not self.register_:
            raise ValueError("only a register has `deidentified`, what the databank gets of its people")

    def _increments_can_be_joined(self) -> None:
        if self.register_ or self.derived:
            raise mistake("a register, or a dataset with derived fields, needs whole deposits: full", "delivery")
        for index, table in enumerate(self.tables):
            key = table.table_schema.primary_key
            if key is not None and not table.field(key).to_file_2:
                raise mistake(
                    f"increments replace rows by {key}, so its role is key or content", "tables", index, "schema"
                )
            for each in table.table_schema.foreign_keys:
                if self.table(each.reference.resource).field(each.reference.fields).role == "drop":
                    raise mistake("increments may not refer to a field that is dropped", "tables", index, "schema")

    def _foreign_keys_lead_somewhere(self, table: TableContract, index: int) -> None:
        fields = {each.name: {field.name for field in each.fields} for each in self.tables}
        for position, key in enumerate(table.table_schema.foreign_keys):
            place = ("tables", index, "schema", "foreignKeys", position)
            if key.fields not in fields[table.name]:
                raise mistake(f"foreign key {key.fields} is not a field", *place)
            if key.reference.fields not in fields.get(key.reference.resource, set()):
                raise mistake(f"foreign key {key.fields} refers to nothing", *place)
            here, there = table.field(key.fields), self.table(key.reference.resource).field(key.reference.fields)
            if (here.role, here.entity, here.type) != (there.role, there.entity, there.type):
                raise mistake(
                    f"foreign key {key.fields} is {nature(here)}, but {key.reference.resource}.{there.name}, "
                    f"to which it refers, is {nature(there)}",
                    *place,
                )

    def _keys_of_an_entity_are_alike(self) -> None:
        """Text keys are ranked by their pattern: one person under two patterns would be two people."""
        first: dict[str | None, tuple[FieldContract, str]] = {}
        for index, table in enumerate(self.tables):
            for position, field in enumerate(table.fields):
                if field.role != "key":
                    continue
                known, where = first.setdefault(field.entity, (field, f"{table.name}.{field.name}"))
                if (field.type, field.constraints.pattern) != (known.type, known.constraints.pattern):
                    raise mistake(
                        f"{field.name} is a key of {field.entity} as {where} is, but has another type or pattern: "
                        "no id of the one would be an id of the other",
                        *("tables", index, "schema", "fields", position),
                    )

    def _linked_keys_are_peoples(self, table: TableContract, index: int) -> None:
        entities = {people.person_key.entity for people in self.people_tables}
        for column, linked in table.linked.items():
            if linked.person and table.field(linked.person).entity not in entities:
                raise mistake(f"{linked.person} is no key of this contract's people", "tables", index, "linked", column)

    def table(self, name: str) -> TableContract:
        """The table of that name; StopIteration where there is none."""
        return next(table for table in self.tables if table.name == name)

    @property
    def people_tables(self) -> tuple[TableContract, ...]:
        """The tables that hold people; a person stands in one of them only."""
        return tuple(table for table in self.tables if table.kind == "people")

    @property
    def names(self) -> SailNames:
        """SAIL's names; Refused for a register, whose content never comes to the databank."""
        if self.sail is None:
            raise Refused(f"{self.name} is a register: it has no tables in the databank")
        return self.sail

    @property
    def has_alf2(self) -> bool:
        """Whether its people are linked to the second register's, or are these themselves."""
        said = (linked.said for table in self.tables for linked in table.linked.values())
        return self.second_register or "ALF2" in said

    @property
    def has_addresses(self) -> bool:
        """Whether File 1 has addresses with postcodes, so that people can have a RALF."""
        sent = {field.file_1 for table in self.people_tables for field in table.fields}
        return {"ADDRESS_1", "POSTCODE"} <= sent

    def curated_name(self, table: TableContract, refresh: str) -> str:
        """SAIL's name of a table or lookup, dated but for a few: for example CAFE_ECMS_CASES_20240111."""
        prefix = self.names.lookup_prefix if table.kind == "lookup" else self.names.table_prefix
        return "_".join(part for part in (prefix, table.sail, refresh if table.dated else "") if part)

    def schema_of(self, table: TableContract) -> str:
        """The databank schema in which a table or lookup stands."""
        return self.names.lookup_schema if table.kind == "lookup" else self.names.data_schema

    @property
    def digest(self) -> str:
        """SHA-256 of what the contract says: changes where that does, not where contracts learn to say more."""
        return hashlib.sha256(self.model_dump_json(by_alias=True, exclude_defaults=True).encode()).hexdigest()


def _keys_can_be_encrypted(table: TableContract, index: int) -> None:
    for position, field in enumerate(table.fields):
        if field.role == "key" and field.type == "string" and field.constraints.pattern:
            try:
                parse_pattern(field.constraints.pattern)
            except ValueError as error:
                raise mistake(str(error), "tables", index, "schema", "fields", position) from None


@dataclass(frozen=True)
class Mistake:
    """What is wrong with a contract, and where: the file's line, and the place in words."""

    line: int
    place: str
    rule: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.place}: {self.rule}"


def load_contract(path: Path) -> Contract:
    """Read and check a contract; Refused names file, line, place and rule of every mistake."""
    loaded, mistakes = examine_contract(path)
    if loaded is None:
        problems = "\n  ".join(f"{path.name}, {each}" for each in mistakes)
        raise Refused(f"the contract is not usable:\n  {problems}")
    return loaded


def examine_contract(path: Path) -> tuple[Contract | None, tuple[Mistake, ...]]:
    """A contract, or None and every mistake that the file by itself shows; Refused where it is no YAML."""
    return _examined(path.name, path.read_bytes())


# By content, which a rewritten file cannot share with the old one as it can its size and time: sensors ask every few
# seconds, and reading anew is what costs.
@lru_cache(maxsize=64)
def _examined(name: str, written: bytes) -> tuple[Contract | None, tuple[Mistake, ...]]:
    content, lines = parse_yaml_with_lines(name, written)
    try:
        return Contract.model_validate(content), ()
    except ValidationError as error:
        return None, tuple(
            Mistake(lines.of(each["loc"]), place_in_words(content, each["loc"]), each["msg"]) for each in error.errors()
        )


def place_in_words(content: Any, location: tuple[int | str, ...]) -> str:
    """A location of pydantic's as words: list items by the name they carry."""
    words: list[str] = []
    for step in location:
        try:
            content = content[step]
        except (KeyError, IndexError, TypeError):
            content = None
        name = content.get("name") if isinstance(content, dict) else None
        words.append(str(name) if isinstance(step, int) and name else str(step))
    return " > ".join(words) or "the contract"


def contract(name: str, folder: Path = CONTRACTS) -> Contract:
    """The contract of a dataset by name; Refused with the known names where there is none."""
    path = folder / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(each.stem for each in folder.glob("*.yaml")))
        raise Refused(f"there is no contract for the dataset '{name}'; known are: {known}")
    return _own(path)


def datasets(folder: Path = CONTRACTS) -> tuple[Contract, ...]:
    """Every dataset that flows through the zones (registers left out), by name; Refused where two claim one name."""
    loaded = [_own(path) for path in sorted(folder.glob("*.yaml"))]
    for clash in name_clashes(loaded):
        raise Refused(f"{clash}; give one of them another name (fjo contract check FILE says on which line)")
    return tuple(each for each in loaded if not each.register_)


def _own(path: Path) -> Contract:
    """A contract that says it is of the dataset by which its file is named."""
    loaded = load_contract(path)
    if loaded.name != path.stem:
        raise Refused(f"{path.name} says that it is of {loaded.name}: name the file {loaded.name}.yaml")
    return loaded


def second_register(folder: Path = CONTRACTS) -> Contract | None:
    """The dataset whose people ALF2 stands for, or None where there is none; Refused where two claim it."""
    claiming = [each for each in datasets(folder) if each.second_register]
    if len(claiming) > 1:
        raise Refused(f"only one contract may say second_register: {claiming[0].name} and {claiming[1].name} do")
    return claiming[0] if claiming else None


def registers(folder: Path = CONTRACTS) -> tuple[Contract, ...]:
    """Every register of which the databank gets people and addresses without identifiers, by name."""
    loaded = (load_contract(path) for path in sorted(folder.glob("*.yaml")))
    return tuple(each for each in loaded if each.deidentified)
