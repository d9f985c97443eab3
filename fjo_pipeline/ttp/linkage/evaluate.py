"""The engine measured against known truth: the figures behind `fjo linkage evaluate` (design.md §10)."""

import resource
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import pyarrow.parquet as pq

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.sessions import Session, identifier, literal, open_session
from fjo_pipeline.ttp.linkage.link import link_people
from fjo_pipeline.ttp.linkage.model import load_model
from fjo_pipeline.ttp.linkage.normalise import RegisterRelations
from fjo_pipeline.ttp.linkage.spark import Engine
from fjo_pipeline.ttp.linkage.train import train_without_truth

FIELDS = ("nhs_number", "forename", "middle_names", "surname", "date_of_birth", "sex", "postcode", "address")
REGISTER = RegisterRelations("evaluated_person", "evaluated_name", "evaluated_address")


@dataclass
class Evaluation:
    """Counts, rates, seconds and memory of one linkage against its truth; no identifier."""

    people: int = 0
    linked: int = 0
    true_positives: int = 0
    false_positives: int = 0
    missed: int = 0
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    statuses: dict[str, dict[str, int]] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    peak_rss_mb: float = 0.0
    pairs_scored: int = 0
    threshold: float = 0.0
    model_version: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The evaluation as plain values for `--json`."""
        return asdict(self)


def evaluate(
    register: Path,
    people: Path,
    truth: Path,
    *,
    temp_directory: Path,
    model: Literal["shipped", "train"] = "shipped",
    min_probability: float | None = None,
    links: Path | None = None,
    memory_limit: str = "4GB",
    threads: int = 2,
    engine: Engine = "duckdb",
) -> Evaluation:
    """Link Parquet files of standard columns and compare with the truth; writes each person's link to `links`.

    Raises Refused for a file that is missing or not Parquet, an id column that is missing, empty or repeated, and a
    probability outside 0 to 1; StatementFailed from the linkage.
    """
    if min_probability is not None and not 0 <= min_probability <= 1:
        raise Refused("the least probability must lie between 0 and 1")
    result = Evaluation()
    with open_session(temp_directory, memory_limit=memory_limit, threads=threads) as session:
        started = perf_counter()
        _load(session, register, people, truth)
        result.seconds["load"] = round(perf_counter() - started, 3)
        chosen = load_model()
        if model == "train":
            started = perf_counter()
            chosen = train_without_truth(session, chosen, "evaluated_people", REGISTER)
            result.seconds["train"] = round(perf_counter() - started, 3)
        linkage = link_people(
            session,
            "evaluated_people",
            REGISTER,
            chosen,
            links="evaluated_links",
            min_probability=min_probability,
            use_nhs_numbers=True,
            engine=engine,
        )
        result.seconds |= linkage.seconds
        result.reasons, result.pairs_scored = linkage.reasons, linkage.pairs_scored
        result.threshold = chosen.threshold if min_probability is None else min_probability
        result.model_version = chosen.version
        _measure(session, result)
        if links is not None:
            _write_links(session, links)
    result.peak_rss_mb = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    return result


def _load(session: Session, register: Path, people: Path, truth: Path) -> None:
    for table, path, key, fields, unique in (
        ("evaluated_people", people, "person_id", FIELDS, True),
        ("evaluated_register", register, "register_id", FIELDS, False),
        ("evaluated_truth", truth, "person_id", ("register_id",), True),
    ):
        columns = _columns(path, [key, "register_id"] if table == "evaluated_truth" else [key])
        chosen = [
            f"CAST({identifier(name)} AS VARCHAR) AS {name}" if name in columns else f"CAST(NULL AS VARCHAR) AS {name}"
            for name in (key, *fields)
        ]
        # The register is large and its rows are read but once or twice, so it stays in its file.
        kind = "TABLE" if unique else "VIEW"
        session.run(
            f"CREATE {kind} {table} AS SELECT {', '.join(chosen)} FROM read_parquet({literal(path)})",
            step=f"read {path.name}",
        )
        _check_ids(session, table, path, key, unique)
    for kind, listed in (
        ("person", "date_of_birth, sex, nhs_number"),
        ("name", "forename, middle_names, surname"),
        ("address", "postcode, address"),
    ):
        session.run(
            f"CREATE VIEW evaluated_{kind} AS SELECT register_id, {listed} FROM evaluated_register",
            step="divide the register",
        )


def _columns(path: Path, needed: list[str]) -> set[str]:
    if not path.is_file():
        raise Refused(f"{path}: no such file")
    try:
        names = set(pq.read_schema(path).names)
    except (OSError, ValueError):
        names = set()
    if not names:
        raise Refused(f"{path.name}: not a Parquet file")
    missing = sorted(set(needed) - names)
    if missing:
        raise Refused(f"{path.name}: the column {missing[0]} is missing")
    return names


def _check_ids(session: Session, table: str, path: Path, key: str, unique: bool) -> None:
    rows, filled, distinct = session.row(
        f"SELECT count(*), count({key}), {f'count(DISTINCT {key})' if unique else 0} FROM {table}",
        step=f"check the ids of {path.name}",
    )
    if filled < rows:
        raise Refused(f"{path.name}: {rows - filled} rows have no {key}")
    if unique and distinct < rows:
        raise Refused(f"{path.name}: {rows - distinct} rows repeat a {key}")


def _measure(session: Session, result: Evaluation) -> None:
    """People without a row in the truth are linked but not judged."""
    judged = """SELECT l.alf_sts_cd, l.register_id AS linked, t.register_id AS meant, t.person_id IS NOT NULL AS known
                FROM evaluated_links l LEFT JOIN evaluated_truth t USING (person_id)"""
    result.people, result.linked, result.true_positives, result.false_positives, result.missed = session.row(
        f"""SELECT count(*), count(linked), count(*) FILTER (linked = meant),
                   count(*) FILTER (known AND linked IS NOT NULL AND linked IS DISTINCT FROM meant),
                   count(*) FILTER (meant IS NOT NULL AND linked IS DISTINCT FROM meant) FROM ({judged})""",
        step="compare the links with the truth",
    )
    for status, people, right, wrong in session.rows(
        f"""SELECT alf_sts_cd, count(*), count(*) FILTER (linked = meant),
                   count(*) FILTER (known AND linked IS NOT NULL AND linked IS DISTINCT FROM meant)
            FROM ({judged}) GROUP BY ALL ORDER BY ALL""",
        step="compare the links with the truth by status",
    ):
        result.statuses[status] = {"people": people, "true_positives": right, "false_positives": wrong}
    right = result.true_positives
    result.precision = _rate(right, right + result.false_positives)
    result.recall = _rate(right, right + result.missed)
    result.f1 = _rate(2 * right, 2 * right + result.false_positives + result.missed)


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


def _write_links(session: Session, path: Path) -> None:
    session.run(
        f"""COPY (SELECT person_id, register_id, alf_sts_cd, alf_mtch_pct FROM evaluated_links ORDER BY person_id)
        TO {literal(path)} (FORMAT PARQUET)""",
        step="write the links",
    )
