"""The model's chances, counted: from known truth for the shipped model, from its own confident links without truth."""

from dataclasses import astuple, replace

from fjo_pipeline.core.sessions import Session
from fjo_pipeline.ttp.linkage.comparing import compare, count_frequencies
from fjo_pipeline.ttp.linkage.exact import link_exactly
from fjo_pipeline.ttp.linkage.families import count_families
from fjo_pipeline.ttp.linkage.homes import BOTH_EQUAL, Shares, count_lifts, together
from fjo_pipeline.ttp.linkage.households import mean_household, pair_housemates
from fjo_pipeline.ttp.linkage.model import (
    COMPARISONS,
    DIFFERENT,
    FAMILIES,
    HOME,
    MISSING,
    Chances,
    Comparison,
    Family,
    LinkageModel,
    expected_levels,
    home_codes,
)
from fjo_pipeline.ttp.linkage.normalise import RegisterRelations
from fjo_pipeline.ttp.linkage.prepare import normalise
from fjo_pipeline.ttp.linkage.probabilistic import score

KINDS = {
    "clean": "linkage_true",
    "relative": "linkage_relatives",
    "occupant": "linkage_occupants",
    "stranger": "linkage_strangers",
}
# No level gets a chance of nothing, so that no weight is infinite. What has not been seen among strangers may still be
# as frequent as three in so many pairs: the upper bound of Hanley and Lippman-Hand,
# doi:10.1001/jama.1983.03330370053031.
UNSEEN_PAIRS = 0.5
MOST_UNSEEN_STRANGERS = 3.0
STRANGERS = 300_000
ROUNDS = 4
# Judgement, not counted: one record in ten is bad throughout, with an error in four fields of ten.
SOILED = 0.1
SOILED_ERRORS = 0.4
LEAST_BELIEVED = 0.05
# For 99.8 % precision over all links where records are at their worst (docs/linkage.md, "Measured").
THRESHOLD = 0.95


def starting_model() -> LinkageModel:
    """Chances from judgement alone: higher levels likelier for one person, lower for two. A place to start counting."""
    levels = {}
    for comparison in COMPARISONS:
        codes = {level.code for level in comparison.levels}
        top = max(codes)
        match = {code: 0.8 if code == top else 0.2 / (len(codes) - 1) for code in codes}
        stranger = {code: 0.9 if code == 1 else 0.1 * 2.0**-code for code in codes}
        levels[comparison.name] = {
            code: Chances(match[code], 1 / len(codes), stranger[code] ** 0.5, stranger[code] ** 0.5, stranger[code])
            for code in sorted(codes)
        }
    levels[HOME] = {
        code: Chances(*(p * a for p, a in zip(astuple(postcode), astuple(address), strict=True)))
        for code, both in home_codes().items()
        for postcode, address in [(levels["postcode"][both[0]], levels["address"][both[1]])]
    }
    families = dict.fromkeys(FAMILIES, Family(together=0.05, apart=0.5))
    return LinkageModel(
        "start", levels, families, 0.9, soiled=SOILED, alike=0.5, slope=1.0, intercept=0.0, threshold=THRESHOLD
    )


def train_without_truth(
    session: Session, model: LinkageModel, people: str, register: RegisterRelations, rounds: int = ROUNDS
) -> LinkageModel:
    """The model fitted to the data at hand: expectation maximisation, its own probabilities taken as the truth.

    An expectation step is a whole linkage, so that rivals and relatives count in it, which Splink's own leaves out.
    """
    normalise(session, people, register)
    link_exactly(session, use_nhs_numbers=False)
    _take_everybody(session)
    for _ in range(rounds):
        score(session, model)
        session.run(
            f"""CREATE OR REPLACE TEMP TABLE linkage_true AS
            SELECT pid, rid, probability AS weight FROM linkage_scored WHERE probability > {LEAST_BELIEVED}""",
            step="take the model's own links for the truth",
        )
        model = count_chances(session, model)
    session.run("DROP TABLE linkage_true", step="drop the believed links")
    provenance = {"trained": "without truth, on the data at hand", "from": model.version}
    return replace(model, version=f"{model.version}+trained", provenance=provenance)


def train_with_truth(
    session: Session, model: LinkageModel, people: str, register: RegisterRelations, truth: str, rounds: int = 2
) -> LinkageModel:
    """The model with chances counted from `truth`(person_id, register_id); the second round picks better rows."""
    normalise(session, people, register)
    link_exactly(session, use_nhs_numbers=False)
    _take_everybody(session)
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_true AS SELECT pid, rid, 1.0 AS weight
        FROM {truth} JOIN linkage_people USING (person_id) JOIN linkage_person USING (register_id)""",
        step="take the truth",
    )
    for _ in range(rounds):
        model = count_chances(session, model)
    session.run("DROP TABLE linkage_true", step="drop the truth")
    return model


def count_chances(session: Session, model: LinkageModel) -> LinkageModel:
    """The model with chances counted from `linkage_true`(pid, rid, weight) and `linkage_exact` of normalised people.

    Relatives are the register people who ever shared an address with the true one; strangers a random sample.
    """
    _pair_relatives(session)
    _pair_strangers(session)
    count_frequencies(session)
    shares = {
        kind: _shares(session, model, pairs, MOST_UNSEEN_STRANGERS if kind == "stranger" else UNSEEN_PAIRS)
        for kind, pairs in KINDS.items()
    }
    for comparison in COMPARISONS:
        _use_frequencies(session, comparison, shares["stranger"][comparison.name])
    # Strangers who share a home are occupants; of the rest of them how common the home is says all.
    shares["stranger"][HOME].pop(BOTH_EQUAL)
    shares["soiled"] = {c.name: _soiled(c, shares["clean"][c.name]) for c in COMPARISONS} | {HOME: {}}
    for counted in shares.values():
        counted[HOME] = together(counted, counted[HOME])
    levels = {
        name: {code: Chances(**{kind: shares[kind][name][code] for kind in shares}) for code in sorted(codes)}
        for name, codes in expected_levels().items()
    }
    compare(session, model, "linkage_true", "linkage_vector")
    model = count_families(session, model, "linkage_vector", "linkage_true")
    on_register = session.value(
        """SELECT ((SELECT sum(weight) FROM linkage_true) - (SELECT count(*) FROM linkage_exact))
                  / greatest((SELECT count(*) FROM linkage_people) - (SELECT count(*) FROM linkage_exact), 1)""",
        step="count people on the register",
    )
    session.run(
        "DROP TABLE linkage_relatives; DROP TABLE linkage_occupants; DROP TABLE linkage_strangers; "
        "DROP TABLE linkage_vector",
        step="drop the training pairs",
    )
    return replace(
        model,
        levels=levels,
        on_register=min(max(float(on_register or 0), 0.05), 0.98),
        alike=mean_household(session, model.on_register).alike_share(model.alike),
    )


def _soiled(comparison: Comparison, clean: dict[int, float]) -> dict[int, float]:
    """Chances for a record that is bad throughout: half usual errors, a quarter of any kind, a quarter foreign."""
    equal = {level.code for level in comparison.levels if level.name.startswith("equal")}
    right = sum(clean[code] for code in equal)
    others = len(clean) - len(equal)
    return {
        code: (1 - SOILED_ERRORS) * chance / right
        if code in equal
        else SOILED_ERRORS * (0.5 * chance / (1 - right) + 0.25 / others + 0.25 * (code == DIFFERENT))
        for code, chance in clean.items()
    }


def _take_everybody(session: Session) -> None:
    session.run("CREATE OR REPLACE TEMP TABLE linkage_rest AS SELECT pid FROM linkage_people", step="take everybody")


def _pair_relatives(session: Session) -> None:
    pair_housemates(session, "linkage_true")
    for table, condition in (("linkage_relatives", "related"), ("linkage_occupants", "NOT related")):
        session.run(
            f"""CREATE OR REPLACE TEMP TABLE {table} AS
            SELECT t.pid, h.other AS rid, max(t.weight) AS weight
            FROM linkage_true t JOIN linkage_housemates h USING (rid)
            ANTI JOIN linkage_true x ON x.pid = t.pid AND x.rid = h.other
            WHERE {condition} GROUP BY t.pid, h.other""",
            step="pair people with those who share the true one's home",
        )
    session.run("DROP TABLE linkage_housemates", step="drop the homes")


def _pair_strangers(session: Session) -> None:
    session.run(
        f"""CREATE OR REPLACE TEMP TABLE linkage_strangers AS
        SELECT DISTINCT CAST(hash(i, 1) % (SELECT count(*) FROM linkage_people) + 1 AS INTEGER) AS pid,
               CAST(hash(i, 2) % (SELECT count(*) FROM linkage_person) + 1 AS INTEGER) AS rid, 1.0 AS weight
        FROM range({STRANGERS}) t(i)""",
        step="pair strangers",
    )


def _shares(session: Session, model: LinkageModel, pairs: str, unseen: float) -> Shares:
    """Share of each level among the pairs, one not seen counting as `unseen` pairs; and the lifts of homes."""
    compare(session, model, pairs, "linkage_vector")
    shares: Shares = {}
    for comparison in COMPARISONS:
        name = comparison.name
        seen = session.rows(
            f"""SELECT {name}, sum(weight) FROM linkage_vector JOIN {pairs} USING (pid, rid)
            WHERE {name} > {MISSING} GROUP BY ALL""",
            step="count levels of agreement",
        )
        counts = dict.fromkeys(expected_levels()[name], unseen)
        for code, weight in seen:
            counts[code] = float(weight) + UNSEEN_PAIRS
        total = sum(counts.values())
        shares[name] = {code: count / total for code, count in counts.items()}
    shares[HOME] = count_lifts(session, "linkage_vector", pairs, shares)
    session.run("DROP TABLE linkage_vector", step="drop the training vectors")
    return shares


def _use_frequencies(session: Session, comparison: Comparison, shares: dict[int, float]) -> None:
    """Equality is too rare among sampled strangers: its chance is the mean share of people's values instead."""
    equal = [level.code for level in comparison.levels if level.frequency]
    column = next((level.frequency for level in comparison.levels if level.frequency), None)
    if column is None:
        return
    mean = session.value(
        f"""SELECT sum(coalesce({column}_share, 0)) / nullif(count({column}), 0)
            FROM linkage_people JOIN linkage_share USING (pid)""",
        step="find the mean share",
    )
    if mean:
        sampled = sum(shares[code] for code in equal)
        for code in equal:
            shares[code] *= float(mean) / sampled
