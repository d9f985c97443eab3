"""How long care cases take: the published series of mean weeks, heaped below the 26-week limit."""

import numpy as np

from fjo_pipeline.synthetic.streams import Floats, Ints, day

# Mean weeks by when the case began, from the series by quarter of completion [V domain.md §3] moved back by the mean.
_BEGAN = [day(2007), day(2010, 2), day(2012, 12), day(2013, 11), day(2016), day(2018, 9), day(2020, 4), day(2021, 1),
          day(2023, 8), day(2024, 9), day(2026, 1)]  # fmt: skip
_MEAN_WEEKS = [48.0, 55.5, 35.8, 29.6, 26.9, 33.0, 43.0, 47.0, 41.0, 38.0, 37.0]
_LIMIT_FROM = day(2013, 7)
# Wider of late: 32 % within 26 weeks at a mean of 41 (2024 Q2) [V]; the log's standard deviation by when cases began.
_SPREAD_BEGAN, _SPREAD = [day(2020), day(2023)], [0.42, 0.52]


def public_weeks(rng: np.random.Generator, opened: Ints) -> Floats:
    """Weeks from first application to completion for public-law cases opened on the given days."""
    mean = np.interp(opened, _BEGAN, _MEAN_WEEKS)
    spread = np.interp(opened, _SPREAD_BEGAN, _SPREAD)
    weeks = rng.lognormal(np.log(mean) - spread**2 / 2, spread)
    # A plain lognormal puts 54 % within the limit in 2016, the published share is 61 %: courts finish just in time.
    pulled = (opened >= _LIMIT_FROM) & (weeks > 26) & (weeks < 32) & (rng.random(len(weeks)) < 0.36)
    return np.asarray(np.where(pulled, rng.uniform(23.5, 26.0, len(weeks)), weeks))
