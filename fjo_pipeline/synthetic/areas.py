"""What is said of the world's areas: each authority's region, and a made-up rank of deprivation for each LSOA."""

import csv
import hashlib
from functools import cache

import numpy as np
import pyarrow as pa

from fjo_pipeline.core.settings import REPOSITORY
from fjo_pipeline.synthetic.places import authority_names
from fjo_pipeline.synthetic.streams import Ints

AUTHORITIES = REPOSITORY / "dbt_models" / "seeds" / "local_authorities.csv"


@cache
def authority_regions() -> pa.Array:
    """The region of each authority of `authority_names()`, Wales for the Welsh ones."""
    with AUTHORITIES.open(newline="") as lines:
        region = {row["LA_NM"]: row["REGION_NM"] for row in csv.DictReader(lines)}
    return pa.array([region[name] for name in authority_names().to_pylist()])


def deprivation_ranks(lsoas: pa.Array) -> Ints:
    """A made-up rank of each LSOA within its nation, 1 the most deprived: the order of the MD5 of the codes."""
    codes = lsoas.to_pylist()
    order = sorted(range(len(codes)), key=lambda at: (codes[at][0], hashlib.md5(codes[at].encode()).hexdigest()))  # noqa: S324
    ranks = np.empty(len(codes), dtype=np.int64)
    nation = np.array([codes[at][0] for at in order])
    for letter in np.unique(nation):
        here = np.flatnonzero(nation == letter)
        ranks[np.array(order)[here]] = np.arange(1, len(here) + 1)
    return ranks


def deprivation_quintiles(lsoas: pa.Array) -> Ints:
    """The fifth of its nation into which each LSOA falls by its made-up rank: 0 the most deprived, 4 the least."""
    ranks = deprivation_ranks(lsoas)
    welsh = np.array([code[0] == "W" for code in lsoas.to_pylist()])
    size = np.where(welsh, welsh.sum(), (~welsh).sum())
    return np.asarray((ranks - 1) * 5 // size, dtype=np.int64)
