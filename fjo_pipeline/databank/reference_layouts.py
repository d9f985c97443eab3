"""Which reference files the databank takes, and in which layouts: the publishers' own, and plain ones of ours.

A layout is known by its headers. What each column must hold is declared here and checked as a deposit's columns are.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.sessions import identifier, literal
from fjo_pipeline.core.table_contracts import Constraints, FieldType

LSOA = Constraints(required=True, pattern=r"^[EW]01[0-9]{6}$")
ENGLISH_LSOA = Constraints(required=True, pattern=r"^E01[0-9]{6}$")
WELSH_LSOA = Constraints(required=True, pattern=r"^W01[0-9]{6}$")
AREA = Constraints(required=True, pattern=r"^[EWSN][0-9]{8}$")
NATION = Constraints(required=True, enum=("England", "Wales"))
REGION = Constraints(
    required=True,
    enum=(
        "North East",
        "North West",
        "Yorkshire and The Humber",
        "East Midlands",
        "West Midlands",
        "East of England",
        "London",
        "South East",
        "South West",
        "Wales",
    ),
)
RANK = Constraints(required=True, minimum=1)
DECILE = Constraints(required=True, minimum=1, maximum=10)
COUNT = Constraints(required=True, minimum=0)
AGE = Constraints(required=True, minimum=0, maximum=120)
YEAR = Constraints(required=True, minimum=1981, maximum=2100)
NUMBER = Constraints(required=True)


@dataclass(frozen=True)
class Column:
    """A column of a file by a pattern for its header, without regard to case and outer spaces."""

    name: str
    header: str
    type: FieldType
    constraints: Constraints
    optional: bool = False


@dataclass(frozen=True)
class Layout:
    """A published layout: its columns, how they become the reference table's, and the vintage if its headers tell it.

    `select` gives the target's columns in their order; `{name}` stands for a column that was found, and is NULL where
    an optional one was not. `replaces` is the part of the table that a file of this layout holds whole.
    """

    title: str
    columns: tuple[Column, ...]
    select: str
    replaces: str = "true"
    vintage: str | None = None


@dataclass(frozen=True)
class Reference:
    """A reference table of `SAILREFRV`: its columns with SQL types (VINTAGE comes besides), key, and layouts."""

    table: str
    columns: dict[str, str]
    key: tuple[str, ...]
    layouts: tuple[Layout, ...]
    area: str | None = None


@dataclass(frozen=True)
class Found:
    """A layout recognised in a file: the real header by the column's name."""

    layout: Layout
    headers: dict[str, str]

    @property
    def select(self) -> str:
        """The layout's SQL with the file's own column names."""
        names = {
            each.name: identifier(self.headers[each.name]) if each.name in self.headers else "NULL"
            for each in self.layout.columns
        }
        return self.layout.select.format(**names)


VINTAGE = Column("vintage", "vintage", "string", NUMBER, optional=True)
"""Our own layouts may say their vintage in a column; made-up files say there that they are made up."""

DEPRIVATION_ENGLAND = Layout(
    "IoD2019, File 7 (all ranks, scores and deciles) as CSV",
    (
        Column("lsoa", r"lsoa code \(2011\)", "string", ENGLISH_LSOA),
        Column("area", r"local authority district code \(2019\)", "string", AREA),
        Column("score", r"index of multiple deprivation \(imd\) score", "number", NUMBER),
        Column("rank", r"index of multiple deprivation \(imd\) rank \(where 1 is most deprived\)", "integer", RANK),
        Column(
            "decile",
            r"index of multiple deprivation \(imd\) decile \(where 1 is most deprived 10% of lsoas\)",
            "integer",
            DECILE,
        ),
    ),
    "'England', {lsoa}, {score}, {decile}, {rank}",
    replaces="NATION = 'England'",
    vintage="2019",
)
DEPRIVATION_WALES = Layout(
    "WIMD 2019, index and domain ranks by small area, the sheet of ranks as CSV",
    (
        Column("lsoa", r"lsoa code", "string", WELSH_LSOA),
        Column("rank", r"wimd 2019", "integer", RANK),
    ),
    "'Wales', {lsoa}, NULL, NULL, {rank}",
    replaces="NATION = 'Wales'",
    vintage="2019",
)
DEPRIVATION_BOTH = Layout(
    "both nations in one file",
    (
        Column("nation", r"nation", "string", NATION),
        Column("lsoa", r"lsoa2011_cd", "string", LSOA),
        Column("score", r"deprivation_score", "number", NUMBER),
        Column("decile", r"deprivation_decile", "integer", DECILE),
        Column("rank", r"deprivation_rank", "integer", RANK, optional=True),
        VINTAGE,
    ),
    "{nation}, {lsoa}, {score}, {decile}, {rank}",
    # IMD 2019 and WIMD 2019 of mysociety/composite_uk_imd, which names no year in its columns.
    vintage="2019",
)
POPULATION_MYEB1 = Layout(
    "ONS mid-year estimates, MYEB1 (detailed population estimates series) as CSV",
    (
        Column("area", r"ladcode[0-9]{2}", "string", AREA),
        Column("sex", r"sex", "string", Constraints(required=True, enum=("F", "M", "1", "2"))),
        Column("age", r"age", "integer", AGE),
        Column("population", r"population_[0-9]{4}", "integer", COUNT),
    ),
    "{area}, year, CASE {sex} WHEN '1' THEN 'M' WHEN '2' THEN 'F' ELSE {sex} END, {age}, counted",
)
POPULATION_PLAIN = Layout(
    "a row an authority, year, age and, if given, sex",
    (
        Column("area", r"la_cd", "string", AREA),
        Column("year", r"year", "integer", YEAR),
        Column("sex", r"sex", "string", Constraints(required=True, enum=("F", "M")), optional=True),
        Column("age", r"age", "integer", AGE),
        Column("population", r"population", "integer", COUNT),
        VINTAGE,
    ),
    "{area}, {year}, coalesce({sex}, 'all'), {age}, {population}",
)
BIRTHS_NOMIS = Layout(
    "Nomis, live births by area, one measure, as CSV",
    (
        Column("area", r"geography_code", "string", AREA),
        Column("year", r"date", "integer", YEAR),
        Column("births", r"obs_value", "integer", COUNT),
    ),
    "{area}, {year}, {births}",
)
BIRTHS_PLAIN = Layout(
    "a row an authority and year",
    (
        Column("area", r"la_cd", "string", AREA),
        Column("year", r"year", "integer", YEAR),
        Column("births", r"births", "integer", COUNT),
        VINTAGE,
    ),
    "{area}, {year}, {births}",
)
FAMILIES_PLAIN = Layout(
    "a row a region and year",
    (
        Column("region", r"region_nm", "string", REGION),
        Column("year", r"year", "integer", YEAR),
        Column("families", r"families", "integer", COUNT),
        VINTAGE,
    ),
    "{region}, {year}, {families}",
)

REFERENCES = {
    "deprivation_by_lsoa2011": Reference(
        "DEPRIVATION_BY_LSOA2011",
        {
            "NATION": "VARCHAR",
            "LSOA2011_CD": "VARCHAR",
            "DEPRIVATION_SCORE": "DOUBLE",
            "DEPRIVATION_DECILE": "INTEGER",
            "DEPRIVATION_RANK": "INTEGER",
        },
        ("LSOA2011_CD",),
        (DEPRIVATION_BOTH, DEPRIVATION_ENGLAND, DEPRIVATION_WALES),
    ),
    "population_by_local_authority": Reference(
        "POPULATION_BY_LOCAL_AUTHORITY",
        {"LA_CD": "VARCHAR", "YEAR": "INTEGER", "SEX": "VARCHAR", "AGE": "INTEGER", "POPULATION": "BIGINT"},
        ("LA_CD", "YEAR", "SEX", "AGE"),
        (POPULATION_PLAIN, POPULATION_MYEB1),
        area="LA_CD",
    ),
    "births_by_local_authority": Reference(
        "BIRTHS_BY_LOCAL_AUTHORITY",
        {"LA_CD": "VARCHAR", "YEAR": "INTEGER", "BIRTHS": "BIGINT"},
        ("LA_CD", "YEAR"),
        (BIRTHS_PLAIN, BIRTHS_NOMIS),
        area="LA_CD",
    ),
    "families_by_region": Reference(
        "FAMILIES_BY_REGION",
        {"REGION_NM": "VARCHAR", "YEAR": "INTEGER", "FAMILIES": "BIGINT"},
        ("REGION_NM", "YEAR"),
        (FAMILIES_PLAIN,),
    ),
}
"""Reference files by the name under which `fjo reference add` takes them."""


def column_of(layout: Layout, header: str) -> Column | None:
    """The layout's column that a header is of, or None where the reference does not need it."""
    return next((each for each in layout.columns if _matching(each, [header])), None)


def recognise(reference: Reference, header: Sequence[str], file: str) -> Found:
    """The layout whose headers a file has; Refused with what the nearest one lacks, never quoting the file's header."""
    missing = {layout.title: _missing(layout, header) for layout in reference.layouts}
    for layout in reference.layouts:
        if not missing[layout.title]:
            return Found(
                layout, {each.name: _matching(each, header)[0] for each in layout.columns if _matching(each, header)}
            )
    nearest = min(reference.layouts, key=lambda layout: len(missing[layout.title]) / len(layout.columns))
    wanted = "; or ".join(
        f"{each.title}: {', '.join(_plain(column) for column in each.columns if not column.optional)}"
        for each in reference.layouts
    )
    raise Refused(f"{file}, line 1: the column {_plain(missing[nearest.title][0])} is missing; needed are {wanted}")


def _missing(layout: Layout, header: Sequence[str]) -> list[Column]:
    return [each for each in layout.columns if not each.optional and not _matching(each, header)]


def _matching(column: Column, header: Sequence[str]) -> list[str]:
    return [name for name in header if re.fullmatch(column.header, name.strip().lower())]


def _plain(column: Column) -> str:
    """A header's pattern as a person writes it."""
    return re.sub(r"\[0-9\]\{([0-9])\}", lambda found: "Y" * int(found.group(1)), column.header).replace("\\", "")


def store_schema() -> str:
    """SQL that lays out the reference tables in a store, also in one that was made before they had these columns."""
    parts = ["CREATE SCHEMA IF NOT EXISTS lake.SAILREFRV;"]
    for each in REFERENCES.values():
        table = f"lake.SAILREFRV.{each.table}"
        columns = each.columns | {"VINTAGE": "VARCHAR"}
        parts.append(f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(f'{n} {t}' for n, t in columns.items())});")
        parts += [f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {n} {t};" for n, t in columns.items()]
    return "\n".join(parts)


def wide(found: Found, header: Sequence[str], source: str) -> str:
    """SQL for a file's rows: one of a wide table of years a row and year, all others as they are."""
    years = next((each for each in found.layout.columns if each.header == r"population_[0-9]{4}"), None)
    if years is None:
        return source
    names = _matching(years, header)
    listed = ", ".join(map(identifier, names))
    prefix = literal("[0-9]{4}$")
    return (
        f"(SELECT *, CAST(regexp_extract(trim(year_column), {prefix}) AS INTEGER) AS year "
        f"FROM (UNPIVOT {source} ON {listed} INTO NAME year_column VALUE counted))"
    )
