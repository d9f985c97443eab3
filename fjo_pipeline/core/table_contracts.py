"""What a contract says of one table: its fields, the way each may go, and the curated table that it becomes."""

from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

Role = Literal["identifier", "content", "key", "derived", "drop"]
FieldType = Literal["string", "integer", "number", "date", "boolean"]
TableKind = Literal["data", "people", "lookup"]
Likeness = Literal["postcode", "nhs_number", "email", "telephone"]
AreaLevel = Literal["region", "local_authority", "lsoa"]
AREAS: tuple[AreaLevel, ...] = ("region", "local_authority", "lsoa")
"""Levels of area from the largest to the smallest; a ward counts as an LSOA does."""

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
FILE_3_COLUMNS = ("SYSTEM_ID", "ALF", "ALF_STS_CD", "ALF_MTCH_PCT", "WOB", "GNDR_CD", "LSOA_CD", "RALF", "ALF2")
Said = Literal["ALF", "ALF2", "ALF_STS_CD", "ALF_MTCH_PCT", "WOB", "GNDR_CD", "LSOA_CD", "RALF"]
"""What the trusted third party says of a person: File 3's columns but the join key."""
SAID_IDS = ("ALF", "ALF2", "RALF")
MAXIMUM_KEY = 10**14 - 1
COLUMN = r"^[A-Z][A-Z0-9_]*$"
"""What SAIL's names of tables and columns are made of, so that they may stand in SQL as they are."""
LINKING_FIELDS = ("alf", "alf2", "ralf")
"""Entities whose ids are the trusted third party's to give, under keys of their own."""
JOIN_KEY = "SYSTEM_ID"


class ContractPart(BaseModel):
    """A part of a contract: nothing unknown in it, and never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Constraints(ContractPart):
    """Frictionless field constraints; `unique` lets exact copies of a whole row pass, and counts them."""

    required: bool = False
    unique: bool = False
    enum: tuple[str, ...] | None = None
    pattern: str | None = None
    minimum: int | None = None
    maximum: int | None = None


class FieldContract(ContractPart):
    """One column of a deposited table and the way it may go."""

    name: str = Field(pattern=COLUMN)
    type: FieldType
    format: str = "default"
    role: Role
    entity: str | None = None
    file_1: str | None = None
    codes: dict[str, str] = {}
    constraints: Constraints = Constraints()
    outgrown: Literal["refuse", "warn"] = "refuse"
    # Left out of the digest: it says what is let through, and changes nothing of what is made.
    may_look_like: tuple[Likeness, ...] = Field(default=(), exclude=True)
    """What identifiers the field's values look like by their definition, without being any."""
    # Left out of the digest, as what a project is given of a table makes the table no other.
    area: AreaLevel | None = Field(default=None, exclude=True)
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
        if self.may_look_like and self.role != "content":
            raise ValueError("may_look_like is said of content: nothing else is looked at for identifiers")
        if self.outgrown == "warn" and not self.constraints.enum:
            raise ValueError("outgrown says what becomes of values beyond the enum, and there is none")
        return self

    @property
    def to_file_2(self) -> bool:
        """Whether the field's values (keys: encrypted) go to the databank."""
        return self.role in ("key", "content")


class Reference(ContractPart):
    """What a foreign key points to: a table of the same contract and its field."""

    resource: str
    fields: str


class ForeignKey(ContractPart):
    """A Frictionless foreign key of one field; null values are let pass."""

    fields: str
    reference: Reference


class TableSchema(ContractPart):
    """A Frictionless Table Schema whose fields carry roles."""

    fields: tuple[FieldContract, ...] = Field(min_length=1)
    primary_key: str | None = Field(default=None, alias="primaryKey")
    foreign_keys: tuple[ForeignKey, ...] = Field(default=(), alias="foreignKeys")


class Linked(ContractPart):
    """A curated column that says something of File 3 about a person: the row's own, or the one whose key it holds."""

    said: Said
    person: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _may_be_short(cls, value: Any) -> Any:
        """In a table of people `ALF: ALF` is enough; elsewhere `ALF: {said: ALF, person: PATIENT_ID}`."""
        return {"said": value} if isinstance(value, str) else value


class SyntheticHint(ContractPart):
    """How made-up rows of a table are drawn, as far as the contract's rules leave it open; changes nothing else."""

    rows_per: str | None = None
    """The table of whose rows each has `mean` rows of this one on average."""
    mean: float = Field(default=1.5, gt=0)
    ages: tuple[int, int] | None = None
    """Youngest and oldest age, in completed years, at which people come into a table of people."""
    values: tuple[tuple[str | int | float | bool | None, ...], ...] = ()
    """The rows of a lookup, each with its values in the order of the fields."""

    @model_validator(mode="after")
    def _ages_are_in_order(self) -> Self:
        if self.ages is not None and not 0 <= self.ages[0] <= self.ages[1]:
            raise ValueError("ages are the youngest and the oldest, in completed years")
        return self


class TableContract(ContractPart):
    """One deposited table, and the curated table that it becomes.

    With `curated: false` it only says who people are. With `dated: false` SAIL's name carries no refresh date: there is
    one table, the newest refresh's.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    sail: str = Field(pattern=COLUMN)
    kind: TableKind = "data"
    special_access: bool = False
    reconstruction: bool = False
    title: str = ""
    table_schema: TableSchema = Field(alias="schema")
    linked: dict[Annotated[str, Field(pattern=COLUMN)], Linked] = {}
    curated: bool = True
    dated: bool = True
    available_from: bool = True
    columns: tuple[str, ...] = ()
    # Left out of the digest: what made-up rows look like makes no table of real ones new.
    synthetic: SyntheticHint = Field(default=SyntheticHint(), exclude=True)

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
            return self.linked[column].said in SAID_IDS
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
        for position, row in enumerate(self.synthetic.values):
            if len(row) != len(names):
                raise mistake("a made-up row has a value for each field", "synthetic", "values", position)
        return self

    def _added_columns_have_names_of_their_own(self) -> None:
        here = {field.name for field in self.file_2_fields}
        for column in self.linked:
            if column in here:
                raise mistake("a linked column has the name of a field", "linked", column)
        if self.available_from and "AVAIL_FROM_DT" in here | set(self.linked):
            raise ValueError("AVAIL_FROM_DT is added to the table, so no field has that name; or set available_from")
        if self.kind == "people" and JOIN_KEY in here:
            raise ValueError(f"{JOIN_KEY} is the join key of a table of people, so no field has that name")

    def _linked_columns_have_a_person(self) -> None:
        for column, linked in self.linked.items():
            if linked.said == "RALF" and not self.special_access:
                raise mistake("a RALF says who lives together: the table needs special_access", "linked", column)
            if linked.person is None and self.kind != "people":
                raise mistake("says whose in `person`: a field of this table that is a person's key", "linked", column)
            if linked.person is not None and linked.person not in self._keys:
                raise mistake(f"{linked.person} is no key of this table", "linked", column)

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


def nature(field: FieldContract) -> str:
    """What a field is, where it must be the same as another one."""
    return f"{field.type} key of {field.entity}" if field.role == "key" else f"{field.type} {field.role}"


def mistake(message: str, *location: int | str) -> ValidationError:
    """A mistake at a place below the model being checked, so that the reader is told the very line."""
    error = PydanticCustomError("contract", "{message}", {"message": message})
    return ValidationError.from_exception_data("contract", [InitErrorDetails(type=error, loc=location, input=None)])
