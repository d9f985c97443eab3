"""A made-up England from 2007 on, its marts, and the published series beside what they say: docs/england-series.md.

`python -m benchmarks.england_series`. The made-up proceedings were fitted to the published figures
(fjo_pipeline/synthetic/data/england_series.yaml), so that this tests the marts and finds nothing out.
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.england_measures import Compared, compare
from benchmarks.lake_home import run_dbt
from benchmarks.sources import measure
from benchmarks.world_lake import write_world
from fjo_pipeline.core.sessions import Session, literal
from fjo_pipeline.core.settings import REPOSITORY, Settings
from fjo_pipeline.databank.store import DatabankStore
from fjo_pipeline.synthetic import build_world
from fjo_pipeline.synthetic.areas import authority_regions
from fjo_pipeline.synthetic.cafcass_cases import CARE, SUPERVISION
from fjo_pipeline.synthetic.names import ENGLAND
from fjo_pipeline.synthetic.streams import day
from fjo_pipeline.synthetic.world import World

PAGE = REPOSITORY / "docs" / "england-series.md"
REFRESHES = {"cafcass_england_ecms": "20250701"}
PEOPLE = 160_000
REGISTER_FOR_EACH = 15
MARTS = (
    "born_into_care", "recurrent_mothers_survival", "order_returns", "care_duration", "sibling_groups",
    "private_law_applicants", "private_law_returns", "child_participation",
)  # fmt: skip
S31 = {2012: 11_110, 2013: 10_605, 2015: 12_781, 2016: 14_579}
"""s31 applications by financial year [V domain.md §3]: by their sum the world's size is known."""
BIRTHS = {2007: 1_039 / 15 * 10_000, 2016: 2_447 / 35 * 10_000}
"""Live births that the published newborns and their rates make [D domain.md §4]."""
OPENING = """# England 2007-2025: published against modelled

`python -m benchmarks.england_series` makes a made-up England whose public and private proceedings from 2007 to the
middle of 2025 stand in ECMS's tables, builds the marts, and writes this page.

**The made-up proceedings were fitted to these published figures** (`fjo_pipeline/synthetic/data/england_series.yaml`,
and the shares beside the code that draws them). So the table tests the marts: that they give a published measure by its
published definition. It finds nothing out about families or courts.

- Published figures and their sources are those of domain.md, by its paragraph. A figure may differ by a tolerance of
  its own and by two standard errors of a world of this size.
- The size is that of the s31 cases of the four published years, so of them only the shares of the years are tested.
- Live births are those that the published newborns and rates make [D], so the rates test the arithmetic alone.
- The families are the world's own, brought to 62 applications per 10,000 in all England [R], so of the rates only the
  relation of the regions is tested. Cases without a local authority are shared out as the others are.
- One system stands for CMS and ECMS here, so that mothers and children are followed from 2007 on, linked or not.
- The population is fifteen times the people in proceedings: a smaller one runs out of young mothers, and too few of
  them recur. `benchmarks.england`, with 3 million people for all of England, is for size and not for these figures.
- Recurrence and returns are by Kaplan and Meier up to the middle of 2025; the published ones ended with their data.

"""
FAMILY_RATE = 62
"""Private applications per 10,000 families in all England in 2019/20 [R]; the published ones are by region."""


def main() -> None:
    """Make the world, build the marts, print and write the table; exit 1 where a figure lies outside its tolerance."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=PEOPLE, help="in proceedings")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--home", type=Path, help="keep the home here, and use its tables where it is there")
    parser.add_argument("--no-report", action="store_true", help="leave the page as it is")
    parser.add_argument("--make", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.make:
        make_store(Settings(home=arguments.home), arguments.people, arguments.seed)
        return
    with tempfile.TemporaryDirectory(prefix="fjo-series-") as scratch:
        home = arguments.home or Path(scratch) / "home"
        found, scale = modelled(home, arguments.people, arguments.seed)
    lines = table(found, scale)
    print("\n".join(lines))
    if not arguments.no_report:
        PAGE.write_text(OPENING + "\n".join(lines) + "\n")
    if not all(each.agrees for each in found):
        raise SystemExit(1)


def modelled(home: Path, people: int, seed: int) -> tuple[list[Compared], float]:
    """Every measure in the marts of a world, and the world's size as a share of England's."""
    settings = Settings(home=home)
    if not DatabankStore(settings).exists:
        command = [sys.executable, "-m", "benchmarks.england_series", "--make", "--home", str(home)]
        measure("make the tables", [*command, "--people", str(people), "--seed", str(seed)])
    select = [option for mart in MARTS for option in ("--select", f"+{mart}")]
    quiet = ["--exclude-resource-types", "test", "--exclude-resource-types", "unit_test"]
    run_dbt(settings, REFRESHES, "build", *select, *quiet)
    with DatabankStore(settings).reading() as session:
        cases = session.value(
            f"SELECT count(*) FROM lake.marts.sibling_groups WHERE year(s31_date - INTERVAL 3 MONTH) IN {tuple(S31)}",
            step="count the cases of the published years",
        )
        scale = cases / sum(S31.values())
        return compare(session, scale), scale


def make_store(settings: Settings, people: int, seed: int) -> None:
    """A store with ECMS's tables, as if that system had been there from 2007, and England's reference files."""
    world = build_world(
        seed, people, REGISTER_FOR_EACH * people, first_year=2007, last=REFRESHES["cafcass_england_ecms"],
        private_share=0.5,
    )  # fmt: skip
    store = DatabankStore(settings)
    store.create()
    with tempfile.TemporaryDirectory(prefix="fjo-series-") as scratch, store.writing() as session:
        write_world(session, world, {name: [refresh] for name, refresh in REFRESHES.items()}, Path(scratch))
        write_denominators(session, world)


def write_denominators(session: Session, world: World) -> None:
    """Live births as the published rates make them, at the world's size; its own families, brought to one rate; and
    its own deprivation.
    """
    size = s31_cases(world) / sum(S31.values())
    birth_years = np.arange(2007, 2026)
    births = np.interp(birth_years, list(BIRTHS), list(BIRTHS.values())) * size
    for year, number in zip(birth_years, births, strict=True):
        session.run(
            "INSERT INTO lake.SAILREFRV.BIRTHS_BY_LOCAL_AUTHORITY (LA_CD, YEAR, BIRTHS, VINTAGE) "
            "VALUES ('E09000003', ?, ?, 'MADE-UP DATA')",
            (int(year), round(float(number))),
            step="fill the births",
        )
    families = families_by_region(world)
    cases = world.dockets["cafcass_england_ecms"].court.cases
    private = np.count_nonzero((cases.law == 2) & (cases.opened >= day(2019, 4)) & (cases.opened < day(2020, 4)))
    factor = private * 10_000 / FAMILY_RATE / sum(families.values())
    for region, number in sorted(families.items()):
        session.run(
            "INSERT INTO lake.SAILREFRV.FAMILIES_BY_REGION (REGION_NM, YEAR, FAMILIES, VINTAGE) "
            "VALUES (?, 2019, ?, 'MADE-UP DATA')",
            (region, round(number * factor)),
            step="fill the families",
        )
    with tempfile.TemporaryDirectory(prefix="fjo-series-") as scratch:
        path = next(each for each in world.write_reference(Path(scratch)) if each.stem == "deprivation_by_lsoa2011")
        session.run(
            f"INSERT INTO lake.SAILREFRV.DEPRIVATION_BY_LSOA2011 BY NAME FROM read_csv({literal(path)})",
            step="fill the deprivation",
        )


def s31_cases(world: World) -> int:
    """Cases of the published years with a care or supervision application."""
    court = world.dockets["cafcass_england_ecms"].court
    s31 = court.applications.case[np.isin(court.applications.kind, (CARE, SUPERVISION))]
    opened = court.cases.opened[np.unique(s31)]
    return sum(int(np.count_nonzero((opened >= day(year, 4)) & (opened < day(year + 1, 4)))) for year in S31)


def families_by_region(world: World) -> Counter[str]:
    """Mothers of living children under 18 in the middle of 2019, by the region of their home."""
    people, homes, when = world.lives.people, world.lives.homes, day(2019, 7)
    young = (people.born <= when) & (people.born > when - 18 * 365.25) & (people.died > when)
    mothers = np.unique(people.mother[young & (people.mother >= 0) & (people.nation == ENGLAND)])
    dwelling = homes.dwelling[homes.timeline.at(mothers, np.full(len(mothers), when))]
    regions = np.array(authority_regions().to_pylist())[world.lives.places.authority(dwelling)]
    return Counter(str(each) for each in regions)


def table(found: list[Compared], scale: float) -> list[str]:
    """The page's table: published beside modelled."""
    shown = {"count": "{:,.0f}", "rate": "{:.1f}", "weeks": "{:.1f}", "share": "{:.1%}"}
    rows = []
    for each in found:
        form = "{:.2f}" if each.measure.published < 2 and each.measure.kind == "rate" else shown[each.measure.kind]
        said, here, allowed = (form.format(value) for value in (each.measure.published, each.modelled, each.allowed))
        mark = "yes" if each.agrees else "**no**"
        rows.append(
            f"| `{each.measure.mart}` | {each.measure.what} | {each.measure.source} | {said} | {here} | {allowed} "
            f"| {mark} |"
        )
    return [
        f"The world is {scale:.1%} of England's size; counts are brought to England's.",
        "",
        "| mart | measure | domain.md | published | modelled | may differ by | agrees |",
        "|---|---|---|---:|---:|---:|---|",
        *rows,
    ]


if __name__ == "__main__":
    main()
