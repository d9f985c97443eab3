"""Splink's own charts of the shipped model, with the scripts that draw them, for a page that asks no network.

They stay at the TTP: a model that was trained on real people never leaves it.
"""

import logging
from dataclasses import dataclass
from functools import lru_cache
from math import log2
from typing import Any

from splink import SettingsCreator
from splink.internals.html_utils import load_chart_libraries

from fjo_pipeline.ttp.linkage.model import COMPARISONS, LinkageModel
from fjo_pipeline.ttp.linkage.probabilistic import Kind, splink_settings

KIND: Kind = "clean"


@dataclass(frozen=True)
class LevelWeight:
    """One level of agreement of the model: its chances and its match weight."""

    comparison: str
    level: str
    m: float
    u: float

    @property
    def weight(self) -> float:
        """Log2 of the two chances' ratio."""
        return log2(self.m / self.u)


def splink_charts(model: LinkageModel) -> dict[str, dict[str, Any]]:
    """Vega-Lite specifications by what the chart shows."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    settings: Any = SettingsCreator(**splink_settings(model, KIND)).get_settings("duckdb")
    return {
        "match weights": settings.match_weights_chart().chart_dict,
        "m and u probabilities": settings.m_u_parameters_chart().chart_dict,
    }


@lru_cache(maxsize=1)
def chart_scripts() -> tuple[str, ...]:
    """The scripts that Splink ships to draw its charts, in the order in which they must run."""
    libraries: dict[str, str] = load_chart_libraries()  # type: ignore[no-untyped-call]
    # As Splink's own page has them; "</script" would end the element they stand in.
    return tuple(libraries[name].replace("</script", "<\\/script") for name in ("vega", "vega-lite", "vega-embed"))


def level_weights(model: LinkageModel) -> list[LevelWeight]:
    """The numbers of both charts, for the table beside them."""
    return [
        LevelWeight(comparison.name, level.name, chances.clean, chances.stranger)
        for comparison in COMPARISONS
        for level in comparison.levels
        for chances in [model.levels[comparison.name][level.code]]
    ]
