"""What a project gets of each refresh, as queries: rows of its people, and of their columns what may be seen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.sessions import Session, identifier, literal
from fjo_pipeline.core.table_contracts import AreaLevel
from fjo_pipeline.databank.flow import Databank, Partition
from fjo_pipeline.databank.projects.cohorts import MEMBERS, select_members
from fjo_pipeline.databank.projects.project_file import Project
from fjo_pipeline.databank.projects.rows import Chosen, Slot, choose, people_entity, slots_of, stored
from fjo_pipeline.databank.tables import CuratedTable, alf_table, curated_tables, register_tables

_ALFS = "memory.main.given_alfs"
GROUPS = ("PERSON_ID", "GROUP_NM", "MATCH_SET_NUM")
"""Columns of the table that says who is of the cohort and who of the comparison group."""


@dataclass(frozen=True)
class Given:
    """One refresh of a dataset as a project gets it; `chosen` is None where it gets all people."""

    project: Project
    contract: Contract
    partition: Partition
    chosen: Chosen | None = None

    def query(self, table: CuratedTable) -> str:
        """The SQL of a table's rows under the project's column names; the ids are still `_E`."""
        # What decides over a value may stand in a column that is not granted.
        whole = next(each for each in curated_tables(self.contract, self.partition.refresh) if each.name == table.name)
        columns = ", ".join(
            f"{self._value(whole, column)} AS {identifier(table.named(column, '_PE'))}" for column in table.columns
        )
        rows = f" WHERE {self.chosen.rows[table.name]}" if self.chosen and not table.lookup else ""
        return f"SELECT {columns} FROM {table.qualified()} AS given{rows}"

    @property
    def links(self) -> CuratedTable:
        """The table that has each person of the refresh once, with the linking field."""
        return _links(self.contract, self.partition.refresh)

    def groups_table(self) -> CuratedTable:
        """The table that says of each person which group it is of: ours, for SAIL has none."""
        names = self.contract.deidentified
        prefix = names.persons if names else self.contract.names.table_prefix
        return CuratedTable(
            "groups", self.links.schema, f"{prefix}_COHORT_{self.partition.refresh}", GROUPS,
            {"PERSON_ID": people_entity(self.contract)}, special_access=False, lookup=False,
        )  # fmt: skip

    def groups_query(self) -> str:
        """The SQL of that table."""
        assert self.chosen is not None
        return (
            'SELECT id AS "PERSON_ID_PE", group_nm AS "GROUP_NM", match_set AS "MATCH_SET_NUM" '
            f"FROM {self.chosen.people}"
        )

    def people_query(self) -> str:
        """The SQL of the people of the refresh, each once, for counting them."""
        if self.chosen is not None:
            return f"SELECT id FROM {self.chosen.people}"
        links, person, _, _ = _columns(self.project, self)
        return f"SELECT DISTINCT {person} AS id FROM {links} AS given"

    def _value(self, table: CuratedTable, column: str) -> str:
        """A column, or null where it is of an area too small, of an unwanted link, or of somebody not among them."""
        value, level = stored(table, column), _area(self.contract, table, column)
        if level and not self.project.gives_area(level):
            return f"CASE WHEN false THEN {value} END"
        conditions = " AND ".join(self._conditions(table, column))
        return f"CASE WHEN {conditions} THEN {value} END" if conditions else value

    def _conditions(self, table: CuratedTable, column: str) -> Iterator[str]:
        slots = [] if table.lookup else slots_of(self.contract, table)
        for slot in slots:
            if column != slot.key and column not in slot.said:
                continue
            if self.chosen and len(slots) > 1:
                yield self.chosen.has(table, slot)
            if slot.said.get(column) == "ALF" and self.project.match_statuses != "all":
                yield self._is_wanted(table, slot)
        if self.chosen and (ids := self.chosen.outside(table, column)):
            yield f"{stored(table, column)} IN (SELECT id FROM {ids})"

    def _is_wanted(self, table: CuratedTable, slot: Slot) -> str:
        """The condition that the person in a slot is linked with a status that the project wants."""
        if status := slot.says("ALF_STS_CD"):
            return wanted_status(self.project, stored(table, status))
        links = self.links
        if "ALF_STS_CD" not in links.columns:
            return "true"
        by = ("PERSON_ID", slot.key) if slot.key else ("ALF", slot.says("ALF") or "ALF")
        return (
            f"{stored(table, by[1])} IN (SELECT {stored(links, by[0])} FROM {links.qualified()} AS given WHERE "
            f"{stored(links, by[0])} IS NOT NULL AND {wanted_status(self.project, stored(links, 'ALF_STS_CD'))})"
        )


def select(
    session: Session, databank: Databank, project: Project, pinned: Sequence[Partition], snapshot: int
) -> list[Given]:
    """What a project gets of each pinned refresh; writes the tables that the queries read beside them.

    Refused where the cohort or its comparison group is nobody, or the cohort everybody.
    """
    given = [Given(project, databank.contract(each.dataset), each) for each in pinned]
    if not select_members(session, databank, project, pinned, snapshot):
        return given
    _find_people(session, project, given)
    return [
        Given(
            project, each.contract, each.partition,
            choose(session, each.contract, each.partition.refresh, _people(number), _alfs_of(each)),
        )
        for number, each in enumerate(given)
    ]  # fmt: skip


def wanted_status(project: Project, status: str) -> str:
    """The condition that a match status is one of those that the project wants."""
    if project.match_statuses == "all":
        return "true"
    return f"trim({status}) IN ({', '.join(map(literal, project.match_statuses))})"


def _find_people(session: Session, project: Project, given: Sequence[Given]) -> None:
    """Write who of each refresh is among the people: named by the definitions, or linked to somebody who is.

    A definition looks at the harmonised core, so there a linking field names whoever holds it; from there on people are
    followed by links of the wanted statuses alone.
    """
    for number, each in enumerate(given):
        source = each.contract.harmonised_as
        links, person, alf, _ = _columns(project, each)
        session.run(
            f"""CREATE OR REPLACE TABLE {_people(number)}_named AS
            SELECT {person} AS id, group_nm, match_set FROM {links} AS given JOIN {MEMBERS} AS members
                ON members.source = {literal(source or "")} AND members.id = {person}
            UNION
            SELECT {person}, group_nm, match_set FROM {links} AS given JOIN {MEMBERS} AS members
                ON members.source = 'alf' AND members.id = {alf}
            WHERE {"true" if source else "false"}""",
            step="find the named people of a refresh",
        )
    followed = " UNION ".join(
        f"SELECT {alf}, group_nm, match_set FROM {links} AS given JOIN {_people(number)}_named AS named "
        f"ON named.id = {person} WHERE {alf} IS NOT NULL AND {wanted}"
        for number, (links, person, alf, wanted) in enumerate(_columns(project, each) for each in given)
    )
    session.run(f"CREATE OR REPLACE TABLE {_ALFS} AS {_once(f'{followed}')}", step="find whom to follow")
    for number, each in enumerate(given):
        links, person, alf, wanted = _columns(project, each)
        everybody = f"""
            FROM {_people(number)}_named UNION
            SELECT {person}, group_nm, match_set FROM {links} AS given JOIN {_ALFS} AS followed
                ON followed.id = {alf} WHERE {wanted}"""
        session.run(f"CREATE OR REPLACE TABLE {_people(number)} AS {_once(everybody)}", step="find the people")
    _assert_some_but_not_all(session, project, given)


def _once(people: str) -> str:
    """Each of them once; whoever is of both groups is of the cohort."""
    return (
        f"SELECT * FROM ({people}) AS found(id, group_nm, match_set) "
        "QUALIFY row_number() OVER (PARTITION BY id ORDER BY group_nm, match_set) = 1"
    )


def _assert_some_but_not_all(session: Session, project: Project, given: Sequence[Given]) -> None:
    found, everybody = 0, 0
    groups = {"cohort": 0, "comparison": 0}
    for number, each in enumerate(given):
        links, person, _, _ = _columns(project, each)
        everybody += int(session.value(f"SELECT count(DISTINCT {person}) FROM {links} AS given", step="count people"))
        for group, people in session.rows(
            f"SELECT group_nm, count(*) FROM {_people(number)} GROUP BY ALL", step="count the people"
        ):
            groups[group] += people
    found = groups["cohort"]
    for group, definition in (("cohort", project.cohort), ("comparison", project.comparison)):
        if definition is not None and not groups[group]:
            raise Refused(
                f"project {project.number}, {group}: it is nobody in the refreshes that the project gets: mend the "
                "definition, the refreshes, or what a comparison group is matched on"
            )
    if found == everybody:
        raise Refused(
            f"project {project.number}, cohort: it is everybody in the refreshes that the project gets: mend the "
            "definition, or leave `cohort` out if the approval is for all people"
        )


def _columns(project: Project, given: Given) -> tuple[str, str, str, str]:
    """The table of people's links of a refresh: its name, its person, its linking field, and whether it is wanted."""
    links = given.links
    wanted = wanted_status(project, stored(links, "ALF_STS_CD")) if "ALF_STS_CD" in links.columns else "true"
    person = next(column for column, entity in links.entities.items() if entity == people_entity(given.contract))
    return links.qualified(), stored(links, person), stored(links, "ALF"), wanted


def _links(contract: Contract, refresh: str) -> CuratedTable:
    return next(register_tables(contract, refresh)) if contract.deidentified else alf_table(contract, refresh)


def _people(number: int) -> str:
    return f"memory.main.given_people_{number}"


def _alfs_of(given: Given) -> str:
    """The linking fields of the people whom the project may follow into a refresh."""
    links, _, alf, wanted = _columns(given.project, given)
    return f"(SELECT {alf} AS id FROM {links} AS given JOIN {_ALFS} AS followed ON followed.id = {alf} WHERE {wanted})"


def _area(contract: Contract, table: CuratedTable, column: str) -> AreaLevel | None:
    """The level of area that a column holds, if any."""
    known = {} if contract.deidentified else {each.name: each for each in contract.tables}
    if table.name not in known:
        return "lsoa" if column.startswith("LSOA") else None
    given = known[table.name]
    if column in given.linked:
        return "lsoa" if given.linked[column].said == "LSOA_CD" else None
    return next((each.area for each in given.fields if each.name == column), None)
