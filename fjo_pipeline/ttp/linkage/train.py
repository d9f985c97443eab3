"""The model's chances, counted: from known truth for the shipped model, from its own confident links without truth."""

from dataclasses import replace

from fjo_pipeline.core.sessions import Session
from fjo_pipeline.ttp.linkage.comparing import compare, count_frequencies
from fjo_pipeline.ttp.linkage.exact import link_exactly
from fjo_pipeline.ttp.linkage.model import COMPARISONS, Chances, LinkageModel, expected_levels
from fjo_pipeline.ttp.linkage.normalise import RegisterRelations, normalise
from fjo_pipeline.ttp.linkage.probabilistic import score

SMALLEST = {"match": 1e-5, "relative": 1e-4, "stranger": 1e-7}
STRANGERS = 2_000_000
ROUNDS = 4
LEAST_BELIEVED = 0.05
LEAST_RELATIVES = 0.01


def starting_model() -> LinkageModel:
    """Chances from judgement alone: higher levels likelier for one person, lower for two. A place to start counting."""
    levels = {}
    for name, codes in expected_levels().items():
        top = max(codes)
        match = {code: 0.8 if code == top else 0.2 / (len(codes) - 1) for code in codes}
        stranger = {code: 0.9 if code == 1 else 0.1 * 2.0**-code for code in codes}
        levels[name] = {code: Chances(match[code], stranger[code] ** 0.5, stranger[code]) for code in sorted(codes)}
    return LinkageModel("start", levels, on_register=0.9, relatives=3.0, slope=1.0, intercept=0.0, threshold=0.9)


def train_without_truth(
    session: Session, model: LinkageModel, people: str, register: RegisterRelations, rounds: int = ROUNDS
) -> LinkageModel:
    """The model fitted to the data at hand: expectation maximisation, its own probabilities taken as the truth.

    An expectation step is a whole linkage, so that rivals and relatives count in it, which Splink's own does not do.
    """
    normalise(session, people, register)
    link_exactly(session, use_nhs_numbers=False)
    session.run("CREATE OR REPLACE TEMP TABLE linkage_rest AS SELECT pid FROM linkage_people", step="take everybody")
    for _ in range(rounds):
        score(session, model)
        session.run(
            f"""CREATE OR REPLACE TEMP TABLE linkage_believed AS
            SELECT pid, rid, probability AS weight FROM linkage_scored WHERE probability > {LEAST_BELIEVED}""",
            step="take the model's own links for the truth",
        )
        model = count_chances(session, model, "linkage_believed")
    session.run("DROP TABLE linkage_believed; DROP TABLE linkage_rest", step="drop the believed links")
    return replace(
        model, version=f"{model.version}+trained", provenance={"trained": "without truth, on the data at hand"}
    )


def count_chances(session: Session, model: LinkageModel, true_pairs: str) -> LinkageModel:
    """The model with chances counted from the relation `true_pairs`(pid, rid, weight) of normalised people.

    Relatives are the register people who ever shared an address with the true one; strangers a random sample.
    """
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_relatives AS
        SELECT t.pid, b.rid, max(t.weight) AS weight FROM {true_pairs} t JOIN linkage_address a USING (rid)
        JOIN linkage_address b ON a.postcode = b.postcode AND a.address = b.address AND a.rid <> b.rid
        WHERE (t.pid, b.rid) NOT IN (SELECT (pid, rid) FROM {true_pairs}) GROUP BY t.pid, b.rid""",
        step="find the register's households",
    )
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_strangers AS
        SELECT DISTINCT CAST(hash(i, 1) % (SELECT count(*) FROM linkage_people) + 1 AS INTEGER) AS pid,
               CAST(hash(i, 2) % (SELECT count(*) FROM linkage_person) + 1 AS INTEGER) AS rid,
               1 AS weight
        FROM range({STRANGERS}) t(i)""",
        step="pair strangers",
    )
    session.run("CREATE OR REPLACE TEMP TABLE linkage_rest AS SELECT pid FROM linkage_people", step="take everybody")
    count_frequencies(session)
    shares = {
        kind: _shares(session, model, pairs, SMALLEST[kind])
        for kind, pairs in (("match", true_pairs), ("relative", "linkage_relatives"), ("stranger", "linkage_strangers"))
    }
    relatives = session.value(
        f"SELECT (SELECT sum(weight) FROM linkage_relatives) / (SELECT sum(weight) FROM {true_pairs})",
        step="count relatives",
    )
    levels = {
        name: {
            code: Chances(shares["match"][name][code], shares["relative"][name][code], shares["stranger"][name][code])
            for code in sorted(codes)
        }
        for name, codes in expected_levels().items()
    }
    session.run("DROP TABLE linkage_relatives; DROP TABLE linkage_strangers", step="drop the training pairs")
    return replace(model, levels=levels, relatives=max(float(relatives or 0), LEAST_RELATIVES))


def _shares(session: Session, model: LinkageModel, pairs: str, smallest: float) -> dict[str, dict[int, float]]:
    compare(session, model, pairs, "linkage_vector")
    shares = {}
    for comparison in COMPARISONS:
        counts = dict(
            session.rows(
                f"SELECT {comparison.name}, sum(weight) FROM linkage_vector JOIN {pairs} USING (pid, rid) WHERE {comparison.name} > 0 GROUP BY ALL",
                step="count levels of agreement",
            )
        )
        total = sum(counts.values()) or 1
        shares[comparison.name] = {
            level.code: max(counts.get(level.code, 0) / total, smallest) for level in comparison.levels
        }
    session.run("DROP TABLE linkage_vector", step="drop the training vectors")
    return shares
