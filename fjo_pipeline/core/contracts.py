"""Contracts: what a dataset's deposit looks like, where each field may go, and what SAIL calls what comes out.

A contract is a Frictionless Table Schema a table plus a role a field; everything else is driven by it.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from fjo_pipeline.core.contract_names import name_clashes, names_said_twice
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.key_ranking import parse_pattern
from fjo_pipeline.core.yaml_lines import parse_yaml_with_lines

CONTRACTS = Path(__file__).parent.parent / "contracts"

Role = Literal["identifier", "content", "key", "derived", "drop"]
FieldType = Literal["string", "integer", "number", "date", "boolean"]
TableKind = Literal["data", "people", "lookup"]
Delivery = Literal["full", "increment"]

FILE_1_COLUMNS = (
    "SYSTEM_ID",
    "NHS_NUMBER",
    "SURNAME",
    "FORENAME",
    "ADDRESS_1",
    "ADDRESS_2",
    "ADDRESS_3",
    "ADDRESS_4",
    "ADDRESS_5",
    "POSTCODE",
    "DATE_OF_BIRTH",
    "GENDER_CD",
    "CREATE_DATE",
    "ADDRESS_CONFIDENTIAL",
)
FILE_3_COLUMNS = ("SYSTEM_ID", "ALF", "ALF_STS_CD", "ALF_MTCH_PCT", "WOB", "GNDR_CD", "LSOA_CD")
Said = Literal["ALF", "ALF2", "ALF_STS_CD", "ALF_MTCH_PCT", "WOB", "GNDR_CD", "LSOA_CD"]
"""What the trusted third party says of a person: File 3's columns, and ALF2 once the family court has been linked."""
MAXIMUM_KEY = 10**14 - 1
LINKING_FIELDS = ("alf", "alf2", "ralf")
"""Entities whose ids are the trusted third party's to give, under keys of their own."""
JOIN_KEY = "SYSTEM_ID"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Constraints(_Model):
    """Frictionless field constraints; `unique` lets exact copies of a whole row pass, and counts them."""

    required: bool = False
    unique: bool = False
    enum: tuple[str, ...] | None = None
    pattern: str | None = None
    minimum: int | None = None
    maximum: int | None = None


class FieldContract(_Model):
    """One column of a deposited table and the way it may go."""

    name: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$")
    type: FieldType
    format: str = "default"
    role: Role
    entity: str | None = None
    file_1: str | None = None
    codes: dict[str, str] = {}
    constraints: Constraints = Constraints()
    outgrown: Literal["refuse", "warn"] = "refuse"
    title: str = ""
    description: str = ""

    @model_validator(mode="after")
    def _role_is_complete(self) -> Self:
        if self.role == "key" and not self.entity:
            raise ValueError("a key needs an entity")
        if self.role == "key" and self.type not in ("integer", "string"):
            raise ValueError("a key is an integer or a string")
        if self.role == "identifier" and not self.file_1:
            raise ValueError(f"an identifier needs file_1, one of {', '.join(FILE_1_COLUMNS)}")
        if self.file_1 and self.file_1 not in FILE_1_COLUMNS:
            raise ValueError(f"file_1 is one of {', '.join(FILE_1_COLUMNS)}")
        if self.file_1 and self.role in ("key", "drop"):
            raise ValueError("only identifiers and content go to File 1")
        if self.role == "key" and self.entity in LINKING_FIELDS:
            raise ValueError(f"a key's entity is none of {', '.join(LINKING_FIELDS)}: the TTP gives those ids")
        if self.outgrown == "warn" and not self.constraints.enum:
            raise ValueError("outgrown says what becomes of values beyond the enum, and there is none")
        return self

    @property
    def to_file_2(self) -> bool:
        """Whether the field's values (keys: encrypted) go to the databank."""
        return self.role in ("key", "content")


class Reference(_Model):
    """What a foreign key points to: a table of the same contract and its field."""

    resource: str
    fields: str


class ForeignKey(_Model):
    """A Frictionless foreign key of one field; null values are let pass."""

    fields: str
    reference: Reference


class TableSchema(_Model):
    """A Frictionless Table Schema whose fields carry roles."""

    fields: tuple[FieldContract, ...] = Field(min_length=1)
    primary_key: str | None = Field(default=None, alias="primaryKey")
    foreign_keys: tuple[ForeignKey, ...] = Field(default=(), alias="foreignKeys")


class Linked(_Model):
    """A curated column that says something of File 3 about a person: the row's own, or the one whose key it holds."""

    said: Said
    person: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _may_be_short(cls, value: Any) -> Any:
        """In a table of people `ALF: ALF` is enough; elsewhere `ALF: {said: ALF, person: PATIENT_ID}`."""
        return {"said": value} if isinstance(value, str) else value


class TableContract(_Model):
    """One deposited table, and the curated table that it becomes.

    With `curated: false` it only says who people are. With `dated: false` SAIL's name carries no refresh date: there is
    one table, the newest refresh's.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    sail: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$")
    kind: TableKind = "data"
    special_access: bool = False
    reconstruction: bool = False
    title: str = ""
    table_schema: TableSchema = Field(alias="schema")
    linked: dict[str, Linked] = {}
    curated: bool = True
    dated: bool = True
    available_from: bool = True
    columns: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The CSV file of the deposit that holds the table."""
        return f"{self.sail}.csv"

    @property
    def fields(self) -> tuple[FieldContract, ...]:
        """The columns of the deposited table, in their order."""
        return self.table_schema.fields

    def field(self, name: str) -> FieldContract:
        """The field of that name; KeyError where there is none."""
        return next(field for field in self.fields if field.name == name)

    @property
    def person_key(self) -> FieldContract:
        """The primary key of a table of people."""
        assert self.table_schema.primary_key is not None
        return self.field(self.table_schema.primary_key)

    @property
    def file_2_fields(self) -> tuple[FieldContract, ...]:
        """The fields whose values go to the databank."""
        return tuple(field for field in self.fields if field.to_file_2)

    @cached_property
    def curated_columns(self) -> tuple[str, ...]:
        """SAIL's columns in SAIL's order, ids without the suffix of their layer (`_E`, `_PE`)."""
        if self.columns:
            return self.columns
        names = [field.name for field in self.file_2_fields] + list(self.linked)
        return tuple(names + (["AVAIL_FROM_DT"] if self.available_from else []))

    def is_id(self, column: str) -> bool:
        """Whether a curated column is an id, which takes the suffix of its layer."""
        if column in self.linked:
            return self.linked[column].said in ("ALF", "ALF2")
        return any(field.name == column and field.role == "key" for field in self.fields)

    def entity(self, column: str) -> str:
        """The entity of an id column: what its tweak is made from, beside the dataset."""
        return self.linked[column].said.lower() if column in self.linked else self.field(column).entity or ""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        names = [field.name for field in self.fields]
        if len(set(names)) < len(names):
            raise ValueError("two fields have one name")
        key = self.table_schema.primary_key
        if key is not None and key not in names:
            raise ValueError(f"the primary key {key} is not a field")
        self._added_columns_have_names_of_their_own()
        if self.kind == "people":
            self._people_can_be_linked()
        elif not self.curated:
            raise ValueError("only a table of people may be left out of the databank")
        if not self.dated and self.kind != "lookup":
            raise ValueError("only a lookup may go without a date in its name: other tables stand side by side")
        self._linked_columns_have_a_person()
        if self.columns:
            self._columns_are_complete()
        return self

    def _added_columns_have_names_of_their_own(self) -> None:
        here = {field.name for field in self.file_2_fields}
        for column in self.linked:
            if column in here:
                raise _mistake("a linked column has the name of a field", "linked", column)
        if self.available_from and "AVAIL_FROM_DT" in here | set(self.linked):
            raise ValueError("AVAIL_FROM_DT is added to the table, so no field has that name; or set available_from")
        if self.kind == "people" and JOIN_KEY in here:
            raise ValueError(f"{JOIN_KEY} is the join key of a table of people, so no field has that name")

    def _linked_columns_have_a_person(self) -> None:
        for column, linked in self.linked.items():
            if linked.person is None and self.kind != "people":
                raise _mistake("says whose in `person`: a field of this table that is a person's key", "linked", column)
            if linked.person is not None and linked.person not in self._keys:
                raise _mistake(f"{linked.person} is no key of this table", "linked", column)

    @property
    def _keys(self) -> set[str]:
        return {field.name for field in self.fields if field.role == "key"}

    def _columns_are_complete(self) -> None:
        available = {"AVAIL_FROM_DT"} if self.available_from else set()
        whole = {field.name for field in self.file_2_fields} | set(self.linked) | available
        # A key that only leads to a person's ALF may stay out: SAIL's health tables hold the ALF alone.
        may_stay_out = {linked.person for linked in self.linked.values()}
        if len(set(self.columns)) < len(self.columns) or not whole - may_stay_out <= set(self.columns) <= whole:
            raise ValueError(
                "columns must name each File 2 field, linked column and AVAIL_FROM_DT once, and no other; "
                "only a key that leads to a linked person may be left out"
            )

    def _people_can_be_linked(self) -> None:
        if self.table_schema.primary_key is None or self.person_key.role != "key":
            raise ValueError("a people table needs a primary key whose role is key")
        if not any(field.file_1 == "DATE_OF_BIRTH" and field.type == "date" for field in self.fields):
            raise ValueError("a people table needs a date field with file_1 DATE_OF_BIRTH")


class SailNames(_Model):
    """SAIL's names for what comes out of a dataset."""

    dataset: str = Field(pattern=r"^[A-Z]{4}$")
    table_prefix: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$")
    lookup_prefix: str = ""
    alf_table: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$")

    @property
    def data_schema(self) -> str:
        """The databank's own schema of the dataset's tables."""
        return f"SAIL{self.dataset}V"

    @property
    def lookup_schema(self) -> str:
        """The schema of the dataset's lookups, the same in the databank and in projects."""
        return f"SAIL{self.dataset}REFV"


class FirstApplicationAgeBand(_Model):
    """A child's exact age band at its first application of the named types, derived at the split."""

    name: str = "AGE_BAND_FIRST_S31"
    table: str = "FIRST_S31_AGE_BAND"
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


class RetentionDays(_Model):
    """Days after the refresh date that a kind of data is kept before it is destroyed."""

    raw: int = Field(gt=0)
    quarantined: int = Field(gt=0)
    file_1: int = Field(gt=0)


Share = Annotated[float, Field(ge=0, le=1)]


class Contract(_Model):
    """A dataset, declared once."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    version: str
    source: str
    delivery: Delivery = "full"
    register_: bool = Field(default=False, alias="register")
    sail: SailNames | None = None
    retention_days: RetentionDays
    match_rate_band: tuple[Share, Share] = (0.0, 1.0)
    quality_by_ethnicity: bool = False
    tables: tuple[TableContract, ...] = Field(min_length=1)
    derived: FirstApplicationAgeBand | None = None

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        names = [table.name for table in self.tables]
        if len(set(names)) < len(names):
            raise ValueError("two tables have one name")
        if self.match_rate_band[0] >= self.match_rate_band[1]:
            raise _mistake("the band's lower bound comes first and is below the upper one", "match_rate_band", 0)
        if not self.register_ and self.sail is None:
            raise ValueError("a dataset that is no register needs sail, SAIL's names for it")
        if self.derived and self.sail is None:
            raise ValueError("derived fields need sail, SAIL's names")
        for name, place in names_said_twice(self):
            raise _mistake(f"two tables of this contract are {name}", *place)
        self._keys_of_an_entity_are_alike()
        for index, table in enumerate(self.tables):
            self._foreign_keys_lead_somewhere(table, index)
            self._linked_keys_are_peoples(table, index)
            _keys_can_be_encrypted(table, index)
            # A register stays at the trusted third party: its file_1 only says what a field is compared with.
            if not self.register_ and table.kind != "people" and any(field.file_1 for field in table.fields):
                raise _mistake("only a table of people sends fields to File 1", "tables", index)
        if self.delivery == "increment":
            self._increments_can_be_joined()
        return self

    def _increments_can_be_joined(self) -> None:
        if self.register_ or self.derived:
            raise _mistake("a register, or a dataset with derived fields, needs whole deposits: full", "delivery")
        for index, table in enumerate(self.tables):
            key = table.table_schema.primary_key
            if key is not None and not table.field(key).to_file_2:
                raise _mistake(
                    f"increments replace rows by {key}, so its role is key or content", "tables", index, "schema"
                )
            for each in table.table_schema.foreign_keys:
                if self.table(each.reference.resource).field(each.reference.fields).role == "drop":
                    raise _mistake("increments may not refer to a field that is dropped", "tables", index, "schema")

    def _foreign_keys_lead_somewhere(self, table: TableContract, index: int) -> None:
        fields = {each.name: {field.name for field in each.fields} for each in self.tables}
        for position, key in enumerate(table.table_schema.foreign_keys):
            place = ("tables", index, "schema", "foreignKeys", position)
            if key.fields not in fields[table.name]:
                raise _mistake(f"foreign key {key.fields} is not a field", *place)
            if key.reference.fields not in fields.get(key.reference.resource, set()):
                raise _mistake(f"foreign key {key.fields} refers to nothing", *place)
            here, there = table.field(key.fields), self.table(key.reference.resource).field(key.reference.fields)
            if (here.role, here.entity, here.type) != (there.role, there.entity, there.type):
                raise _mistake(
                    f"foreign key {key.fields} is {_nature(here)}, but {key.reference.resource}.{there.name}, "
                    f"to which it refers, is {_nature(there)}",
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
                    raise _mistake(
                        f"{field.name} is a key of {field.entity} as {where} is, but has another type or pattern: "
                        "no id of the one would be an id of the other",
                        *("tables", index, "schema", "fields", position),
                    )

    def _linked_keys_are_peoples(self, table: TableContract, index: int) -> None:
        entities = {people.person_key.entity for people in self.people_tables}
        for column, linked in table.linked.items():
            if linked.person and table.field(linked.person).entity not in entities:
                raise _mistake(
                    f"{linked.person} is no key of this contract's people", "tables", index, "linked", column
                )

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
                raise _mistake(str(error), "tables", index, "schema", "fields", position) from None


def _nature(field: FieldContract) -> str:
    """What a field is, where it must be the same as another one."""
    return f"{field.type} key of {field.entity}" if field.role == "key" else f"{field.type} {field.role}"


def _mistake(message: str, *location: int | str) -> ValidationError:
    """A mistake at a place below the model being checked, so that the reader is told the very line."""
    error = PydanticCustomError("contract", "{message}", {"message": message})
    return ValidationError.from_exception_data("contract", [InitErrorDetails(type=error, loc=location, input=None)])


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
