"""Curated tables straight from a synthetic world: no split, no linkage, ids as the source systems gave them.

For what looks at the marts alone: tests that compare them with what really happened, person by person, the published
series, and the marts' own speed. A link is the register's own id, for everybody who is on the register, so that no
error of linkage comes between.
"""

from collections.abc import Mapping
from pathlib import Path

from fjo_pipeline.core.contracts import Contract, contract
from fjo_pipeline.core.sessions import Session, identifier, literal
from fjo_pipeline.core.table_contracts import TableContract
from fjo_pipeline.provider.age_bands import age_bands_query
from fjo_pipeline.synthetic.world import World

_TYPES = {"string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "date": "DATE", "boolean": "BOOLEAN"}


def write_world(session: Session, world: World, refreshes: Mapping[str, list[str]], scratch: Path) -> None:
    """Write the world's deposits of these refreshes into `lake` as the databank's curation would."""
    world.write_postcodes(scratch / "postcodes.csv")
    for dataset, dates in refreshes.items():
        described = contract(dataset)
        for schema in (described.names.data_schema, described.names.lookup_schema):
            session.run(f"CREATE SCHEMA IF NOT EXISTS lake.{schema}", step="make a schema")
        for refresh in dates:
            folder = scratch / dataset / refresh
            world.write_deposit(dataset, refresh, folder)
            world.write_truth(dataset, refresh, folder / "truth.parquet")
            _links(session, described, folder, scratch / "postcodes.csv")
            for table in described.tables:
                _curate(session, described, table, refresh, folder)
            _alf_table(session, described, refresh)
            if described.derived:
                _age_bands(session, described, refresh, folder)


def write_reference(session: Session, world: World, scratch: Path) -> None:
    """Write the world's made-up deprivation, populations, births and families into `lake.SAILREFRV`."""
    for path in world.write_reference(scratch / "reference"):
        sexes = ", 'all' AS sex" if path.stem == "population_by_local_authority" else ""
        session.run(
            f"INSERT INTO lake.SAILREFRV.{identifier(path.stem.upper())} BY NAME "
            f"SELECT *{sexes} FROM read_csv({literal(path)}, types = {{'vintage': 'VARCHAR'}})",
            step=f"fill {path.stem}",
        )


def _read(folder: Path, table: TableContract) -> str:
    return f"read_csv({literal(folder / table.path)}, header = true, all_varchar = true, nullstr = '')"


def _key(column: str) -> str:
    """A key as a number, digits only; distinct text keys of the synthetic sources stay distinct."""
    return f"CAST(regexp_replace({column}, '[^0-9]', '', 'g') AS BIGINT)"


def _links(session: Session, described: Contract, folder: Path, postcodes: Path) -> None:
    """Temporary table `links`: what a faultless File 3 would say of everybody in the deposit."""
    parts = []
    for table in described.people_tables:
        named = {field.file_1: identifier(field.name) for field in table.fields if field.file_1}
        gender = next(field for field in table.fields if field.file_1 == "GENDER_CD")
        codes = " ".join(f"WHEN {literal(text)} THEN {literal(code)}" for text, code in gender.codes.items())
        parts.append(
            f"SELECT {_key(identifier(table.person_key.name))} AS person, "
            f"{identifier(table.person_key.name)} AS person_id, "
            f"CAST(date_trunc('week', TRY_CAST({named['DATE_OF_BIRTH']} AS DATE)) AS DATE) AS wob, "
            f"CASE {identifier(gender.name)} {codes} ELSE '9' END AS gender, "
            f"CASE WHEN {named['ADDRESS_CONFIDENTIAL']} = 'false' "
            f"THEN replace(upper({named['POSTCODE']}), ' ', '') END AS postcode FROM {_read(folder, table)}"
        )
    session.run(
        f"""CREATE OR REPLACE TEMPORARY TABLE links AS
        SELECT DISTINCT people.* EXCLUDE (person_id, postcode), CAST(truth.register_id AS BIGINT) AS alf,
            places.lsoa2011_cd AS lsoa
        FROM ({" UNION ALL ".join(parts)}) AS people
        JOIN read_parquet({literal(folder / "truth.parquet")}) AS truth USING (person_id)
        LEFT JOIN (SELECT replace(postcode, ' ', '') AS postcode, lsoa2011_cd FROM read_csv({literal(postcodes)}))
            AS places USING (postcode)""",
        step="link without fault",
    )


def _curate(session: Session, described: Contract, table: TableContract, refresh: str, folder: Path) -> None:
    said = {"WOB": "links.wob", "ALF": "links.alf", "ALF2": "CAST(NULL AS BIGINT)", "GNDR_CD": "links.gender",
            "LSOA_CD": "links.lsoa"}  # fmt: skip
    columns = []
    for column in table.curated_columns:
        if column in table.linked:
            expression = said[table.linked[column].said]
        elif column == "AVAIL_FROM_DT":
            expression = f"strptime({literal(refresh)}, '%Y%m%d')::DATE"
        elif table.field(column).role == "key":
            expression = _key(f"given.{identifier(column)}")
        else:
            expression = f"CAST(given.{identifier(column)} AS {_TYPES[table.field(column).type]})"
        columns.append(f"{expression} AS {identifier(column + ('_E' if table.is_id(column) else ''))}")
    people = f"LEFT JOIN links ON links.person = {_key(f'given.{identifier(table.person_key.name)}')}" if (
        table.kind == "people") else ""  # fmt: skip
    target = f"lake.{described.schema_of(table)}.{identifier(described.curated_name(table, refresh))}"
    session.run(
        f"CREATE TABLE {target} AS SELECT {', '.join(columns)} FROM {_read(folder, table)} AS given {people}",
        step=f"write {table.name}",
    )


def _alf_table(session: Session, described: Contract, refresh: str) -> None:
    target = f"lake.{described.names.data_schema}.{described.names.alf_table}_{refresh}"
    session.run(
        f"""CREATE TABLE {target} AS
        SELECT person AS "PERSON_ID_E", alf AS "ALF_E", if(alf IS NULL, '99', '4') AS "ALF_STS_CD",
            CAST(NULL AS DECIMAL(7, 6)) AS "ALF_MTCH_PCT", wob AS "WOB", gender AS "GNDR_CD", lsoa AS "LSOA_CD",
            strptime({literal(refresh)}, '%Y%m%d')::DATE AS "AVAIL_FROM_DT"
        FROM links""",
        step="write the ALF table",
    )


def _age_bands(session: Session, described: Contract, refresh: str, folder: Path) -> None:
    """The derived table, by the provider's own query on the deposit."""
    assert described.derived is not None
    relations = {}
    for name in (
        described.derived.people,
        described.derived.roles,
        described.derived.applications,
        described.derived.types,
    ):
        table = described.table(name)
        casts = ", ".join(
            f"TRY_CAST({identifier(field.name)} AS {_TYPES[field.type]}) AS {identifier(field.name)}"
            for field in table.fields
        )
        relations[name] = f"(SELECT {casts} FROM {_read(folder, table)})"
    key = identifier(described.table(described.derived.people).person_key.name)
    query = age_bands_query(described, relations, key)
    prefix = described.names.table_prefix
    target = f"lake.{described.names.data_schema}.{prefix}_{described.derived.table}_{refresh}"
    session.run(
        f"""CREATE TABLE {target} AS
        SELECT {key} AS "PERSON_ID_E", {identifier(described.derived.name)},
            strptime({literal(refresh)}, '%Y%m%d')::DATE AS "AVAIL_FROM_DT" FROM ({query})""",
        step="write the age bands",
    )
