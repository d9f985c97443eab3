"""Match rates of exactly the people of one extract, by group, as the project's disclosure policy lets them be shown.

Groups are those of the models (`int_linkage_groups`) where these know the dataset; match status and sex are those of
the extract's own ALF table. People are taken from the extract, so a cohort's page counts the cohort alone.
"""

from collections.abc import Mapping, Sequence

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.key_columns import mapped_keys
from fjo_pipeline.core.linkage_counts import Count, Sections
from fjo_pipeline.core.sessions import Session, identifier, literal
from fjo_pipeline.databank.ciphers import for_project
from fjo_pipeline.databank.disclosure.cells import FrequencyTable
from fjo_pipeline.databank.disclosure.policy import Policy
from fjo_pipeline.databank.disclosure.release import release_tables
from fjo_pipeline.databank.flow import Databank, Partition
from fjo_pipeline.databank.projects.dictionary import CODES, Table
from fjo_pipeline.databank.quality.page import DIMENSIONS, OVERLAPPING, SOURCES, natural_order
from fjo_pipeline.databank.tables import person_entity

GROUPS = "lake.intermediate.int_linkage_groups"
Rows = Sequence[tuple[str, int, int]]
"""Category, people, linked."""


def cohort_rates(
    session: Session, databank: Databank, project: str, partition: Partition, tables: Sequence[Table], policy: Policy
) -> Sections:
    """Match rates of the extract's people of one refresh, by dimension, protected and rounded; empty without people.

    `session` reads the store at the extract's snapshot and has the extract attached as `extract`.
    """
    contract = databank.contract(partition.dataset)
    own = [each for each in tables if (each.dataset, each.refresh) == (partition.dataset, partition.refresh)]
    found = _from_alf_table(session, own)
    if not contract.deidentified and (people := _people(own, person_entity(contract))):
        found = _from_models(session, databank, project, partition, people, _granted(contract, own)) | found
    return {name: protected(name, rows, policy) for name, rows in found.items() if rows}


def protected(dimension: str, rows: Rows, policy: Policy) -> list[Count]:
    """Rows as the policy lets them be shown; rows in which one person may be twice are protected one by one."""
    together: list[Rows] = [[row] for row in rows] if dimension in OVERLAPPING else [rows]
    shown = {item: cell for each in together for item, cell in _shown(each, policy).items()}
    return [Count(dimension, place, item, *shown[item]) for place, (item, _, _) in enumerate(rows)]


def _shown(rows: Rows, policy: Policy) -> dict[str, tuple[int | None, int | None]]:
    counts: dict[tuple[str, ...], int] = {
        (item, said): number for item, people, linked in rows for said, number in _halves(people, linked)
    }
    table = FrequencyTable("match rates", ("group", "link"), counts)
    (released,) = release_tables([table], policy, 0).tables
    return {
        item: (
            released.shown[(("group", item),)],
            released.shown[(("group", item), ("link", "linked"))],
        )
        for item, _, _ in rows
    }


def _halves(people: int, linked: int) -> tuple[tuple[str, int], tuple[str, int]]:
    return ("linked", linked), ("not linked", people - linked)


def _people(tables: Sequence[Table], entity: str) -> str:
    """SQL for the ids `_PE` of every person whom these tables name; empty where they name none."""
    return " UNION ".join(
        f"SELECT {identifier(column.name)} AS person FROM extract.{identifier(table.schema)}.{identifier(table.name)}"
        for table in tables
        for column in table.columns
        if column.identifies == entity
    )


def _granted(contract: Contract, tables: Sequence[Table]) -> list[str]:
    """The dimensions that may be shown; ethnicity only where the contract's special-access tables are all granted."""
    held = {each.name.removesuffix(f"_{each.refresh}") for each in tables}
    special = {contract.curated_name(each, "") for each in contract.tables if each.special_access}
    ethnicity = contract.quality_by_ethnicity and special <= held
    return [name for name in DIMENSIONS if name != "ethnicity" or ethnicity]


def _from_models(
    session: Session, databank: Databank, project: str, partition: Partition, people: str, granted: Sequence[str]
) -> dict[str, Rows]:
    if not session.value(
        "SELECT count(*) FROM duckdb_views() WHERE database_name = 'lake' AND view_name = 'int_linkage_groups'",
        step="look for the models' groups",
    ):
        return {}
    contract = databank.contract(partition.dataset)
    source = literal(SOURCES.get(partition.dataset, partition.dataset))
    about = f"source = {source} AND refresh = {literal(partition.refresh)}"
    to_project = for_project(contract, person_entity(contract), databank.keyring, project, partition.alf_e_key_version)
    query = f"SELECT person_id, person_id AS person FROM lake.intermediate.int_people WHERE {about}"
    with mapped_keys(session, query, {"person": to_project}, step="find the extract's people in the models") as mapped:
        names = ", ".join(literal(each) for each in granted)
        rows = session.rows(
            f"""WITH cohort AS (SELECT person_id FROM {mapped} WHERE person IN ({people})),
            counted AS (
                SELECT dimension, category, count(DISTINCT person_id) AS people,
                    count(DISTINCT person_id) FILTER (WHERE is_linked) AS linked
                FROM {GROUPS} SEMI JOIN cohort USING (person_id)
                WHERE {about} AND dimension IN ({names}) GROUP BY dimension, category)
            FROM counted ORDER BY dimension, {natural_order()}, category""",
            step="count the cohort's links",
        )
    found: dict[str, list[tuple[str, int, int]]] = {}
    for dimension, category, number, linked in rows:
        found.setdefault(dimension, []).append((category, number, linked))
    return {name: found[name] for name in granted if name in found}


def _from_alf_table(session: Session, tables: Sequence[Table]) -> dict[str, Rows]:
    """Everybody, and by match status, of the extract's ALF table, where it was granted."""
    table = next((each for each in tables if each.column("ALF_STS_CD") and each.column("ALF_PE")), None)
    if table is None:
        return {}
    said = CODES["ALF_STS_CD"]
    rows = session.rows(
        f"""SELECT ALF_STS_CD, count(DISTINCT PERSON_ID_PE),
            count(DISTINCT PERSON_ID_PE) FILTER (WHERE ALF_PE IS NOT NULL)
        FROM extract.{identifier(table.schema)}.{identifier(table.name)} GROUP BY 1
        ORDER BY try_cast(ALF_STS_CD AS INTEGER)""",
        step="count the cohort by match status",
    )
    return {"status": [(f"{status}, {said.get(status, '')}", people, linked) for status, people, linked in rows]}


def words(name: str) -> str:
    """What a dimension is called on the page."""
    named: Mapping[str, str] = {"status": "match status", **DIMENSIONS}
    return named[name]
