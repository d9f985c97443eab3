"""Which people a project gets: its cohort and comparison group, found in the harmonised core as its definitions say.

A definition runs in a session that reaches nothing but the lake, and sees only the refreshes that the project gets.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.sessions import Session, identifier, literal
from fjo_pipeline.databank.ciphers import for_project
from fjo_pipeline.databank.flow import Databank, Partition
from fjo_pipeline.databank.projects.cohort_sql import KEYS, PAIR, RELATIONS
from fjo_pipeline.databank.projects.project_file import Comparison, Definition, Matched, Project
from fjo_pipeline.databank.tables import person_entity

ALF = "alf"
"""The source of a key that is a linking field; any other is a source system's own person id."""
MEMBERS = "memory.main.cohort_members"
"""source, id (`_E`), group_nm (cohort or comparison), match_set: everybody whom the definitions name, by each key."""
_UNLIKE = {
    "gender": "max(people.gender)",
    "year_of_birth": "min(year(people.week_of_birth))",
    "deprivation_quintile": "min(quintiles.quintile)",
}


@dataclass(frozen=True)
class _Core:
    """The harmonised core as one project may look at it."""

    pins: Sequence[tuple[str, str]]
    with_age_bands: bool
    with_small_areas: bool
    wanted_link: str

    def query(self, relations: Sequence[str], sql: str) -> str:
        """The SQL with the tables of the core that it reads, each with the rows and columns that it may see."""
        parts = [f"{identifier(name)} AS ({self._relation(name)})" for name in relations]
        return f"WITH {', '.join(parts)} SELECT * FROM ({sql}) AS defined"

    def _relation(self, name: str) -> str:
        relation = RELATIONS[name]
        hidden = [
            *(() if self.with_age_bands else relation.special),
            *(() if self.with_small_areas else relation.small),
        ]
        columns = "*"
        if hidden:
            columns = f"COLUMNS(lambda name: name NOT IN ({', '.join(map(literal, hidden))}))"
        pins = sorted({pin[-len(relation.refresh_by) :] for pin in self.pins})
        wanted = ", ".join(f"({', '.join(map(literal, pin))})" for pin in pins)
        rows = f"({', '.join(relation.refresh_by)}) IN ({wanted})" if pins else "false"
        return f"SELECT {columns} FROM lake.{relation.schema}.{identifier(name)} WHERE {rows}"


def select_members(
    session: Session, databank: Databank, project: Project, pinned: Sequence[Partition], snapshot: int
) -> bool:
    """Write whom a project's definitions name into `MEMBERS` of the session; False, and no table, without a cohort.

    Refused where a definition yields no keys of people, or names nobody.
    """
    if project.cohort is None:
        return False
    core = _core(databank, project, pinned)
    groups = {"cohort": project.cohort, "comparison": project.comparison}
    session.run(
        "CREATE OR REPLACE TABLE memory.main.named (given_source VARCHAR, given_id BIGINT, source VARCHAR, id BIGINT, "
        "group_nm VARCHAR)",
        step="make room for the cohort",
    )
    with databank.store.for_users(snapshot) as reading:
        for group, definition in groups.items():
            if definition is not None:
                _name(session, group, _keys(reading, core, definition, f"project {project.number}, {group}"))
        if project.comparison is not None and project.comparison.matched is not None:
            named = session.reader("SELECT DISTINCT source, id FROM memory.main.named", step="read whom to match")
            alike = _alike(reading, core, project.comparison.matched, named.read_all())
            _write_alike(session, databank, project, pinned, alike)
    session.run(f"CREATE OR REPLACE TABLE {MEMBERS} AS {_members(project.comparison)}", step="choose the people")
    return True


def _core(databank: Databank, project: Project, pinned: Sequence[Partition]) -> _Core:
    contracts = {each.dataset: databank.contract(each.dataset) for each in pinned}
    sources = {name: each.harmonised_as for name, each in contracts.items() if each.harmonised_as}
    derived = [project.datasets[name] for name in sources if contracts[name].derived]
    return _Core(
        [(sources[each.dataset], each.refresh) for each in pinned if each.dataset in sources],
        all("derived" in each.special_tables for each in derived),
        project.gives_area("lsoa"),
        "true"
        if project.match_statuses == "all"
        else f"alf_status IN ({', '.join(map(literal, project.match_statuses))})",
    )


def _keys(reading: Session, core: _Core, definition: Definition, what: str) -> pa.Table:
    """Whom a definition names: each key as given, and under what the person is followed, a linking field if linked."""
    checked = definition.checked
    sql = core.query(checked.relations, checked.sql)
    step = f"find the people of {what} (columns from age bands or small areas are there only where they are granted)"
    names = [str(row[0]) for row in reading.rows(f"DESCRIBE {sql}", step=step)]
    if sorted(names) == sorted(PAIR):
        keys = f"SELECT DISTINCT source, CAST(person_id AS BIGINT) AS id FROM ({sql}) WHERE person_id IS NOT NULL"
    elif len(names) == 1 and names[0] in KEYS:
        key = identifier(names[0])
        keys = (
            f"SELECT DISTINCT split_part({key}, ' ', 1) AS source, TRY_CAST(split_part({key}, ' ', 2) AS BIGINT) AS id "
            f"FROM ({sql}) WHERE {key} IS NOT NULL"
        )
    else:
        raise Refused(
            f"{what}: the query yields {', '.join(names)}; it must yield one column that is a person's key "
            f"({', '.join(KEYS)}), or the two columns {' and '.join(PAIR)}"
        )
    followed = core.query(
        ["int_people"],
        f"""SELECT source, person_id AS id, arg_max(alf_e, refresh) AS alf FROM int_people
        WHERE alf_e IS NOT NULL AND {core.wanted_link} GROUP BY ALL""",
    )
    found = reading.reader(
        f"""SELECT given.source AS given_source, given.id AS given_id,
            if(followed.alf IS NULL, given.source, 'alf') AS source, coalesce(followed.alf, given.id) AS id
        FROM ({keys}) AS given LEFT JOIN ({followed}) AS followed USING (source, id)""",
        step=step,
    ).read_all()
    if found.column("given_id").null_count:
        raise Refused(f"{what}: the query yields keys that are none of the core's: select them as they stand there")
    if not found.num_rows:
        raise Refused(f"{what}: the query selects nobody in the refreshes that the project gets: mend the definition")
    return found


def _name(session: Session, group: str, keys: pa.Table) -> None:
    """Add a group's people to the table `named`; whoever is of the cohort is not of the comparison group."""
    with session.registered(keys) as given:
        session.run(
            f"INSERT INTO memory.main.named SELECT *, {literal(group)} FROM {given} "
            "ANTI JOIN memory.main.named USING (source, id)",
            step="write the cohort",
        )


def _alike(reading: Session, core: _Core, matched: Matched, named: pa.Table) -> pa.Table:
    """In what the named people are alike or not: source, id, and one text of what they are matched on."""
    quintiles = "matched_population" if "deprivation_quintile" in matched.alike_in else "int_people"
    values = ", ".join(f"{_UNLIKE[each]} AS {each}" for each in matched.alike_in)
    people = "SELECT people.*, {} AS key_source, {} AS key FROM int_people AS people"
    joined = (
        "LEFT JOIN matched_population AS quintiles USING (source, refresh, person_id)"
        if quintiles == "matched_population"
        else ""
    )
    sql = (
        f"SELECT key_source AS source, key AS id, {values} FROM ("
        + people.format("'alf'", "people.alf_e")
        + " WHERE people.alf_e IS NOT NULL UNION ALL "
        + people.format("people.source", "people.person_id")
        + f") AS people {joined} GROUP BY key_source, key"
    )
    with reading.registered(named) as given:
        everybody = core.query(sorted({"int_people", quintiles}), sql)
        return reading.reader(
            f"SELECT * FROM ({everybody}) SEMI JOIN {given} USING (source, id)",
            step="read what people are matched on",
        ).read_all()


def _write_alike(
    session: Session, databank: Databank, project: Project, pinned: Sequence[Partition], alike: pa.Table
) -> None:
    """Write strata, and each person's place in one: the order of the project's own ids, which is nobody's order."""
    places = pa.chunked_array(_places(databank, project, pinned, alike), pa.int64())
    with session.registered(alike.append_column("place", places)) as given:
        traits = ", ".join(f"CAST({identifier(each)} AS VARCHAR)" for each in alike.column_names[2:])
        session.run(
            f"CREATE OR REPLACE TABLE memory.main.alike AS SELECT source, id, place, [{traits}] AS stratum, "
            f"{' AND '.join(f'{identifier(each)} IS NOT NULL' for each in alike.column_names[2:])} AS known "
            f"FROM {given}",
            step="write what people are matched on",
        )


def _places(databank: Databank, project: Project, pinned: Sequence[Partition], keys: pa.Table) -> list[pa.Array]:
    """The project's own id of each key, in the order of the keys."""
    contracts = {databank.contract(each.dataset).harmonised_as: each for each in pinned}
    sources, ids = keys.column("source").combine_chunks(), keys.column("id").combine_chunks()
    result = pa.nulls(len(ids), pa.int64())
    for source in pc.unique(sources).to_pylist():
        partition = contracts.get(source) or pinned[0]
        contract = databank.contract(partition.dataset)
        entity = ALF if source == ALF else person_entity(contract)
        own = for_project(contract, entity, databank.keyring, project.number, partition.alf_e_key_version)
        these = pc.equal(sources, source)
        result = pc.if_else(these, own(pc.if_else(these, ids, pa.scalar(0, pa.int64()))), result)
    return [result]


def _members(comparison: Comparison | None) -> str:
    """The people of both groups; a matched comparison group has so many of each stratum as the cohort asks for.

    Within a stratum the n-th person to compare goes to the n-th of the cohort, round after round, so that nobody has a
    second before everybody has a first.
    """
    if comparison is None or comparison.matched is None:
        chosen = "SELECT DISTINCT source, id, group_nm, CAST(NULL AS BIGINT) AS match_set FROM memory.main.named"
    else:
        chosen = f"""
        SELECT source, id, group_nm, match_set FROM cohort
        UNION ALL
        SELECT ranked.source, ranked.id, ranked.group_nm, cohort.match_set
        FROM ranked
        JOIN cohort ON cohort.stratum = ranked.stratum AND cohort.turn = (ranked.turn - 1) % ranked.wanted + 1
        WHERE ranked.group_nm = 'comparison' AND ranked.known
            AND ranked.turn <= ranked.wanted * {comparison.matched.per_person}"""
        chosen = f"""
        WITH people AS (
            SELECT DISTINCT named.source, named.id, named.group_nm, alike.* EXCLUDE (source, id)
            FROM memory.main.named AS named LEFT JOIN memory.main.alike AS alike USING (source, id)
        ), ranked AS (
            SELECT *, row_number() OVER (PARTITION BY stratum, group_nm ORDER BY place, source) AS turn,
                count(*) FILTER (group_nm = 'cohort') OVER (PARTITION BY stratum) AS wanted
            FROM people
        ), cohort AS (
            SELECT *, row_number() OVER (ORDER BY place, source) AS match_set FROM ranked WHERE group_nm = 'cohort'
        ) {chosen}"""
    # Found under the keys as they were given too, for a person may be linked at one refresh and not at another.
    return f"""
    WITH chosen AS ({chosen})
    SELECT * FROM chosen
    UNION
    SELECT named.given_source, named.given_id, chosen.group_nm, chosen.match_set
    FROM chosen JOIN memory.main.named AS named USING (source, id, group_nm)"""
