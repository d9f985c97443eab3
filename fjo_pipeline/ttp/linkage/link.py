"""The linkage from end to end: normalise, exact tiers, probabilities for the rest, one answer a person."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

from fjo_pipeline.core.sessions import Session
from fjo_pipeline.ttp.linkage.exact import link_exactly
from fjo_pipeline.ttp.linkage.memory import Memory, bring_back, recall
from fjo_pipeline.ttp.linkage.model import LinkageModel
from fjo_pipeline.ttp.linkage.normalise import RegisterRelations, normalise_people
from fjo_pipeline.ttp.linkage.prepare import PREPARED, find_numbers, prepare_register, use_prepared
from fjo_pipeline.ttp.linkage.probabilistic import score, score_nobody
from fjo_pipeline.ttp.linkage.resolve import resolve
from fjo_pipeline.ttp.linkage.spark import Engine, scoring_session

WORKING_TABLES = [
    "linkage_people",
    "linkage_confidential",
    "linkage_nickname",
    "linkage_exact",
    "linkage_nhs_conflict",
    "linkage_rest",
    "linkage_scored",
    "linkage_share",
    "linkage_known",
    "linkage_remembered",
    "linkage_compared",
]


@dataclass
class LinkageResult:
    """Counts and times of one linkage; no identifier."""

    people: int = 0
    asked: int = 0  # people who were looked for, the others being known from before
    statuses: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    pairs_scored: int = 0
    nhs_number_conflicts: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


def link_people(
    session: Session,
    people: str,
    register: RegisterRelations,
    model: LinkageModel,
    *,
    links: str,
    min_probability: float | None = None,
    use_nhs_numbers: bool,
    confidential: str | None = None,
    engine: Engine = "duckdb",
) -> LinkageResult:
    """Prepare a register, link the relation `people` to it as `link_prepared` does, and drop what was prepared."""
    result = LinkageResult()
    with _timed(result, "prepare"):
        prepare_register(session, register)
    link_prepared(
        session,
        people,
        model,
        links=links,
        min_probability=min_probability,
        use_nhs_numbers=use_nhs_numbers,
        confidential=confidential,
        engine=engine,
        result=result,
    )
    for table in PREPARED:
        session.run(f"DROP TABLE linkage_{table}", step="drop the prepared register")
    return result


def link_prepared(
    session: Session,
    people: str,
    model: LinkageModel,
    *,
    links: str,
    min_probability: float | None = None,
    use_nhs_numbers: bool,
    confidential: str | None = None,
    memory: Memory | None = None,
    engine: Engine = "duckdb",
    result: LinkageResult | None = None,
) -> LinkageResult:
    """Link the relation `people` to the register prepared in this session; write the table `links`, one row a person.

    `people` has the standard columns of design.md §10, text, null where unknown; its ids are unique. `min_probability`
    replaces the model's threshold for status 35. People of the relation `confidential`(person_id) lend and borrow no
    evidence from a shared address. What a memory has is not looked for again; `memory.keep` writes what it has not.
    Raises StatementFailed.
    """
    result = result or LinkageResult()
    with _timed(result, "normalise"):
        use_prepared(session)
        normalise_people(session, people, confidential)
    with _timed(result, "recall"):
        asked = recall(session, memory) if memory else None
        to_score = int(session.value("SELECT count(*) FROM linkage_people", step="count the people"))
        result.asked = to_score if asked is None else asked
        find_numbers(session)
    with _timed(result, "exact"):
        link_exactly(session, use_nhs_numbers=use_nhs_numbers)
    with _timed(result, "probabilistic"):
        _leave_rest(session)
        if to_score:
            with scoring_session(session, engine) as scoring:
                result.pairs_scored = score(scoring, model, remembering=memory is not None)
        else:
            score_nobody(session)
    with _timed(result, "resolve"):
        if memory:
            bring_back(session, memory)
        resolve(session, links=links, threshold=model.threshold if min_probability is None else min_probability)
    _count(session, links, result)
    drop_working_tables(session)
    return result


def drop_working_tables(session: Session) -> None:
    """Drop what the linkage leaves behind, identifiers among it."""
    for table in WORKING_TABLES:
        session.run(f"DROP TABLE IF EXISTS {table}", step="drop the linkage's working tables")


def _leave_rest(session: Session) -> None:
    session.run(
        """CREATE OR REPLACE TEMP TABLE linkage_rest AS
        SELECT pid FROM linkage_people WHERE pid NOT IN (SELECT pid FROM linkage_exact)""",
        step="leave the rest to probabilities",
    )


def _count(session: Session, links: str, result: LinkageResult) -> None:
    for column, counts in (("alf_sts_cd", result.statuses), ("reason", result.reasons)):
        counts.update(
            session.rows(f"SELECT {column}, count(*) FROM {links} GROUP BY ALL ORDER BY ALL", step="count the links")
        )
    result.people = sum(result.statuses.values())
    result.nhs_number_conflicts = int(
        session.value("SELECT count(*) FROM linkage_nhs_conflict", step="count NHS number conflicts")
    )


@contextmanager
def _timed(result: LinkageResult, step: str) -> Iterator[None]:
    started = perf_counter()
    yield
    result.seconds[step] = round(perf_counter() - started, 3)
