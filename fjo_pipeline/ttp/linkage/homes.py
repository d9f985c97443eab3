"""Postcode and address weighed together: who has moved differs in both, and neighbours share street and town.

They are compared apart. Taken for independent they would count one removal twice against a person, and take it for a
rare accident that people of one postcode have addresses much alike.
"""

from collections.abc import Mapping

from fjo_pipeline.core.sessions import Session
from fjo_pipeline.ttp.linkage.model import HOME, MISSING, LinkageModel, home_codes

PARTS = ("postcode", "address")
# Independence counts as if it had been seen in so many pairs of a level, so that few data change it little.
PRIOR_PAIRS = 10.0
BOTH_EQUAL = max(home_codes())

Shares = dict[str, dict[int, float]]


def count_lifts(session: Session, vectors: str, pairs: str, shares: Shares) -> dict[int, float]:
    """How many times as often as by chance levels of postcode and address are met together, by code.

    `vectors` are compared `pairs`(pid, rid, weight), `shares` those of each level apart.
    """
    seen = session.rows(
        f"""SELECT postcode, address, sum(weight) FROM {vectors} JOIN {pairs} USING (pid, rid)
        WHERE postcode > {MISSING} AND address > {MISSING} GROUP BY ALL""",
        step="count levels of postcode and address together",
    )
    weights = {(postcode, address): float(weight) for postcode, address, weight in seen}
    return {code: _lift(weights, levels, shares) for code, levels in home_codes().items()}


def _lift(weights: Mapping[tuple[int, int], float], levels: tuple[int, int], shares: Shares) -> float:
    """Of the pairs with the rarer of the two levels, the share with the other one, over that one's share of all."""
    held = [sum(weight for each, weight in weights.items() if each[place] == levels[place]) for place in (0, 1)]
    common = int(held[1] > held[0])
    share = shares[PARTS[common]][levels[common]]
    return (weights.get(levels, 0.0) / share + PRIOR_PAIRS) / (held[1 - common] + PRIOR_PAIRS)


def together(shares: Shares, lifts: Mapping[int, float]) -> dict[int, float]:
    """Share of each code of levels of postcode and address, those without a lift being independent."""
    return {code: lifts.get(code, 1.0) * _by_chance(shares, levels) for code, levels in home_codes().items()}


def splink_levels(model: LinkageModel, kind: str) -> list[dict[str, object]]:
    """Levels of a Splink comparison of homes; where one of postcode and address is missing, the other is left."""
    known = [
        *((f"postcode_l = {p} AND address_l = {a}", model.levels[HOME][code]) for code, (p, a) in home_codes().items()),
        *((f"postcode_l = {code} AND address_l = {MISSING}", c) for code, c in model.levels["postcode"].items()),
        *((f"postcode_l = {MISSING} AND address_l = {code}", c) for code, c in model.levels["address"].items()),
    ]
    return [
        {
            "sql_condition": f"postcode_l = {MISSING} AND address_l = {MISSING}",
            "label_for_charts": "missing",
            "is_null_level": True,
        },
        *(
            {
                "sql_condition": condition,
                "label_for_charts": condition.replace("_l", ""),
                "m_probability": getattr(chances, kind),
                "u_probability": chances.stranger,
            }
            for condition, chances in known
        ),
    ]


def _by_chance(shares: Shares, levels: tuple[int, int]) -> float:
    return shares[PARTS[0]][levels[0]] * shares[PARTS[1]][levels[1]]
