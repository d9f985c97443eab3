"""What the TTP counts of a linkage: by status, reason, probability, File 1 field and group, and against truth."""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.files import sha256_of_texts
from fjo_pipeline.core.linkage_counts import Count, suppressed
from fjo_pipeline.core.refreshes import parse_refresh
from fjo_pipeline.core.sessions import Session, literal
from fjo_pipeline.core.small_cells import is_small
from fjo_pipeline.ttp.linkage.model import LinkageModel
from fjo_pipeline.ttp.reference import directory_version, folded_postcode
from fjo_pipeline.ttp.register.loading import register_version
from fjo_pipeline.ttp.report.bands import band_counts, read_bands
from fjo_pipeline.ttp.store import has_partition, opted_out, partition

FORMAT = "linkage report 1"
STATUSES = ("1", "4", "39", "35", "99")
EXACT = ("1", "4", "39")
AGES = (0, 1, 5, 10, 15, 18, 25, 35, 45)
NO_TRUTH = "no truth at hand"
AGE = "age at the refresh"

# What linkage compares; a sex that is not known and a date outside 1900 to the refresh say no more than none.
FIELDS = {
    "NHS_NUMBER": "nullif(trim(NHS_NUMBER), '')",
    "FORENAME": "nullif(trim(FORENAME), '')",
    "SURNAME": "nullif(trim(SURNAME), '')",
    "DATE_OF_BIRTH": "DATE_OF_BIRTH",
    "GENDER_CD": "CASE WHEN GENDER_CD IN ('1', '2') THEN GENDER_CD END",
    "POSTCODE": "nullif(trim(POSTCODE), '')",
    "ADDRESS_1": "nullif(trim(ADDRESS_1), '')",
}
STRICTER = {
    "DATE_OF_BIRTH": ("DATE_OF_BIRTH, plausible", "plausible_date"),
    "POSTCODE": ("POSTCODE, in the directory", "small_area"),
}


def report_digest(linkage_digest: str, contract: Contract, truth: str | None) -> str:
    """What a report is made from: the linkage (File 1, register, model, directory), the band, and the truth."""
    return sha256_of_texts(FORMAT, linkage_digest, str(contract.match_rate_band), truth or NO_TRUTH)


def count_linkage(
    session: Session, contract: Contract, refresh: str, model: LinkageModel, truth: str | None
) -> list[Count]:
    """Every count of a refresh's linkage, small cells suppressed; File 1, its links and its truth are in the store."""
    _gather(session, contract.name, refresh, model.threshold)
    counts = [*_about(session, contract, model, truth)]
    people, linked = session.row("SELECT count(*), count(*) FILTER (WHERE linked) FROM reported", step="count people")
    everybody = suppressed("everybody", [("people", people, linked)], [])
    counts += everybody + _statuses(session) + _reasons(session)
    exact = None
    if everybody[0].linked is not None:
        exact = session.value(
            f"SELECT count(*) FROM reported WHERE status IN {EXACT!r}", step="count exactly linked people"
        )
    candidates = "(SELECT probability FROM reported WHERE probability IS NOT NULL AND NOT taken_back)"
    counts += band_counts(read_bands(session, candidates, model.threshold), model.threshold, exact)
    counts += _fields(session) + _groups(session)
    if has_partition(session, "truth", contract.name, refresh):
        counts += _against_truth(session, contract.name, refresh)
    session.run("DROP TABLE reported", step="drop what was gathered")
    return counts


def _gather(session: Session, dataset: str, refresh: str, threshold: float) -> None:
    """`reported`: one row a person, with what the counts go by and no name among it."""
    name, day = partition(dataset, refresh), parse_refresh(refresh)
    given = ", ".join(f"{expression} IS NOT NULL AS has_{field}" for field, expression in FIELDS.items())
    compared = " + ".join(
        f"CAST({expression} IS NOT NULL AS INTEGER)" for field, expression in FIELDS.items() if field != "NHS_NUMBER"
    )
    plausible = f"DATE_OF_BIRTH BETWEEN DATE '1900-01-01' AND {_date(day)}"
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE reported AS
        SELECT SYSTEM_ID AS person_id, link.register_id IS NOT NULL AS linked, link.register_id,
            link.alf_sts_cd AS status, link.reason, link.candidate_probability AS probability,
            link.alf_sts_cd = '99' AND link.candidate_probability >= {threshold!r} AS taken_back,
            coalesce({plausible}, false) AS has_plausible_date, area.lsoa_cd IS NOT NULL AS has_small_area, {given},
            CASE GENDER_CD WHEN '1' THEN 'male' WHEN '2' THEN 'female' END AS sex,
            CASE WHEN {plausible} THEN date_sub('year', DATE_OF_BIRTH, {_date(day)}) END AS age,
            CASE WHEN {plausible} THEN year(DATE_OF_BIRTH) // 10 * 10 END AS decade,
            {compared} AS fields_given
        FROM ttp.file_1.{name} AS person
        JOIN ttp.links.{name} AS link ON link.person_id = person.SYSTEM_ID
        LEFT JOIN (SELECT postcode AS known, lsoa_cd FROM ttp.reference.postcode_to_lsoa) AS area
            ON area.known = {folded_postcode("person.POSTCODE")}
        WHERE link.register_id IS NULL OR link.register_id NOT IN {opted_out(session)}""",
        step="gather what the report counts",
    )


def _about(session: Session, contract: Contract, model: LinkageModel, truth: str | None) -> Iterator[Count]:
    version, synthetic = register_version(session)
    directory = directory_version(session)
    low, high = contract.match_rate_band
    said = {
        "dataset": contract.name,
        "contract version": contract.version,
        "match rate looked for": f"{low:.0%} to {high:.0%}",
        "linkage model": model.version,
        "digest of the model": model.digest(),
        "threshold of status 35": f"{model.threshold:g}",
        "normalisation": model.normalisation,
        "register": version + (", made-up people" if synthetic else ""),
        "postcode directory": f"{directory[0]}, LSOAs of {directory[1]}" if directory else "none loaded",
        "truth": truth or NO_TRUTH,
    }
    for place, (item, words) in enumerate(said.items()):
        yield Count("about", place, item, said=words)


def _statuses(session: Session) -> list[Count]:
    found = dict(session.rows("SELECT status, count(*) FROM reported GROUP BY 1", step="count statuses"))
    rows = [(status, found.get(status, 0), 0 if status == "99" else found.get(status, 0)) for status in STATUSES]
    # Known besides the total: all links, and by the bands of probability those of status 35.
    exact = [index for index, status in enumerate(STATUSES) if status in EXACT]
    return suppressed("status", rows, [range(len(STATUSES)), [*exact, STATUSES.index("35")], exact])


def _reasons(session: Session) -> list[Count]:
    """Why people have status 99; those who have a candidate below the threshold are known by the bands too."""
    found = session.rows(
        """SELECT coalesce(reason, 'no reason given'), count(*), bool_or(probability IS NOT NULL AND NOT taken_back)
        FROM reported WHERE status = '99' GROUP BY 1 ORDER BY 1""",
        step="count reasons",
    )
    candidates = [index for index, (_, _, by_candidate) in enumerate(found) if by_candidate]
    return suppressed("reason", [(reason, people, 0) for reason, people, _ in found], [range(len(found)), candidates])


def _fields(session: Session) -> list[Count]:
    """People who lack a File 1 field, and how many of them are linked; fields overlap, so they have no known sum."""
    counts: list[Count] = []
    for field in FIELDS:
        lacking = _lacking(session, field)
        counts.append(_field(len(counts), field, lacking, (0, 0)))
        if field in STRICTER:
            item, column = STRICTER[field]
            # Shown beside the plain field, so the difference between the two must not be small either.
            counts.append(_field(len(counts), item, _lacking(session, column), (lacking[1], lacking[2])))
    return counts


def _lacking(session: Session, column: str) -> tuple[int, int, int, int]:
    """People who have the field, those who lack it, and the linked among each: have, lack, linked lack, linked have."""
    have, lack, linked_lack, linked_have = session.row(
        f"""SELECT count(*) FILTER (WHERE has_{column}), count(*) FILTER (WHERE NOT has_{column}),
            count(*) FILTER (WHERE linked AND NOT has_{column}), count(*) FILTER (WHERE linked AND has_{column})
        FROM reported""",
        step="count who lacks a field",
    )
    return have, lack, linked_lack, linked_have


def _field(place: int, item: str, counted: tuple[int, int, int, int], within: tuple[int, int]) -> Count:
    have, lack, linked, linked_have = counted
    people_parts = (have, lack, lack - within[0])
    linked_parts = (linked, lack - linked, linked_have, have - linked_have, linked - within[1])
    if any(is_small(part) for part in people_parts):
        return Count("missing", place, item)
    shown = None if any(is_small(part) for part in linked_parts) else linked
    return Count("missing", place, item, lack, shown)


def _groups(session: Session) -> list[Count]:
    """Match rates by group, each group a known part of those who have the field."""
    given = "CASE fields_given WHEN 6 THEN 'all six' WHEN 5 THEN 'one missing' ELSE 'two or more missing' END"
    groups = {"sex": "sex", AGE: _age_band(), "decade of birth": _decade(), "fields given": given}
    return [
        count
        for section, item in groups.items()
        for count in suppressed(section, _grouped(session, item, "linked", order="min(age)" if section == AGE else "1"))
    ]


def _grouped(
    session: Session, item: str, good: str, relation: str = "reported", *, order: str = "1"
) -> list[tuple[str, int, int]]:
    """Item, people and the good among them, for those who have the item."""
    return list(
        session.rows(
            "SELECT item, count(*), count(*) FILTER (WHERE good) "
            f"FROM (SELECT {item} AS item, {good} AS good, age FROM {relation}) "
            f"WHERE item IS NOT NULL GROUP BY 1 ORDER BY {order}, 1",
            step="count a group",
        )
    )


def _against_truth(session: Session, dataset: str, refresh: str) -> list[Count]:
    """`people` judged and `linked` right among them: of links that is precision, of people on the register recall."""
    judged = f"""SELECT reported.*, truth.register_id AS meant,
            linked AND reported.register_id IS NOT DISTINCT FROM truth.register_id AS is_right
        FROM reported JOIN ttp.truth.{partition(dataset, refresh)} AS truth ON truth.system_id = reported.person_id"""
    links, findable = f"({judged} WHERE linked)", f"({judged} WHERE truth.register_id IS NOT NULL)"
    known = {
        "precision": _grouped(session, "'all links'", "is_right", links),
        "recall": _grouped(session, "'everybody on the register'", "is_right", findable),
    }
    divided = {
        "precision by status": _grouped(session, "'status ' || status", "is_right", links),
        "recall by sex": _grouped(session, "sex", "is_right", findable),
        f"recall by {AGE}": _grouped(session, _age_band(), "is_right", findable, order="min(age)"),
    }
    return [count for section, rows in (known | divided).items() for count in suppressed(section, rows)]


def _age_band() -> str:
    bands = [
        f"WHEN age BETWEEN {low} AND {high - 1} THEN {literal(str(low) if high == low + 1 else f'{low}-{high - 1}')}"
        for low, high in pairwise(AGES)
    ]
    return f"CASE {' '.join(bands)} WHEN age >= {AGES[-1]} THEN '{AGES[-1]} and over' END"


def _decade() -> str:
    return "CASE WHEN decade IS NOT NULL THEN decade || '-' || (decade + 9) END"


def _date(day: date) -> str:
    return f"DATE '{day.isoformat()}'"
