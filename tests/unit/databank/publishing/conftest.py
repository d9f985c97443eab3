"""A released home with two small marts of known counts, and the declarations of what is published of them."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from fjo_pipeline.databank.flow import release
from fjo_pipeline.databank.publishing.publish import Publication, publish
from tests.tiny_home import TinyHome, copied

CATEGORIES = """
name: babies
subject: babies
title: Babies
description: How many babies there were, in words that anybody understands.
definition: Children by calendar year; infants are under one year old at that time.
sources: [{title: A paper, path: "https://doi.org/10.1000/1"}]
mart: babies
form: categories
parameters: [newborn_days]
areas: [nation, region, local_authority]
dimensions:
  - {name: year, use: always, values: year, title: Year, description: Calendar year}
  - {name: sex, use: alone, values: sex, title: Sex, description: Sex of the child}
measures:
  - {name: children, kind: count, value: children, unit: people, title: Children, description: All children}
  - {name: infants, kind: count, of: children, value: infants, unit: people, title: Infants, description: Under one}
  - {name: births, kind: reference, value: births, unit: live births, title: Live births, description: Public figures}
  - name: infants_share
    kind: share
    numerator: infants
    denominator: children
    unit: percent
    title: Share
    description: Share of the children
  - name: infants_rate
    kind: rate
    numerator: infants
    denominator: births
    per: 10000
    unit: "per 10,000 live births"
    title: Rate
    description: Infants for every 10,000 live births
  - {name: median_weeks, kind: median, of: infants, value: weeks, unit: weeks, title: Weeks, description: Median}
"""
ROWS = """
name: mothers
subject: mothers
title: Mothers
description: How many mothers there were, in words that anybody understands.
definition: Mothers by age at their first case, and whether they returned.
mart: mothers
form: rows
areas: [nation]
dimensions:
  - {name: age_band, use: alone, values: age_band, title: Age, description: Age of the mother}
measures:
  - {name: mothers, kind: count, value: count(*), unit: people, title: Mothers, description: All mothers}
  - name: returned
    kind: count
    of: mothers
    value: count_if(returned)
    unit: people
    title: Returned
    description: Who returned
"""
CURVE = """
name: mothers_survival
subject: mothers
title: How soon mothers return
description: Mothers who had not returned by days since the first case.
definition: Kaplan and Meier's estimate, from rounded counts, in stretches of ten days.
mart: mothers_survival
form: categories
areas: [nation]
dimensions:
  - {name: age_band, use: alone, values: age_band, title: Age, description: Age of the mother}
curve: {table: mothers, people: mothers, events: returned, step_days: 10, unit: people}
"""
# Both authorities of 2016 lie in the North West; the second went by another name in the first year.
MARTS = """
CREATE SCHEMA IF NOT EXISTS lake.marts;
CREATE TABLE lake.marts.babies AS
SELECT * FROM (VALUES
    ('England', '1', 2015, 'all', 'all', 200, 60, 6000, 20.6),
    ('England', '1', 2015, 'region', 'North West', 200, 60, 6000, 20.6),
    ('England', '1', 2015, 'local_authority', 'Manchester', 120, 40, 4000, 20.2),
    ('England', '1', 2015, 'local_authority', 'St. Helens', 80, 20, NULL, 21.0),
    ('England', '1', 2015, 'sex', 'Female', 103, 40, NULL, NULL),
    ('England', '1', 2015, 'sex', 'Male', 97, 20, NULL, NULL),
    ('England', '1', 2016, 'all', 'all', 300, 100, 7000, 22.0),
    ('England', '1', 2016, 'region', 'North West', 300, 100, 7000, 22.0),
    ('England', '1', 2016, 'local_authority', 'Manchester', 200, 75, 4500, 22.0),
    ('England', '1', 2016, 'local_authority', 'St Helens', 100, 25, 2500, 22.0),
    ('England', '1', 2016, 'sex', 'Female', 150, 60, NULL, NULL),
    ('England', '1', 2016, 'sex', 'Male', 150, 40, NULL, NULL),
    ('England', '0', 2016, 'all', 'all', 1, 1, 1, 1.0),
    ('Wales', '1', 2016, 'all', 'all', 4, 2, 900, 5.0),
    ('Wales', '1', 2016, 'sex', 'Female', 4, 2, NULL, NULL)
) AS t (nation, refresh, year, dimension, category, children, infants, births, weeks);
CREATE TABLE lake.marts.mothers AS
SELECT 'England' AS nation, '1' AS refresh, if(n < 120, '20-24', '25-29') AS age_band, n % 3 = 0 AS returned
FROM range(200) AS mothers (n);
CREATE TABLE lake.marts.mothers_survival AS
SELECT 'England' AS nation, '1' AS refresh, 'all' AS dimension, 'all' AS category, days, 200 - days AS at_risk,
    2 AS events
FROM range(1, 34) AS steps (days);
"""


def write_declarations(folder: Path) -> Path:
    """The three declarations, a file each."""
    folder.mkdir()
    for name, text in (("babies", CATEGORIES), ("mothers", ROWS), ("mothers_survival", CURVE)):
        (folder / f"{name}.yaml").write_text(text.lstrip())
    return folder


def release_marts(home: TinyHome) -> TinyHome:
    """The home with its marts released."""
    with home.databank.store.writing() as session:
        session.run(MARTS, step="make marts")
    release(home.databank)
    return home


@pytest.fixture
def declared(tmp_path: Path) -> Path:
    """A folder of the three declarations; the test's own."""
    return write_declarations(tmp_path / "tables")


@pytest.fixture
def with_marts(home: TinyHome) -> TinyHome:
    """The home with its marts released; the test's own."""
    return release_marts(home)


@dataclass(frozen=True)
class Published:
    """A home whose marts are released, and its publication."""

    home: TinyHome
    publication: Publication


@pytest.fixture(scope="session")
def published(carried: TinyHome, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The marts of made-up people, published under sail-2025; not to be changed."""
    base = tmp_path_factory.mktemp("published")
    home = copied(carried, base / "base")
    with home.databank.store.writing() as session:
        session.run("UPDATE lake.databank.partitions SET synthetic = true", step="mark as made up")
    release_marts(home)
    return Published(home, publish(home.databank, folder=write_declarations(base / "tables")))
